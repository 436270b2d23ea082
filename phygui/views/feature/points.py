"""The points of the feature view as they are drawn, made where the features are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.colors import GREY
from phygui.views.core.visuals import VERTEX
from phygui.views.feature.grid import HISTOGRAM, Plot

_MASKED_ALPHA = 0.25


def points_in(
    plot: Plot,
    cell: int,
    values: Mapping[str, NDArray[Any]],
    masks: Mapping[str, NDArray[np.float32]],
    drawn: NDArray[np.int64] | slice,
    colors: NDArray[np.int64],
    dims: bool,
    into: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Vertices of some spikes in one plot.

    Parameters
    ----------
    plot : Plot
    cell : int
        Which of the plots it is.
    values, masks : mapping
        By key of an attribute, for each spike.
    drawn : array of int64 (n,), or slice
        Indices of the spikes.
    colors : array of int64 (n,)
        Their colours.
    dims : bool
        Whether spikes are fainter where the channel of an axis is masked.
    into : array of ``VERTEX`` (n,), optional
        Where they are written.
    """
    made = np.empty(len(colors), VERTEX) if into is None else into
    x, y = values[plot.x][drawn], values[plot.y][drawn]
    made["position"][:, 0], made["position"][:, 1] = x, y
    made["dy"], made["color"], made["cell"] = 0.0, colors, cell
    alpha = made["alpha"]
    alpha[:] = np.isfinite(x) & np.isfinite(y)
    of_axes = [masks[key][drawn] for key in (plot.x, plot.y) if key in masks]
    if of_axes and dims:
        # What is no number counts as nothing.
        mask = np.fmax(np.fmax(of_axes[0], of_axes[-1]), np.float32(0))
        alpha *= _MASKED_ALPHA + (1 - _MASKED_ALPHA) * mask
    return made


def points_of(
    plots: Sequence[Plot],
    values: Mapping[str, NDArray[Any]],
    masks: Mapping[str, NDArray[np.float32]],
    colors: NDArray[np.int64],
    outside: Sequence[NDArray[np.int64]],
    dims: bool,
) -> NDArray[Any]:
    """Vertices of all plots in one array: of all spikes, or beside images of those outside."""
    every: NDArray[np.int64] | slice = slice(None)
    if len(outside):
        every = np.flatnonzero(colors == GREY)
    scatters = [(plot, cell) for cell, plot in enumerate(plots) if plot.x != HISTOGRAM]
    wanted = [(*scatter, every) for scatter in scatters]
    if len(outside):
        wanted += [(plot, cell, outside[cell]) for plot, cell in scatters]
    sizes = [len(colors[drawn]) for *_, drawn in wanted]
    # Each is written where it belongs: to join them would take as long as to make them.
    made = np.empty(sum(sizes), VERTEX)
    start = 0
    for (plot, cell, drawn), size in zip(wanted, sizes, strict=True):
        part = made[start : start + size]
        points_in(plot, cell, values, masks, drawn, colors[drawn], dims, part)
        start += size
    return made
