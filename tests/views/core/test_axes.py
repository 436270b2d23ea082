"""Axes: ticks, pan and zoom, and the place of cells and texts."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.core.axes import Axis, Cell, lay_out, nice_ticks, ranges, whole_ticks
from phygui.views.core.visuals import text_width


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


def grid(n_rows: int, n_columns: int) -> list[Cell]:
    x = [Axis(f"x{k}", -1000, 1000, f"ch {k} PC1") for k in range(n_columns)]
    y = [Axis(f"y{k}", 0, 0.001, f"ch {k} PC2") for k in range(n_rows)]
    return [Cell(x[j], y[i], i, j) for i in range(n_rows) for j in range(n_columns)]


@pytest.mark.parametrize("size", [(200, 150), (500, 400), (1000, 600)])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 4)])
def test_cells_and_texts_do_not_overlap_and_stay_on_the_canvas(size, shape):
    layout = lay_out(grid(*shape), size, margins=(5, 0, 0, 20))
    left, top, width, height = layout.boxes.T
    assert np.all(left >= 5)
    assert np.all(top >= 0)
    assert np.all(left + width <= size[0])
    assert np.all(top + height <= size[1] - 20)
    for i in range(len(left)):
        for j in range(i):
            apart_x = left[i] >= left[j] + width[j] or left[j] >= left[i] + width[i]
            apart_y = top[i] >= top[j] + height[j] or top[j] >= top[i] + height[i]
            assert apart_x or apart_y

    shift = {"left": 0.0, "center": 0.5, "right": 1.0, "top": 0.0, "bottom": 1.0}
    taken = []
    for label in layout.labels:
        x0 = label.x - shift[label.align[0]] * text_width(label.text)
        y0 = label.y - shift[label.align[1]] * 11
        assert x0 >= 0
        assert x0 + text_width(label.text) <= size[0] + 1
        taken.append((x0, x0 + text_width(label.text), y0, y0 + 11, label.text))
    for i, a in enumerate(taken):
        for b in taken[:i]:
            assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] + 3 or b[3] <= a[2] + 3, (a, b)


RANGES = [(-213.0, 1377.0), (-640.0, 180.0), (0.0, 9.4), (12.0, 13.1), (-0.31, 0.02)]


def numbers(layout, direction):
    """Values written at the axes of one direction, each with its place."""
    return [
        (float(label.text.replace("−", "-")), label.x if direction == "x" else label.y)
        for label in layout.labels
        if label.align[1] == {"x": "top", "y": "center"}[direction] and "ch" not in label.text
    ]


@pytest.mark.parametrize("limits", RANGES)
@pytest.mark.parametrize("height", [41, 43, 52, 58, 75, 100, 300])
def test_two_values_at_least_can_be_read_at_a_vertical_axis(limits, height):
    y = Axis("y", *limits, label="ch 26 PC1")
    layout = lay_out([Cell(Axis("x", 0, 1, ticks=None), y)], (300, height + 15))
    _, top, _, length = layout.boxes[0]
    assert length == height
    values, places = np.array(numbers(layout, "y")).T
    assert len(values) >= 2
    np.testing.assert_allclose(
        places, top + (limits[1] - values) / (limits[1] - limits[0]) * length, atol=1e-6
    )
    assert np.diff(np.sort(places)).min() >= 9
    assert places.min() - 4.5 > top + 11, "the name is above"
    assert len(values) <= height / 9


@pytest.mark.parametrize("limits", RANGES)
@pytest.mark.parametrize("width", [140, 157, 200, 500])
def test_two_values_at_least_can_be_read_at_a_horizontal_axis(limits, width):
    x = Axis("x", *limits, label="ch 26 PC1")
    layout = lay_out([Cell(x, Axis("y", 0, 1, ticks=None))], (width + 15, 200))
    left, _, length, _ = layout.boxes[0]
    assert length == width
    values, places = np.array(numbers(layout, "x")).T
    assert len(values) >= 2
    ideal = left + (values - limits[0]) / (limits[1] - limits[0]) * length
    # At an end of the axis a text is moved inside.
    np.testing.assert_allclose(places, ideal, atol=14)


def test_a_text_moved_inside_does_not_cover_its_neighbour():
    def ticks(low, high, n_max):
        return [(0.0, "0"), (40.0, "40"), (50.0, "50 ms")]

    cell = Cell(Axis("x", 0, 50, ticks=ticks), Axis("y", 0, 1, ticks=None))
    for width in range(60, 260):
        texts = [label.text for label in lay_out([cell], (width, 100)).labels]
        assert texts[0] == "50 ms"
        # Its end is at that of the axis, and 40 in the middle of its tick.
        room = 0.2 * (width - 15) - text_width("50 ms") - text_width("40") / 2
        assert ("40" in texts) == (room >= 4)


def test_values_are_written_once_per_shared_axis():
    layout = lay_out(grid(3, 3), (900, 700))
    texts = [label.text for label in layout.labels]
    assert texts.count("ch 0 PC1") == 1
    assert texts.count("ch 2 PC2") == 1
    other = grid(3, 3)
    other[4].x = Axis("time", 0, 100, "time (s)")
    texts = [label.text for label in lay_out(other, (900, 700)).labels]
    # The column is interrupted: its axis is written above and below.
    assert texts.count("ch 1 PC1") == 2
    assert texts.count("time (s)") == 1


def test_cell_at_finds_the_cell_under_the_mouse():
    layout = lay_out(grid(2, 2), (400, 300))
    for k, (left, top, width, height) in enumerate(layout.boxes):
        assert layout.cell_at(left + width / 2, top + height / 2) == k
    assert layout.cell_at(0, 0) is None


def test_ranges_of_cells():
    cells = grid(1, 2)
    cells[1].x.show(3, 4)
    np.testing.assert_array_equal(ranges(cells), [[-1000, 1000, 0, 0.001], [3, 4, 0, 0.001]])
    assert lay_out([], (100, 100)).boxes.shape == (0, 4)
