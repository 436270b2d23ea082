"""What changes together is painted together."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QCoreApplication, QEvent, QObject, QTimer
from qtpy.QtWidgets import QWidget

from phygui.gui.base.delays import DELAYS

_LOW_PRIORITY = -1
"""``Qt.LowEventPriority``, which PyQt6 takes as a number only."""


class PaintedTogether(QObject):
    """Lets all that has changed in a window wait with its painting for what is still to come.

    Whenever anything in a window with OpenGL in it has changed, Qt puts the whole window together
    anew, which without a graphics card takes longer than drawing a plot.

    Parameters
    ----------
    window : QWidget
    longest_ms : int
        How long the window waits at most; by default that of the delays.
    is_near : callable
        Whether something is about to change: whatever else is to be painted then waits too, once
        for each time that this is so.
    """

    def __init__(
        self,
        window: QWidget,
        longest_ms: int | None = None,
        *,
        is_near: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._is_near = is_near
        self._was_near = False
        self._is_owed = False
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(DELAYS.paint_together_ms if longest_ms is None else longest_ms)
        self._limit.timeout.connect(self.release)
        window.installEventFilter(self)

    @property
    def is_waiting(self) -> bool:
        """Whether painting is put off."""
        return self._limit.isActive()

    def wait(self) -> None:
        """Put painting off; who is waiting already does not begin anew."""
        if not self.is_waiting:
            self._limit.start()

    def release(self) -> None:
        """Paint what has changed meanwhile."""
        self._limit.stop()
        if self._is_owed:
            self._is_owed = False
            # As late as Qt's own: once all that has another size has got its place.
            request = QEvent(QEvent.Type.UpdateRequest)
            QCoreApplication.postEvent(self._window, request, _LOW_PRIORITY)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep back what Qt asks its window for when something in it has to be painted."""
        if event.type() != QEvent.Type.UpdateRequest:
            return False
        is_near, was_near = self._is_near(), self._was_near
        self._was_near = is_near
        if is_near and not was_near:
            self.wait()
        self._is_owed = self._is_owed or self.is_waiting
        return self.is_waiting
