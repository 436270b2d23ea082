"""Layout: the place of cells and texts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from phygui.views.core.axes import Axis, Cell, nice_ticks
from phygui.views.core.layout import lay_out, ranges
from phygui.views.core.visuals import text_width


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
        # It ends just before the axis, and 40 is in the middle of its tick.
        room = 0.2 * (width - 15) - 1 - text_width("50 ms") - text_width("40") / 2
        assert ("40" in texts) == (room >= 8)


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


def test_values_of_a_cell_over_several_rows_stand_where_they_are():
    x = Axis("x", 0, 1)
    large = Cell(x, Axis("large", 0, 20, "pairs"), 0, 0, spans=(4, 1))
    small = [Cell(x, Axis(f"y{k}", 0, 1, ticks=None), k, 1) for k in range(4)]
    layout = lay_out([large, *small], (400, 300))
    left, top, _, height = layout.boxes[0]
    numbers = [a for a in layout.labels if a.align == ("right", "center") and a.x < left]
    assert len(numbers) > 3
    for label in numbers[:-1]:
        assert label.y == pytest.approx(top + height * (1 - float(label.text) / 20), abs=1.5)


@pytest.mark.parametrize("width", [90, 150, 196, 230, 400])
def test_numbers_side_by_side_are_apart_and_none_is_left_out_between_others(width):
    """The last one, which carries the unit, is moved inwards: it comes near the one before."""

    def ticks(low, high, n_most):
        *others, (last, text) = nice_ticks(low, high, n_most)
        return [*others, (last, f"{text} ms")]

    x = [Axis(f"x{k}", 0, 50, ticks=ticks) for k in range(2)]
    y = Axis("y", 0, 1, ticks=None)
    layout = lay_out([Cell(x[k], y, 0, k) for k in range(2)], (2 * width, 100))
    spans = sorted(
        (label.x - text_width(label.text) / 2, label.x + text_width(label.text) / 2, label.text)
        for label in layout.labels
    )
    for before, after in pairwise(spans):
        assert after[0] - before[1] >= 7.5, spans
    for _, cell in zip(range(2), layout.boxes, strict=True):
        numbers = [
            float(text.split()[0]) for left, _, text in spans if cell[0] <= left < cell[0] + cell[2]
        ]
        assert len(numbers) > 1
        assert len(set(np.diff(numbers))) == 1, numbers
