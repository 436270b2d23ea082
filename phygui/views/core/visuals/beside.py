"""Names of points: at which side of its own each is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.visuals.font import text_width
from phygui.views.core.visuals.text import APART, TALL, Label, Taken

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
    if not labels:
        return []
    at = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    sides = _sides(labels, at)
    is_cut = ~_are_within(sides, boxes[[label.cell for label in labels]])
    n_covered = _n_covered(sides, at)
    # A name that is cut does to the right only, and not as well as one that covers nothing.
    n_covered[:, 0] += is_cut[:, 0]
    is_cut[:, 0] = False
    found, taken = [], Taken()
    for label, own, cut, covered in zip(
        labels, sides.tolist(), is_cut.tolist(), n_covered.tolist(), strict=True
    ):
        best: int | None = None
        for side in range(4):
            least = covered[side] if best is None else covered[best] - 1
            if cut[side] or covered[side] > (least if label.color >= 0 else 0):
                continue
            if taken.is_free(own[side]):
                best = side
                if not covered[side]:
                    break
        if best is not None:
            taken.add(own[best])
            found.append(_moved(label, best))
    return found


def _sides(labels: Sequence[Label], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left, top, right and bottom of names to the right, to the left, above and below points.

    Returns
    -------
    array of float64 (n, 4, 4)
    """
    away = np.array([abs(label.offset[0]) for label in labels])
    width = np.array([text_width(label.text) for label in labels]) + APART
    up = away + TALL / 2 - 2
    beside = np.full(len(labels), -TALL / 2)
    left = at[:, :1] + np.stack([away, -away - width, -width / 2, -width / 2], axis=1)
    top = at[:, 1:] + np.stack([beside, beside, -up - TALL / 2, up - TALL / 2], axis=1)
    return np.stack([left, top, left + width[:, None], top + TALL], axis=2)


def _moved(label: Label, side: int) -> Label:
    """The same to the right of its point, to the left, above or below."""
    if side == 0:
        return label
    away = abs(label.offset[0])
    if side == 1:
        return replace(label, align=("right", label.align[1]), offset=(-away, label.offset[1]))
    up = away + TALL / 2 - 2
    return replace(label, align=("center", "center"), offset=(0.0, -up if side == 2 else up))


def _n_covered(sides: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many points elsewhere than its own each name would cover at each side, (n, 4)."""
    xs, ys = at.T
    is_other = (xs != xs[:, None]) | (ys != ys[:, None])
    found = np.empty(sides.shape[:2], np.int64)
    for side in range(4):
        x0, y0, x1, y1 = sides[:, side, :, None].swapaxes(0, 1)
        is_near = is_other & (xs > x0 - _BESIDE) & (xs < x1 - APART + _BESIDE)
        is_near &= (ys > y0 - _BESIDE) & (ys < y1 + _BESIDE)
        found[:, side] = np.count_nonzero(is_near, axis=1)
    return found


def _are_within(sides: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether names lie in the plots of their points at each side, (n, 4)."""
    low, extent = boxes[:, None, :2], boxes[:, None, 2:]
    inside = (low <= sides[..., :2]) & (sides[..., 2:] <= low + extent)
    within: NDArray[np.bool_] = np.all(inside, axis=2)
    return within
