"""Axes: ticks, pan and zoom."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.core.axes import Axis, id_ticks, nice_number, nice_ticks, whole_ticks


@pytest.mark.parametrize(
    ("low", "high", "n", "texts"),
    [
        (0, 10, 5, ["0", "2", "4", "6", "8", "10"]),
        (-0.05, 0.05, 4, ["−0.05", "0.00", "0.05"]),
        (1234, 1240, 3, ["1234", "1236", "1238", "1240"]),
        (0, 0.0003, 3, ["0.0000", "0.0001", "0.0002", "0.0003"]),
        (-3e7, 3e7, 2, ["0"]),
    ],
)
def test_ticks_are_round_and_written_alike(low, high, n, texts):
    assert [text for _, text in nice_ticks(low, high, n)] == texts


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1, 7.3, 1e5, 1e12])
@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_ticks_lie_inside_at_equal_steps_and_are_few(scale, n):
    low, high = -0.37 * scale, 0.91 * scale
    values = np.array([value for value, _ in nice_ticks(low, high, n)])
    assert len(values) <= n + 1
    assert np.all((values >= low - 1e-6 * scale) & (values <= high + 1e-6 * scale))
    if len(values) > 2:
        np.testing.assert_allclose(np.diff(values), np.diff(values)[0])


@pytest.mark.parametrize(
    ("bound", "most", "least"),
    [(1, 1, 1), (0.99, 0.5, 1), (7, 5, 10), (49, 20, 50), (2000, 2000, 2000), (0.03, 0.02, 0.05)],
)
def test_numbers_are_round_on_both_sides_of_a_bound(bound, most, least):
    assert nice_number(bound) == pytest.approx(most)
    assert nice_number(bound, at_least=True) == pytest.approx(least)


def test_ids_are_written_at_equal_distances_but_for_those_written_anyway():
    ids = list(range(100, 200))
    assert id_ticks(ids, -0.5, 2.5, 10) == [(0.0, "100"), (1.0, "101"), (2.0, "102")]
    assert [text for _, text in id_ticks(ids, 10, 40, 4)] == ["116", "124", "132", "140"]
    assert [text for _, text in id_ticks(ids, 10, 40, 4, besides=[124])] == ["116", "132", "140"]
    assert id_ticks([], 0, 1, 4) == []


def test_counts_have_whole_ticks_without_decimals():
    assert [text for _, text in whole_ticks(0, 2.3, 5)] == ["0", "1", "2"]
    assert [text for _, text in whole_ticks(0, 2300, 5)] == ["0", "500", "1000", "1500", "2000"]
    assert [text for _, text in whole_ticks(0, 1.2, 12)] == ["0", "1"]
    # One whole number alone is no scale.
    assert [text for _, text in whole_ticks(0, 0.65, 2)] == ["0.0", "0.5"]


def test_no_ticks_without_a_range():
    assert nice_ticks(1, 1, 5) == []
    assert nice_ticks(0, np.inf, 5) == []
    assert nice_ticks(0, 1, 0) == []


def test_an_axis_without_extent_gets_one():
    assert Axis("x", 3, 3).view == (2.5, 3.5)
    assert Axis("x", np.nan, np.nan).view == (-0.5, 0.5)


def test_zoom_keeps_the_place_under_the_mouse():
    axis = Axis("x", 0, 10)
    axis.zoom(4, 2)
    assert axis.view == (1.5, 4.0)
    assert axis.is_moved
    axis.reset()
    assert axis.view == (0, 10)
    assert not axis.is_moved


def test_pan_stops_at_the_limits():
    axis = Axis("x", 4, 6, limits=(0, 10))
    axis.pan(100)
    assert axis.view == (8, 10)
    axis.zoom(0.01, 5)
    assert axis.view == (0, 10)


def test_a_fixed_axis_stays():
    axis = Axis("x", 0, 1, fixed=True)
    axis.pan(1)
    axis.zoom(3, 0)
    assert axis.view == (0, 1)


def test_zoom_stops_before_float32_runs_out():
    axis = Axis("x", 0, 1000)
    for _ in range(200):
        axis.zoom(2, 700.0)
    low, high = axis.view
    assert np.float32(low) < np.float32((low + high) / 2) < np.float32(high)
