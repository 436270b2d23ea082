"""What views show of all clusters: where they are, how large, how many spikes, how clean."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterData, MetricSpec
from phygui.analysis.metrics import metrics
from phygui.curation.statistics.amplitudes import channel_sizes
from phygui.curation.statistics.metric_set import attribute_metrics
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.stats import compute_stats
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache
from phygui.views.core.base import Cancel, check

log = logging.getLogger(__name__)

_cache = ByteCache(96 * 2**20)
_places = ByteCache(4 * 2**20)
_turn = threading.Lock()
"""Views that open together ask for the same clusters: what one computes, the others wait for."""
FEW = 24
"""Clusters of which statistics are computed here; of more they come in without being asked for."""
MOST_NAMED = 200
"""Selected clusters that are named where they are, in the order of the selection."""
_SIZE = 50_000
"""Bytes that what is known of a cluster takes at most, about."""

_TRAIN = frozenset({"spike_samples", "recorded_samples"})
"""What is at hand of any cluster: a metric that needs no more is computed when it is shown."""
_FIXED = {
    "id": "cluster",
    "number of spikes": "spikes",
    "amplitude": "amplitude",
    "depth": "depth (µm)",
}


def columns(shank: ShankData | None = None) -> dict[str, str]:
    """What is known of every cluster, and how it stands at an axis but for the unit of voltages."""
    axes = {spec.label: spec.axis for spec in _metrics(shank)}
    return {**_FIXED, **{name: axis for name, axis in axes.items() if name not in _FIXED}}


def axis_name(name: str, shank: ShankData) -> str:
    """How one of :func:`columns` stands at an axis."""
    return f"{_FIXED[name]} ({shank.voltage_unit})" if name == "amplitude" else columns(shank)[name]


def is_awaited(name: str) -> bool:
    """Whether one of :func:`columns` comes in as it is computed."""
    at_hand = {spec.label for spec in metrics() if spec.needs <= _TRAIN}
    return name not in ("id", "number of spikes") and name not in at_hand


def why_unknown(snapshot: Snapshot, name: str, cluster_ids: Iterable[int]) -> str:
    """Why one of :func:`columns` is not known of any of some clusters; empty for other data."""
    if name in _FIXED:
        return ""
    spec = _metric(name, snapshot.shank)
    known = [snapshot.metrics.get(c, {}).get(spec.name) for c in cluster_ids]
    reasons = [metric.reason for metric in known if metric is not None]
    return next(iter(reasons), "it has not been computed yet" if is_awaited(name) else "")


def _metrics(shank: ShankData | None) -> tuple[MetricSpec, ...]:
    """All metrics: also what the format holds of the spikes of a shank."""
    return (*metrics(), *(() if shank is None else attribute_metrics(shank.attributes)))


def _metric(label: str, shank: ShankData) -> MetricSpec:
    return next(spec for spec in _metrics(shank) if spec.label == label)


def stats_of(
    snapshot: Snapshot, cluster_ids: Iterable[int], cancelled: Cancel
) -> dict[int, ClusterStats]:
    """What is known of some clusters; what an edit did not touch is not computed again.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    known = snapshot.stats
    return {c: known.get(c) or _own_stats(snapshot, c, cancelled) for c in cluster_ids}


def _own_stats(snapshot: Snapshot, cluster_id: int, cancelled: Cancel) -> ClusterStats:
    """Those of a cluster of which nothing has come in."""
    # In a time range, what is around the selection stays where it is.
    of = snapshot if cluster_id in snapshot.cluster_ids else snapshot.whole
    owners = (snapshot.shank, of.spikes(cluster_id))
    key = ("stats", snapshot.shank.n_located)
    stats: ClusterStats | None = _cache.get(owners, key)
    if stats is None:
        with _turn:
            check(cancelled)
            stats = _cache.get(owners, key)
            if stats is None:
                stats = compute_stats(of, [cluster_id])[cluster_id]
                _cache.put(owners, key, stats, _SIZE)
    return stats


