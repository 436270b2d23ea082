"""Similarities of a few clusters to all others, of which an edit makes only a few anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary

Similarity = Callable[[Sequence[ClusterSummary], Sequence[ClusterSummary]], NDArray[np.floating]]

N_ROWS = 16
"""Clusters whose similarities are remembered: those that were best last."""


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
