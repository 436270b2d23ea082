"""Densities in the feature view: how many spikes of each cluster are where in each plot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.views.core.density import as_opacity, density, n_bins_for, smooth
from phygui.views.feature.grid import HISTOGRAM, Plot

_MOST_OUTSIDE = 1_500
"""Spikes drawn in a plot of those that lie outside of the image of its densities."""
_N_BINS = 96


def densities_of(
    plots: list[Plot],
    values: dict[str, NDArray[Any]],
    ranges: dict[str, tuple[float, float]],
    colors: NDArray[np.int64],
    n_clusters: int,
) -> NDArray[np.float32]:
    """How many spikes of each cluster are where, in each plot."""
    # As many bins as the spikes can fill, so that few spikes are not scattered over too many.
    enough = int(2 * np.sqrt(len(colors) / n_clusters))
    n = n_bins_for(len(plots) * n_clusters, min(max(enough, 32), _N_BINS))
    counts = np.empty((len(plots), n_clusters, n, n), np.float32)
    for k in range(n_clusters):
        own = {key: value[colors == k] for key, value in values.items()}
        for i, p in enumerate(plots):
            if p.x == HISTOGRAM:
                counts[i, k] = 0.0
                continue
            counts[i, k] = density(own[p.x], own[p.y], ranges[p.x], ranges[p.y], (n, n))
    return as_opacity(smooth(counts))


def outside_of(
    plot: Plot, values: dict[str, NDArray[Any]], ranges: dict[str, tuple[float, float]]
) -> NDArray[np.int64]:
    """Indices of a sample of the spikes that the image of a plot's densities does not hold."""
    found = np.zeros(len(values[plot.y]), np.bool_)
    if plot.x == HISTOGRAM:
        return np.flatnonzero(found)
    for key in (plot.x, plot.y):
        low, high = ranges[key]
        with np.errstate(invalid="ignore"):
            found |= (values[key] < low) | (values[key] >= high)
    return sample_spikes(np.flatnonzero(found), _MOST_OUTSIDE)
