"""Looks at an archive again and again, in a thread: what is there, what has changed."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import QObject, QTimer, Signal

from phygui.archive import Archive, Session
from phygui.errors import DatasetError
from phygui.gui.base.delays import DELAYS

log = logging.getLogger(__name__)

TOLD_EVERY_S = 0.1
"""Seconds between two lots of sessions that have been read."""
_REST = 20
"""A look is followed by at least so many times its own length of rest."""
_PATIENCE_S = 2.0
"""How long a window that closes waits for a dataset that is being read."""


class Listing(QObject):
    """The sessions of an archive, kept up to date.

    Signals
    -------
    listed : list of Session
        All that there are now; only where that has changed.
    read : list of Session
        Some of them have been read since.
    rested
        All that was to be read has been.
    failed : str
        The folder cannot be read, in one sentence.
    """

    listed = Signal(object)
    read = Signal(object)
    rested = Signal()
    failed = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._archive: Archive | None = None
        self._last: list[Session] | None = None
        self._thread: threading.Thread | None = None
        self._is_unwanted = threading.Event()
        self._is_asked_again = False
        self._duration = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)
        self.rested.connect(self._rest)

    @property
    def is_busy(self) -> bool:
        """Whether it is being looked at now."""
        return self._thread is not None

    def look(self) -> None:
        """Look at the folder now; where that is under way, once more afterwards."""
        if self._is_unwanted.is_set():
            return
        if self._thread is not None:
            self._is_asked_again = True
            return
        self._timer.stop()
        self._thread = threading.Thread(target=self._run, name="phygui-archive", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # The window may be gone by the time that something is told.
        with suppress(RuntimeError):
            try:
                self._look()
            except DatasetError as error:
                self.failed.emit(str(error))
            except Exception as error:
                log.exception("%s could not be looked at", self.folder)
                self.failed.emit(f"{self.folder} cannot be looked at ({error}).")
            self.rested.emit()

    def _look(self) -> None:
        cancelled = self._is_unwanted.is_set
        if self._archive is None:
            self._archive = Archive(self.folder)
        began = time.monotonic()
        sessions = self._archive.scan(cancelled)
        self._duration = time.monotonic() - began
        if sessions != self._last and not cancelled():
            self._last = sessions
            self.listed.emit(sessions)
        lot: list[Session] = []
        told = time.monotonic()
        for session in self._archive.read_missing(cancelled):
            lot.append(session)
            if time.monotonic() - told >= TOLD_EVERY_S:
                self.read.emit(lot)
                lot, told = [], time.monotonic()
        if lot:
            self.read.emit(lot)
        self._last = self._archive.sessions()

    def _rest(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        if self._is_asked_again:
            self._is_asked_again = False
            self.look()
        elif not self._is_unwanted.is_set():
            self._timer.start(round(max(DELAYS.archive_ms, 1000 * _REST * self._duration)))

    def stop(self) -> None:
        """Look no more; the index holds what was read by then."""
        self._is_unwanted.set()
        self._timer.stop()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
            self._thread = None
