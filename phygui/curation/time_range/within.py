"""What of a session lies within a range of time: two binary searches for each cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import Metric
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.dataset.clock import SpikeClock

V = TypeVar("V")


class SpikesWithin(Mapping[int, NDArray[np.int64]]):
    """The spikes of every cluster within a range of time, each found when it is asked for.

    Always the same arrays for the same clusters, by which views know what they have drawn. They
    are parts of those of the whole clusters, and copy nothing where the file is in order of time.

    Parameters
    ----------
    whole : mapping of int to (n_spikes,) int64
        Sorted spike ids of every cluster.
    within : Within
    """

    def __init__(self, whole: Mapping[int, NDArray[np.int64]], within: Within) -> None:
        self._whole = whole
        self._within = within

    def __getitem__(self, cluster_id: int) -> NDArray[np.int64]:
        return self._within.part(cluster_id, self._whole[cluster_id])

    def __iter__(self) -> Iterator[int]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def __contains__(self, cluster_id: object) -> bool:
        return cluster_id in self._whole


class Known(Mapping[int, V]):
    """What is known of clusters: of those selected within the range, of others as a whole.

    Parameters
    ----------
    within : mapping
        Of the selected clusters, as far as it is computed.
    selected : frozenset of int
    whole : mapping
        What is known of whole clusters; grows while this is in use.
    """

    def __init__(
        self, within: Mapping[int, V], selected: frozenset[int], whole: Mapping[int, V]
    ) -> None:
        self._within = within
        self._selected = selected
        self._whole = whole

    def __getitem__(self, cluster_id: int) -> V:
        return (self._within if cluster_id in self._selected else self._whole)[cluster_id]

    def __iter__(self) -> Iterator[int]:
        yield from self._within
        yield from (c for c in tuple(self._whole) if c not in self._selected)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, cluster_id: object) -> bool:
        return cluster_id in (self._within if cluster_id in self._selected else self._whole)


@dataclass(frozen=True, eq=False)
class Found:
    """What is known of some spikes of a cluster within the range."""

    spikes: NDArray[np.int64]
    stats: ClusterStats
    metrics: Mapping[str, Metric] = field(default_factory=dict)


class KnownFirst(Mapping[int, V]):
    """What is known of clusters: within the range where that is known, else as a whole.

    Each is looked up when it is asked for, since a table asks for few of very many.

    Parameters
    ----------
    selected : tuple of int
        The clusters of which something may be known within the range.
    found : callable
        What is known of one of these; None if nothing is.
    value : callable
        What is wanted of that.
    whole : mapping
        What is known of whole clusters.
    """

    def __init__(
        self,
        selected: tuple[int, ...],
        found: Callable[[int], Found | None],
        value: Callable[[Found], V],
        whole: Mapping[int, V],
    ) -> None:
        self._selected = selected
        self._found = found
        self._value = value
        self._whole = whole

    def __getitem__(self, cluster_id: int) -> V:
        found = self._found(cluster_id)
        return self._whole[cluster_id] if found is None else self._value(found)

    def __iter__(self) -> Iterator[int]:
        yield from (more := [c for c in self._selected if self._found(c) is not None])
        known = set(more)
        yield from (c for c in tuple(self._whole) if c not in known)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, cluster_id: object) -> bool:
        return cluster_id in self._whole or (
            cluster_id in self._selected and self._found(cluster_id) is not None
        )


class Within:
    """A range of time of one channel group, and what is known of clusters within it.

    Parameters
    ----------
    clock : SpikeClock
    time_range : (float, float)
        Seconds: the first moment, and the first one after it.
    """

    def __init__(self, clock: SpikeClock, time_range: tuple[float, float]) -> None:
        self.clock = clock
        self.first_rank, self.last_rank = clock.ranks_between(*time_range)
        self._lock = threading.Lock()
        # Of a cluster: all its spikes, and those within. Ids are not used twice in a clustering,
        # but they are in several, and in proposals.
        self._parts: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._found: dict[int, Found] = {}
        self._similar_to: tuple[Found, Mapping[Found, float]] | None = None

    def part(self, cluster_id: int, whole: NDArray[np.int64]) -> NDArray[np.int64]:
        """The spikes of a cluster that lie within: sorted ids."""
        with self._lock:
            known = self._parts.get(cluster_id)
            if known is None or known[0] is not whole:
                known = self._parts[cluster_id] = whole, self._search(whole)
            return known[1]

    def _search(self, whole: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.clock.is_ascending:
            first, last = np.searchsorted(whole, [self.first_rank, self.last_rank])
            return whole[first:last]
        ranks = self.clock.ranks(whole)
        first, last = np.searchsorted(ranks, [self.first_rank, self.last_rank])
        return np.sort(self.clock.spike_ids(ranks[first:last]))

    def known(self, cluster_id: int, spikes: NDArray[np.int64]) -> Found | None:
        """What is known of spikes of a cluster within; None if nothing is."""
        found = self._found.get(cluster_id)
        return found if found is not None and found.spikes is spikes else None

    def take(self, found: Mapping[int, Found]) -> None:
        """Take over what was found of clusters."""
        self._found.update(found)

    def take_similarities(self, best: Found, others: Mapping[Found, float]) -> None:
        """Take over how similar some clusters are to one."""
        self._similar_to = best, others

    def similarity(self, best: Found | None, other: Found | None) -> float | None:
        """How similar a cluster is to the one that others were compared with last, if known."""
        if best is None or other is None or self._similar_to is None:
            return None
        return self._similar_to[1].get(other) if self._similar_to[0] is best else None


class TimeRange:
    """A range of time on the clock of a dataset, and what is known within it.

    Parameters
    ----------
    start_time, stop_time : float
        Seconds; the second is excluded.
    """

    def __init__(self, start_time: float, stop_time: float) -> None:
        self.limits = start_time, stop_time
        self._of_clocks: dict[int, Within] = {}

    def of(self, clock: SpikeClock) -> Within:
        """The range in one channel group."""
        known = self._of_clocks.get(id(clock))
        # It holds the clock, so that no other one has this id meanwhile.
        if known is None:
            known = self._of_clocks[id(clock)] = Within(clock, self.limits)
        return known

    def known(
        self,
        clock: SpikeClock,
        cluster_ids: Iterable[int],
        whole: Mapping[int, NDArray[np.int64]],
    ) -> dict[int, Found]:
        """What is known of clusters within the range, of those of which something is."""
        within = self.of(clock)
        found = {c: within.known(c, within.part(c, whole[c])) for c in cluster_ids if c in whole}
        return {c: of for c, of in found.items() if of is not None}

    def snapshot(self, whole: Snapshot) -> Snapshot:
        """A session in which there is nothing but what happened within the range."""
        within, ids = self.of(whole.shank.clock), whole.cluster_ids
        known = self.known(whole.shank.clock, ids, whole.spikes_per_cluster)
        selected = frozenset(ids)
        stats = {c: of.stats for c, of in known.items()}
        metrics = {c: of.metrics for c, of in known.items() if of.metrics}
        return replace(
            whole,
            spikes_per_cluster=SpikesWithin(whole.spikes_per_cluster, within),
            stats=Known(stats, selected, whole.stats),
            metrics=Known(metrics, selected, whole.metrics),
            time_range=self.limits,
            everything=whole,
        )
