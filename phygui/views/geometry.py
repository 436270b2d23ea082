"""Where channels are put on the canvas: the probe's geometry, without overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class ProbeLayout:
    """A box for each channel."""

    centers: NDArray[np.float64]
    """Centre of each box, (n_channels, 2); micrometres, unless positions coincide."""
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


def probe_layout(positions: ArrayLike) -> ProbeLayout:
    """Find the largest box that can stand at every channel without touching another.

    Two boxes overlap if they are nearer than a width in x and than a height in y. So each
    distance in x between two channels is tried for the width; the height is then the least
    distance in y of the channels that are nearer than that in x. The pair that fills most of the
    canvas wins, whatever the stagger of the probe.

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

    best: tuple[float, float, float] | None = None
    tolerance = 1e-9 * max(extent)
    for width in [*np.unique(np.round(dx[dx > tolerance], 9)), np.inf]:
        near = dx < width - tolerance
        height = float(dy[near].min()) if near.any() else np.inf
        if height <= tolerance:
            continue
        # Without a neighbour on that side, a box may be as large as the probe.
        w = float(width) if np.isfinite(width) else max(float(extent[0]), height)
        h = height if np.isfinite(height) else max(float(extent[1]), w)
        score = w / (extent[0] + w) * h / (extent[1] + h)
        if best is None or score > best[0]:
            best = score, w, h
    assert best is not None
    return ProbeLayout(centers, best[1], best[2])
