"""Waveform view: filtered waveforms at the place of their channels on the probe."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import Cancel, Empty, View
from phygui.views.core.colors import BACKGROUND, DIM, FRAME, GRID, HIGHLIGHT
from phygui.views.core.layout import Layout
from phygui.views.core.picking import nearest_line
from phygui.views.core.visuals import (
    CANVAS,
    VERTEX,
    Batch,
    Images,
    Label,
    boxes,
    text_width,
    vertices,
)
from phygui.views.data.draw_budget import how_many
from phygui.views.data.voltages import reading
from phygui.views.waveform.data import (
    Pointed,
    WaveformData,
    WaveformParams,
    load_pointed,
    load_waveforms,
)
from phygui.views.waveform.scale_bars import add_scale_bars
from phygui.views.waveform.shown import (
    BESIDE,
    FILL,
    Densities,
    Shown,
    alpha_of,
    lines_of,
    offsets,
    shown_of,
)
from phygui.views.waveform.templates import load_templates, shows_templates

_BAND = 40.0
_LEAST_ROOM, _MOST_ROOM = 0.25, 4.0
"""Room above and below all boxes for what is larger than a box, in heights of a box."""
_STEP = 0.5
_MARK = 0.3
"""Reach of the mark at the spike's sample, up and down, in heights of a box."""
MOST_MARKED = 8
"""Clusters side by side up to which each has a mark of its own; of more there are none."""
_WIDEST, _FLATTEST = 360.0, 7.0
"""Most width of a box in logical pixels, and of a higher one in its height."""
_FAINTER = 0.4
"""Opacity of spikes that are pointed at under means or densities, to that over spikes."""


