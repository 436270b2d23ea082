"""What the waveform view draws: waveforms of a sample of spikes, on the channels that matter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache
from phygui.views.core.base import Cancel, Empty, check
from phygui.views.core.loading import missing_data
from phygui.views.core.mouse import scale_of_data
from phygui.views.data.draw_budget import Budget, among
from phygui.views.data.probe_layout import ProbeLayout, probe_layout

_BUDGET = Budget(each=100, together=400, most=4_000)
_MOST_POINTED = 100
_FEW_CHANNELS = 32
_CHUNK = 50
_N_TYPICAL = 100
_RARE = 1.0
"""Per cent of a cluster's spikes that may be larger than the room made for them."""

_cache = ByteCache(8 * 2**20)


@dataclass(frozen=True)
class WaveformParams:
    """Settings of the waveform view."""

    n_spikes: int = _BUDGET.field("Most waveforms drawn, and averaged, of each cluster.", step=50)
    channels: str = field(
        default="auto",
        metadata={
            "label": "Channels",
            "help": "masks: those that are not masked for the selected clusters; all: every one; "
            f"auto: all if there are at most {_FEW_CHANNELS}, else as masks.",
            "choices": ("auto", "masks", "all"),
        },
    )
    chosen: str = field(
        default="",
        metadata={
            "label": "Only these channels",
            "help": "Channel numbers and ranges, as in 3, 5-9. If empty, or if a shank has "
            "none of them, the setting above applies.",
            "local": True,
        },
    )
    overlap: bool = field(
        default=True,
        metadata={
            "label": "Overlap clusters",
            "help": "Draw the clusters over each other, or side by side.",
            "reload": False,
        },
    )
    show: str = field(
        default="spikes",
        metadata={
            "label": "Show",
            "help": "Single spikes; their mean with its standard deviation; the spikes "
            "minus their mean; or the density of the spikes.",
            "choices": ("spikes", "mean", "residual", "density"),
            "reload": False,
        },
    )
    data_scale: float = scale_of_data()


@dataclass(frozen=True)
class WaveformData:
    """What the waveform view draws, in microvolts, or raw units if no gain is known."""

    cluster_ids: tuple[int, ...]
    channels: NDArray[np.int64]
    """Indices of the channels shown, (n_channels,), into the channel order."""
    channel_names: tuple[str, ...]
    layout: ProbeLayout
    spike_ids: NDArray[np.int64]
    """(n_spikes,), sorted."""
    spike_times: NDArray[np.float64]
    """Seconds, (n_spikes,)."""
    colors: NDArray[np.int64]
    """Index of each spike's cluster in the selection, (n_spikes,)."""
    waveforms: NDArray[np.float32]
    """(n_spikes, n_samples, n_channels)."""
    unmasked: NDArray[np.bool_]
    """Whether a channel took part in a spike, (n_spikes, n_channels)."""
    means: NDArray[np.float32]
    """(n_clusters, n_samples, n_channels)."""
    deviations: NDArray[np.float32]
    """Standard deviation, (n_clusters, n_samples, n_channels)."""
    cluster_unmasked: NDArray[np.bool_]
    """Whether a channel took part in most spikes of a cluster, (n_clusters, n_channels)."""
    times: NDArray[np.float64]
    """Of the samples, from the spike on, in milliseconds."""
    full_scale: float
    """What the height of a box stands for before the user scales the data."""
    unit: str
    """Of all voltages."""
    reach: NDArray[np.float32]
    """The lowest and the highest voltage of nearly all spikes of every cluster on each channel,
    (2, n_channels)."""
    n_spikes: int
    """Of the selected clusters, also those that are not drawn."""
    absent: str = ""
    """The channels that the user wrote, if this channel group has none of them."""


@dataclass(frozen=True)
class Pointed:
    """Waveforms of spikes that a lasso holds, on the channels shown."""

    spike_ids: NDArray[np.int64]
    """(n_spikes,), sorted: a sample of those of the clusters shown."""
    colors: NDArray[np.int64]
    """Index of each spike's cluster in the selection, (n_spikes,)."""
    waveforms: NDArray[np.float32]
    """(n_spikes, n_samples, n_channels)."""
    unmasked: NDArray[np.bool_]
    """Where each spike is drawn, (n_spikes, n_channels)."""


