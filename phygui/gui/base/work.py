"""Work off the GUI thread: the newest request wins, older ones are dropped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from phygui.curation.edits.update import EditError
from phygui.errors import Cancelled, DatasetError
from phygui.gui.base.delays import DELAYS
from phygui.plugins import PluginError

log = logging.getLogger(__name__)

Cancel = Callable[[], bool]
Work = Callable[[Cancel], Any]

DROPPED = -1
"""Generation of work that noticed that its result is no longer wanted."""


class Pool:
    """The threads that the whole window shares, and one for what nobody waits for."""

    def __init__(self, n_threads: int = 3) -> None:
        self._executor = ThreadPoolExecutor(n_threads, thread_name_prefix="phygui")
        self._background = ThreadPoolExecutor(1, thread_name_prefix="phygui-background")
        self._lock = threading.Lock()
        self._n_awaited = 0
        self.is_closed = False

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for what runs or is to run: the background lets it come first."""
        return self._n_awaited > 0

    def detach(self, work: Callable[[], Any]) -> None:
        """Run a function that may never end, in a thread of its own that is not waited for."""
        if not self.is_closed:
            threading.Thread(target=work, name="phygui-detached", daemon=True).start()

    def submit(self, work: Callable[[], Any], *, is_background: bool = False) -> Future[Any]:
        """Run a function in one of the threads; in one of its own where nobody waits for it."""
        if is_background:
            return self._background.submit(work)
        with self._lock:
            self._n_awaited += 1
        future = self._executor.submit(work)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[Any]) -> None:
        with self._lock:
            self._n_awaited -= 1

    def close(self) -> None:
        """Wait for what runs, drop what waits."""
        self.is_closed = True
        for executor in (self._executor, self._background):
            executor.shutdown(wait=True, cancel_futures=True)


class Latest(QObject):
    """Runs the newest of a stream of requests in a worker thread.

    Signals
    -------
    done : object
        The result of the newest request, in the GUI thread. Results of older ones are dropped.
    failed : Exception
        The newest request raised this.
    dropped
        What was cancelled runs no more, and nothing else was asked for since.
    """

    done = Signal(object)
    failed = Signal(object)
    dropped = Signal()
    _returned = Signal(int, object, object)

    def __init__(
        self,
        pool: Pool,
        parent: QObject | None = None,
        *,
        burst_ms: int | None = None,
        is_background: bool = False,
        is_detached: bool = False,
    ) -> None:
        super().__init__(parent)
        burst_ms = DELAYS.burst_ms if burst_ms is None else burst_ms
        self._pool = pool
        self._is_background = is_background
        self._is_detached = is_detached
        self._wanted = 0
        self._running = 0
        self._waiting: Work | None = None
        self.n_computed = 0
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(burst_ms)
        self._waits = burst_ms > 0
        self._quiet.timeout.connect(self._start)
        self._returned.connect(self._receive)

    @property
    def is_busy(self) -> bool:
        """Whether a result is still to come."""
        return self._waiting is not None or self._running != 0

    def request(self, work: Work) -> None:
        """Ask for the result of ``work(cancelled)``; what was asked for before is dropped."""
        burst = self._waits and self._quiet.isActive()
        self._wanted += 1
        self._waiting = work
        self._quiet.start()
        if not burst:
            self._start()

    def cancel(self) -> None:
        """Drop what runs and what waits."""
        self._wanted += 1
        self._waiting = None

    def _start(self) -> None:
        if self._waiting is None or self._running or self._pool.is_closed:
            return
        work, self._waiting = self._waiting, None
        generation = self._running = self._wanted

        def cancelled() -> bool:
            return self._wanted != generation or self._pool.is_closed

        def run() -> None:
            result: Any = None
            error: Exception | None = None
            answered = generation
            try:
                result = work(cancelled)
            except (Cancelled, CancelledError):
                answered = DROPPED
            except Exception as exception:
                # Data may be tried again often, what cannot be done is said to the user alone; of a
                # plugin, the log has it already.
                if not isinstance(exception, DatasetError | EditError | PluginError):
                    log.exception("work in a thread failed")
                error = exception
            if not self._pool.is_closed:
                self._returned.emit(answered, result, error)

        if self._is_detached:
            self._pool.detach(run)
        else:
            self._pool.submit(run, is_background=self._is_background)

    def _receive(self, generation: int, result: Any, error: Exception | None) -> None:
        self._running = 0
        if generation == self._wanted:
            self.n_computed += 1
            if error is None:
                self.done.emit(result)
            else:
                self.failed.emit(error)
        elif self._waiting is None:
            self.dropped.emit()
        if self._waiting is not None and not self._quiet.isActive():
            self._start()
