"""A window that tests share which only look at it: what one of them leaves behind is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt

from .conftest import what_changed, what_stays


def test_looking_changes_nothing(onlooker: Any) -> None:
    before = what_stays(onlooker.window)
    onlooker.press(Qt.Key_Down)
    onlooker.window.layout_keeper.show("Split")
    onlooker.settle()
    assert what_changed(before, onlooker.window) == []


def test_whatever_is_left_behind_is_found(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    window, session = user.window, user.session
    before = what_stays(window)
    # An edit that was undone would come back with the next test's redo.
    session.move(session.selected[:1], "good")
    session.undo()
    user.settle()
    assert what_changed(before, window) == ["edits"]
    user.view("features").change_params(n_spikes=50)
    window.cluster_table.filter.setText("n_spikes > 5")
    window.actions_by_name["new_features"].trigger()
    window.actions_by_name["keys"].trigger()
    user.settle()
    assert what_changed(before, window) == [
        "edits",
        "docks",
        "settings of views",
        "filter",
        "dialogs",
    ]
