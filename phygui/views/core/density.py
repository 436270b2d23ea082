"""How many points fall where: pictures in place of too many points or lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.visuals import boxes, strips

_MOST_ROWS = 8192
"""Rows of pixels in one texture; graphics cards take at least twice as many."""
_NARROW = 0.6
"""Width of what a value is spread over, in that of Silverman's rule, which suits one smooth peak:
here two peaks, or an edge such as a threshold leaves, are to be seen."""
_FILL = 0.25
"""Opacity of what lies under a profile, to that of its outline."""


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


def profile(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How dense values are along an axis: each is spread a little, the wider the fewer there are.

    Parameters
    ----------
    values : array of float (n,)
        Values that are not finite, or out of range, are left out.
    edges : array of float64 (n_bins + 1,)
        Evenly spaced.

    Returns
    -------
    array of float64 (n_bins,)
        Parts of all values in each bin.
    """
    finite = values[np.isfinite(values)]
    counts = np.histogram(finite, edges)[0] / max(1, len(finite))
    # A few far away would blur what is seen.
    seen = finite[(finite >= edges[0]) & (finite <= edges[-1])]
    if len(seen) < 2:
        return counts
    low, high = np.percentile(seen, (25, 75))
    spread = min(float(seen.std()), float(high - low) / 1.34) or float(seen.std())
    width = _NARROW * 0.9 * spread * len(seen) ** -0.2 / (edges[1] - edges[0])
    # A longer kernel than the profile would make the profile longer.
    reach = min(int(np.ceil(3 * width)), (len(counts) - 1) // 2)
    if reach < 1:
        return counts
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    spread_out: NDArray[np.float64] = np.convolve(counts, kernel / kernel.sum(), "same")
    return spread_out


def draw_profiles(
    profiles: NDArray[np.float64], edges: NDArray[np.float64], cell: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Vertices of profiles that stand on the left side of a plot: of what is filled, and outlines.

    Parameters
    ----------
    profiles : array of float64 (n_clusters, n_bins)
    edges : array of float64 (n_bins + 1,)
        On the vertical axis.
    cell : int
    """
    n = len(profiles)
    color = np.arange(n)[:, None]
    fills = boxes(0.0, profiles, edges[:-1], edges[1:], color=color, cell=cell, alpha=_FILL)
    steps = np.repeat(profiles, 2, axis=1)
    # Where there is nothing, no outline hides the edge of the plot.
    seen = np.where(steps > 0, 1.0, 0.0)
    outlines = strips(steps, np.repeat(edges, 2)[1:-1], color=color, cell=cell, alpha=seen)
    return fills, outlines
