"""Drift map: depth of spikes over time, those of all clusters in grey, and a lasso."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import DEPTH, TIME, axis_label, times_of
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache
from phygui.views.core.axes import Axis, Cell, name_value
from phygui.views.core.base import Cancel, Empty, View
from phygui.views.core.colors import DIM, HIGHLIGHT
from phygui.views.core.cursor import Gaps, TimeCursor
from phygui.views.core.loading import missing_data
from phygui.views.core.mouse import size_of_points
from phygui.views.core.picking import nearest_point
from phygui.views.core.visuals import Batch, vertices
from phygui.views.data.attributes import robust_range
from phygui.views.data.depths import has_depths, read_depths
from phygui.views.data.draw_budget import Budget, among, how_many, is_part
from phygui.views.data.lasso_on_spikes import LassoOnSpikes
from phygui.views.drift.background import depths_of_all, shades_of

_BUDGET = Budget(each=1_500, together=7_500, most=200_000, in_parts=True)
_MARGIN = 0.03
"""Room above and below the probe, as a part of it."""

_cache = ByteCache(16 * 2**20)


@dataclass(frozen=True)
class DriftParams:
    """Settings of the drift map."""

    n_spikes: int = _BUDGET.field(
        "Most spikes drawn of each selected cluster; a split always takes all of them.", step=1000
    )
    n_background: int = field(
        default=20_000,
        metadata={
            "label": "Background spikes",
            "help": "Spikes of all clusters drawn in grey, spread over the recording: the larger, "
            "the stronger.",
            "min": 0,
            "max": 500_000,
            "step": 10_000,
        },
    )
    marker_size: float = size_of_points(2.0)


@dataclass(frozen=True)
class DriftData:
    """What the drift map draws."""

    cluster_ids: tuple[int, ...]
    spike_ids: NDArray[np.int64]
    """Spikes of the selection that are drawn, (n,), sorted."""
    colors: NDArray[np.int64]
    """Index of each one's cluster in the selection, (n,)."""
    times: NDArray[np.float64]
    """Seconds, (n,)."""
    depths: NDArray[np.float64]
    """Micrometres, (n,); NaN where it is not known."""
    behind: NDArray[np.int64]
    """Spikes of the background, (m,), sorted."""
    behind_clusters: NDArray[np.int64]
    behind_times: NDArray[np.float64]
    behind_depths: NDArray[np.float64]
    shades: NDArray[np.float64]
    """Their opacities, (m,)."""
    limits: tuple[float, float]
    """Of the axis of depth, micrometres."""
    span: tuple[float, float]
    """Seconds, with the gaps between recordings."""
    label: str
    n_spikes: int
    """Of the selected clusters, also those that are not drawn."""
    n_behind: int
    """Of all clusters."""
    gaps: Gaps = ()
    is_partial: bool = False
    """Whether more of the spikes are to be drawn in a moment."""


