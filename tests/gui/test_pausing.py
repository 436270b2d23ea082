"""A paused view stops following the selection, and does all else that it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.views import VIEWS


@pytest.fixture
def user(demo: Path, open_window: Callable[..., Any]) -> Any:
    return open_window(demo)


def middle(view: Any) -> tuple[float, float]:
    left, top, width, height = view.layout.boxes[0]
    return left + width / 2, top + height / 2


def merge_away(user: Any, cluster_id: int) -> None:
    user.select(cluster_id, next(int(c) for c in user.session.cluster_ids if c != cluster_id))
    user.press(Qt.Key.Key_G)
    assert cluster_id not in user.session.cluster_ids


def test_paused_traces_are_zoomed_and_moved_with_the_spikes_of_their_clusters(user: Any) -> None:
    traces, dock = user.view("traces"), user.window.docks["traces"]
    shown = tuple(user.session.selected)
    dock.title_bar.buttons["pause"].click()
    user.press(Qt.Key.Key_Down)
    assert traces.data.cluster_ids == shown != tuple(user.session.selected)
    user.wheel(traces, middle(traces), -6)
    user.settle()
    assert not traces.is_stale
    assert traces.data.interval == pytest.approx(traces.interval)
    before = traces.interval
    for _ in range(3):
        user.wheel(traces, middle(traces), -3, Qt.KeyboardModifier.AltModifier)
    user.settle()
    assert traces.interval != before
    assert traces.data.interval == pytest.approx(traces.interval)
    assert traces.data.cluster_ids == shown
    # Its clusters keep their spikes when they are no longer there.
    spikes = dock.snapshot.spikes(shown[0])
    merge_away(user, shown[0])
    user.wheel(traces, middle(traces), -3, Qt.KeyboardModifier.AltModifier)
    user.settle()
    data = traces.data
    inside = np.isin(data.spike_ids, spikes)
    assert inside.any()
    np.testing.assert_array_equal(data.spike_colors == 0, inside)
    dock.title_bar.buttons["pause"].click()
    user.settle()
    assert traces.data.cluster_ids == tuple(user.session.selected)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("features", {"n_spikes": 30}),
        ("features", {"show": "density"}),
        ("correlograms", {"scale": "rate"}),
        ("waveforms", {"n_spikes": 5}),
    ],
)
def test_settings_of_a_paused_view_take_effect(
    user: Any, kind: str, changes: dict[str, Any]
) -> None:
    view, dock = user.view(kind), user.window.docks[kind]
    shown = tuple(user.session.selected)
    dock.title_bar.buttons["pause"].click()
    user.press(Qt.Key.Key_Down)
    assert not dock.is_loading
    before = view.data
    view.change_params(**changes)
    user.settle()
    assert view.data is not before
    assert not view.is_stale
    assert view.data.cluster_ids == shown


@pytest.mark.slow
def test_every_paused_view_outlives_its_clusters(user: Any) -> None:
    for kind in VIEWS:
        user.window.show_dock(kind)
        user.settle()
        user.window.docks[kind].title_bar.buttons["pause"].click()
    shown = tuple(user.session.selected)
    merge_away(user, shown[0])
    troubles: list[Any] = []
    for kind in VIEWS:
        dock = user.window.docks[kind]
        dock.trouble.connect(lambda *trouble: troubles.append(trouble))
        user.window.show_dock(kind)
        user.settle()
        before = dock.view.data
        dock.view.is_stale = True
        dock.view.params_changed.emit()
        user.settle()
        assert dock.view.data is not before
    assert troubles == []
