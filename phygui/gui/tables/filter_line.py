"""The line above the cluster table: a filter, or the ids of clusters to go to."""

from __future__ import annotations

import re

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QLineEdit

_ACCEPT = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
LEAVE = (Qt.Key.Key_Escape, *_ACCEPT)
_IDS = re.compile(r"\s*\d{1,9}([\s,]+\d{1,9})*[\s,]*")


def ids_in(text: str) -> list[int]:
    """Ids that a text consists of, such as ``42`` or ``4 9``; empty if it is something else."""
    return [int(number) for number in re.findall(r"\d+", text)] if _IDS.fullmatch(text) else []


class FilterLine(QLineEdit):
    """A line that Escape and Enter leave.

    Signals
    -------
    left
        It has been left, in either way.
    accepted
        By Enter, which comes before.
    """

    left = Signal()
    accepted = Signal()

    def begin(self) -> None:
        """Take the keyboard; what is typed replaces what is written."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def event(self, event: QEvent) -> bool:
        """Escape and Enter are for this line while it has the keyboard."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in LEAVE
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Write, or leave."""
        if event.key() not in LEAVE:
            super().keyPressEvent(event)
            return
        if event.key() in _ACCEPT:
            self.accepted.emit()
        self.left.emit()
