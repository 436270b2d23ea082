"""The horizontal axis of correlograms and intervals: milliseconds, linear or logarithmic."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.analysis import log_lag_edges
from phygui.views.axes import Ticks, nice_ticks
from phygui.views.visuals import text_width

SHORTEST = 0.5
"""Milliseconds: below, logarithmic bins would be narrower than a few samples."""
BINS_PER_DECADE = 15
GAP = 0.15
"""Room in decades left for the lags too short for a logarithmic axis."""
TICK_WIDTH = 36.0
"""Logical pixels for one number."""


@dataclass(frozen=True)
class LagScale:
    """Where lags lie on the axis."""

    log: bool

    def place(self, lags_ms: ArrayLike) -> NDArray[np.float64]:
        """Places on the axis of lags of either sign, in milliseconds."""
        lags = np.asarray(lags_ms, dtype=np.float64)
        if not self.log:
            return lags
        decades = np.log10(np.maximum(np.abs(lags), SHORTEST) / SHORTEST)
        return np.sign(lags) * (decades + GAP)

    def ticks(self, low: float, high: float, width: float) -> Ticks:
        """Round lags, as many as fit into so many logical pixels; the last carries the unit."""
        n_most = max(1, int(width / TICK_WIDTH))
        if self.log:
            decades = high - max(low, -high)
            powers = 10.0 ** np.arange(0, 7, math.ceil((decades + 1) / max(n_most, 2)))
            lags = np.concatenate([-powers[::-1], powers])
            ticks = [
                (float(place), f"{lag:g}".replace("-", "−"))
                for place, lag in zip(self.place(lags), lags, strict=True)
                if low <= place <= high
            ]
        else:
            ticks = nice_ticks(low, high, min(n_most, 7))
        if ticks:
            ticks[-1] = (ticks[-1][0], ticks[-1][1] + " ms")
        if len(ticks) > 1:
            (left, short), (right, long) = ticks[-2:]
            distance = (right - left) / (high - low) * width
            if distance < (text_width(short) + text_width(long)) / 2 + 4:
                del ticks[-2]
        return ticks


def log_edges(longest_ms: float) -> NDArray[np.float64]:
    """Edges in seconds of logarithmic bins of positive lag, up to so many milliseconds."""
    longest = max(longest_ms, 2 * SHORTEST)
    n_bins = max(int(BINS_PER_DECADE * np.log10(longest / SHORTEST)), 4)
    return log_lag_edges(SHORTEST / 1000, longest / 1000, n_bins)
