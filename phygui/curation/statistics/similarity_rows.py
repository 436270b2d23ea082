"""Similarities of clusters to all others, of which an edit makes only a few anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, similarity

Similarity = Callable[[Sequence[ClusterSummary], Sequence[ClusterSummary]], NDArray[np.floating]]

N_ROWS = 16
"""Clusters whose similarities are remembered: those that were best last."""
PAIRS = 1 << 15
"""Pairs that the matrix compares between two looks at whether they are still wanted."""
SPARE = 64
"""Clusters that are gone whose similarities the matrix keeps at least, for an undo; of many, an
eighth as many as live."""


@dataclass(frozen=True)
class Ranked:
    """The similarities of one cluster to others, by the function that gave them."""

    mine: ClusterSummary
    function: Similarity
    others: Mapping[int, tuple[ClusterSummary, float]]


class Row:
    """Similarities of one cluster to others.

    A summary is never written to: as long as it is the same object, so is the similarity.
    """

    def __init__(self, mine: ClusterSummary, function: Similarity) -> None:
        self.mine = mine
        self.function = function
        self._known: dict[int, tuple[ClusterSummary, float]] = {}

    def lacking(self, others: Sequence[tuple[int, ClusterSummary]]) -> list[int]:
        """Those of some clusters to which the similarity is not known."""
        return [c for c, s in others if c not in self._known or self._known[c][0] is not s]

    def known(self, others: Sequence[tuple[int, ClusterSummary]]) -> list[float] | None:
        """What is known already, 0 where that is nothing; None if it is nothing at all."""
        lacking = set(self.lacking(others))
        if others and len(lacking) == len(others):
            return None
        return [0.0 if c in lacking else self._known[c][1] for c, _ in others]

    def learn(self, found: Mapping[int, tuple[ClusterSummary, float]]) -> None:
        """Take over what was computed elsewhere."""
        self._known.update(found)

    def values(self, others: Sequence[tuple[int, ClusterSummary]]) -> list[float]:
        """Similarity to each of some clusters, given with their summaries."""
        known = self._known
        new = [(c, s) for c, s in others if c not in known or known[c][0] is not s]
        if new:
            found = np.asarray(self.function([self.mine], [s for _, s in new]))[0].tolist()
            known.update({c: (s, value) for (c, s), value in zip(new, found, strict=True)})
        return [known[c][1] for c, _ in others]


class Rows:
    """The rows of the clusters that were asked for last."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}

    def of(self, cluster_id: int, mine: ClusterSummary, function: Similarity) -> Row:
        """The row of a cluster; a new one if its summary or the function is another one."""
        row = self._rows.pop(cluster_id, None)
        if row is None or row.mine is not mine or row.function is not function:
            row = Row(mine, function)
        self._rows[cluster_id] = row
        while len(self._rows) > N_ROWS:
            del self._rows[next(iter(self._rows))]
        return row


