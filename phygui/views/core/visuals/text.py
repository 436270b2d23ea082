"""All the text of a canvas in one draw call."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from phygui.views.core.visuals.batch import begin, upload
from phygui.views.core.visuals.font import FONT_SIZE, Font, font_at, text_width
from phygui.views.core.visuals.shared import CANVAS, Shared

_GLYPH = np.dtype(
    [
        ("position", np.float32, 2),
        ("dy", np.float32),
        ("color", np.float32),
        ("cell", np.float32),
        ("corner", np.float32, 2),
        ("texture", np.float32, 2),
    ]
)
_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]])
_BEFORE = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
"""Part of a label that comes before its place."""
TALL = FONT_SIZE - 1
APART = 3.0
"""Least distance between labels side by side, in logical pixels."""
_BETWEEN = 10.0
"""Logical pixels between two names of a legend."""


@dataclass(frozen=True)
class Label:
    """One line of text.

    It is anchored at (`x`, `y`) of a cell, or of the canvas in logical pixels, and moved by
    `offset` logical pixels (y downwards); `align` says which of its points is put there. A label
    whose anchor leaves its cell is not drawn.
    """

    text: str
    x: float
    y: float
    cell: int = CANVAS
    color: int = -2
    align: tuple[Literal["left", "center", "right"], Literal["top", "center", "bottom"]] = (
        "left",
        "top",
    )
    offset: tuple[float, float] = (0.0, 0.0)


_ALONG = {"left": 0.0, "center": 0.5, "right": 1.0}
_ACROSS = {"top": 0.0, "center": 0.5, "bottom": 1.0}


class Text:
    """Lines of text drawn together."""

    def __init__(self) -> None:
        self.visible = True
        self.labels: list[Label] = []
        self._buffer: gloo.VertexBuffer | None = None
        self._atlas: gloo.Texture2D | None = None
        self._atlas_version: tuple[int, int] = (0, 0)
        self._made = 0
        self._n_vertices = 0

    def set_labels(self, labels: Sequence[Label]) -> None:
        """Replace all lines."""
        self.labels = list(labels)
        self._made = 0

    def draw(self, shared: Shared, context: Any) -> None:
        """Draw; the canvas is current."""
        if not self.visible or not self.labels:
            return
        font = font_at(shared.pixel_ratio)
        if self._made != id(font):
            self._upload(font, shared.pixel_ratio)
        if not self._n_vertices:
            return
        program = begin("text", self._buffer, shared)
        program["u_atlas"] = self._atlas
        program["u_opacity"] = 1.0
        program.draw("triangles")

    def _upload(self, font: Font, ratio: float) -> None:
        data = glyph_vertices(self.labels, font, ratio)
        self._made = id(font)
        self._n_vertices = len(data)
        if not len(data):
            return
        self._buffer = upload(self._buffer, data)
        version = (id(font), font.version)
        if self._atlas_version != version:
            self._atlas_version = version
            self._atlas = gloo.Texture2D(font.atlas[..., None], interpolation="nearest")


def glyph_vertices(labels: Sequence[Label], font: Font, ratio: float) -> NDArray[Any]:
    """Two triangles for every glyph of some labels."""
    layouts = [font.layout(label.text) for label in labels]
    counts = [len(layout) for layout in layouts]
    glyphs = np.concatenate(layouts) if layouts else np.empty((0, 7), np.int64)
    scale_y = font.ascent + font.descent
    shifts = np.empty((len(labels), 2))
    for k, (label, layout) in enumerate(zip(labels, layouts, strict=True)):
        width = int(layout[:, 6].sum())
        shifts[k, 0] = label.offset[0] * ratio - _ALONG[label.align[0]] * width
        shifts[k, 1] = label.offset[1] * ratio - _ACROSS[label.align[1]] * scale_y + font.ascent
    shifts = np.round(shifts)

    out = np.empty((len(glyphs), 6), _GLYPH)
    owner = np.repeat(np.arange(len(labels)), counts)
    box = glyphs[:, None, 2:4] * _CORNERS
    out["corner"] = glyphs[:, None, :2] + box + shifts[owner][:, None]
    out["texture"] = (glyphs[:, None, 4:6] + box) / np.array(font.atlas.shape)[::-1]
    table = np.array([(a.x, a.y, a.color, a.cell) for a in labels]).reshape(-1, 4)[owner]
    out["position"] = table[:, None, :2]
    out["color"], out["cell"], out["dy"] = table[:, 2:3], table[:, 3:4], 0
    return out.reshape(-1)


def legend(
    names: Sequence[str], right: float, bottom: float, room: float, color: int
) -> list[Label]:
    """Labels that write names of clusters in a line, each in its colour, as many as there is room.

    Parameters
    ----------
    names : sequence of str
        In the order of the selection.
    right, bottom : float
        Where the line ends, in logical pixels.
    room : float
        Logical pixels that it may take.
    color : int
        Of what says how many more names there are.
    """
    align: Any = ("right", "bottom")
    labels = []
    # The width of so many names, with what separates each from the next; of no more than there is
    # room for, as it is asked for at every move of the mouse that drags a plot.
    widths = [0.0]
    for name in names:
        if widths[-1] - _BETWEEN > room:
            break
        widths.append(widths[-1] + text_width(name) + _BETWEEN)
    n_shown = len(names)
    if widths[-1] - _BETWEEN > room:
        n_shown = bisect_right(widths, room - text_width(f"+{len(names)}")) - 1
        n_shown = max(n_shown, 0)
        rest = f"+{len(names) - n_shown}"
        labels.append(Label(rest, right, bottom, color=color, align=align))
        right -= text_width(rest) + _BETWEEN
    for k in reversed(range(n_shown)):
        labels.append(Label(names[k], right, bottom, color=k, align=align))
        right -= widths[k + 1] - widths[k]
    return labels


def apart(labels: Sequence[Label]) -> list[Label]:
    """Those of some labels on the canvas that are not written over one before them."""
    return [labels[k] for k in with_room(labels)]


def fitting(
    labels: Sequence[Label], points: Sequence[tuple[float, float]], boxes: NDArray[np.float64]
) -> list[Label]:
    """Those of some labels that are not written over one before them.

    Parameters
    ----------
    labels : sequence of Label
    points : sequence of tuple
        Where they are anchored, in logical pixels.
    boxes : array of float64 (n_cells, 4)
        Left, top, width and height of the plots.
    """
    moved = ((x + a.offset[0], y + a.offset[1]) for a, (x, y) in zip(labels, points, strict=True))
    return [labels[k] for k in with_room(labels, list(moved))]


def with_room(
    labels: Sequence[Label], places: Sequence[tuple[float, float]] | None = None
) -> list[int]:
    """Places of those of some labels on the canvas that are not written over one before them.

    Where they are anchored may be given apart, in logical pixels.
    """
    kept, taken = [], Taken()
    for k, label in enumerate(labels):
        width = text_width(label.text) + APART
        x, y = (label.x, label.y) if places is None else places[k]
        left = x - _BEFORE[label.align[0]] * width
        top = y - _BEFORE[label.align[1]] * TALL
        box = left, top, left + width, top + TALL
        if taken.is_free(box):
            kept.append(k)
            taken.add(box)
    return kept


class Taken:
    """Rectangles of the canvas that something is written in: left, top, right and bottom.

    They are found by the strips of the canvas that they touch, as one may only meet those in its
    own.
    """

    def __init__(self) -> None:
        self._strips: dict[int, list[Sequence[float]]] = {}

    def is_free(self, box: Sequence[float]) -> bool:
        """Whether a rectangle meets none of them."""
        left, top, right, bottom = box
        for strip in range(int(top // TALL), int(bottom // TALL) + 1):
            for x0, y0, x1, y1 in self._strips.get(strip, ()):
                if left < x1 and x0 < right and top < y1 and y0 < bottom:
                    return False
        return True

    def add(self, box: Sequence[float]) -> None:
        """Take a rectangle."""
        for strip in range(int(box[1] // TALL), int(box[3] // TALL) + 1):
            self._strips.setdefault(strip, []).append(box)


_SEPARATORS = re.compile(r"(?<=[/\\_.-])(?=.)")
"""After which a word that is too long may be broken."""


def paragraph(text: str, size: tuple[float, float], color: int) -> list[Label]:
    """Labels that write a text in the middle of a canvas, broken into lines.

    A path that is longer than a line is broken after its separators.
    """
    lines, room = [""], 0.85 * size[0]
    for word in text.split():
        parts = [word] if text_width(word) <= room else _SEPARATORS.split(word)
        for k, part in enumerate(parts):
            longer = f"{lines[-1]}{'' if k else ' '}{part}".strip()
            if lines[-1] and text_width(longer) > room:
                lines.append(part)
            else:
                lines[-1] = longer
    top = size[1] / 2 - 8 * (len(lines) - 1)
    return [
        Label(line, size[0] / 2, top + 16 * k, CANVAS, color, ("center", "center"))
        for k, line in enumerate(lines)
    ]
