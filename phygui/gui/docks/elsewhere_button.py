"""The button of a view without data: it opens files that are named, or asks where they are."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QPushButton, QWidget

from phygui.views.core.base import Empty

EDGE = 10
"""Pixels between the button and the lower edge of the view."""
_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ElsewhereButton(QPushButton):
    """Opens files that a dataset names, but that lie where only the user may have them opened.

    Where none are named, it asks for them. It shows at the lower edge of a view as long as the view
    says that they are not open.
    """

    wanted = Signal(str, object)
    """The kind of data and the paths; none where the user is to be asked."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._kind = ""
        self._paths: tuple[Path, ...] = ()
        self.setObjectName("elsewhere")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(lambda: self.wanted.emit(self._kind, self._paths))
        self.hide()

    def follow(self, data: object) -> None:
        """Offer what the view says is elsewhere, or nothing."""
        self._paths = data.elsewhere if isinstance(data, Empty) else ()
        self._kind = data.kind if isinstance(data, Empty) else ""
        if self._paths:
            self.setText("Open this file" if len(self._paths) == 1 else "Open these files")
            self.setToolTip("\n".join(str(path) for path in self._paths[:20]))
        else:
            self.setText("Locate...")
            self.setToolTip("choose the file that holds them")
        self.setVisible(bool(self._kind))
        self.place()

    def place(self) -> None:
        """Stay in the middle of the lower edge."""
        view = self.parentWidget()
        if view is not None:
            self.adjustSize()
            left = (view.width() - self.width()) // 2
            self.move(max(0, left), max(0, view.height() - self.height() - EDGE))

    def event(self, event: QEvent) -> bool:
        """Keep the keys that press it, when it has the keyboard, from being those of actions."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
            return super().event(event)
        if event.key() not in _KEYS or event.modifiers():
            return super().event(event)
        event.accept()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses it as the space bar does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)