class Matrix:
    """Similarities of every two clusters, kept for all that look at them; safe for threads.

    Summaries are told apart by identity, as in :class:`Row`. Those of clusters that are gone are
    kept for a while, so that an undo finds them. It takes 4 bytes for a pair: 20 MB for 2,000
    clusters, and nothing before somebody has asked.
    """

    def __init__(self) -> None:
        # One thread computes at a time; whoever only looks does not wait for it.
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._function: Similarity | None = None
        # Of a cluster: its summary and its row. The similarities of all these are known.
        self._rows: dict[int, tuple[ClusterSummary, int]] = {}
        self._n_used = 0
        self._values = np.empty((0, 0), np.float32)
        self._last: tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]] | None = None

    def learn(
        self,
        clusters: Mapping[int, ClusterSummary],
        function: Similarity,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Compare clusters as far as that has not been done; returns whether it is done.

        Parameters
        ----------
        clusters : mapping of int to ClusterSummary
            Those that are there now, the most urgent first.
        function : callable
            The similarity. What was found by another one is forgotten.
        goes_on : callable
            Asked after each piece whether there is time for another one; it may raise.
        """
        while True:
            with self._turn:
                new = self._lacking(clusters, function)
                if new:
                    self._compare(new, clusters, function)
                    new = self._lacking(clusters, function)
            if not new:
                return True
            if not goes_on():
                return False

    def adopt(
        self,
        clusters: Mapping[int, ClusterSummary],
        function: Similarity,
        values: NDArray[np.float32],
    ) -> None:
        """Take over what was computed elsewhere, unless something is known already.

        Parameters
        ----------
        clusters : mapping of int to ClusterSummary
            Those that were compared, in the order of the values.
        function : callable
            That gave them.
        values : (n_clusters, n_clusters) float32
        """
        size = len(clusters) + max(SPARE, len(clusters) // 8)
        room = np.zeros((size, size), np.float32)
        room[: len(values), : len(values)] = values
        with self._turn, self._lock:
            if not self._rows:
                self._function, self._values = function, room
                self._rows = {c: (s, row) for row, (c, s) in enumerate(clusters.items())}
                self._n_used = len(clusters)

    def between(self, clusters: Mapping[int, ClusterSummary]) -> NDArray[np.float32]:
        """Similarities of clusters in their order, 0 of each to itself and where none is known.

        It is the same array, not to be written to, as long as it would hold the same.

        Returns
        -------
        array of float32 (n_clusters, n_clusters)
        """
        with self._lock:
            values = self._values
            rows = np.array([self._row(c, s) for c, s in clusters.items()], np.int64)
            last = self._last
        if last is not None and last[0] is values and np.array_equal(last[1], rows):
            return last[2]
        # Rows are never used for another cluster, so nothing changes meanwhile.
        known = np.flatnonzero(rows >= 0)
        found = np.zeros((len(rows), len(rows)), np.float32)
        if len(known) == len(rows):
            np.take(values[rows], rows, axis=1, out=found, mode="clip")
        else:
            found[np.ix_(known, known)] = values[np.ix_(rows[known], rows[known])]
        np.fill_diagonal(found, 0)
        with self._lock:
            self._last = values, rows, found
        return found

    def known(
        self, cluster_id: int, row: Row, others: Sequence[tuple[int, ClusterSummary]]
    ) -> dict[int, tuple[ClusterSummary, float]]:
        """What is known of the similarities of one cluster to others, for :meth:`Row.learn`."""
        with self._lock:
            mine = self._row(cluster_id, row.mine)
            if mine < 0 or self._function is not row.function:
                return {}
            values = self._values[mine].tolist()
            found = [(c, s, self._row(c, s)) for c, s in others]
        return {c: (s, values[at]) for c, s, at in found if at >= 0}

    def _row(self, cluster_id: int, summary: ClusterSummary) -> int:
        """Row of a cluster; -1 where its similarities are not known."""
        entry = self._rows.get(cluster_id)
        return -1 if entry is None or entry[0] is not summary else entry[1]

    def _lacking(
        self, clusters: Mapping[int, ClusterSummary], function: Similarity
    ) -> dict[int, ClusterSummary]:
        """The next clusters to be compared with those that have been, and with one another."""
        with self._lock:
            if self._function is not function:
                self._function, self._rows, self._n_used = function, {}, 0
                self._values = np.empty((0, 0), np.float32)
            lacking = [c for c, s in clusters.items() if self._row(c, s) < 0]
            most = max(8, min(256, PAIRS // max(len(self._rows), 1)))
        return {c: clusters[c] for c in lacking[:most]}

    def _compare(
        self,
        new: Mapping[int, ClusterSummary],
        clusters: Mapping[int, ClusterSummary],
        function: Similarity,
    ) -> None:
        self._make_room(new, clusters)
        # Those that are gone as well: an undo brings back what never lived beside the new ones.
        old = {c: entry for c, entry in self._rows.items() if c not in new}
        mine, others = list(new.values()), [summary for summary, _ in old.values()]
        beside = np.asarray(function(mine, [*mine, *others]), np.float32)
        within, across = beside[:, : len(mine)], beside[:, len(mine) :]
        # That of the program does not go by which one is first; one of the user may.
        is_symmetric = function is similarity or not others
        back = across.T if is_symmetric else np.asarray(function(others, mine), np.float32)
        first = self._n_used
        at = np.arange(first, first + len(mine))
        rows = np.array([row for _, row in old.values()], np.int64)
        self._values[first : first + len(mine), first : first + len(mine)] = within
        self._values[np.ix_(at, rows)], self._values[np.ix_(rows, at)] = across, back
        with self._lock:
            self._rows = {c: entry for c, entry in self._rows.items() if c not in new}
            self._rows.update(
                (c, (s, row)) for (c, s), row in zip(new.items(), at.tolist(), strict=True)
            )
            self._n_used += len(mine)

    def _make_room(
        self, new: Mapping[int, ClusterSummary], clusters: Mapping[int, ClusterSummary]
    ) -> None:
        """Have a free row for each new cluster, if need be by forgetting some that are gone."""
        if self._n_used + len(new) <= len(self._values):
            return
        spare = max(SPARE, len(clusters) // 8)
        living = [c for c in self._rows if c in clusters and c not in new]
        gone = [c for c in self._rows if c not in clusters]
        # Later ones more likely come back; half of the places are for those that will go.
        kept = [*gone[len(gone) - min(len(gone), spare // 2) :], *living]
        size = max(len(clusters), len(living) + len(new)) + spare
        values = np.zeros((size, size), np.float32)
        rows = np.array([self._rows[c][1] for c in kept], np.int64)
        values[: len(kept), : len(kept)] = self._values[np.ix_(rows, rows)]
        with self._lock:
            self._rows = {c: (self._rows[c][0], row) for row, c in enumerate(kept)}
            self._values, self._n_used = values, len(kept)
