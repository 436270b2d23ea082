"""What is written over the traces: names of marks, a note, a scale bar, each on a quiet ground."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.colors import BACKGROUND, FOREGROUND, UNSORTED
from phygui.views.core.visuals import CANVAS, Label, boxes, text_width, vertices
from phygui.views.data.voltages import amount

BAR_LENGTH = 60.0
"""Most logical pixels of a scale bar."""

TICK = 7.0
"""Logical pixels of the length of a spike's tick."""
INDENT = 13.0
"""Logical pixels from the names of channels of one column of the probe to those of the next."""
MOST_INDENTED = 4
"""Columns up to which names are indented: those of more would take too much of the plot."""

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


def spike_ticks(pixels: NDArray[np.float64], places: NDArray[np.int64], box: Box) -> NDArray[Any]:
    """Short lines at the top edge, those of selected clusters over the others.

    Parameters
    ----------
    pixels : array of float64 (n_spikes,)
        Where the spikes are across the canvas.
    places : array of int64 (n_spikes,)
        Place of each spike's cluster in the selection; negative for others.
    box : tuple

    Returns
    -------
    array of ``VERTEX``
    """
    left, top, width, _ = box
    order = np.argsort(places >= 0, kind="stable")
    order = order[(pixels[order] >= left) & (pixels[order] <= left + width)]
    x = np.floor(pixels[order])[:, None] + 0.5
    color = np.where(places[order] >= 0, places[order], UNSORTED)[:, None]
    return vertices(x, [top + 1, top + 1 + TICK], color=color, cell=CANVAS)


def room_for_indents(n_columns: int) -> float:
    """Logical pixels beside the plot that the names of so many columns of a probe take more."""
    return INDENT * (n_columns - 1) if n_columns <= MOST_INDENTED else 0.0


def indented(
    labels: Iterable[Label],
    columns: NDArray[np.int64],
    left: float,
    place_of: Callable[[float], float],
) -> list[Label]:
    """Names of channels moved to the side as their columns are on the probe.

    Parameters
    ----------
    labels : iterable of Label
        All of the axes; others stay where they are.
    columns : array of int64 (n_rows,)
        Column of each row, from the left.
    left : float
        Where the plot begins, in logical pixels.
    place_of : callable
        What the axis says at a height of the canvas: row k is at -k.
    """
    last, found = int(columns.max(initial=0)), []
    for label in labels:
        if label.align == ("right", "center") and label.x < left:
            row = min(max(round(-place_of(label.y)), 0), len(columns) - 1)
            label = replace(label, x=label.x - INDENT * (last - int(columns[row])))
        found.append(label)
    return found


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
