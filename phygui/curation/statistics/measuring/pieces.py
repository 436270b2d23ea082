"""Work that is done in pieces bounded by time, each of which goes on where the one before ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable
from typing import Generic, TypeVar

Cancel = Callable[[], bool]
T = TypeVar("T")

PIECE_S = 0.1
"""Seconds that a piece takes, about: it ends after the step in which they are over."""
RELEASE_S = 0.5
"""Seconds between two results that are handed out: who shows them has other things to do too."""

Steps = Generator[T | None, None, None]
"""Gives None, or a result, every few milliseconds."""


class Turn:
    """Whether a piece is to end early, for those who do several steps of it at a time.

    Attributes
    ----------
    is_over : callable
        For any thread.
    """

    def __init__(self) -> None:
        self.is_over: Cancel = lambda: False


class Work(Generic[T]):
    """Steps on some clusters, of which a piece at a time is done; for any thread.

    Parameters
    ----------
    cluster_ids : iterable of int
        What the work is about.
    steps : generator
        Goes on until all is done; between two steps it may wait for as long as it likes.
    clock : callable, optional
        Seconds, from whenever.
    turn : Turn, optional
        What the steps look at, where they are several at a time.
    """

    def __init__(
        self,
        cluster_ids: Iterable[int],
        steps: Steps[T],
        clock: Callable[[], float] = time.perf_counter,
        turn: Turn | None = None,
    ) -> None:
        self._turn = Turn() if turn is None else turn
        self.cluster_ids = frozenset(cluster_ids)
        self.is_done = False
        self._steps = steps
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: list[T] = []
        self._released = -float("inf")

    def advance(self, cancelled: Cancel, seconds: float = PIECE_S) -> list[T]:
        """Go on until the time is over, it is cancelled or all is done, and return what is found.

        One step is done in any case, so that what is interrupted again and again ends too. The
        first result is handed out at once, the others together every half second and at the end.
        Nothing is lost where it is cancelled: the next piece goes on there.
        """
        # Another thread is at it: what it finds, it hands out.
        if self.is_done or not self._lock.acquire(blocking=False):
            return []
        try:
            end = self._clock() + seconds
            self._turn.is_over = cancelled
            while True:
                try:
                    found = next(self._steps)
                except StopIteration:
                    self.is_done = True
                    break
                except BaseException:
                    self.is_done = True
                    raise
                if found is not None:
                    self._kept.append(found)
                if self._clock() >= end or cancelled():
                    break
            return self._release()
        finally:
            self._lock.release()

    def _release(self) -> list[T]:
        now = self._clock()
        if not self._kept or not (self.is_done or now - self._released >= RELEASE_S):
            return []
        self._released = now
        found, self._kept = self._kept, []
        return found


def run(steps: Steps[T], cancelled: Cancel = lambda: False) -> list[T]:
    """Do all steps here and now; stops early, with what it has, when cancelled."""
    found = []
    for result in steps:
        if result is not None:
            found.append(result)
        if cancelled():
            break
    return found
