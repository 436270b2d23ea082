"""The horizontal axis of correlograms and intervals: milliseconds, linear or logarithmic."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.analysis import REFRACTORY_PERIOD, log_lag_edges
from phygui.views.core.axes import Ticks, nice_ticks

SHORTEST = 0.5
"""Milliseconds: below, logarithmic bins would be narrower than a few samples."""
BINS_PER_DECADE = 15
GAP = 0.15
"""Room in decades left for the lags too short for a logarithmic axis."""
MOST_TICKS = 7


def refractory_period() -> Any:
    """The parameter ``refractory_ms`` of a view that marks the period and counts violations."""
    return field(
        default=1000 * REFRACTORY_PERIOD,
        metadata={
            "label": "Refractory period",
            "unit": "ms",
            "min": 0.0,
            "max": 50.0,
            "step": 0.5,
            "help": "The grey band. Beside the name of a cluster stands the share of its spikes "
            "that follow the one before sooner than this",
        },
    )


def lag_bin(default: float, help: str) -> Any:
    """The parameter ``bin_ms`` of a view whose axis is one of lags."""
    return field(
        default=default,
        metadata={
            "label": "Bin",
            "unit": "ms",
            "min": 0.05,
            "max": 1000.0,
            "step": 0.5,
            "help": help,
        },
    )


def lag_reach(label: str, help: str) -> Any:
    """The parameter of such a view that says how far its axis goes, in milliseconds."""
    return field(
        default=50.0,
        metadata={
            "label": label,
            "unit": "ms",
            "min": 1.0,
            "max": 100_000.0,
            "step": 10.0,
            "help": help,
        },
    )


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

    def ticks(self, low: float, high: float, n_max: int) -> Ticks:
        """Round lags, about so many at most; the last carries the unit."""
        if self.log:
            decades = high - max(low, -high)
            powers = 10.0 ** np.arange(0, 7, math.ceil((decades + 1) / max(n_max, 2)))
            lags = np.concatenate([-powers[::-1], powers])
            ticks = [
                (float(place), f"{lag:g}".replace("-", "−"))
                for place, lag in zip(self.place(lags), lags, strict=True)
                if low <= place <= high
            ]
        else:
            ticks = nice_ticks(low, high, min(n_max, MOST_TICKS))
        if ticks:
            ticks[-1] = (ticks[-1][0], ticks[-1][1] + " ms")
        return ticks


def log_edges(longest_ms: float) -> NDArray[np.float64]:
    """Edges in seconds of logarithmic bins of positive lag, up to so many milliseconds."""
    longest = max(longest_ms, 2 * SHORTEST)
    n_bins = max(int(BINS_PER_DECADE * np.log10(longest / SHORTEST)), 4)
    return log_lag_edges(SHORTEST / 1000, longest / 1000, n_bins)
