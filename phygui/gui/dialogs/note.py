"""The dialog in which clusters get a note of any number of lines."""

from __future__ import annotations

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from phygui.gui.base.placing import well_placed


class _Lines(QPlainTextEdit):
    """Lines of text; Tab leaves them, and Ctrl+Enter accepts them by the dialog."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Write, or leave accepting to the dialog."""
        if (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """All that can be written is for this widget, also where it is a key of the window."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)


class NoteDialog(QDialog):
    """Asks for the note of some clusters.

    Parameters
    ----------
    parent : QWidget
    whose : str
        The clusters in words.
    note : str
        What they have now.
    differ : bool
        Whether they have different ones.
    """

    def __init__(self, parent: QWidget, whose: str, note: str, *, differ: bool = False) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Note on {whose}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(480, 260)
        well_placed(self)
        self.lines = _Lines(note)
        self.lines.setTabChangesFocus(True)
        self.lines.setPlaceholderText(
            "they have different notes: what you write replaces them all"
            if differ
            else "bursts after stimulus 3\nlook at 12:40 again"
        )
        hint = QLabel("Ctrl+Enter keeps the note; an empty one removes it")
        hint.setObjectName("hint")
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.lines)
        layout.addWidget(hint)
        layout.addWidget(self.buttons)

    @property
    def note(self) -> str:
        """What is written, without empty lines around it."""
        return self.lines.toPlainText().strip()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter accepts."""
        if (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.accept()
        else:
            super().keyPressEvent(event)
