"""The lasso that the user draws around spikes: a polygon, or a rectangle."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from phygui.views.core.axes import Cell
from phygui.views.core.colors import ACCENT, BACKGROUND
from phygui.views.core.layout import Layout
from phygui.views.core.visuals import CANVAS, Batch, Label, Shared, boxes, text_width, vertices

_BESIDE = 8.0
"""Logical pixels beside a plot within which the lasso begins at its edge: there the outermost
spikes are surrounded."""
_LEAST_DRAG = 5.0
"""Logical pixels from which a press with Ctrl is a drag, and no click of a hand that shakes."""


@dataclass(frozen=True, eq=False)
class Lasso:
    """A polygon in one cell of a view.

    It lives in the units of its axes, so it means the same spikes however the
    view is zoomed, and whichever of them are drawn.
    """

    x: str
    """Key of the horizontal axis."""
    y: str
    """Key of the vertical axis."""
    cell: int
    """Cell of the grid in which it was drawn."""
    points: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    """Corners, (n, 2); the last is joined to the first."""
    closed: bool = False
    """Whether the user has closed it: the next corner then starts another one."""

    @property
    def is_polygon(self) -> bool:
        """Whether it has an inside."""
        return len(self.points) >= 3


@dataclass(frozen=True)
class _Press:
    pos: tuple[float, float]
    begins: bool
    """Whether this began the lasso: a drag then makes a rectangle, else it moves the corner."""
    is_drag: bool = False


class LassoDrawing:
    """The part of a view with which a lasso is drawn.

    Ctrl+click sets a corner, Ctrl+drag makes a rectangle, or moves the corner of a polygon that is
    being drawn; Ctrl+right-click closes it, and once more clears it.

    Attributes
    ----------
    lasso : Lasso, optional
        What is drawn.
    lasso_note : str
        What is said at the lasso: how many spikes it holds.
    """

    has_lasso: ClassVar[bool] = False

    lasso_changed = Signal()

    cells: list[Cell]
    layout: Layout

    def __init__(self) -> None:
        self.lasso: Lasso | None = None
        self.lasso_note = ""
        self._lasso_line = Batch("lines", smooth=True)
        self._lasso_points = Batch("points", size=5.0)
        self._lasso_ground = Batch("triangles", opacity=0.8)
        """Under what is said at the lasso, which the spikes inside would hide."""
        self._lasso_press: _Press | None = None

    def to_data(self, cell: int, x: float, y: float) -> tuple[float, float]:
        """Turn a place of the canvas, in logical pixels, into the units of a cell's axes."""
        raise NotImplementedError

    def to_pixels(self, cell: int, x: float, y: float) -> tuple[float, float]:
        """The opposite of :meth:`to_data`."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Lay out and draw again."""
        raise NotImplementedError

    @property
    def is_drawing(self) -> bool:
        """Whether a lasso has been begun and not closed."""
        return self.lasso is not None and not self.lasso.closed

    # -- mouse -----------------------------------------------------------------------------

    def press_lasso(self, index: int, pos: Any, button: int) -> None:
        """Take a press with Ctrl held in a cell: a corner, or the end."""
        lasso = self.lasso
        if button == 1:
            begins = lasso is None or lasso.closed or lasso.cell != index
            if lasso is None or begins:
                cell = self.cells[index]
                lasso = Lasso(cell.x.key, cell.y.key, index)
            corner = self.to_data(index, *pos)
            self.set_lasso(replace(lasso, points=np.vstack([lasso.points, corner])))
            self._lasso_press = _Press((float(pos[0]), float(pos[1])), begins)
        elif lasso is not None and lasso.is_polygon and not lasso.closed:
            self.set_lasso(replace(lasso, closed=True))
        else:
            self.clear_lasso()

    def press_lasso_beside(self, pos: Any, button: int) -> None:
        """Take a press with Ctrl held just beside a plot: that of the lasso drawn, or the next."""
        if not self.has_lasso or not self.cells or len(self.layout.boxes) != len(self.cells):
            return
        distances = self.layout.distances(*pos)
        near = [k for k, cell in enumerate(self.cells) if cell.lasso and distances[k] <= _BESIDE]
        if not near:
            return
        index = min(near, key=lambda k: float(distances[k]))
        if self.is_drawing and self.lasso is not None and self.lasso.cell in near:
            index = self.lasso.cell
        self.press_lasso(index, self._within(index, pos), button)

    def _within(self, cell: int, pos: Any) -> tuple[float, float]:
        """The place of a plot that is next to the mouse, in logical pixels."""
        left, top, width, height = self.layout.boxes[cell]
        x, y = np.clip(pos[0], left, left + width), np.clip(pos[1], top, top + height)
        return float(x), float(y)

    def drag_lasso(self, pos: Any) -> bool:
        """Follow the mouse after such a press; returns whether there was one."""
        press, lasso = self._lasso_press, self.lasso
        if press is None:
            return False
        # Other data may have taken the lasso, or its cell, away.
        if lasso is None or lasso.cell >= len(self.cells):
            return True
        if not press.is_drag and np.hypot(*np.subtract(pos, press.pos)) < _LEAST_DRAG:
            return True
        self._lasso_press = replace(press, is_drag=True)
        x, y = self.to_data(lasso.cell, *self._within(lasso.cell, pos))
        if press.begins:
            x0, y0 = lasso.points[0]
            points = np.array([(x0, y0), (x, y0), (x, y), (x0, y)])
        else:
            points = np.vstack([lasso.points[:-1], (x, y)])
        self.set_lasso(replace(lasso, points=points))
        return True

    def end_lasso_drag(self) -> None:
        """The button is up: a rectangle is closed."""
        press, self._lasso_press = self._lasso_press, None
        if press is not None and press.is_drag and press.begins and self.lasso is not None:
            self.set_lasso(replace(self.lasso, closed=True))

    # -- what is drawn ---------------------------------------------------------------------

    def set_lasso(self, lasso: Lasso | None) -> None:
        """Show a lasso, or none."""
        self.lasso = lasso
        if lasso is None:
            self.lasso_note = ""
            self._lasso_line.clear()
            self._lasso_points.clear()
        else:
            if self.lasso_note and not self.lasso_note.endswith("..."):
                # What it holds now is still to be counted.
                self.lasso_note += " ..."
            x, y = lasso.points.T
            n = np.arange(len(x))
            ends = np.stack([n, (n + 1) % len(x)], axis=1).ravel()
            alpha = np.ones(2 * len(x))
            alpha[-2:] = 1.0 if lasso.closed else 0.4
            line = vertices(x[ends], y[ends], cell=lasso.cell, color=ACCENT, alpha=alpha)
            self._lasso_line.set_data(line)
            self._lasso_points.set_data(vertices(x, y, cell=lasso.cell, color=ACCENT))
        self.lasso_changed.emit()
        self.refresh()

    def note_lasso(self, text: str) -> None:
        """Say something at the lasso."""
        if self.lasso is not None and self.lasso_note != text:
            self.lasso_note = text
            self.refresh()

    def draw_lasso(self, shared: Shared, context: Any) -> None:
        """Draw it; the canvas is current."""
        for part in (self._lasso_line, self._lasso_points, self._lasso_ground):
            part.draw(shared, context)

    def lasso_labels(self) -> list[Label]:
        """What is said at the lasso, above it as far as there is room, inside its plot.

        In a narrow plot it is the beginning of it: the title bar says all.
        """
        lasso = self.lasso
        self._lasso_ground.clear()
        if lasso is None or not self.lasso_note or lasso.cell >= len(self.layout.boxes):
            return []
        left, top, width, height = self.layout.boxes[lasso.cell]
        corners = np.array([self.to_pixels(lasso.cell, *point) for point in lasso.points])
        said = self.lasso_note
        if text_width(said) + 6 > width:
            said = said.partition(" spikes")[0]
        x = np.clip(corners[:, 0].min(), left, left + width)
        x = max(left + 2, min(x, left + width - text_width(said) - 4))
        y = np.clip(corners[:, 1].min() - 4, top + 14, top + height)
        right = x + text_width(said) + 2
        self._lasso_ground.set_data(boxes(x - 2, right, y - 13, y, color=BACKGROUND, cell=CANVAS))
        return [Label(said, float(x), float(y), CANVAS, ACCENT, ("left", "bottom"))]

    def keep_lasso(self) -> None:
        """Put the lasso into the cell that has its axes now, or remove it if there is none."""
        if self.lasso is None:
            return
        keys = [(cell.x.key, cell.y.key) for cell in self.cells]
        if (self.lasso.x, self.lasso.y) in keys:
            index = keys.index((self.lasso.x, self.lasso.y))
            if index != self.lasso.cell:
                self.set_lasso(replace(self.lasso, cell=index))
        else:
            self.clear_lasso()

    def clear_lasso(self) -> None:
        """Remove the lasso."""
        if self.lasso is not None:
            self.set_lasso(None)
