"""What one view shows the others: a time, and the spikes inside a lasso."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def user(demo: Path, open_window: Callable[..., Any]) -> Any:
    return open_window(demo)


def test_a_time_clicked_in_one_view_is_marked_in_all(user: Any) -> None:
    rates, *_ = [user.view(name) for name in ("rates", "raster", "amplitudes", "features")]
    rates.time_clicked.emit(12.5)
    user.settle()
    assert user.view("traces").params.time == 12.5
    cursors = {v.name: v.cursor for v in user.window.views() if hasattr(v, "cursor")}
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
    for view in user.window.views():
        monkeypatch.setattr(view, "highlight", lambda ids, name=view.name: told.update({name: ids}))
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
