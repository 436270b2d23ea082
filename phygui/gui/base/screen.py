"""Where a window is on the screen."""

from __future__ import annotations

from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QWidget


def size_for_screen(window: QWidget, width: int, height: int) -> None:
    """Make a window so large, or fill the screen where that is no larger."""
    screen = QGuiApplication.primaryScreen().availableSize()
    window.resize(min(screen.width(), width), min(screen.height(), height))
    if screen.width() <= width and screen.height() <= height:
        # The frame comes on top of the size, and would push the status bar off the screen.
        window.setWindowState(Qt.WindowState.WindowMaximized)


def keep_on_screen(window: QWidget) -> None:
    """Move a window so that all of it is on a screen, frame included; shrink it if it is larger.

    It may have been left on a screen that is smaller now, or gone.
    """
    if window.windowState() & (Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen):
        return
    own, frame = window.geometry(), window.frameGeometry()
    screen = QGuiApplication.screenAt(frame.center()) or QGuiApplication.primaryScreen()
    place = within(frame, screen.availableGeometry())
    if place != frame:
        grown = place.size() - frame.size()
        at = own.topLeft() + place.topLeft() - frame.topLeft()
        window.setGeometry(QRect(at, own.size() + grown))


def within(place: QRect, area: QRect) -> QRect:
    """The place nearest to another one that is within an area."""
    width, height = min(place.width(), area.width()), min(place.height(), area.height())
    left = min(max(place.left(), area.left()), area.left() + area.width() - width)
    top = min(max(place.top(), area.top()), area.top() + area.height() - height)
    return QRect(left, top, width, height)
