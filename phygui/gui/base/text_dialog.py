"""Lines of text to read and copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from phygui.gui.base.placing import well_placed


class TextDialog(QDialog):
    """Shows lines of text that can be selected and copied."""

    def __init__(self, parent: QWidget, title: str, lines: Sequence[str]) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(560, 360)
        well_placed(self)
        self.text = QPlainTextEdit("\n".join(lines))
        self.text.setReadOnly(True)
        self._buttons = buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        heading = QLabel(title)
        heading.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(heading)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def add_button(self, title: str, act: Callable[[], None]) -> None:
        """Offer to do something about what is said; the dialog closes first."""
        button = self._buttons.addButton(title, QDialogButtonBox.ButtonRole.ActionRole)
        button.setObjectName("act")
        button.clicked.connect(self.accept)
        button.clicked.connect(lambda: act())


class Patience(QDialog):
    """Says what is being done; as long as it is there, the window behind it takes no input."""

    def __init__(self, parent: QWidget, sentence: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("phygui")
        well_placed(self)
        label = QLabel(sentence)
        label.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 18, 24, 18)
        layout.addWidget(label)

    def reject(self) -> None:
        """Escape and the frame's button do not end what is being done."""

    def end(self) -> None:
        """It is done."""
        self.accept()
        self.deleteLater()
