"""Amplitude view: the size of spikes over time, or another number of theirs, and a lasso."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.statistics.metric_set import attribute_labels
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import (
    AMPLITUDE,
    INTERVAL,
    TIME,
    axis_label,
    stored_key,
    times_of,
)
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache
from phygui.views.amplitude.threshold import threshold_of
from phygui.views.core.axes import Axis, Cell, name_value, nice_ticks
from phygui.views.core.base import Cancel, Empty, View
from phygui.views.core.colors import BACKGROUND, DIM, HIGHLIGHT
from phygui.views.core.cursor import Gaps, TimeCursor
from phygui.views.core.density import draw_profiles, profile
from phygui.views.core.layout import Layout
from phygui.views.core.loading import missing_data
from phygui.views.core.mouse import scale_of_data, size_of_points
from phygui.views.core.picking import nearest_point
from phygui.views.core.visuals import CANVAS, Batch, Label, boxes, text_width, vertices
from phygui.views.data.attributes import (
    amplitude_range,
    in_groups,
    measured,
    robust_range,
    ruler_in,
    values_and_masks,
)
from phygui.views.data.draw_budget import Budget, among, how_many, is_part
from phygui.views.data.intervals import interval_ticks
from phygui.views.data.lasso_on_spikes import LassoOnSpikes

_BUDGET = Budget(each=1_500, together=7_500, most=200_000, in_parts=True)
_N_BINS = 80
_MOST_PROFILES = 100
"""Clusters that have a profile."""

_cache = ByteCache(16 * 2**20)


def _choices(shank: ShankData | None) -> dict[str, str]:
    """What can be shown, as it is called: the key of each."""
    stored = {} if shank is None else attribute_labels(shank.attributes)
    own = {AMPLITUDE: AMPLITUDE, INTERVAL: INTERVAL}
    return {**own, **{label: stored_key(name) for label, name in stored.items()}}


@dataclass(frozen=True)
class AmplitudeParams:
    """Settings of the amplitude view."""

    n_spikes: int = _BUDGET.field(
        "Most spikes drawn of each cluster; a split always takes all of them.", step=1000
    )
    value: str = field(
        default=AMPLITUDE,
        metadata={
            "label": "Up",
            "help": "What the vertical axis shows: the amplitude, the interval since the spike "
            "before it of the same cluster, or another value that the dataset stores for each "
            "spike.",
            "choices": lambda shank: tuple(_choices(shank)),
            "local": True,
        },
    )
    marker_size: float = size_of_points(3.0)
    data_scale: float = scale_of_data()


@dataclass(frozen=True)
class AmplitudeData:
    """What the amplitude view draws."""

    cluster_ids: tuple[int, ...]
    spike_ids: NDArray[np.int64]
    """Spikes drawn, (n,), sorted."""
    colors: NDArray[np.int64]
    """Index of each spike's cluster in the selection, (n,)."""
    times: NDArray[np.float64]
    """Seconds, (n,)."""
    amplitudes: NDArray[np.floating]
    """(n,), microvolts, or without raw data in the units of features; or what else is shown."""
    edges: NDArray[np.float64]
    """Of the bins of the histogram, (n_bins + 1,)."""
    shares: NDArray[np.float64]
    """Part of each cluster's spikes in each bin, in per cent, spread a little, the wider the fewer
    they are, (n_clusters, n_bins); of very many clusters, of the first ones."""
    span: tuple[float, float]
    """Start and stop of the time that is looked at, seconds."""
    key: str
    """Of what is shown."""
    label: str
    n_spikes: int
    """Of the selected clusters, also those that are not drawn."""
    gaps: Gaps = ()
    is_partial: bool = False
    """Whether more of the spikes are to be drawn in a moment."""
    threshold: float | None = None
    """What a spike of the first cluster had to reach to be detected, where that is known."""


