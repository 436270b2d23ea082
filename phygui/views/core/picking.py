"""Which of the points or lines drawn is under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from phygui.views.core.base import View

_REACH = 6.0


def nearest_point(
    view: View[Any, Any],
    cell: int,
    place: tuple[float, float],
    x: NDArray[Any],
    y: NDArray[Any],
    behind: NDArray[np.bool_] | None = None,
) -> int | None:
    """Index of the point nearest to a place, if it is near.

    Parameters
    ----------
    view : View
    cell : int
    place : tuple of float
        In the units of the cell's axes.
    x, y : array of float (n,)
        The points, in the same units.
    behind : array of bool (n,), optional
        Points that yield to others nearly as near.
    """
    (x0, x1), (y0, y1) = view.cells[cell].x.view, view.cells[cell].y.view
    _, _, width, height = view.layout.boxes[cell]
    dx = (x - place[0]) / (x1 - x0) * width
    dy = (y - place[1]) / (y1 - y0) * height
    distance = np.nan_to_num(dx**2 + dy**2, nan=np.inf)
    if behind is not None:
        distance[behind] += _REACH
    if not len(distance):
        return None
    nearest = int(np.argmin(distance))
    return nearest if distance[nearest] <= _REACH**2 else None


def nearest_line(x: NDArray[Any], y: NDArray[Any]) -> int | None:
    """Index of the line nearest to the origin, if it is near.

    Parameters
    ----------
    x, y : array of float (n_lines, n_points)
        Corners of the lines, in logical pixels.
    """
    if not x.size:
        return None
    along_x, along_y = np.diff(x, axis=1), np.diff(y, axis=1)
    start_x, start_y = x[:, :-1], y[:, :-1]
    length = along_x**2 + along_y**2
    part = -(start_x * along_x + start_y * along_y) / np.where(length > 0, length, 1.0)
    part = np.clip(part, 0.0, 1.0)
    square = (start_x + part * along_x) ** 2 + (start_y + part * along_y) ** 2
    distance = np.nan_to_num(square, nan=np.inf).min(axis=1)
    nearest = int(np.argmin(distance))
    return nearest if distance[nearest] <= _REACH**2 else None
