"""Dialogs by the keyboard: each button has a letter of its own, with Alt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialog, QPushButton


def shown_dialogs() -> list[QDialog]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def letters_of(dialog: QDialog) -> dict[str, str]:
    """The letter of each button that can be seen and has a text, by that text."""
    texts = [
        button.text()
        for button in dialog.findChildren(QPushButton)
        if button.text() and button.isVisible()
    ]
    return {text.replace("&", ""): text.partition("&")[2][:1].casefold() for text in texts}


@pytest.mark.parametrize(
    "name",
    ["save_layout", "keys", "plugins", "new_group", "note", "group_rules",
     "export_view", "about", "settings"],
)  # fmt: skip
def test_every_button_has_a_letter_of_its_own(
    demo: Path, open_window: Callable[..., Any], name: str
) -> None:
    user = open_window(demo)
    found: list[dict[str, str]] = []

    def look() -> None:
        # Also of one that waits for its answer.
        for dialog in shown_dialogs():
            found.append(letters_of(dialog))
            dialog.reject()

    if name == "settings":
        user.window.view_docks["features"].settings_wanted.emit()
    else:
        QTimer.singleShot(0, look)
        user.window.actions_by_name[name].trigger()
    user.qtbot.waitUntil(lambda: bool(found or shown_dialogs()))
    look()
    assert found, name
    for letters in found:
        assert letters
        assert all(letters.values()), letters
        assert len(set(letters.values())) == len(letters), letters


def test_a_letter_presses_its_button(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    user.window.actions_by_name["new_group"].trigger()
    (dialog,) = shown_dialogs()
    user.qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClicks(dialog.name.lineEdit(), "axons")
    letter = letters_of(dialog)["Add it"]
    QTest.keyClick(dialog, letter, Qt.KeyboardModifier.AltModifier)
    user.qtbot.waitUntil(lambda: "axons" in user.session.group_names.values())
    assert not shown_dialogs()
