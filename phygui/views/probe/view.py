"""The probe view: where the channels and the clusters are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import Cancel, Empty, View
from phygui.views.core.colors import DIM, GREY
from phygui.views.core.mouse import size_of_points
from phygui.views.core.visuals import Batch, Label, vertices
from phygui.views.data.cluster_values import MOST_NAMED, axis_name, known_stats, location_of

REACH = 10.0
"""Logical pixels from the mouse within which a cluster or a channel is meant."""


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
    marker_size: float = size_of_points(8.0)


@dataclass(frozen=True)
class ProbeData:
    """Places of channels and clusters, micrometres."""

    channels: NDArray[np.float64]
    """(n_channels, 2), in ``channel_order``."""
    channel_names: tuple[str, ...]
    cluster_ids: tuple[int, ...]
    """All clusters, the selected ones last, the best at the very end."""
    places: NDArray[np.float64]
    """(n_clusters, 2), NaN where not known."""
    sizes: NDArray[np.float64]
    """(n_clusters,) amplitudes, or the size of the mean features."""
    size_label: str
    colors: NDArray[np.int64]
    """(n_clusters,) place in the selection, or GREY."""


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
    places = [location_of(snapshot, stats[c]) for c in ids]
    in_volts = shank.waveforms is not None
    sizes = [stats[c].amplitude if in_volts else stats[c].size for c in ids]
    colors = [GREY] * (len(ids) - len(selected)) + list(range(len(selected)))[::-1]
    return ProbeData(
        channels=positions,
        channel_names=tuple(str(c) for c in shank.channels),
        cluster_ids=ids,
        places=np.array(places, dtype=np.float64).reshape(-1, 2),
        sizes=np.array([np.nan if s is None else s for s in sizes], dtype=np.float64),
        size_label=axis_name("amplitude", shank) if in_volts else "size of features",
        colors=np.array(colors, dtype=np.int64),
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
        self._channels = Batch("points", size=3.0)
        self._others = Batch("points", size=5.0)
        self._clusters = Batch("points", size=8.0)
        self.visuals = [self._channels, self._others, self._clusters]

    def before_draw(self) -> None:
        """Follow the marker size."""
        self._clusters.size = self.marker_size
        self._others.size = 0.7 * self.marker_size

    def build(self, data: ProbeData) -> None:
        """Make the two plots."""
        xs, ys = data.channels.T
        pitch = _pitch(data.channels)
        x = Axis("x", xs.min() - pitch, xs.max() + pitch, "x (µm)", keep=True)
        y = Axis("depth", ys.min() - pitch, ys.max() + pitch, "y (µm)", keep=True)
        largest = np.nanmax(data.sizes) if np.isfinite(data.sizes).any() else 1.0
        size = Axis("size", 0.0, 1.1 * float(largest), data.size_label)
        self.set_cells([Cell(x, y, 0, 0), Cell(size, y, 0, 1)])
        self._channels.set_data(vertices(xs, ys, color=GREY))
        for batch, chosen in (
            (self._others, data.colors == GREY),
            (self._clusters, data.colors != GREY),
        ):
            place, sizes = data.places[chosen], data.sizes[chosen]
            known = np.isfinite(place).all(axis=1) & np.isfinite(sizes)
            (px, py), color = place[known].T, data.colors[chosen][known]
            color = np.where(color == GREY, DIM, color)
            batch.set_data(
                vertices(px, py, color=color, cell=0),
                vertices(sizes[known], py, color=color, cell=1),
            )
        labels = []
        # The best cluster, which comes last, is named first.
        for k in np.flatnonzero(data.colors >= 0)[::-1][:MOST_NAMED]:
            if np.isfinite(data.places[k]).all() and np.isfinite(data.sizes[k]):
                name, color = str(data.cluster_ids[k]), int(data.colors[k])
                where = data.sizes[k], data.places[k, 1]
                labels.append(Label(name, *where, 1, color, ("left", "center"), (8.0, 0.0)))
        if self.params.channel_names:
            # From the top down, so that where there is no room for all every so many-th is named.
            labels += [
                Label(data.channel_names[k], xs[k], ys[k], 0, DIM, ("left", "center"), (6.0, 0.0))
                for k in np.lexsort((xs, -ys))
            ]
        self.writes_over, self.labels = self.params.all_names, labels

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
                f"cluster {data.cluster_ids[k]} at {data.places[k, 0]:.0f}, "
                f"{data.places[k, 1]:.0f} µm, {name} {data.sizes[k]:.3g} {unit}".rstrip()
            )
        channel = self._channel_near(cell, x, y)
        return "" if channel is None else f"channel {data.channel_names[channel]}"


def _pitch(positions: NDArray[np.float64]) -> float:
    """Usual distance of a channel to the next one up, for the margin around all of them."""
    steps = np.diff(np.unique(positions[:, 1]))
    return float(np.median(steps)) if len(steps) else 20.0