class AmplitudeView(LassoOnSpikes, View[AmplitudeParams, AmplitudeData], TimeCursor):
    """Amplitude of the selected clusters over time."""

    Params: ClassVar[type] = AmplitudeParams
    has_markers: ClassVar[bool] = True
    has_legend: ClassVar[bool] = True

    def __init__(self, params: AmplitudeParams | None = None, *, theme: str = "dark") -> None:
        TimeCursor.__init__(self)
        View.__init__(self, params, theme=theme)
        self._points = Batch("points", opacity=0.7)
        self._pointed = Batch("points")
        self._fills = Batch("triangles")
        self._outlines = Batch("strips", size=1.5)
        self._threshold = Batch("lines", smooth=False)
        self._ground = Batch("triangles", opacity=0.8)
        """Under the name of the threshold, which many points would hide."""
        self.visuals = [
            self.gap_bands,
            self._threshold,
            self._points,
            self._ground,
            self.cursor_line,
            self._pointed,
            self._fills,
            self._outlines,
        ]

    @staticmethod
    def load(
        snapshot: Snapshot, params: AmplitudeParams, cancelled: Cancel
    ) -> AmplitudeData | Empty:
        """Read the amplitudes of a sample of the spikes of each selected cluster."""
        shank = snapshot.shank
        up = _choices(shank).get(params.value)
        if up is None:
            return Empty(f"No {params.value} is stored: choose something else in the settings.")
        if up == AMPLITUDE and shank.features is None and shank.waveforms is None:
            return missing_data(shank, "features", "traces")
        if nothing := snapshot.nothing("amplitudes"):
            return Empty(nothing)
        sizes = [len(snapshot.spikes(c)) for c in snapshot.cluster_ids]
        n_each = _BUDGET.of_each(params.n_spikes, sizes)
        samples = [sample_spikes(snapshot.spikes(c), n_each) for c in snapshot.cluster_ids]
        colors = np.repeat(np.arange(len(samples)), [len(s) for s in samples])
        if up == AMPLITUDE:
            amplitudes = _measured(snapshot, samples, n_each, cancelled)
            values = np.concatenate(amplitudes)
        else:
            chosen = np.concatenate(samples)
            values = values_and_masks(snapshot, [up], chosen, cancelled)[up][0]
            amplitudes = np.split(values, np.cumsum([len(s) for s in samples])[:-1])
        limits = amplitude_range if up == AMPLITUDE else robust_range
        edges = np.linspace(*limits(in_groups(values, colors)), _N_BINS + 1)
        # Of very many clusters each has so few spikes here that a profile of its own says nothing.
        drawn = amplitudes[:_MOST_PROFILES]
        shares = [100.0 * profile(a, edges) for a in drawn]
        chosen = np.concatenate(samples)
        order = np.argsort(chosen, kind="stable")
        return AmplitudeData(
            cluster_ids=snapshot.cluster_ids,
            spike_ids=chosen[order],
            colors=colors[order],
            times=times_of(shank, chosen[order]),
            amplitudes=values[order],
            edges=edges,
            shares=np.stack(shares),
            span=snapshot.span,
            key=up,
            label=axis_label(shank, up),
            n_spikes=sum(sizes),
            gaps=shank.clock.gap_times(),
            is_partial=is_part(params.n_spikes, n_each, sizes),
            threshold=_threshold(snapshot, cancelled) if up == AMPLITUDE else None,
        )

    @property
    def summary(self) -> str:
        """How many of the spikes are drawn."""
        if not isinstance(self.data, AmplitudeData):
            return ""
        return how_many(len(self.data.spike_ids), self.data.n_spikes)

    def build(self, data: AmplitudeData) -> None:
        """Make the cells, the points and the profiles."""
        time = Axis(TIME, *data.span, "time (s)", keep=True)
        low, high = float(data.edges[0]), float(data.edges[-1])
        ticks = interval_ticks if data.key == INTERVAL else nice_ticks
        scaled = data.key == AMPLITUDE
        amplitude = Axis(data.key, low, high, data.label, ticks, scaled=scaled)
        share = Axis(
            "share", 0.0, 1.1 * float(data.shares.max(initial=1.0)), "% of spikes", fixed=True
        )
        self.set_cells(
            [
                Cell(time, amplitude, 0, 0, weight=5.0),
                Cell(share, amplitude, 0, 1, weight=1.0, lasso=False),
            ]
        )
        self._points.set_data(vertices(data.times, data.amplitudes, color=data.colors))
        fills, outlines = draw_profiles(data.shares, data.edges, 1)
        self._fills.set_data(fills)
        self._outlines.set_data(outlines)
        self._threshold.clear()
        if data.threshold is not None:
            ends = [*data.span, *share.view]
            self._threshold.set_data(vertices(ends, data.threshold, color=DIM, cell=[0, 0, 1, 1]))
        self.draw_gaps(data.gaps)
        self.draw_cursor()

    def decorate(self, layout: Layout, size: tuple[float, float]) -> None:
        """Name the line of the threshold, where there is room for it."""
        self._ground.clear()
        threshold = self.data.threshold if isinstance(self.data, AmplitudeData) else None
        if threshold is None:
            return
        left, top, width, height = layout.boxes[0]
        low, high = self.cells[0].y.view
        y = top + (high - threshold) / (high - low) * height
        text = "detection threshold"
        if top + 14 <= y <= top + height and text_width(text) + 8 <= width:
            right = left + width - 4
            layout.labels.append(Label(text, right, y - 1, color=DIM, align=("right", "bottom")))
            first = right - text_width(text) - 3
            self._ground.set_data(
                boxes(first, right + 3, y - 14, y - 1, color=BACKGROUND, cell=CANVAS)
            )

    def before_draw(self) -> None:
        """Follow the marker size."""
        self._points.size = self.marker_size
        self._pointed.size = self.marker_size + 2

    def point_at(self, data: AmplitudeData, spike_ids: NDArray[np.int64]) -> None:
        """Point at those of some spikes that are drawn."""
        found = among(data.spike_ids, spike_ids)
        times, amplitudes = data.times[found], data.amplitudes[found]
        self._pointed.set_data(vertices(times, amplitudes, color=HIGHLIGHT))
        self.update()

    def describe(self, cell: int, x: float, y: float) -> str:
        """The spike, or the bin of the histogram, under the mouse."""
        data = self.drawn
        if cell == 1:
            k = int(np.searchsorted(data.edges, y)) - 1
            if not 0 <= k < len(data.edges) - 1:
                return ""
            parts = zip(data.cluster_ids, data.shares[:, k], strict=False)
            return ", ".join(f"cluster {c}: {share:.1f}%" for c, share in parts)
        found = nearest_point(self, cell, (x, y), data.times, data.amplitudes)
        if found is None:
            return ""
        cluster = data.cluster_ids[int(data.colors[found])]
        text = f"spike {data.spike_ids[found]}, cluster {cluster}, {data.times[found]:.4f} s"
        value = float(data.amplitudes[found])
        if data.key == INTERVAL:
            return f"{text}, {10.0**value:.4g} ms after the one before"
        return f"{text}, {name_value(self.cells[0].y, value)}"


