"""A long session leaves nothing behind, and a burst of keys ends where it should."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from phygui.gui.base.delays import Delays
from tests.gui.long_session import Curator


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [0, 1])
def test_40_decisions_leave_nothing_stale(
    demo: Path, open_window: Callable[..., Any], seed: int
) -> None:
    user = open_window(demo)
    curator = Curator(user.window, seed)
    while curator.n_decisions < 40:
        curator.decide()
    assert curator.n_updates > 20
    # All of it can be taken back, step by step, and nothing is stale at the end.
    while user.session.can_undo:
        curator.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        curator.settle()
    curator.check()
    assert not user.session.is_modified


def test_a_burst_of_keys_ends_on_the_right_cluster_and_loads_little(
    delays: Delays, demo: Path, open_window: Callable[..., Any]
) -> None:
    """50 presses of keys in 2 s, as from keys held down."""
    user = open_window(demo)
    window, session = user.window, user.session
    wizard = session.wizard
    user.press(Qt.Key.Key_Home)
    n = len(session.cluster_ids)
    # There are fewer clusters than presses: down to the last, and up and down from there.
    keys = [Qt.Key.Key_Down] * (n - 1) + [Qt.Key.Key_Up, Qt.Key.Key_Down] * 25
    keys = keys[:50]
    expected = session.selection
    for key in keys:
        expected = wizard.step_best(expected, 1 if key == Qt.Key.Key_Down else -1)
    docks = [d for d in window.view_docks.values() if d.isVisible()]
    before = {d: d.work.n_computed for d in docks}
    started: dict[Any, int] = dict.fromkeys(docks, 0)
    for dock in docks:
        count_loads(dock, started)

    start = time.perf_counter()
    for k, key in enumerate(keys):
        QTest.keyClick(window.cluster_table.view, key)
        while time.perf_counter() < start + 0.04 * (k + 1):
            QTest.qWait(1)
        # The window answers throughout: each key is followed by the session and the tables at
        # once, though not by the plots.
        assert window.cluster_table.selected == list(session.selection.best)
    user.settle()
    assert session.selection == expected
    assert window.cluster_table.selected == list(expected.best)
    for dock in docks:
        assert dock.work.n_computed - before[dock] <= 3, dock.objectName()
        assert started[dock] <= 4, dock.objectName()
        shown = getattr(dock.view.data, "cluster_ids", None)
        if dock.spec.name in ("features", "waveforms", "correlograms"):
            assert tuple(shown) == expected.clusters


def count_loads(dock: Any, started: dict[Any, int]) -> None:
    """Count the loads of a dock that begin, those given up half-way included."""
    request = dock.work.request

    def counted(work: Callable[[Any], Any]) -> None:
        def begun(cancelled: Any) -> Any:
            started[dock] += 1
            return work(cancelled)

        request(begun)

    dock.work.request = counted
