"""Dialogs by the keyboard: each button has a letter of its own, with Alt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QColorDialog,
    QDialog,
    QLabel,
    QPushButton,
    QVBoxLayout,
)

from phygui.gui.base.placing import well_placed


def shown_dialogs() -> list[QDialog]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def letters_of(dialog: QDialog) -> list[tuple[str, str]]:
    """Each button that can be seen and has a text, and each field, with its letter.

    A button may have its letter in the label beside it.
    """
    labels = [label for label in dialog.findChildren(QLabel) if label.isVisible()]
    # A list without entries is false.
    fields = [label for label in labels if label.buddy() is not None]
    named = {label.buddy() for label in fields if "&" in label.text()}
    buttons = [
        button
        for button in dialog.findChildren(QPushButton)
        if button.text() and button.isVisible() and button not in named
    ]
    texts = [each.text() for each in (*buttons, *fields) if each in buttons or "&" in each.text()]
    return [(text.replace("&", ""), text.partition("&")[2][:1].casefold()) for text in texts]


def check(letters_by_text: list[tuple[str, str]]) -> None:
    """Each has a letter, and none has that of another."""
    letters = [letter for _, letter in letters_by_text]
    assert letters
    assert all(letters), letters_by_text
    assert len(set(letters)) == len(letters), letters_by_text


DIALOGS = ("save_layout", "keys", "plugins", "new_group", "note", "group_rules", "export",
           "export_view", "about", "settings")  # fmt: skip


def test_every_button_has_a_letter_of_its_own(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    found: list[list[tuple[str, str]]] = []

    def look() -> None:
        # Also of one that waits for its answer.
        for dialog in shown_dialogs():
            found.append(letters_of(dialog))
            dialog.reject()

    for name in DIALOGS:
        found.clear()
        if name == "settings":
            user.window.view_docks["features"].settings_wanted.emit()
        else:
            QTimer.singleShot(0, look)
            user.window.actions_by_name[name].trigger()
        user.qtbot.waitUntil(lambda: bool(found or shown_dialogs()))
        look()
        assert found, name
        for letters in found:
            check(letters)


def test_buttons_that_come_later_or_are_renamed_have_letters_too(qtbot: Any) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    well_placed(dialog)
    column = QVBoxLayout(dialog)
    first, second = QPushButton("Choose..."), QPushButton("Choose...")
    column.addWidget(first)
    dialog.show()
    qtbot.waitExposed(dialog)
    column.addWidget(second)
    qtbot.waitUntil(lambda: "&" in second.text())
    check(letters_of(dialog))
    first.setText("Cancel all of it")
    qtbot.waitUntil(lambda: "&" in first.text())
    check(letters_of(dialog))


def test_a_letter_presses_its_button(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    user.window.actions_by_name["new_group"].trigger()
    (dialog,) = shown_dialogs()
    user.qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClicks(dialog.name.lineEdit(), "axons")
    letter = dict(letters_of(dialog))["Add it"]
    QTest.keyClick(dialog, letter, Qt.KeyboardModifier.AltModifier)
    user.qtbot.waitUntil(lambda: "axons" in user.session.group_names.values())
    assert not shown_dialogs()


def test_the_colour_of_a_group_keeps_its_letter(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.window.actions_by_name["new_group"].trigger()
    (dialog,) = shown_dialogs()
    user.qtbot.waitUntil(dialog.isActiveWindow)
    for color in ("", "#aa3377", "#118833"):
        dialog._set_color(color)
        assert dialog.color_button.text() == (color or "as other text")
        check(letters_of(dialog))
        letter = dict(letters_of(dialog))["Colour"]
        # On a bare screen nothing gives the keyboard back.
        dialog.activateWindow()
        user.qtbot.waitUntil(dialog.isActiveWindow)
        QTest.keyClick(dialog, letter, Qt.KeyboardModifier.AltModifier)
        user.qtbot.waitUntil(lambda: bool(dialog.findChildren(QColorDialog)))
        for asked in dialog.findChildren(QColorDialog):
            asked.reject()
            asked.deleteLater()
        user.qtbot.waitUntil(lambda: not dialog.findChildren(QColorDialog))
    dialog.reject()
