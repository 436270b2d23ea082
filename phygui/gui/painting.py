"""Tables and plots that change together are painted together."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QObject, QTimer
from PyQt5.QtWidgets import QWidget

LONGEST_MS = 30
"""How long the tables wait for the plots: less than the eye notices."""


class PaintedTogether(QObject):
    """Lets widgets wait with painting until the plots beside them can be painted too.

    Whenever anything in a window with OpenGL in it has changed, Qt puts the whole window together
    anew, which without a graphics card takes longer than drawing a plot.

    Parameters
    ----------
    parent : QObject
    widgets : sequence of QWidget
        What waits.
    longest_ms : int
        How long it waits at most.
    """

    def __init__(
        self, parent: QObject, widgets: Sequence[QWidget], longest_ms: int = LONGEST_MS
    ) -> None:
        super().__init__(parent)
        self._widgets = list(widgets)
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(longest_ms)
        self._limit.timeout.connect(self.release)

    @property
    def is_waiting(self) -> bool:
        """Whether painting is put off."""
        return self._limit.isActive()

    def wait(self) -> None:
        """Put painting off; who is waiting already does not begin anew."""
        if not self.is_waiting:
            self._limit.start()
            for widget in self._widgets:
                widget.setUpdatesEnabled(False)

    def release(self) -> None:
        """Paint what has changed meanwhile."""
        self._limit.stop()
        for widget in self._widgets:
            if not widget.updatesEnabled():
                widget.setUpdatesEnabled(True)
