"""Parts that a cluster, or several, may be split into: what is proposed, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import SplitScore, split_parts, split_score
from phygui.curation.edits.update import EditError, in_words
from phygui.curation.statistics.amplitudes import channel_sizes
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.stats import Cancel, compute_stats
from phygui.dataset import ShankData

N_CHANNELS = 4
"""Channels, the largest ones of a cluster, by which it is split."""
_STRETCH = 20_000
"""Spikes that are read between two looks at whether the result is still wanted."""


@dataclass(frozen=True)
class Parts:
    """Parts that some clusters may be split into; accepted by :meth:`Session.split_into`."""

    clusters: tuple[int, ...]
    """The clusters whose spikes these are: all of them."""
    spike_ids: NDArray[np.int64]
    """(n_spikes,) int64, increasing."""
    labels: NDArray[np.int64]
    """(n_spikes,) int64: the part of each, from 0 by decreasing size."""
    evidence: SplitScore | None = None
    """That the parts are units of their own; None where nothing is known of them but the times."""
    reason: str = ""
    """What they were split by, such as ``amplitude < 120``; empty for their features."""

    @property
    def n_parts(self) -> int:
        """Number of parts: 1 where the spikes look like one unit."""
        return int(self.labels.max(initial=-1)) + 1

    def spikes(self, part: int) -> NDArray[np.int64]:
        """Spikes of one part: (n,) int64, increasing."""
        chosen: NDArray[np.int64] = self.spike_ids[self.labels == part]
        return chosen


def find_parts(
    snapshot: Snapshot,
    cluster_ids: tuple[int, ...],
    stats: Mapping[int, ClusterStats],
    n_parts: int | None = None,
    cancelled: Cancel = lambda: False,
) -> Parts | None:
    """Parts that the spikes of some clusters fall into by their features.

    Without features they are compared by their waveforms.

    Parameters
    ----------
    snapshot : Snapshot
    cluster_ids : tuple of int
    stats : mapping of int to ClusterStats
        What is known of the clusters; what is not is computed.
    n_parts : int, optional
        How many parts there are to be; by default as many as there are units, by all evidence.
    cancelled : callable

    Returns
    -------
    Parts or None
        None when cancelled.

    Raises
    ------
    EditError
        If there is nothing to split by.
    """
    shank = snapshot.shank
    spike_ids = spikes_of(snapshot, cluster_ids)
    if n_parts is not None and not 1 <= n_parts <= len(spike_ids):
        raise EditError(
            f"{in_words(cluster_ids)} cannot be split into {n_parts} parts: "
            f"there are {len(spike_ids)} spikes"
        )
    ordered = shank.clock.in_order(spike_ids)
    known = [stats[c] if c in stats else compute_stats(snapshot, [c])[c] for c in cluster_ids]
    columns = _columns(shank, ordered, _channels(shank, known), cancelled)
    if columns is None:
        return None
    train = shank.clock.pair_train(spike_ids)
    labels, evidence = split_parts(columns, train, shank.sample_rate, n_parts)
    return Parts(cluster_ids, spike_ids, in_order_of(spike_ids, ordered, labels), evidence)


def spikes_of(snapshot: Snapshot, cluster_ids: tuple[int, ...]) -> NDArray[np.int64]:
    """Spikes of some clusters, increasing."""
    if len(cluster_ids) == 1:
        return snapshot.spikes(cluster_ids[0])
    if not cluster_ids:
        raise EditError("no cluster is selected: there is nothing to split")
    return np.sort(np.concatenate([snapshot.spikes(c) for c in cluster_ids]), kind="stable")


def in_order_of(
    spike_ids: NDArray[np.int64], ordered: NDArray[np.int64], values: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Values of spikes in the order of time, as those of increasing spikes."""
    if ordered is spike_ids:
        return values
    found = np.empty_like(values)
    found[np.searchsorted(spike_ids, ordered)] = values
    return found


def _channels(shank: ShankData, stats: list[ClusterStats]) -> NDArray[np.int64]:
    """Places of the channels on which some clusters are largest, increasing."""
    found: list[int] = []
    for each in stats:
        sizes = channel_sizes(each.summary, shank)
        if sizes is not None:
            found += np.argsort(-sizes, kind="stable")[:N_CHANNELS].tolist()
    return np.unique(np.array(found, np.int64))


def _columns(
    shank: ShankData, spike_ids: NDArray[np.int64], channels: NDArray[np.int64], cancelled: Cancel
) -> NDArray[np.float32] | None:
    """Features of spikes on some channels, or without them waveforms: (n_spikes, n_columns)."""
    if shank.features is None and shank.waveforms is None:
        raise EditError("there are neither features nor raw data to split by")
    read = []
    for start in range(0, len(spike_ids), _STRETCH):
        if cancelled():
            return None
        some = spike_ids[start : start + _STRETCH]
        if shank.features is not None:
            values, masks = shank.features.read(some, channels)
            values = values * masks[:, :, None]
        elif shank.waveforms is not None:
            values = shank.waveforms[some][:, :, channels]
        read.append(np.nan_to_num(values, posinf=0.0, neginf=0.0).reshape(len(some), -1))
    return np.concatenate(read).astype(np.float32)


def evidence_of(
    snapshot: Snapshot,
    cluster_ids: tuple[int, ...],
    labels: NDArray[np.int64],
    stats: Mapping[int, ClusterStats],
    cancelled: Cancel,
) -> SplitScore | None:
    """The evidence for parts that were found otherwise; None where there is nothing to go by."""
    shank, spike_ids = snapshot.shank, spikes_of(snapshot, cluster_ids)
    ordered = shank.clock.in_order(spike_ids)
    known = [stats[c] if c in stats else compute_stats(snapshot, [c])[c] for c in cluster_ids]
    if shank.features is None:
        return None
    columns = _columns(shank, ordered, _channels(shank, known), cancelled)
    if columns is None:
        return None
    train = shank.clock.pair_train(spike_ids)
    at = labels if ordered is spike_ids else labels[np.searchsorted(spike_ids, ordered)]
    return split_score(columns, train, shank.sample_rate, at)