class WaveformView(View[WaveformParams, WaveformData]):
    """Waveforms of the selected clusters."""

    Params: ClassVar[type] = WaveformParams
    loads_highlight: ClassVar[bool] = True
    margins: tuple[float, float, float, float] = (0.0, 0.0, 0.0, _BAND)

    def __init__(self, params: WaveformParams | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        self._lines = Batch("strips")
        self._bands = Batch("triangles", opacity=0.3)
        self._means = Batch("strips", size=2.0, smooth=True)
        self._pointed = Batch("strips", size=1.5, smooth=True)
        self._pointed_means = Batch("strips", size=5.0, smooth=True)
        self._base = Batch("lines")
        self._images = Images()
        self._grounds = Batch("triangles", opacity=0.8)
        self._shown = Shown("", True, np.zeros((0, 0), bool))
        self.visuals = [
            self._base,
            self._lines,
            # However many spikes a lasso holds, means and densities remain to be seen.
            self._pointed,
            self._images,
            self._bands,
            self._pointed_means,
            self._means,
            self._grounds,
        ]

    @staticmethod
    def load(snapshot: Snapshot, params: WaveformParams, cancelled: Cancel) -> WaveformData | Empty:
        """Read the waveforms of a sample of the spikes of each selected cluster."""
        if shows_templates(snapshot.shank, params):
            return load_templates(snapshot, params, cancelled)
        return load_waveforms(snapshot, params, cancelled)

    @staticmethod
    def load_highlight(
        snapshot: Snapshot, data: WaveformData, spike_ids: NDArray[np.int64], cancelled: Cancel
    ) -> Pointed | None:
        """Read the waveforms of a sample of some spikes."""
        return load_pointed(snapshot, data, spike_ids, cancelled)

    # -- drawing ---------------------------------------------------------------------------

    def build(self, data: WaveformData) -> None:
        """Make the cell, the lines and the bands."""
        x0, x1, _, _ = data.layout.limits
        low, high = vertical_range(data)
        self.set_cells(
            [
                Cell(
                    Axis("x", x0, x1, ticks=None),
                    Axis("y", low, high, ticks=None),
                    frame=False,
                )
            ]
        )
        self._cap_width(data, self.size)
        centers, width = data.layout.centers, data.layout.width * FILL / 2
        ends = centers[:, None, 0] + np.array([-width, width])
        self._base.set_data(
            vertices(ends, centers[:, None, 1], color=GRID), self._spike_marks(data)
        )
        form = data.form(self.params)
        shown = data.shown
        if shown is None or (shown.form, shown.overlap) != (form, self.params.overlap):
            # Another form of what has been read.
            shown = shown_of(data, form, self.params.overlap)
        self._shown = shown
        self._lines.set_data(shown.lines)
        self._means.set_data(shown.means)
        self._bands.set_data(shown.bands)
        self._images.clear()
        if shown.densities is not None:
            nowhere = np.zeros((len(shown.densities.clusters), 4))
            self._images.set_data(shown.densities.opacity, nowhere)
            self._place_densities(shown.densities)

    def _spike_marks(self, data: WaveformData) -> NDArray[Any]:
        """A short upright line at the sample of the spike, in every box."""
        n_clusters = len(data.cluster_ids)
        if self.params.overlap or n_clusters > MOST_MARKED:
            n_clusters = 1
        if not data.times[0] <= 0 <= data.times[-1] or (
            n_clusters == 1 < len(data.cluster_ids) and not self.params.overlap
        ):
            return np.empty(0, VERTEX)
        across = offsets(data, self.params.overlap, np.arange(n_clusters))
        at = np.array([np.interp(0.0, data.times, own) for own in across])
        x, y = data.layout.centers.T
        reach = data.layout.height * np.array([-_MARK, _MARK])
        return vertices(
            (x[:, None] + at)[:, :, None], y[:, None, None] + reach, color=FRAME, alpha=0.8
        )

    def _lay_out(self, size: tuple[float, float]) -> None:
        if self.has_picture and not self.cells[0].x.is_moved:
            self._cap_width(self.drawn, size)
        super()._lay_out(size)

    def _cap_width(self, data: WaveformData, size: tuple[float, float]) -> None:
        """Leave room at both sides of a large canvas: wider waveforms would be nothing but flat."""
        x, y = self.cells[0].x, self.cells[0].y
        x0, x1, _, _ = data.layout.limits
        row = data.layout.height * max(size[1] - _BAND, 1.0) / (y.high - y.low)
        widest = max(_WIDEST, _FLATTEST * row)
        if not self.params.overlap:
            # Each has its part of the box.
            widest *= max(1.0, len(data.cluster_ids) / 2)
        span = max(x1 - x0, data.layout.width * size[0] / widest)
        middle = (x0 + x1) / 2
        x.low, x.high = middle - span / 2, middle + span / 2
        x.reset()

    def _place_densities(self, densities: Densities) -> None:
        """Put the images where they belong: lines follow the scale by themselves."""
        y = densities.half * self.data_scale
        extents = densities.left, densities.right, densities.middle - y, densities.middle + y
        self._images.place(np.stack(extents, axis=1), color=densities.clusters)

    def on_data_scale(self, factor: float) -> None:
        """Follow the scale; lines do so by themselves."""
        super().on_data_scale(factor)
        if self._shown.densities is not None and isinstance(self.data, WaveformData):
            self._place_densities(self._shown.densities)

    def point_at(self, data: WaveformData, spike_ids: NDArray[np.int64]) -> None:
        """Point at some spikes, also where they are none of those drawn, once they are read."""
        pointed = self.highlight_data
        self.update()
        self._pointed_means.clear()
        if not isinstance(pointed, Pointed):
            self._pointed.clear()
            return
        values = pointed.waveforms
        if self._shown.form == "residual":
            values = values - data.means[pointed.colors]
        pairs, alpha = np.nonzero(pointed.unmasked), alpha_of(len(pointed.spike_ids))
        if self._shown.form in ("mean", "density"):
            alpha *= _FAINTER
            self._build_pointed_means(data, pointed)
        overlap = self._shown.overlap
        self._pointed.set_data(
            lines_of(data, overlap, pointed.colors, values, pairs, HIGHLIGHT, alpha)
        )

    def _build_pointed_means(self, data: WaveformData, pointed: Pointed) -> None:
        """The mean of the spikes of each cluster; on both sides of the cluster's own, if shown."""
        self._pointed_means.size = 5.0 if self._shown.form == "mean" else 2.0
        clusters = np.unique(pointed.colors)
        own = [pointed.colors == k for k in clusters]
        means = np.stack([pointed.waveforms[spikes].mean(axis=0) for spikes in own])
        # On as many channels as most of the spikes took part in.
        part = np.stack([pointed.unmasked[spikes].mean(axis=0) for spikes in own])
        pairs = np.nonzero(part >= np.minimum(part.max(axis=1, keepdims=True), 0.5))
        self._pointed_means.set_data(
            lines_of(data, self._shown.overlap, clusters, means, pairs, HIGHLIGHT)
        )

    @property
    def summary(self) -> str:
        """How many of the spikes are drawn, and whether the channels wanted cannot be."""
        return self._summaries[0] if isinstance(self.data, WaveformData) else ""

    @property
    def _summaries(self) -> list[str]:
        """The summary, and less of it for less room."""
        drawn = how_many(len(self.drawn.spike_ids), self.drawn.n_spikes)
        if self.drawn.are_templates:
            drawn = "the sorter's templates"
        if self.drawn.n_left_out:
            n_shown = len(self.drawn.cluster_ids)
            drawn = f"{n_shown} of {n_shown + self.drawn.n_left_out:,} clusters; {drawn}"
        if not self.drawn.absent:
            return [drawn]
        absent = f"no channel {self.drawn.absent}"
        both = "; ".join(filter(None, [drawn, f"{absent} on this shank"]))
        return [both, absent, drawn]

    # -- scale bars, channel names, legend -------------------------------------------------

    def decorate(self, layout: Layout, size: tuple[float, float]) -> None:
        """Add channel names, the scale bars and the clusters' numbers in their colours."""
        data = self.data
        if not isinstance(data, WaveformData) or not self.cells:
            return
        left, top, width, height = layout.boxes[0]
        cell = self.cells[0]
        per_x = width / (cell.x.view[1] - cell.x.view[0])
        per_y = height / (cell.y.view[1] - cell.y.view[0])
        # Where boxes are lower than a line of text, not every channel of a column gets its name.
        half = data.layout.width / 2
        last: dict[int, float] = {}
        grounds = []
        for index in np.argsort(-data.layout.centers[:, 1], kind="stable"):
            center = data.layout.centers[index]
            name = data.channel_names[index]
            start, y = self.to_pixels(0, center[0] - half, center[1])
            end, _ = self.to_pixels(0, center[0] + half, center[1])
            # Of a box that begins outside, it stands where the visible part begins.
            x = max(start, left)
            column = round(x / 20)
            inside = x <= left + width and top + 10 <= y <= top + height
            inside &= x == start or x + text_width(name) + 5 <= end
            if inside and y - last.get(column, -99.0) >= 12:
                last[column] = y
                layout.labels.append(Label(name, x + 3, y - 1, align=("left", "bottom")))
                grounds.append((x + 1, x + 5 + text_width(name), y - 13, y - 1))
        places = np.reshape(grounds, (-1, 4)).T
        self._grounds.set_data(boxes(*places, color=BACKGROUND, cell=CANVAS))
        # As wide as they are drawn: side by side, waveforms leave some room between each other.
        drawn, span = data.layout.width, 1.0
        if len(data.times) > 1:
            drawn = np.ptp(offsets(data, self._shown.overlap, np.zeros(1, np.int64)))
            span = data.times[-1] - data.times[0]
        per_ms = drawn * per_x / span
        per_uv = data.layout.height / data.full_scale * self.data_scale * per_y
        end = add_scale_bars(layout, left + 8, size[1] - 8, per_ms, per_uv, data.unit)
        self._legend(layout, size, end)

    def _legend(self, layout: Layout, size: tuple[float, float], start: float) -> None:
        """Write the clusters' numbers in the lower right corner, the first ones if not all fit.

        Above them it is said how many of their spikes are drawn.
        """
        right, y = size[0] - 8.0, size[1] - 8
        room = right - start - 12
        said = next((text for text in self._summaries if text_width(text) <= room), "")
        if said:
            layout.labels.append(Label(said, right, y - 15, color=DIM, align=("right", "bottom")))
        self.write_legend(right, y, room)

    # -- the user --------------------------------------------------------------------------

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Take the channel under the mouse for an axis of the feature view."""
        if isinstance(self.data, WaveformData) and button in (1, 2):
            index = self.data.layout.nearest(x, y)
            channel = int(self.data.channel_names[index])
            self.channel_clicked.emit(channel, "x" if button == 1 else "y")
        return True

    def on_key_press(self, event: Any) -> None:
        """Overlap or not with O, mean or spikes with M."""
        super().on_key_press(event)
        if event.modifiers:
            return
        if event.key == "O":
            self.change_params(overlap=not self.params.overlap)
        elif event.key == "M":
            self.toggle_mean()

    def toggle_mean(self) -> None:
        """Show means in place of what is shown, or spikes in place of means."""
        n_clusters = len(self.drawn.cluster_ids) if self.has_picture else 1
        is_mean = self.params.shows(n_clusters) == "mean"
        self.change_params(show="spikes" if is_mean else "mean")

    def describe(self, cell: int, x: float, y: float) -> str:
        """The channel, the time and the voltage under the mouse, and whose line is there."""
        data = self.drawn
        index = data.layout.nearest(x, y)
        part = (x - data.layout.centers[index, 0]) / (data.layout.width * FILL)
        text = f"channel {data.channel_names[index]}"
        if abs(part) > 0.5:
            return text
        # What a narrow title bar cuts off matters less than what comes before.
        owner, spike = self._owner_near(x, y)
        text += owner
        scale = data.layout.height / data.full_scale * self.data_scale
        value = (y - data.layout.centers[index, 1]) / scale
        text += f", {reading(value, data.unit)}"
        along = part + 0.5
        if not self.params.overlap and len(data.cluster_ids) > 1:
            # Each cluster has its own time, and there is room between them.
            along = (along * len(data.cluster_ids) % 1 - 0.5) / BESIDE + 0.5
        if 0 <= along <= 1:
            text += f", {data.times[0] + along * (data.times[-1] - data.times[0]):.2f} ms"
        return text + spike

    def _owner_near(self, x: float, y: float) -> tuple[str, str]:
        """Name the cluster whose line is near the mouse, and the spike; empty for none."""
        data = self.drawn
        spikes = self._shown.form in ("spikes", "residual")
        clusters = data.colors if spikes else np.arange(len(data.cluster_ids))
        centers = data.layout.centers
        column = np.abs(centers[:, 0] - x) <= data.layout.width / 2
        rows, channels = np.nonzero(self._shown.has_line & column)
        # Of each line, the stretch from two samples before the mouse to two samples after it.
        shifts = offsets(data, self._shown.overlap, clusters)[rows]
        steps = shifts[:, 1] - shifts[:, 0] if len(data.times) > 1 else np.ones(len(rows))
        at = np.floor((x - centers[channels, 0] - shifts[:, 0]) / steps).astype(np.int64)
        inside = (at >= -1) & (at < len(data.times))
        rows, channels, shifts, at = (a[inside] for a in (rows, channels, shifts, at))
        samples = np.clip(at[:, None] + np.arange(-1, 3), 0, len(data.times) - 1)
        values = (data.waveforms if spikes else data.means)[
            rows[:, None], samples, channels[:, None]
        ]
        if self._shown.form == "residual":
            values = values - data.means[clusters[rows][:, None], samples, channels[:, None]]
        scale = data.layout.height / data.full_scale * self.data_scale
        (x0, x1), (y0, y1) = self.cells[0].x.view, self.cells[0].y.view
        _, _, width, height = self.layout.boxes[0]
        found = nearest_line(
            (centers[channels, :1] + np.take_along_axis(shifts, samples, axis=1) - x)
            * (width / (x1 - x0)),
            (centers[channels, 1:] + values * scale - y) * (height / (y1 - y0)),
        )
        if found is None:
            return "", ""
        row = rows[found]
        owner = f", cluster {data.cluster_ids[clusters[row]]}"
        if not spikes:
            return owner, ""
        return owner, f", spike {data.spike_ids[row]} at {data.spike_times[row]:.4f} s"


def vertical_range(data: WaveformData) -> tuple[float, float]:
    """What to show at first: all boxes, and what reaches out of the outermost ones.

    Whole steps of room are made, so that selections of about the same size are shown alike.
    """
    _, _, y0, y1 = data.layout.limits
    height = data.layout.height
    ends = data.layout.centers[:, 1] + data.reach * (height / data.full_scale)
    beyond = np.array([y0 - ends[0].min(), ends[1].max() - y1]) / height
    room = height * np.clip(np.ceil(beyond / _STEP) * _STEP, _LEAST_ROOM, _MOST_ROOM)
    return float(y0 - room[0]), float(y1 + room[1])
