"""What every view of time shows: the time that is marked, and gaps between recordings."""

from __future__ import annotations

import numpy as np

from phygui.curation.statistics.spike_attributes import TIME
from phygui.views.core.axes import Axis, Cell
from phygui.views.core.colors import ACCENT, GREY
from phygui.views.core.visuals import Batch, boxes, vertices

CURSOR_OPACITY = 0.6
GAP_OPACITY = 0.25

Gaps = tuple[tuple[float, float], ...]
"""Start and stop of each gap between recordings, seconds."""
_BEYOND = 100.0
"""Times the range shown at first, by which the line goes on for those who zoom out."""


class TimeCursor:
    """The part of a view that marks times across every plot with an axis of time.

    A line marks one moment, and bands the gaps between recordings, in which nothing was recorded.
    """

    cells: list[Cell]

    def __init__(self) -> None:
        self.cursor: float | None = None
        """Seconds, or None where no time is marked."""
        self.cursor_line = Batch("lines", opacity=CURSOR_OPACITY)
        self.gap_bands = Batch("triangles", opacity=GAP_OPACITY)

    @property
    def time_origin(self) -> float:
        """Seconds at which the axis of time is zero."""
        return 0.0

    def set_cursor(self, time: float | None) -> None:
        """Mark a time, in seconds, or none."""
        self.cursor = time
        self.draw_cursor()
        self.update()

    def draw_cursor(self) -> None:
        """Place the line on the present axes."""
        if self.cursor is None:
            self.cursor_line.clear()
            return
        at, parts = self.cursor - self.time_origin, []
        for k, cell in enumerate(self.cells):
            if cell.x.key == TIME:
                parts.append(vertices(at, _ends(cell.y), color=ACCENT, cell=k))
            if cell.y.key == TIME:
                parts.append(vertices(_ends(cell.x), at, color=ACCENT, cell=k))
        self.cursor_line.set_data(*parts)

    def draw_gaps(self, gaps: Gaps) -> None:
        """Place the bands on the present axes."""
        low, high = np.reshape(gaps, (-1, 2)).T - self.time_origin
        parts = []
        for k, cell in enumerate(self.cells):
            if cell.x.key == TIME:
                bottom, top = _ends(cell.y)
                parts.append(boxes(low, high, bottom, top, color=GREY, cell=k))
            if cell.y.key == TIME:
                left, right = _ends(cell.x)
                parts.append(boxes(left, right, low, high, color=GREY, cell=k))
        self.gap_bands.set_data(*parts)

    def update(self) -> None:
        """Draw again."""
        raise NotImplementedError


def _ends(axis: Axis) -> np.ndarray:
    beyond = _BEYOND * (axis.high - axis.low)
    return np.array([axis.low - beyond, axis.high + beyond])


def is_in_gap(gaps: Gaps, time: float) -> bool:
    """Whether nothing was recorded at a time, seconds."""
    return any(low <= time < high for low, high in gaps)