@dataclass(frozen=True)
class _Cluster:
    """The sample of one cluster, on some channels."""

    spike_ids: NDArray[np.int64]
    waveforms: NDArray[np.float32]
    unmasked: NDArray[np.bool_]


def load_waveforms(
    snapshot: Snapshot, params: WaveformParams, cancelled: Cancel
) -> WaveformData | Empty:
    """Read the waveforms of a sample of each selected cluster."""
    shank = snapshot.shank
    if shank.waveforms is None:
        return missing_data(shank, "traces")
    if not snapshot.cluster_ids:
        return Empty("Select a cluster to see its waveforms.")
    sizes = [len(snapshot.spikes(c)) for c in snapshot.cluster_ids]
    n_each = _BUDGET.of_each(params.n_spikes, sizes)
    samples = [sample_spikes(snapshot.spikes(c), n_each) for c in snapshot.cluster_ids]
    masks = [_masks(shank, spikes, cancelled) for spikes in samples]
    try:
        chosen = parse_channels(params.chosen, [int(c) for c in shank.channels])
    except ValueError as error:
        return Empty(f"{error}.")
    channels = chosen if len(chosen) else _channels(shank, params, masks)
    clusters = [
        _read(snapshot, cluster_id, spikes, mask, channels, cancelled)
        for cluster_id, spikes, mask in zip(snapshot.cluster_ids, samples, masks, strict=True)
    ]

    spike_ids = np.concatenate([c.spike_ids for c in clusters])
    order = np.argsort(spike_ids, kind="stable")
    colors = np.repeat(np.arange(len(clusters)), [len(c.spike_ids) for c in clusters])
    check(cancelled)
    times = (np.arange(shank.n_samples_waveforms) - shank.n_samples_before) / shank.sample_rate
    return WaveformData(
        cluster_ids=snapshot.cluster_ids,
        channels=channels,
        channel_names=tuple(str(int(c)) for c in np.asarray(shank.channels)[channels]),
        layout=probe_layout(shank.channel_positions[channels]),
        spike_ids=spike_ids[order],
        spike_times=shank.spike_samples[spike_ids[order]] / shank.sample_rate,
        colors=colors[order],
        waveforms=np.concatenate([c.waveforms for c in clusters])[order],
        unmasked=np.concatenate([c.unmasked for c in clusters])[order],
        means=np.stack([c.waveforms.mean(axis=0) for c in clusters]),
        deviations=np.stack([c.waveforms.std(axis=0) for c in clusters]),
        cluster_unmasked=np.stack([c.unmasked.mean(axis=0) >= 0.5 for c in clusters]),
        times=1000.0 * times,
        full_scale=_full_scale(shank),
        unit=shank.voltage_unit,
        reach=_reach([c.waveforms for c in clusters if len(c.waveforms)], len(channels)),
        n_spikes=sum(sizes),
        absent="" if len(chosen) else " ".join(params.chosen.split()),
    )


def load_pointed(
    snapshot: Snapshot, data: WaveformData, spike_ids: NDArray[np.int64], cancelled: Cancel
) -> Pointed | None:
    """Read the waveforms of a few of some spikes, spread evenly, whether they are drawn or not.

    None if no spike is one of the clusters shown.
    """
    shank = snapshot.shank
    own = [spike_ids[among(spike_ids, snapshot.spikes(c))] for c in data.cluster_ids]
    found = sample_spikes(np.sort(np.concatenate(own)), _MOST_POINTED)
    if not len(found):
        return None
    colors = np.select([among(found, ids) for ids in own], np.arange(len(own)))
    mask = _masks(shank, found, cancelled)
    waveforms, unmasked = _waveforms(shank, found, mask, data.channels, cancelled)
    # A spike that took part nowhere is still to be seen.
    unmasked[~unmasked.any(axis=1)] = True
    return Pointed(found, colors, waveforms, unmasked)


