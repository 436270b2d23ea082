"""The lasso in every view whose points are spikes: counted while it is drawn, split by keys."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui.views.core.lasso import Lasso
from tests.gui.curator import type_line


def send(view: Any, kind: QEvent.Type, at: Any, button: Any, buttons: Any) -> None:
    if kind == QEvent.Type.MouseMove:
        # vispy drops moves that follow one another faster.
        QTest.qWait(12)
    place = QPointF(*at)
    over = QPointF(view.native.mapToGlobal(place.toPoint()))
    event = QMouseEvent(kind, place, over, button, buttons, Qt.KeyboardModifier.ControlModifier)
    QApplication.sendEvent(view.native, event)


def test_a_rectangle_in_the_drift_map_is_counted_while_it_is_drawn_and_splits(
    demo: Any, open_window: Any
) -> None:
    user = open_window(demo)
    sizes = {int(c): len(ids) for c, ids in user.session.spikes_per_cluster.items()}
    clusters = sorted(sizes, key=lambda c: (-sizes[c], c))[:2]
    user.select(*clusters)
    user.press(Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    type_line(user, "show drift map")
    view, dock = user.view("drift"), user.window.docks["drift"]
    assert dock.is_on_screen
    assert view.data.cluster_ids == tuple(clusters)
    left, top, width, height = view.layout.boxes[0]
    # It may begin just beside the plot.
    start, stop = (left - 3, top - 3), (left + width / 2, top + height - 2)
    send(
        view,
        QEvent.Type.MouseButtonPress,
        start,
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.LeftButton,
    )
    for part in (0.5, 1.0):
        at = np.add(start, part * np.subtract(stop, start))
        send(view, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton)
    user.settle()
    # The button is still down.
    assert view.is_drawing
    every = [spike for c in clusters for spike in user.session.spikes_per_cluster[c]]
    inside = view.spikes_in_lasso(dock.snapshot, view.params, view.lasso, lambda: False)
    assert 0 < len(inside) < len(every)
    assert view.lasso_note == f"{len(inside):,} of {len(every):,} spikes inside"
    assert dock.title_bar.note.text() == view.lasso_note
    assert view.lasso_note in [label.text for label in view.all_labels]
    send(
        view,
        QEvent.Type.MouseButtonRelease,
        stop,
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.NoButton,
    )
    assert view.lasso.closed
    # The lasso of the view drawn in last is split by.
    features = user.view("features")
    assert user.window.lasso_dock() is dock
    cell = features.cells[0]
    corners = [(cell.x.view[i], cell.y.view[j]) for i, j in ((0, 0), (1, 0), (1, 1))]
    features.set_lasso(Lasso(cell.x.key, cell.y.key, 0, np.array(corners)))
    assert user.window.lasso_dock() is user.window.docks["features"]
    view.set_lasso(view.lasso)
    assert user.window.lasso_dock() is dock
    features.clear_lasso()
    user.press(Qt.Key.Key_K)
    after = user.session.history[-1].after
    assert any(np.array_equal(spikes, inside) for spikes in after.values())
    assert view.lasso is None
    assert dock.title_bar.note.text() == ""


def test_in_a_time_range_the_lasso_says_how_many_spikes_a_split_takes(
    demo: Any, open_window: Any
) -> None:
    user = open_window(demo)
    session = user.session
    cluster = int(session.cluster_ids[0])
    user.select(cluster)
    session.set_time_range(0.0, session.shank.span / 2)
    user.settle()
    view = user.view("features")
    index = next(k for k, c in enumerate(view.cells) if "time" not in (c.x.key, c.y.key))
    x, y = view.cells[index].x, view.cells[index].y
    corners = [(x.view[i], y.view[j]) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    view.set_lasso(Lasso(x.key, y.key, index, np.array(corners), closed=True))
    user.settle()
    n_spikes, note = len(session.snapshot().spikes(cluster)), view.lasso_note
    user.press(Qt.Key.Key_K)
    n_taken = len(session.history[-1].after[session.selected[0]])
    assert n_taken > n_spikes
    assert note.endswith(f"of {n_spikes:,} spikes inside; a split takes {n_taken:,}")
