"""What is inside a polygon, against the even-odd rule written plainly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import points_in_polygon

coordinate = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 2))
pairs = st.tuples(coordinate, coordinate)


def naive(point, polygon):
    """Count the edges that a ray to the right of the point crosses."""
    x, y = point
    crossings = 0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if min(y1, y2) <= y < max(y1, y2):
            crossings += x < x2 + (y - y2) * (x1 - x2) / (y1 - y2)
    return crossings % 2 == 1


@given(st.lists(pairs, min_size=1, max_size=30), st.lists(pairs, min_size=3, max_size=12))
def test_even_odd_rule(points, polygon):
    found = points_in_polygon(np.array(points), np.array(polygon))
    for point, inside in zip(points, found, strict=True):
        # On an edge either answer is right, up to rounding.
        nudged = {naive((point[0] + dx, point[1]), polygon) for dx in (-1e-7, 0, 1e-7)}
        assert inside in nudged


def test_a_polygon_that_crosses_itself_has_a_hole():
    star = [(np.sin(4 * np.pi * k / 5), np.cos(4 * np.pi * k / 5)) for k in range(5)]
    assert points_in_polygon([(0.0, 0.0), (0.0, 0.8), (2.0, 0.0)], star).tolist() == [
        False,
        True,
        False,
    ]


def test_what_is_not_a_number_is_outside():
    square = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    points = [(0, 0), (np.nan, 0), (0, np.nan), (np.inf, 0), (-np.inf, 0)]
    assert points_in_polygon(points, square).tolist() == [True, False, False, False, False]
    assert not points_in_polygon(points, square[:2]).any()
    assert not points_in_polygon(points, np.zeros((0, 2))).any()
    assert points_in_polygon(np.zeros((0, 2), np.float32), square).shape == (0,)


def test_wrong_shapes():
    with pytest.raises(ValueError, match="points must have the shape"):
        points_in_polygon([1.0, 2.0], [(0, 0), (1, 0), (0, 1)])
    with pytest.raises(ValueError, match="polygon must have the shape"):
        points_in_polygon([(1.0, 2.0)], np.zeros((4, 3)))
