"""The probe view: where the channels and the clusters are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.views.core.axes import Axis, Cell, nice_number
from phygui.views.core.base import Cancel, Empty, View
from phygui.views.core.colors import DIM, FRAME, UNSORTED
from phygui.views.core.mouse import size_of_points
from phygui.views.core.visuals import CANVAS, Batch, Label, beside_points, boxes, fitting
from phygui.views.data.cluster_points import (
    ClusterPoints,
    group_colors,
    groups_in_words,
    named_first,
    named_groups,
    size_of_clusters,
)
from phygui.views.data.cluster_values import axis_name, known_stats, locations_of

REACH = 10.0
"""Logical pixels from the mouse within which a cluster or a channel is meant."""
_LEAST_WIDTH = 24.0
"""Logical pixels that a probe is drawn wide at least, if it has more than one column."""
_SIDES = (3.0, 12.0)
"""Logical pixels of the side of a contact, at least and at most."""


@dataclass(frozen=True)
class ProbeParams:
    """Settings of the probe view."""

    channel_names: bool = field(
        default=True,
        metadata={
            "label": "Channel numbers",
            "reload": False,
            "help": "Write beside each channel its number in the file",
        },
    )
    all_names: bool = field(
        default=False,
        metadata={
            "label": "All numbers, also over one another",
            "reload": False,
            "help": "Otherwise only those of channels and clusters for which there is room",
        },
    )
    size_by: str = size_of_clusters()
    marker_size: float = size_of_points(8.0)


@dataclass(frozen=True)
class ProbeData:
    """Places of channels and clusters, micrometres."""

    channels: NDArray[np.float64]
    """(n_channels, 2), in ``channel_order``."""
    channel_names: tuple[str, ...]
    cluster_ids: tuple[int, ...]
    """All clusters, the selected ones last, the best at the very end."""
    selected: tuple[int, ...]
    places: NDArray[np.float64]
    """(n_clusters, 2), NaN where not known."""
    sizes: NDArray[np.float64]
    """(n_clusters,) amplitudes, or the size of the mean features."""
    size_label: str
    colors: NDArray[np.int64]
    """(n_clusters,) place in the selection, or the colour of the cluster's group."""
    n_spikes: NDArray[np.float64]
    """(n_clusters,)"""
    groups: Mapping[int, str]


