"""What the start window says of recent datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QWidget

from phygui import Session
from phygui.archive import Overview
from phygui.gui.app import recent_list
from phygui.gui.app.app import make_application
from phygui.gui.app.recent_list import DECIDED, DETAILS, PATH, Overviews, in_words, size_of
from phygui.gui.app.start_window import HINT, StartWindow
from phygui.gui.base.settings import Settings


@pytest.mark.parametrize(
    ("found", "n_bytes", "words"),
    [
        (
            Overview(saved="2026-11-08T14:02:11", duration=600, n_spikes=53_201, shanks=(0, 1)),
            3_100_000_000,
            "8 Nov 2026, 14:02  ·  10 min  ·  53,201 spikes  ·  3.1 GB  ·  2 shanks",
        ),
        (
            Overview(duration=20.4, n_spikes=12, shanks=(3,), has_unsaved=True),
            12_345,
            "20 s  ·  12 spikes  ·  12.3 kB  ·  1 shank  ·  unsaved edits",
        ),
        (Overview(saved="yesterday"), 0, "0 shanks"),
    ],
)
def test_a_dataset_in_words(found: Overview, n_bytes: int, words: str) -> None:
    assert in_words(found, n_bytes) == words


def test_the_size_is_that_of_the_files_that_are_called_alike(tmp_path: Path) -> None:
    for name, n in (("a.kwik", 10), ("a.dat", 100), ("b.kwik", 1000)):
        (tmp_path / name).write_bytes(bytes(n))
    assert size_of(tmp_path / "a.kwik") == 110
    assert size_of(tmp_path) == 1110
    assert size_of(tmp_path / "gone" / "a.kwik") == 0


def test_the_start_window_tells_how_far_each_dataset_is(
    small: Path, tmp_path: Path, settings: Settings, qtbot: Any, qapp: Any
) -> None:
    with Session.open(small) as session:
        session.move(session.cluster_ids[:3].tolist(), "good")
        session.save()
        n = session.n_clusters
    broken = tmp_path / "broken.kwik"
    broken.write_bytes(b"nothing")
    for path in (small, broken):
        settings.add_recent(path)
    make_application(settings)
    start = StartWindow(settings)
    qtbot.addWidget(start)
    start.show()
    rows = {start.recent.item(k).data(PATH): start.recent.item(k) for k in range(2)}
    of_small, of_broken = rows[str(small)], rows[str(broken)]
    qtbot.waitUntil(lambda: of_small.data(DETAILS) is not None, timeout=20_000)
    assert of_small.data(DECIDED) == (3, n)
    assert "1 shank" in of_small.data(DETAILS)
    qtbot.waitUntil(lambda: of_broken.data(DETAILS) is not None, timeout=20_000)
    assert "broken.kwik" in of_broken.data(DETAILS)
    assert not start.grab().isNull()
    start.set_busy("opening ...")
    assert not start.steps_button.isEnabled()
    start.set_busy("")
    assert start.note.text() == HINT


def test_what_is_opened_comes_first(
    small: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any, qapp: Any
) -> None:
    read = []
    monkeypatch.setattr(recent_list, "overview", lambda path: read.append(path) or Overview())
    parent = QWidget()
    qtbot.addWidget(parent)
    overviews = Overviews(parent)
    with qtbot.waitSignal(overviews.told):
        overviews.look_at(small)
    overviews.pause(True)
    overviews.look_at(small)
    qtbot.wait(20)
    assert read == [small]
    # It could not be opened.
    with qtbot.waitSignal(overviews.told):
        overviews.pause(False)
    assert read == [small] * 2
    overviews.stop()
    overviews.look_at(small)
    qtbot.wait(20)
    assert read == [small] * 2


def test_after_an_opening_that_failed_the_start_window_tells_the_rest(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, qtbot: Any, qapp: Any
) -> None:
    monkeypatch.setattr(recent_list, "overview", lambda path: Overview(shanks=(0,)))
    make_application(settings)
    start = StartWindow(settings)
    qtbot.addWidget(start)
    start.set_busy("opening ...")
    start.overviews.look_at(Path("a.kwik"))
    with qtbot.waitSignal(start.overviews.told):
        start.set_busy("")
