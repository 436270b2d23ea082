"""The time that is marked in every view of time."""

from __future__ import annotations

from phygui.views.axes import Cell
from phygui.views.colors import ACCENT
from phygui.views.visuals import Batch, vertices


class TimeCursor:
    """The part of a view that marks a time with a line from top to bottom."""

    cells: list[Cell]

    def __init__(self) -> None:
        self.cursor: float | None = None
        """Seconds, or None where no time is marked."""
        self.cursor_line = Batch("lines", opacity=0.6)

    @property
    def time_origin(self) -> float:
        """Seconds at which the horizontal axis is zero."""
        return 0.0

    def set_cursor(self, time: float | None) -> None:
        """Mark a time, in seconds, or none."""
        self.cursor = time
        self.draw_cursor()
        self.update()

    def draw_cursor(self) -> None:
        """Place the line on the present axes."""
        if self.cursor is None or not self.cells:
            self.cursor_line.clear()
            return
        y = self.cells[0].y
        x = self.cursor - self.time_origin
        self.cursor_line.set_data(vertices(x, [y.low, y.high], color=ACCENT))

    def update(self) -> None:
        """Draw again."""
        raise NotImplementedError
