"""Feature view: scatter plots of time and features of the best channels, with a lasso."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import (
    AMPLITUDE,
    TIME,
    axis_label,
    parse_key,
    times_of,
)
from phygui.dataset import ShankData
from phygui.views.core.axes import Axis, Cell, name_value
from phygui.views.core.base import Cancel, Empty, View, check
from phygui.views.core.colors import GREY, HIGHLIGHT
from phygui.views.core.cursor import Gaps, TimeCursor
from phygui.views.core.loading import missing_data
from phygui.views.core.mouse import scale_of_data, size_of_points
from phygui.views.core.picking import nearest_point
from phygui.views.core.visuals import Batch, Images
from phygui.views.data.attributes import (
    amplitude_range,
    best_channels,
    in_groups,
    robust_range,
    values_and_masks,
)
from phygui.views.data.draw_budget import Budget, among, how_many
from phygui.views.data.lasso_on_spikes import LassoOnSpikes
from phygui.views.feature.background import background_of
from phygui.views.feature.densities import densities_of, outside_of
from phygui.views.feature.grid import AUTOMATIC, HISTOGRAM, Plot, default_grid, parse_grid
from phygui.views.feature.histograms import Histogram, histograms_of, vertices_of
from phygui.views.feature.points import points_in, points_of

_BUDGET = Budget(each=1_500, together=8_000, most=50_000)
_MOST_COUNTED = 200_000
_MARGIN = 0.1
"""Room at either end of an axis of features, as a part of it."""


@dataclass(frozen=True)
class FeatureParams:
    """Settings of the feature view."""

    n_spikes: int = _BUDGET.field(
        "Most spikes drawn of each cluster; a split always takes all of them.", step=500
    )
    n_background: int = field(
        default=1000,
        metadata={
            "label": "Background spikes",
            "help": "Spikes of other clusters drawn in grey, spread over the recording.",
            "min": 0,
            "max": _BUDGET.most,
            "step": 500,
        },
    )
    x_channel: int = field(
        default=AUTOMATIC,
        metadata={
            "label": "First channel",
            "help": "Number of the channel used as the best one, on shanks that have "
            "it. Ctrl+click a channel in the waveform view; again to choose automatically.",
            "min": AUTOMATIC,
            "lowest": "automatic",
            "local": True,
        },
    )
    y_channel: int = field(
        default=AUTOMATIC,
        metadata={
            "label": "Second channel",
            "help": "Number of the channel used as the second best, on shanks that have "
            "it. Ctrl+right-click a channel in the waveform view; again to choose automatically.",
            "min": AUTOMATIC,
            "lowest": "automatic",
            "local": True,
        },
    )
    grid: str = field(
        default="",
        metadata={
            "label": "Grid",
            "help": "Plots as x,y separated by spaces, rows by semicolons: time, amplitude, "
            "0A (feature A of the best channel), #12B (feature B of channel 12), and =NAME for "
            "another value that the dataset stores for each spike; x may be histogram. Empty for "
            "the default grid.",
            "example": "0A,0B",
            "local": True,
        },
    )
    diagonal: str = field(
        default="time",
        metadata={
            "label": "Diagonal",
            "help": "What is across in the plots on the diagonal of the default grid: time, or a "
            "histogram, how many of the spikes have each value.",
            "choices": ("time", HISTOGRAM),
        },
    )
    show: str = field(
        default="points",
        metadata={
            "label": "Show",
            "help": "Spikes as points, or their density: better for large clusters.",
            "choices": ("points", "density"),
        },
    )
    dim_masked: bool = field(
        default=True,
        metadata={
            "label": "Dim masked spikes",
            "help": "Draw spikes fainter where the channel of the axis is masked.",
            "reload": False,
        },
    )
    marker_size: float = size_of_points(3.0)
    data_scale: float = scale_of_data()


@dataclass(frozen=True)
class FeatureData:
    """What the feature view draws."""

    plots: list[Plot]
    spike_ids: NDArray[np.int64]
    """Spikes drawn: those of the background, then those of the selection, in time order."""
    colors: NDArray[np.int64]
    """Index of each spike's cluster in the selection; GREY for the background."""
    cluster_ids: tuple[int, ...]
    values: dict[str, NDArray[Any]]
    """By key of an attribute: its value for each spike drawn."""
    masks: dict[str, NDArray[np.float32]]
    ranges: dict[str, tuple[float, float]]
    labels: dict[str, str]
    times: NDArray[np.float64]
    """Seconds."""
    clusters: NDArray[np.int64]
    """Number of each spike's cluster, also of those of the background."""
    n_spikes: int
    """Of the selected clusters, also those that are not drawn."""
    points: NDArray[Any]
    """(n_vertices,) ``VERTEX``, of all plots."""
    dims: bool
    """Whether these are fainter where their channel is masked."""
    absent: tuple[int, ...] = ()
    """Numbers of channels that the user chose and that this channel group does not have."""
    densities: NDArray[np.float32] | None = None
    """Opacity, (n_plots, n_clusters, n_bins, n_bins), in place of the points of the selection."""
    outside: tuple[NDArray[np.int64], ...] = ()
    """Indices of spikes of the selection that no density shows, for each plot."""
    gaps: Gaps = ()
    histograms: dict[str, Histogram] = field(default_factory=dict)
    """By the key of the vertical axis of a plot."""


