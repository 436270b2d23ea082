"""What views show of all clusters: where they are, how large, how many spikes, how clean."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import refractory_violations
from phygui.curation.statistics.amplitudes import channel_sizes
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.stats import ClusterStats, compute_stats
from phygui.dataset import ShankData
from phygui.views.core.base import Cancel, check
from phygui.views.core.cache import ByteCache

_cache = ByteCache(96 * 2**20)
_SIZE = 50_000
"""Bytes that what is known of a cluster takes at most, about."""

REFRACTORY = 0.002
"""Seconds."""
COLUMNS = {
    "id": "cluster",
    "number of spikes": "spikes",
    "firing rate": "spikes/s",
    "amplitude": "amplitude",
    "depth": "depth (μm)",
    "violations": "violations (%)",
}
"""What is known of every cluster, and how it stands at an axis but for the unit of voltages."""


def axis_name(name: str, shank: ShankData) -> str:
    """How one of :data:`COLUMNS` stands at an axis."""
    of_voltages = name == "amplitude"
    return f"{COLUMNS[name]} ({shank.voltage_unit})" if of_voltages else COLUMNS[name]


def stats_of(
    snapshot: Snapshot, cluster_ids: Iterable[int], cancelled: Cancel
) -> dict[int, ClusterStats]:
    """What is known of some clusters; what an edit did not touch is not computed again.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    found = {}
    for cluster_id in cluster_ids:
        owners = (snapshot.shank, snapshot.spikes(cluster_id))
        key = ("stats", snapshot.shank.n_located)
        stats = snapshot.stats.get(cluster_id) or _cache.get(owners, key)
        if stats is None:
            check(cancelled)
            stats = compute_stats(snapshot, [cluster_id])[cluster_id]
            _cache.put(owners, key, stats, _SIZE)
        found[cluster_id] = stats
    return found


def location_of(snapshot: Snapshot, stats: ClusterStats) -> tuple[float, float]:
    """Where a cluster is on the probe, micrometres; NaN where neither waveforms nor features are.

    The mean position of its channels, each weighted by the square of the cluster's size there;
    channels with less than half the largest size, which hold mostly noise, do not count.
    """
    sizes = channel_sizes(stats.summary, snapshot.shank)
    if sizes is None or not len(sizes) or not sizes.max() > 0:
        return float("nan"), float("nan")
    weights = np.where(sizes >= 0.5 * sizes.max(), sizes.astype(np.float64) ** 2, 0.0)
    x, y = weights @ np.asarray(snapshot.shank.channel_positions) / weights.sum()
    return float(x), float(y)


def column(
    snapshot: Snapshot, name: str, cluster_ids: Iterable[int], cancelled: Cancel
) -> NDArray[np.float64]:
    """One of :data:`COLUMNS` for some clusters: (n,) float64, NaN where it is not known.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    ids = list(cluster_ids)
    if name == "id":
        return np.array(ids, dtype=np.float64)
    if name in ("number of spikes", "firing rate"):
        counts = np.array([len(snapshot.spikes(c)) for c in ids], dtype=np.float64)
        return counts if name == "number of spikes" else counts / snapshot.shank.duration
    if name == "violations":
        return 100 * np.array([_violations(snapshot, c, cancelled) for c in ids], dtype=np.float64)
    stats = stats_of(snapshot, ids, cancelled)
    if name == "depth":
        return np.array([location_of(snapshot, stats[c])[1] for c in ids], dtype=np.float64)
    values = [stats[c].amplitude for c in ids]
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _violations(snapshot: Snapshot, cluster_id: int, cancelled: Cancel) -> float:
    spike_ids, clock = snapshot.spikes(cluster_id), snapshot.shank.clock
    # Raw data that is located later may put spikes into other recordings.
    owners = (clock, spike_ids)
    found = _cache.get(owners, "violations")
    if found is None:
        check(cancelled)
        samples = clock.pair_train(spike_ids)
        found = refractory_violations(samples, snapshot.shank.sample_rate, REFRACTORY).rate
        _cache.put(owners, "violations", found, 8)
    return found
