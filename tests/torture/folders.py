"""Datasets that lie side by side, folders that cannot be flushed, and locks of the dead."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import time
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

from phygui.curation.session import Session
from phygui.storage.state.lock import NAME, STALE_AFTER, Holder
from phygui.storage.state.state_folder import state_folder

NAMES = ("dataset.kwik", "dataset.kwik~", "dataset.kwik_old", "dataset.h5", "dataset")
"""What people call a dataset and its copies in one folder."""


class Folders:
    """Sessions on copies of a dataset.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.source, self.folder = source, folder / "folders"
        self.counts: Counter[str] = Counter()

    def run(self, n_times: int) -> None:
        """All of it so many times."""
        for _ in range(n_times):
            self._side_by_side()
            for code in (errno.EINVAL, errno.ENOTSUP):
                self._cannot_be_flushed(code)
            for changes, age in (
                ({"host": "elsewhere"}, 0.0),
                ({"boot": "another"}, 0.0),
                ({"host": "elsewhere"}, STALE_AFTER + 60),
                ({"boot": "another"}, STALE_AFTER + 60),
            ):
                self._lock_of(changes, age)

    def _fresh(self, name: str = NAMES[0], *, clean: bool = True) -> Path:
        if clean:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
        return Path(shutil.copyfile(self.source, self.folder / name))

    def _side_by_side(self) -> None:
        """Each keeps its own unsaved edits, and none is offered those of another."""
        paths = [self._fresh(name, clean=name == NAMES[0]) for name in NAMES]
        assert len({state_folder(path) for path in paths}) == len(paths)
        for number, path in enumerate(paths):
            session = Session.open(path)
            assert not session.unsaved_edits, path
            for cluster_id in session.cluster_ids.tolist()[: number + 1]:
                session.move([cluster_id], "noise")
            session.close()
        for number, path in enumerate(paths):
            session = Session.open(path, recover=True)
            assert len(session.history) == number + 1, path
            self.counts["edits found again beside datasets of similar names"] += number + 1
            session.close(discard=True)

    def _cannot_be_flushed(self, code: int) -> None:
        """Saves succeed, and sessions close, where the system flushes files only."""
        path, real = self._fresh(), os.fsync

        def files_only(fd: int) -> None:
            if stat.S_ISDIR(os.fstat(fd).st_mode):
                self.counts["folders that were not flushed"] += 1
                raise OSError(code, os.strerror(code))
            real(fd)

        with mock.patch("os.fsync", files_only), Session.open(path) as session:
            session.move(session.cluster_ids[:1], "good")
            assert session.save()
        with Session.open(path) as session:
            assert session.group_of(int(session.cluster_ids[0])) == "good"
        self.counts["saves in folders that cannot be flushed"] += 1

    def _lock_of(self, changes: dict[str, Any], age: float) -> None:
        """A lock of another computer, or of another start of this one: believed while fresh."""
        path = self._fresh()
        folder = state_folder(path)
        folder.mkdir(exist_ok=True)
        holder = {**vars(Holder.me()), "token": "another", **changes}
        (folder / NAME).write_text(json.dumps(holder))
        then = time.time() - age
        os.utime(folder / NAME, (then, then))
        with Session.open(path) as session:
            assert session.read_only == (age < STALE_AFTER), (changes, age)
            what = "stale locks taken over" if age else "fresh locks of others left alone"
            self.counts[what] += 1
