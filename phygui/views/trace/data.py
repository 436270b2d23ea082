"""What the trace view shows: a stretch of the recording and the spikes in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import REFRACTORY_PERIOD
from phygui.views.core.base import Empty
from phygui.views.core.cursor import Gaps
from phygui.views.core.loading import missing_data
from phygui.views.core.mouse import scale_of_data
from phygui.views.data.spike_walk import Trains, samples_like
from phygui.views.trace.covered import OTHER, covered
from phygui.views.trace.rows import Found, rows_of
from phygui.views.trace.signal import Envelope, Kind, calibration, envelope_in_rows

if TYPE_CHECKING:
    from phygui.curation.statistics.snapshot import Snapshot
    from phygui.dataset import ShankData

SHORTEST = 0.005
"""Seconds: the shortest stretch that can be shown."""
MOST_SPIKES = 4000
"""Spikes of a cluster that are drawn one by one; beyond, one for each bin of the envelope."""
MOST_CANDIDATES = 50_000
"""Spikes that are looked through for those of clusters that are not selected."""
MOST_EVENTS = 1500
"""Events of one name that are marked; beyond, one for each such part of the stretch."""
MOST_SWING = 2.5
"""Standard deviations of a signal, in those of the noise and for each row, beyond which it is
scaled by itself."""


@dataclass(frozen=True)
class TraceParams:
    """Settings of the trace view."""

    time: float = field(
        default=0.0,
        metadata={
            "label": "Time",
            "unit": "s",
            "min": 0.0,
            "help": "Middle of what is shown",
            "local": True,
        },
    )
    duration: float = field(
        default=0.25,
        metadata={
            "label": "Duration",
            "unit": "s",
            "min": SHORTEST,
            "step": 0.1,
            "help": "How much is shown at once",
        },
    )
    signal: str = field(
        default="filtered",
        metadata={
            "label": "Signal",
            "choices": ("filtered", "raw"),
            "help": "Band-pass filtered as for spike detection, or as recorded",
        },
    )
    common_median: bool = field(
        default=False,
        metadata={
            "label": "Common median reference",
            "help": "Subtract the median over the channels from every sample",
        },
    )
    order: str = field(
        default="depth",
        metadata={
            "label": "Sort channels by",
            "choices": ("depth", "index"),
            "help": "From the top of the probe down, or as in the file",
        },
    )
    spikes: str = field(
        default="selected",
        metadata={
            "label": "Spikes",
            "choices": ("selected", "all", "none"),
            "help": "Spikes of the selected clusters, also of all others in a neutral colour, or "
            "none",
        },
    )
    mode: str = field(
        default="auto",
        metadata={
            "label": "Draw as",
            "choices": ("auto", "lines", "image"),
            "reload": False,
            "help": "A line for each channel, or a row of greys; auto: lines where there is room "
            "for them",
        },
    )
    refractory_ms: float = field(
        default=1000 * REFRACTORY_PERIOD,
        metadata={
            "reload": False,
            "label": "Refractory period",
            "unit": "ms",
            "min": 0.0,
            "max": 50.0,
            "step": 0.5,
            "help": "Spikes of a cluster closer together than this are violations",
        },
    )
    violation_ms: float = field(
        default=20.0,
        metadata={
            "reload": False,
            "label": "Around a violation",
            "unit": "ms",
            "min": 1000 * SHORTEST,
            "max": 1000.0,
            "step": 5.0,
            "help": "How much is shown at the most once a refractory violation is gone to",
        },
    )
    ticks: bool = field(
        default=False,
        metadata={
            "reload": False,
            "label": "Ticks of all spikes",
            "help": "A short line at the top edge for every spike of any cluster, those of the "
            "selected clusters in their colours",
        },
    )
    follow: bool = field(
        default=False,
        metadata={
            "reload": False,
            "label": "Follow the selection",
            "help": "Go to the nearest spike of the selected clusters where none is in view",
        },
    )
    data_scale: float = scale_of_data()


@dataclass(frozen=True)
class TraceData:
    """A stretch of the recording, rows from top to bottom."""

    interval: tuple[float, float]
    """Seconds, what was asked for."""
    span: float
    """Seconds from the start of the first recording to the end of the last."""
    sample_rate: float
    envelope: Envelope
    """Its values are in the order of the rows."""
    channels: NDArray[np.int64]
    """(n_channels,) place in ``channel_order`` of the channel of each row."""
    channel_labels: tuple[str, ...]
    n_columns: int
    """Columns of the probe that successive rows go through in turn."""
    columns: NDArray[np.int64]
    """(n_channels,) which of these each row is of, from the left."""
    noise: float
    """Standard deviation of the noise in which spikes stand, in ``unit``."""
    unit: str
    """Of all voltages: microvolts, or raw units if no gain is known."""
    labels: NDArray[np.int16]
    """(n_channels, n_points) 0, or 1 + the colour index of the spike drawn there, or OTHER."""
    covered: NDArray[Any]
    """(n_vertices,) ``VERTEX``: the parts of the traces that these spikes cover."""
    spike_ids: NDArray[np.int64]
    """(n,) the spikes of this stretch by time, of all clusters, drawn or not."""
    spike_times: NDArray[np.float64]
    """(n,) seconds."""
    spike_clusters: NDArray[np.int64]
    """(n,)"""
    spike_colors: NDArray[np.int64]
    """(n,) place of the cluster in the selection, or OTHER."""
    spike_rows: NDArray[np.bool_]
    """(n, n_channels) where each spike is drawn."""
    spike_points: NDArray[np.int64]
    """(n, 2) first and last point of the envelope that each spike covers."""
    n_spikes: int
    """Spikes in this stretch; when there are very many, not all of them are in ``spike_ids``."""
    cluster_ids: tuple[int, ...]
    marks: tuple[tuple[float, str, str], ...]
    """(seconds, kind, label) of the starts of recordings and of the events in the stretch."""
    trains: Trains
    gaps: Gaps = ()

    @property
    def clusters_without_spikes(self) -> tuple[int, ...]:
        """Selected clusters that have no spike in the stretch."""
        places = set(self.spike_colors.tolist())
        return tuple(c for k, c in enumerate(self.cluster_ids) if k not in places)

    def spike_at(self, time: float, row: int, tolerance: float) -> int | None:
        """Place of the spike nearest to a time on a row, None when there is none within reach."""
        low, high = np.searchsorted(self.spike_times, [time - tolerance, time + tolerance])
        near = np.flatnonzero(self.spike_rows[low:high, row]) + low
        if not len(near):
            return None
        return int(near[np.argmin(np.abs(self.spike_times[near] - time))])


def interval_of(params: TraceParams, total: float) -> tuple[float, float]:
    """The seconds shown: as long as wanted, about the time wanted, within the recording."""
    duration = min(max(params.duration, SHORTEST), total)
    start = min(max(params.time - duration / 2, 0.0), total - duration)
    return start, start + duration


def load(
    snapshot: Snapshot, params: TraceParams, cancelled: Callable[[], bool]
) -> TraceData | Empty:
    """Read a stretch of the recording and find the spikes in it; the cost follows the stretch.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    shank = snapshot.shank
    if shank.traces is None:
        return missing_data(shank, "traces")
    n_samples, n_stored = shank.timeline.n_samples, shank.traces.shape[1]
    n_needed = int(max(shank.channels, default=-1)) + 1
    if not n_samples or not n_needed or n_stored < n_needed:
        return Empty(
            f"The raw data has {n_samples} samples of {n_stored} channels, and this "
            f"shank needs {n_needed}"
        )
    rate = float(shank.sample_rate)
    interval = interval_of(params, n_samples / rate)
    start = min(int(interval[0] * rate), n_samples - 1)
    stop = min(max(int(np.ceil(interval[1] * rate)), start + 1), n_samples)

    kind = Kind(params.signal == "filtered", params.common_median)
    # Slow waves and hum are no measure for spikes: also a raw signal is scaled by the noise in
    # which they stand, unless it would leave the picture.
    _, noise = calibration(shank, Kind(True, kind.referenced))
    _, swing = calibration(shank, kind)
    noise = max(noise, swing / (MOST_SWING * len(shank.channels)))
    rows = channel_rows(shank, params.order)
    drawn = envelope_in_rows(shank, start, stop, kind, rows, cancelled)

    columns = _columns(shank, params.order, rows)
    before, after = _waveform_extent(shank)
    spike_ids, n_spikes = _spikes_of(snapshot, start - after, stop + before, drawn.bin_size)
    samples = shank.clock.samples[spike_ids].astype(np.int64)
    clusters = snapshot.clusters_of(spike_ids)
    colors = _places(clusters, snapshot.cluster_ids)
    first, last = drawn.points_of(samples - before, samples + after - 1)
    shown = first <= last
    spike_ids, samples, clusters, colors = (
        a[shown] for a in (spike_ids, samples, clusters, colors)
    )
    first, last = first[shown], last[shown]
    spike_rows = rows_of(shank, Found(spike_ids, first, last), rows, drawn)
    seen = np.full(len(colors), params.spikes == "all")
    if params.spikes == "selected":
        seen = colors != OTHER
    labels = paint_spikes(
        drawn.values.shape, first[seen], last[seen], spike_rows[seen], colors[seen]
    )
    times = drawn.samples / rate - interval[0]
    return TraceData(
        interval=interval,
        span=n_samples / rate,
        sample_rate=rate,
        envelope=drawn,
        channels=rows,
        channel_labels=tuple(str(shank.channels[r]) for r in rows),
        n_columns=int(columns.max(initial=0)) + 1,
        columns=columns,
        noise=noise,
        unit=shank.voltage_unit,
        labels=labels,
        covered=covered(drawn.values, times, labels, noise),
        spike_ids=spike_ids,
        spike_times=samples / rate,
        spike_clusters=clusters,
        spike_colors=colors,
        spike_rows=spike_rows,
        spike_points=np.column_stack([first, last]),
        n_spikes=n_spikes,
        cluster_ids=tuple(snapshot.cluster_ids),
        marks=_marks(shank, start, stop),
        trains=Trains(
            shank.clock, tuple(shank.clock.ranks(snapshot.spikes(c)) for c in snapshot.cluster_ids)
        ),
        gaps=shank.clock.gap_times(),
    )


