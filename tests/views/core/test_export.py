"""Pictures of views: PNG at any scale, SVG with vectors and text."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPainter
from qtpy.QtSvg import QSvgRenderer

from phygui.views.core.colors import theme
from phygui.views.core.export import export_image
from phygui.views.core.lasso import Lasso
from phygui.views.core.visuals import Batch, boxes
from tests.views.board import Board


def test_export_as_png_at_any_scale(board, tmp_path):
    for scale in (1.0, 2.5):
        path = tmp_path / "x.png"
        export_image(board, path, scale)
        image = QImage(str(path))
        assert (image.width(), image.height()) == (round(500 * scale), round(300 * scale))


def test_export_as_svg_has_vector_axes_and_text(board, tmp_path):
    from xml.etree import ElementTree

    path = tmp_path / "x.svg"
    export_image(board, path, 2.0)
    root = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    texts = {e.text for e in root.iter(f"{space}text")}
    assert {"time (s)", "x (V)", "y (m)", "4"} <= texts
    assert len(list(root.iter(f"{space}path"))) > 8
    assert len(list(root.iter(f"{space}image"))) == 1


def drawn(path, size=(500, 300)):
    """What a program that knows SVG shows of a file: (height, width, 3) int."""
    width, height = size
    image = QImage(width, height, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.magenta)
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
    export_image(board, tmp_path / "x.svg", 1.0)
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
        export_image(board, tmp_path / f"x.{kind}", 1.0)
    png = QImage(str(tmp_path / "x.png")).convertToFormat(QImage.Format.Format_RGB888)
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
        export_image(board, tmp_path / "x.jpg")
