"""Names beside points, against the rule spelled out one name at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.layout import in_sight
from phygui.views.core.visuals import Label, beside_points, text_width
from phygui.views.core.visuals.text import APART, TALL

SIZE = 400.0
NEAR = 4.0


def by_the_rule(labels, points):
    """Each at the first side, right, left, above, below, that covers least of what is there."""
    found, taken = [], []
    for label, (x, y) in zip(labels, points, strict=True):
        away, width = abs(label.offset[0]), text_width(label.text) + APART
        up = away + TALL / 2 - 2
        middle, height = ("center", "center"), y - TALL / 2
        sides = [
            (x + away, height, label.align, label.offset),
            (x - away - width, height, ("right", label.align[1]), (-away, label.offset[1])),
            (x - width / 2, height - up, middle, (0.0, -up)),
            (x - width / 2, height + up, middle, (0.0, up)),
        ]
        free = []
        for side, (x0, y0, align, offset) in enumerate(sides):
            x1, y1 = x0 + width, y0 + TALL
            is_cut = not (x0 >= 0 and x1 <= SIZE and y0 >= 0 and y1 <= SIZE)
            if (is_cut and side) or any(
                x0 < c and a < x1 and y0 < d and b < y1 for a, b, c, d in taken
            ):
                continue
            n_covered = is_cut + sum(
                x0 - NEAR < a < x1 - APART + NEAR and y0 - NEAR < b < y1 + NEAR
                for a, b in points
                if (a, b) != (x, y)
            )
            free.append((n_covered, side, (x0, y0, x1, y1), (align, offset)))
        if free and (not min(free)[0] or label.color >= 0):
            _, _, box, (align, offset) = min(free, key=lambda one: one[:2])
            taken.append(box)
            found.append(replace(label, align=align, offset=offset))
    return found


@pytest.mark.parametrize("n_selected", [0, 1, 12])
@pytest.mark.parametrize("n", [0, 1, 25, 200])
@pytest.mark.parametrize("is_even", [False, True], ids=["anywhere", "at few places"])
@pytest.mark.parametrize("away", [7.0, 1.0])
def test_each_name_has_the_side_that_the_rule_gives_it(n, n_selected, is_even, away):
    rng = np.random.default_rng(n)
    at = rng.uniform(-3, SIZE + 3, (n, 2))
    at = np.round(at / 20) * 20 if is_even else at
    points = list(map(tuple, at.tolist()))
    labels = [
        Label(str(rng.integers(3000)), 0, 0, 0, k if k < n_selected else -3, offset=(away, -away))
        for k in range(n)
    ]
    boxes = np.array([[0.0, 0.0, SIZE, SIZE]])
    found = beside_points(labels, points, boxes)
    assert found == by_the_rule(labels, points)
    assert bool(found) == bool(n)
    if n == 200:
        assert len({label.align for label in found}) == 3
        assert len(found) < n


def test_labels_in_sight_are_those_whose_places_are_in_their_cells():
    x, y = Axis("x", 0, 10), Axis("y", -5, 5)
    x.show(2, 6)
    cells = [Cell(x, y), Cell(Axis("z", 0, 1), y, 0, 1)]
    boxes = np.array([[10.0, 20.0, 100.0, 50.0], [120.0, 20.0, 100.0, 50.0]])
    labels = [Label("a", 3, 0, 0), Label("b", 7, 0, 0), Label("c", 0.5, 5, 1), Label("d", 0, -6, 1)]
    inside, places = in_sight(labels, cells, boxes)
    assert [label.text for label in inside] == ["a", "c"]
    assert places == [(35.0, 45.0), (170.0, 20.0)]
    assert in_sight([], cells, boxes) == ([], [])
