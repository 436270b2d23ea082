"""What the waveform view draws: waveforms of a sample of spikes, on the channels that matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
from phygui.views.waveform.shown import Shown, shown_of

_BUDGET = Budget(each=100, together=400, most=4_000)
_MOST_POINTED = 100
_FEW_CHANNELS = 32
_CHUNK = 100
_N_TYPICAL = 100
_MOST_PAIRS = 224
"""Pairs of a cluster and a channel up to which every cluster is shown on every channel."""
_OWN = 0.1
"""Least part of a cluster's spikes in which a channel takes part that is read beyond them."""
MANY_CLUSTERS = 8
"""Clusters from which single spikes would hide one another."""
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
            "example": "3, 5-9",
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
        default="auto",
        metadata={
            "label": "Show",
            "help": "Single spikes; their mean with its standard deviation; the spikes "
            "minus their mean; or the density of the spikes. "
            f"auto: means from {MANY_CLUSTERS} clusters on, else spikes.",
            "choices": ("auto", "spikes", "mean", "residual", "density"),
            "reload": False,
        },
    )
    templates: bool = field(
        default=False,
        metadata={
            "label": "Sorter's templates",
            "help": "Show the templates that the sorter found the spikes with, where it has left "
            "them; without raw data they are shown in any case.",
        },
    )
    n_clusters: int = field(
        default=100,
        metadata={
            "label": "Clusters drawn",
            "help": "The first ones of the selection: of more, nothing could be told apart.",
            "min": 1,
            "max": 2_000,
            "step": 10,
        },
    )
    data_scale: float = scale_of_data()

    def shows(self, n_clusters: int) -> str:
        """What is shown of so many clusters: one of the choices that is not ``auto``."""
        if self.show != "auto":
            return self.show
        return "mean" if n_clusters >= MANY_CLUSTERS else "spikes"


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
    present: NDArray[np.bool_]
    """Whether a cluster is shown on a channel at all, (n_clusters, n_channels): of many clusters
    on many channels, each is only where it takes part. Elsewhere its waveforms are zeros."""
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
    n_left_out: int = 0
    """Selected clusters beyond those that are drawn."""
    shown: Shown | None = None
    """What is drawn with the settings that the data were loaded with."""
    are_templates: bool = False
    """Whether the means are the sorter's templates, and there are no spikes."""

    def form(self, params: WaveformParams) -> str:
        """What is drawn with some settings."""
        return "mean" if self.are_templates else params.shows(len(self.cluster_ids))


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
    """The sample of one cluster, on the channels that it is shown on."""

    waveforms: NDArray[np.float32]
    """(n_spikes, n_samples, n_channels)."""
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    reach: NDArray[np.float32]
    """The lowest and the highest voltage of nearly all spikes on each channel, (2, n_channels)."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        arrays = self.waveforms, self.mean, self.deviation, self.reach
        return sum(array.nbytes for array in arrays)


def load_waveforms(
    snapshot: Snapshot, params: WaveformParams, cancelled: Cancel
) -> WaveformData | Empty:
    """Read the waveforms of a sample of each selected cluster."""
    shank = snapshot.shank
    if shank.waveforms is None:
        return missing_data(shank, "traces")
    if nothing := snapshot.nothing("waveforms"):
        return Empty(nothing)
    ids = snapshot.cluster_ids[: params.n_clusters]
    sizes = [len(snapshot.spikes(c)) for c in ids]
    n_each = _BUDGET.of_each(params.n_spikes, sizes)
    samples = [sample_spikes(snapshot.spikes(c), n_each) for c in ids]
    order = np.argsort(np.concatenate(samples), kind="stable")
    spike_ids = np.concatenate(samples)[order]
    colors = np.repeat(np.arange(len(samples)), [len(s) for s in samples])[order]
    masks = _masks(shank, spike_ids, cancelled)
    try:
        chosen = parse_channels(params.chosen, [int(c) for c in shank.channels])
    except ValueError as error:
        return Empty(f"{error}.")
    rows = [np.flatnonzero(colors == k) for k in range(len(samples))]
    parts = _parts(masks, rows, shank.n_channels)
    channels = chosen if len(chosen) else _channels(shank, params, parts)
    unmasked = _unmasked(masks, len(spike_ids), channels)
    present = _present(parts[:, channels])
    clusters = _read(snapshot, ids, samples, [channels[own] for own in present], cancelled)

    check(cancelled)
    n_samples = shank.n_samples_waveforms
    waveforms = np.zeros((len(spike_ids), n_samples, len(channels)), np.float32)
    means = np.zeros((len(clusters), n_samples, len(channels)), np.float32)
    deviations = np.zeros_like(means)
    reach = np.zeros((2, len(channels)), np.float32)
    for k, cluster in enumerate(clusters):
        own = np.flatnonzero(present[k])
        if len(own) == len(channels):
            waveforms[rows[k]] = cluster.waveforms
        else:
            waveforms[rows[k][:, None, None], np.arange(n_samples)[:, None], own] = (
                cluster.waveforms
            )
        means[k][:, own], deviations[k][:, own] = cluster.mean, cluster.deviation
        reach[0, own] = np.minimum(reach[0, own], cluster.reach[0])
        reach[1, own] = np.maximum(reach[1, own], cluster.reach[1])
    times = (np.arange(n_samples) - shank.n_samples_before) / shank.sample_rate
    data = WaveformData(
        cluster_ids=ids,
        channels=channels,
        channel_names=tuple(str(int(c)) for c in np.asarray(shank.channels)[channels]),
        layout=probe_layout(shank.channel_positions[channels]),
        spike_ids=spike_ids,
        spike_times=shank.spike_samples[spike_ids] / shank.sample_rate,
        colors=colors,
        waveforms=waveforms,
        unmasked=unmasked,
        means=means,
        deviations=deviations,
        cluster_unmasked=_own(parts)[:, channels],
        present=present,
        times=1000.0 * times,
        full_scale=_full_scale(shank),
        unit=shank.voltage_unit,
        reach=reach,
        n_spikes=sum(sizes),
        absent="" if len(chosen) else " ".join(params.chosen.split()),
        n_left_out=len(snapshot.cluster_ids) - len(ids),
    )
    check(cancelled)
    return replace(data, shown=shown_of(data, data.form(params), params.overlap))


def load_pointed(
    snapshot: Snapshot, data: WaveformData, spike_ids: NDArray[np.int64], cancelled: Cancel
) -> Pointed | None:
    """Read the waveforms of a few of some spikes, spread evenly, whether they are drawn or not.

    None if no spike is one of the clusters shown.
    """
    shank = snapshot.shank
    if data.are_templates or shank.waveforms is None:
        return None
    own = [spike_ids[among(spike_ids, snapshot.spikes(c))] for c in data.cluster_ids]
    found = sample_spikes(np.sort(np.concatenate(own)), _MOST_POINTED)
    if not len(found):
        return None
    colors = np.select([among(found, ids) for ids in own], np.arange(len(own)))
    unmasked = _unmasked(_masks(shank, found, cancelled), len(found), data.channels)
    waveforms = _waveforms(shank, found, data.channels, cancelled)
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


def _parts(
    masks: NDArray[np.float32] | None, rows: list[NDArray[np.int64]], n_channels: int
) -> NDArray[np.float64]:
    """In what part of the spikes of each cluster a channel took part, (n_clusters, n_channels)."""
    parts = np.ones((len(rows), n_channels))
    for k, own in enumerate(rows):
        if masks is not None and len(own):
            parts[k] = (masks[own] > 0).mean(axis=0)
    return parts


def _unmasked(
    masks: NDArray[np.float32] | None, n_spikes: int, channels: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether some channels took part in each spike, (n_spikes, n_channels)."""
    if masks is None:
        return np.ones((n_spikes, len(channels)), np.bool_)
    return masks[:, channels] > 0


