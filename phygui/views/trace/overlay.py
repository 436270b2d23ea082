"""What is written over the traces: names of marks, a note, a scale bar, each on a quiet ground."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.colors import BACKGROUND, FOREGROUND
from phygui.views.core.visuals import CANVAS, Label, boxes, text_width, vertices
from phygui.views.data.voltages import amount

BAR_LENGTH = 60.0
"""Most logical pixels of a scale bar."""

Box = tuple[float, ...]
"""Left, top, width and height of the plot in logical pixels."""


def name_marks(
    marks: Iterable[tuple[float, str, str]], box: Box, labels: list[Label]
) -> NDArray[Any]:
    """Write names at the foot of lines, where they do not overlap.

    Parameters
    ----------
    marks : iterable of (x, kind, name)
        From left to right, in logical pixels; ``event`` or ``recording``.
    box : tuple
    labels : list of Label
        What is written is added to it.

    Returns
    -------
    array of ``VERTEX``
        Triangles of the ground.
    """
    left, top, width, height = box
    free = {"recording": left, "event": left}
    grounds = []
    for x, kind, name in marks:
        right = x + text_width(name) + 6
        if x < free[kind] or right > left + width:
            continue
        y = top + height - (18 if kind == "event" else 35)
        labels.append(Label(name, x + 3, y, CANVAS, FOREGROUND))
        grounds.append((x + 1, right, y - 1, y + 15))
        free[kind] = right
    return boxes(*np.reshape(grounds, (-1, 4)).T, color=BACKGROUND, cell=CANVAS)


def write_note(text: str, box: Box, labels: list[Label]) -> NDArray[Any]:
    """Write a sentence in the upper left corner; returns the triangles of its ground."""
    left, top, _, _ = box
    labels.append(Label(text, left + 6, top + 4, CANVAS, FOREGROUND))
    right = left + 10 + text_width(text)
    return boxes(left + 1, right, top + 1, top + 20, color=BACKGROUND, cell=CANVAS)


def scale_bar(
    units_per_pixel: float, unit: str, box: Box, labels: list[Label]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Draw a bar of a round voltage in the upper right corner.

    Returns
    -------
    array of ``VERTEX``
        Lines of the bar.
    array of ``VERTEX``
        Triangles of the ground.
    """
    left, top, width, _ = box
    value = round_below(BAR_LENGTH * units_per_pixel)
    text = amount(value, unit)
    right, first = left + width - 8.5, top + 8.5
    last = first + round(value / units_per_pixel)
    middle = (first + last) / 2
    labels.append(Label(text, right - 6, middle, CANVAS, FOREGROUND, ("right", "center")))
    bar = vertices(
        [right, right, right - 3, right + 3, right - 3, right + 3],
        [first, last, first, first, last, last],
        color=FOREGROUND,
        cell=CANVAS,
    )
    half = max((last - first) / 2, 6) + 4
    edge = right - text_width(text) - 12
    ground = boxes(edge, right + 5, middle - half, middle + half, color=BACKGROUND, cell=CANVAS)
    return bar, ground


def round_below(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * max(m for m in (1, 2, 5) if m * power <= value * (1 + 1e-9))
