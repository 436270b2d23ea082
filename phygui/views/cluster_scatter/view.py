"""The cluster scatter view: all clusters by any two of their metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset import why_absent
from phygui.views.core.axes import Axis, Cell, Ticks, nice_ticks
from phygui.views.core.base import Cancel, Empty, View
from phygui.views.core.colors import UNSORTED
from phygui.views.core.mouse import size_of_points
from phygui.views.core.visuals import Label, beside_points
from phygui.views.data.cluster_points import (
    ClusterPoints,
    group_colors,
    groups_in_words,
    named_first,
    named_groups,
    size_of_clusters,
)
from phygui.views.data.cluster_values import (
    axis_name,
    column,
    columns,
    is_awaited,
    why_unknown,
)

REACH = 10.0
"""Logical pixels from the mouse within which a cluster is meant."""


def _column(default: str, label: str, axis: str) -> Any:
    return field(
        default=default,
        metadata={
            "label": label,
            # Asked for when they are shown: there may be more metrics then.
            "choices": lambda shank: tuple(columns(shank)),
            "help": f"What the {axis} axis shows",
        },
    )


def _logarithmic(way: str) -> Any:
    return field(
        default=False,
        metadata={
            "label": f"Logarithmic {way}",
            "reload": False,
            "help": "A logarithmic scale; values of zero or less are not shown",
        },
    )


@dataclass(frozen=True)
class ClusterScatterParams:
    """Settings of the cluster scatter view."""

    x: str = _column("amplitude", "Across", "horizontal")
    y: str = _column("firing rate", "Up", "vertical")
    log_x: bool = _logarithmic("across")
    log_y: bool = _logarithmic("up")
    all_names: bool = field(
        default=False,
        metadata={
            "label": "All numbers, also over one another",
            "reload": False,
            "help": "Otherwise only those for which there is room, selected clusters first",
        },
    )
    size_by: str = size_of_clusters()
    marker_size: float = size_of_points(8.0)


@dataclass(frozen=True)
class ClusterScatterData:
    """Two numbers of every cluster."""

    cluster_ids: tuple[int, ...]
    """All clusters, the selected ones last, the best at the very end."""
    selected: tuple[int, ...]
    x: NDArray[np.float64]
    """(n_clusters,), NaN where not known."""
    y: NDArray[np.float64]
    names: tuple[str, str]
    """What the two are."""
    labels: tuple[str, str]
    """How they stand at the axes."""
    colors: NDArray[np.int64]
    """(n_clusters,) place in the selection, or the colour of the cluster's group."""
    sizes: Mapping[str, NDArray[np.float64]]
    """What points may be as large as: the number of spikes and the amplitude, (n_clusters,)."""
    groups: Mapping[int, str] = field(default_factory=dict)


def _at_hand(name: str, snapshot: Snapshot) -> str:
    """What an axis shows: where no amplitude can be known, sizes, rather than nothing at all."""
    no_amplitude = name == "amplitude" and snapshot.shank.waveforms is None
    return "number of spikes" if no_amplitude else name


