"""Two clusterings compared in their dock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from phygui import DatasetError
from phygui.simulate import make_demo
from tests.gui.curator import click_row, run


def test_what_is_compared_is_the_active_clustering(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    window, dock = user.window, user.window.comparison

    def chosen() -> tuple[str, str]:
        return dock.first.currentText(), dock.second.currentText()

    user.window.switching.copy_to("mine")
    user.settle()
    assert user.session.clustering == "mine"
    run(user, "compare_clusterings")
    assert chosen() == ("mine", "original")
    # What is shown stays as it is until it is asked for again.
    window.switching.switch(clustering="main")
    user.settle()
    assert chosen() == ("mine", "original")
    run(user, "compare_clusterings")
    assert chosen() == ("main", "original")
    # What the user has chosen beside the active one stays.
    dock.second.setCurrentText("mine")
    dock.second.activated.emit(0)
    user.settle()
    window.switching.switch(clustering="mine")
    user.settle()
    run(user, "compare_clusterings")
    assert chosen() == ("mine", "main")
    dock.second.setCurrentText("mine")
    dock.second.activated.emit(0)
    run(user, "compare_clusterings")
    assert chosen() == ("mine", "original")


def test_what_was_compared_of_another_channel_group_is_not_shown(
    tmp_path: Path, open_window: Callable
) -> None:
    # Both have as many spikes.
    make_demo(
        tmp_path, n_spikes=4_000, n_clusters=10, n_channels=8, duration=30.0, n_channel_groups=2
    )
    user = open_window(tmp_path / "demo.kwik")
    window, session, dock = user.window, user.session, user.window.comparison
    first, second = session.model.channel_groups
    run(user, "compare_clusterings")
    assert dock.agreement is not None
    dock.close()
    window.switching.switch(second)
    user.settle()
    assert dock.agreement is None
    # Nor what was still on its way.
    dock.compare()
    session.switch(first)
    user.settle()
    assert dock.agreement is None
    window.show_dock("comparison")
    user.settle()
    assert dock.agreement is not None


def test_a_comparison_that_fails_is_not_waited_for(
    hybrid: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise DatasetError("the clustering is gone")

    user = open_window(hybrid)
    monkeypatch.setattr("phygui.gui.docks.comparison.agreement", fails)
    run(user, "compare_clusterings")
    assert user.message == "the clustering is gone"
    assert user.window.comparison.note.text() == "not compared"


def test_comparing_tells_which_cluster_went_where(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    session, dock = user.session, user.window.comparison
    a, b, c = session.cluster_ids[:3].tolist()
    original = np.asarray(session.model.spike_clusters).copy()
    new = session.merge([a, b]).added[0]
    half = session.spikes_per_cluster[c][: len(session.spikes_per_cluster[c]) // 2]
    session.split(half)
    user.settle()
    run(user, "compare_clusterings")
    assert (dock.first.currentText(), dock.second.currentText()) == ("main", "original")
    found = dock.agreement
    assert found is not None
    assert found.n_spikes == len(original)
    table = dock.table
    row = next(r for r in range(len(found.ids_a)) if table.text_of(r, 0) == str(new))
    assert table.text_of(row, 2) == f"{(np.isin(original, [a, b])).sum():,d}"
    went = table.text_of(row, 8)
    share = (original == a).sum() / np.isin(original, [a, b]).sum()
    assert f"{a} ({share:.1%})" in went
    assert f"{b} (" in went
    click_row(user, table, row)
    assert session.selected == [new]

    dock.swap_button.click()
    user.settle()
    assert dock.agreement.ids_a.tolist() == np.unique(original).tolist()
    row = next(r for r in range(table.proxy.rowCount()) if table.text_of(r, 0) == str(c))
    click_row(user, table, row)
    assert len(session.selected) == 2
    assert set(session.selected) <= set(session.cluster_ids.tolist())
    session.undo()
    user.settle()
    assert "edited since" in dock.note.text()
    dock.compare_button.click()
    user.settle()
    assert "edited since" not in dock.note.text()

    # The picture says what the table says, also under the mouse.
    place = int(np.flatnonzero(dock.agreement.ids_a == a)[0])
    column = int(dock.agreement.columns[dock.agreement.pairs_of(place)][0])
    assert f"({1:.1%}) of cluster {a}" in dock.map.words(place, column)
