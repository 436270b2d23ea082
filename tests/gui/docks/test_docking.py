"""A dock that has floated, and is docked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMainWindow, QTextEdit

from phygui.gui.base.theme import color
from phygui.gui.docks.dock import Dock


@pytest.fixture
def docks(qtbot: Any) -> Iterator[dict[str, Dock]]:
    """One dock on the left, and two on the right, the lower of which is low."""
    window = QMainWindow()
    window.setDockOptions(
        QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks
    )
    window.resize(1000, 700)
    docks = {name: Dock(name, name, QTextEdit()) for name in ("left", "upper", "lower")}
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks["left"])
    window.splitDockWidget(docks["left"], docks["upper"], Qt.Orientation.Horizontal)
    window.splitDockWidget(docks["upper"], docks["lower"], Qt.Orientation.Vertical)
    for dock in docks.values():
        dock.show()
    window.show()
    qtbot.waitExposed(window)
    window.resizeDocks([docks["left"], docks["upper"]], [300, 700], Qt.Orientation.Horizontal)
    window.resizeDocks([docks["upper"], docks["lower"]], [500, 200], Qt.Orientation.Vertical)
    qtbot.waitUntil(lambda: abs(docks["lower"].height() - 200) < 10)
    yield docks
    window.close()
    window.deleteLater()


def drag(dock: Dock, to: QPoint) -> None:
    """Drag a dock by its title to a place on the screen, and drop it."""
    bar, at = dock.title_bar, QPoint(20, 8)
    start = bar.mapToGlobal(at)
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    for k in range(1, 6):
        now = start + (to - start) * k / 5
        here = QPointF(bar.mapFromGlobal(now))
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            here,
            here,
            QPointF(now),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(bar, move)
        QApplication.processEvents()
    QTest.mouseRelease(
        bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, bar.mapFromGlobal(to)
    )


def test_a_float_that_is_dropped_where_it_was_keeps_the_proportions(
    qtbot: Any, docks: dict[str, Dock]
) -> None:
    before = {name: dock.size() for name, dock in docks.items()}
    lower, window = docks["lower"], docks["lower"].parent()
    drag(lower, window.mapToGlobal(QPoint(500, 900)))
    assert lower.isFloating()
    lower.resize(500, 520)
    qtbot.waitUntil(lambda: docks["upper"].height() > 600)
    drag(lower, window.mapToGlobal(QPoint(600, 650)))
    assert not lower.isFloating()
    # Qt would give it the room that it had as a window.
    qtbot.waitUntil(lambda: {name: dock.size() for name, dock in docks.items()} == before)


def test_a_float_that_is_dropped_elsewhere_takes_the_room_that_it_gets(
    qtbot: Any, docks: dict[str, Dock]
) -> None:
    lower, window = docks["lower"], docks["lower"].parent()
    drag(lower, window.mapToGlobal(QPoint(500, 900)))
    lower.resize(250, 400)
    drag(lower, window.mapToGlobal(QPoint(120, 660)))
    assert not lower.isFloating()
    qtbot.waitUntil(lambda: lower.height() > 300)
    assert lower.x() < 100


def test_a_floating_dock_has_a_frame(qtbot: Any, docks: dict[str, Dock]) -> None:
    dock = docks["upper"]

    def edge() -> str:
        picture = dock.grab().toImage()
        return picture.pixelColor(0, picture.height() // 2).name()

    assert edge() != color("dim").name()
    dock.setFloating(True)
    qtbot.waitUntil(lambda: edge() == color("dim").name())
