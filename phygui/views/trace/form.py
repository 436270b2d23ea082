"""What form the traces take in the room that they have."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.axes import Ticks

LEAST_FOR_LINES = 4.0
"""Logical pixels from one channel to the next below which lines would be a grey wall."""
MOST_CASED = 100
"""Marks up to which each stands out from an image between two lines in the background's colour;
beyond, events are the fainter the more there are."""
_EVENT_ALPHA = 0.5


def form_of(mode: str, pitch: float) -> str:
    """``lines`` or ``image``, as the settings say, or for ``auto`` by the height of a row.

    Parameters
    ----------
    mode : str
        The setting: ``auto``, ``lines`` or ``image``.
    pitch : float
        Logical pixels from one channel to the next.
    """
    if mode != "auto":
        return mode
    return "lines" if pitch >= LEAST_FOR_LINES else "image"


def recorded_parts(values: NDArray[np.float32]) -> list[slice]:
    """Runs of points of an envelope at which something was recorded."""
    recorded = np.isfinite(values[0]) if len(values) else np.zeros(values.shape[1], bool)
    edges = np.flatnonzero(np.diff(recorded, prepend=False, append=False))
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2).tolist()]


def channel_ticks(
    labels: Sequence[str], n_columns: int, low: float, high: float, n_max: int
) -> Ticks:
    """Names of the channels in view, as many as can be read; row k is at -k."""
    first, last = max(math.ceil(-high), 0), min(math.floor(-low), len(labels) - 1)
    step = max(math.ceil((last - first + 1) / max(3 * n_max, 1)), 1)
    # Rows by depth go through the columns of the probe in turn: not to name one column only.
    while math.gcd(step, n_columns) > 1:
        step += 1
    return [(-float(k), labels[k]) for k in range(first, last + 1) if k % step == 0]


def mark_alphas(is_event: NDArray[np.bool_], as_image: bool) -> NDArray[np.float64]:
    """Opacity of lines from top to bottom; of very many events, side by side, ever less."""
    alpha = np.where(is_event & (not as_image), _EVENT_ALPHA * 0.8, 1.0 if as_image else 0.8)
    n_events = max(int(is_event.sum()), 1)
    return np.where(is_event, alpha * min(1.0, MOST_CASED / n_events), alpha)
