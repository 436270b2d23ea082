"""The bars that say how long and how high waveforms are."""

from __future__ import annotations

import numpy as np

from phygui.views.core.axes import nice_number
from phygui.views.core.colors import DIM, FOREGROUND
from phygui.views.core.layout import Layout
from phygui.views.core.visuals import CANVAS, Label, text_width, vertices
from phygui.views.data.voltages import amount

_HEIGHT, _WIDTH = 28.0, 60.0
"""Logical pixels that the bars take at most."""
_LOW = 18.0
"""Logical pixels below which a bar has no room for its text above that of the other one."""


def add_scale_bars(
    layout: Layout, x: float, bottom: float, per_ms: float, per_uv: float, unit: str
) -> float:
    """Draw both bars in the lower left corner, with what they stand for.

    Parameters
    ----------
    layout : Layout
        Gets lines and labels.
    x, bottom : float
        Of the corner, logical pixels.
    per_ms, per_uv : float
        Logical pixels of a millisecond and of a microvolt, or of whatever `unit` says.
    unit : str
        Of the values.

    Returns
    -------
    float
        Where bars and texts end at the right.
    """
    uv, ms = nice_number(_HEIGHT / per_uv), nice_number(_WIDTH / per_ms)
    height, width = uv * per_uv, ms * per_ms
    at = np.floor([x, bottom - height, bottom, x + width]) + 0.5
    corner = vertices(at[[0, 0, 0, 3]], at[[1, 2, 2, 2]], cell=CANVAS, color=FOREGROUND)
    layout.lines.append(corner)
    text_uv, text_ms = amount(uv, unit), f"{ms:g} ms"
    end = x + width + 5
    if height < _LOW:
        end = max(end, x + text_width(text_uv) + 13)
    layout.labels += [
        Label(text_uv, x + 5, bottom - height, color=DIM, align=("left", "top")),
        Label(text_ms, end, bottom, color=DIM, align=("left", "center")),
    ]
    return max(end + text_width(text_ms), x + 5 + text_width(text_uv))
