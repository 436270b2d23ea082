"""How many points fall where: pictures in place of too many points or lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_ROWS = 8192
"""Rows of pixels in one texture; graphics cards take at least twice as many."""


def n_bins_for(n_images: int, wanted: int) -> int:
    """Height of images of which so many fit into one texture."""
    return max(4, min(wanted, _MOST_ROWS // max(1, n_images)))


def density(
    x: NDArray[Any],
    y: NDArray[Any],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    shape: tuple[int, int],
) -> NDArray[np.float32]:
    """Count points in the bins of a plane.

    Parameters
    ----------
    x, y : array of float (n,)
        Points that are not finite, or out of range, are left out.
    x_range, y_range : tuple of float
        Ends of the plane.
    shape : tuple of int
        Number of bins in y and in x.

    Returns
    -------
    array of float32 (n_bins_y, n_bins_x)
        Row 0 is at the low end of `y_range`.
    """
    n_y, n_x = shape
    with np.errstate(invalid="ignore"):
        column = np.floor((x - x_range[0]) / (x_range[1] - x_range[0]) * n_x)
        row = np.floor((y - y_range[0]) / (y_range[1] - y_range[0]) * n_y)
        inside = (column >= 0) & (column < n_x) & (row >= 0) & (row < n_y)
    at = row[inside].astype(np.int64) * n_x + column[inside].astype(np.int64)
    return np.bincount(at, minlength=n_y * n_x).reshape(n_y, n_x).astype(np.float32)


def as_opacity(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn counts into opacities from 0 to 1, so that rare places show beside frequent ones.

    Each image of a stack, (..., n_y, n_x), is brought to its own maximum.
    """
    most = counts.max(axis=(-2, -1), keepdims=True)
    opacity: NDArray[np.float32] = np.sqrt(counts / np.maximum(most, 1.0)).astype(np.float32)
    return opacity


def smooth(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spread each count a little: 1-2-1 along both axes of a stack of images, losing nothing."""
    for axis in (-2, -1):
        pad = [(0, 0)] * counts.ndim
        pad[axis] = (1, 1)
        padded = np.swapaxes(np.pad(counts, pad, mode="symmetric"), axis, -1)
        spread = (padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]) / 4
        counts = np.swapaxes(spread, axis, -1)
    return counts
