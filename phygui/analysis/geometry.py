"""Where spikes are: points that a lasso selects, and places along the probe."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._inputs import plain

__all__ = ["centers_along", "points_in_polygon"]

_FLOOR = 0.1
"""Part of a spike's largest energy that is taken off each channel: what is left of noise."""


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


def centers_along(
    energies: NDArray[np.float32], positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Centre of mass of spikes along the probe.

    A tenth of a spike's largest energy is taken off every channel first: the noise of hundreds of
    channels would else pull every spike to the middle of the probe.

    Parameters
    ----------
    energies : array of float32 (n, n_channels)
        How strong each spike is on each channel, squared; not negative.
    positions : array of float64 (n_channels,)
        Of the channels, micrometres.

    Returns
    -------
    array of float64 (n,)
        Micrometres; NaN for a spike that is nowhere.
    """
    weights = energies - np.float32(_FLOOR) * energies.max(axis=1, keepdims=True, initial=0.0)
    np.maximum(weights, 0.0, out=weights)
    # From the middle: with float32 weights, a probe far from zero would lose its micrometres.
    middle = float(positions.mean()) if len(positions) else 0.0
    total = weights.sum(axis=1, dtype=np.float64)
    moment = weights.astype(np.float64) @ (positions - middle)
    with np.errstate(invalid="ignore", divide="ignore"):
        centers: NDArray[np.float64] = middle + moment / np.where(total > 0, total, np.nan)
    return centers