class DriftView(LassoOnSpikes, View[DriftParams, DriftData], TimeCursor):
    """Depth of the spikes over time."""

    Params: ClassVar[type] = DriftParams
    has_markers: ClassVar[bool] = True
    has_legend: ClassVar[bool] = True

    def __init__(self, params: DriftParams | None = None, *, theme: str = "dark") -> None:
        TimeCursor.__init__(self)
        View.__init__(self, params, theme=theme)
        self._behind = Batch("points")
        self._points = Batch("points", opacity=0.8)
        self._pointed = Batch("points")
        self.visuals = [
            self.gap_bands,
            self._behind,
            self._points,
            self.cursor_line,
            self._pointed,
        ]

    @staticmethod
    def load(snapshot: Snapshot, params: DriftParams, cancelled: Cancel) -> DriftData | Empty:
        """Depths of a sample of all spikes, and of a sample of each selected cluster."""
        shank = snapshot.shank
        if not has_depths(shank):
            return missing_data(shank, "features")
        sizes = [len(snapshot.spikes(c)) for c in snapshot.cluster_ids]
        n_each = _BUDGET.of_each(params.n_spikes, sizes)
        samples, depths = [np.empty(0, np.int64)], [np.empty(0)]
        for cluster_id in snapshot.cluster_ids:
            sample = sample_spikes(snapshot.spikes(cluster_id), n_each)
            samples.append(sample)
            depths.append(_depths_of(snapshot, cluster_id, sample, cancelled))
        colors = np.repeat(np.arange(-1, len(sizes)), [len(s) for s in samples])
        chosen, depth = np.concatenate(samples), np.concatenate(depths)
        # In the order of time clusters are mixed, and none hides the others.
        order = np.argsort(chosen, kind="stable")
        chosen = chosen[order]
        behind = snapshot.some_of_all(params.n_background)
        places = depths_of_all(snapshot, behind, cancelled)
        if not len(chosen) and not len(behind):
            return Empty("Select a cluster to see where its spikes are.")
        return DriftData(
            cluster_ids=snapshot.cluster_ids,
            spike_ids=chosen,
            colors=colors[order],
            times=times_of(shank, chosen),
            depths=depth[order],
            behind=behind,
            behind_clusters=snapshot.clusters_of(behind),
            behind_times=times_of(shank, behind),
            behind_depths=places.depths,
            shades=shades_of(places.sizes),
            limits=_limits(shank, np.append(places.depths, depth)),
            span=snapshot.span,
            label=axis_label(shank, DEPTH),
            n_spikes=sum(sizes),
            n_behind=snapshot.n_spikes,
            gaps=shank.clock.gap_times(),
            is_partial=is_part(params.n_spikes, n_each, sizes),
        )

    @property
    def summary(self) -> str:
        """How many of the spikes are drawn."""
        if not isinstance(self.data, DriftData):
            return ""
        selected = how_many(len(self.data.spike_ids), self.data.n_spikes)
        behind = how_many(len(self.data.behind), self.data.n_behind)
        of_all = f"{behind} in the background" if behind else ""
        return "; ".join(filter(None, [selected, of_all]))

    def build(self, data: DriftData) -> None:
        """Make the cell and the points."""
        time = Axis(TIME, *data.span, "time (s)", keep=True)
        depth = Axis(DEPTH, *data.limits, data.label, keep=True)
        self.set_cells([Cell(time, depth)])
        known = np.isfinite(data.behind_depths)
        self._behind.set_data(
            vertices(
                data.behind_times[known],
                data.behind_depths[known],
                color=DIM,
                alpha=data.shades[known],
            )
        )
        known = np.isfinite(data.depths)
        self._points.set_data(
            vertices(data.times[known], data.depths[known], color=data.colors[known])
        )
        self.draw_gaps(data.gaps)
        self.draw_cursor()

    def before_draw(self) -> None:
        """Follow the marker size."""
        self._behind.size = self.marker_size
        self._points.size = self.marker_size + 1
        self._pointed.size = self.marker_size + 3

    def point_at(self, data: DriftData, spike_ids: NDArray[np.int64]) -> None:
        """Point at those of some spikes that are drawn."""
        found = among(data.spike_ids, spike_ids) & np.isfinite(data.depths)
        self._pointed.set_data(vertices(data.times[found], data.depths[found], color=HIGHLIGHT))
        self.update()

    def describe(self, cell: int, x: float, y: float) -> str:
        """The spike under the mouse."""
        data = self.drawn
        found = nearest_point(self, cell, (x, y), data.times, data.depths)
        if found is not None:
            cluster = data.cluster_ids[int(data.colors[found])]
            spike, time, depth = data.spike_ids[found], data.times[found], data.depths[found]
        else:
            found = nearest_point(self, cell, (x, y), data.behind_times, data.behind_depths)
            if found is None:
                return ""
            cluster, spike = int(data.behind_clusters[found]), data.behind[found]
            time, depth = data.behind_times[found], data.behind_depths[found]
        text = f"spike {spike}, cluster {cluster}, {time:.4f} s"
        return f"{text}, {name_value(self.cells[0].y, float(depth))}"


def _depths_of(
    snapshot: Snapshot, cluster_id: int, sample: NDArray[np.int64], cancelled: Cancel
) -> NDArray[np.float64]:
    owners = snapshot.shank, snapshot.spikes(cluster_id)
    key = len(sample), snapshot.shank.n_located
    known: NDArray[np.float64] | None = _cache.get(owners, key)
    if known is None:
        known = read_depths(snapshot.shank, sample, cancelled).depths
        _cache.put(owners, key, known, known.nbytes)
    return known


def _limits(shank: ShankData, depths: NDArray[np.float64]) -> tuple[float, float]:
    """All of the probe, and where the format says spikes are that lie beyond its channels."""
    positions = np.asarray(shank.channel_positions)[:, 1]
    low, high = float(positions.min(initial=np.inf)), float(positions.max(initial=-np.inf))
    if np.isfinite(depths).any():
        bottom, top = robust_range([depths], margin=0.0)
        low, high = min(low, bottom), max(high, top)
    if not low < high:
        return robust_range([depths])
    margin = _MARGIN * (high - low)
    return low - margin, high + margin