def _channels(
    shank: ShankData, params: WaveformParams, parts: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Indices of the channels to show."""
    few = params.channels == "auto" and shank.n_channels <= _FEW_CHANNELS
    if params.channels == "all" or few:
        return np.arange(shank.n_channels)
    # A channel counts if it took part in a good part of the spikes of some cluster.
    part = parts.max(axis=0)
    found = np.flatnonzero(part >= min(0.25, part.max()))
    if len(parts) * len(found) > _MOST_PAIRS:
        # Of many clusters, if it took part in most of them: elsewhere no mean would be drawn.
        own = np.flatnonzero(_own(parts).any(axis=0))
        return own if len(own) else found
    return found


def _present(parts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """On which of the channels shown each cluster is, by the part of its spikes that are there."""
    if parts.size <= _MOST_PAIRS:
        return np.ones(parts.shape, np.bool_)
    # A cluster that is hardly anywhere is still to be seen.
    least = np.minimum(_OWN, parts.max(axis=1, keepdims=True, initial=0.0))
    present: NDArray[np.bool_] = parts >= least
    return present


def _own(parts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where most spikes of a cluster are, or as many as there are anywhere."""
    least = np.minimum(0.5, parts.max(axis=1, keepdims=True, initial=0.0))
    own: NDArray[np.bool_] = (parts >= least) & (parts > 0)
    return own


def _read(
    snapshot: Snapshot,
    ids: Sequence[int],
    samples: list[NDArray[np.int64]],
    channels: list[NDArray[np.int64]],
    cancelled: Cancel,
) -> list[_Cluster]:
    """The sample of each of some clusters on its channels; what is not known is read.

    Clusters on the same channels are read together, in the order of the file.
    """
    shank = snapshot.shank
    owners = [(shank, snapshot.spikes(c)) for c in ids]
    keys = [
        (len(spikes), own.tobytes(), shank.n_located)
        for spikes, own in zip(samples, channels, strict=True)
    ]
    found: list[_Cluster | None] = [
        _cache.get(owner, key) for owner, key in zip(owners, keys, strict=True)
    ]
    together: dict[bytes, list[int]] = {}
    for k, known in enumerate(found):
        if known is None:
            together.setdefault(keys[k][1], []).append(k)
    for members in together.values():
        spikes = np.concatenate([samples[k] for k in members])
        waveforms = _waveforms(shank, spikes, channels[members[0]], cancelled)
        stops = np.cumsum([len(samples[k]) for k in members])
        for k, own in zip(members, np.split(waveforms, stops[:-1]), strict=True):
            # Of a part that is kept the whole would be kept too.
            own = own if len(members) == 1 else own.copy()
            some = own if len(own) else np.zeros((1, *own.shape[1:]), np.float32)
            cluster = found[k] = _Cluster(own, some.mean(axis=0), some.std(axis=0), _reach(own))
            _cache.put(owners[k], keys[k], cluster, cluster.nbytes)
    return [cluster for cluster in found if cluster is not None]


def _waveforms(
    shank: ShankData,
    spikes: NDArray[np.int64],
    channels: NDArray[np.int64],
    cancelled: Cancel,
) -> NDArray[np.float32]:
    """Waveforms of some spikes on some channels."""
    assert shank.waveforms is not None
    samples = np.arange(shank.n_samples_waveforms)
    waveforms = np.empty((len(spikes), len(samples), len(channels)), np.float32)
    gains = shank.channel_gains[channels].astype(np.float32)
    order = np.argsort(spikes, kind="stable")
    for start in range(0, len(spikes), _CHUNK):
        check(cancelled)
        some = order[start : start + _CHUNK]
        waveforms[some] = shank.waveforms[np.ix_(spikes[some], samples, channels)] * gains
    return waveforms


def _reach(waveforms: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far some waveforms go on each channel, a few of the spikes aside, (2, n_channels)."""
    reach = np.zeros((2, waveforms.shape[2]), np.float32)
    if len(waveforms):
        reach[0] = np.percentile(waveforms.min(axis=1), _RARE, axis=0)
        reach[1] = np.percentile(waveforms.max(axis=1), 100 - _RARE, axis=0)
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
