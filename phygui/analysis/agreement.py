"""How two clusterings of the same spikes agree: which cluster of one went where in the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True)
class Agreement:
    """The confusion table of two clusterings, only its entries that are not zero.

    Attributes
    ----------
    ids_a, ids_b : (n_a,), (n_b,) int64
        Clusters of each side, ascending.
    sizes_a, sizes_b : (n_a,), (n_b,) int64
        Spikes of each cluster.
    rows, columns : (n,) int64
        Places in ``ids_a`` and ``ids_b`` of the pairs that share spikes, by rows, and within a
        row the largest share first.
    counts : (n,) int64
        Spikes that each pair shares.
    """

    ids_a: NDArray[np.int64]
    ids_b: NDArray[np.int64]
    sizes_a: NDArray[np.int64]
    sizes_b: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return int(self.counts.sum())

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of each pair, the share of the first cluster's spikes that the second has: (n,)."""
        return self.counts / self.sizes_a[self.rows]

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of each pair, the share of the second cluster's spikes that the first has: (n,)."""
        return self.counts / self.sizes_b[self.columns]

    @property
    def jaccard(self) -> NDArray[np.float64]:
        """Of each pair, the spikes that both have over those that either has: (n,).

        Jaccard, Bull. Soc. Vaud. Sci. Nat. 37 (1901) 547.
        """
        either = self.sizes_a[self.rows] + self.sizes_b[self.columns] - self.counts
        return self.counts / either

    def best(self) -> NDArray[np.int64]:
        """Place among the pairs of the best partner of each first cluster, by Jaccard: (n_a,)."""
        order = np.lexsort((-self.jaccard, self.rows))
        first = np.searchsorted(self.rows[order], np.arange(len(self.ids_a)))
        return order[first]

    def pairs_of(self, place: int) -> slice:
        """The pairs of the first cluster at a place."""
        start, stop = np.searchsorted(self.rows, [place, place + 1])
        return slice(int(start), int(stop))

    def swapped(self) -> Agreement:
        """The same seen from the other side."""
        order = np.lexsort((-self.counts, self.columns))
        return Agreement(
            self.ids_b,
            self.ids_a,
            self.sizes_b,
            self.sizes_a,
            self.columns[order],
            self.rows[order],
            self.counts[order],
        )


def agreement(clusters_a: ArrayLike, clusters_b: ArrayLike) -> Agreement:
    """Compare two clusterings of the same spikes, in a time that follows their number.

    Parameters
    ----------
    clusters_a, clusters_b : (n_spikes,) integers, not negative
        Cluster of each spike on either side.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If they are not about the same number of spikes.
    """
    from scipy.sparse import coo_matrix

    a, b = np.asarray(clusters_a), np.asarray(clusters_b)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"the clusterings have {a.size} and {b.size} spikes, expected as many")
    ids_a, places_a = _places(a)
    ids_b, places_b = _places(b)
    ones = np.ones(len(a), np.int64)
    table = coo_matrix((ones, (places_a, places_b)), shape=(len(ids_a), len(ids_b))).tocsr()
    table.sum_duplicates()
    entries = table.tocoo()
    order = np.lexsort((-entries.data, entries.row))
    return Agreement(
        ids_a,
        ids_b,
        np.bincount(places_a, minlength=len(ids_a)),
        np.bincount(places_b, minlength=len(ids_b)),
        entries.row[order].astype(np.int64),
        entries.col[order].astype(np.int64),
        entries.data[order],
    )


def _places(clusters: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The clusters that there are, ascending, and the place among them of each spike's."""
    largest = int(clusters.max()) if clusters.size else -1
    if largest > 4 * len(clusters) + 1_000_000:
        ids, places = np.unique(clusters, return_inverse=True)
        return ids.astype(np.int64), places.astype(np.int64)
    # Ids are small numbers: a table of them spares the sorting.
    used = np.zeros(largest + 1, bool)
    used[clusters] = True
    ids = np.flatnonzero(used)
    table = np.zeros(largest + 1, np.int64)
    table[ids] = np.arange(len(ids))
    return ids.astype(np.int64), table[clusters]
