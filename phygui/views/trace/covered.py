"""The parts of the traces that spikes cover, as they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.colors import FOREGROUND
from phygui.views.core.visuals import vertices

OTHER = -1
"""The label of spikes of clusters that are not selected."""
NOISE_PER_ROW = 10.0
"""Standard deviations of the noise between two rows, before the data are scaled."""
_OTHER_ALPHA = 0.65
"""Of spikes of other clusters: between the traces, and spikes that are pointed at."""


def covered(
    values: NDArray[np.float32],
    times: NDArray[np.float64],
    labels: NDArray[np.int16],
    noise: float,
) -> NDArray[Any]:
    """Make the vertices of the parts of the traces that spikes cover, in their colours.

    Parameters
    ----------
    values : array of float32 (n_channels, n_points)
        Of the traces; NaN where nothing was recorded.
    times : array of float64 (n_points,)
        Seconds from the start of the stretch.
    labels : array of int16 (n_channels, n_points)
        0 for no spike, ``OTHER``, or one more than the place of the cluster in the selection.
    noise : float
        Standard deviation of the noise, in the unit of the values.
    """
    recorded = np.isfinite(values[:1])
    same = (labels[:, :-1] != 0) & (labels[:, :-1] == labels[:, 1:])
    same &= recorded[:, :-1] & recorded[:, 1:]
    row, point = np.nonzero(same)
    points = np.column_stack([point, point + 1]).ravel()
    row = np.repeat(row, 2)
    color = labels[row, points].astype(np.int64)
    alpha = np.where(color == OTHER, _OTHER_ALPHA, 1.0)
    color = np.where(color == OTHER, FOREGROUND, color - 1)
    dy = values[row, points] / (NOISE_PER_ROW * noise)
    return vertices(times[points], -row, dy=dy, color=color, alpha=alpha)
