"""What is under the mouse is said beside it, as a tooltip."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QToolTip


@pytest.mark.slow
@pytest.mark.roomy
def test_what_is_under_a_mouse_that_rests_is_said_beside_it(
    demo: Path, open_window: Callable[..., Any], qtbot: Any
) -> None:
    user = open_window(demo)
    view = user.view("correlograms")
    handle = user.window.windowHandle()

    def place(over: Any, at: Any) -> QPoint:
        return over.native.mapTo(user.window, QPoint(*map(round, at)))

    def rest(over: Any, at: Any) -> None:
        # Qt shows tooltips only for a mouse that the window system moves.
        QTest.mouseMove(handle, place(over, at))

    at = view.to_pixels(0, 5.5, 0.1)
    rest(view, at)
    qtbot.waitUntil(QToolTip.isVisible, timeout=3_000)
    # The mark of "less than" is not taken for that of a tag.
    said = view.text_at([round(part) for part in at])
    assert f"cluster {view.data.cluster_ids[0]}, 0% < 2 ms, lag" in said
    assert unescape(QToolTip.text()) == f'<p style="white-space: pre">{said}</p>'
    # It goes when the mouse goes on, and comes with a new text where it rests again.
    further = view.to_pixels(0, -15.5, 0.1)
    rest(view, further)
    said = view.text_at([round(part) for part in further])
    qtbot.waitUntil(lambda: said in unescape(QToolTip.text()))
    # What is shown changes under the mouse.
    user.press(Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: not QToolTip.isVisible(), timeout=3_000)

    # None comes during a drag, nor over a lasso that is not yet closed.
    features = user.view("features")
    x, y = (float(np.mean(axis.view)) for axis in (features.cells[0].x, features.cells[0].y))
    middle = features.to_pixels(0, x, y)
    QTest.mousePress(
        handle, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place(features, middle)
    )
    rest(features, (middle[0] + 2, middle[1]))
    qtbot.wait(1_200)
    assert not QToolTip.isVisible()
    QTest.mouseRelease(
        handle, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place(features, middle)
    )
    user.ctrl_click(features, middle)
    rest(features, (middle[0] + 1, middle[1]))
    qtbot.wait(1_200)
    assert not QToolTip.isVisible()
    user.ctrl_click(features, middle, Qt.MouseButton.RightButton)
    rest(features, middle)
    qtbot.waitUntil(QToolTip.isVisible, timeout=3_000)


@pytest.mark.slow
def test_what_is_under_the_mouse_is_said_after_a_double_click_has_docked_a_view(
    onlooker: Any,
) -> None:
    user = onlooker
    window, view = user.window, user.view("correlograms")
    dock = window.view_docks["correlograms"]
    for floats in (True, False):
        title = dock.title_bar
        middle = QPointF(title.rect().center())
        for kind, held in (
            (QEvent.Type.MouseButtonDblClick, Qt.MouseButton.LeftButton),
            (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
        ):
            # As long as the button is down, the window that was clicked is there to hear it come
            # up: else Qt would go on to send it what the mouse does.
            assert dock.isFloating() != floats
            event = QMouseEvent(
                kind, middle, Qt.MouseButton.LeftButton, held, Qt.KeyboardModifier.NoModifier
            )
            QApplication.sendEvent(title, event)
        user.qtbot.waitUntil(lambda floats=floats: dock.isFloating() == floats, timeout=5_000)
        user.settle()
        over = QPoint(*map(round, view.to_pixels(0, 5.5, 0.1)))
        QTest.mouseMove(dock.window().windowHandle(), view.native.mapTo(dock.window(), over))
        user.qtbot.waitUntil(lambda: "lag" in dock.title_bar.note.text())
    user.qtbot.waitUntil(QToolTip.isVisible, timeout=3_000)
