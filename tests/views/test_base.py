"""The shared canvas: mouse, keys, lasso, themes, empty state, export."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QImage, QPainter
from PyQt5.QtSvg import QSvgRenderer

from phygui.views.axes import Axis, Cell
from phygui.views.base import Cancelled, Empty, View, check
from phygui.views.colors import theme
from phygui.views.lasso import Lasso
from phygui.views.loading import missing_data
from phygui.views.mouse import turn
from phygui.views.visuals import Batch, boxes, text_width, vertices


@dataclass(frozen=True)
class BoardParams:
    n: int = 3
    look: str = field(default="a", metadata={"reload": False})


class Board(View):
    """Two cells that share their vertical axis."""

    name = "board"
    title = "Board"
    Params = BoardParams
    has_lasso = True
    has_markers = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.points = Batch("points")
        self.visuals = [self.points]
        self.n_built = 0

    def build(self, data):
        self.n_built += 1
        y = Axis("y", 0, 10, "y (m)")
        x = [Axis("time", 0, 10, "time (s)", keep=True), Axis("x1", 0, 10, "x (V)")]
        self.set_cells([Cell(x[0], y, 0, 0), Cell(x[1], y, 0, 1)])
        self.points.set_data(vertices([3, 5], [7, 5], color=[0, 1], cell=[0, 1]))

    def before_draw(self):
        self.points.size = self.marker_size

    def describe(self, cell, x, y):
        return f"cell {cell}"


@pytest.fixture
def board(shown):
    return shown(Board(), "data", (500, 300))


def center(view, cell):
    left, top, width, height = view.layout.boxes[cell]
    return left + width / 2, top + height / 2


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
    mouse(board).drag((x, y), (x + 50, y - 50), Qt.RightButton)
    low, high = board.cells[0].x.view
    assert high - low < 9
    assert low + high == pytest.approx(10, abs=0.1)
    low, high = board.cells[0].y.view
    assert high - low < 9


def test_a_drag_ends_with_the_plot_that_it_began_in(board, mouse, picture):
    at = center(board, 1)
    mouse(board)._send(QEvent.MouseButtonPress, at, Qt.LeftButton, Qt.LeftButton, Qt.NoModifier)
    for data in (Empty("Select a cluster."), "data"):
        board.set_data(data)
        picture(board)
        before = [(c.x.view, c.y.view) for c in board.cells]
        for by in (10, 20):
            to = np.add(at, by)
            mouse(board)._send(QEvent.MouseMove, to, Qt.NoButton, Qt.LeftButton, Qt.NoModifier)
        assert [(c.x.view, c.y.view) for c in board.cells] == before


def test_the_wheel_zooms_around_the_mouse(board, mouse):
    at = (center(board, 0)[0] + 50, center(board, 0)[1] - 30)
    before = board.to_data(0, *at)
    mouse(board).wheel(at, 2)
    np.testing.assert_allclose(board.to_data(0, *at), before, atol=1e-6)
    assert np.ptp(board.cells[0].x.view) == pytest.approx(10 / 1.15**2)


@pytest.mark.parametrize("how", ["R", "double click"])
def test_reset(board, mouse, qtbot, how):
    mouse(board).wheel(center(board, 0), 3)
    mouse(board).wheel(center(board, 0), 2, Qt.ControlModifier)
    assert board.cells[0].x.is_moved
    assert board.data_scale != 1
    if how == "R":
        qtbot.keyClick(board.native, Qt.Key_R)
    else:
        mouse(board).double_click(center(board, 1))
    assert not board.cells[0].x.is_moved
    assert board.data_scale == 1


def test_ctrl_wheel_scales_data_and_alt_wheel_markers(board, mouse, picture):
    mouse(board).wheel(center(board, 0), 1, Qt.ControlModifier)
    assert board.data_scale == 1.2
    assert board.cells[0].x.view == (0, 10)
    before = board.marker_size
    for _ in range(5):
        mouse(board).wheel(center(board, 0), 1, Qt.AltModifier)
    assert (before, board.marker_size) == (3, 6)
    picture(board)
    assert board.points.size == board.marker_size
    for _ in range(60):
        mouse(board).wheel(center(board, 0), 1, Qt.AltModifier)
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
    mouse(view).drag((x, y), (x + 50, y - 50), Qt.RightButton)
    assert np.ptp(cell.x.view) == pytest.approx(10 / 1.008**50)
    view.reset_view()
    mouse(view).wheel((x, y), 3, Qt.ControlModifier)
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


def test_spikes_are_pointed_at_again_after_every_build(board):
    pointed = []
    board.point_at = lambda data, spike_ids: pointed.append((data, spike_ids.tolist()))
    board.highlight(np.array([3, 7]))
    board.set_data("other")
    board.change_params(look="b")
    board.set_data(Empty("nothing"))
    board.highlight(np.array([7]))
    assert pointed == [("data", [3, 7]), ("other", [3, 7]), ("other", [3, 7])]
    board.set_data("more")
    board.highlight(np.empty(0, np.int64))
    assert pointed[3:] == [("more", [7]), ("more", [])]


# -- lasso -----------------------------------------------------------------------------------


def ctrl_click(view, mouse, cell, x, y, button=Qt.LeftButton):
    mouse(view).click(view.to_pixels(cell, x, y), button, Qt.ControlModifier)


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
    ctrl_click(board, mouse, 1, 5, 5, Qt.RightButton)
    assert board.lasso.closed
    assert len(board.lasso.points) == 3
    ctrl_click(board, mouse, 1, 5, 5, Qt.RightButton)
    assert board.lasso is None
    assert len(changes) == 5
    assert not any(c.x.is_moved or c.y.is_moved for c in board.cells)


def test_a_click_in_another_cell_or_after_closing_starts_another_lasso(board, mouse):
    ctrl_click(board, mouse, 1, 1, 1)
    ctrl_click(board, mouse, 0, 2, 2)
    assert board.lasso.cell == 0
    assert len(board.lasso.points) == 1
    for x, y in [(3, 2), (3, 3)]:
        ctrl_click(board, mouse, 0, x, y)
    ctrl_click(board, mouse, 0, 3, 3, Qt.RightButton)
    ctrl_click(board, mouse, 0, 4, 4)
    assert len(board.lasso.points) == 1


def test_a_lasso_of_two_points_is_cleared_at_once(board, mouse):
    ctrl_click(board, mouse, 0, 1, 1)
    ctrl_click(board, mouse, 0, 1, 1, Qt.RightButton)
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


# -- the rest --------------------------------------------------------------------------------


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


def test_painted_follows_data_only(shown, qtbot):
    view = Board()
    painted = []
    view.painted.connect(lambda: painted.append(view.data))
    shown(view)
    assert painted == []
    view.set_data("data")
    qtbot.waitUntil(lambda: bool(painted))
    assert set(painted) == {"data"}


def test_empty_state_is_written_in_lines_that_fit(shown, picture):
    reason = "No raw data: a_rather_long_name.dat was looked for beside x.kwik, in vain. " * 2
    view = shown(Board(), Empty(reason), (300, 200))
    image = picture(view)
    assert [label.text for label in view.all_labels] != []
    assert " ".join(label.text for label in view.all_labels) == reason.strip()
    lit = np.argwhere(np.abs(image - image[0, 0]).max(axis=2) > 40)
    assert lit[:, 1].min() > 5
    assert lit[:, 1].max() < 295
    assert abs(lit[:, 0].mean() - 100) < 10
    view.set_data("data")
    assert len(view.cells) == 2


def test_parameters_of_the_look_build_again_and_others_make_stale(board):
    changes = []
    board.params_changed.connect(lambda: changes.append(board.params))
    assert not board.is_stale
    board.change_params(look="b")
    assert board.n_built == 2
    assert not board.is_stale
    board.change_params(n=4)
    assert board.n_built == 2
    assert board.is_stale
    board.change_params(n=4)
    assert [(p.n, p.look) for p in changes] == [(3, "b"), (4, "b")]
    board.set_data("new")
    assert not board.is_stale


@pytest.mark.parametrize("data", ["data", None], ids=["data", "not yet"])
def test_the_window_does_not_shine_through(shown, data):
    view = shown(Board(), data, (300, 200))
    drawn = view.native.grabFramebuffer()
    assert drawn.hasAlphaChannel()
    alpha = np.frombuffer(drawn.constBits().asstring(drawn.sizeInBytes()), np.uint8)[3::4]
    assert np.all(alpha == 255)


def test_themes_change_everything(board, picture):
    dark = picture(board)
    board.set_theme("light")
    light = picture(board)
    assert board.theme == "light"
    assert dark[1, 1].max() < 40
    assert light[1, 1].min() > 240
    with pytest.raises(ValueError, match="no theme 'blue'"):
        board.set_theme("blue")


def test_export_as_png_at_any_scale(board, tmp_path):
    for scale in (1.0, 2.5):
        path = tmp_path / "x.png"
        board.export_image(path, scale)
        image = QImage(str(path))
        assert (image.width(), image.height()) == (round(500 * scale), round(300 * scale))


def test_export_as_svg_has_vector_axes_and_text(board, tmp_path):
    from xml.etree import ElementTree

    path = tmp_path / "x.svg"
    board.export_image(path, 2.0)
    root = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    texts = {e.text for e in root.iter(f"{space}text")}
    assert {"time (s)", "x (V)", "y (m)", "4"} <= texts
    assert len(list(root.iter(f"{space}path"))) > 8
    assert len(list(root.iter(f"{space}image"))) == 1


def drawn(path, size=(500, 300)):
    """What a program that knows SVG shows of a file: (height, width, 3) int."""
    width, height = size
    image = QImage(width, height, QImage.Format_RGB888)
    image.fill(Qt.magenta)
    painter = QPainter(image)
    drawing = QSvgRenderer(str(path))
    assert drawing.isValid()
    drawing.render(painter)
    painter.end()
    rows = np.frombuffer(image.bits().asstring(image.sizeInBytes()), np.uint8)
    return rows.reshape(height, -1)[:, : 3 * width].reshape(height, width, 3).astype(int)


@pytest.mark.parametrize("theme_name", ["dark", "light"])
def test_an_svg_shows_data_frames_and_text_in_their_colours(board, tmp_path, theme_name):
    board.marker_size = 8.0
    board.set_theme(theme_name)
    board.export_image(tmp_path / "x.svg", 1.0)
    pixels = drawn(tmp_path / "x.svg")
    colors = theme(theme_name)

    def near(color, among=pixels):
        return int((np.abs(among - color[:3].astype(int)).max(axis=-1) < 12).sum())

    for place, cluster in enumerate(colors.clusters[:2]):
        left, top, width, height = board.layout.boxes[place].astype(int)
        inside = pixels[top + 1 : top + height - 1, left + 1 : left + width - 1]
        assert near(cluster, inside) > 5
        # The frame, a pixel wide, all around.
        assert near(colors.roles["frame"], pixels[top, left : left + width]) > 0.9 * width
        assert near(colors.roles["frame"], pixels[top : top + height, left]) > 0.9 * height
    below = pixels[int(np.add(*board.layout.boxes[0, [1, 3]])) + 2 :]
    assert near(colors.roles["dim"], below) > 10
    assert near(colors.roles["background"]) > 0.8 * 500 * 300
    assert not near(np.array([255, 0, 255]))


@pytest.mark.parametrize("theme_name", ["dark", "light"])
def test_an_svg_and_a_png_lay_all_over_each_other_alike(shown, tmp_path, theme_name):
    class Ruled(Board):
        grid_lines = True

        def build(self, data):
            super().build(data)
            # A faint square over grid lines and the frame, and one that hides them.
            alpha = np.repeat([0.5, 1.0], 6)
            faint = boxes([-5, 3], [2, 15], 0, 12, color=[0, 1], cell=0)
            faint["alpha"] = alpha
            self.points.set_data(faint)

    board = Ruled(theme=theme_name)
    board.points = Batch("triangles")
    board.visuals = [board.points]
    shown(board, "data", (500, 300))
    # One of its corners is outside.
    board.set_lasso(Lasso("x1", "y", 1, np.array([[2, 2], [14, 3], [6, 8.0]]), closed=True))
    for kind in ("png", "svg"):
        board.export_image(tmp_path / f"x.{kind}", 1.0)
    png = QImage(str(tmp_path / "x.png")).convertToFormat(QImage.Format_RGB888)
    rows = np.frombuffer(png.bits().asstring(png.sizeInBytes()), np.uint8)
    wanted = rows.reshape(300, -1)[:, :1500].reshape(300, 500, 3).astype(int)
    found = drawn(tmp_path / "x.svg")
    left, top, width, height = board.layout.boxes[0].astype(int)
    whole = np.s_[top : top + height, left : left + width]
    np.testing.assert_allclose(found[whole], wanted[whole], atol=8)
    # The lasso, but for the softness of its lines.
    left, top, width, height = board.layout.boxes[1].astype(int)
    inside = np.s_[top + 1 : top + height - 1, left + 1 : left + width - 1]
    accent = theme(theme_name).roles["accent"][:3].astype(int)
    is_lasso = [np.abs(image[inside] - accent).max(axis=-1) < 120 for image in (found, wanted)]
    assert is_lasso[0].sum() == pytest.approx(is_lasso[1].sum(), rel=0.4)
    assert is_lasso[0].sum() > 200
    assert np.mean(is_lasso[0] != is_lasso[1]) < 0.01
    beyond = np.abs(found[:, left + width + 1 :] - accent).max(axis=-1)
    assert beyond.min() > 60


def test_export_refuses_other_formats(board, tmp_path):
    with pytest.raises(ValueError, match=r"x\.jpg"):
        board.export_image(tmp_path / "x.jpg")


def test_check_stops_when_cancelled():
    check(lambda: False)
    with pytest.raises(Cancelled):
        check(lambda: True)


def test_a_small_canvas_does_not_fail(shown, picture):
    view = shown(Board(), "data", (20, 20))
    assert picture(view).shape[2] == 3


def test_views_are_found_by_name():
    from phygui.views import TITLES, VIEWS

    assert {"features", "waveforms", "traces", "correlograms"} <= set(VIEWS)
    assert VIEWS["features"].name == "features"
    assert len(VIEWS) == len(list(VIEWS))
    assert {name: view.title for name, view in VIEWS.items()} == TITLES


def test_scale_and_zoom_have_bounds(board, mouse, picture):
    for held in (Qt.ControlModifier, Qt.NoModifier):
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
    from phygui.views.lasso import Lasso

    board.set_lasso(Lasso("x1", "y", 0, np.array([(1, 1), (2, 2), (3, 1)], float)))
    board.keep_lasso()
    assert board.lasso.cell == 1
    board.set_lasso(Lasso("gone", "y", 0, np.array([(1, 1), (2, 2), (3, 1)], float)))
    board.keep_lasso()
    assert board.lasso is None


def test_escape_clears_the_lasso(board, mouse, qtbot):
    ctrl_click(board, mouse, 1, 1, 1)
    qtbot.keyClick(board.native, Qt.Key_Escape)
    assert board.lasso is None


def test_the_mouse_between_new_data_and_its_first_draw(board, mouse):
    places = [center(board, cell) for cell in (0, 1)]
    board.set_data(Empty("nothing"))
    for at in places:
        mouse(board).move(at)
        mouse(board).wheel(at, 1)
        mouse(board).drag(at, (at[0] + 5, at[1]))
        mouse(board).click(at, Qt.LeftButton, Qt.ControlModifier)
    assert board.lasso is None


@pytest.mark.parametrize("fewer", [Empty("Nothing is selected"), "one"])
@pytest.mark.parametrize("button", [Qt.LeftButton, Qt.RightButton])
def test_a_drag_ends_with_the_cell_that_it_began_in(board, mouse, monkeypatch, fewer, button):
    start = center(board, 1)
    hand = mouse(board)
    hand._send(QEvent.MouseButtonPress, start, button, button, Qt.NoModifier)
    hand._send(QEvent.MouseMove, np.add(start, 5), Qt.NoButton, button, Qt.NoModifier)
    build = board.build

    def build_one(data):
        build(data)
        board.set_cells(board.cells[:1])

    monkeypatch.setattr(board, "build", build_one)
    # What was asked for by a key comes while the mouse is held down.
    board.set_data(fewer)
    hand._send(QEvent.MouseMove, np.add(start, 10), Qt.NoButton, button, Qt.NoModifier)
    hand._send(QEvent.MouseButtonRelease, start, button, Qt.NoButton, Qt.NoModifier)
    assert all(cell.x.view == (0, 10) for cell in board.cells)


def test_any_sequence_of_events_leaves_ranges_that_can_be_drawn(board, mouse, picture, qtbot):
    rng = np.random.default_rng(0)
    buttons = [Qt.LeftButton, Qt.RightButton]
    held = [Qt.NoModifier, Qt.ControlModifier, Qt.AltModifier, Qt.ShiftModifier]
    keys = [Qt.Key_R, Qt.Key_Escape, Qt.Key_O, Qt.Key_A]
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


def test_a_closed_view_goes_away_while_another_draws(board, qtbot, picture):
    import gc
    import weakref

    from phygui.views import base

    for _ in range(3):
        other = Board()
        other.native.resize(200, 150)
        other.show()
        other.set_data("data")
        qtbot.wait(1)
        other.close()
        other.close()
        gone = weakref.ref(other)
        del other
        gc.collect()
        board.refresh()
        picture(board)
        qtbot.waitUntil(lambda: not base._closing)
        gc.collect()
        assert gone() is None
    assert np.count_nonzero(picture(board).max(axis=2) > 100) > 10


def test_what_is_missing_is_said_with_what_was_looked_for():
    model = SimpleNamespace(path=Path("x.kwik"), missing={"traces": "x.dat"})
    assert missing_data(model, "traces").reason == (
        "No raw data: x.dat was looked for beside x.kwik, in vain. "
        "Dataset > Locate tells where it is."
    )
    assert missing_data(model, "features", "traces").reason.startswith(
        "No features nor raw data: the features and x.dat were looked for beside x.kwik, in vain."
    )


# -- legends -----------------------------------------------------------------------------------


class Named(Board):
    """A board on which clusters are told by their colours."""

    has_legend = True


def legend_of(view):
    """Its names from left to right, and what says how many more there are."""
    names = sorted((a for a in view.all_labels if a.color >= 0), key=lambda a: a.x)
    rest = [a for a in view.all_labels if a.text.startswith("+")]
    return names, rest


def test_the_legend_names_clusters_in_their_colours_above_the_plots(shown, picture):
    view = shown(Named(), SimpleNamespace(cluster_ids=(31, 4, 15)), (500, 300))
    plain = shown(Board(), SimpleNamespace(cluster_ids=(31, 4, 15)), (500, 300))
    names, rest = legend_of(view)
    assert [(a.text, a.color) for a in names] == [("31", 0), ("4", 1), ("15", 2)]
    assert not rest
    assert not legend_of(plain)[0]
    left, top, width, _ = view.layout.boxes.T
    assert names[0].x - text_width("31") >= left.min()
    assert names[-1].x == (left + width).max()
    # The plots give way by less than a line of text, and nothing lies over another.
    assert 0 < top.min() - plain.layout.boxes[:, 1].min() < 11
    assert all(11 <= a.y < top.min() for a in names)
    image = picture(view)[: int(top.min()), :, :]
    for k in range(3):
        color = theme().clusters[k][:3].astype(int)
        assert np.abs(image - color).max(axis=2).min() < 60


def test_a_legend_too_long_says_how_many_more_there_are(shown):
    ids = tuple(range(1000, 1040))
    for width in (900, 300, 120):
        view = shown(Named(), SimpleNamespace(cluster_ids=ids), (width, 300))
        names, rest = legend_of(view)
        left = view.layout.boxes[:, 0].min()
        assert [a.text for a in names] == [str(c) for c in ids[: len(names)]]
        assert all(a.x - text_width(a.text) >= left for a in [*names, *rest])
        assert rest[0].text == f"+{len(ids) - len(names)}"
        assert all(a.x < rest[0].x - text_width(rest[0].text) for a in names)


def test_no_legend_where_nothing_is_shown_or_there_is_no_room(shown):
    data = SimpleNamespace(cluster_ids=(4, 9))
    view = shown(Named(), Empty("Select a cluster."), (500, 300))
    assert not legend_of(view)[0]
    view.set_data(data)
    view.native.grabFramebuffer()
    assert len(legend_of(view)[0]) == 2
    low = shown(Named(), data, (500, 80))
    assert not legend_of(low)[0]
