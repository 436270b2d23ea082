"""The dock of merge suggestions: going through it, accepting, rejecting, and its preview."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.analysis import merge_score
from phygui.curation.edits.update import in_words
from phygui.curation.statistics import session_statistics
from phygui.curation.suggestions.merging.listed import Suggestion
from phygui.simulate import make_demo
from tests.gui.curator import find_column
from tests.gui.known import copy_known, keep_all


@pytest.fixture(scope="module")
def oversplit_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[frozenset[int]]]:
    folder = tmp_path_factory.mktemp("oversplit")
    demo = make_demo(
        folder,
        n_spikes=8_000,
        n_clusters=14,
        n_channels=16,
        duration=40.0,
        oversplit=("amplitude", "drift"),
        seed=1,
    )
    keep_all(demo.kwik_path)
    return folder, {frozenset((a, b)) for a, b, _ in demo.truth[0].siblings}


@pytest.fixture
def oversplit(oversplit_folder: tuple[Path, Any], tmp_path: Path) -> tuple[Path, set]:
    return copy_known(oversplit_folder[0], tmp_path, "demo"), oversplit_folder[1]


def pairs(user: Any) -> list[tuple[int, int]]:
    return [s.clusters for s in user.window.suggestions.suggestions]


@pytest.mark.slow
def test_suggestions_by_keys(oversplit: tuple[Path, set], open_window: Callable) -> None:
    path, siblings = oversplit
    user = open_window(path)
    session, dock = user.session, user.window.suggestions
    # The quality of clusters goes by them; a hidden dock shows nothing.
    assert not dock.is_on_screen
    assert not session.suggestions.missing()
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert dock.is_on_screen
    assert not session.suggestions.missing()
    # What was waited for has come.
    assert "looking for" not in user.message
    listed = pairs(user)
    assert dock.current == listed[0]
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert dock.current == listed[1]
    assert {frozenset(p) for p in listed[: len(siblings)]} == siblings
    assert dock.current in listed
    user.press(Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    first = dock.current
    assert first == listed[0]
    # The pair is what every view shows, and the preview is of it.
    assert session.selected == list(first)
    assert dock.figure.preview is not None
    assert dock.figure.preview.clusters == first
    before = session.spike_clusters.copy()
    sizes = [len(session.spikes_per_cluster[c]) for c in first]
    assert dock.figure.preview.n_spikes == (*sizes, sum(sizes))
    assert np.array_equal(session.spike_clusters, before)
    told = dock.figure.preview.metrics[2]["violation_rate"].value
    rows = [dock.metrics.text_of(r, 0) for r in range(dock.metrics.proxy.rowCount())]
    assert dock.metrics.text_of(rows.index("viol."), 3) == find_column("violation_rate").text(told)

    # Accept: the pair is one cluster, and the next suggestion is selected.
    user.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    merged = session.history[-1].added[0]
    assert session.history[-1].kind == "merge"
    assert set(session.history[-1].deleted) == set(first)
    assert len(session.spikes_per_cluster[merged]) == sum(sizes)
    assert session.metrics[merged]["violation_rate"].value == told
    assert dock.current == listed[1]
    assert session.selected == list(listed[1])
    assert first not in pairs(user)

    # Reject: nothing of the clustering changes, and it is not suggested any more.
    edits = len(session.history)
    user.press(Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert len(session.history) == edits
    assert listed[1] not in pairs(user)
    assert dock.current != listed[1]
    dock.rejected.setChecked(True)
    user.settle()
    assert listed[1] in pairs(user)
    dock.rejected.setChecked(False)

    # Undo brings the pair back, and its suggestion.
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(session.spike_clusters, before)
    assert first in pairs(user)
    assert user.window.close() or session.is_modified


@pytest.mark.slow
def test_a_rejection_is_remembered_and_can_be_taken_back(
    oversplit: tuple[Path, set], open_window: Callable
) -> None:
    user = open_window(oversplit[0])
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    first = user.window.suggestions.current
    assert first is not None
    user.window.suggestions.reject_button.click()
    user.settle()
    assert first not in pairs(user)
    user.window.close()
    again = open_window(oversplit[0])
    dock = again.window.suggestions
    again.window.show_dock("suggestions")
    again.settle()
    assert first not in pairs(again)
    dock.rejected.setChecked(True)
    again.settle()
    row = pairs(again).index(first)
    index = dock.table.proxy.index(row, 0)
    at = dock.table.visualRect(index).center()
    again.qtbot.mouseClick(
        dock.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at
    )
    again.settle()
    assert dock.current == first
    assert dock.reject_button.text() == "Suggest again"
    dock.reject_button.click()
    dock.rejected.setChecked(False)
    again.settle()
    assert first in pairs(again)


def test_any_two_clusters_can_be_previewed(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    a, b = user.session.cluster_ids[1:3].tolist()
    user.select(a, b)
    before = user.session.spike_clusters.copy()
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    shown = user.window.suggestions.figure.preview
    assert shown is not None
    assert shown.clusters == (a, b)
    assert not shown.is_waveform  # there is no raw data, but there are features
    assert np.array_equal(user.session.spike_clusters, before)
    user.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert user.session.history[-1].kind == "merge"
    assert set(user.session.history[-1].deleted) == {a, b}


def test_a_pair_that_is_gone_is_not_accepted(
    oversplit: tuple[Path, set], open_window: Callable
) -> None:
    user = open_window(oversplit[0])
    session, dock = user.session, user.window.suggestions
    user.window.show_dock("suggestions")
    user.settle()
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    a, _ = dock.current
    session.split(session.spikes_per_cluster[a][:50])
    user.settle()
    assert dock.current is None
    assert not dock.accept_button.isEnabled()
    edits = len(session.history)
    user.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(session.history) == edits
    # The new halves are paired again, and nothing else.
    assert not session.suggestions.missing()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Backspace])
@pytest.mark.slow
def test_a_pair_that_is_not_selected_is_gone_back_to_first(
    key: Any, oversplit: tuple[Path, set], open_window: Callable
) -> None:
    user = open_window(oversplit[0])
    session, dock = user.session, user.window.suggestions
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    pair = dock.current
    user.window.show_dock("similarity")
    user.press(Qt.Key.Key_Down)
    user.press(Qt.Key.Key_Down)
    assert not set(session.selected) & set(pair)
    assert not dock.is_on_screen
    before = pairs(user)
    user.press(key, Qt.KeyboardModifier.ControlModifier)
    assert not session.history
    assert dock.is_on_screen
    assert dock.current == pair
    assert session.selected == list(pair)
    assert "did nothing else" in user.message
    assert pairs(user) == before
    # Now that it is seen, the same key does what it says.
    user.press(key, Qt.KeyboardModifier.ControlModifier)
    assert pair not in pairs(user)
    assert len(session.history) == (key == Qt.Key.Key_Return)


@pytest.mark.slow
def test_the_next_suggestion_comes_also_when_it_is_found_later(
    oversplit: tuple[Path, set], open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(oversplit[0])
    session, dock = user.session, user.window.suggestions
    a, b, c, d, e, f = session.cluster_ids[:6].tolist()

    def ranked(*_: object, **__: object) -> list[Suggestion]:
        found = [(a, b)]
        if a not in session.spikes_per_cluster and not session.suggestions.missing():
            found = [(c, d), (e, f)]
        living = [p for p in found if all(x in session.spikes_per_cluster for x in p)]
        return [Suggestion(pair, merge_score(1.0, 1.0, 1.0), False) for pair in living]

    monkeypatch.setattr(session.suggestions, "ranked", ranked)
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert dock.current == (a, b)
    user.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert pairs(user) == [(c, d), (e, f)]
    assert dock.current == (c, d)
    assert session.selected == [c, d]
    assert dock.figure.preview.clusters == (c, d)
    # Who goes elsewhere while it is looked for is left there.
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    user.press(Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert dock.current == (a, b)
    user.window.attempt(dock.accept)
    session.select([e])
    user.settle()
    assert session.selected == [e]
    assert dock.current is None


@pytest.mark.slow
def test_a_preview_is_of_all_selected_clusters(demo: Path, open_window: Callable) -> None:
    user = open_window(demo)
    session, dock = user.session, user.window.suggestions
    ids = session.cluster_ids[:3].tolist()
    user.select(*ids)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    shown = dock.figure.preview
    sizes = [len(session.spikes_per_cluster[c]) for c in ids]
    assert shown.clusters == dock.current == tuple(ids)
    assert shown.n_spikes == (*sizes, sum(sizes))
    assert len(shown.rates) == len(ids) + 2
    assert len(shown.shapes) == len(shown.metrics) == len(ids) + 1
    titles = [
        dock.metrics.content.headerData(k, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
        for k in range(dock.metrics.content.columnCount())
    ]
    assert titles == ["metric", *map(str, ids), "merged", "change"]
    assert len(dock.metrics.content.index(0, 0).data()) > 0

    def colors() -> set[str]:
        found = dock.metrics.content
        every = [
            found.index(row, column).data(Qt.ItemDataRole.ForegroundRole)
            for row in range(found.rowCount())
            for column in range(found.columnCount())
        ]
        return {of.color().name() for of in every if of is not None}

    # Its colours are those of the selection, and go with it.
    assert colors()
    figure = dock.figure
    user.select(ids[2], ids[0], ids[1])
    assert figure.places == [1, 2, 0]
    assert not figure.note
    user.select(ids[0], ids[1])
    assert figure.preview is shown
    assert figure.places is None
    assert figure.note == f"{in_words(ids)}: not what is selected now"
    assert not dock.metrics.isEnabled()
    assert not colors()
    user.select(*ids)
    assert figure.places == [0, 1, 2]
    assert dock.metrics.isEnabled()
    # Only pairs are suggested, so only they can be rejected.
    assert not dock.reject_button.isEnabled()
    user.press(Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert dock.current == tuple(ids)
    user.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert set(session.history[-1].deleted) == set(ids)


def test_accepting_faster_than_edits_are_shown_goes_on_to_a_pair_that_lives(
    oversplit: tuple[Path, set], open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(oversplit[0])
    session, dock = user.session, user.window.suggestions
    a, b, c, d, e, f, g = session.cluster_ids[:7].tolist()
    suggested = [(a, b), (c, d), (a, e), (f, g)]

    def ranked(*_: object, **__: object) -> list[Suggestion]:
        living = [p for p in suggested if all(x in session.spikes_per_cluster for x in p)]
        return [Suggestion(pair, merge_score(1.0, 1.0, 1.0), False) for pair in living]

    monkeypatch.setattr(session.suggestions, "ranked", ranked)
    user.window.show_dock("suggestions")
    user.settle()
    dock.step(1)
    user.settle()
    assert dock.current == (a, b)
    # The list is as it was before the first merge while it is on its way to the disk.
    monkeypatch.setattr(dock, "refresh", lambda: None)
    for _ in range(2):
        user.window.attempt(dock.accept)
    assert dock.current == (f, g)
    assert "no cluster" not in user.message
    monkeypatch.undo()
    user.settle()
    assert [set(u.deleted) for u in session.history] == [{a, b}, {c, d}]


def test_without_features_and_raw_data_nothing_is_suggested(
    hybrid: Path, open_window: Callable
) -> None:
    hybrid.with_suffix(".kwx").unlink()
    user = open_window(hybrid)
    user.window.show_dock("suggestions")
    user.settle()
    assert pairs(user) == []
    assert "neither features nor raw data" in user.window.suggestions.note.text()
    a, b = user.session.cluster_ids[:2].tolist()
    user.select(a, b)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    shown = user.window.suggestions.figure.preview
    assert shown is not None
    assert shown.shapes is None
    assert shown.amplitudes is None
    assert shown.metrics[2]["violation_rate"].is_defined


def test_the_list_follows_what_navigation_passes_over(
    oversplit: tuple[Path, set], open_window: Callable
) -> None:
    user = open_window(oversplit[0])
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    noisy = pairs(user)[0]
    user.session.move(noisy, "noise")
    user.settle()
    assert noisy not in pairs(user)
    user.window.actions_by_name["skip"].trigger()
    assert noisy in pairs(user)
    user.window.actions_by_name["skip"].trigger()
    assert noisy not in pairs(user)


def test_no_preview_of_other_clusters_is_left_where_there_is_none(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    user = open_window(demo)
    session, dock = user.session, user.window.suggestions
    a, b, c = session.cluster_ids[:3].tolist()
    user.select(a, b)
    dock.show_selected()
    user.settle()
    assert dock.figure.preview is not None
    monkeypatch.setattr("phygui.curation.statistics.session_statistics.preview", fails)
    user.select(a, c)
    dock.show_selected()
    user.settle()
    assert "the disk is gone" in user.message
    assert dock.current == (a, c)
    assert dock.figure.preview is None
    assert not dock.metrics.content.rowCount()


@pytest.mark.parametrize("is_back_soon", [False, True])
def test_a_preview_that_was_given_up_with_the_dock_comes_when_it_is_back(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch, is_back_soon: bool
) -> None:
    plain, may_go_on = session_statistics.preview, threading.Event()

    def slowly(*args: Any, **how: Any) -> Any:
        assert may_go_on.wait(20)
        return plain(*args, **how)

    user = open_window(demo)
    dock = user.window.suggestions
    a, b, c = user.session.cluster_ids[:3].tolist()
    user.select(a, b)
    dock.show_selected()
    user.settle()
    assert dock.figure.preview.clusters == (a, b)
    user.select(a, c)
    monkeypatch.setattr(session_statistics, "preview", slowly)
    dock.show_selected()
    dock.close()
    if is_back_soon:
        dock.bring_to_front()
        user.qtbot.waitUntil(lambda: dock.is_on_screen, timeout=5_000)
    may_go_on.set()
    user.settle()
    dock.bring_to_front()
    user.settle()
    assert dock.current == (a, c)
    assert dock.figure.preview.clusters == (a, c)
