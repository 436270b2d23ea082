"""Saving beside others: a second writer, a file changed elsewhere, a folder that is read-only."""

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
from qtpy.QtCore import Qt

from phygui import Session
from phygui.curation.durability import edit_journal as persistence
from phygui.storage.state import durable
from tests.gui.curator import answer


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
        user.press(Qt.Key.Key_G)
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
    user.press(Qt.Key.Key_G)
    edit_elsewhere(hybrid)
    theirs = hybrid.read_bytes()
    # Enter, pressed without reading, changes nothing.
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    assert "Cancel changes nothing" in user.window.saving.question.informativeText()
    before = user.session.spike_clusters.tolist()
    user.qtbot.keyClick(user.window.saving.question, Qt.Key.Key_Return)
    user.settle()
    assert user.window.saving.question is None
    assert hybrid.read_bytes() == theirs
    assert user.session.is_modified
    assert user.session.spike_clusters.tolist() == before

    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    answer(user, "Show the difference")
    assert "18" in user.window.saving.dialog.text.toPlainText()
    user.window.saving.dialog.close()
    assert hybrid.read_bytes() == theirs

    copy = tmp_path / "mine.kwik"
    monkeypatch.setattr(
        "phygui.gui.window.saving.QFileDialog.getSaveFileName", lambda *a, **k: (str(copy), "")
    )
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    answer(user, "Keep mine as a copy...")
    assert hybrid.read_bytes() == theirs
    with h5py.File(copy, "r") as file:
        mine = file["/channel_groups/0/spikes/clusters/main"][()]
    assert mine.tolist() == user.session.spike_clusters.tolist()

    wanted = []
    user.window.reopen_wanted.connect(wanted.append)
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    box = user.window.saving.question
    button = next(b for b in box.buttons() if b.text().replace("&", "") == "Keep theirs")
    user.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
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
    user.press(Qt.Key.Key_G)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "replace", full)
        user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    assert "the disk is full" in user.window.saving.question.text()
    assert hybrid.read_bytes() == before
    assert user.session.is_modified
    answer(user, "Try again")
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=10_000)
    with Session.open(hybrid, read_only=True) as saved:
        assert saved.spike_clusters.tolist() == user.session.spike_clusters.tolist()


@pytest.mark.slow
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
        user.press(Qt.Key.Key_G)
        user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
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
