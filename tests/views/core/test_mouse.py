"""Mouse and keys in every view: pan, zoom, scale, size of points, lasso, hover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import Empty
from phygui.views.core.colors import theme
from phygui.views.core.lasso import Lasso
from phygui.views.core.mouse import turn
from phygui.views.core.visuals import text_width, vertices
from tests.views.board import Board, center


def test_left_drag_pans_and_the_shared_axis_moves_in_both_cells(board, mouse):
    x, y = center(board, 0)
    _, _, width, height = board.layout.boxes[0]
    mouse(board).drag((x, y), (x + width / 10, y + height / 5))
    np.testing.assert_allclose(board.cells[0].x.view, (-1, 9), atol=0.02)
    np.testing.assert_allclose(board.cells[0].y.view, (2, 12), atol=0.02)
    assert board.cells[1].y is board.cells[0].y
    assert board.cells[1].x.view == (0, 10)


def test_the_picture_follows_a_pan(board, mouse, picture):
    color = theme().clusters[0][:3]

    def place():
        near = np.argwhere(np.abs(picture(board) - color).max(axis=2) < 30)
        return near.mean(axis=0)

    before = place()
    x, y = center(board, 0)
    mouse(board).drag((x, y), (x + 40, y - 20))
    np.testing.assert_allclose(place() - before, (-20, 40), atol=1)


def test_right_drag_zooms_around_where_it_began(board, mouse):
    x, y = center(board, 0)
    mouse(board).drag((x, y), (x + 50, y - 50), Qt.MouseButton.RightButton)
    low, high = board.cells[0].x.view
    assert high - low < 9
    assert low + high == pytest.approx(10, abs=0.1)
    low, high = board.cells[0].y.view
    assert high - low < 9


def test_the_wheel_zooms_around_the_mouse(board, mouse):
    at = (center(board, 0)[0] + 50, center(board, 0)[1] - 30)
    before = board.to_data(0, *at)
    mouse(board).wheel(at, 2)
    np.testing.assert_allclose(board.to_data(0, *at), before, atol=1e-6)
    assert np.ptp(board.cells[0].x.view) == pytest.approx(10 / 1.15**2)


@pytest.mark.parametrize("how", ["R", "double click"])
def test_reset(board, mouse, qtbot, how):
    mouse(board).wheel(center(board, 0), 3)
    mouse(board).wheel(center(board, 0), 2, Qt.KeyboardModifier.ControlModifier)
    assert board.cells[0].x.is_moved
    assert board.data_scale != 1
    if how == "R":
        qtbot.keyClick(board.native, Qt.Key.Key_R)
    else:
        mouse(board).double_click(center(board, 1))
    assert not board.cells[0].x.is_moved
    assert board.data_scale == 1


def test_ctrl_wheel_scales_data_and_alt_wheel_markers(board, mouse, picture):
    mouse(board).wheel(center(board, 0), 1, Qt.KeyboardModifier.ControlModifier)
    assert board.data_scale == 1.2
    assert board.cells[0].x.view == (0, 10)
    before = board.marker_size
    for _ in range(5):
        mouse(board).wheel(center(board, 0), 1, Qt.KeyboardModifier.AltModifier)
    assert (before, board.marker_size) == (3, 6)
    picture(board)
    assert board.points.size == board.marker_size
    for _ in range(60):
        mouse(board).wheel(center(board, 0), 1, Qt.KeyboardModifier.AltModifier)
    assert board.marker_size == 20


@pytest.mark.parametrize(
    ("value", "steps", "wanted"),
    [
        (1.0, 1, 1.2),
        (1.0, -1, 0.9),
        (0.7, 0, 0.7),
        (3.0, 1, 3.5),
        (9.0, 1, 10.0),
        (10.0, 2, 14.0),
        (5.247, 1, 6.0),
        (5.247, -1, 4.5),
        (1.0, 16, 10.0),
        (1.0, -32, 0.01),
    ],
)
def test_the_wheel_goes_through_round_numbers(value, steps, wanted):
    found, left = turn(value, steps)
    assert found == wanted
    assert abs(left) <= 0.5
    assert turn(found, -steps)[0] == (value if left == 0 else pytest.approx(value, rel=0.15))


def test_parts_of_a_step_of_the_wheel_add_up(board):
    for _ in range(8):
        board._turn("data_scale", 0.25)
    assert board.data_scale == 1.4
    # What is left over of the steps goes with the number that they led to.
    board._turn("data_scale", 0.4)
    board.data_scale = 3.0
    board._turn("data_scale", 0.2)
    assert board.data_scale == 3.0


class Diagonal(Board):
    """One axis goes across and up, as where the same is asked for twice."""

    def build(self, data):
        both = Axis("x", 0, 10, "x (V)")
        self.set_cells([Cell(both, both)])
        self.points.set_data(vertices([3, 5], [3, 5], color=[0, 1]))


def test_where_one_axis_is_both_it_moves_once(shown, mouse):
    view = shown(Diagonal(), "data", (500, 300))
    cell = view.cells[0]
    _, _, width, height = view.layout.boxes[0]
    # What is dragged along the diagonal stays under the mouse.
    mouse(view).drag(view.to_pixels(0, 5, 5), view.to_pixels(0, 7, 7))
    np.testing.assert_allclose(cell.x.view, (-2, 8), atol=0.02)
    view.reset_view()
    x, y = center(view, 0)
    mouse(view).drag((x, y), (x + width / 5, y))
    np.testing.assert_allclose(cell.x.view, (-1, 9), atol=0.02)
    view.reset_view()
    mouse(view).drag((x, y), (x + width / 5, y + height / 5))
    np.testing.assert_allclose(cell.x.view, (0, 10), atol=0.02)
    view.reset_view()
    mouse(view).wheel(view.to_pixels(0, 8, 8), 2)
    assert np.ptp(cell.x.view) == pytest.approx(10 / 1.15**2)
    np.testing.assert_allclose(view.to_pixels(0, 8, 8)[0] - x, 0.3 * width, rtol=0.02)
    view.reset_view()
    mouse(view).drag((x, y), (x + 50, y - 50), Qt.MouseButton.RightButton)
    assert np.ptp(cell.x.view) == pytest.approx(10 / 1.008**50)
    view.reset_view()
    mouse(view).wheel((x, y), 3, Qt.KeyboardModifier.ControlModifier)
    assert cell.x.view == (0, 10)


def test_outside_of_the_cells_nothing_moves(board, mouse):
    mouse(board).wheel((1, 299), 3)
    mouse(board).drag((1, 299), (100, 200))
    assert not any(c.x.is_moved or c.y.is_moved for c in board.cells)


def test_an_axis_that_keeps_its_zoom_outlives_new_data(board, mouse):
    for cell in (0, 1):
        mouse(board).wheel(center(board, cell), 2)
    kept = board.cells[0].x.view
    board.set_data("other")
    assert board.cells[0].x.view == kept
    assert board.cells[1].x.view == (0, 10)


def ctrl_click(view, mouse, cell, x, y, button=Qt.MouseButton.LeftButton):
    mouse(view).click(view.to_pixels(cell, x, y), button, Qt.KeyboardModifier.ControlModifier)


def test_lasso_by_ctrl_click_closes_and_clears(board, mouse, qtbot):
    changes = []
    board.lasso_changed.connect(lambda: changes.append(board.lasso))
    corners = [(1, 1), (9, 1), (5, 9)]
    for x, y in corners:
        ctrl_click(board, mouse, 1, x, y)
    lasso = board.lasso
    assert (lasso.x, lasso.y, lasso.cell, lasso.closed) == ("x1", "y", 1, False)
    np.testing.assert_allclose(lasso.points, corners, atol=0.1)
    assert lasso.is_polygon
    ctrl_click(board, mouse, 1, 5, 5, Qt.MouseButton.RightButton)
    assert board.lasso.closed
    assert len(board.lasso.points) == 3
    ctrl_click(board, mouse, 1, 5, 5, Qt.MouseButton.RightButton)
    assert board.lasso is None
    assert len(changes) == 5
    assert not any(c.x.is_moved or c.y.is_moved for c in board.cells)


def test_a_drag_with_ctrl_is_a_rectangle_within_the_plot(board, mouse):
    start = board.to_pixels(1, 2, 8)
    mouse(board).drag(start, board.to_pixels(1, 6, 3), held=Qt.KeyboardModifier.ControlModifier)
    corners = [(2, 8), (6, 8), (6, 3), (2, 3)]
    np.testing.assert_allclose(board.lasso.points, corners, atol=0.1)
    assert (board.lasso.x, board.lasso.cell, board.lasso.closed) == ("x1", 1, True)
    # Far outside it ends at the edge of the plot; what is there moves with no drag.
    mouse(board).drag(start, np.add(start, (5000, 0)), held=Qt.KeyboardModifier.ControlModifier)
    assert board.lasso.points[:, 0].max() == pytest.approx(10, abs=0.1)
    assert not any(c.x.is_moved or c.y.is_moved for c in board.cells)
    # A hand that shakes clicks.
    mouse(board).drag(start, np.add(start, (2, 2)), held=Qt.KeyboardModifier.ControlModifier)
    assert len(board.lasso.points) == 1
    assert not board.lasso.closed
    # From then on a drag moves the corner that is being set.
    mouse(board).drag(start, board.to_pixels(1, 5, 5), held=Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_allclose(board.lasso.points, [(2, 8), (5, 5)], atol=0.1)
    assert board.is_drawing


def test_a_lasso_begins_just_beside_a_plot_too(board, mouse):
    held = Qt.KeyboardModifier.ControlModifier
    (left, top, width, height), (other, *_) = board.layout.boxes
    mouse(board).drag((left - 5, top - 4), (left + width / 2, top + height / 2), held=held)
    assert (board.lasso.cell, board.lasso.closed) == (0, True)
    np.testing.assert_allclose(board.lasso.points[[0, 2]], [(0, 10), (5, 5)], atol=0.1)
    # Further away nothing is meant.
    board.clear_lasso()
    mouse(board).click((left + 20, top + height + 20), held=held)
    assert board.lasso is None
    # Between two plots it goes on in the one where it was begun.
    between = left + width + 0.9 * (other - left - width)
    assert other - left - width < 8
    for x, y in ((left + 10, top + 10), (left + 10, top + 50), (between, top + 50)):
        mouse(board).click((x, y), held=held)
    assert board.lasso.cell == 0
    assert len(board.lasso.points) == 3
    assert board.lasso.points[-1][0] == pytest.approx(10)
    mouse(board).click((between, top + 50), Qt.MouseButton.RightButton, held)
    assert board.lasso.closed


def test_what_is_said_at_the_lasso_stands_in_its_plot(board, mouse):
    board.note_lasso("nothing")
    assert board.lasso_note == ""
    mouse(board).drag(
        board.to_pixels(1, 9, 9.9),
        board.to_pixels(1, 9.9, 9),
        held=Qt.KeyboardModifier.ControlModifier,
    )
    board.note_lasso("270 of 502 spikes inside")
    board.draw_ahead()
    label = board.lasso_labels()[0]
    assert label.text == "270 of 502 spikes inside"
    left, top, width, height = board.layout.boxes[1]
    assert left <= label.x <= left + width - 100
    assert top < label.y <= top + height
    # On a ground: the spikes inside are as white as it.
    (x0, y0), (x1, y1) = (
        f(board._lasso_ground.vertices["position"], axis=0) for f in (np.min, np.max)
    )
    assert x0 <= label.x < label.x + text_width(label.text) <= x1
    assert y0 <= label.y - 12 < label.y <= y1
    # In a narrow plot the beginning of it, and all of that.
    board.native.resize(230, 200)
    board.draw_ahead()
    [short] = board.lasso_labels()
    left, _, width, _ = board.layout.boxes[1]
    assert short.text == "270 of 502"
    assert left <= short.x < short.x + text_width(short.text) <= left + width
    # Until the new one has been counted, it says so.
    board.set_lasso(board.lasso)
    assert board.lasso_note == "270 of 502 spikes inside ..."
    board.clear_lasso()
    assert board.lasso_labels() == []


def test_a_click_in_another_cell_or_after_closing_starts_another_lasso(board, mouse):
    ctrl_click(board, mouse, 1, 1, 1)
    ctrl_click(board, mouse, 0, 2, 2)
    assert board.lasso.cell == 0
    assert len(board.lasso.points) == 1
    for x, y in [(3, 2), (3, 3)]:
        ctrl_click(board, mouse, 0, x, y)
    ctrl_click(board, mouse, 0, 3, 3, Qt.MouseButton.RightButton)
    ctrl_click(board, mouse, 0, 4, 4)
    assert len(board.lasso.points) == 1


def test_a_lasso_of_two_points_is_cleared_at_once(board, mouse):
    ctrl_click(board, mouse, 0, 1, 1)
    ctrl_click(board, mouse, 0, 1, 1, Qt.MouseButton.RightButton)
    assert board.lasso is None


def test_the_lasso_is_drawn_and_goes_with_new_data(board, mouse, picture):
    for x, y in [(1, 1), (9, 1), (9, 9), (1, 9)]:
        ctrl_click(board, mouse, 0, x, y)
    x, y = board.to_pixels(0, 5, 1)
    column = picture(board)[int(y) - 2 : int(y) + 3, int(x)]
    assert column.max() > 140
    board.set_data("other")
    assert board.lasso is None
    board.refresh()
    assert picture(board)[int(y) - 2 : int(y) + 3, int(x)].max() < 100


def test_hover_says_what_is_there_once(board, mouse):
    said = []
    board.hovered.connect(said.append)
    for shift in (0, 3, 6):
        mouse(board).move((center(board, 0)[0] + shift, center(board, 0)[1]))
    mouse(board).move(center(board, 1))
    mouse(board).move((1, 299))
    assert said == ["cell 0", "cell 1", ""]


def test_what_was_there_is_not_said_of_other_data(board, mouse):
    said = []
    board.hovered.connect(said.append)
    mouse(board).move(center(board, 0))
    board.set_data("other data of the same clusters")
    assert said == ["cell 0", ""]


def test_scale_and_zoom_have_bounds(board, mouse, picture):
    for held in (Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier):
        for steps in (-100, 200, -200):
            for _ in range(20):
                mouse(board).wheel(center(board, 0), steps, held)
    assert board.data_scale == 0.01
    assert np.isfinite(board.cells[0].x.view).all()
    picture(board)


@dataclass(frozen=True)
class Selected:
    cluster_ids: tuple[int, ...]
    note: str = ""


def test_the_lasso_goes_with_the_selection_only(board, mouse):
    board.set_data(Selected((1, 2)))
    ctrl_click(board, mouse, 1, 1, 1)
    board.set_data(Selected((1, 2), "more spikes"))
    assert board.lasso is not None
    board.set_data(Selected((1,)))
    assert board.lasso is None


def test_the_lasso_follows_its_axes_to_another_cell(board):

    board.set_lasso(Lasso("x1", "y", 0, np.array([(1, 1), (2, 2), (3, 1)], float)))
    board.keep_lasso()
    assert board.lasso.cell == 1
    board.set_lasso(Lasso("gone", "y", 0, np.array([(1, 1), (2, 2), (3, 1)], float)))
    board.keep_lasso()
    assert board.lasso is None


def test_escape_clears_the_lasso(board, mouse, qtbot):
    ctrl_click(board, mouse, 1, 1, 1)
    qtbot.keyClick(board.native, Qt.Key.Key_Escape)
    assert board.lasso is None


def test_the_mouse_between_new_data_and_its_first_draw(board, mouse):
    places = [center(board, cell) for cell in (0, 1)]
    board.set_data(Empty("nothing"))
    for at in places:
        mouse(board).move(at)
        mouse(board).wheel(at, 1)
        mouse(board).drag(at, (at[0] + 5, at[1]))
        mouse(board).click(at, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier)
    assert board.lasso is None


@pytest.mark.parametrize("fewer", [Empty("Nothing is selected"), "one"])
@pytest.mark.parametrize("button", [Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton])
def test_a_drag_ends_with_the_cell_that_it_began_in(board, mouse, monkeypatch, fewer, button):
    start = center(board, 1)
    hand = mouse(board)
    hand._send(QEvent.Type.MouseButtonPress, start, button, button, Qt.KeyboardModifier.NoModifier)
    hand._send(
        QEvent.Type.MouseMove,
        np.add(start, 5),
        Qt.MouseButton.NoButton,
        button,
        Qt.KeyboardModifier.NoModifier,
    )
    build = board.build

    def build_one(data):
        build(data)
        board.set_cells(board.cells[:1])

    monkeypatch.setattr(board, "build", build_one)
    # What was asked for by a key comes while the mouse is held down.
    board.set_data(fewer)
    hand._send(
        QEvent.Type.MouseMove,
        np.add(start, 10),
        Qt.MouseButton.NoButton,
        button,
        Qt.KeyboardModifier.NoModifier,
    )
    hand._send(
        QEvent.Type.MouseButtonRelease,
        start,
        button,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    assert all(cell.x.view == (0, 10) for cell in board.cells)


@pytest.mark.slow
def test_any_sequence_of_events_leaves_ranges_that_can_be_drawn(board, mouse, picture, qtbot):
    rng = np.random.default_rng(0)
    buttons = [Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton]
    held = [
        Qt.KeyboardModifier.NoModifier,
        Qt.KeyboardModifier.ControlModifier,
        Qt.KeyboardModifier.AltModifier,
        Qt.KeyboardModifier.ShiftModifier,
    ]
    keys = [Qt.Key.Key_R, Qt.Key.Key_Escape, Qt.Key.Key_O, Qt.Key.Key_A]
    with qtbot.captureExceptions() as raised:
        for _ in range(400):
            a, b = rng.uniform((0, 0), (500, 300), (2, 2))
            what = rng.integers(5)
            if what == 0:
                mouse(board).drag(a, b, buttons[rng.integers(2)])
            elif what == 1:
                mouse(board).wheel(a, int(rng.integers(-20, 20)), held[rng.integers(4)])
            elif what == 2:
                mouse(board).click(a, buttons[rng.integers(2)], held[rng.integers(4)])
            elif what == 3:
                mouse(board).move(a)
            elif rng.integers(10) == 0:
                qtbot.keyClick(board.native, keys[rng.integers(4)])
        picture(board)
    assert raised == []
    for cell in board.cells:
        for axis in (cell.x, cell.y):
            low, high = axis.view
            assert np.isfinite([low, high]).all()
            assert np.float32(low) < np.float32(high)