def channel_rows(shank: ShankData, order: str) -> NDArray[np.int64]:
    """Places in ``channel_order`` from the top row to the bottom row."""
    n_channels = len(shank.channels)
    if order == "index":
        return np.arange(n_channels)
    positions = np.asarray(shank.channel_positions)
    return np.lexsort((np.arange(n_channels), positions[:, 0], -positions[:, 1]))


def _columns(shank: ShankData, order: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the distinct places across the probe each row is at, where rows are by depth."""
    if order == "index":
        return np.zeros(len(rows), np.int64)
    across = np.round(np.asarray(shank.channel_positions)[:, 0], 3)
    return np.unique(across, return_inverse=True)[1].reshape(-1)[rows].astype(np.int64)


def _waveform_extent(shank: ShankData) -> tuple[int, int]:
    """Samples of a waveform before and after its spike, as the detection cut them."""
    before = shank.n_samples_before
    return before, shank.n_samples_waveforms - before


def _spikes_of(
    snapshot: Snapshot, start: int, stop: int, bin_size: int
) -> tuple[NDArray[np.int64], int]:
    """The spikes in start..stop in order of time, of too many one a cluster and bin; how many."""
    clock = snapshot.shank.clock
    spike_samples = clock.sorted_samples
    low, high = np.searchsorted(spike_samples, samples_like(spike_samples, np.array([start, stop])))
    low, high = np.clip([low, high], *snapshot.ranks)
    if low == high:
        return np.empty(0, np.int64), 0
    edges = np.arange(start, stop + bin_size, bin_size)
    starts = np.searchsorted(spike_samples[low:high], samples_like(spike_samples, edges)) + low

    def thinned(ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Few enough: the first spike of each bin."""
        if len(ranks) <= MOST_SPIKES:
            return ranks
        place = np.searchsorted(ranks, starts)
        return np.unique(ranks[place[place < len(ranks)]])

    chosen = []
    for cluster_id in snapshot.cluster_ids:
        own = clock.ranks(snapshot.spikes(cluster_id))
        chosen.append(thinned(own[np.searchsorted(own, low) : np.searchsorted(own, high)]))
    ranks = np.arange(low, high, max((high - low) // MOST_CANDIDATES, 1))
    clusters = snapshot.clusters_of(clock.spike_ids(ranks))
    chosen.append(thinned(ranks[_places(clusters, snapshot.cluster_ids) == OTHER]))
    return clock.spike_ids(np.unique(np.concatenate(chosen))), int(high - low)


def _places(clusters: NDArray[Any], cluster_ids: Sequence[int]) -> NDArray[np.int64]:
    """Place of each cluster in the selection, OTHER when it is not selected."""
    ids = np.asarray(cluster_ids, dtype=np.int64)
    if not len(ids):
        return np.full(len(clusters), OTHER)
    order = np.argsort(ids)
    place = order[np.minimum(np.searchsorted(ids[order], clusters), len(ids) - 1)]
    return np.where(ids[place] == clusters, place, OTHER)


def paint_spikes(
    shape: tuple[int, ...],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    spike_rows: NDArray[np.bool_],
    colors: NDArray[np.int64],
) -> NDArray[np.int16]:
    """Which spike covers each point: 0, 1 + a colour index, or OTHER.

    Of several spikes, the first one in the selection.
    """
    labels = np.zeros(shape, dtype=np.int16)
    # Painted last is seen: others first, then the selection from its end.
    painting = np.argsort(np.where(colors == OTHER, np.iinfo(np.int16).max, colors))[::-1]
    spikes, rows = np.nonzero(spike_rows[painting])
    spikes = painting[spikes]
    marks = np.where(colors == OTHER, OTHER, colors + 1).astype(np.int16)
    longest = int((last - first).max(initial=-1)) + 1
    for k in range(longest):
        reached = first[spikes] + k <= last[spikes]
        labels[rows[reached], first[spikes[reached]] + k] = marks[spikes[reached]]
    return labels


def _marks(shank: ShankData, start: int, stop: int) -> tuple[tuple[float, str, str], ...]:
    """Starts of recordings and events within a stretch, of very many events some."""
    rate = float(shank.sample_rate)
    marks = []
    for k, sample in enumerate(shank.timeline.starts.tolist()):
        if k and start <= sample < stop:
            marks.append((sample / rate, "recording", f"recording {k}"))
    for name, times in shank.events.items():
        low, high = np.searchsorted(times, [start / rate, stop / rate])
        inside = times[low:high]
        if len(inside) > MOST_EVENTS:
            edges = np.linspace(start / rate, stop / rate, MOST_EVENTS, endpoint=False)
            place = np.searchsorted(inside, edges)
            inside = inside[np.unique(place[place < len(inside)])]
        marks += [(float(t), "event", str(name)) for t in inside]
    return tuple(marks)