class FeatureView(LassoOnSpikes, View[FeatureParams, FeatureData], TimeCursor):
    """Scatter plots of the features of the selected clusters."""

    Params: ClassVar[type] = FeatureParams
    has_markers: ClassVar[bool] = True
    has_legend: ClassVar[bool] = True

    def __init__(self, params: FeatureParams | None = None, *, theme: str = "dark") -> None:
        TimeCursor.__init__(self)
        View.__init__(self, params, theme=theme)
        self._points = Batch("points", opacity=0.85)
        self._pointed = Batch("points")
        self._images = Images(opacity=0.9)
        self._fills = Batch("triangles")
        self._outlines = Batch("strips", size=1.5)
        self.visuals = [
            self.gap_bands,
            self._fills,
            self._outlines,
            self._points,
            self._images,
            self.cursor_line,
            self._pointed,
        ]

    @staticmethod
    def load(snapshot: Snapshot, params: FeatureParams, cancelled: Cancel) -> FeatureData | Empty:
        """Read the features of a sample of the spikes of each selected cluster."""
        shank = snapshot.shank
        if shank.features is None:
            return missing_data(shank, "features")
        if nothing := snapshot.nothing("features"):
            return Empty(nothing)
        channels = chosen_channels(snapshot, params, cancelled)
        try:
            if params.grid.strip():
                plots = parse_grid(params.grid, shank, channels)
            else:
                n_features = shank.features.n_features
                plots = default_grid(channels, n_features, params.diagonal)
        except ValueError as error:
            return Empty(f"{error}.")
        keys = [key for plot in plots for key in (plot.x, plot.y) if key != HISTOGRAM]

        sizes = [len(snapshot.spikes(c)) for c in snapshot.cluster_ids]
        n_each = _BUDGET.of_each(params.n_spikes, sizes)
        if params.show == "density":
            n_each = _MOST_COUNTED // len(snapshot.cluster_ids)
        samples = [sample_spikes(snapshot.spikes(c), n_each) for c in snapshot.cluster_ids]
        colors = np.repeat(np.arange(len(samples)), [len(s) for s in samples])
        chosen = np.concatenate(samples)
        # In the order of time clusters are mixed, and none hides the others.
        order = np.argsort(chosen, kind="stable")
        chosen, colors = chosen[order], colors[order]
        selected = values_and_masks(snapshot, keys, chosen, cancelled)
        check(cancelled)
        behind, owners, others = background_of(snapshot, keys, params.n_background, cancelled)

        values, masks = {}, {}
        for key, (value, mask) in selected.items():
            values[key] = np.concatenate([others[key][0], value])
            if mask is not None:
                masks[key] = np.concatenate([others[key][1], mask])
        ranges = {key: _range(snapshot, key, v[0], colors) for key, v in selected.items()}
        plain = {key: value for key, (value, _) in selected.items()}
        densities = None
        outside: tuple[NDArray[np.int64], ...] = ()
        if params.show == "density":
            check(cancelled)
            densities = densities_of(plots, plain, ranges, colors, len(samples))
            outside = tuple(len(behind) + outside_of(p, plain, ranges) for p in plots)
        check(cancelled)
        every = np.concatenate([np.full(len(behind), GREY), colors])
        return FeatureData(
            plots=plots,
            spike_ids=np.concatenate([behind, chosen]),
            colors=every,
            cluster_ids=snapshot.cluster_ids,
            values=values,
            masks=masks,
            ranges=ranges,
            labels={key: _label(shank, key, params) for key in selected},
            times=times_of(shank, np.concatenate([behind, chosen])),
            clusters=np.concatenate([owners, np.array(snapshot.cluster_ids, np.int64)[colors]]),
            n_spikes=sum(sizes),
            points=points_of(plots, values, masks, every, outside, params.dim_masked),
            dims=params.dim_masked,
            absent=_absent(shank, params),
            densities=densities,
            outside=outside,
            gaps=shank.clock.gap_times(),
            histograms=histograms_of(plots, plain, ranges, colors),
        )

    @property
    def summary(self) -> str:
        """How many of the spikes are drawn, and which channels cannot be."""
        if not isinstance(self.data, FeatureData):
            return ""
        drawn = how_many(int(np.count_nonzero(self.data.colors != GREY)), self.data.n_spikes)
        absent = [f"no channel {c} on this shank" for c in self.data.absent]
        return "; ".join(filter(None, [drawn, *absent]))

    def build(self, data: FeatureData) -> None:
        """Make the cells and the points."""
        axes = {
            key: Axis(
                key,
                *limits,
                label=data.labels[key],
                scaled=_is_about_zero(key),
            )
            for key, limits in data.ranges.items()
        }
        cells = [
            Cell(data.histograms[p.y].axis, axes[p.y], p.row, p.column, lasso=False)
            if p.x == HISTOGRAM
            else Cell(axes[p.x], axes[p.y], p.row, p.column)
            for p in data.plots
        ]
        self.set_cells(cells)
        fills, outlines = vertices_of(data.plots, data.histograms)
        self._fills.set_data(fills)
        self._outlines.set_data(*outlines)
        self._images.clear()
        if data.densities is not None:
            self._build_densities(data, data.densities)
        dims, points = self.params.dim_masked, data.points
        if dims != data.dims:
            # Another look of what has been read.
            points = points_of(data.plots, data.values, data.masks, data.colors, data.outside, dims)
        self._points.set_data(points)
        self.draw_gaps(data.gaps)
        self.draw_cursor()

    def _build_densities(self, data: FeatureData, densities: NDArray[np.float32]) -> None:
        n_plots, n_clusters, height, width = densities.shape
        nothing = (0.0, 0.0)
        extents = [(*data.ranges.get(p.x, nothing), *data.ranges[p.y]) for p in data.plots]
        self._images.set_data(
            densities.reshape(-1, height, width),
            np.repeat(extents, n_clusters, axis=0),
            cell=np.repeat(np.arange(n_plots), n_clusters),
            color=np.tile(np.arange(n_clusters), n_plots),
        )

    def before_draw(self) -> None:
        """Follow the marker size."""
        self._points.size = self.marker_size
        self._pointed.size = self.marker_size + 2

    def point_at(self, data: FeatureData, spike_ids: NDArray[np.int64]) -> None:
        """Point at those of some spikes that are drawn, or counted."""
        found = np.flatnonzero(among(data.spike_ids, spike_ids))
        found = sample_spikes(found, _BUDGET.most)
        color, dims = np.full(len(found), HIGHLIGHT), self.params.dim_masked
        self._pointed.set_data(
            *(
                points_in(plot, cell, data.values, data.masks, found, color, dims)
                for cell, plot in enumerate(data.plots)
                if plot.x != HISTOGRAM
            )
        )
        self.update()

    def describe(self, cell: int, x: float, y: float) -> str:
        """The spike under the mouse, and what the axes say there."""
        data = self.drawn
        plot = data.plots[cell]
        if plot.x == HISTOGRAM:
            return data.histograms[plot.y].describe(data.cluster_ids, y)
        x_values, y_values = data.values[plot.x], data.values[plot.y]
        nearest = nearest_point(self, cell, (x, y), x_values, y_values, data.colors == GREY)
        axes = self.cells[cell]
        if nearest is None:
            return f"{name_value(axes.x, x)}, {name_value(axes.y, y)}"
        text = f"spike {data.spike_ids[nearest]}, cluster {data.clusters[nearest]}"
        text += f", {data.times[nearest]:.4f} s"
        for axis, value in ((axes.x, x_values[nearest]), (axes.y, y_values[nearest])):
            if axis.key != TIME:
                text += f", {name_value(axis, float(value))}"
        return text


