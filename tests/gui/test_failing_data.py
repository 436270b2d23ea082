"""Files that fail or are cut under an open window: it says so, goes on, and data comes back."""

from __future__ import annotations

import errno
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from phygui.gui.base.delays import DELAYS
from phygui.storage.arrays import filebytes, scattered
from phygui.views.core.base import Empty

N_TIMES = 100 if os.environ.get("PHYGUI_TORTURE") else 2
SUFFIXES = (".kwx", ".dat")
VIEWS = ("features", "waveforms", "traces")


class Drive:
    """Where the files of a dataset are, and what can befall it."""

    def __init__(self, kwik: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whole = {kwik.with_suffix(s): kwik.with_suffix(s).read_bytes() for s in SUFFIXES}
        self.fails = False
        preadv, pwritev = os.preadv, filebytes._pwritev
        pieces, columns = scattered.read, scattered.gather

        def read(fd: int, buffers: Any, offset: int, *flags: int) -> int:
            if self.fails:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return preadv(fd, buffers, offset, *flags)

        # As the kernel answers when it cannot bring in a mapped page.
        def copy(*arguments: Any) -> int:
            return -1 if self.fails or pwritev is None else pwritev(*arguments)

        # The loops that may be compiled by now leave the error to the plain reading.
        def read_pieces(*arguments: Any) -> bool:
            return not self.fails and pieces(*arguments)

        def gather(*arguments: Any) -> Any:
            return None if self.fails else columns(*arguments)

        monkeypatch.setattr(os, "preadv", read)
        monkeypatch.setattr(scattered, "read", read_pieces)
        monkeypatch.setattr(scattered, "gather", gather)
        monkeypatch.setattr(filebytes, "_pwritev", copy)

    def harm(self, how: str, chance: random.Random) -> None:
        """Let reads fail, or cut the files while they are mapped."""
        self.fails = how == "EIO"
        if how == "cut":
            for path, whole in self.whole.items():
                os.truncate(path, chance.choice((0, chance.randrange(len(whole) // 50))))

    def mend(self) -> None:
        """All is as it was."""
        self.fails = False
        for path, whole in self.whole.items():
            if path.stat().st_size != len(whole):
                path.write_bytes(whole)


@pytest.fixture
def drive(demo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    drive = Drive(demo, monkeypatch)
    yield drive
    drive.mend()


@pytest.mark.parametrize("how", ["EIO", pytest.param("cut", marks=pytest.mark.slow)])
def test_a_window_outlives_its_data(
    how: str,
    demo: Path,
    drive: Drive,
    open_window: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(DELAYS, "retry_ms", 100)
    user, chance, counts = open_window(demo), random.Random(0), Counter[str]()
    session = user.session
    views = {kind: user.view(kind) for kind in VIEWS}
    before = session.spike_clusters.tolist()
    clusters = session.cluster_ids.tolist()
    for _ in range(N_TIMES):
        drive.harm(how, chance)
        session.select(chance.sample(clusters, 2))
        user.settle()
        merged = session.merge()
        user.settle()
        for kind, view in views.items():
            # Traces of a stretch that is in memory may be drawn from there.
            told = view.data
            if isinstance(told, Empty):
                assert any(str(path) in told.reason for path in drive.whole)
                assert re.search("cannot be read|became shorter|is empty", told.reason)
                counts[f"{how}: the {kind} view says so"] += 1
        assert isinstance(views["features"].data, Empty)
        counts[f"{how} under the map, an edit made meanwhile"] += 1
        drive.mend()
        for view in views.values():
            user.qtbot.waitUntil(lambda view=view: view.has_picture, timeout=10_000)
        counts[f"{how}: the views came back by themselves"] += 1
        assert session.undo().cause == "undo"
        assert merged.description
        user.settle()
    assert session.spike_clusters.tolist() == before
    user.press(Qt.Key.Key_Space)
    assert views["features"].has_picture
    with capsys.disabled():
        if N_TIMES > 2:
            print("\n" + "\n".join(f"  {n:6d}  {name}" for name, n in sorted(counts.items())))
