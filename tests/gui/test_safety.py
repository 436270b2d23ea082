"""Nothing is lost: recovery, a second writer, a file changed elsewhere, a read-only folder."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import QLabel, QMessageBox

from phygui import Session
from phygui.curation.durability import edit_journal as persistence
from phygui.curation.durability import session_saves
from phygui.errors import DatasetError
from phygui.formats.kwik.store import KwikClusterings
from phygui.storage.state import durable
from phygui.storage.state.disk import Disk


def answer(user: Any, text: str) -> None:
    """Press a button of the question that the window asks."""
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    box = user.window.saving.question
    button = next(b for b in box.buttons() if b.text().replace("&", "") == text)
    user.qtbot.mouseClick(button, Qt.LeftButton)
    user.settle()


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
    user.press(Qt.Key_Z, Qt.ControlModifier)
    user.press(Qt.Key_Z, Qt.ControlModifier)
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
    user.qtbot.keyClick(patience, Qt.Key_Escape)
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
    user.qtbot.mouseClick(dialog.restore_button, Qt.LeftButton)
    assert user.window.saving.patience.isVisible()
    user.settle()
    assert 18 in user.session.cluster_ids
    assert all("phygui" in name for name in (*listing, *reading))


@pytest.mark.parametrize("fails", [False, True])
def test_the_save_on_close_is_no_work_of_the_window(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    user = open_window(hybrid)
    user.session.merge([4, 9])
    user.settle()
    monkeypatch.setattr(QMessageBox, "exec_", lambda box: int(QMessageBox.Save))
    may_end = hold_writing(monkeypatch, fails=fails)
    QTimer.singleShot(100, may_end.set)
    assert user.window.close() != fails
    if fails:
        assert user.window.isVisible()
        assert user.window.saving.question.text() == "the disk is full"
        user.window.saving.question.close()


def test_declined_edits_are_kept_aside(hybrid: Path, open_window: Callable[..., Any]) -> None:
    crash_with_edits(hybrid, "session.merge([4, 9])")
    user = open_window(hybrid)
    answer(user, "Keep them aside")
    assert 4 in user.session.cluster_ids
    kept = [p for p in hybrid.with_suffix(".phygui").rglob("*") if p.is_file()]
    assert any(p.stat().st_size > 0 for p in kept)


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
    user.press(Qt.Key_G)
    assert bytes(data) in [path.read_bytes() for path in journal.parent.glob("journal-*")]


def test_a_second_window_is_read_only_and_says_who_writes(
    hybrid: Path, open_window: Callable[..., Any]
) -> None:
    script = (
        f"import sys, time\nfrom phygui import Session\ns = Session.open({str(hybrid)!r})\n"
        "s.merge([4, 9]); print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "open"
        user = open_window(hybrid)
        assert user.session.read_only
        assert str(other.pid) in user.message
        assert "read-only" in user.window.windowTitle()
        before = user.session.spike_clusters.tolist()
        user.select(4, 9)
        user.press(Qt.Key_G)
        assert user.session.spike_clusters.tolist() == before
    finally:
        other.kill()
        other.wait()
    # The dead process left its lock behind; it is taken over.
    again = open_window(hybrid)
    assert not again.session.read_only


def edit_elsewhere(path: Path) -> None:
    with h5py.File(path, "a") as file:
        clusters = file["/channel_groups/0/spikes/clusters/main"]
        values = clusters[()]
        values[:3] = 2
        clusters[...] = values


def test_a_file_changed_elsewhere_is_never_overwritten_without_asking(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    user = open_window(hybrid)
    user.select(4, 9)
    user.press(Qt.Key_G)
    edit_elsewhere(hybrid)
    theirs = hybrid.read_bytes()
    # Enter, pressed without reading, changes nothing.
    user.press(Qt.Key_S, Qt.ControlModifier)
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    assert "Cancel changes nothing" in user.window.saving.question.informativeText()
    before = user.session.spike_clusters.tolist()
    user.qtbot.keyClick(user.window.saving.question, Qt.Key_Return)
    user.settle()
    assert user.window.saving.question is None
    assert hybrid.read_bytes() == theirs
    assert user.session.is_modified
    assert user.session.spike_clusters.tolist() == before

    user.press(Qt.Key_S, Qt.ControlModifier)
    answer(user, "Show the difference")
    assert "18" in user.window.saving.dialog.text.toPlainText()
    user.window.saving.dialog.close()
    assert hybrid.read_bytes() == theirs

    copy = tmp_path / "mine.kwik"
    monkeypatch.setattr(
        "phygui.gui.window.saving.QFileDialog.getSaveFileName", lambda *a, **k: (str(copy), "")
    )
    user.press(Qt.Key_S, Qt.ControlModifier)
    answer(user, "Keep mine as a copy...")
    assert hybrid.read_bytes() == theirs
    with h5py.File(copy, "r") as file:
        mine = file["/channel_groups/0/spikes/clusters/main"][()]
    assert mine.tolist() == user.session.spike_clusters.tolist()

    wanted = []
    user.window.reopen_wanted.connect(wanted.append)
    user.press(Qt.Key_S, Qt.ControlModifier)
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    box = user.window.saving.question
    button = next(b for b in box.buttons() if b.text() == "Keep theirs")
    user.qtbot.mouseClick(button, Qt.LeftButton)
    assert wanted == [user.window]
    assert hybrid.read_bytes() == theirs


def test_the_difference_is_that_of_the_moment_in_which_it_was_asked_for(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(hybrid)
    user.session.merge([4, 9])
    merged = threading.Event()
    store = user.session.dataset.clusterings
    read = store.read

    def late(*where: Any) -> Any:
        assert merged.wait(10)
        return read(*where)

    monkeypatch.setattr(store, "read", late)
    user.window.saving.show_difference()
    user.session.merge(user.session.cluster_ids[:2])
    merged.set()
    user.settle()
    dialog = user.window.saving.dialog
    assert "2 clusters gone: 4 and 9" in dialog.text.toPlainText()
    assert "changed" not in dialog.text.toPlainText()
    dialog.close()


def test_a_failed_save_says_why_and_can_be_tried_again(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(hybrid)
    before = hybrid.read_bytes()
    user.select(4, 9)
    user.press(Qt.Key_G)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "replace", full)
        user.press(Qt.Key_S, Qt.ControlModifier)
        user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    assert "the disk is full" in user.window.saving.question.text()
    assert hybrid.read_bytes() == before
    assert user.session.is_modified
    answer(user, "Try again")
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=10_000)
    with Session.open(hybrid, read_only=True) as saved:
        assert saved.spike_clusters.tolist() == user.session.spike_clusters.tolist()


def test_saved_states_are_compared_and_brought_back_as_an_edit(
    hybrid: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(hybrid)
    user.select(4, 9)
    user.press(Qt.Key_G)
    user.press(Qt.Key_S, Qt.ControlModifier)
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=10_000)
    saved = user.session.spike_clusters.tolist()
    user.press(Qt.Key_Z, Qt.ControlModifier)
    user.press(Qt.Key_S, Qt.ControlModifier)
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=10_000)
    dialog = saved_states(user)
    assert dialog.table.rowCount() == 4
    assert dialog.table.item(3, 0).text() == "unedited"
    place = dialog.table.visualItemRect(dialog.table.item(2, 0)).center()
    user.qtbot.mouseClick(dialog.table.viewport(), Qt.LeftButton, pos=place)
    user.qtbot.waitUntil(lambda: "18" in dialog.difference.toPlainText(), timeout=10_000)
    user.qtbot.mouseClick(dialog.restore_button, Qt.LeftButton)
    user.settle()
    assert user.session.spike_clusters.tolist() == saved, user.message
    user.press(Qt.Key_Z, Qt.ControlModifier)
    assert user.session.spike_clusters.tolist() != saved


@pytest.mark.parametrize("choice", ["Save", "Discard", "Cancel"])
def test_closing_with_unsaved_edits_asks(
    hybrid: Path,
    open_window: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
) -> None:
    user = open_window(hybrid)
    before = hybrid.read_bytes()
    user.select(4, 9)
    user.press(Qt.Key_G)
    asked = []

    def ask(box: QMessageBox) -> int:
        asked.append(box.text())
        return int(getattr(QMessageBox, choice))

    monkeypatch.setattr(QMessageBox, "exec_", ask)
    user.window.close()
    assert len(asked) == 1
    assert "1 unsaved edit" in asked[0]
    assert user.window.isVisible() == (choice == "Cancel")
    assert (hybrid.read_bytes() == before) == (choice != "Save")
    if choice != "Cancel":
        with Session.open(hybrid) as again:
            assert again.unsaved_edits == []
            assert (18 in again.cluster_ids) == (choice == "Save")


def test_the_question_at_closing_lists_what_is_not_saved_and_where(
    small: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(small)
    session = user.session
    user.select(4, 9)
    user.press(Qt.Key_G)
    session.copy_clustering("mine <b>")
    session.switch(clustering="mine <b>")
    moved = [2, 3, 5, 6, 7, 8, 10, 11]
    for cluster in moved:
        session.move([cluster], "good")
    user.settle()
    user.press(Qt.Key_Z, Qt.ControlModifier)
    asked = []

    def ask(box: QMessageBox) -> int:
        labels = [label for label in box.findChildren(QLabel) if label.text()]
        assert all(label.textFormat() == Qt.PlainText for label in labels)
        asked.append((box.text(), box.informativeText(), box.detailedText()))
        return int(QMessageBox.Cancel)

    monkeypatch.setattr(QMessageBox, "exec_", ask)
    user.window.close()
    ((text, listed, details),) = asked
    assert "8 unsaved edits" in text
    lines = listed.splitlines()
    made = [line.split(", ")[0] for line in lines[1:8]]
    assert made == [f"moved {cluster} to good" for cluster in moved[:7]]
    assert lines[0].startswith("merged 4 and 9 into 16, ")
    assert lines[0].endswith("(shank 0, main)")
    assert lines[7].endswith("(shank 0, mine <b>)")
    assert lines[-1] == "Save them before closing?"
    assert not details

    user.press(Qt.Key_Y, Qt.ControlModifier)
    user.window.close()
    _, listed, details = asked[1]
    assert "merged" not in listed
    assert "... and 1 before these" in listed
    assert details.splitlines()[0] == lines[0]
    assert len(details.splitlines()) == 9


def hold_writing(monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> threading.Event:
    """States are written into files only once the event is set; then it may fail."""
    may_end, write = threading.Event(), KwikClusterings.write

    def slowly(*args: Any, **options: Any) -> None:
        assert may_end.wait(20)
        if fails:
            raise DatasetError("the disk is full")
        write(*args, **options)

    monkeypatch.setattr(KwikClusterings, "write", slowly)
    return may_end


@pytest.mark.parametrize("edits_on", [False, True])
def test_closing_while_a_save_runs_asks_only_about_what_it_leaves_out(
    hybrid: Path,
    open_window: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    edits_on: bool,
) -> None:
    user, asked = open_window(hybrid), []
    may_end = hold_writing(monkeypatch)

    def ask(box: QMessageBox) -> int:
        asked.append(box.text())
        return int(QMessageBox.Discard)

    monkeypatch.setattr(QMessageBox, "exec_", ask)
    user.session.merge([4, 9])
    user.window.saving.save()
    if edits_on:
        user.session.move([18], "good")
    QTimer.singleShot(50, may_end.set)
    user.window.close()
    assert len(asked) == edits_on
    assert all("1 unsaved edit" in text for text in asked)
    with Session.open(hybrid) as again:
        assert again.unsaved_edits == []
        assert 18 in again.cluster_ids
        assert again.group_of(18) != "good"


@pytest.mark.parametrize("fails", [False, True])
def test_closing_waits_for_a_copy_and_goes_on_only_if_it_was_saved(
    hybrid: Path,
    open_window: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fails: bool,
) -> None:
    user, asked = open_window(hybrid), []
    may_end = hold_writing(monkeypatch, fails=fails)

    def ask(box: QMessageBox) -> int:
        asked.append((tmp_path / "copy.kwik").exists())
        return int(QMessageBox.Discard)

    monkeypatch.setattr(QMessageBox, "exec_", ask)
    user.session.merge([4, 9])
    user.settle()
    user.window.saving.save_copy_to(str(tmp_path / "copy.kwik"))
    QTimer.singleShot(50, may_end.set)
    assert user.window.close() != fails
    assert asked == ([] if fails else [True])
    if fails:
        assert user.window.isVisible()
        assert user.window.saving.question.text() == "the disk is full"
        user.window.saving.question.close()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_a_read_only_folder_keeps_the_journal_elsewhere(
    hybrid: Path, open_window: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    for source in (hybrid, hybrid.with_suffix(".kwx")):
        (folder / source.name).write_bytes(source.read_bytes())
    path = folder / hybrid.name
    make_read_only(folder)
    try:
        user = open_window(path)
        assert f"may not write in {folder}" in user.message
        user.select(4, 9)
        user.press(Qt.Key_G)
        user.press(Qt.Key_S, Qt.ControlModifier)
        user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
        assert user.session.is_modified
        assert path.read_bytes() == hybrid.read_bytes()
        assert sorted(p.name for p in folder.iterdir()) == [path.name, f"{path.stem}.kwx"]
        user.window.saving.question.close()
    finally:
        make_writable(folder)


def make_read_only(folder: Path) -> None:
    """Forbid new files in a folder; for root only a read-only mount does."""
    folder.chmod(0o555)
    if os.geteuid() == 0:
        subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)


def make_writable(folder: Path) -> None:
    if os.geteuid() == 0:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.chmod(0o755)


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
    user.qtbot.keyClick(window.cluster_table.view, Qt.Key_G)
    user.qtbot.wait(50)
    assert user.session.n_unsaved == 1
    assert seen() == before
    assert not window.isWindowModified()
    gate.is_open.set()
    user.settle()
    assert "1 unsaved" in window.windowTitle()
    assert window.isWindowModified()


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
        user.qtbot.keyClick(table, Qt.Key_G)
        assert user.session.n_unsaved == 1 + may_be_saved
        gate.is_open.set()
        user.qtbot.keyClick(table, Qt.Key_S, Qt.ControlModifier)
        user.settle()
        assert "the last edit was undone" in user.message
        assert user.session.n_unsaved == may_be_saved
        gate.fails = False
    user.press(Qt.Key_S, Qt.ControlModifier)
    user.qtbot.waitUntil(lambda: "saved 1 edit" in user.message, timeout=10_000)


def test_a_file_is_opened_again_although_edits_could_not_be_kept_aside(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(hybrid)
    user.session.merge([4, 9])
    user.settle()
    wanted: list[Any] = []
    user.window.reopen_wanted.connect(wanted.append)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(persistence, "write_whole", full)
        user.window.attempt(user.window.reopen)
    assert wanted == [user.window]
    assert user.session.model.features is None, "its files are closed"
    with Session.open(hybrid) as again:
        assert len(again.unsaved_edits) == 1
