"""A range of time: dragged out in a view, typed, said in the status bar, and cleared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

VIEWS_OF_TIME = ("features", "traces", "amplitudes", "drift", "rates", "raster")
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def shift_drag(view: Any, start: Any, stop: Any) -> None:
    """Drag from one place of a view to another with Shift held."""
    kinds = (
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonRelease,
    )
    middle = [(a + b) / 2 for a, b in zip(start, stop, strict=True)]
    for kind, at in zip(kinds, (start, middle, stop, stop), strict=True):
        # vispy drops moves that follow one another faster.
        QTest.qWait(12)
        held = (
            Qt.MouseButton.NoButton
            if kind == QEvent.Type.MouseButtonRelease
            else Qt.MouseButton.LeftButton
        )
        button = (
            Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        )
        on_screen = QPointF(view.native.mapToGlobal(QPoint(*map(round, at))))
        event = QMouseEvent(
            kind, QPointF(*at), on_screen, button, held, Qt.KeyboardModifier.ShiftModifier
        )
        QApplication.sendEvent(view.native, event)


def test_a_range_is_dragged_typed_said_and_cleared(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session, window = user.session, user.window
    chip = window.time_ranges.chip
    user.click_cluster(int(session.cluster_ids[0]))
    span = session.shank.span
    assert chip.isHidden()
    user.press(Qt.Key.Key_T, CTRL_SHIFT)
    assert "already" in user.message

    # Dragged out, from right to left as well.
    amplitudes = user.view("amplitudes")
    window.show_dock("amplitudes")
    user.settle()
    n = amplitudes.data.n_spikes
    cell = next(k for k, of in enumerate(amplitudes.cells) if of.x.key == "time")
    y = sum(amplitudes.cells[cell].y.view) / 2
    places = [amplitudes.to_pixels(cell, x, y) for x in (0.6 * span, 0.2 * span)]
    shift_drag(amplitudes, *places)
    user.settle()
    low, high = session.time_range
    assert (low, high) == pytest.approx((0.2 * span, 0.6 * span), abs=0.02 * span)
    assert chip.isVisible()
    assert f"{high:.0f}"[:1] in chip.text()
    assert 0 < amplitudes.data.n_spikes < n
    assert amplitudes.data.times.min() >= low
    assert amplitudes.data.times.max() < high
    # The table says what holds within the range, and stays in its order.
    best = session.selected[0]
    found = session.shown.in_range(best)
    assert found is not None
    model = window.cluster_table.model
    spikes = next(of for of in model.columns if of.name == "n_spikes")
    order = model.cluster_ids
    assert model.value(best, spikes) == len(found.spikes)
    chip.click()
    user.settle()
    assert session.time_range is None
    assert chip.isHidden()
    assert amplitudes.data.n_spikes == n
    assert model.value(best, spikes) == len(session.spikes_per_cluster[best])
    assert model.cluster_ids == order

    # Typed, and cleared by a key.
    user.press(Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(window.snippets.line, "2 5")
    QTest.keyClick(window.snippets.line, Qt.Key.Key_Return)
    user.settle()
    assert session.time_range == (2.0, 5.0)
    assert "2.0 to 5.0 s" in chip.text()
    user.press(Qt.Key.Key_T, CTRL_SHIFT)
    assert session.time_range is None


def test_a_range_is_dragged_out_in_any_view_of_time(onlooker: Any) -> None:
    user, session = onlooker, onlooker.session
    user.select(*session.cluster_ids[:2].tolist())
    pairs = user.view("correlograms").data.counts.sum()
    found = []
    for kind, dock in user.window.view_docks.items():
        dock.bring_to_front()
        user.settle()
        view = dock.view
        cell = next((k for k, of in enumerate(view.cells) if of.x.key == "time"), None)
        if cell is None:
            continue
        found.append(kind)
        x, y = view.cells[cell].x, view.cells[cell].y
        low, high = x.view
        middle = sum(y.view) / 2
        ends = [low + part * (high - low) for part in (0.2, 0.7)]
        shift_drag(view, *(view.to_pixels(cell, end, middle) for end in ends))
        user.settle()
        start, stop = session.time_range
        length = session.shank.span if kind != "traces" else high - low
        assert stop - start == pytest.approx(0.5 * length, rel=0.05), kind
        # All else is restricted too.
        user.window.show_dock("correlograms")
        user.settle()
        assert user.view("correlograms").data.counts.sum() < pairs
        assert user.window.time_ranges.chip.isVisible()
        within, whole = session.snapshot(), session.spikes_per_cluster
        assert all(len(within.spikes(c)) < len(whole[c]) for c in session.selected)
        user.press(Qt.Key.Key_T, CTRL_SHIFT)
        assert session.time_range is None
    assert set(found) == set(VIEWS_OF_TIME)
