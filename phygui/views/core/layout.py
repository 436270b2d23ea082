"""Where the cells of a grid, their values and their names lie on the canvas."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.colors import DIM, FOREGROUND, FRAME, GRID
from phygui.views.core.visuals import CANVAS, Label, text_width, vertices
from phygui.views.core.visuals.font import FONT_SIZE

Segment = tuple[float, float, float, float, int]

_LINE = FONT_SIZE + 3
_UNDER = _LINE + 4
"""What is kept free under cells for the values of their axes."""
_GAP = 6
NOTE = 14.0
"""Logical pixels of margin for what is written below all cells."""
_LEAST = 2.0
"""Least width and height of a cell."""
_EDGE = 5
_APART = 8
"""Least distance between texts side by side: wider than a space, which numbers have in them."""
_TALL = FONT_SIZE - 2
"""Height of a number, which has nothing below its base line."""
ROOM_FOR_NAME = _LINE + 1 + _TALL / 2
"""Logical pixels above a number with which it stands whole under the name of its axis."""
ROOM_FOR_NUMBER = 1 + _TALL / 2
"""Logical pixels above a number with which it stands whole beside a cell without a name."""


@dataclass
class Layout:
    """Where everything lies, in logical pixels, and the lines and texts of the axes."""

    boxes: NDArray[np.float64]
    """Left, top, width and height of each cell, (n_cells, 4)."""
    lines: list[NDArray[Any]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def cell_at(self, x: float, y: float) -> int | None:
        """Index of the cell at a place of the canvas."""
        left, top, width, height = self.boxes.T
        inside = (x >= left) & (x <= left + width) & (y >= top) & (y <= top + height)
        found = np.flatnonzero(inside)
        return int(found[0]) if len(found) else None

    def distances(self, x: float, y: float) -> NDArray[np.float64]:
        """How far each cell is from a place of the canvas, logical pixels, (n_cells,)."""
        left, top, width, height = self.boxes.T
        across = np.maximum(np.maximum(left - x, x - left - width), 0.0)
        down = np.maximum(np.maximum(top - y, y - top - height), 0.0)
        distances: NDArray[np.float64] = np.hypot(across, down)
        return distances


def ranges(cells: Sequence[Cell]) -> NDArray[np.float64]:
    """What each cell shows, (n_cells, 4): x0, x1, y0, y1."""
    return np.array([(*c.x.view, *c.y.view) for c in cells], np.float64).reshape(-1, 4)


def in_sight(
    labels: Sequence[Label], cells: Sequence[Cell], boxes: NDArray[np.float64]
) -> tuple[list[Label], list[tuple[float, float]]]:
    """Those of some labels whose place is in the part of their cell that is shown, and where it is.

    Parameters
    ----------
    labels : sequence of Label
        Anchored in cells, not on the canvas.
    cells : sequence of Cell
    boxes : array of float64 (n_cells, 4)
        Left, top, width and height of the cells, in logical pixels, as what is returned.
    """
    own = np.array([label.cell for label in labels], np.intp)
    left, top, width, height = boxes[own].T
    x0, x1, y0, y1 = ranges(cells)[own].T
    x, y = np.array([(label.x, label.y) for label in labels], np.float64).reshape(-1, 2).T
    x, y = left + (x - x0) / (x1 - x0) * width, top + (y1 - y) / (y1 - y0) * height
    inside = (left <= x) & (x <= left + width) & (top <= y) & (y <= top + height)
    kept = np.flatnonzero(inside)
    places = list(zip(x[kept].tolist(), y[kept].tolist(), strict=True))
    return [labels[k] for k in kept.tolist()], places


def left_out(n: int, size: tuple[float, float]) -> list[Label]:
    """Say in the margin below all cells how many selected clusters have none."""
    if not n:
        return []
    text = f"{n} more selected clusters are not shown"
    if n == 1:
        text = "1 more selected cluster is not shown"
    return [Label(text, size[0] - 6, size[1] - 2, CANVAS, FOREGROUND, ("right", "bottom"))]


def row_height(length: float, n_rows: int, gap: float = _GAP, n_named: int = 1) -> float:
    """Height of each row of a grid on a canvas so high, with values under so many of the rows."""
    under = (n_rows - n_named) * _fitting(gap, length, n_rows) + n_named * _UNDER
    return max(_LEAST, (length - under - 2 * _EDGE) / n_rows)


def _fitting(gap: float, length: float, n: int) -> float:
    """A distance of cells that leaves room for so many of them."""
    return min(gap, max(1.0, length / n / 6))


def lay_out(
    cells: Sequence[Cell],
    size: tuple[float, float],
    *,
    gap: float = _GAP,
    margins: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    grid_lines: bool = False,
) -> Layout:
    """Place cells, tick values and names on a canvas.

    Parameters
    ----------
    cells : sequence of Cell
    size : tuple of float
        Width and height of the canvas in logical pixels.
    gap : float
        Least distance between cells.
    margins : tuple of float
        What the view keeps for itself at the left, top, right and bottom, in logical pixels.
    grid_lines : bool
        Draw a faint line at every tick.
    """
    if not cells:
        return Layout(np.empty((0, 4)))
    at = {(c.row, c.column): c for c in cells}
    n_rows, n_columns = (
        max(c.row + c.spans[0] for c in cells),
        max(c.column + c.spans[1] for c in cells),
    )
    writes_x, writes_y = {}, {}
    for cell in cells:
        below, left = (
            at.get((cell.row + cell.spans[0], cell.column)),
            at.get((cell.row, cell.column - 1)),
        )
        own_x, own_y = below is None or below.x is not cell.x, left is None or left.y is not cell.y
        writes_x[cell] = (own_x if cell.show_x is None else cell.show_x) and bool(cell.x.ticks)
        writes_y[cell] = (own_y if cell.show_y is None else cell.show_y) and bool(cell.y.ticks)

    size = size[0] - margins[0] - margins[2], size[1] - margins[1] - margins[3]
    under = np.full(n_rows, _fitting(gap, size[1], n_rows))
    under[-1] = _EDGE
    for cell in cells:
        if writes_x[cell]:
            under[cell.row + cell.spans[0] - 1] = _UNDER
    height = max(_LEAST, (size[1] - under.sum() - 2 * _EDGE) / n_rows)
    # Gutters: as wide as what is written in them.
    left_of = np.full(n_columns, _fitting(gap, size[0], n_columns))
    left_of[0] = _EDGE
    y_scales = {}
    for cell in cells:
        if writes_y[cell]:
            # Of a cell over several rows, also what lies between them.
            between = float(under[cell.row : cell.row + cell.spans[0] - 1].sum())
            y_scales[cell] = _y_scale(cell.y, cell.spans[0] * height + between)
            texts = [text for _, text in y_scales[cell].texts] + [cell.y.label]
            wanted = 8 * math.ceil((max(text_width(text) for text in texts) + 7) / 8)
            left_of[cell.column] = max(left_of[cell.column], wanted)
    weights = np.ones(n_columns)
    for cell in cells:
        weights[cell.column] = max(cell.weight, 1e-3)
    free = max(_LEAST * n_columns, size[0] - left_of.sum() - 2 * _EDGE)
    widths = free * weights / weights.sum()
    lefts = np.cumsum(left_of) + np.cumsum(widths) - widths
    tops = _EDGE + np.concatenate([[0], np.cumsum(under)[:-1]]) + np.arange(n_rows) * height
    rights, bottoms = lefts + widths, tops + height
    boxes = np.array(
        [
            (
                lefts[c.column],
                tops[c.row],
                rights[c.column + c.spans[1] - 1] - lefts[c.column],
                bottoms[c.row + c.spans[0] - 1] - tops[c.row],
            )
            for c in cells
        ]
    )
    boxes = np.floor(boxes + np.array([margins[0], margins[1], 0, 0]))
    layout = Layout(boxes)
    segments: list[Segment] = []
    for k, cell in enumerate(cells):
        _draw_axes(layout, segments, k, cell, writes_x[cell], y_scales.get(cell), grid_lines)
    if segments:
        table = np.array(segments)
        ends, color = np.floor(table[:, :4]) + 0.5, table[:, 4:]
        layout.lines.append(vertices(ends[:, [0, 2]], ends[:, [1, 3]], cell=CANVAS, color=color))
    return layout


@dataclass
class _Scale:
    """What stands at an axis, in logical pixels from its beginning."""

    marks: list[float]
    texts: list[tuple[float, str]]
    """Middle of each, and what it says."""
    is_named: bool = True
    is_even: bool = True
    """Whether there is a text at each mark between the first and the last one that have some."""


def _x_scale(axis: Axis, width: float) -> _Scale:
    name = _x_name_width(axis, width)
    # A text at an end of the axis stays inside, clear of the next cell.
    edge = (_APART - _GAP) / 2
    return _scale(axis, width, 40.0, text_width, (edge, width - edge), width - name, _APART)


def _x_name_width(axis: Axis, width: float) -> float:
    """What the name takes of the axis; nothing if it does not fit."""
    name = text_width(axis.label)
    return name + _GAP if 0 < name <= width else 0.0


def _y_scale(axis: Axis, height: float) -> _Scale:
    half = _TALL / 2
    # The name stands in the place of the highest ticks, or under the lowest.
    room = _LINE + 1 if axis.label and not axis.named_below else 1
    inside = (-2.0 if axis.named_below else -half, height + half)

    def below(free: float) -> _Scale:
        return _scale(axis, height, 2.0 * _LINE, lambda _: _TALL, inside, free, 0.0)

    scale = below(height - room)
    if axis.name_yields and len(scale.texts) < 2:
        bare = below(height - 1)
        if len(bare.texts) > len(scale.texts):
            bare.is_named = False
            return bare
    return scale


def _scale(
    axis: Axis,
    length: float,
    spacing: float,
    extent: Callable[[str], float],
    inside: tuple[float, float],
    free: float,
    apart: float,
) -> _Scale:
    """Ticks about so far apart, or fewer where not all could be read; finer ones where fewer than
    two could.

    One value alone gives no scale.

    Parameters
    ----------
    axis : Axis
    length, spacing : float
        Of the axis, and usual distance of ticks.
    extent : callable
        What a text takes of the axis.
    inside : tuple of float
        Between these places a text is kept, though its tick be at an end.
    free : float
        Place up to which texts may reach.
    apart : float
        Least distance between texts.
    """

    def fit(n_max: int) -> _Scale:
        start, end = axis.view
        ticks = axis.ticks(min(start, end), max(start, end), n_max) if axis.ticks else []
        placed = sorted(((v - start) / (end - start) * length, text) for v, text in ticks)
        texts, which, limit = [], [], free
        # From the end, where a text may carry the unit.
        for k, (place, text) in reversed(list(enumerate(placed))):
            half = extent(text) / 2
            middle = min(max(place, inside[0] + half), inside[1] - half)
            if inside[0] <= middle - half and middle + half <= limit:
                texts.append((middle, text))
                which.append(k)
                limit = middle - half - apart
        is_even = not which or which[0] - which[-1] == len(which) - 1
        return _Scale([place for place, _ in placed], texts, is_even=is_even)

    n_usual = max(1, int(length / spacing))
    scale = fit(n_usual)
    for fewer in range(n_usual - 1, 1, -1):
        if scale.is_even:
            break
        other = fit(fewer)
        if other.is_even and len(other.texts) > 1:
            scale = other
    for finer in (2, 4, 8, 16):
        if len(scale.texts) > 1:
            break
        other = fit(finer * n_usual)
        if len(other.texts) > len(scale.texts):
            scale = other
    return scale


def _draw_axes(
    layout: Layout,
    segments: list[Segment],
    k: int,
    cell: Cell,
    writes_x: bool,
    y_scale: _Scale | None,
    grid_lines: bool,
) -> None:
    left, top, width, height = layout.boxes[k].tolist()
    right, bottom = left + width, top + height
    if cell.frame:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        segments.extend((*a, *b, FRAME) for a, b in pairwise(corners))
    color = GRID if grid_lines else FRAME
    if writes_x:
        x_scale, line = _x_scale(cell.x, width), bottom + 3
        if _x_name_width(cell.x, width):
            layout.labels.append(
                Label(cell.x.label, right, line, color=DIM, align=("right", "top"))
            )
        end = top if grid_lines else bottom - 4
        segments.extend((left + x, bottom, left + x, end, color) for x in x_scale.marks)
        for x, text in x_scale.texts:
            layout.labels.append(Label(text, left + x, line, color=DIM, align=("center", "top")))
    if y_scale is not None:
        side = left - 4
        if cell.y.label and y_scale.is_named:
            name_at = bottom + 3 if cell.y.named_below else top - 2
            layout.labels.append(
                Label(cell.y.label, side, name_at, color=DIM, align=("right", "top"))
            )
        end = right if grid_lines else left + 4
        segments.extend((left, bottom - y, end, bottom - y, color) for y in y_scale.marks)
        for y, text in y_scale.texts:
            layout.labels.append(
                Label(text, side, bottom - y, color=DIM, align=("right", "center"))
            )