def load(snapshot: Snapshot, params: ProbeParams, cancelled: Cancel) -> ProbeData | Empty:
    """Find where all clusters are; what an edit did not touch is not computed again.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    shank = snapshot.shank
    positions = np.asarray(shank.channel_positions, dtype=np.float64)
    if not len(positions):
        return Empty("This shank has no channels")
    selected = snapshot.cluster_ids
    others = sorted(set(snapshot.spikes_per_cluster).difference(selected))
    stats = known_stats(snapshot, (*others, *reversed(selected)), cancelled)
    ids = tuple(stats)
    in_volts = shank.waveforms is not None
    sizes = [stats[c].amplitude if in_volts else stats[c].size for c in ids]
    return ProbeData(
        channels=positions,
        channel_names=tuple(str(c) for c in shank.channels),
        cluster_ids=ids,
        selected=tuple(selected),
        places=locations_of(snapshot, stats),
        sizes=np.array([np.nan if s is None else s for s in sizes], dtype=np.float64),
        size_label=axis_name("amplitude", shank) if in_volts else "size of features",
        colors=group_colors(snapshot, ids),
        n_spikes=np.array([len(snapshot.spikes(c)) for c in ids], dtype=np.float64),
        groups=named_groups(snapshot),
    )


class ProbeView(View[ProbeParams, ProbeData]):
    """The probe on the left; every cluster at its depth and amplitude on the right."""

    Params: ClassVar[type] = ProbeParams
    has_markers: ClassVar[bool] = True
    load = staticmethod(load)

    @property
    def shows_metrics(self) -> bool:
        """Whether it changes as more is known: clusters come in with their statistics."""
        return True

    def __init__(self, params: ProbeParams | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        self._contacts = Batch("triangles")
        self._points = ClusterPoints()
        self.visuals = [self._contacts, self._points]

    def before_draw(self) -> None:
        """Follow the marker size."""
        self._points.size = self.marker_size

    def build(self, data: ProbeData) -> None:
        """Make the two plots."""
        xs, ys = data.channels.T
        pitch = _pitch(data.channels)
        x = Axis("x", xs.min() - pitch, xs.max() + pitch, "x (µm)", keep=True)
        y = Axis("depth", ys.min() - pitch, ys.max() + pitch, "y (µm)", keep=True)
        largest = np.nanmax(data.sizes) if np.isfinite(data.sizes).any() else 1.0
        size = Axis("size", 0.0, 1.1 * float(largest), data.size_label)
        # A probe is much higher than wide.
        self.set_cells([Cell(x, y, 0, 0, weight=2.0), Cell(size, y, 0, 1, weight=3.0)])
        known = np.isfinite(data.places).all(axis=1) & np.isfinite(data.sizes)
        across, up = data.places.T
        values = {"spikes": data.n_spikes, "amplitude": data.sizes}.get(self.params.size_by)
        self._points.set_data(
            np.where(known, [across, data.sizes], np.nan),
            np.array([up, up]),
            color=data.colors,
            values=values,
            cells=(0, 1),
        )
        labels = []
        # The best cluster is named first, and those that are not selected as there is room.
        for k in named_first(data.colors, data.n_spikes, known):
            name, color = (
                str(data.cluster_ids[k]),
                int(data.colors[k]) if data.colors[k] >= 0 else UNSORTED,
            )
            where = data.sizes[k], data.places[k, 1]
            labels.append(Label(name, *where, 1, color, ("left", "center"), (8.0, 0.0)))
        if self.params.channel_names:
            # From the top down, so that where there is no room for all every so many-th is named;
            # outside, since clusters are between the contacts.
            middle = (xs.min() + xs.max()) / 2
            for k in np.lexsort((xs, -ys)):
                label = Label(
                    data.channel_names[k], xs[k], ys[k], 0, DIM, ("left", "center"), (9.0, 0.0)
                )
                if xs[k] < middle:
                    label = replace(label, align=("right", "center"), offset=(-9.0, 0.0))
                labels.append(label)
        self.writes_over, self.labels = self.params.all_names, labels

    @staticmethod
    def fit_names(
        labels: Sequence[Label], points: Sequence[tuple[float, float]], boxes: NDArray[np.float64]
    ) -> list[Label]:
        """Those of clusters beside their points; those of channels as far as there is room."""
        found = []
        for cell, fit in enumerate((fitting, beside_points)):
            own = [k for k, label in enumerate(labels) if label.cell == cell]
            found += fit([labels[k] for k in own], [points[k] for k in own], boxes)
        return found

    def _lay_out(self, size: tuple[float, float]) -> None:
        is_known = isinstance(self.data, ProbeData) and len(self.layout.boxes) == len(self.cells)
        if is_known and not self.cells[0].x.is_moved:
            # The plots are mostly as large as they were, and need not be laid out twice.
            self._scale_probe(self.drawn)
        super()._lay_out(size)
        if not isinstance(self.data, ProbeData):
            return
        if not self.cells[0].x.is_moved and self._scale_probe(self.data):
            super()._lay_out(size)
        self._place_contacts(self.data)

    def _scale_probe(self, data: ProbeData) -> bool:
        """Show as much across as a micrometre up and one across are equally long.

        A probe that would be too thin to be looked at is drawn wider, and its axis says so.
        Returns whether anything changed.
        """
        x, y = self.cells[0].x, self.cells[0].y
        _, _, width, height = self.layout.boxes[0]
        per_um = height / (y.high - y.low)
        extent = float(np.ptp(data.channels[:, 0]))
        wider = 1.0
        if 0 < extent * per_um < _LEAST_WIDTH:
            wider = nice_number(_LEAST_WIDTH / (extent * per_um), at_least=True)
        middle = float(data.channels[:, 0].min()) + extent / 2
        # Of a probe wider than the plot all is shown, though it be narrower than it is high.
        reach = max(width / per_um / wider, extent + 2 * _pitch(data.channels)) / 2
        is_scaled = reach == width / per_um / wider / 2
        label = f"x (µm, {wider:g}× as wide)" if wider > 1 else "x (µm)"
        label = label if is_scaled else "x (µm, not to scale)"
        ends = middle - reach, middle + reach
        if (x.low, x.high, x.label) == (*ends, label):
            return False
        (x.low, x.high), x.label = ends, label
        x.reset()
        return True

    def _place_contacts(self, data: ProbeData) -> None:
        """Draw each channel as a square, about as large as there is room between two of them."""
        left, top, width, height = self.layout.boxes[0]
        x, y = np.array([self.to_pixels(0, *place) for place in data.channels]).T
        low, high = self.cells[0].y.view
        side = round(float(np.clip(0.4 * _pitch(data.channels) * height / (high - low), *_SIDES)))
        x, y = np.rint(x - side / 2), np.rint(y - side / 2)
        inside = (x > left) & (x + side < left + width) & (y > top) & (y + side < top + height)
        x, y = x[inside], y[inside]
        self._contacts.set_data(boxes(x, x + side, y, y + side, color=FRAME, cell=CANVAS))

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for a cluster; or take a channel for the x or, with the right button, the y axis."""
        if not isinstance(self.data, ProbeData):
            return False
        cluster = self._cluster_near(cell, x, y)
        if cluster is not None and button == 1:
            self.cluster_clicked.emit(self.data.cluster_ids[cluster])
            return True
        channel = self._channel_near(cell, x, y)
        if channel is not None:
            number = int(self.data.channel_names[channel])
            self.channel_clicked.emit(number, "x" if button == 1 else "y")
        return True

    def _cluster_near(self, cell: int, x: float, y: float) -> int | None:
        data = self.drawn
        across = data.places[:, 0] if cell == 0 else data.sizes
        # Of clusters at one place, the one that is seen.
        found = self._nearest(cell, x, y, across[::-1], data.places[::-1, 1])
        return None if found is None else len(across) - 1 - found

    def _channel_near(self, cell: int, x: float, y: float) -> int | None:
        return self._nearest(cell, x, y, *self.drawn.channels.T) if cell == 0 else None

    def _nearest(
        self, cell: int, x: float, y: float, xs: NDArray[np.float64], ys: NDArray[np.float64]
    ) -> int | None:
        _, _, width, height = self.layout.boxes[cell]
        (x0, x1), (y0, y1) = self.cells[cell].x.view, self.cells[cell].y.view
        distance = np.hypot((xs - x) / (x1 - x0) * width, (ys - y) / (y1 - y0) * height)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        if not len(distance) or distance.min() > REACH:
            return None
        return int(np.argmin(distance))

    def describe(self, cell: int, x: float, y: float) -> str:
        """The cluster or the channel under the mouse."""
        data = self.drawn
        k = self._cluster_near(cell, x, y)
        if k is not None:
            name, _, unit = data.size_label.partition(" (")
            unit = unit.rstrip(")")
            return (
                f"cluster {data.cluster_ids[k]}{groups_in_words(data.groups, data.cluster_ids[k])}"
                f" at {data.places[k, 0]:.0f}, "
                f"{data.places[k, 1]:.0f} µm, {name} {data.sizes[k]:.3g} {unit}".rstrip()
            )
        channel = self._channel_near(cell, x, y)
        return "" if channel is None else f"channel {data.channel_names[channel]}"


def _pitch(positions: NDArray[np.float64]) -> float:
    """Usual distance of a channel to the next one up, for the margin around all of them."""
    steps = np.diff(np.unique(positions[:, 1]))
    return float(np.median(steps)) if len(steps) else 20.0
