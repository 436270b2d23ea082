"""Steps that two threads do side by side, and the work that they divide between them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from phygui.curation.statistics.measuring.pieces import PIECE_S, Steps, Turn

ROUND_S = PIECE_S
"""Seconds after which both stop. At each stop one waits for the step of the other to end."""
T = TypeVar("T")
V = TypeVar("V")


def side_by_side(
    clusters: Mapping[int, V],
    steps: Callable[[Mapping[int, V]], Steps[T]],
    turn: Turn | None = None,
) -> Steps[T]:
    """Steps on clusters, of which two threads do one half each.

    Parameters
    ----------
    clusters : mapping from int
        The clusters, and what the steps take of each.
    steps : callable
        Gives the steps on some of them. What those on different ones use in common, several
        threads may use at once.
    turn : Turn, optional
        As for :func:`together`.
    """
    items = list(clusters.items())
    if turn is None or min(len(items), n_processors()) < 2:
        yield from steps(clusters)
        return
    yield from together([steps(dict(items[::2])), steps(dict(items[1::2]))], turn)


def together(parts: Sequence[Steps[T]], turn: Turn | None = None) -> Steps[T]:
    """The steps of two generators, in two threads where there are as many processors.

    The second thread does something only while this generator is asked for the next value, for
    about `ROUND_S`, less where the turn is over: between two values nothing goes on.

    Parameters
    ----------
    parts : sequence of two generators
    turn : Turn, optional
        Both stop at their next step once it is over. Without one, a single thread does it all.
    """
    if turn is None or n_processors() < 2:
        for part in parts:
            yield from part
        return
    here, there = parts
    is_done = [False, False]

    def go_on(which: int) -> list[T]:
        """A round of one of them, at least one step; what it finds."""
        found, end = [], time.perf_counter() + ROUND_S
        for result in (here, there)[which]:
            if result is not None:
                found.append(result)
            if time.perf_counter() >= end or turn.is_over():
                return found
        is_done[which] = True
        return found

    with ThreadPoolExecutor(1, "beside") as pool:
        while not all(is_done):
            beside = pool.submit(go_on, 1)
            try:
                found = go_on(0)
            finally:
                others = beside.result()
            yield from found
            yield from others
            yield None


def n_processors() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system tells
        return os.cpu_count() or 1


class Divided(Generic[T]):
    """Items that whoever comes takes turns to look at, until all are done.

    Parameters
    ----------
    items : collection
    """

    def __init__(self, items: Collection[T]) -> None:
        self._items = items
        self._begun: set[T] = set()
        self._done: set[T] = set()

    def __iter__(self) -> Iterator[T]:
        """Those that nobody has begun; then those that were begun and that nobody has ended.

        To look at an item once more does no harm: whoever has begun it may have given up.
        """
        for gone in (self._begun, self._done):
            for item in self._items:
                if item not in gone:
                    self._begun.add(item)
                    yield item
                    self._done.add(item)
