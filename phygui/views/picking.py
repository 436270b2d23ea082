"""Which of the points drawn is under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from phygui.views.base import View

_REACH = 6.0


def nearest_point(
    view: View,
    cell: int,
    place: tuple[float, float],
    x: NDArray,
    y: NDArray,
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
