"""Nothing of an edit is seen before it is on the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt, QTimer

from phygui import KwikModel
from phygui.errors import DatasetError
from phygui.storage.state.disk import Disk


class Gate:
    """A disk that waits, or fails, when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_open = threading.Event()
        self.is_open.set()
        self.fails = False
        sync = Disk.sync

        def slowly(disk: Disk, fd: int) -> None:
            assert self.is_open.wait(20)
            if self.fails:
                raise OSError(28, "No space left on device")
            sync(disk, fd)

        monkeypatch.setattr(Disk, "sync", slowly)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def test_nothing_of_an_edit_is_seen_before_it_is_on_the_disk(
    hybrid: Path, open_window: Callable[..., Any], gate: Gate
) -> None:
    user = open_window(hybrid)
    window = user.window

    def seen() -> list[str]:
        return [window.windowTitle(), *(label.text() for label in window.status.values())]

    user.select(4, 9)
    before = seen()
    gate.is_open.clear()
    user.qtbot.keyClick(window.cluster_table.view, Qt.Key.Key_G)
    user.qtbot.wait(50)
    assert user.session.n_unsaved == 1
    assert seen() == before
    assert not window.isWindowModified()
    gate.is_open.set()
    user.settle()
    assert "1 unsaved" in window.windowTitle()
    assert window.isWindowModified()


def test_what_else_is_to_be_painted_waits_for_an_edit_that_is_on_its_way_to_the_disk(
    hybrid: Path, open_window: Callable[..., Any], gate: Gate
) -> None:
    user = open_window(hybrid)
    together, table = user.window.painted_together, user.window.cluster_table.view
    user.select(4, 9)
    user.qtbot.waitUntil(lambda: not together.is_waiting, timeout=2_000)
    # As long as the test takes.
    together._limit.setInterval(20_000)
    gate.is_open.clear()
    user.session.merge()
    assert not together.is_waiting
    table.viewport().update()
    user.qtbot.wait(50)
    waits = user.session.is_ahead, together.is_waiting
    gate.is_open.set()
    user.settle()
    assert waits == (True, True)
    assert not together.is_waiting


def test_work_in_the_background_lets_an_edit_on_its_way_to_the_disk_come_first(
    hybrid: Path, open_window: Callable[..., Any], gate: Gate
) -> None:
    user = open_window(hybrid)
    background, session, is_over = user.window.background, user.session, []
    piece = background._yielding(lambda cancelled: is_over.append(cancelled()))
    piece(lambda: False)
    gate.is_open.clear()
    session.merge([4, 9])
    piece(lambda: False)
    assert is_over == [False, True]
    background.request()
    assert not background._is_computing
    gate.is_open.set()
    user.settle()
    assert not session.knowledge.missing_metrics()


def test_a_save_does_not_hide_that_the_last_edit_was_taken_back(
    hybrid: Path, open_window: Callable[..., Any], gate: Gate
) -> None:
    user = open_window(hybrid)
    table = user.window.cluster_table.view
    for may_be_saved in (False, True):
        user.select(4, 9)
        if may_be_saved:
            user.session.label([4], "k", "v")
            user.settle()
        gate.is_open.clear()
        gate.fails = True
        user.qtbot.keyClick(table, Qt.Key.Key_G)
        assert user.session.n_unsaved == 1 + may_be_saved
        gate.is_open.set()
        user.qtbot.keyClick(table, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        user.settle()
        assert "the last edit was undone" in user.message
        assert user.session.n_unsaved == may_be_saved
        gate.fails = False
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: "saved 1 edit" in user.message, timeout=10_000)


@pytest.mark.parametrize("as_copy", [False, True])
def test_a_save_lets_the_window_go_on_while_the_disk_takes_its_time(
    hybrid: Path, open_window: Callable[..., Any], gate: Gate, as_copy: bool
) -> None:
    user = open_window(hybrid)
    table, copy = user.window.cluster_table.view, hybrid.with_name("copy.kwik")
    user.select(4, 9)
    gate.is_open.clear()
    user.qtbot.keyClick(table, Qt.Key.Key_G)
    # Nobody would open it if the window waited.
    QTimer.singleShot(100, gate.is_open.set)
    if as_copy:
        user.window.saving.save_copy_to(str(copy))
    else:
        user.qtbot.keyClick(table, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert not gate.is_open.is_set()
    said = "saved a copy" if as_copy else "saved 1 edit"
    user.qtbot.waitUntil(lambda: said in user.message, timeout=10_000)
    with KwikModel(copy if as_copy else hybrid) as model:
        assert 18 in model.cluster_ids


def test_a_copy_that_cannot_be_begun_says_why_and_the_window_closes_all_the_same(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(hybrid)

    def fail(*_: Any, **__: Any) -> None:
        raise DatasetError("the journal cannot be read")

    monkeypatch.setattr(user.session.saves, "file_copy_job", fail)
    saving = user.window.saving
    saving.save_copy_to(str(hybrid.with_name("copy.kwik")))
    assert user.message == "the journal cannot be read"
    saving.question.close()
    # Who closes it would wait for ever for a copy that still ran.
    assert saving._n_copies == 0
