"""Parts that a cluster, or several, may be split into: what is proposed, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import REACH_UM, SplitScore, by_size, sample_spikes, split_parts, split_score
from phygui.curation.edits.update import EditError, in_words
from phygui.curation.statistics.amplitudes import channel_sizes
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.stats import Cancel, compute_stats
from phygui.dataset import ShankData

N_CHANNELS = 6
"""Channels, the largest ones of a cluster, by which it is split."""
_STRETCH, _STRETCH_RAW = 20_000, 200
"""Spikes whose features, or waveforms, are read between two looks at whether that is wanted."""
_N_SAMPLED = 400
"""Spikes by which channels are chosen."""
_N_AVERAGED = 100
"""Spikes of which the mean waveform of a part is taken."""


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
    columns = _columns(snapshot, cluster_ids, ordered, stats, cancelled)
    if columns is None:
        return None
    train = shank.clock.pair_train(spike_ids)
    labels, evidence = split_parts(columns.values, train, shank.sample_rate, n_parts, columns.seen)
    if len(evidence.n_spikes) > 1:
        found = _placed(shank, ordered, labels, columns, cancelled)
        if found is None:
            return None
        if found is not labels:
            labels = found
            sizes = split_score(columns.values, train, shank.sample_rate, labels, columns.seen)
            evidence = evidence._replace(n_spikes=sizes.n_spikes, violations=sizes.violations)
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


class _Columns(NamedTuple):
    """What is known of each spike, in the order of time."""

    values: NDArray[np.float32]
    """(n_spikes, n_columns)"""
    seen: NDArray[np.bool_]
    """(n_spikes,): whether the spike is unmasked on any of the channels."""
    channels: NDArray[np.int64]
    """Places of the channels, increasing."""


def _columns(
    snapshot: Snapshot,
    cluster_ids: tuple[int, ...],
    spike_ids: NDArray[np.int64],
    stats: Mapping[int, ClusterStats],
    cancelled: Cancel,
) -> _Columns | None:
    """Features of spikes on the best channels, or without them waveforms; None when cancelled.

    Features count where they are masked too: what lies below the threshold of a mask is no less
    continuous than what lies above.
    """
    shank = snapshot.shank
    if shank.features is None and shank.waveforms is None:
        raise EditError("there are neither features nor raw data to split by")
    known = [stats[c] if c in stats else compute_stats(snapshot, [c])[c] for c in cluster_ids]
    channels = _channels(shank, spike_ids, known)
    read, seen = [], []
    for start in range(0, len(spike_ids), _STRETCH):
        if cancelled():
            return None
        some = spike_ids[start : start + _STRETCH]
        if shank.features is not None:
            values, masks = shank.features.read(some, channels)
            seen.append((np.nan_to_num(masks) > 0).any(axis=1))
        else:
            assert shank.waveforms is not None
            values = np.asarray(shank.waveforms[some])[:, :, channels]
            seen.append(np.ones(len(some), np.bool_))
        read.append(values.reshape(len(some), -1))
    return _Columns(np.concatenate(read), np.concatenate(seen), channels)


def _channels(
    shank: ShankData, spike_ids: NDArray[np.int64], stats: list[ClusterStats]
) -> NDArray[np.int64]:
    """Places of the channels on which spikes are largest, increasing.

    Where a tenth of them is large, that may be a unit of its own: the mean would hide it. Farther
    away it takes a quarter: there, more than a tenth may have collided with others.
    """
    if shank.features is None:
        found = [channel_sizes(s.summary, shank) for s in stats]
        sizes = np.max([size for size in found if size is not None], axis=0)
    else:
        values, masks = shank.features.read(sample_spikes(spike_ids, _N_SAMPLED))
        lengths = np.linalg.norm(np.nan_to_num(values), axis=2) * np.nan_to_num(masks)
        quarter, tenth = np.quantile(lengths, (0.75, 0.9), axis=0)
        positions = np.asarray(shank.channel_positions)
        away = np.linalg.norm(positions - positions[np.argmax(quarter)], axis=1)
        sizes = np.where(away <= REACH_UM, tenth, quarter)
    return np.sort(np.argsort(-sizes, kind="stable")[:N_CHANNELS])


def _placed(
    shank: ShankData,
    spike_ids: NDArray[np.int64],
    labels: NDArray[np.int64],
    columns: _Columns,
    cancelled: Cancel,
) -> NDArray[np.int64] | None:
    """The same labels, but for the spikes whose features tell nothing: by their waveforms.

    On a large probe a spike is masked where it is while a larger one fires elsewhere. It goes to
    the part whose mean waveform is the nearest, where there is raw data. None when cancelled.
    """
    unseen = np.flatnonzero(~columns.seen)
    if shank.waveforms is None or not len(unseen):
        return labels

    def waveforms(places: NDArray[np.int64]) -> NDArray[np.float32]:
        assert shank.waveforms is not None
        read = np.asarray(shank.waveforms[spike_ids[places]])[:, :, columns.channels]
        return read.reshape(len(places), -1)

    means = []
    for k in range(int(labels.max()) + 1):
        if cancelled():
            return None
        of_part = np.flatnonzero((labels == k) & columns.seen)
        means.append(waveforms(sample_spikes(of_part, _N_AVERAGED)).mean(axis=0))
    found = labels.copy()
    for start in range(0, len(unseen), _STRETCH_RAW):
        if cancelled():
            return None
        some = unseen[start : start + _STRETCH_RAW]
        away = waveforms(some)[:, None] - np.stack(means)
        found[some] = np.argmin((away**2).sum(axis=2), axis=1)
    return by_size(found)


def evidence_of(
    snapshot: Snapshot,
    cluster_ids: tuple[int, ...],
    labels: NDArray[np.int64],
    stats: Mapping[int, ClusterStats],
    cancelled: Cancel,
) -> SplitScore | None:
    """What is known of parts that were found otherwise; None where there is nothing to go by.

    Parameters
    ----------
    snapshot : Snapshot
    cluster_ids : tuple of int
    labels : array of int64 (n_spikes,)
        Parts of all their spikes, in increasing order of these.
    stats : mapping of int to ClusterStats
    cancelled : callable
    """
    shank, spike_ids = snapshot.shank, spikes_of(snapshot, cluster_ids)
    if shank.features is None:
        return None
    ordered = shank.clock.in_order(spike_ids)
    columns = _columns(snapshot, cluster_ids, ordered, stats, cancelled)
    if columns is None:
        return None
    train = shank.clock.pair_train(spike_ids)
    at = labels if ordered is spike_ids else labels[np.searchsorted(spike_ids, ordered)]
    return split_score(columns.values, train, shank.sample_rate, at, columns.seen)
