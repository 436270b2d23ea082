"""Dialogs: within the screen, in the middle of their window, and a letter for each button."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QRect
from qtpy.QtWidgets import QAbstractButton, QDialog, QLabel, QMessageBox, QPushButton, QWidget

FRAME = 32
"""Pixels that the frame of a dialog may take, which is there only once it is shown."""


class _Placing(QObject):
    """Places a dialog each time that it is shown, and gives its buttons letters."""

    def eventFilter(self, dialog: QObject, event: QEvent) -> bool:
        """See it come, and what is in it change."""
        if not isinstance(dialog, QDialog):
            return False
        # It has its size only once it is shown, and another one with its details.
        is_larger = event.type() == QEvent.Type.Resize and isinstance(dialog, QMessageBox)
        if event.type() == QEvent.Type.Show or is_larger:
            place(dialog)
            add_mnemonics(dialog)
        elif event.type() == QEvent.Type.LayoutRequest and dialog.isVisible():
            # Buttons have come, or are called otherwise.
            add_mnemonics(dialog)
        return False


def well_placed(dialog: QDialog) -> None:
    """Have a dialog within the screen and in the middle of its window, whenever it is shown."""
    dialog.installEventFilter(_Placing(dialog))


def place(dialog: QDialog) -> None:
    """Make a dialog no larger than the screen, and put it in the middle."""
    parent = dialog.parentWidget()
    window = dialog if parent is None else parent.window()
    screen = _screen_of(window)
    size = dialog.size().boundedTo(screen.adjusted(0, 0, -FRAME, -FRAME).size())
    if size != dialog.size():
        dialog.resize(size)
    around = QRect(screen) if window is dialog else window.geometry()
    at = QRect(dialog.geometry())
    at.moveCenter(around.center())
    # A window may stand half outside.
    at.moveRight(min(at.right(), screen.right()))
    at.moveBottom(min(at.bottom(), screen.bottom()))
    at.moveLeft(max(at.left(), screen.left()))
    at.moveTop(max(at.top(), screen.top()))
    dialog.move(at.topLeft())


def _screen_of(window: QWidget) -> QRect:
    screen = window.screen()
    return QRect() if screen is None else screen.availableGeometry()


def add_mnemonics(dialog: QDialog) -> None:
    """Let each button that has a text be pressed with Alt and a letter of its own.

    That of a label beside it, which is its name, presses it too.
    """
    buttons = [
        b for b in dialog.findChildren(QAbstractButton) if b.text() and b.isVisibleTo(dialog)
    ]
    names = [label for label in dialog.findChildren(QLabel) if label.buddy() is not None]
    named = {label.buddy() for label in names if _letter(label.text())}
    taken = {_letter(text) for text in (*(b.text() for b in buttons), *(n.text() for n in names))}
    for button in buttons:
        text = button.text()
        if not isinstance(button, QPushButton) or button in named or _letter(text):
            continue
        free = (k for k, c in enumerate(text) if c.isalpha() and c.casefold() not in taken)
        # The beginnings of words are seen best.
        k = min(free, key=lambda k: k > 0 and text[k - 1].isalpha(), default=None)
        if k is not None:
            taken.add(text[k].casefold())
            button.setText(f"{text[:k]}&{text[k:]}")


def _letter(text: str) -> str:
    """The letter after a single ampersand; empty if there is none."""
    _, marked, after = text.replace("&&", "").partition("&")
    return after[:1].casefold() if marked else ""
