"""What an earlier session left, and saved states, are brought back."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt, QTimer

from phygui.curation.durability import edit_journal as persistence
from phygui.curation.durability import session_saves
from tests.gui.curator import answer


def saved_states(user: Any) -> Any:
    """Have the saved states listed, which are read in a worker."""
    user.window.saving.dialog = None
    user.window.actions_by_name["restore"].trigger()
    user.qtbot.waitUntil(lambda: user.window.saving.dialog is not None, timeout=10_000)
    return user.window.saving.dialog


def slow_disk(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[str]:
    """A function comes back only when the window has turned its event loop; who called it."""
    turned, function, callers = threading.Event(), getattr(module, name), []

    def slowly(*args: Any, **options: Any) -> Any:
        callers.append(threading.current_thread().name)
        assert turned.wait(20), f"{name} is waited for by the window"
        return function(*args, **options)

    monkeypatch.setattr(module, name, slowly)
    QTimer.singleShot(100, turned.set)
    return callers


def crash_with_edits(path: Path, code: str) -> None:
    """Edit in another process that dies without closing anything."""
    script = (
        "import os, sys\nfrom phygui import Session\n"
        f"session = Session.open({str(path)!r})\n{code}\nos._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 9, ended.stderr


def test_edits_of_a_dead_session_are_listed_and_brought_back(
    hybrid: Path, open_window: Callable[..., Any]
) -> None:
    crash_with_edits(hybrid, "session.merge([4, 9]); session.move([18], 'good')")
    user = open_window(hybrid)
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    text = user.window.saving.question.informativeText()
    assert "merged 4 and 9 into 18" in text
    assert text.count(" (shank 0, main)") == 2
    assert "moved 18 to good" in text
    answer(user, "Bring them back")
    assert user.session.cluster_groups[18] == "good"
    assert user.window.cluster_table.model.row_of(18) is not None
    assert user.window.cluster_table.model.row_of(4) is None
    assert user.window.isWindowModified()
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert {4, 9} <= set(user.session.cluster_ids.tolist())


def test_a_slow_disk_does_not_stop_the_window_while_edits_are_brought_back(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    crash_with_edits(hybrid, "session.merge([4, 9])")
    user = open_window(hybrid)
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    callers = slow_disk(monkeypatch, persistence.Keeper, "recover")
    user.window.saving.question.close()
    user.window.saving.recover()
    patience = user.window.saving.patience
    assert patience.isVisible()
    user.qtbot.keyClick(patience, Qt.Key.Key_Escape)
    assert user.window.saving.patience.isVisible(), "nothing is edited meanwhile"
    assert user.window.isModal() is False
    user.settle()
    assert 18 in user.session.cluster_ids
    assert user.window.saving.patience is None
    assert all("phygui" in name for name in callers)


def test_a_slow_disk_does_not_stop_the_window_while_states_are_restored(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(hybrid)
    user.window.actions_by_name["restore"].trigger()
    user.settle()
    assert user.window.saving.dialog is None
    assert "nothing was saved yet" in user.message
    user.session.merge([4, 9])
    user.settle()
    user.session.save()
    user.session.merge([18, 0])
    user.settle()
    listing = slow_disk(monkeypatch, session_saves, "list_backups")
    dialog = saved_states(user)
    user.settle()
    reading = slow_disk(monkeypatch, session_saves, "state_in")
    user.qtbot.mouseClick(dialog.restore_button, Qt.MouseButton.LeftButton)
    assert user.window.saving.patience.isVisible()
    user.settle()
    assert 18 in user.session.cluster_ids
    assert all("phygui" in name for name in (*listing, *reading))


def test_declined_edits_are_kept_aside(hybrid: Path, open_window: Callable[..., Any]) -> None:
    crash_with_edits(hybrid, "session.merge([4, 9])")
    user = open_window(hybrid)
    answer(user, "Keep them aside")
    assert 4 in user.session.cluster_ids
    kept = [p for p in hybrid.with_suffix(".phygui").rglob("*") if p.is_file()]
    assert any(p.stat().st_size > 0 for p in kept)


@pytest.mark.slow
@pytest.mark.parametrize("n_lost", [1, 3])
def test_what_of_a_journal_cannot_be_read_is_said_in_the_dialog(
    hybrid: Path, open_window: Callable[..., Any], n_lost: int
) -> None:
    crash_with_edits(hybrid, "session.merge([4, 9]); session.move([18], 'good'); session.undo()")
    journal = hybrid.with_suffix(".phygui") / "journal"
    data = bytearray(journal.read_bytes())
    starts = [n for n in range(len(data)) if data.startswith(b"PhyR", n)]
    data[starts[-n_lost] + 40] ^= 1
    journal.write_bytes(data)
    user = open_window(hybrid)
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    box = user.window.saving.question
    edits = "1 edit" if n_lost == 1 else f"{n_lost} edits"
    assert f"its checksum is wrong: {edits} could not be read" in box.informativeText()
    if n_lost == 3:
        assert "cannot be brought back" in box.text()
        answer(user, "Keep it aside")
        assert 4 in user.session.cluster_ids
    else:
        assert "moved 18 to good" in box.informativeText()
        answer(user, "Bring them back")
        assert user.session.cluster_groups[18] == "good"
    user.select(2, 3)
    user.press(Qt.Key.Key_G)
    assert bytes(data) in [path.read_bytes() for path in journal.parent.glob("journal-*")]


def test_saved_states_are_compared_and_brought_back_as_an_edit(
    hybrid: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(hybrid)
    user.select(4, 9)
    user.press(Qt.Key.Key_G)
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=10_000)
    saved = user.session.spike_clusters.tolist()
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=10_000)
    dialog = saved_states(user)
    assert dialog.table.rowCount() == 4
    assert dialog.table.item(3, 0).text() == "unedited"
    place = dialog.table.visualItemRect(dialog.table.item(2, 0)).center()
    user.qtbot.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    user.qtbot.waitUntil(lambda: "18" in dialog.difference.toPlainText(), timeout=10_000)
    user.qtbot.mouseClick(dialog.restore_button, Qt.MouseButton.LeftButton)
    user.settle()
    assert user.session.spike_clusters.tolist() == saved, user.message
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert user.session.spike_clusters.tolist() != saved


@pytest.mark.slow
def test_the_selected_row_is_in_sight_after_edits_were_brought_back(
    hybrid: Path, open_window: Callable[..., Any]
) -> None:
    crash_with_edits(
        hybrid,
        "last = int(min(session.cluster_ids, key=session.knowledge.quality))\n"
        "session.select([last]); session.label([last], 'depth', '800')",
    )
    user = open_window(hybrid)
    user.window.resize(1366, 520)
    view = user.window.cluster_table.view
    assert view.verticalScrollBar().value() == 0
    answer(user, "Bring them back")
    (selected,) = user.session.selection.best
    index = view.model().index(user.window.cluster_table.model.row_of(selected), 0)
    assert view.viewport().rect().contains(view.visualRect(index).center())
    assert view.verticalScrollBar().value() > 0, "it is below the rows that were in sight"
