"""What can be put on an axis for a spike: reading it, by the keys of the attributes of spikes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.statistics.amplitudes import Ruler, ruler_of, spike_amplitudes
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import (
    AMPLITUDE,
    DEPTH,
    INTERVAL,
    TIME,
    parse_key,
    stored_name,
    times_of,
)
from phygui.dataset import FeatureSource, ShankData
from phygui.storage.cache import ByteCache
from phygui.views.core.base import Cancel, check
from phygui.views.data.cluster_values import stats_of
from phygui.views.data.depths import read_depths
from phygui.views.data.intervals import log_intervals

_CHUNK = 10_000
_STRETCH = 5_000
_N_TYPICAL = 200
_TOGETHER = 1_000
_MOST_ASKED = 8
"""Clusters that have a say in which channels are the best; of more, none would get its second."""
_NEAR = 16
_ENOUGH = 6
"""Values of which one can be said to be far from the others."""
_MARGIN = 0.15
_MOST_GROUPS = 200
"""Clusters of which each is looked at for the range of an axis."""
_FAR = 3.0
"""Times the extent of all others: farther, and what is between them could not be told apart."""

_cache = ByteCache(8 * 2**20)
_chunks = ByteCache(24 * 2**20)


def features_of(shank: ShankData) -> FeatureSource:
    """The features and masks of a shank that has them."""
    assert shank.features is not None
    return shank.features


def values_and_masks(
    snapshot: Snapshot, keys: Iterable[str], spike_ids: NDArray[np.int64], cancelled: Cancel
) -> dict[str, tuple[NDArray[np.float64] | NDArray[np.float32], NDArray[np.float32] | None]]:
    """Read attributes of some spikes.

    Parameters
    ----------
    snapshot : Snapshot
    keys : iterable of str
    spike_ids : array of int64 (n,)
    cancelled : callable
        Asked between stretches of channels.

    Returns
    -------
    dict
        By key: the values, (n,), in seconds, in the unit of amplitudes, or in the arbitrary one of
        features, and the masks in [0, 1], (n,), or
        None where an attribute has no mask. Only the columns asked for, and what is between near
        ones, are read.
    """
    found: dict[str, tuple[NDArray[Any], NDArray[np.float32] | None]] = {}
    shank = snapshot.shank
    wanted = list(dict.fromkeys(keys))
    places = {key: place for key in wanted if (place := parse_key(key)) is not None}
    for channels in _read_together(shank, {channel for channel, _ in places.values()}):
        check(cancelled)
        values, masks = features_of(shank).read(spike_ids, channels)
        at = {channel: k for k, channel in enumerate(channels.tolist())}
        for key, (channel, feature) in places.items():
            if channel in at:
                found[key] = values[:, at[channel], feature], masks[:, at[channel]]
    if TIME in wanted:
        found[TIME] = times_of(shank, spike_ids), None
    for key in wanted:
        if (name := stored_name(key)) is not None:
            check(cancelled)
            found[key] = shank.attributes[name].read(spike_ids), None
    if DEPTH in wanted:
        found[DEPTH] = read_depths(shank, spike_ids, cancelled).depths, None
    if INTERVAL in wanted:
        found[INTERVAL] = log_intervals(snapshot, spike_ids), None
    if AMPLITUDE in wanted:
        found[AMPLITUDE] = amplitudes(snapshot, spike_ids, cancelled), None
    return found


def _read_together(shank: ShankData, channels: set[int]) -> list[NDArray[np.int64]]:
    """Which channels to read in one call, together with what is between near ones."""
    if not channels:
        return []
    if getattr(features_of(shank), "reads_whole_rows", False):
        return [np.array(sorted(channels))]
    return [np.arange(first, last + 1) for first, last in spans(channels)]


def spans(channels: Iterable[int]) -> list[tuple[int, int]]:
    """Group channels, by index, into stretches to be read at once: (first, last) of each.

    Channels that are near each other are on the same page of the file or, if it is compressed, in
    the same chunk, so that to read what is between them costs less than to go there twice.
    """
    found: list[tuple[int, int]] = []
    for channel in sorted(channels):
        if found and channel - found[-1][1] <= _NEAR:
            found[-1] = found[-1][0], channel
        else:
            found.append((channel, channel))
    return found


def amplitudes(
    snapshot: Snapshot, spike_ids: NDArray[np.int64], cancelled: Cancel
) -> NDArray[np.float32]:
    """Amplitude of some spikes, see :mod:`phygui.curation.statistics.amplitudes`.

    A spike of a selected cluster is measured as that cluster is; one of another cluster as the
    best selected one, beside whose spikes it is drawn.

    Returns
    -------
    array of float32 (n,)
        In the unit of :func:`~phygui.curation.statistics.amplitudes.amplitude_unit`.
    """
    found = np.full(len(spike_ids), np.nan, np.float32)
    clusters = snapshot.clusters_of(spike_ids)
    others = ~np.isin(clusters, snapshot.cluster_ids)
    for place, cluster_id in enumerate(snapshot.cluster_ids):
        own = clusters == cluster_id
        at = np.flatnonzero(own | others if place == 0 else own)
        if len(at):
            ruler = ruler_in(snapshot, cluster_id, cancelled)
            found[at] = measured(snapshot, spike_ids[at], ruler, cancelled)
    return found


def ruler_in(snapshot: Snapshot, cluster_id: int, cancelled: Cancel) -> Ruler | None:
    """What the spikes of a cluster are measured by, in a time range or not.

    The mean waveform within a range may have its peak elsewhere; a lasso would then split off other
    spikes than it surrounds, since a split takes whole clusters.
    """
    stats = stats_of(snapshot.whole, [cluster_id], cancelled)[cluster_id]
    return ruler_of(snapshot.shank, stats.summary)


def measured(
    snapshot: Snapshot, spike_ids: NDArray[np.int64], ruler: Ruler | None, cancelled: Cancel
) -> NDArray[np.float32]:
    """Amplitudes of spikes of one cluster, read in stretches so as to stop when cancelled."""
    found = np.empty(len(spike_ids), np.float32)
    for start in range(0, len(spike_ids), _STRETCH):
        check(cancelled)
        part = slice(start, start + _STRETCH)
        found[part] = spike_amplitudes(snapshot.shank, spike_ids[part], ruler)
    return found


def _largest_masked(values: NDArray[np.float32], masks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest absolute feature of each spike on each channel, times the mask.

    Nothing where one of them is not finite. Of many channels, most are masked.
    """
    largest = np.zeros(masks.shape, np.float32)
    spikes, channels = np.nonzero(masks)
    some, found = masks[spikes, channels], np.zeros(len(spikes), np.float32)
    # Feature by feature: over the few of a channel numpy's own takes ten times as long.
    for feature in range(values.shape[2]):
        with np.errstate(invalid="ignore"):
            sizes = np.abs(values[spikes, channels, feature] * some)
        sizes[~np.isfinite(sizes)] = 0.0
        np.maximum(found, sizes, out=found)
    largest[spikes, channels] = found
    return largest


