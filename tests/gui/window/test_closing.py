"""Closing: what it asks, what it waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QLabel, QMessageBox

from phygui import Session
from phygui.errors import DatasetError
from phygui.formats.kwik.store import KwikClusterings


@pytest.mark.parametrize("fails", [False, True])
def test_the_save_on_close_is_no_work_of_the_window(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    user = open_window(hybrid)
    user.session.merge([4, 9])
    user.settle()
    monkeypatch.setattr(QMessageBox, "exec", lambda box: int(QMessageBox.StandardButton.Save))
    may_end = hold_writing(monkeypatch, fails=fails)
    QTimer.singleShot(100, may_end.set)
    assert user.window.close() != fails
    if fails:
        assert user.window.isVisible()
        assert user.window.saving.question.text() == "the disk is full"
        user.window.saving.question.close()


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
    user.press(Qt.Key.Key_G)
    asked = []

    def ask(box: QMessageBox) -> int:
        asked.append(box.text())
        return int(getattr(QMessageBox, choice))

    monkeypatch.setattr(QMessageBox, "exec", ask)
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
    user.press(Qt.Key.Key_G)
    session.copy_clustering("mine <b>")
    session.switch(clustering="mine <b>")
    moved = [2, 3, 5, 6, 7, 8, 10, 11]
    for cluster in moved:
        session.move([cluster], "good")
    user.settle()
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    asked = []

    def ask(box: QMessageBox) -> int:
        labels = [label for label in box.findChildren(QLabel) if label.text()]
        assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
        asked.append((box.text(), box.informativeText(), box.detailedText()))
        return int(QMessageBox.StandardButton.Cancel)

    monkeypatch.setattr(QMessageBox, "exec", ask)
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

    user.press(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
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
        return int(QMessageBox.StandardButton.Discard)

    monkeypatch.setattr(QMessageBox, "exec", ask)
    user.session.merge([4, 9])
    user.settle()
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
        return int(QMessageBox.StandardButton.Discard)

    monkeypatch.setattr(QMessageBox, "exec", ask)
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
