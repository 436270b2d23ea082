"""What one view shows the others: a time, and the spikes inside a lasso."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qtpy.QtCore import Qt


@pytest.fixture
def user(demo: Path, open_window: Callable[..., Any]) -> Any:
    return open_window(demo)


def test_a_time_clicked_in_one_view_is_marked_in_all(user: Any) -> None:
    rates, *_ = [user.view(name) for name in ("rates", "raster", "amplitudes", "features")]
    user.window.say("spike 3 of cluster 4 at 1.0000 s")
    rates.time_clicked.emit(12.5)
    user.settle()
    # What was said of another time does not stay.
    assert user.window.status["edit"].text() == "12.5000 s"
    assert user.view("traces").params.time == 12.5
    cursors = {
        name: dock.view.cursor
        for name, dock in user.window.view_docks.items()
        if dock.is_made and hasattr(dock.view, "cursor")
    }
    assert cursors == dict.fromkeys(cursors, 12.5)
    assert {"traces", "rates", "raster", "amplitudes", "features"} <= set(cursors)


def test_a_time_clicked_in_the_traces_is_marked_in_the_plots_of_spikes(user: Any) -> None:
    amplitudes, features, traces = map(user.view, ("amplitudes", "features", "traces"))
    user.select(int(user.session.cluster_ids[0]))
    origin, (low, high) = traces.data.interval[0], traces.interval
    # Beside every spike: a click on one would select its cluster.
    x = next(
        time - origin
        for time in np.linspace(low, high, 202)[1:-1]
        if "spike" not in traces.describe(0, time - origin, 0.0)
    )
    user.ctrl_click(traces, traces.to_pixels(0, x, 0.0))
    user.settle()
    time = amplitudes.cursor
    assert time == pytest.approx(x + origin, abs=0.01)
    assert features.cursor == traces.cursor == time
    n_plots_of_time = sum(c.x.key == "time" for c in features.cells)
    assert features.cursor_line.n_vertices == 2 * n_plots_of_time > 0
    np.testing.assert_allclose(features.cursor_line.vertices["position"][:, 0], time, rtol=1e-6)
    # In these two a click with Ctrl is a corner of the lasso, and marks nothing.
    cell = features.cells[0]
    middle = [(axis.view[0] + axis.view[1]) / 2 for axis in (cell.x, cell.y)]
    user.ctrl_click(features, features.to_pixels(0, *middle))
    user.settle()
    assert features.lasso is not None
    assert features.cursor == traces.cursor == time


def test_spikes_inside_a_lasso_are_pointed_at_in_the_other_views(
    user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, _ = user.view("features"), user.view("amplitudes")
    told: dict[str, Any] = {}
    for name, dock in user.window.view_docks.items():
        if dock.is_made:
            monkeypatch.setattr(
                dock.view, "highlight", lambda ids, name=name: told.update({name: ids})
            )
    cell = next(i for i, c in enumerate(features.cells) if "time" not in (c.x.key, c.y.key))
    (x0, x1), (y0, y1) = features.cells[cell].x.view, features.cells[cell].y.view
    dx, dy = 0.02 * (x1 - x0), 0.02 * (y1 - y0)
    middle = (x0 + x1) / 2
    user.lasso(
        features,
        cell,
        [(x0 + dx, y0 + dy), (middle, y0 + dy), (middle, y1 - dy), (x0 + dx, y1 - dy)],
    )
    user.settle()
    expected = features.spikes_in_lasso(
        user.session.snapshot(), features.params, features.lasso, lambda: False
    )
    assert len(expected) > 0
    assert {name for name, ids in told.items() if np.array_equal(ids, expected)} == set(told)
    assert {"waveforms", "traces", "amplitudes"} <= set(told)
    features.clear_lasso()
    user.settle()
    assert all(len(ids) == 0 for ids in told.values())


# -- what the lasso holds is pointed at as long as the lasso is there ---------------------------


def brush(user: Any, part: float = 0.5) -> NDArray[np.int64]:
    """Draw a lasso around the left part of a plot of features; returns the spikes inside."""
    view = user.view("features")
    cell = next(i for i, c in enumerate(view.cells) if c.x.key == "time")
    (x0, x1), (y0, y1) = view.cells[cell].x.view, view.cells[cell].y.view
    dx, dy = 0.01 * (x1 - x0), 0.01 * (y1 - y0)
    stop = x0 + part * (x1 - x0)
    corners = [(x0 + dx, y0 + dy), (stop, y0 + dy), (stop, y1 - dy), (x0 + dx, y1 - dy)]
    user.lasso(view, cell, corners)
    user.settle()
    dock = user.window.docks["features"]
    found = view.spikes_in_lasso(dock.snapshot, view.params, view.lasso, lambda: False)
    assert len(found) > 0
    return found


def is_pointed_at(view: Any) -> bool:
    return bool(view._pointed.n_vertices > 0)


@pytest.mark.slow
def test_moving_in_time_keeps_what_the_traces_point_at(user: Any) -> None:
    traces = user.view("traces")
    brush(user, 0.95)
    left, top, width, height = traces.layout.boxes[0]
    at = (left + width / 2, top + height / 2)
    user.wheel(traces, at, -8)
    user.settle()
    assert is_pointed_at(traces)
    for _ in range(2):
        before = traces.data
        user.wheel(traces, at, -5, Qt.KeyboardModifier.AltModifier)
        user.settle()
        assert traces.data is not before
        assert is_pointed_at(traces)
    user.press(Qt.Key.Key_Escape)
    assert not is_pointed_at(traces)


@pytest.mark.slow
def test_settings_keep_what_is_pointed_at(user: Any) -> None:
    features, waveforms, amplitudes = map(user.view, ("features", "waveforms", "amplitudes"))
    user.window.show_dock("amplitudes")
    user.settle()
    spikes = brush(user)
    for view, changes in (
        (features, {"n_background": 10}),
        (features, {"dim_masked": False}),
        (features, {"show": "density"}),
        (amplitudes, {"n_spikes": 500}),
        (waveforms, {"n_spikes": 50}),
        (waveforms, {"show": "mean"}),
        (waveforms, {"show": "density"}),
        (waveforms, {"show": "spikes"}),
    ):
        view.change_params(**changes)
        user.settle()
        assert is_pointed_at(view)
        np.testing.assert_array_equal(view.highlighted, spikes)
    for _ in range(2):
        user.press(Qt.Key.Key_M)
        assert is_pointed_at(waveforms)


@pytest.mark.slow
def test_a_view_that_is_made_later_points_at_the_spikes_too(user: Any) -> None:
    window = user.window
    if window.docks["amplitudes"].isVisible():
        window.docks["amplitudes"].close()
    spikes = brush(user)
    window.actions_by_name["new_waveforms"].trigger()
    window.actions_by_name["new_amplitudes"].trigger()
    user.settle()
    for name in ("waveforms 2", "amplitudes 2"):
        window.show_dock(name)
        user.settle()
        np.testing.assert_array_equal(window.docks[name].view.highlighted, spikes)
        assert is_pointed_at(window.docks[name].view)


def test_a_single_spike_that_is_not_among_those_drawn_shows_its_waveform(user: Any) -> None:
    waveforms, features = user.view("waveforms"), user.view("features")
    waveforms.change_params(n_spikes=5)
    user.settle()
    shown = features.data
    cell = next(i for i, c in enumerate(features.cells) if c.x.key == "time")
    plot = shown.plots[cell]
    hidden = np.flatnonzero(
        (shown.colors == 0) & ~np.isin(shown.spike_ids, waveforms.data.spike_ids)
    )
    x, y = shown.values[plot.x][hidden], shown.values[plot.y][hidden]
    (x0, x1), (y0, y1) = features.cells[cell].x.view, features.cells[cell].y.view
    inside = (x > x0 + 0.1 * (x1 - x0)) & (x < x1 - 0.1 * (x1 - x0))
    inside &= (y > y0 + 0.1 * (y1 - y0)) & (y < y1 - 0.1 * (y1 - y0))
    k = int(np.flatnonzero(inside)[0])
    dx, dy = 0.03 * (x1 - x0), 0.03 * (y1 - y0)
    corners = [(x[k] + a * dx, y[k] + b * dy) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    user.lasso(features, cell, corners)
    user.settle()
    assert int(shown.spike_ids[hidden[k]]) in waveforms.highlighted.tolist()
    for show in ("spikes", "mean", "residual", "density"):
        waveforms.change_params(show=show)
        user.settle()
        assert is_pointed_at(waveforms)


@pytest.mark.slow
def test_the_lasso_of_a_paused_view_holds_the_spikes_of_its_clusters(user: Any) -> None:
    features, dock = user.view("features"), user.window.docks["features"]
    shown = tuple(user.session.selected)
    dock.title_bar.buttons["pause"].click()
    user.select(*[c for c in user.session.cluster_ids.tolist() if c not in shown][:2])
    spikes = brush(user)
    own = np.concatenate([dock.snapshot.spikes(c) for c in shown])
    assert np.isin(spikes, own).all()
    np.testing.assert_array_equal(user.view("traces").highlighted, spikes)
    assert is_pointed_at(features)
    # Of the clusters in the waveform view none is inside.
    assert not is_pointed_at(user.view("waveforms"))


@pytest.mark.slow
def test_what_is_pointed_at_goes_with_the_selection_also_when_the_lasso_is_hidden(
    user: Any,
) -> None:
    brush(user)
    user.window.docks["features"].close()
    user.settle()
    assert is_pointed_at(user.view("waveforms"))
    user.press(Qt.Key.Key_Down)
    assert user.view("features").lasso is None
    for view in user.window.views():
        assert len(view.highlighted) == 0


@pytest.mark.slow
def test_a_lasso_that_goes_with_its_dock_points_at_nothing_any_more(user: Any) -> None:
    user.window.actions_by_name["new_amplitudes"].trigger()
    user.settle()
    view = user.window.docks["amplitudes 2"].view
    (x0, x1), (y0, y1) = view.cells[0].x.view, view.cells[0].y.view
    user.lasso(view, 0, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    user.settle()
    waveforms = user.view("waveforms")
    assert is_pointed_at(waveforms)
    user.window.docks["amplitudes 2"].close()
    user.qtbot.waitUntil(lambda: "amplitudes 2" not in user.window.docks, timeout=5_000)
    user.settle()
    assert not is_pointed_at(waveforms)
