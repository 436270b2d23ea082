"""What every view of time shows and does: the time that is marked, gaps, a range dragged out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from phygui.curation.statistics.spike_attributes import TIME
from phygui.views.core.axes import Axis, Cell
from phygui.views.core.colors import ACCENT, GREY
from phygui.views.core.visuals import Batch, boxes, vertices

CURSOR_OPACITY = 0.6
GAP_OPACITY = 0.25

Gaps = tuple[tuple[float, float], ...]
"""Start and stop of each gap between recordings, seconds."""
_LEAST = 4.0
"""Logical pixels that are a drag: a click whose hand shakes is none."""
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

    if TYPE_CHECKING:

        @property
        def time_origin(self) -> float: ...

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


@dataclass(frozen=True)
class _Drag:
    cell: int
    is_across: bool
    """Whether time goes from left to right in this plot."""
    start: float
    at: float
    """Pixels along the axis."""


class TimeDrag:
    """The part of a view by which a range of time is chosen: with Shift held, along a time axis."""

    time_range_chosen = Signal(float, float)
    """Start and stop in seconds, as they were dragged out."""

    cells: list[Cell]

    if TYPE_CHECKING:

        def to_data(self, cell: int, x: float, y: float) -> tuple[float, float]: ...
        def update(self, event: Any = None) -> None: ...

    def __init__(self) -> None:
        self._time_band = Batch("triangles", opacity=0.25)
        self._time_drag: _Drag | None = None
        self._dragged_to: float | None = None

    @property
    def time_origin(self) -> float:
        """Seconds at which the axis of time is zero."""
        return 0.0

    def begin_time_drag(self, index: int, pos: Any) -> bool:
        """Begin to choose a range of time in a cell, if it has an axis of time."""
        cell = self.cells[index]
        is_across = cell.x.key == TIME
        if not is_across and cell.y.key != TIME:
            return False
        self._time_drag = _Drag(
            index, is_across, self._time_at(index, pos, is_across), pos[0 if is_across else 1]
        )
        self._dragged_to = None
        return True

    def drag_time(self, pos: Any) -> bool:
        """Go on; returns whether a range is being chosen."""
        drag = self._time_drag
        if drag is None:
            return False
        if drag.cell >= len(self.cells):
            self.end_time_drag()
            return True
        if abs(pos[0 if drag.is_across else 1] - drag.at) < _LEAST:
            self._dragged_to = None
            self._time_band.clear()
        else:
            self._dragged_to = self._time_at(drag.cell, pos, drag.is_across)
            low, high = sorted((drag.start, self._dragged_to))
            cell = self.cells[drag.cell]
            bottom, top = _ends(cell.y if drag.is_across else cell.x)
            band = (low, high, bottom, top) if drag.is_across else (bottom, top, low, high)
            self._time_band.set_data(boxes(*band, color=ACCENT, cell=drag.cell))
        self.update()
        return True

    def end_time_drag(self) -> None:
        """Choose what was dragged out, if anything was."""
        drag, stop = self._time_drag, self._dragged_to
        if drag is None:
            return
        self._time_drag = self._dragged_to = None
        self._time_band.clear()
        self.update()
        if stop is not None:
            low, high = sorted((drag.start + self.time_origin, stop + self.time_origin))
            self.time_range_chosen.emit(float(low), float(high))

    def time_dragged(self) -> str:
        """What is being chosen, in words; empty for nothing."""
        if self._time_drag is None or self._dragged_to is None:
            return ""
        origin = self.time_origin
        low, high = sorted((self._time_drag.start + origin, self._dragged_to + origin))
        return f"{low:.4g} to {high:.4g} s"

    def _time_at(self, index: int, pos: Any, is_across: bool) -> float:
        return self.to_data(index, *pos)[0 if is_across else 1]
