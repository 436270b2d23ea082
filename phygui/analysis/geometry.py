"""Points and polygons: what a lasso selects."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._inputs import plain

__all__ = ["points_in_polygon"]


def points_in_polygon(points: ArrayLike, polygon: ArrayLike) -> NDArray[np.bool_]:
    """Which points a polygon holds, by the even-odd rule.

    Parameters
    ----------
    points : array of float (n, 2)
        Points with a NaN or infinite coordinate are outside.
    polygon : array of float (m, 2)
        Vertices in order; the last is joined to the first. It may cross itself. With fewer
        than three vertices nothing is inside.

    Returns
    -------
    array of bool (n,)
    """
    points = np.asarray(points)
    polygon = plain(polygon, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points must have the shape (n, 2), not {points.shape}")
    inside = np.zeros(len(points), dtype=np.bool_)
    if len(polygon) < 3:
        return inside
    if polygon.ndim != 2 or polygon.shape[1] != 2:
        raise ValueError(f"polygon must have the shape (m, 2), not {polygon.shape}")

    from . import _kernels

    x = plain(points[:, 0], np.float64)
    y = plain(points[:, 1], np.float64)
    _kernels.inside_polygon(x, y, polygon, inside)
    return inside
