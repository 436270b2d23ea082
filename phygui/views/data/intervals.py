"""How long after the one before it each spike of a cluster comes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import times_of
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache
from phygui.views.core.axes import Ticks, nice_ticks

_cache = ByteCache(16 * 2**20)


def since_previous(shank: ShankData, spikes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Seconds since the spike before each of a cluster's spikes; NaN for the first of a recording.

    Parameters
    ----------
    shank : ShankData
    spikes : array of int64 (n,)
        Of one cluster, in whatever order of time.

    Returns
    -------
    array of float64 (n,)
        Of these spikes, in the order in which they were given.
    """
    times = times_of(shank, spikes)
    order = np.argsort(times, kind="stable")
    since = np.diff(times[order], prepend=np.nan)
    recordings = np.asarray(shank.spike_recordings[spikes])[order]
    since[1:][recordings[1:] != recordings[:-1]] = np.nan
    found = np.empty_like(since)
    found[order] = since
    return found


def intervals_in(snapshot: Snapshot, cluster_id: int) -> NDArray[np.float64]:
    """Seconds since the spike before each spike of a cluster; NaN for the first of a recording.

    The one before the first spike of a time range is not in it; the interval is the same.

    Returns
    -------
    array of float64 (n,)
        Of the spikes that the snapshot has, in their order.
    """
    shank, whole = snapshot.shank, snapshot.whole.spikes(cluster_id)
    key = ("since", shank.n_located)
    since: NDArray[np.float64] | None = _cache.get((shank, whole), key)
    if since is None:
        since = since_previous(shank, whole)
        _cache.put((shank, whole), key, since, since.nbytes)
    own = snapshot.spikes(cluster_id)
    return since if own is whole else since[np.searchsorted(whole, own)]


def log_intervals(snapshot: Snapshot, spike_ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intervals before some spikes, as they lie on a logarithmic axis: log10 of milliseconds.

    Returns
    -------
    array of float64 (n,)
        NaN for a spike that no selected cluster has, or with none before it. Two spikes at the same
        sample are half a sample apart.
    """
    shank = snapshot.shank
    found = np.full(len(spike_ids), np.nan)
    for cluster_id in snapshot.cluster_ids:
        own = snapshot.spikes(cluster_id)
        if not len(own):
            continue
        since = intervals_in(snapshot, cluster_id)
        places = np.minimum(np.searchsorted(own, spike_ids), len(own) - 1)
        is_own = own[places] == spike_ids
        found[is_own] = since[places[is_own]]
    least = 0.5 / shank.sample_rate
    # A NaN stays one.
    logarithms: NDArray[np.float64] = np.log10(1000 * np.maximum(found, least))
    return logarithms


def interval_ticks(low: float, high: float, n_max: int) -> Ticks:
    """Powers of ten on such an axis; within a decade what is round there."""
    powers = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    if len(powers) >= 2:
        step = -(-len(powers) // max(n_max, 1))
        return [(float(p), f"{10.0**p:g}") for p in powers[::step]]
    ticks = nice_ticks(10.0**low, 10.0**high, n_max)
    return [(float(np.log10(value)), text) for value, text in ticks if value > 0]
