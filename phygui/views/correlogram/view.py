"""The correlogram view: how the spikes of the selected clusters follow one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import MANY_VIOLATIONS
from phygui.views.core.axes import Axis, Cell, Ticks, nice_ticks, whole_ticks
from phygui.views.core.base import View
from phygui.views.core.colors import ACCENT, ALERT, BACKGROUND, DIM, FOREGROUND, UNSORTED
from phygui.views.core.layout import NOTE, ROOM_FOR_NAME, ROOM_FOR_NUMBER, left_out, row_height
from phygui.views.core.visuals import CANVAS, Batch, Label, boxes, text_width, vertices
from phygui.views.correlogram.data import (
    MAX_CLUSTERS,
    CorrelogramData,
    CorrelogramParams,
    load,
)
from phygui.views.correlogram.form import form_of, pairs_of, places_of
from phygui.views.correlogram.pair_numbers import numbers_of
from phygui.views.data.lags import SHORTEST, LagScale
from phygui.words import counted

TALL = 1e20
"""Higher than any plot, however its data are scaled, and not too high for single precision."""
MOST_WITH_TICKS = 3
"""Clusters up to which every plot has room for the values of its vertical axis."""
TITLE = math.ceil(ROOM_FOR_NAME)
"""Logical pixels kept free of bars for what is written at the top of a plot, and beside it."""
SMALLEST_WITH_TITLE = 40.0
"""Logical pixels of height from which a plot is not small: in a small one the name covers some
bars, which the other half of the plot repeats, and the share of violations some of the longest
lags."""
SMALLEST_WITH_SHARE = 14.0
"""Logical pixels of height below which the share of violations would stand in the next plot."""
SMALLEST_WITH_HEIGHT = 24.0
"""Logical pixels of height below which what is written of the height would hide the bars."""
LINE = 15.0
"""Logical pixels from one line of numbers to the next."""


class CorrelogramView(View[CorrelogramParams, CorrelogramData]):
    """Autocorrelograms on the diagonal, crosscorrelograms of row and column off it."""

    Params: ClassVar[type] = CorrelogramParams
    gap: ClassVar[float] = 4.0
    load = staticmethod(load)

    def __init__(self, params: CorrelogramParams | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        # Over the bars, which would hide it.
        self._band = Batch("triangles", opacity=0.2)
        self._bars = Batch("triangles")
        self._lines = Batch("lines", opacity=0.7)
        self._grounds = Batch("triangles", opacity=0.8)
        self._form = ""
        self._pairs = np.zeros((0, 2), np.int64)
        self._shows_bars = np.zeros(0, np.bool_)
        self.visuals = [self._bars, self._band, self._lines, self._grounds]

    @classmethod
    def in_room(
        cls, params: CorrelogramParams, size: tuple[float, float], cluster_ids: Sequence[int]
    ) -> CorrelogramParams:
        """Only those are counted that are shown in a view so large."""
        n_clusters = min(len(cluster_ids), MAX_CLUSTERS)
        return replace(params, layout=form_of(params.layout, n_clusters, size))

    # -- what is drawn ---------------------------------------------------------------------

    def _form_of(self, data: CorrelogramData, size: tuple[float, float]) -> str:
        """The form that is shown; until all pairs are counted, that of those that are."""
        form = form_of(self.params.layout, len(data.cluster_ids), size)
        return form if data.has_all_pairs else "acgs"

    def build(self, data: CorrelogramData) -> None:
        """Make the grid, its bars and its lines."""
        self.margins = (0.0, 0.0, 0.0, NOTE if data.n_left_out else 0.0)
        self._form = self._form_of(data, self.size)
        self._build_plots(data)

    def _build_plots(self, data: CorrelogramData) -> None:
        """Make the plots of the form that is shown."""
        self._pairs = np.array(pairs_of(self._form, len(data.cluster_ids)))
        self._shows_bars = self._has_bars()
        edges = self._scale.place(data.edges_ms)
        self.set_cells(self._grid(data, float(edges.min()), float(edges.max())))
        self._place(data, self.size)
        first, second = self._pairs.T
        cell, k = np.nonzero(data.counts[first, second] * self._shows_bars[:, None])
        row, column = self._pairs[cell].T
        self._bars.set_data(
            boxes(
                edges[k, 0],
                edges[k, 1],
                0,
                data.heights[row, column, k],
                color=np.where(row == column, row, UNSORTED),
                cell=cell,
            )
        )
        self._set_band(data)
        parts = [self._zero_lines()]
        if self.params.show_baseline:
            parts.append(self._baselines(data, edges))
        self._lines.set_data(*parts)

    def _has_bars(self) -> NDArray[np.bool_]:
        """Which plots show a correlogram, and not numbers where its mirror image would be."""
        rows, columns = self._pairs.T
        if self._form != "matrix" or self.params.mirrored != "numbers":
            return np.ones(len(rows), np.bool_)
        shows: NDArray[np.bool_] = rows <= columns
        return shows

    def _grid(self, data: CorrelogramData, low: float, high: float) -> list[Cell]:
        n = len(data.cluster_ids)
        x = Axis("lag", low, high, ticks=self._scale.ticks, limits=(low, high), keep=False)
        tallest = np.maximum(data.heights, data.baseline if self.params.show_baseline else 0)
        tallest = tallest.max(axis=2)
        if data.unit == "pairs":
            # Where nothing is counted, the baseline alone would stretch to the top.
            tallest = np.maximum(tallest, 1.0)
        if self.params.same_scale:
            tallest[:] = tallest.max()
        # Where nothing is counted at all, an axis needs a length all the same.
        tallest = np.where(tallest > 0, tallest, 1.0)
        ticks = None
        if n <= MOST_WITH_TICKS or self.params.same_scale:
            ticks = self._ticks_of(data)
        cells = []
        shown = self._pairs
        common = Axis("height", 0, tallest[0, 0], data.unit, ticks, fixed=True, name_yields=True)
        for k, (i, j) in enumerate(shown.tolist()):
            y = common
            if not self.params.same_scale:
                # The large plot has room for the values of its axis.
                own = self._ticks_of(data) if self._form == "acgs" and k == 0 else ticks
                top, label = tallest[i, j], "" if k else data.unit
                y = Axis(f"{i}:{j}", 0, top, label, own, fixed=True, name_yields=True)
            has_bars = bool(self._shows_bars[k])
            y = y if has_bars else Axis(f"{i}:{j}", 0, 1, ticks=None, fixed=True)
            cells.append(Cell(x, y, frame=has_bars))
        return cells

    def _ticks_of(self, data: CorrelogramData) -> Callable[[float, float, int], Ticks]:
        return whole_ticks if data.unit == "pairs" else nice_ticks

    def _place(self, data: CorrelogramData, size: tuple[float, float]) -> None:
        """Put each plot where it belongs on a canvas of such a size."""
        places = places_of(self._form, len(data.cluster_ids), size)
        for cell, place in zip(self.cells, places, strict=True):
            cell.row, cell.column, cell.spans = place.row, place.column, place.spans

    def _set_band(self, data: CorrelogramData) -> None:
        """The lags within the refractory period."""
        reach = self.params.refractory_ms
        if reach <= (SHORTEST if self.params.log_lag else 0):
            self._band.clear()
            return
        edge = float(self._scale.place(np.array([reach]))[0])
        self._band.set_data(
            boxes(-edge, edge, 0, TALL, color=FOREGROUND, cell=np.flatnonzero(self._shows_bars))
        )

    def _baselines(self, data: CorrelogramData, edges: NDArray[np.float64]) -> NDArray[Any]:
        """What independent trains would give: one line, or one for each bar where they differ."""
        first, second = self._pairs[self._shows_bars].T
        cell = np.flatnonzero(self._shows_bars)[:, None, None]
        height = data.baseline[first, second][..., None]
        if not self.params.log_lag:
            edges, height = np.array([[edges.min(), edges.max()]]), height[:, :1]
        return vertices(edges, height, color=ACCENT, cell=cell)

    def _zero_lines(self) -> NDArray[Any]:
        """Lines at lag 0, against which a crosscorrelogram is seen to be lopsided."""
        crosses = np.flatnonzero(self._shows_bars & (self._pairs[:, 0] != self._pairs[:, 1]))
        # A line that ends too far away is not drawn at all.
        high = 1e4 * np.array([cell.y.high for cell in self.cells])[crosses, None]
        return vertices(0, high * [0.0, 1.0], color=DIM, cell=crosses[:, None])

    @property
    def _scale(self) -> LagScale:
        return LagScale(self.params.log_lag)

    def _lay_out(self, size: tuple[float, float]) -> None:
        if isinstance(self.data, CorrelogramData):
            form = self._form_of(self.data, size)
            if form != self._form:
                self._form = form
                self._build_plots(self.data)
            self._place(self.data, size)
            free = size[1] - self.margins[3]
            n_rows = max(cell.row + cell.spans[0] for cell in self.cells)
            each = row_height(free, n_rows, self.gap)
            for cell in self.cells:
                height = each * cell.spans[0]
                small = math.ceil(ROOM_FOR_NUMBER) if cell.y.ticks else 2
                title = TITLE if height >= SMALLEST_WITH_TITLE else small
                top = cell.y.high / max(1 - title / max(height, 1.0), 0.3)
                cell.y.view = (0.0, top / self.data_scale)
        super()._lay_out(size)
        if isinstance(self.data, CorrelogramData):
            self._text.set_labels([*self._text.labels, *self._captions(self.data)])

    def _captions(self, data: CorrelogramData) -> list[Label]:
        """Names of clusters, shares of violations and heights, where there is room."""
        labels: list[Label] = []
        grounds: list[tuple[float, float, float, float]] = []
        for (i, j), cell, (left, top, width, height), has_bars in zip(
            self._pairs.tolist(), self.cells, self.layout.boxes, self._shows_bars, strict=True
        ):
            if not has_bars:
                labels += self._numbers(data, i, j, (left, top, width, height))
                continue
            room, roomy = width - 10, height >= SMALLEST_WITH_TITLE
            inset, y = (5, top + 3) if roomy else (3, top)
            if i == j:
                name = str(data.cluster_ids[i])
                room -= text_width(name) + 8
                if room > -8:
                    x = left + inset
                    labels.append(Label(name, x, y, CANVAS, i))
                    grounds.append((left + 1, x + text_width(name) + 3, top + 1, y + 14))
                if not roomy:
                    # The lags about zero stay in sight.
                    room = min(room, width / 2 - 6) if height >= SMALLEST_WITH_SHARE else 0.0
                forms = self._violation_texts(data, i)[0 if roomy else 1 :]
                share = next((text for text in forms if text_width(text) < room), "")
                if share:
                    color = ALERT if data.violations[i] >= MANY_VIOLATIONS else DIM
                    right = left + width - inset
                    labels.append(Label(share, right, y, CANVAS, color, ("right", "top")))
                    start = right - text_width(share) - 3
                    grounds.append((start, left + width - 1, top + 1, y + 14))
            if i != j and self._form == "acgs":
                self._name_pair(data, (left, top, width, height), labels, grounds)
            if cell.y.ticks is None and i != j and height >= SMALLEST_WITH_HEIGHT:
                value = short(cell.y.high / self.data_scale)
                # In a small plot it may cover half of the lags: those about zero stay in sight.
                room = room if roomy else width / 2 - 6
                forms = [f"max {value}"]
                if roomy:
                    unit = "pair" if data.unit == "pairs" and value == "1" else data.unit
                    forms.insert(0, f"max {value} {unit}")
                text = next((form for form in forms if text_width(form) < room), "")
                if text:
                    labels.append(Label(text, left + inset, y, CANVAS, DIM))
                    if not roomy:
                        end = left + inset + text_width(text) + 3
                        grounds.append((left + 1, end, top + 1, y + 14))
        labels += left_out(data.n_left_out, self.size)
        ground = boxes(*np.reshape(grounds, (-1, 4)).T, color=BACKGROUND, cell=CANVAS)
        self._grounds.set_data(ground)
        return labels

    def _numbers(
        self, data: CorrelogramData, i: int, j: int, box: tuple[float, float, float, float]
    ) -> list[Label]:
        """What is said of a pair, in the middle of the place of its mirror image."""
        left, top, width, height = box
        numbers = numbers_of(data, j, i, self.params.refractory_ms)
        lines = numbers.lines((width - 6, height), LINE)
        x, y = left + width / 2, top + (height - LINE * (len(lines) - 1)) / 2
        return [
            Label(line, x, y + LINE * k, CANVAS, DIM, ("center", "center"))
            for k, line in enumerate(lines)
        ]

    def _name_pair(
        self,
        data: CorrelogramData,
        box: tuple[float, float, float, float],
        labels: list[Label],
        grounds: list[tuple[float, float, float, float]],
    ) -> None:
        """Say at the large plot whose spikes it shows, each cluster in its colour."""
        left, top, width, _ = box
        first, second = (str(c) for c in data.cluster_ids[:2])
        parts = [(second, 1), (" around ", DIM), (first, 0)]
        if text_width(second + " around " + first) > width - 10:
            parts[1] = (" · ", DIM)
        x = left + 5
        for text, color in parts:
            labels.append(Label(text, x, top + 3, CANVAS, color))
            x += text_width(text)
        grounds.append((left + 1, x + 3, top + 1, top + 17))

    def _violation_texts(self, data: CorrelogramData, i: int) -> list[str]:
        """The share of violations, ever shorter; an alarming one may be rounded to a per cent."""
        share = 100 * data.violations[i]
        texts = [f"{share:.2g}% < {self.params.refractory_ms:g} ms", f"{share:.2g}%"]
        return [*texts, f"{share:.0f}%"] if share >= 1 else texts

    # -- what the user does ----------------------------------------------------------------

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for the pair of a crosscorrelogram, or the cluster of an autocorrelogram."""
        if button != 1 or not isinstance(self.data, CorrelogramData):
            return False
        i, j = self._pairs[cell]
        a, b = self.data.cluster_ids[i], self.data.cluster_ids[j]
        if i == j:
            self.cluster_clicked.emit(a)
        else:
            self.pair_clicked.emit(a, b)
        return True

    def describe(self, cell: int, x: float, y: float) -> str:
        """The pair, and what the bar under the mouse says."""
        data = self.drawn
        i, j = self._pairs[cell]
        a, b = data.cluster_ids[i], data.cluster_ids[j]
        if i == j:
            text = f"cluster {a}, {self._violation_texts(data, i)[0]}"
        else:
            pair = (i, j) if self._shows_bars[cell] else (j, i)
            numbers = numbers_of(data, *pair, self.params.refractory_ms)
            said = numbers.texts()[0]
            a, b = (data.cluster_ids[k] for k in pair)
            if not self._shows_bars[cell]:
                return f"{b} around {a}, {', '.join(said)}"
            text = f"{b} around {a}, {said[-1]}"
        edges = self._scale.place(data.edges_ms)
        found = np.flatnonzero((edges[:, 0] <= x) & (x < edges[:, 1]))
        if not len(found):
            return text
        k = int(found[0])
        low, high = data.edges_ms[k]
        text += f", lag {low:.3g} to {high:.3g} ms: {counted(int(data.counts[i, j, k]), 'pair')}"
        if data.unit != "pairs":
            text += f", {short(data.heights[i, j, k])} {data.unit}"
        return text


def short(value: float) -> str:
    """Write a number with three digits, or as many as are before its point."""
    return f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"
