"""The history: rows that follow the edits, and a click that jumps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt

from phygui.gui.actions.actions import BY_NAME
from tests.gui.curator import click_row, run


def history_rows(user: Any) -> list[tuple[str, str]]:
    model = user.window.docks["history"].model
    return [(model.index(r, 1).data(), model.index(r, 2).data()) for r in range(model.rowCount())]


def test_history_lists_edits_and_a_click_jumps(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    session, dock = user.session, user.window.docks["history"]
    assert not dock.is_on_screen
    user.press(Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    assert dock.is_on_screen
    start = session.spike_clusters.copy()
    n = len(session.cluster_ids)
    a, b, c, d = session.cluster_ids[:4].tolist()
    user.select(a, b)
    user.press(Qt.Key.Key_G)
    merged = session.spike_clusters.copy()
    user.select(c)
    user.press(Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    user.select(d)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    rows = history_rows(user)
    assert [words for words, _ in rows][1:] == [u.description for u in session.history]
    assert "✓ saved" in rows[0][0]
    assert all(str(n) in rows[0][1] for n in (session.tally_at(0)).values())
    counts = [sum(session.tally_at(p).values()) for p in range(4)]
    assert counts == [n, n - 1, n - 1, n - 1]

    click_row(user, dock.view, 1)
    assert session.history_position == 1
    assert np.array_equal(session.spike_clusters, merged)
    assert user.session.group_of(c) != "noise"
    faint = dock.model.index(2, 1).data(Qt.ItemDataRole.ForegroundRole)
    assert faint is not None
    assert dock.model.index(1, 1).data(Qt.ItemDataRole.ForegroundRole) is None
    click_row(user, dock.view, 3)
    assert session.group_of(d) == "good"
    run(user, "save")
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=20_000)
    assert "✓ saved" in history_rows(user)[3][0]
    assert "✓ saved" not in history_rows(user)[0][0]
    click_row(user, dock.view, 0)
    assert np.array_equal(session.spike_clusters, start)
    assert user.window.isWindowModified()
    run(user, "to_saved")
    assert session.history_position == 3
    assert not user.window.isWindowModified()

    # An edit after a jump back forgets what was undone.
    click_row(user, dock.view, 1)
    user.select(d)
    user.press(Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
    assert len(history_rows(user)) == 3
    assert not BY_NAME["to_saved"].enabled(user.window)


def test_history_changes_only_the_rows_that_an_edit_touches(
    hybrid: Path, open_window: Callable
) -> None:
    user = open_window(hybrid)
    model = user.window.docks["history"].model
    c = int(user.session.cluster_ids[0])
    for k in range(30):
        user.session.label([c], "note", str(k))
    user.settle()
    assert model.rowCount() == 31
    rewritten: list[tuple[int, int]] = []
    inserted: list[tuple[int, int]] = []
    resets: list[int] = []
    model.dataChanged.connect(lambda a, b, _: rewritten.append((a.row(), b.row())))
    model.rowsInserted.connect(lambda _, a, b: inserted.append((a, b)))
    model.modelReset.connect(lambda: resets.append(1))
    user.session.label([c], "note", "last")
    user.settle()
    assert (rewritten, inserted, resets) == ([(30, 31)], [(31, 31)], [])
    # What is in effect is in sight as soon as the list is, and in whatever size.
    dock = user.window.docks["history"]
    dock.bring_to_front()
    user.settle()
    for height in (dock.height(), 160):
        user.window.resizeDocks([dock], [height], Qt.Orientation.Vertical)
        user.settle()
        seen = dock.view.visualRect(model.index(31, 1))
        assert dock.view.viewport().rect().contains(seen.center())
