"""The trace view: the recording, with the spikes of the selected clusters in their colours."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.edits.update import in_words
from phygui.curation.statistics.spike_attributes import TIME
from phygui.views.core.axes import Axis, Cell, Ticks, nice_ticks
from phygui.views.core.base import Empty, View
from phygui.views.core.colors import BACKGROUND, FOREGROUND, GREY, HIGHLIGHT
from phygui.views.core.cursor import CURSOR_OPACITY, TimeCursor, is_in_gap
from phygui.views.core.visuals import Batch, Images, Label, strips, vertices
from phygui.views.data.draw_budget import among
from phygui.views.data.voltages import reading
from phygui.views.trace.covered import NOISE_PER_ROW, covered
from phygui.views.trace.data import (
    SHORTEST,
    TraceData,
    TraceParams,
    interval_of,
    load,
    paint_spikes,
)
from phygui.views.trace.form import MOST_CASED, channel_ticks, form_of, mark_alphas, recorded_parts
from phygui.views.trace.overlay import (
    indented,
    name_marks,
    room_for_indents,
    scale_bar,
    spike_ticks,
    write_note,
)
from phygui.views.trace.rows import MOST_DISTINCT
from phygui.views.trace.signal import Envelope

CONTRAST = 12.0
"""Standard deviations of the noise from the middle to the end of the greys of an image."""
PAGE = 0.8
"""Part of what is shown by which a page moves."""
REACH = 8.0
"""Logical pixels from the mouse within which a spike is meant."""
TALL = 1e4
"""Rows: more than there are, for lines from top to bottom, which may be seen a thousandth of a row
at a time."""
SMALLEST_WITH_BAR = 90.0
"""Logical pixels of height from which there is room for a scale bar."""
MOST_NAMED = 4
"""Clusters without a spike in view that are named."""


class TraceView(View[TraceParams, TraceData], TimeCursor):
    """The recording over time, one row for each channel."""

    Params: ClassVar[type] = TraceParams
    has_legend: ClassVar[bool] = True
    load = staticmethod(load)

    def __init__(self, params: TraceParams | None = None, *, theme: str = "dark") -> None:
        TimeCursor.__init__(self)
        View.__init__(self, params, theme=theme)
        self._form = form_of(self.params.mode, math.inf)
        self._signal: tuple[Envelope, tuple[float, float], float, bool] | None = None
        self._image = Images()
        self._traces = Batch("strips")
        self._spikes = Batch("lines")
        self._pointed = Batch("lines", size=3.0)
        self._gap_ground = Batch("triangles")
        self._casings = Batch("lines", size=5.0)
        self._cursor_casing = Batch("lines", size=4.0)
        self._marks = Batch("lines")
        self._grounds = Batch("triangles", opacity=0.8)
        self._bar = Batch("lines")
        self._ticks = Batch("lines", smooth=False)
        self.visuals = [
            self._image,
            self._gap_ground,
            self.gap_bands,
            self._traces,
            self._casings,
            self._marks,
            self._spikes,
            self._pointed,
            self._cursor_casing,
            self.cursor_line,
            self._ticks,
            self._grounds,
            self._bar,
        ]

    # -- what is drawn ---------------------------------------------------------------------

    def build(self, data: TraceData) -> None:
        """Make the rows, the spikes over them and the marks."""
        n_channels = len(data.channels)
        start, stop = data.interval
        self.margins = (room_for_indents(data.n_columns), 0.0, 0.0, 0.0)
        # Times count from the start of the stretch: single precision is too coarse for hours.
        x = Axis(TIME, 0.0, stop - start, "time (s)", self._time_ticks)
        y = Axis(
            "channel",
            -n_channels,
            1.0,
            "channel",
            self._channel_ticks,
            keep=True,
            limits=(-n_channels, 1.0),
            named_below=True,
        )
        self.set_cells([Cell(x, y)])
        self._show_interval()

        self._form = form_of(self.params.mode, self._pitch(self.size))
        self.draw_gaps(data.gaps)
        self._set_signal(data)
        self._spikes.set_data(data.covered)

    def _pitch(self, size: tuple[float, float]) -> float:
        """Logical pixels from one channel to the next."""
        low, high = self.cells[0].y.view
        height = float(self.layout.boxes[0][3]) if len(self.layout.boxes) else size[1]
        return height / (high - low)

    def _set_signal(self, data: TraceData) -> None:
        """The signal as lines or as an image, and what stands out from it."""
        times = data.envelope.samples / data.sample_rate - data.interval[0]
        rows = -np.arange(len(data.channels))[:, None]
        as_image = self._form == "image"
        self._traces.visible, self._image.visible = not as_image, as_image
        self.n_standing = 0 if as_image else 1 + self.visuals.index(self._traces)
        signal = data.envelope, data.interval, data.noise, as_image
        is_new, self._signal = signal != self._signal, signal
        if as_image:
            limit = CONTRAST * data.noise / self.data_scale
            self._image.limits = (-limit, limit)
        if is_new and as_image:
            self._set_image(data, times)
        elif is_new:
            values = data.envelope.values / np.float32(NOISE_PER_ROW * data.noise)
            quiet = 1.0 if data.envelope.bin_size <= MOST_DISTINCT else 0.6
            # No line leads over a gap.
            self._traces.set_data(
                *(
                    strips(times[part], rows, dy=values[:, part], color=GREY, alpha=quiet)
                    for part in recorded_parts(data.envelope.values)
                )
            )
        self._set_marks(data, as_image)
        # The grey of an image would look like a silence.
        ground = self.gap_bands.vertices.copy()
        ground["color"] = BACKGROUND
        self._gap_ground.visible = as_image
        self._gap_ground.set_data(ground)
        self.draw_cursor()

    def _set_marks(self, data: TraceData, as_image: bool) -> None:
        """Lines from top to bottom; the greys of an image would swallow a thin and faint one."""
        at = np.array([t - data.interval[0] for t, _, _ in data.marks])[:, None]
        faint = np.array([kind == "event" for _, kind, _ in data.marks], bool)[:, None]
        alpha = mark_alphas(faint, as_image)
        self._casings.clear()
        if as_image and len(at) <= MOST_CASED:
            self._casings.set_data(vertices(at, [-TALL, TALL], color=BACKGROUND))
        self._marks.size = 2.0 if as_image else 1.0
        self._marks.set_data(vertices(at, [-TALL, TALL], color=FOREGROUND, alpha=alpha))

    def draw_cursor(self) -> None:
        """Place the line; over an image it stands out like the marks."""
        super().draw_cursor()
        as_image = self._form == "image"
        self.cursor_line.size = 2.0 if as_image else 1.0
        self.cursor_line.opacity = 1.0 if as_image else CURSOR_OPACITY
        casing = self.cursor_line.vertices.copy()
        casing["color"] = BACKGROUND
        self._cursor_casing.visible = as_image
        self._cursor_casing.set_data(casing)

    def point_at(self, data: TraceData, spike_ids: NDArray[np.int64]) -> None:
        """Point at those of some spikes that are in the stretch."""
        chosen = among(data.spike_ids, spike_ids)
        first, last = data.spike_points[chosen].T
        labels = paint_spikes(
            data.labels.shape,
            first,
            last,
            data.spike_rows[chosen],
            np.zeros(int(chosen.sum()), dtype=np.int64),
        )
        times = data.envelope.samples / data.sample_rate - data.interval[0]
        found = covered(data.envelope.values, times, labels, data.noise)
        found["color"] = HIGHLIGHT
        self._pointed.set_data(found)
        self.update()

    def _set_image(self, data: TraceData, times: NDArray[Any]) -> None:
        """One pixel per channel and point: of an envelope, the value farther from zero."""
        values = data.envelope.values
        if data.envelope.bin_size > 1:
            low, high = values[:, ::2], values[:, 1::2]
            values = np.where(-low > high, low, high)
        n_channels, n_columns = values.shape
        width = (times[-1] - times[0]) / max(len(times) - 1, 1) * len(times) / n_columns
        left = times[0] - width / 2 if data.envelope.bin_size == 1 else times[0] - width / 4
        extent = [[left, left + n_columns * width, 0.5 - n_channels, 0.5]]
        # What was not recorded is under a band.
        values = np.nan_to_num(values)
        self._image.set_data(values[::-1][None], extent, limits=self._image.limits)

    def on_data_scale(self, factor: float) -> None:
        """Make the signal taller, or the image more contrasted."""
        super().on_data_scale(factor)
        if isinstance(self.data, TraceData):
            limit = CONTRAST * self.data.noise / self.data_scale
            self._image.limits = (-limit, limit)

    @property
    def time_origin(self) -> float:
        """Times count from the start of the stretch."""
        return self.data.interval[0] if isinstance(self.data, TraceData) else 0.0

    def _time_ticks(self, low: float, high: float, n_max: int) -> Ticks:
        origin = self.drawn.interval[0]
        return [(t - origin, text) for t, text in nice_ticks(low + origin, high + origin, n_max)]

    def _channel_ticks(self, low: float, high: float, n_max: int) -> Ticks:
        return channel_ticks(self.drawn.channel_labels, self.drawn.n_columns, low, high, n_max)

    # -- over the picture ------------------------------------------------------------------

    def _lay_out(self, size: tuple[float, float]) -> None:
        super()._lay_out(size)
        if not isinstance(self.data, TraceData):
            return
        form = form_of(self.params.mode, self._pitch(size))
        if form != self._form:
            self._form = form
            self._set_signal(self.data)
        data, box, start = self.data, tuple(self.layout.boxes[0]), self.data.interval[0]
        times = np.array([time for time, _, _ in data.marks])
        (first, _), (second, _) = (self.to_pixels(0, x, 0) for x in (0.0, 1.0))
        pixels = first + (times - start) * (second - first)
        self._ticks.clear()
        if self.params.ticks:
            at = first + (data.spike_times - start) * (second - first)
            self._ticks.set_data(spike_ticks(at, data.spike_colors, box))
        marks = [(float(pixels[k]), *data.marks[k][1:]) for k in np.argsort(pixels, kind="stable")]
        labels: list[Label] = []
        grounds = [name_marks(marks, box, labels)]
        if note := self._note():
            grounds.append(write_note(note, box, labels))
        self._bar.clear()
        if self._form == "lines" and box[3] >= SMALLEST_WITH_BAR:
            low, high = self.cells[0].y.view
            per_row = NOISE_PER_ROW * data.noise / self.data_scale
            bar, ground = scale_bar(per_row * (high - low) / box[3], data.unit, box, labels)
            self._bar.set_data(bar)
            grounds.append(ground)
        self._grounds.set_data(*grounds)
        names = self._text.labels
        if self.margins[0]:
            names = indented(names, data.columns, box[0], lambda y: self.to_data(0, 0, y)[1])
        self._text.set_labels([*names, *labels])

    def _note(self) -> str:
        """What is to be known of what is not seen."""
        data, notes = self.drawn, []
        lacking = data.clusters_without_spikes
        if lacking and self.params.spikes != "none":
            notes.append(f"no spike of {in_words(lacking, MOST_NAMED)} in view")
        if data.envelope.sampled < 1:
            notes.append(f"1 sample in {1 / data.envelope.sampled:.0f} is shown")
        return ", ".join(notes)

    # -- moving in time --------------------------------------------------------------------

    def set_data(self, data: TraceData | Empty) -> None:
        """Show a stretch, or go on to where the selection has spikes if that is wanted."""
        before = self.data.cluster_ids if isinstance(self.data, TraceData) else None
        super().set_data(data)
        if not (self.params.follow and isinstance(data, TraceData)):
            return
        if data.cluster_ids != before and data.clusters_without_spikes == data.cluster_ids:
            sample = data.trains.nearest_spike(self.params.time * data.sample_rate)
            if sample is not None:
                self.change_params(time=sample / data.sample_rate)

    def set_params(self, params: TraceParams) -> None:
        """Take other settings; another stretch shows what is known of it at once."""
        super().set_params(params)
        if isinstance(self.data, TraceData):
            self._show_interval()
            self.refresh()

    def _show_interval(self) -> None:
        data = self.drawn
        start, stop = interval_of(self.params, data.span)
        self.cells[0].x.view = (start - data.interval[0], stop - data.interval[0])

    def show_interval(self, start: float, stop: float) -> None:
        """Show a stretch, in seconds; it is kept within the recording."""
        if not isinstance(self.data, TraceData):
            return
        total = self.data.span
        duration = min(max(stop - start, SHORTEST), total)
        middle = (start + stop) / 2
        middle = min(max(middle, duration / 2), total - duration / 2)
        self.change_params(time=float(middle), duration=float(duration))

    def move(self, seconds: float) -> None:
        """Show what comes later, or earlier when negative."""
        start, stop = self.interval
        self.show_interval(start + seconds, stop + seconds)

    @property
    def interval(self) -> tuple[float, float]:
        """Seconds shown."""
        if not isinstance(self.data, TraceData):
            half = self.params.duration / 2
            return self.params.time - half, self.params.time + half
        return interval_of(self.params, self.data.span)

    def go_to(self, time: float, longest: float = math.inf) -> None:
        """Show a time, in seconds, in the middle, and mark it; so much around it at the most."""
        self.set_cursor(time)
        duration = min(self.params.duration, longest)
        self.change_params(time=float(time), duration=float(duration))

    def next_spike(self) -> bool:
        """Go to the next spike of the selection; returns whether there is one."""
        return self._walk("next_spike")

    def previous_spike(self) -> bool:
        """Go to the previous spike of the selection; returns whether there is one."""
        return self._walk("previous_spike")

    def next_violation(self) -> bool:
        """Go to the next spike of the selection that follows one of its cluster too soon."""
        return self._walk("next_violation", self.params.refractory_ms / 1000)

    def previous_violation(self) -> bool:
        """Go to the previous spike of the selection that follows one of its cluster too soon."""
        return self._walk("previous_violation", self.params.refractory_ms / 1000)

    def _walk(self, step: str, period: float | None = None) -> bool:
        if not isinstance(self.data, TraceData):
            return False
        rate = self.data.sample_rate
        # A time made from a sample must give that sample again.
        args = [round(self.params.time * rate, 3)]
        if period is not None:
            args.append(period * rate)
        sample = getattr(self.data.trains, step)(*args)
        if sample is None:
            return False
        longest = math.inf if period is None else self.params.violation_ms / 1000
        self.go_to(sample / rate, longest)
        return True

    # -- what the user does ----------------------------------------------------------------

    def on_mouse_move(self, event: Any) -> None:
        """Pan in time with the left button, zoom with the right one, else say what is there."""
        dragged = event.press_event is not None and self._press_cell is not None
        if not dragged or not isinstance(self.data, TraceData) or event.last_event is None:
            super().on_mouse_move(event)
            return
        cell = self.cells[0]
        _, _, width, height = self.layout.boxes[0]
        dx, dy = np.subtract(event.pos, event.last_event.pos)
        start, stop = self.interval
        if event.press_event.button == 1:
            cell.y.pan(dy / height * (cell.y.view[1] - cell.y.view[0]))
            self.move(-dx / width * (stop - start))
        elif event.press_event.button == 2:
            x, y = self.to_data(0, *event.press_event.pos)
            cell.y.zoom(1.008**-dy, y)
            self._zoom_time(1.008**dx, x)
        self.moved()

    def on_mouse_wheel(self, event: Any) -> None:
        """Zoom in time about the mouse; with Ctrl scale the data, with Alt move in time."""
        if event.modifiers or not isinstance(self.data, TraceData):
            super().on_mouse_wheel(event)
        elif self.layout.cell_at(*event.pos) is not None:
            self._zoom_time(1.25 ** float(sum(event.delta)), self.to_data(0, *event.pos)[0])

    def _zoom_time(self, factor: float, x: float) -> None:
        around = x + self.drawn.interval[0]
        start, stop = self.interval
        factor = min(factor, (stop - start) / SHORTEST)
        self.show_interval(around + (start - around) / factor, around + (stop - around) / factor)

    def on_alt_wheel(self, steps: float) -> None:
        """Move in time by a tenth of what is shown."""
        start, stop = self.interval
        self.move(-steps * (stop - start) / 10)

    def on_key_press(self, event: Any) -> None:
        """Left and Right move by a page."""
        direction = {"Left": -1, "Right": 1}.get(str(getattr(event.key, "name", "")))
        if direction is None or event.modifiers:
            super().on_key_press(event)
            return
        start, stop = self.interval
        self.move(direction * PAGE * (stop - start))

    def reset_view(self) -> None:
        """Show the usual duration about the same time, all channels, at the usual scale."""
        super().reset_view()
        self.change_params(duration=TraceParams.duration)

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for the cluster of a spike, or mark a time where there is no spike."""
        if button != 1 or not isinstance(self.data, TraceData):
            return False
        found = self._spike_near(x, y)
        if found is not None:
            self.cluster_clicked.emit(int(self.data.spike_clusters[found]))
        else:
            time = x + self.data.interval[0]
            self.set_cursor(time)
            self.time_clicked.emit(time)
        return True

    def _spike_near(self, x: float, y: float) -> int | None:
        data = self.drawn
        row = min(max(round(-y), 0), len(data.channels) - 1)
        start, stop = self.interval
        width = self.layout.boxes[0][2]
        return data.spike_at(x + data.interval[0], row, REACH * (stop - start) / width)

    def describe(self, cell: int, x: float, y: float) -> str:
        """The time, the channel, the signal there and the spike near the mouse."""
        data = self.drawn
        row = min(max(round(-y), 0), len(data.channels) - 1)
        time = x + data.interval[0]
        text = f"{time:.4f} s, channel {data.channel_labels[row]}"
        point = int(np.searchsorted(data.envelope.samples, time * data.sample_rate))
        if is_in_gap(data.gaps, time):
            return f"{text}: not recorded"
        if data.envelope.bin_size == 1 and point < len(data.envelope.samples):
            text += f", {reading(data.envelope.values[row, point], data.unit)}"
        found = self._spike_near(x, y)
        if found is not None:
            text += f", spike {data.spike_ids[found]} of cluster {data.spike_clusters[found]}"
        return text