def load(
    snapshot: Snapshot, params: ClusterScatterParams, cancelled: Cancel
) -> ClusterScatterData | Empty:
    """Two numbers of every cluster; what an edit did not touch is not computed again.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    selected = snapshot.cluster_ids
    others = sorted(set(snapshot.spikes_per_cluster).difference(selected))
    ids = (*others, *reversed(selected))
    if not ids:
        return Empty("There are no clusters")
    known = columns(snapshot.shank)
    names = _at_hand(params.x, snapshot), _at_hand(params.y, snapshot)
    unknown = [name for name in names if name not in known]
    if unknown:
        return Empty(
            f"There is no metric called {unknown[0]}: choose another axis in the settings."
        )
    x, y = (column(snapshot, name, ids, cancelled) for name in names)
    for name, values in zip(names, (x, y), strict=True):
        if not np.isfinite(values).any():
            reasons = [why_absent(snapshot.shank, kind) for kind in snapshot.shank.absent]
            text = why_unknown(snapshot, name, ids) or "; ".join(reasons) or "more data is needed"
            return Empty(f"The {name} is unknown: {text.rstrip('.')}.")
    labels = axis_name(names[0], snapshot.shank), axis_name(names[1], snapshot.shank)
    sizes = {
        "spikes": column(snapshot, "number of spikes", ids, cancelled),
        "amplitude": column(snapshot, "amplitude", ids, cancelled),
    }
    colors = group_colors(snapshot, ids)
    return ClusterScatterData(
        ids, tuple(selected), x, y, names, labels, colors, sizes, named_groups(snapshot)
    )


class ClusterScatterView(View[ClusterScatterParams, ClusterScatterData]):
    """One point for each cluster, the selected ones in their colours."""

    Params: ClassVar[type] = ClusterScatterParams
    has_markers: ClassVar[bool] = True
    grid_lines: ClassVar[bool] = True
    fit_names = staticmethod(beside_points)
    load = staticmethod(load)

    def __init__(self, params: ClusterScatterParams | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        self._points = ClusterPoints()
        self.visuals = [self._points]

    @property
    def shows_metrics(self) -> bool:
        """Whether a metric is shown that comes in as it is computed."""
        params = self.params
        sized = params.size_by == "amplitude"
        return sized or is_awaited(params.x) or is_awaited(params.y)

    def before_draw(self) -> None:
        """Follow the marker size."""
        self._points.size = self.marker_size

    def build(self, data: ClusterScatterData) -> None:
        """Place the points."""
        x, y = self._places(data)
        self.set_cells([Cell(self._axis(data, x, 0), self._axis(data, y, 1))])
        sizes = data.sizes.get(self.params.size_by)
        self._points.set_data(x[None], y[None], color=data.colors, values=sizes)
        known = np.isfinite(x) & np.isfinite(y)
        # The best cluster, which comes last, is named first, and then the others as there is room.
        self.labels = [
            Label(
                str(data.cluster_ids[k]),
                x[k],
                y[k],
                0,
                int(data.colors[k]) if data.colors[k] >= 0 else UNSORTED,
                offset=(7.0, -7.0),
            )
            for k in named_first(data.colors, data.sizes["spikes"], known)
        ]
        self.writes_over = self.params.all_names

    def _places(self, data: ClusterScatterData) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the clusters lie on the axes; on a logarithmic one, zero has no place."""
        places = []
        for values, log in ((data.x, self.params.log_x), (data.y, self.params.log_y)):
            if log:
                values = np.where(values > 0, values, np.nan)
                values = np.log10(values)
            places.append(values)
        return places[0], places[1]

    def _axis(self, data: ClusterScatterData, values: NDArray[np.float64], axis: int) -> Axis:
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        margin = 0.06 * (high - low) or 0.5
        log = (self.params.log_x, self.params.log_y)[axis]
        ticks = _log_ticks if log else nice_ticks
        name, label = f"{data.names[axis]} {log}", data.labels[axis]
        return Axis(name, low - margin, high + margin, label, ticks, keep=True)

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for the cluster."""
        found = self._near(x, y)
        if button == 1 and found is not None:
            self.cluster_clicked.emit(self.drawn.cluster_ids[found])
        return button == 1

    def _near(self, x: float, y: float) -> int | None:
        if not isinstance(self.data, ClusterScatterData):
            return None
        xs, ys = self._places(self.data)
        _, _, width, height = self.layout.boxes[0]
        (x0, x1), (y0, y1) = self.cells[0].x.view, self.cells[0].y.view
        distance = np.hypot((xs - x) / (x1 - x0) * width, (ys - y) / (y1 - y0) * height)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        # Of clusters at one place, the one that is seen.
        found = len(distance) - 1 - int(np.argmin(distance[::-1]))
        return found if distance[found] <= REACH else None

    def describe(self, cell: int, x: float, y: float) -> str:
        """The cluster under the mouse and its numbers."""
        data = self.drawn
        k = self._near(x, y)
        if k is None:
            return ""
        first, second = data.names
        cluster = data.cluster_ids[k]
        named = f"cluster {cluster}{groups_in_words(data.groups, cluster)}"
        return f"{named}: {first} {data.x[k]:.4g}, {second} {data.y[k]:.4g}"


def _log_ticks(low: float, high: float, n_max: int) -> Ticks:
    """Round numbers on an axis of decades: powers of ten, and 2 and 5 times them if they fit."""
    for factors in ((1, 2, 5), (1,)):
        exponents = np.arange(np.floor(low), np.ceil(high) + 1)
        values = (10.0 ** exponents[:, None] * factors).ravel()
        shown = values[(np.log10(values) >= low) & (np.log10(values) <= high)]
        if len(shown) <= n_max:
            break
    return [(float(np.log10(v)), f"{v:g}") for v in shown]
