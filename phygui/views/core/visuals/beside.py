"""Names of points: at which side of its own each is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.visuals.font import text_width
from phygui.views.core.visuals.text import APART, TALL, Label

_BESIDE = 4.0
"""Logical pixels from the middle of a point that a name is not to cover."""


def beside_points(
    labels: Sequence[Label], points: Sequence[tuple[float, float]], boxes: NDArray[np.float64]
) -> list[Label]:
    """Names of points, each at the side of its own where it covers no other point and no name.

    Where no side is free of points, one that is free of names does for a selected cluster; any
    other is not named, nor is one without such a side. Those that come first have the choice.

    Parameters
    ----------
    labels : sequence of Label
        To the right of their points.
    points : sequence of tuple
        Where these are, in logical pixels.
    boxes : array of float64 (n_cells, 4)
        Left, top, width and height of the plots.
    """
    found: list[Label] = []
    at = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    xs, ys = at.T
    taken = np.empty((4, len(labels)))
    for label, (x, y) in zip(labels, at.tolist(), strict=True):
        away, width = abs(label.offset[0]), text_width(label.text) + APART
        up = away + TALL / 2 - 2
        # Right, left, above, below; each with its upper left corner, seen from the point.
        sides: list[tuple[Any, tuple[float, float], tuple[float, float]]] = [
            (label.align, label.offset, (away, -TALL / 2)),
            (("right", label.align[1]), (-away, label.offset[1]), (-away - width, -TALL / 2)),
            (("center", "center"), (0.0, -up), (-width / 2, -up - TALL / 2)),
            (("center", "center"), (0.0, up), (-width / 2, up - TALL / 2)),
        ]
        left, top, right, bottom = taken[:, : len(found)]
        best: tuple[int, int, tuple[float, float, float, float]] | None = None
        for side, (_, _, (dx, dy)) in enumerate(sides):
            box = x0, y0, x1, y1 = x + dx, y + dy, x + dx + width, y + dy + TALL
            is_cut = not _is_within(box, boxes[label.cell])
            if side and is_cut:
                continue
            if ((left < x1) & (x0 < right) & (top < y1) & (y0 < bottom)).any():
                continue
            is_near = (xs > x0 - _BESIDE) & (xs < x1 - APART + _BESIDE)
            is_near &= (ys > y0 - _BESIDE) & (ys < y1 + _BESIDE)
            covered = is_cut + int(np.count_nonzero(is_near & ((xs != x) | (ys != y))))
            if best is None or covered < best[0]:
                best = covered, side, box
            if not covered:
                break
        if best is not None and (not best[0] or label.color >= 0):
            align, offset, _ = sides[best[1]]
            taken[:, len(found)] = best[2]
            found.append(replace(label, align=align, offset=offset))
    return found


def _is_within(inner: Sequence[float], box: Sequence[float]) -> bool:
    left, top, width, height = box
    x0, y0, x1, y1 = inner
    return left <= x0 and x1 <= left + width and top <= y0 and y1 <= top + height
