"""The tables wait a moment for the plots, and background work for what is painted at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from phygui.gui.base.delays import DELAYS
from phygui.gui.base.repaint import PaintedTogether
from phygui.views import VIEWS


class Counter(QObject):
    """Counts how often an event comes to a widget."""

    def __init__(self, widget: QWidget, what: int = QEvent.Type.Paint) -> None:
        super().__init__(widget)
        self.n = 0
        self._what = what
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.n += event.type() == self._what
        return False


def test_who_waits_is_painted_when_it_is_over_or_at_the_latest_after_a_moment(qtbot: Any) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    QTest.qWait(50)
    paints, together = (
        Counter(widget),
        PaintedTogether(widget),
    )
    together.wait()
    widget.update()
    together.wait()
    QTest.qWait(DELAYS.paint_together_ms // 3)
    assert paints.n == 0
    assert together.is_waiting
    together.release()
    qtbot.waitUntil(lambda: paints.n == 1, timeout=2_000)
    together.wait()
    widget.update()
    qtbot.waitUntil(lambda: paints.n == 2, timeout=2_000)
    assert not together.is_waiting


def test_what_is_to_be_painted_waits_for_what_is_near_but_only_once(qtbot: Any) -> None:
    widget, is_near = QWidget(), True
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    QTest.qWait(50)
    paints, together = Counter(widget), PaintedTogether(widget, 60, is_near=lambda: is_near)
    widget.update()
    qtbot.waitUntil(lambda: together.is_waiting, timeout=2_000)
    assert paints.n == 0
    # It takes longer than is waited for, as a slow disk does.
    qtbot.waitUntil(lambda: paints.n == 1, timeout=2_000)
    widget.update()
    qtbot.waitUntil(lambda: paints.n == 2, timeout=2_000)
    assert not together.is_waiting
    is_near = False
    widget.update()
    qtbot.waitUntil(lambda: paints.n == 3, timeout=2_000)
    is_near = True
    widget.update()
    qtbot.waitUntil(lambda: together.is_waiting, timeout=2_000)
    assert paints.n == 3


def test_a_key_paints_tables_and_plots_together(
    hybrid: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(hybrid)
    user.settle()
    QTest.qWait(50)
    # As long as the machine takes.
    user.window.painted_together._limit.setInterval(20_000)
    table, status = user.window.cluster_table, user.window.statusBar()
    parts = [table.view.viewport(), status, *(view.native for view in user.window.views())]
    paints, composed = (
        [Counter(part) for part in parts],
        Counter(user.window, QEvent.Type.UpdateRequest),
    )
    # Qt asks it before the counter, which sees only what it lets through.
    user.window.installEventFilter(user.window.painted_together)
    order: list[int] = []
    for view in user.window.views():
        view.painted.connect(lambda: order.append(composed.n))
    user.qtbot.keyClick(table.view, Qt.Key.Key_Down)
    assert user.window.painted_together.is_waiting
    user.settle()
    assert [p.n for p in paints] == [1] * len(parts)
    assert order == [1] * len(list(user.window.views()))


def test_all_plots_are_drawn_before_the_window_is_put_together(
    small: Path, open_window: Callable[..., Any], monkeypatch: Any
) -> None:
    user = open_window(small)
    user.settle()
    together, drawn = user.window.painted_together, []
    together._limit.setInterval(20_000)
    release = together.release

    def spy() -> None:
        drawn.extend(view.is_drawn for view in user.window.views())
        release()

    monkeypatch.setattr(together, "release", spy)
    user.qtbot.keyClick(user.window.cluster_table.view, Qt.Key.Key_Down)
    user.settle()
    assert drawn
    assert all(drawn)


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_plot_waits_for_the_last_one_but_not_long(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: Any, is_slow: bool
) -> None:
    user = open_window(hybrid)
    together, load, may_load = user.window.painted_together, VIEWS["waveforms"].load, Event()

    def late(*arguments: Any) -> Any:
        assert may_load.wait(10)
        return load(*arguments)

    monkeypatch.setattr(VIEWS["waveforms"], "load", staticmethod(late))
    # As long as the test takes, unless the plot is too slow to be waited for.
    together._limit.setInterval(DELAYS.paint_together_ms if is_slow else 20_000)
    features, painted = user.window.view_docks["features"], []
    features.view.painted.connect(lambda: painted.append(together.is_waiting))
    user.qtbot.keyClick(user.window.cluster_table.view, Qt.Key.Key_Down)
    user.qtbot.waitUntil(lambda: not features.work.is_busy, timeout=10_000)
    if is_slow:
        user.qtbot.waitUntil(lambda: bool(painted), timeout=10_000)
        assert user.window.view_docks["waveforms"].work.is_busy
    else:
        QTest.qWait(50)
        assert not painted
        assert together.is_waiting
        # Its pixels are there all the same.
        assert features.view.is_drawn
    may_load.set()
    user.settle()
    assert painted == [False]


def test_background_work_goes_on_while_the_window_is_minimised(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: Any
) -> None:
    class Minimised:
        def isExposed(self) -> bool:
            return False

    user = open_window(hybrid)
    window = user.window
    with monkeypatch.context() as patch:
        # Nothing is painted then, though Qt says that all of it is visible.
        patch.setattr(window, "windowHandle", Minimised)
        for view in window.views():
            patch.setattr(view, "on_draw", lambda event: None)
            patch.setattr(view, "update", lambda event=None: None)
        window.session.next_best()
        window.session.merge(window.session.cluster_ids[:2])
        user.settle()
        assert not window.session.knowledge.missing_metrics()
    # As soon as it is seen, what is shown has still to be painted.
    assert window.views_are_busy
    for view in window.views():
        view.update()
    user.settle()


def test_a_picture_that_cannot_be_made_keeps_no_work_waiting(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: Any
) -> None:
    def fails(data: Any) -> None:
        raise ValueError("no such picture")

    user = open_window(hybrid)
    with monkeypatch.context() as patch, user.qtbot.captureExceptions() as raised:
        patch.setattr(user.view("features"), "build", fails)
        user.session.merge(user.session.cluster_ids[:2])
        user.settle()
        assert not user.session.knowledge.missing_metrics()
    assert {str(error) for _, error, _ in raised} == {"no such picture"}
