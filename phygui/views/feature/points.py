"""The points of the feature view as they are drawn, made where the features are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.colors import GREY
from phygui.views.core.visuals import VERTEX, vertices
from phygui.views.feature.grid import HISTOGRAM, Plot

_MASKED_ALPHA = 0.25


def points_in(
    plot: Plot,
    cell: int,
    values: Mapping[str, NDArray[Any]],
    masks: Mapping[str, NDArray[np.float32]],
    drawn: NDArray[np.int64],
    colors: NDArray[np.int64],
    dims: bool,
) -> NDArray[Any]:
    """Vertices of some spikes in one plot.

    Parameters
    ----------
    plot : Plot
    cell : int
        Which of the plots it is.
    values, masks : mapping
        By key of an attribute, for each spike.
    drawn : array of int64 (n,)
        Indices of the spikes.
    colors : array of int64 (n,)
        Their colours.
    dims : bool
        Whether spikes are fainter where the channel of an axis is masked.
    """
    x, y = values[plot.x][drawn], values[plot.y][drawn]
    alpha = np.where(np.isfinite(x) & np.isfinite(y), 1.0, 0.0)
    of_axes = [masks[key][drawn] for key in (plot.x, plot.y) if key in masks]
    if of_axes and dims:
        alpha *= _MASKED_ALPHA + (1 - _MASKED_ALPHA) * np.nan_to_num(np.fmax.reduce(of_axes))
    return vertices(x, y, color=colors, cell=cell, alpha=alpha)


def points_of(
    plots: Sequence[Plot],
    values: Mapping[str, NDArray[Any]],
    masks: Mapping[str, NDArray[np.float32]],
    colors: NDArray[np.int64],
    outside: Sequence[NDArray[np.int64]],
    dims: bool,
) -> NDArray[Any]:
    """Vertices of all plots in one array: of all spikes, or beside images of those outside."""
    every = np.flatnonzero(colors == GREY) if len(outside) else np.arange(len(colors))
    parts = [
        points_in(plot, cell, values, masks, every, colors[every], dims)
        for cell, plot in enumerate(plots)
        if plot.x != HISTOGRAM
    ]
    for cell, found in enumerate(outside):
        if plots[cell].x == HISTOGRAM:
            continue
        parts.append(points_in(plots[cell], cell, values, masks, found, colors[found], dims))
    # As plain numbers: numpy joins arrays of records field by field, in five times the time.
    plain = [np.empty(0, np.float32), *(part.view(np.float32) for part in parts)]
    return np.concatenate(plain).view(VERTEX)
