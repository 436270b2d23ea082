"""A window stays on the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QWidget

from phygui import Session
from phygui.gui.base.screen import keep_on_screen, size_for_screen, within
from phygui.gui.window.main_window import MainWindow
from tests.gui.conftest import take_away

AREA = QRect(0, 30, 1366, 738)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (QRect(10, 40, 800, 600), QRect(10, 40, 800, 600)),
        (QRect(900, 500, 800, 600), QRect(566, 168, 800, 600)),
        (QRect(-50, -50, 800, 600), QRect(0, 30, 800, 600)),
        (QRect(100, 100, 1920, 1080), AREA),
        (QRect(5000, 5000, 1366, 10), QRect(0, 758, 1366, 10)),
    ],
)
def test_a_place_is_moved_and_shrunk_into_an_area(place: QRect, expected: QRect) -> None:
    assert within(place, AREA) == expected


def test_a_window_is_brought_back_to_the_screen(qtbot: Any) -> None:
    window, area = QWidget(), QGuiApplication.primaryScreen().availableGeometry()
    qtbot.addWidget(window)
    window.setGeometry(area.right() - 100, area.bottom() - 100, 3 * area.width(), 400)
    keep_on_screen(window)
    assert window.geometry() == QRect(area.left(), area.bottom() - 399, area.width(), 400)
    window.setGeometry(area.right() - 100, 50, 400, 400)
    window.setWindowState(Qt.WindowState.WindowMaximized)
    keep_on_screen(window)
    assert window.windowState() == Qt.WindowState.WindowMaximized


@pytest.mark.parametrize("share", [0.5, 1.5])
def test_a_window_begins_no_larger_than_the_screen(qtbot: Any, share: float) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    screen = QGuiApplication.primaryScreen().availableSize()
    size_for_screen(window, round(share * screen.width()), round(share * screen.height()))
    assert window.size() == screen * min(share, 1.0)
    is_maximised = bool(window.windowState() & Qt.WindowState.WindowMaximized)
    assert is_maximised == (share > 1)


def test_a_window_that_was_left_beyond_the_screen_begins_on_it(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    first = open_window(demo)
    area = first.window.screen().availableGeometry()
    first.window.setGeometry(area.right() - 200, area.bottom() - 150, 1366, 768)
    first.settle()
    first.window.close()
    window = MainWindow(Session.open(demo), first.window.settings)
    window.show()
    first.qtbot.waitExposed(window)
    assert area.contains(window.frameGeometry())
    assert window.size().width() == 1366
    take_away(window)
