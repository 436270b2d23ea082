"""What is done in other threads: opening a dataset while the window is made, and compiling."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from phygui.analysis import warm_up
from phygui.curation.open_session import open_session
from phygui.storage.arrays import scattered, windows

if TYPE_CHECKING:
    from phygui.curation.session import Session


def compile_all(*, apart: bool = False) -> None:
    """Compile the loops of the numerics and of reading, or load them from the cache on disk.

    Parameters
    ----------
    apart : bool
        See :func:`~phygui.analysis.warm_up`.
    """
    warm_up(apart=apart)
    scattered.load()
    windows.load()


class Opening:
    """Opens a dataset at once, and goes on to find out what its window will ask first.

    Parameters
    ----------
    what : path or "demo"
        The file.
    **options
        As for :meth:`phygui.Session.open`.
    """

    def __init__(self, what: object, **options: Any) -> None:
        self._is_wanted = threading.Event()
        executor = ThreadPoolExecutor(1, thread_name_prefix="phygui-open")
        self._session: Future[Session] = executor.submit(self._open, what, options)
        self._prepared = executor.submit(self._prepare)
        executor.shutdown(wait=False)

    def result(self) -> Session:
        """The session, as soon as it is open; what is not known by then, others find out.

        Raises
        ------
        DatasetError
            If the file cannot be opened.
        """
        self._is_wanted.set()
        return self._session.result()

    def _open(self, what: object, options: dict[str, Any]) -> Session:
        session = open_session(what, **options)
        # Nobody else has the session yet. What goes wrong will go wrong again where it is told.
        with suppress(Exception):
            session.learn_stats(self._is_wanted.is_set)
            if not self._is_wanted.is_set():
                # Which cluster is the first takes a comparison of all of them.
                session.wizard.end(session.selection, first=True)
        return session

    def _prepare(self) -> None:
        """What pictures of the raw data need, whatever is selected."""
        from phygui.views.trace.signal import Kind, calibration

        shank = self._session.result().shank
        if shank.traces is not None:
            calibration(shank, Kind())
