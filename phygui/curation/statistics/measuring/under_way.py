"""Which work is under way: what others wait for less goes on later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from phygui.curation.statistics.measuring.pieces import Work

AT_ONCE, MOST_AT_ONCE = 8, 512
"""Clusters that are worked on together: at first, and later. All raw data is read for each lot."""


@dataclass(frozen=True)
class _Begun:
    kind: str
    asked: frozenset[int]
    """The clusters that it was begun for; it may be about others too."""
    work: Work[Any]


class UnderWay:
    """Work that has begun, the newest on top; where it is interrupted by other work it is kept."""

    def __init__(self) -> None:
        self._begun: list[_Begun] = []
        self._n_at_once = AT_ONCE

    def clear(self) -> None:
        """What has begun is not wanted any more."""
        self._begun.clear()
        self._n_at_once = AT_ONCE

    def next(
        self,
        kind: str,
        chosen: Sequence[int],
        missing: Collection[int],
        in_order: Callable[[], Sequence[int]],
        begin: Callable[[Sequence[int]], Work[Any]],
    ) -> Work[Any]:
        """The work to go on with.

        Parameters
        ----------
        kind : str
            Which kind of it is wanted; work of another kind is given up.
        chosen : sequence of int
            Clusters that come before all others: no work on others keeps them waiting.
        missing : collection of int
            All clusters that lack something: work on none of them is given up.
        in_order : callable
            All of them in the order in which they are wanted.
        begin : callable
            Begins work on some clusters.
        """
        self._begun = [
            b
            for b in self._begun
            if b.kind == kind and not b.work.is_done and not b.work.cluster_ids.isdisjoint(missing)
        ]
        if not self._begun or not self._begun[-1].asked.issuperset(chosen):
            ids = list(chosen)
            if not ids:
                # The first ones are seen soon; the more are looked at together, the less is read.
                ids = list(in_order()[: self._n_at_once])
                self._n_at_once = MOST_AT_ONCE
            work = begin(ids)
            self._begun.append(_Begun(kind, work.cluster_ids | frozenset(ids), work))
        return self._begun[-1].work
