"""A view of two plots, for tests of what all views share."""

from __future__ import annotations

from dataclasses import dataclass, field

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import View
from phygui.views.core.visuals import Batch, vertices


@dataclass(frozen=True)
class BoardParams:
    n: int = 3
    look: str = field(default="a", metadata={"reload": False})


class Board(View):
    """Two cells that share their vertical axis."""

    Params = BoardParams
    has_lasso = True
    has_markers = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.points = Batch("points")
        self.visuals = [self.points]
        self.n_built = 0

    def build(self, data):
        self.n_built += 1
        y = Axis("y", 0, 10, "y (m)")
        x = [Axis("time", 0, 10, "time (s)", keep=True), Axis("x1", 0, 10, "x (V)")]
        self.set_cells([Cell(x[0], y, 0, 0), Cell(x[1], y, 0, 1)])
        self.points.set_data(vertices([3, 5], [7, 5], color=[0, 1], cell=[0, 1]))

    def before_draw(self):
        self.points.size = self.marker_size

    def describe(self, cell, x, y):
        return f"cell {cell}"


def center(view, cell):
    left, top, width, height = view.layout.boxes[cell]
    return left + width / 2, top + height / 2