def parse_channels(text: str, channel_order: list[int]) -> NDArray[np.int64]:
    """Read channel numbers and ranges of them, as in ``3, 5-9``.

    Returns
    -------
    array of int64
        Their indices into the channel order, in that order; none if there are no such channels, as
        may be in another channel group.

    Raises
    ------
    ValueError
        With a sentence for the user.
    """
    spans: list[tuple[int, int]] = []
    for part in text.replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"'{part}' is neither a channel number nor a range like 5-9")
        spans.append((int(first), int(last if dash else first)))
    found = [i for i, c in enumerate(channel_order) if any(a <= c <= b for a, b in spans)]
    return np.array(found, np.int64)


def _masks(
    shank: ShankData, spikes: NDArray[np.int64], cancelled: Cancel
) -> NDArray[np.float32] | None:
    check(cancelled)
    return None if shank.features is None else shank.features.read(spikes)[1]


def _channels(
    shank: ShankData, params: WaveformParams, masks: list[NDArray[np.float32] | None]
) -> NDArray[np.int64]:
    """Indices of the channels to show."""
    every = np.arange(shank.n_channels)
    few = params.channels == "auto" and shank.n_channels <= _FEW_CHANNELS
    known = [m for m in masks if m is not None and len(m)]
    if params.channels == "all" or few or not known:
        return every
    # A channel counts if it took part in a good part of the spikes of some cluster.
    part = np.max([(m > 0).mean(axis=0) for m in known], axis=0)
    return np.flatnonzero(part >= min(0.25, part.max()))


def _read(
    snapshot: Snapshot,
    cluster_id: int,
    spikes: NDArray[np.int64],
    mask: NDArray[np.float32] | None,
    channels: NDArray[np.int64],
    cancelled: Cancel,
) -> _Cluster:
    shank, owner = snapshot.shank, snapshot.spikes(cluster_id)
    key = (len(spikes), channels.tobytes(), shank.n_located)
    found: _Cluster | None = _cache.get((shank, owner), key)
    if found is not None:
        return found
    waveforms, unmasked = _waveforms(shank, spikes, mask, channels, cancelled)
    found = _Cluster(spikes, waveforms, unmasked)
    _cache.put((shank, owner), key, found, waveforms.nbytes + unmasked.nbytes + spikes.nbytes)
    return found


def _waveforms(
    shank: ShankData,
    spikes: NDArray[np.int64],
    mask: NDArray[np.float32] | None,
    channels: NDArray[np.int64],
    cancelled: Cancel,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Waveforms of some spikes on some channels, and where the spikes are unmasked."""
    assert shank.waveforms is not None
    samples = np.arange(shank.n_samples_waveforms)
    parts = []
    for start in range(0, len(spikes), _CHUNK):
        check(cancelled)
        at = np.ix_(spikes[start : start + _CHUNK], samples, channels)
        parts.append(shank.waveforms[at])
    waveforms = np.concatenate(parts) * shank.channel_gains[channels].astype(np.float32)
    shape = (len(spikes), len(channels))
    unmasked = np.ones(shape, bool) if mask is None else mask[:, channels] > 0
    return waveforms, unmasked


def _reach(waveforms: list[NDArray[np.float32]], n_channels: int) -> NDArray[np.float32]:
    """How far the waveforms of some clusters go on each channel, a few of their spikes aside."""
    reach = np.zeros((2, n_channels), np.float32)
    for values in waveforms:
        low = np.percentile(values.min(axis=1), _RARE, axis=0)
        high = np.percentile(values.max(axis=1), 100 - _RARE, axis=0)
        reach = np.stack([np.minimum(reach[0], low), np.maximum(reach[1], high)])
    return reach


def _full_scale(shank: ShankData) -> float:
    """A scale that suits most spikes; the same for all clusters, so that they can be compared."""
    key = ("full scale", shank.n_located)
    known = _cache.get((shank,), key)
    if known is None:
        assert shank.waveforms is not None
        n = min(shank.n_spikes, _N_TYPICAL)
        spikes = (2 * np.arange(n, dtype=np.int64) + 1) * shank.n_spikes // max(1, 2 * n)
        heights = np.ptp(shank.waveforms[spikes], axis=1) * shank.channel_gains
        known = float(np.percentile(heights.max(axis=1, initial=0.0), 75)) / 1.4 if n else 0.0
        known = known or 1.0
        _cache.put((shank,), key, known, 8)
    return known
