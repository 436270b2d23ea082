"""What changes together is painted together."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QObject, QTimer

LONGEST_MS = 30
"""How long tables and plots wait for the last of the plots: less than the eye notices."""


class PaintedTogether(QObject):
    """Lets what is in a window wait with painting until all of it can be painted.

    Whenever anything in a window with OpenGL in it has changed, Qt puts the whole window together
    anew, which without a graphics card takes longer than drawing a plot.

    Parameters
    ----------
    parent : QObject
    hold : callable
        Called with True to put off the painting of all that waits, and with False to let it come.
    longest_ms : int
        How long that waits at most.
    """

    def __init__(
        self, parent: QObject, hold: Callable[[bool], None], longest_ms: int = LONGEST_MS
    ) -> None:
        super().__init__(parent)
        self._hold = hold
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
            self._hold(True)

    def release(self) -> None:
        """Paint what has changed meanwhile."""
        self._limit.stop()
        self._hold(False)
