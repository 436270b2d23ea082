"""Histograms in the grid of the feature view: how often the spikes of each cluster have a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.axes import Axis
from phygui.views.core.density import draw_profiles, profile
from phygui.views.core.visuals import VERTEX
from phygui.views.feature.grid import HISTOGRAM, Plot

N_BINS = 80
MOST_CLUSTERS = 40
"""Clusters that have histograms: of more, none could be told from another."""


@dataclass(frozen=True)
class Histogram:
    """The spikes of each cluster along one attribute."""

    edges: NDArray[np.float64]
    """(n_bins + 1,)"""
    profiles: NDArray[np.float64]
    """Per cent of a cluster's spikes in each bin, spread a little, (n_clusters, n_bins)."""

    @property
    def axis(self) -> Axis:
        """The horizontal axis of its plot."""
        top = 1.1 * float(self.profiles.max(initial=1.0))
        return Axis(HISTOGRAM, 0.0, top, "% of spikes", fixed=True)

    def describe(self, cluster_ids: Sequence[int], y: float) -> str:
        """What part of each cluster lies where the mouse is."""
        k = int(np.searchsorted(self.edges, y, side="right")) - 1
        if not 0 <= k < self.profiles.shape[1]:
            return ""
        parts = zip(cluster_ids, self.profiles[:, k], strict=False)
        return ", ".join(f"cluster {c}: {part:.1f}%" for c, part in parts)


def histograms_of(
    plots: Sequence[Plot],
    values: Mapping[str, NDArray[Any]],
    ranges: Mapping[str, tuple[float, float]],
    colors: NDArray[np.int64],
) -> dict[str, Histogram]:
    """Histograms of the plots that show one, by the key of their vertical axis.

    Parameters
    ----------
    plots : sequence of Plot
    values, ranges : mapping
        By key of an attribute, for each spike.
    colors : array of int64 (n,)
        Index of each spike's cluster in the selection.
    """
    n_clusters = min(int(colors.max(initial=-1)) + 1, MOST_CLUSTERS)
    found = {}
    for key in dict.fromkeys(plot.y for plot in plots if plot.x == HISTOGRAM):
        edges = np.linspace(*ranges[key], N_BINS + 1)
        each = [100.0 * profile(values[key][colors == k], edges) for k in range(n_clusters)]
        found[key] = Histogram(edges, np.reshape(each, (n_clusters, N_BINS)))
    return found


def vertices_of(
    plots: Sequence[Plot], histograms: Mapping[str, Histogram]
) -> tuple[NDArray[Any], list[NDArray[Any]]]:
    """Vertices of what is filled, and of the outlines, of all plots that show a histogram."""
    drawn = [
        draw_profiles(histograms[plot.y].profiles, histograms[plot.y].edges, cell)
        for cell, plot in enumerate(plots)
        if plot.x == HISTOGRAM
    ]
    fills = [fill for fill, _ in drawn]
    return np.concatenate([np.empty(0, VERTEX), *fills]), [outline for _, outline in drawn]