def channel_strengths(
    snapshot: Snapshot, cluster_ids: Sequence[int], cancelled: Cancel
) -> list[NDArray[np.float32]]:
    """Mean over a sample of each cluster's spikes of its largest masked feature on each channel.

    What is not known of the clusters is read together; of many clusters, fewer spikes of each.

    Returns
    -------
    list of array of float32 (n_channels,)
    """
    shank, spikes = snapshot.shank, [snapshot.spikes(c) for c in cluster_ids]
    n_each = max(1, min(_N_TYPICAL, _TOGETHER // max(1, len(spikes))))
    key = ("strengths", shank.n_located, n_each)
    found: list[NDArray[np.float32] | None] = [_cache.get((shank, own), key) for own in spikes]
    missing = [k for k, known in enumerate(found) if known is None]
    if missing:
        check(cancelled)
        samples = [sample_spikes(spikes[k], n_each) for k in missing]
        by_channel = _largest_masked(*features_of(shank).read(np.concatenate(samples)))
        stops = np.cumsum([len(sample) for sample in samples])
        for k, part in zip(missing, np.split(by_channel, stops[:-1]), strict=True):
            known = part.mean(axis=0) if len(part) else part.sum(axis=0)
            found[k] = known
            _cache.put((shank, spikes[k]), key, known, known.nbytes)
    return [known for known in found if known is not None]


def best_channels(snapshot: Snapshot, cancelled: Cancel) -> list[int]:
    """Channel indices by decreasing interest for the selected clusters.

    Each cluster's channels are ranked by its mean masked feature; the clusters take turns, the
    best cluster first, so that each has its best channel early. Of very many clusters the first
    ones decide.
    """
    asked = snapshot.cluster_ids[:_MOST_ASKED]
    strengths = channel_strengths(snapshot, asked, cancelled)
    orders = [np.argsort(-of_one, kind="stable") for of_one in strengths]
    turns = np.stack(orders, axis=1).ravel() if orders else np.empty(0, np.int64)
    return [int(c) for c in dict.fromkeys(turns.tolist())]


def amplitude_range(groups: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """The range of an axis of amplitudes, as of :func:`robust_range`: zero is always on it.

    The margin is a part of the whole axis: a cluster whose spikes are alike, however large they
    are, would else cling to its end. Amplitudes below zero are those of spikes that are no spikes
    of their cluster, or of a cluster of noise.
    """
    low, high = robust_range(groups, margin=0.0)
    return (1 + _MARGIN) * min(low, 0.0), (1 + _MARGIN) * max(high, 0.0)


def in_groups(values: NDArray[Any], colors: NDArray[np.int64]) -> list[NDArray[Any]]:
    """Values of each cluster, for the range of an axis; of very many clusters, all of them as one.

    Of these each has so few values that none of them can be told to be far from the others.

    Parameters
    ----------
    values : array (n,)
    colors : array of int64 (n,)
        Place of each value's cluster in the selection.
    """
    n_clusters = int(colors.max(initial=-1)) + 1
    if n_clusters > _MOST_GROUPS:
        return [values]
    # So few numbers are sorted fastest where they are short.
    order = np.argsort(colors.astype(np.int16), kind="stable")
    bounds = np.searchsorted(colors[order], np.arange(1, n_clusters))
    return np.split(values[order], bounds)


def robust_range(
    groups: Iterable[NDArray[Any]], *, percent: float = 1.0, margin: float = _MARGIN
) -> tuple[float, float]:
    """A range that shows nearly all of every group of values, and that outliers cannot spoil.

    Parameters
    ----------
    groups : iterable of array (n,)
    percent : float
        What is left out of each group at either end. Of a group too small for that, the one or
        two last values at either end are left out if they are far from all others.
    margin : float
        What is added at either end, as a part of the range.
    """
    within, cores = [], []
    for values in groups:
        finite = values[np.isfinite(values)]
        n = len(finite)
        if n:
            out = int(n * percent / 100)
            doubtful = max(out, min(n // _ENOUGH, 2))
            # No percentiles: between the last values of a few, these are a part of the outlier.
            ranked = np.partition(finite, sorted({out, doubtful, n - 1 - doubtful, n - 1 - out}))
            within.append(ranked[out : n - out])
            cores.append((ranked[doubtful], ranked[n - 1 - doubtful]))
    if not cores:
        return -1.0, 1.0
    low, high = float(np.min(cores)), float(np.max(cores))
    shown, reach = np.concatenate(within), _FAR * (high - low)
    # Where all others are alike there is no telling what is far.
    if reach > 0:
        shown = shown[(shown >= low - reach) & (shown <= high + reach)]
    low, high = float(shown.min()), float(shown.max())
    if low == high:
        return low - 0.5, high + 0.5
    return low - margin * (high - low), high + margin * (high - low)


def spikes_inside(
    snapshot: Snapshot,
    x_key: str,
    y_key: str,
    polygon: NDArray[np.float64],
    cancelled: Cancel,
) -> NDArray[np.int64]:
    """All spikes of the selected clusters inside a polygon in the plane of two attributes.

    Returns
    -------
    array of int64 (n,)
        Sorted spike ids.
    """
    from phygui.analysis import points_in_polygon

    found = [np.empty(0, np.int64)]
    for cluster_id in snapshot.cluster_ids if len(polygon) >= 3 else ():
        spikes = snapshot.spikes(cluster_id)
        for start in range(0, len(spikes), _CHUNK):
            check(cancelled)
            points = _points(snapshot, cluster_id, start, (x_key, y_key), cancelled)
            found.append(spikes[start : start + _CHUNK][points_in_polygon(points, polygon)])
    return np.sort(np.concatenate(found))


def _points(
    snapshot: Snapshot, cluster_id: int, start: int, keys: tuple[str, str], cancelled: Cancel
) -> NDArray[np.float64]:
    """Two attributes of a chunk of a cluster's spikes, (n, 2).

    While a lasso is drawn it is asked again and again which spikes lie inside.
    """
    shank, spikes = snapshot.shank, snapshot.spikes(cluster_id)
    ruler = ruler_in(snapshot, cluster_id, cancelled) if AMPLITUDE in keys else None
    # What a cluster's spikes are measured by is estimated first, and computed then.
    by = None if ruler is None else (ruler.channel, ruler.sample, ruler.direction.tobytes())
    owners, key = (shank, spikes), (keys, start, shank.n_located, by)
    points: NDArray[np.float64] | None = _chunks.get(owners, key)
    if points is None:
        chunk = spikes[start : start + _CHUNK]
        read = values_and_masks(snapshot, keys, chunk, cancelled)
        points = np.column_stack([read[key][0] for key in keys]).astype(np.float64)
        _chunks.put(owners, key, points, points.nbytes)
    return points
