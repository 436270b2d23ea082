"""A window on a session with a metric of a script: whatever shows metrics shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.analysis import Metric, MetricSpec, register_metric, unregister_metric
from phygui.gui.dialogs.view_settings import choices_of
from phygui.views.cluster_scatter.view import ClusterScatterParams


@pytest.fixture
def name() -> Iterator[str]:
    spec = MetricSpec(
        "peak_share",
        "peak-share",
        "peak share",
        "largest amplitude over the mean",
        lambda data: Metric(float(np.max(data.amplitudes) / np.mean(data.amplitudes))),
        needs=frozenset({"amplitudes"}),
        form=".2f",
        is_hidden=False,
    )
    register_metric(spec)
    yield spec.name
    unregister_metric(spec.name)


def test_it_has_a_column_a_name_in_filters_an_axis_and_a_row(
    name: str, demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session, table = user.session, user.window.cluster_table
    user.qtbot.waitUntil(lambda: not session.knowledge.missing_metrics(), timeout=20_000)
    shares = {c: session.metrics[c][name].value for c in session.cluster_ids.tolist()}
    column = table.model.columns[table.column_names.index(name)]
    assert not table.view.isColumnHidden(table.column_names.index(name))
    assert table.model.text(min(shares), column) == f"{shares[min(shares)]:.2f}"

    middle = float(np.median(list(shares.values())))
    table.filter.setText(f"Peak-share > {middle}")
    assert {*table.model.cluster_ids} == {c for c, share in shares.items() if share > middle}
    table.filter.setText("peak_shore > 1")
    assert "did you mean peak_share?" in table.problem.text()
    table.filter.setText("")

    field = next(f for f in fields(ClusterScatterParams) if f.name == "x")
    assert "peak share" in choices_of(field.metadata)
    user.window.show_dock("scatter")
    user.settle()
    user.view("scatter").set_params(ClusterScatterParams(x="peak share"))
    user.settle()
    data = user.view("scatter").data
    np.testing.assert_array_equal(data.x, [shares[c] for c in data.cluster_ids])

    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    rows = user.window.suggestions.metrics
    titles = [rows.text_of(row, 0) for row in range(rows.proxy.rowCount())]
    assert "peak-share" in titles


@pytest.mark.slow
def test_the_scatter_fills_as_metrics_come_in(
    name: str, demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.qtbot.waitUntil(lambda: not user.session.knowledge.missing_metrics(), timeout=20_000)
    user.window.show_dock("scatter")
    user.settle()
    user.view("scatter").set_params(ClusterScatterParams(x="L-ratio"))
    user.settle()
    known = dict(user.session.knowledge.metrics)
    user.session.knowledge.metrics.clear()
    user.window.view_docks["scatter"].refresh()
    user.settle()
    assert not hasattr(user.view("scatter").data, "x")
    user.window.background.request()
    user.qtbot.waitUntil(lambda: not user.session.knowledge.missing_metrics(), timeout=20_000)
    user.settle()
    data = user.view("scatter").data
    np.testing.assert_array_equal(data.x, [known[c]["l_ratio"].value for c in data.cluster_ids])
