"""Give memory that is free back to the system when the user pauses."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer

from phygui.gui.base.delays import DELAYS
from phygui.gui.base.work import Pool
from phygui.heap import trim


class Trimmer(QObject):
    """Trims the heap in a worker thread, once, after a burst of work has ended."""

    def __init__(self, pool: Pool, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = pool
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(DELAYS.trim_ms)
        self._pause.timeout.connect(self._trim)

    def touch(self) -> None:
        """Something has happened: begin to wait again."""
        self._pause.start()

    def _trim(self) -> None:
        if not self._pool.is_closed:
            self._pool.submit(trim)
