"""Visuals: what is on the canvas where."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import View
from phygui.views.core.colors import FOREGROUND, GREY, theme
from phygui.views.core.visuals import (
    CANVAS,
    MAPPED,
    OF_EACH,
    Batch,
    Images,
    Label,
    apart,
    bands,
    beside_points,
    boxes,
    strips,
    text_width,
    vertices,
)
from phygui.views.core.visuals.batch import along_axes

DARK = theme("dark")
BACKGROUND = DARK.roles["background"][:3]


class Board(View):
    """Two cells side by side, each 0 to 10 in x and y, and any visuals."""

    def build(self, data):
        self.visuals, self.labels = data
        cells = [Cell(Axis(f"x{k}", 0, 10, ticks=None), Axis(f"y{k}", 0, 10, ticks=None), 0, k)
                 for k in range(2)]  # fmt: skip
        for cell in cells:
            cell.frame = False
        self.set_cells(cells)


@pytest.fixture
def board(shown, picture):
    """Show visuals; ``at(cell, x, y)`` is then the colour there."""

    def make(visuals, labels=()):
        view = shown(Board(), (visuals, list(labels)), (420, 220))
        image = picture(view)

        def at(cell, x, y):
            px, py = view.to_pixels(cell, x, y)
            return image[int(py), int(px)]

        at.view, at.image = view, image
        return at

    return make


def same(color, wanted, tolerance=3) -> bool:
    return bool(np.all(np.abs(np.asarray(color, int) - np.asarray(wanted, int)[:3]) <= tolerance))


def test_points_have_the_colour_of_their_index_and_stay_in_their_cell(board):
    points = Batch("points", size=9)
    points.set_data(vertices([2, 8, 5, 12], [2, 8, 5, 5], color=[0, 1, 2, 3], cell=[0, 0, 1, 0]))
    at = board([points])
    assert same(at(0, 2, 2), DARK.clusters[0])
    assert same(at(0, 8, 8), DARK.clusters[1])
    assert same(at(1, 5, 5), DARK.clusters[2])
    # The last one is outside of its cell, where the other cell is.
    assert not np.any([same(c, DARK.clusters[3]) for c in at.image.reshape(-1, 3)])
    assert same(at(0, 5, 5), BACKGROUND)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_large_points_near_the_frame_are_cut_at_it(board, picture, scale):
    points = Batch("points", size=30.0)
    points.set_data(vertices([0, 10, 5, 9.8, 5], [5, 10, 0, 3, 5], color=0, cell=0))
    view = board([points]).view
    image = picture(view, scale)
    drawn = np.abs(image - DARK.clusters[0][:3].astype(int)).max(axis=2) < 40
    left, top, width, height = (view.layout.boxes[0] * scale).astype(int)
    inside = drawn[top : top + height, left : left + width]
    assert inside.sum() == drawn.sum()
    # Halves, a quarter, and one in the middle that is whole.
    whole = np.pi * (15 * scale) ** 2
    assert whole * 2.6 < inside.sum() < whole * 3.0
    assert inside[height // 2, :3].all()
    assert inside[-3:, width // 2].all()


def test_alpha_mixes_with_what_is_behind_and_later_points_are_on_top(board):
    points = Batch("points", size=9)
    points.set_data(
        vertices([5, 5], [5, 5], color=[0, 1]),
        vertices(2, 2, color=0, alpha=0.5),
        vertices(8, 8, color=0, alpha=0),
    )
    at = board([points])
    assert same(at(0, 5, 5), DARK.clusters[1])
    half = (DARK.clusters[0][:3].astype(int) + BACKGROUND) // 2
    assert same(at(0, 2, 2), half, 4)
    assert same(at(0, 8, 8), BACKGROUND)


def test_strips_do_not_join_each_other(board):
    lines = Batch("strips", size=3)
    lines.set_data(strips([1, 9], np.array([[2], [8]]), color=np.array([[0], [1]])))
    at = board([lines])
    for x in (2, 5, 8):
        assert same(at(0, x, 2), DARK.clusters[0])
        assert same(at(0, x, 8), DARK.clusters[1])
        assert same(at(0, x, 5), BACKGROUND)


def test_lines_are_cut_at_the_edge_of_their_cell(board):
    lines = Batch("lines", size=3)
    lines.set_data(vertices([5, 30], [5, 5], color=0, cell=0))
    at = board([lines])
    assert same(at(0, 9, 5), DARK.clusters[0])
    assert same(at(1, 2, 5), BACKGROUND)


def test_a_line_of_which_a_millionth_part_is_seen_is_whole(board):
    line = Batch("lines")
    line.set_data(vertices([3, 3], [-1e7, 1e7], color=1, cell=0))
    at = board([line])
    _, top, _, height = at.view.layout.boxes[0].astype(int)
    x = int(at.view.to_pixels(0, 3, 0)[0])
    columns = at.image[:, x - 2 : x + 3]
    drawn = (np.abs(columns - DARK.clusters[1][:3].astype(int)).max(axis=2) < 40).any(axis=1)
    assert drawn[top : top + height].all()
    assert drawn.sum() == height


def test_a_slanted_line_that_ends_far_away_keeps_its_slope(board):
    line = Batch("lines", size=3)
    line.set_data(vertices([-60, 60], [-28, 32], color=0, cell=0))
    at = board([line])
    assert same(at(0, 4, 4), DARK.clusters[0])
    assert same(at(0, 8, 6), DARK.clusters[0])


@pytest.mark.parametrize(
    ("x", "y", "dy", "straight"),
    [
        ([3, 3], [-1e7, 1e7], 0, True),
        ([-1e7, 1e7, 2, 2], [5, 5, 0, 9], 0, True),
        ([3, 3, 0, 1], [-1e7, 1e7, 0, 1], 0, False),
        ([0, 1], [5, 5], [0, 2], False),
        (np.zeros(200_000), 1, 0, False),
    ],
)
def test_only_a_few_lines_along_the_axes_may_be_cut_short(x, y, dy, straight):
    assert along_axes(vertices(x, y, dy=dy)) == straight


def test_the_data_scale_moves_dy_only(board):
    lines = Batch("lines", size=3)
    lines.set_data(vertices([1, 9], 5, dy=2, color=0))
    at = board([lines])
    assert same(at(0, 5, 7), DARK.clusters[0])
    at.view.data_scale = -1.0
    at.view.refresh()
    from phygui.views.core.export import render

    image = render(at.view)
    x, y = at.view.to_pixels(0, 5, 3)
    assert same(image[int(y), int(x), :3], DARK.clusters[0])


def test_boxes_and_bands_are_filled(board):
    shapes = Batch("triangles")
    shapes.set_data(
        boxes([1, 6], [4, 9], 0, [8, 3], color=[0, 1]),
        bands([0, 5, 10], 5, [-2, -2, -2], [2, 4, 2], color=2, cell=1),
    )
    at = board([shapes])
    assert same(at(0, 2, 7.5), DARK.clusters[0])
    assert same(at(0, 7, 7.5), BACKGROUND)
    assert same(at(0, 7, 2), DARK.clusters[1])
    assert same(at(1, 5, 8.5), DARK.clusters[2])
    assert same(at(1, 1, 8.5), BACKGROUND)
    assert same(at(1, 9, 3.5), DARK.clusters[2])


def test_images_through_the_map_and_as_opacity(board):
    images = Images()
    numbers = np.array([[[0, 1], [2, 3]], [[0, 3], [3, 0]]], float)
    images.set_data(numbers, [(0, 10, 0, 10)] * 2, cell=[0, 1], color=[MAPPED, 1], limits=(0, 3))
    at = board([images])
    assert same(at(0, 2, 2), (0, 0, 0))
    assert same(at(0, 8, 2), (85, 85, 85))
    assert same(at(0, 2, 8), (170, 170, 170))
    assert same(at(0, 8, 8), (255, 255, 255))
    assert same(at(1, 8, 2), DARK.clusters[1])
    assert same(at(1, 2, 2), BACKGROUND)


def test_images_placed_together_have_their_own_colours(board):
    images = Images()
    images.set_data([[[1, 1]], [[1, 0]], [[1, 1]], [[1, 1]]], np.zeros((4, 4)))
    images.set_colors([0, 1, 2, FOREGROUND])
    # Those from the first to the third upwards, and the last two downwards beside one in a colour.
    images.place(
        [(0, 10, 0, 9), (0, 10, 0, 8), (0, 10, 8, 10)],
        cell=[0, 1, 1],
        color=[OF_EACH, OF_EACH, 3],
        which=[(0, 2), (3, 2), (0, 0)],
    )
    at = board([images])
    for k in range(3):
        assert same(at(0, 2, 1.5 + 3 * k), DARK.clusters[k])
    assert same(at(0, 8, 4.5), BACKGROUND)
    assert same(at(0, 2, 9.5), BACKGROUND)
    assert same(at(1, 2, 2), DARK.roles["foreground"])
    assert same(at(1, 2, 6), DARK.clusters[2])
    assert same(at(1, 2, 9), DARK.clusters[3])


def test_text_is_drawn_where_it_is_anchored(board):
    text = "ABC µV −12"
    at = board([], [Label(text, 2, 5, 0, FOREGROUND, ("left", "center"))])
    x, y = at.view.to_pixels(0, 2, 5)
    lit = np.argwhere(np.abs(at.image - BACKGROUND).max(axis=2) > 60)
    assert abs(lit[:, 1].min() - x) <= 2
    assert abs(lit[:, 1].max() - (x + text_width(text))) <= 3
    assert abs(lit[:, 0].mean() - y) <= 3


def test_text_of_an_anchor_outside_of_its_cell_is_hidden(board):
    at = board([], [Label("hidden", 12, 5, 0), Label("", 1, 1, 0)])
    assert np.all(np.abs(at.image - BACKGROUND) <= 3)


def test_text_in_pixels_of_the_canvas_and_unknown_characters(board):
    at = board([], [Label("海I", 400, 100, CANVAS, align=("right", "bottom"), offset=(-10, 5))])
    lit = np.argwhere(np.abs(at.image - BACKGROUND).max(axis=2) > 60)
    assert lit[:, 1].max() <= 391
    assert lit[:, 0].min() >= 85
    assert lit[:, 0].max() <= 105


def test_text_shrinks_and_grows(board, picture):
    at = board([], [Label("a", 5, 5, 0)])
    small = np.count_nonzero(np.abs(at.image - BACKGROUND).max(axis=2) > 60)
    at.view.labels = [Label("a much longer text", 1, 5, 0)]
    at.view.refresh()
    large = np.count_nonzero(np.abs(picture(at.view) - BACKGROUND).max(axis=2) > 60)
    assert large > 8 * small


def test_a_change_of_theme_uploads_no_vertices(board, picture, monkeypatch):
    points = Batch("points", size=9)
    points.set_data(vertices(5, 5, color=0), vertices(2, 2, color=GREY))
    at = board([points])
    monkeypatch.setattr("phygui.views.core.visuals.batch.VERTEX", None)
    at.view._axis_lines.set_data = lambda *parts: None
    buffer = points._buffer
    at.view.set_theme("light")
    image = picture(at.view)
    assert points._buffer is buffer
    x, y = at.view.to_pixels(0, 5, 5)
    assert same(image[int(y), int(x)], theme("light").clusters[0])
    assert same(image[0, 0], (255, 255, 255))


def test_a_batch_grows_shrinks_and_empties(board, picture):
    points = Batch("points", size=5)
    at = board([points])
    for n in (3, 100, 10, 0, 5):
        xs = np.linspace(1, 9, n) if n else np.empty(0)
        points.set_data(vertices(xs, 5.0, color=0))
        at.view.refresh()
        image = picture(at.view)
        found = [same(image[int(py), int(px)], DARK.clusters[0])
                 for px, py in (at.view.to_pixels(0, x, 5) for x in xs)]  # fmt: skip
        assert all(found)
        if n == 0:
            assert np.all(np.abs(image - BACKGROUND) <= 3)


def test_twice_the_scale_is_the_same_picture_larger(board, picture):
    points = Batch("points", size=10)
    points.set_data(vertices([2, 7], [3, 8], color=[0, 1]))
    at = board([points])
    large = picture(at.view, 2.0)
    assert large.shape == (440, 840, 3)
    for x, y, k in ((2, 3, 0), (7, 8, 1)):
        px, py = at.view.to_pixels(0, x, y)
        assert same(large[int(2 * py), int(2 * px)], DARK.clusters[k])
    n_small = np.count_nonzero(np.abs(at.image - BACKGROUND).max(axis=2) > 60)
    n_large = np.count_nonzero(np.abs(large - BACKGROUND).max(axis=2) > 60)
    assert n_large == pytest.approx(4 * n_small, rel=0.25)


def test_colours_of_clusters_recur_beyond_those_of_the_palette(board, picture):
    points = Batch("points", size=10)
    points.set_data(vertices([2, 4, 7], [3, 5, 8], color=[239, 240, 1999]))
    at = board([points])
    image = picture(at.view, 1.0)
    for x, y, k in ((2, 3, 239), (4, 5, 240), (7, 8, 1999)):
        px, py = at.view.to_pixels(0, x, y)
        assert same(image[int(py), int(px)], DARK.clusters[k % 12])


def test_labels_apart_are_the_first_of_those_that_would_touch():
    def label(text, x, y, align=("right", "center")):
        return Label(text, x, y, CANVAS, 0, align)

    wide = text_width("1234")
    selected = [
        label("12", 50, 100),
        label("7", 50, 108),
        label("1234", 80, 200, ("center", "top")),
    ]
    ticks = [
        label("11", 50, 92),
        label("10", 50, 111),
        label("5", 80 + wide / 2 + 3, 200, ("left", "top")),
        label("6", 80 + wide / 2, 200, ("left", "top")),
    ]
    assert apart([*selected, *ticks]) == [selected[0], selected[2], ticks[1], ticks[2]]


def test_names_are_beside_their_points_where_they_cover_no_other(qapp):
    def sides(points, color=0):
        labels = [Label("12", *p, 0, color, ("left", "top"), (7.0, -7.0)) for p in points]
        found = beside_points(labels, points, np.array([[0.0, 0.0, 400.0, 300.0]]))
        return [tuple(np.sign((a.offset[0], a.offset[1] * (a.offset[0] == 0)))) for a in found]

    right, left, above, below = (1, 0), (-1, 0), (0, -1), (0, 1)
    assert sides([(100, 100), (300, 100)]) == [right, right]
    # To the right of the first is the second, and the plot ends after the third.
    assert sides([(100, 100), (112, 100), (395, 200)]) == [left, right, left]
    assert sides([(100, 100), (112, 100), (88, 100)])[0] == above
    assert sides([(100, 5), (112, 5), (88, 5)])[0] == below
    # All sides have a point: a selected one is named all the same, but never on another name.
    around = [(100, 100), (112, 100), (88, 100), (100, 88), (100, 112)]
    assert sides(around)[0] == right
    assert len(sides(around, GREY)) == len(sides(around)) - 1
    assert len(sides([(100.0, 100.0)] * 9)) == 4