def _threshold(snapshot: Snapshot, cancelled: Cancel) -> float | None:
    """The threshold on the channel on which the first cluster is measured, if in voltages."""
    ruler = ruler_in(snapshot, snapshot.cluster_ids[0], cancelled)
    if ruler is None or ruler.sample < 0:
        return None
    return threshold_of(snapshot.shank, ruler.channel, cancelled)


def _measured(
    snapshot: Snapshot, samples: list[NDArray[np.int64]], n_each: int, cancelled: Cancel
) -> list[NDArray[np.floating]]:
    """Amplitudes of a sample of each selected cluster; what is not known is measured.

    Clusters that are measured at the same place of the waveform are read together.
    """
    shank, owners = snapshot.shank, [snapshot.spikes(c) for c in snapshot.cluster_ids]
    found: dict[int, NDArray[np.floating]] = {}
    together: dict[Hashable, list[int]] = {}
    rulers = [ruler_in(snapshot, c, cancelled) for c in snapshot.cluster_ids]
    # What a merged cluster is measured by is estimated first, and computed then.
    keys = [
        (n_each, shank.n_located, None if ruler is None else (ruler.channel, ruler.sample))
        for ruler in rulers
    ]
    for k, ruler in enumerate(rulers):
        known = _cache.get((shank, owners[k]), keys[k])
        if known is not None:
            found[k] = known
        elif ruler is not None and ruler.sample >= 0:
            place = ruler.channel, ruler.sample, ruler.factor
            together.setdefault(place, []).append(k)
        else:
            # Features are projected on a direction of the cluster's own.
            together[k] = [k]
    for members in together.values():
        spikes = np.concatenate([samples[k] for k in members])
        sizes = measured(snapshot, spikes, rulers[members[0]], cancelled)
        stops = np.cumsum([len(samples[k]) for k in members])
        for k, own in zip(members, np.split(sizes, stops[:-1]), strict=True):
            # Of a part that is kept the whole would be kept too.
            found[k] = own.copy()
            _cache.put((shank, owners[k]), keys[k], found[k], own.nbytes)
    return [found[k] for k in range(len(samples))]
