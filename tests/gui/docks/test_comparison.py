"""Two clusterings compared in their dock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui import DatasetError
from phygui.analysis import agreement
from phygui.gui.base.theme import number_of
from phygui.gui.docks.confusion_map import ConfusionMap
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


@pytest.mark.slow
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
    # What differs is at the top, and by it in the map; the others follow by their ids.
    best = found.jaccard[found.best()]
    shown = [int(table.text_of(r, 0)) for r in range(len(found.ids_a))]
    n_changed = int((best < 1).sum())
    assert set(shown[:n_changed]) == set(found.ids_a[best < 1].tolist())
    assert shown[n_changed:] == sorted(shown[n_changed:])
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


@pytest.mark.parametrize("size", [(500, 420), (170, 130)])
def test_the_map_names_the_clusters_of_both_sides(qtbot: Any, size: tuple[int, int]) -> None:
    first = np.repeat(np.arange(100, 112), 20)
    second = first.copy()
    second[-30:] = 200
    found = agreement(first, second)
    drawn = ConfusionMap()
    qtbot.addWidget(drawn)
    drawn.resize(*size)
    order = np.argsort(found.jaccard[found.best()], kind="stable")
    drawn.set_agreement(found, ("main", "original"), order)
    assert not drawn.grab().isNull()
    names = drawn.names_at()
    left = [(box, text) for box, text, _ in names if box.right() < drawn._plot().left()]
    below = [(box, text) for box, text, _ in names if box.top() > drawn._plot().bottom()]
    assert len(left) + len(below) == len(names)
    if size[0] > 400:
        # All of them, what differs first.
        ids = [str(c) for c in (110, 111, *range(100, 110))]
        assert sorted(text for _, text in left[:2]) == ids[:2]
        assert sorted(text for _, text in left) == sorted(ids)
    assert {text for _, text, differs in names if differs} <= {"110", "111", "200"}
    # Each stands beside its own row or column, and none over another.
    for box, text in left:
        row, _ = drawn.place(drawn._plot().left() + 1, box.center().y())
        assert str(found.ids_a[row]) == text
    for box, text in below:
        _, column = drawn.place(box.center().x(), drawn._plot().top() + 1)
        assert str(found.ids_b[column]) == text
    for boxes, along in (
        (left, lambda box: box.center().y()),
        (below, lambda box: box.center().x()),
    ):
        places = sorted(along(box) for box, _ in boxes)
        assert len(places) > 1
        assert np.diff(places).min() > 9


def floating(user: Any, width: int, height: int) -> Any:
    """The dock with a comparison, as a window of a size."""
    dock = user.window.comparison
    run(user, "compare_clusterings")
    dock.setFloating(True)
    dock.resize(width, height)
    user.settle()
    return dock


def test_in_a_narrow_dock_all_of_the_summary_is_read(onlooker: Any) -> None:
    dock = floating(onlooker, 520, 360)
    note = dock.note
    assert "of the spikes in the best match" in note.text()
    needed = note.fontMetrics().boundingRect(
        note.rect(), number_of(Qt.TextFlag.TextWordWrap), note.text()
    )
    assert note.rect().contains(needed)
    # The table has the larger part of the width.
    assert dock.table.width() > dock.map.width()


def test_in_a_low_dock_all_of_the_map_is_seen(onlooker: Any) -> None:
    dock = floating(onlooker, 900, 162)
    assert dock.height() < 170
    assert dock.map.visibleRegion().boundingRect() == dock.map.rect()
    plot = dock.map._plot()
    # The names of both clusterings, and ids, have their room beside it.
    assert plot.height() > 10
    assert plot.bottom() < dock.map.height() - 30