def known_stats(
    snapshot: Snapshot, cluster_ids: Iterable[int], cancelled: Cancel
) -> dict[int, ClusterStats]:
    """What is known of clusters, for views of all of them, which do not wait for thousands.

    While statistics come in, the others of many clusters are left out until theirs are there. The
    selected ones are looked at in any case.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    ids = list(cluster_ids)
    unknown = {c for c in ids if c not in snapshot.stats}.difference(snapshot.cluster_ids)
    if len(unknown) <= FEW:
        return stats_of(snapshot, ids, cancelled)
    found = {}
    for cluster_id in ids:
        # Where nobody else computes any, as for a picture without a window, all are computed here.
        comes_in = cluster_id in unknown and snapshot.stats
        if not comes_in or cluster_id in snapshot.stats:
            found.update(stats_of(snapshot, [cluster_id], cancelled))
    return found


def locations_of(snapshot: Snapshot, stats: Mapping[int, ClusterStats]) -> NDArray[np.float64]:
    """Where clusters are, as :func:`location_of`, in the order of what is known of them: (n, 2).

    All of them are kept together: to look up thousands one by one takes longer than to draw them.
    """
    ids = sorted(stats)
    owners = (snapshot.shank, *(stats[c].summary for c in ids))
    known: NDArray[np.float64] | None = _places.get(owners, "")
    if known is None:
        found = [location_of(snapshot, stats[c]) for c in ids]
        known = np.array(found, np.float64).reshape(-1, 2)
        _places.put(owners, "", known, 150 * len(owners))
    return known[np.searchsorted(ids, list(stats))] if ids else known


def location_of(snapshot: Snapshot, stats: ClusterStats) -> tuple[float, float]:
    """Where a cluster is on the probe, micrometres; NaN where neither waveforms nor features are.

    The mean position of its channels, each weighted by the square of the cluster's size there;
    channels with less than half the largest size, which hold mostly noise, do not count.
    """
    owners = stats.summary, snapshot.shank
    known: tuple[float, float] | None = _places.get(owners, "")
    if known is None:
        known = _place(snapshot, stats)
        _places.put(owners, "", known, 100)
    return known


def _place(snapshot: Snapshot, stats: ClusterStats) -> tuple[float, float]:
    sizes = channel_sizes(stats.summary, snapshot.shank)
    if sizes is None or not len(sizes) or not sizes.max() > 0:
        return float("nan"), float("nan")
    weights = np.where(sizes >= 0.5 * sizes.max(), sizes.astype(np.float64) ** 2, 0.0)
    x, y = weights @ np.asarray(snapshot.shank.channel_positions) / weights.sum()
    return float(x), float(y)


def column(
    snapshot: Snapshot, name: str, cluster_ids: Iterable[int], cancelled: Cancel
) -> NDArray[np.float64]:
    """One of :func:`columns` for some clusters: (n,) float64, NaN where it is not known.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    ids = list(cluster_ids)
    if name == "id":
        return np.array(ids, dtype=np.float64)
    if name == "number of spikes":
        return np.array([len(snapshot.spikes(c)) for c in ids], dtype=np.float64)
    if name not in _FIXED:
        spec = _metric(name, snapshot.shank)
        found = [_value(snapshot, spec, c, cancelled) for c in ids]
        return spec.scale * np.array(found, dtype=np.float64)
    stats = known_stats(snapshot, ids, cancelled)
    if name == "depth":
        depths = dict(zip(stats, locations_of(snapshot, stats)[:, 1].tolist(), strict=True))
        return np.array([depths.get(c, np.nan) for c in ids], dtype=np.float64)
    values = [stats[c].amplitude if c in stats else None for c in ids]
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _value(snapshot: Snapshot, spec: MetricSpec, cluster_id: int, cancelled: Cancel) -> float:
    """A metric of a cluster: as the session knows it, or from its train if that is enough."""
    known = snapshot.metrics.get(cluster_id, {}).get(spec.name)
    if snapshot.time_range is not None and spec.needs <= _TRAIN:
        known = None
    if known is not None:
        return known.value
    if not spec.needs <= _TRAIN:
        return float("nan")
    shank, spike_ids = snapshot.shank, snapshot.spikes(cluster_id)
    # Raw data that is located later may put spikes into other recordings.
    owners, key = (shank.clock, spike_ids), (spec.name, spec.version)
    value: float | None = _cache.get(owners, key)
    if value is None:
        check(cancelled)
        needs = spec.needs
        data = ClusterData(
            spike_samples=shank.clock.pair_train(spike_ids) if "spike_samples" in needs else None,
            recorded_samples=(
                snapshot.recorded_train(spike_ids) if "recorded_samples" in needs else None
            ),
            n_spikes=len(spike_ids),
            sample_rate=shank.sample_rate,
            duration=snapshot.duration,
        )
        try:
            value = spec.measure(data).value
        except Exception as error:
            # The session computes it as well, and says there what is wrong with it.
            log.debug("the metric %r failed", spec.name, exc_info=error)
            value = float("nan")
        _cache.put(owners, key, value, 8)
    return value
