"""What is written in the views can be read: with few clusters and many, in a dock and large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QCursor

from phygui.views import SPECS
from phygui.views.core.visuals import CANVAS, text_width
from tests.gui.known import copy_known, make_known

ALONG = {"left": 0.0, "center": 0.5, "right": 1.0}
ACROSS = {"top": 0.0, "center": 0.5, "bottom": 1.0}
HIGH = 9.0
"""Logical pixels of a digit, which are fewer than those of a line."""


@pytest.fixture(scope="session")
def many_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of as many clusters as anybody would select, and as many channels."""
    folder = tmp_path_factory.mktemp("many")
    return make_known(folder, n_spikes=9_000, n_clusters=24, n_channels=32, duration=40.0)


def places(view: Any) -> Iterator[tuple[QRectF, str]]:
    """Where each text of a view is, on the canvas; without those that are not drawn."""
    for label in view.all_labels:
        x, y = label.x, label.y
        if label.cell != CANVAS:
            left, top, width, height = view.layout.boxes[label.cell]
            x, y = view.to_pixels(label.cell, x, y)
            if not (left <= x <= left + width and top <= y <= top + height):
                continue
        width = text_width(label.text)
        left = x + label.offset[0] - ALONG[label.align[0]] * width
        line = y + label.offset[1] - (ACROSS[label.align[1]] - 0.5) * 14
        yield QRectF(left, line - HIGH / 2, width, HIGH), label.text


def illegible(view: Any) -> list[str]:
    """Texts that leave the canvas, or are written over one another."""
    found, canvas = list(places(view)), QRectF(0, 0, *view.size).adjusted(-2, -2, 2, 2)
    cut = [text for box, text in found if not canvas.contains(box)]
    pairs = combinations(found, 2)
    return cut + [f"{a} on {b}" for (one, a), (other, b) in pairs if one.intersects(other)]


@pytest.mark.slow
def test_texts_are_apart_in_every_view_of_a_small_window(
    many_folder: Path, tmp_path: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(copy_known(many_folder, tmp_path, "demo"))
    window, session = user.window, user.session
    clusters = sorted(session.spikes_per_cluster)
    problems = {}
    for kind in SPECS:
        window.show_dock(kind)
        for n in (1, 2, 8, 20):
            session.select(clusters[:1], clusters[1:n])
            user.settle()
            view = user.view(kind)
            assert view.has_picture, kind
            if found := illegible(view):
                problems[kind, n] = found
        QCursor.setPos(view.native.mapToGlobal(view.native.rect().center()))
        user.press(Qt.Key.Key_Z)
        assert window.layout_keeper.maximised == kind
        if found := illegible(view):
            problems[kind, "large"] = found
        user.press(Qt.Key.Key_Z)
    assert not problems
