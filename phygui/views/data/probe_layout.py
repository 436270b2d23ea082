"""Where channels are put on the canvas: the probe's geometry, without overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class ProbeLayout:
    """A box for each channel."""

    centers: NDArray[np.float64]
    """Centre of each box, (n_channels, 2); micrometres, unless positions coincide, and but for
    gaps that are left out."""
    width: float
    height: float

    @property
    def limits(self) -> tuple[float, float, float, float]:
        """x0, x1, y0, y1 around all boxes."""
        low, high = self.centers.min(axis=0), self.centers.max(axis=0)
        x, y = self.width / 2, self.height / 2
        return float(low[0] - x), float(high[0] + x), float(low[1] - y), float(high[1] + y)

    def nearest(self, x: float, y: float) -> int:
        """Index of the channel whose box is nearest to a place."""
        offsets = (self.centers - (x, y)) / (self.width, self.height)
        return int(np.argmin(np.abs(offsets).max(axis=1)))


_WIDEST_GAP = 2.0
"""Longest way from one row or column of channels to the next, in sizes of a box."""


def probe_layout(positions: ArrayLike) -> ProbeLayout:
    """Find the largest box that can stand at every channel without touching another.

    Two boxes overlap if they are nearer than a width in x and than a height in y. So each
    distance in x between two channels is tried for the width; the height is then the least
    distance in y of the channels that are nearer than that in x. The pair that fills most of the
    canvas wins, whatever the stagger of the probe. Where there is nothing over more than a box,
    as between shanks, the rest of the gap is left out, else the boxes would be tiny.

    Parameters
    ----------
    positions : array of float (n_channels, 2)
        Micrometres. If two channels coincide, all are put in a column, in their order.

    Returns
    -------
    ProbeLayout
    """
    centers = np.array(positions, np.float64).reshape(-1, 2)
    n = len(centers)
    if n == 0:
        raise ValueError("there are no channels to lay out")
    if n == 1:
        return ProbeLayout(centers, 1.0, 1.0)
    first, second = np.triu_indices(n, 1)
    dx, dy = np.abs(centers[first] - centers[second]).T
    if np.any((dx == 0) & (dy == 0)):
        column = np.column_stack([np.zeros(n), -np.arange(n, dtype=np.float64)])
        return ProbeLayout(column, 1.0, 1.0)
    extent = np.ptp(centers, axis=0)

    tolerance = 1e-9 * max(extent)
    widths = np.append(np.unique(np.round(dx[dx > tolerance], 9)), np.inf)
    # The least distance in y of the pairs that are nearer in x, for all widths at once.
    order = np.argsort(dx)
    least = np.append(np.inf, np.minimum.accumulate(dy[order]))
    heights = least[np.searchsorted(dx[order], widths - tolerance)]
    usable = heights > tolerance
    widths, heights = widths[usable], heights[usable]
    # Without a neighbour on that side, a box may be as large as the probe.
    widths = np.where(np.isfinite(widths), widths, np.maximum(extent[0], heights))
    heights = np.where(np.isfinite(heights), heights, np.maximum(extent[1], widths))
    parts = [
        sizes / (_shortened(values, sizes) + sizes)
        for values, sizes in zip(centers.T, (widths, heights), strict=True)
    ]
    best = int(np.argmax(parts[0] * parts[1]))
    width, height = float(widths[best]), float(heights[best])
    columns = [_without_gaps(v, s) for v, s in zip(centers.T, (width, height), strict=True)]
    return ProbeLayout(np.column_stack(columns), width, height)


def _shortened(values: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Extent of some places without what is too much of the gaps, for boxes of several sizes."""
    gaps = np.sort(np.diff(np.sort(values)))
    longest = _WIDEST_GAP * sizes
    n_kept = np.searchsorted(gaps, longest)
    return np.append(0.0, np.cumsum(gaps))[n_kept] + (len(gaps) - n_kept) * longest


def _without_gaps(values: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """Some places, moved together where the gap between two is too long for boxes of a size.

    What was a size or more apart remains so.
    """
    places, which = np.unique(values, return_inverse=True)
    too_much = np.maximum(np.diff(places) - _WIDEST_GAP * size, 0.0)
    shifts: NDArray[np.float64] = np.append(0.0, np.cumsum(too_much))[which]
    return values - shifts
