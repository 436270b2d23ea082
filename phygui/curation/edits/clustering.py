"""Which spike belongs to which cluster, and how that changes: merge, split, assign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.curation.edits.update import EditError, Update, in_words
from phygui.guards import cluster_ids_of
from phygui.words import counted

SpikeLists = dict[int, NDArray[np.int64]]

LARGEST_ID = int(np.iinfo(np.int32).max)


class Clustering:
    """Assignment of every spike to one cluster.

    The methods that make an edit return an :class:`Update` and change nothing;
    :meth:`apply` makes the change. Both cost what the touched spikes cost.

    Parameters
    ----------
    spike_clusters : (n_spikes,) integers
        Cluster of each spike; copied.
    largest_id : int, optional
        Largest cluster id ever used, if that is above the largest one present.
    """

    def __init__(self, spike_clusters: ArrayLike, largest_id: int = -1) -> None:
        given = np.asarray(spike_clusters)
        if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
            raise ValueError(
                "spike_clusters must be one-dimensional integers, "
                f"not {given.dtype} of shape {given.shape}"
            )
        if given.size and (int(given.min()) < 0 or int(given.max()) > LARGEST_ID):
            raise ValueError(
                f"cluster ids must lie in 0..{LARGEST_ID}, not {given.min()}..{given.max()}"
            )
        self._spike_clusters = given.astype(np.int32)
        self._spikes = spikes_by_cluster(self._spike_clusters)
        self._largest_id = max(largest_id, max(self._spikes, default=-1))

    # -- questions -------------------------------------------------------------------------

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return len(self._spike_clusters)

    @property
    def spike_clusters(self) -> NDArray[np.int32]:
        """Cluster of each spike, (n_spikes,) int32; a read-only view of the live array."""
        view = self._spike_clusters.view()
        view.flags.writeable = False
        return view

    @property
    def cluster_ids(self) -> NDArray[np.int64]:
        """Ids of the clusters that hold spikes, ascending, int64."""
        return np.array(sorted(self._spikes), dtype=np.int64)

    @property
    def next_id(self) -> int:
        """The id that the next new cluster gets: above every id ever used."""
        return self._largest_id + 1

    @property
    def spikes_per_cluster(self) -> Mapping[int, NDArray[np.int64]]:
        """Sorted spike ids of every cluster; not to be written to."""
        return self._spikes

    def __contains__(self, cluster_id: object) -> bool:
        return cluster_id in self._spikes

    def __len__(self) -> int:
        return len(self._spikes)

    def spikes(self, cluster_id: int) -> NDArray[np.int64]:
        """Sorted spike ids of one cluster.

        Raises
        ------
        EditError
            If there is no such cluster.
        """
        try:
            return self._spikes[cluster_id]
        except KeyError:
            raise EditError(f"no cluster {cluster_id}") from None

    # -- edits -----------------------------------------------------------------------------

    def merge(self, cluster_ids: Iterable[int], aside: NDArray[np.int64] | None = None) -> Update:
        """The change that makes one new cluster of two or more.

        Parameters
        ----------
        cluster_ids : iterable of int
        aside : array of int64 (n,), optional
            Some of their spikes, sorted, of which another new cluster is made.

        Raises
        ------
        EditError
            If fewer than two clusters are named, or one that does not exist.
        """
        ids = list(dict.fromkeys(cluster_ids_of(cluster_ids, EditError)))
        if len(ids) < 2:
            raise EditError("a merge needs at least two clusters")
        before = {c: self.spikes(c) for c in ids}
        merged = np.concatenate(list(before.values()))
        merged.sort(kind="stable")
        if aside is None or not len(aside):
            new = self._new_ids(1)[0]
            return Update("merge", f"merged {in_words(ids)} into {new}", before, {new: merged})
        new, other = self._new_ids(2)
        after = {new: _difference(merged, aside), other: aside}
        text = f"merged {in_words(ids)} into {new}"
        text += f", {counted(len(aside), 'spike')} detected twice set aside in {other}"
        return Update("merge", text, before, after)

    def split(self, spike_ids: ArrayLike) -> Update:
        """The change that makes one new cluster of some spikes.

        What is left of each touched cluster becomes a new cluster too. It is empty if the
        spikes are exactly one whole cluster.

        Raises
        ------
        EditError
            If there are no spikes.
        """
        inside = self._checked_spikes(spike_ids)
        touched = np.unique(self._spike_clusters[inside])
        if len(touched) == 1 and len(inside) == len(self._spikes[int(touched[0])]):
            text = f"these are all the spikes of cluster {touched[0]}: nothing to split"
            return Update("split", text)
        before, after = self._replace([inside], touched)
        text = f"split {in_words(before)} into {in_words(after)}"
        return Update("split", text, before, after)

    def assign(self, spike_ids: ArrayLike, labels: ArrayLike) -> Update:
        """The change that makes one new cluster of the spikes of each label.

        Parameters
        ----------
        spike_ids : (n,) integers
            Distinct spikes, in any order.
        labels : (n,) integers
            Spikes of equal label go to the same new cluster; the numbers themselves are
            not used as cluster ids. What is left of a touched cluster becomes a new one.
        """
        given = np.asarray(spike_ids)
        label_of = np.asarray(labels)
        if given.shape != label_of.shape:
            raise EditError(f"{given.size} spikes were given {label_of.size} labels")
        ids = self._checked_spikes(given)
        label_of = label_of[np.argsort(given, kind="stable")]
        touched = np.unique(self._spike_clusters[ids])
        parts = [ids[label_of == value] for value in np.unique(label_of)]
        before, after = self._replace(parts, touched)
        text = f"assigned {len(ids)} spikes of {in_words(before)} to {in_words(after)}"
        return Update("assign", text, before, after)

    def apply(self, update: Update) -> None:
        """Make a change, in a time that follows the spikes that it names."""
        for cluster_id in update.before:
            del self._spikes[cluster_id]
        for cluster_id, spike_ids in update.after.items():
            self._spikes[cluster_id] = spike_ids
            self._spike_clusters[spike_ids] = cluster_id
        self._largest_id = max(self._largest_id, *update.after, -1)

    def reserve(self, largest_id: int) -> None:
        """Never give a new cluster an id up to this one."""
        self._largest_id = max(self._largest_id, largest_id)

    # -- helpers ---------------------------------------------------------------------------

    def _checked_spikes(self, spike_ids: ArrayLike) -> NDArray[np.int64]:
        given = np.asarray(spike_ids)
        if given.size == 0:
            raise EditError("no spikes were given")
        if given.dtype.kind == "b":
            raise EditError("a mask was given, expected spike ids: np.flatnonzero(mask)")
        if given.ndim != 1 or given.dtype.kind not in "iu":
            raise EditError("spike ids must be a one-dimensional array of integers")
        ids = np.unique(given.astype(np.int64))
        if len(ids) != len(given):
            raise EditError(f"{len(given) - len(ids)} spike ids were given more than once")
        if ids[0] < 0 or ids[-1] >= self.n_spikes:
            wrong = ids[0] if ids[0] < 0 else ids[-1]
            raise EditError(f"no spike {wrong}: spike ids go from 0 to {self.n_spikes - 1}")
        return ids

    def _replace(
        self, parts: Sequence[NDArray[np.int64]], touched: NDArray[np.int32]
    ) -> tuple[SpikeLists, SpikeLists]:
        """Clusters before and after: the parts, then what is left of each touched cluster."""
        before = {int(c): self._spikes[int(c)] for c in touched}
        moved = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))
        rests = [_difference(spikes, moved) for spikes in before.values()]
        pieces = [*parts, *(rest for rest in rests if len(rest))]
        return before, dict(zip(self._new_ids(len(pieces)), pieces, strict=True))

    def _new_ids(self, n: int) -> list[int]:
        if self.next_id + n - 1 > LARGEST_ID:
            raise EditError(f"no cluster id is left: the largest one possible is {LARGEST_ID}")
        return list(range(self.next_id, self.next_id + n))


def _difference(spikes: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spikes that are not among the others; both sorted."""
    position = np.searchsorted(others, spikes)
    found = position < len(others)
    found[found] = others[position[found]] == spikes[found]
    return spikes[~found]


def spikes_by_cluster(spike_clusters: NDArray[np.int32]) -> SpikeLists:
    """Sorted spike ids of every cluster, in one pass over the spikes."""
    if not len(spike_clusters):
        return {}
    # numpy sorts 16-bit integers by radix, an order of magnitude faster than wider ones.
    narrow = spike_clusters.max() < 2**16
    keys = spike_clusters.astype(np.uint16) if narrow else spike_clusters
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0])).tolist()
    bounds = [0, *starts, len(order)]
    return {int(ordered[a]): order[a:b] for a, b in pairwise(bounds)}
