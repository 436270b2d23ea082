"""Batches: many matches by a key, rows sent over, one cluster in colour, events stepped through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from phygui.curation.edits.update import Selection
from tests.gui.curator import CTRL, SHIFT, matches


@pytest.mark.slow
def test_batches_by_keys(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    session, window = user.session, user.window
    best = int(session.cluster_ids[2])
    user.click_cluster(best)
    queue = matches(session, best)

    # As many as it was the last time, five at first.
    user.press(Qt.Key.Key_Space, CTRL)
    assert session.selection.match == tuple(queue[:5])
    user.press(":")
    QTest.keyClicks(window.snippets.line, "n 3")
    QTest.keyClick(window.snippets.line, Qt.Key.Key_Return)
    user.settle()
    assert session.selection.match == tuple(queue[:3])
    session.drop_match()
    user.press(Qt.Key.Key_Space, CTRL)
    assert session.selection.match == tuple(queue[:3])
    assert window.batches.n_matches == 3

    # All but the best one are dim, in every view and in those that are made later.
    amplitudes = user.view("amplitudes")
    before = amplitudes.palette.table(amplitudes.colors, (1, 2))
    user.press(Qt.Key.Key_F)
    after = amplitudes.palette.table(amplitudes.colors, (1, 2))
    kept = np.delete(np.arange(17), [3, 4, 5, 6])  # not those of the groups, and of none
    assert np.array_equal(before[kept], after[kept])
    assert len(np.unique(after[17:], axis=0)) == 1
    assert np.ptp(after[17, :3].astype(int)) < 20, "grey"
    assert user.view("rates").palette.is_focused
    user.press(Qt.Key.Key_F)
    assert np.array_equal(before, amplitudes.palette.table(amplitudes.colors, (1, 2)))

    # A row of the similarity table becomes best.
    table = window.match_table
    index = table.model.index(table.model.row_of(queue[1]), 0)
    table.view.setFocus()
    table.view.setCurrentIndex(index)
    user.settle()
    user.qtbot.keyClick(table.view, Qt.Key.Key_X)
    user.settle()
    assert session.selection.best == (best, queue[1])
    # The same key sends it back.
    user.press(Qt.Key.Key_X)
    assert session.selection == Selection((best,), (queue[1],))
    assert user.message == f"{queue[1]} is now a match"
    user.press(Qt.Key.Key_X)
    assert session.selection == Selection((best, queue[1]))

    # From event to event, in the traces and everywhere.
    events = {"tone": np.array([3.0, 9.0]), "light": np.array([5.0])}
    monkeypatch.setattr(type(session.shank), "events", property(lambda _: events))
    user.window.linking.visit(0.5)
    seen = []
    for key, held in ((Qt.Key.Key_E, Qt.KeyboardModifier.NoModifier),) * 3 + (
        (Qt.Key.Key_E, SHIFT),
    ):
        user.press(key, held)
        seen.append(user.view("traces").params.time)
    assert seen == [3.0, 5.0, 9.0, 5.0]
    assert "light at 5.0000 s" in user.message
    session.set_time_range(8.0, 12.0)
    user.press(Qt.Key.Key_E)
    assert user.view("traces").params.time == 9.0
    user.press(Qt.Key.Key_E)
    assert user.message == "there is no next event"
