"""A grid of histograms, one for each selected cluster, over one common axis."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.axes import Axis, Cell, Ticks, nice_ticks, whole_ticks
from phygui.views.core.base import View
from phygui.views.core.colors import ACCENT, ALERT, BACKGROUND, DIM, FOREGROUND
from phygui.views.core.layout import NOTE, ROOM_FOR_NAME, left_out, row_height
from phygui.views.core.mouse import ParamsT
from phygui.views.core.visuals import CANVAS, Batch, Label, boxes, text_width, vertices

MAX_CLUSTERS = 20
TITLE = math.ceil(ROOM_FOR_NAME)
"""Logical pixels kept free of bars for the name of the cluster, and beside it of the axis."""
BEST_RATIO = 1.2
"""Width of a plot, in its height, for which the number of columns is chosen."""
SMALLEST_PLOT = 70.0
"""Logical pixels of width below which a plot has no room for the values of its axis."""


def n_columns(n: int, size: tuple[float, float]) -> int:
    """Columns of a grid of so many plots on a canvas, for plots that are neither flat nor thin."""

    def off(columns: int) -> float:
        ratio = (size[0] / columns) / (size[1] / math.ceil(n / columns))
        return abs(math.log(max(ratio, 1e-9) / BEST_RATIO))

    # As few as there may be in so many rows, and with room for the values of their axes.
    possible = sorted({math.ceil(n / rows) for rows in range(1, n + 1)})
    roomy = [columns for columns in possible if size[0] / columns >= SMALLEST_PLOT]
    return min(roomy or possible, key=off)


class HistogramData(Protocol):
    """What every grid of histograms shows."""

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """One for each histogram."""

    @property
    def heights(self) -> NDArray[Any]:
        """(n_clusters, n_bins)"""

    @property
    def n_left_out(self) -> int:
        """Selected clusters beyond those that fit."""


HistogramT = TypeVar("HistogramT", bound=HistogramData)


class HistogramGridView(View[ParamsT, HistogramT]):
    """Bars in the colour of each cluster, its name, and a note about it."""

    unit: ClassVar[str] = "spikes"
    whole_numbers: ClassVar[bool] = True

    def __init__(self, params: ParamsT | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        # Over the bars, which would hide it.
        self._band = Batch("triangles", opacity=0.2)
        self._bars = Batch("triangles")
        self._lines = Batch("lines", opacity=0.7)
        self._grounds = Batch("triangles", opacity=0.8)
        self._n_columns = 1
        self.visuals = [self._bars, self._band, self._lines, self._grounds]

    # -- to be overridden ------------------------------------------------------------------

    def edges(self, data: HistogramT) -> NDArray[np.float64]:
        """Where the bars begin and end on the axis, (n_bins + 1,)."""
        raise NotImplementedError

    def ticks(self, low: float, high: float, n_max: int) -> Ticks:
        """Values on the common axis, about so many at most."""
        raise NotImplementedError

    def band(self, data: HistogramT) -> tuple[float, float] | None:
        """A stretch of the axis to be marked."""
        return None

    def levels(self, data: HistogramT) -> NDArray[np.float64] | None:
        """A height to be marked in each plot, (n_clusters,)."""
        return None

    def note(self, data: HistogramT, k: int) -> tuple[str, bool]:
        """What is said of a cluster beside its name, and whether it is alarming."""
        return "", False

    def above(self, data: HistogramT, x: Axis) -> list[Cell]:
        """A plot over each histogram, with the same axis; none."""
        return []

    # -- what is drawn ---------------------------------------------------------------------

    def build(self, data: HistogramT) -> None:
        """Make one plot for each cluster."""
        n = len(data.cluster_ids)
        self.margins = (0.0, 0.0, 0.0, NOTE if data.n_left_out else 0.0)
        edges = self.edges(data)
        low, high = float(edges[0]), float(edges[-1])
        levels = self.levels(data)
        x = Axis("x", low, high, ticks=self.ticks, limits=(low, high))
        cells = []
        for k, heights in enumerate(data.heights):
            top = max(float(heights.max()), 0.0 if levels is None else float(levels[k]))
            label = self.unit if k == 0 else ""
            y = Axis(f"{k}", 0, top if top > 0 else 1.0, label, self._y_ticks, fixed=True)
            cells.append(Cell(x, y))
        self.set_cells([*cells, *self.above(data, x)])
        row, column = np.nonzero(data.heights)
        tops = data.heights[row, column]
        self._bars.set_data(boxes(edges[column], edges[column + 1], 0, tops, color=row, cell=row))
        band = self.band(data)
        if band is None:
            self._band.clear()
        else:
            self._band.set_data(boxes(*band, 0, 1e30, color=FOREGROUND, cell=np.arange(n)))
        if levels is None:
            self._lines.clear()
        else:
            at = levels[:, None]
            cell = np.arange(n)[:, None]
            self._lines.set_data(vertices([low, high], at, color=ACCENT, cell=cell))

    def _y_ticks(self, low: float, high: float, n_max: int) -> Ticks:
        """Values of the vertical axis, if there is room beside it."""
        if self.size[0] / self._n_columns < SMALLEST_PLOT:
            return []
        return (whole_ticks if self.whole_numbers else nice_ticks)(low, high, n_max)

    def _lay_out(self, size: tuple[float, float]) -> None:
        if self.has_picture:
            n = len(self.drawn.cluster_ids)
            histograms, above = self.cells[:n], self.cells[n:]
            self._n_columns, each = n_columns(n, size), 1 + bool(above)
            for k, cell in enumerate(histograms):
                row, cell.column = divmod(k, self._n_columns)
                cell.row = each * row + each - 1
                for over in above[k : k + 1]:
                    over.row, over.column = cell.row - 1, cell.column
            n_rows = 1 + histograms[-1].row
            # Values stand also above what is missing of the last row.
            is_short = n_rows > each and n % self._n_columns > 0
            height = row_height(size[1] - self.margins[3], n_rows, n_named=1 + is_short)
            for cell in histograms:
                top = cell.y.high / max(1 - TITLE / height, 0.3)
                cell.y.view = (0.0, top / self.data_scale)
        super()._lay_out(size)
        if self.has_picture:
            self._text.set_labels([*self._text.labels, *self._captions(self.drawn)])

    def _captions(self, data: HistogramT) -> list[Label]:
        labels, grounds = [], []
        for k, (left, top, width, _) in enumerate(self.layout.boxes[: len(data.cluster_ids)]):
            name = str(data.cluster_ids[k])
            x = left + 5
            if width < text_width(name) + 10:
                continue
            labels.append(Label(name, x, top + 3, CANVAS, k))
            grounds.append((left + 1, x + text_width(name) + 3, top + 1, top + 18))
            note, alarming = self.note(data, k)
            room = width - text_width(name) - 16
            note = note if text_width(note) < room else note.partition(" ")[0]
            if note and text_width(note) < room:
                color = ALERT if alarming else DIM
                right = left + width - 5
                labels.append(Label(note, right, top + 3, CANVAS, color, ("right", "top")))
                grounds.append((right - text_width(note) - 3, right + 3, top + 1, top + 18))
        labels += left_out(data.n_left_out, self.size)
        ground = boxes(*np.reshape(grounds, (-1, 4)).T, color=BACKGROUND, cell=CANVAS)
        self._grounds.set_data(ground)
        return labels

    # -- what the user does ----------------------------------------------------------------

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for the cluster."""
        if button == 1:
            ids = self.drawn.cluster_ids
            self.cluster_clicked.emit(ids[cell % len(ids)])
        return button == 1

    def bin_at(self, data: HistogramT, x: float) -> int | None:
        """The bar at a place of the axis."""
        edges = self.edges(data)
        k = int(np.searchsorted(edges, x, side="right")) - 1
        return k if 0 <= k < len(edges) - 1 else None