def chosen_channels(snapshot: Snapshot, params: FeatureParams, cancelled: Cancel) -> list[int]:
    """Channel indices by rank: those that the user chose, the others automatically."""
    automatic = best_channels(snapshot, cancelled)
    x, y = _fixed_channels(snapshot.shank, params)
    rest = [c for c in automatic if c not in (x, y)]
    first = x if x is not None else rest.pop(0) if rest else y
    return [c for c in dict.fromkeys([first, y, *rest]) if c is not None]


def _fixed_channels(shank: ShankData, params: FeatureParams) -> tuple[int | None, int | None]:
    """Indices of the channels that the user chose; None for what is chosen automatically.

    A number is another channel, or none, in another channel group: it counts where there is one.
    """
    order = [int(c) for c in shank.channels]
    x, y = (order.index(c) if c in order else None for c in (params.x_channel, params.y_channel))
    return x, y


def _absent(shank: ShankData, params: FeatureParams) -> tuple[int, ...]:
    chosen = zip((params.x_channel, params.y_channel), _fixed_channels(shank, params), strict=True)
    return tuple(dict.fromkeys(c for c, index in chosen if c != AUTOMATIC and index is None))


def _label(shank: ShankData, key: str, params: FeatureParams) -> str:
    """Name of an axis, which says if its channel is not chosen automatically."""
    place, label = parse_key(key), axis_label(shank, key)
    fixed = place is not None and place[0] in _fixed_channels(shank, params)
    return f"fixed {label}" if fixed else label


def _is_about_zero(key: str) -> bool:
    """Whether zero is where there is no spike, as for features; a depth may lie anywhere."""
    return key == AMPLITUDE or parse_key(key) is not None


def _range(
    snapshot: Snapshot, key: str, values: NDArray[Any], colors: NDArray[np.int64]
) -> tuple[float, float]:
    if key == TIME:
        low, high = snapshot.span
        return low, max(high, float(values.max(initial=0.0)))
    groups = in_groups(values, colors)
    if key == AMPLITUDE:
        return amplitude_range(groups)
    if not _is_about_zero(key):
        return robust_range(groups)
    # Zero, where the background is, is always on the axis. The margin is a part of the whole: a
    # single spike, or spikes that are alike, would else stand in a corner.
    low, high = robust_range(groups, margin=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    margin = _MARGIN * (high - low)
    return low - margin, high + margin
