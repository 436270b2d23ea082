"""Automatic split by keys: parts in every view, their number, accepted or dropped; and the list."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from phygui import Session
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.simulate import make_demo
from phygui.views.core.colors import cluster_color
from tests.gui.curator import CTRL, SHIFT, snippet
from tests.gui.known import keep_all


@pytest.fixture(scope="module")
def merged_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A small demo in which two units have been merged, and the cluster that holds both."""
    folder = tmp_path_factory.mktemp("merged")
    path = make_demo(
        folder, n_spikes=5_000, n_clusters=8, n_channels=16, duration=40.0, seed=1
    ).kwik_path
    with Session.open(path) as session:
        session.learn_stats()
        a = int(session.cluster_ids[0])
        session.select([a])
        b = session.similar()[-1][0]
        both = session.merge([a, b]).added[0]
        session.save()
    keep_all(path)
    return folder, both


@pytest.fixture
def merged(merged_folder: tuple[Path, int], tmp_path: Path) -> tuple[Path, int]:
    shutil.copytree(merged_folder[0], tmp_path, dirs_exist_ok=True)
    return tmp_path / "demo.kwik", merged_folder[1]


@pytest.mark.slow
def test_parts_are_seen_in_every_view_then_made_or_dropped(
    merged: tuple[Path, int], open_window: Callable
) -> None:
    path, both = merged
    user = open_window(path)
    session, window = user.session, user.window
    user.select(both)
    before, edits = session.spike_clusters.copy(), len(session.history)
    user.press(Qt.Key.Key_K, SHIFT)
    proposal = session.shown.proposal
    assert proposal is not None
    first = proposal.parts.n_parts
    assert first > 1
    assert user.message == (
        f"{first} parts of cluster {both} · "
        "Return splits, + and - change the number, Escape drops it"
    )
    # All that show the selection show the parts instead.
    for kind in ("features", "waveforms", "correlograms", "traces"):
        assert user.view(kind).drawn.cluster_ids == proposal.ids, kind
    assert session.selected == [both]
    assert np.array_equal(session.spike_clusters, before)
    assert window.tables._color_of(both) is None
    dock = window.splits
    assert dock.is_on_screen
    shown = dock.figure.preview
    assert shown is not None
    assert shown.clusters == proposal.ids
    assert shown.n_spikes == (*map(len, proposal.spikes.values()), len(proposal.parts.spike_ids))
    assert dock.evidence.text() == proposal.parts.evidence.in_words()

    # Another number, as typed on any keyboard.
    user.press(Qt.Key.Key_Plus)
    assert session.shown.proposal.parts.n_parts == first + 1
    user.press(Qt.Key.Key_Minus)
    assert session.shown.proposal.parts.n_parts == first
    user.press(Qt.Key.Key_Minus)
    user.press(Qt.Key.Key_Equal)
    assert session.shown.proposal.parts.n_parts == first
    user.press(Qt.Key.Key_Plus, Qt.KeyboardModifier.KeypadModifier)
    assert session.shown.proposal.parts.n_parts == first + 1
    user.press(Qt.Key.Key_Minus, Qt.KeyboardModifier.KeypadModifier)
    assert session.shown.proposal.parts.n_parts == first
    assert user.view("features").drawn.cluster_ids == session.shown.proposal.ids
    user.press(Qt.Key.Key_Escape)
    assert session.shown.proposal is None
    assert user.message == ""
    assert user.view("features").drawn.cluster_ids == (both,)
    assert dock.figure.preview is None
    assert len(session.history) == edits

    # Accepted, they are what was shown, in one edit.
    user.press(Qt.Key.Key_K, SHIFT)
    ids, spikes = session.shown.proposal.ids, session.shown.proposal.spikes
    user.press(Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert len(session.history) == edits + 1
    assert session.selected == list(ids)
    assert session.shown.proposal is None
    for each in ids:
        assert np.array_equal(session.spikes_per_cluster[each], spikes[each])
    user.press(Qt.Key.Key_Z, CTRL)
    assert np.array_equal(session.spike_clusters, before)
    assert session.selected == [both]


def hues(view: Any) -> set[int]:
    """Which of the first colours of clusters a picture of a view has."""
    pixels = view.render()[..., :3].reshape(-1, 3).astype(int)
    near = [np.abs(pixels - cluster_color(k)).max(axis=1) <= 3 for k in range(6)]
    return {k for k, found in enumerate(near) if found.sum() > 20}


@pytest.mark.slow
@pytest.mark.roomy
def test_each_part_is_drawn_in_a_colour_of_its_own(
    merged: tuple[Path, int], open_window: Callable
) -> None:
    path, both = merged
    user = open_window(path)
    user.window.layout_keeper.show("Overview")
    user.settle()
    user.select(both)
    shown = ("correlograms", "features", "probe", "scatter")
    user.window.show_dock("correlograms")
    user.window.show_dock("features")
    for floats in ("correlograms", "features"):
        user.window.docks[floats].setFloating(True)
    user.settle()
    assert [hues(user.view(kind)) for kind in shown] == [{0}] * len(shown)
    user.press(Qt.Key.Key_K, SHIFT)
    n = user.session.shown.proposal.parts.n_parts
    assert [hues(user.view(kind)) for kind in shown] == [set(range(n))] * len(shown)
    # A part is no cluster that could be selected by a click.
    selected = user.session.selected
    user.window.select_pair(*user.session.shown.proposal.ids[:2])
    assert "are proposed" in user.message
    assert user.session.selected == selected
    user.press(Qt.Key.Key_Escape)
    assert [hues(user.view(kind)) for kind in shown] == [{0}] * len(shown)


@pytest.mark.slow
def test_what_comes_next_ends_a_proposal_and_its_message(
    merged: tuple[Path, int], open_window: Callable
) -> None:
    path, both = merged
    user = open_window(path)
    session = user.session
    other = next(c for c in session.cluster_ids.tolist() if c != both)
    user.select(both)
    user.press(Qt.Key.Key_K, SHIFT)
    user.select(other)
    assert session.shown.proposal is None
    assert user.message == ""
    assert user.view("features").drawn.cluster_ids == (other,)
    # Keys of a proposal do nothing then, and say why.
    edits = len(session.history)
    user.press(Qt.Key.Key_Return)
    assert len(session.history) == edits
    user.press(Qt.Key.Key_Plus)
    assert "no parts are proposed" in user.message
    user.select(both)
    user.press(Qt.Key.Key_K, SHIFT)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    assert session.shown.proposal is None
    assert "·" not in user.message
    assert len(session.history) == edits + 1


def test_a_cluster_that_is_seen_in_parts_stays_when_more_is_known(
    merged: tuple[Path, int], open_window: Callable
) -> None:
    user = open_window(merged[0])
    session, window = user.session, user.window
    last = session.wizard.best_queue()[-1]
    session.select([last])
    window.first_choice.count_as_chosen()
    window.splitting.propose()
    window.first_choice.follow()
    assert session.selected == [last]
    user.settle()
    window.first_choice.count_as_chosen()
    window.first_choice.follow()
    assert session.selected == [last]
    user.press(Qt.Key.Key_Escape)
    window.first_choice.count_as_chosen()
    window.first_choice.follow()
    assert session.selected != [last]


@pytest.mark.slow
def test_parts_that_come_too_late_are_not_shown(
    merged: tuple[Path, int], open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(merged[0])
    session, window = user.session, user.window
    user.select(merged[1])
    spikes = session.spikes_per_cluster[merged[1]]
    late = Parts((merged[1],), spikes, np.arange(len(spikes)) % 2)

    def at_once(*_: Any) -> Callable:
        return lambda cancelled: late

    monkeypatch.setattr(session.suggestions, "parts_job", at_once)
    window.splitting.propose()
    session.select([int(session.cluster_ids[0])])
    user.settle()
    assert session.shown.proposal is None
    # A range of time that is chosen meanwhile is no reason to: parts are those of whole clusters.
    user.select(merged[1])
    window.splitting.propose()
    session.set_time_range(1.0, 5.0)
    user.settle()
    assert session.shown.proposal.parts is late
    user.press(Qt.Key.Key_Escape)
    session.clear_time_range()
    user.settle()
    # What is not there yet can be given up.
    user.select(merged[1])
    window.splitting.propose()
    window.splitting.drop()
    user.settle()
    assert session.shown.proposal is None
    assert user.message == ""


@pytest.mark.slow
def test_keys_of_a_proposal_are_typed_into_lines(
    merged: tuple[Path, int], open_window: Callable
) -> None:
    path, both = merged
    user = open_window(path)
    session, window = user.session, user.window
    user.select(both)
    user.press(Qt.Key.Key_K, SHIFT)
    proposal, edits = session.shown.proposal, len(session.history)
    user.qtbot.keyClick(window.cluster_table.view, Qt.Key.Key_F, CTRL)
    line = window.cluster_table.filter
    QTest.keyClicks(line, "id>-1+0=")
    assert line.text() == "id>-1+0="
    QTest.keyClick(line, Qt.Key.Key_Return)
    line.clear()
    user.qtbot.keyClick(window.cluster_table.view, Qt.Key.Key_Colon)
    QTest.keyClicks(window.snippets.line, "t 1.5")
    QTest.keyClick(window.snippets.line, Qt.Key.Key_Return)
    user.settle()
    assert window.snippets.isHidden()
    assert session.shown.proposal is proposal
    assert len(session.history) == edits
    assert user.view("traces").cursor == 1.5


@pytest.mark.slow
def test_split_suggestions_by_keys(merged: tuple[Path, int], open_window: Callable) -> None:
    path, both = merged
    user = open_window(path)
    session, dock = user.session, user.window.splits
    # A hidden dock computes nothing.
    assert session.suggestions.missing_splits()
    user.press(Qt.Key.Key_Down, CTRL | SHIFT)
    assert not session.suggestions.missing_splits()
    assert dock.is_on_screen
    assert both in [s.cluster for s in dock.suggestions]
    while dock.current != (both,):
        user.press(Qt.Key.Key_Down, CTRL | SHIFT)
    assert session.selected == [both]
    assert dock.figure.preview.clusters == session.shown.proposal.ids
    assert dock.evidence.text() == session.shown.proposal.parts.evidence.in_words()
    # Rejected, it is not suggested any more, and not shown; and it can be taken back.
    edits = len(session.history)
    user.press(Qt.Key.Key_Backspace, CTRL | SHIFT)
    assert both not in [s.cluster for s in dock.suggestions]
    assert dock.current != (both,)
    assert len(session.history) == edits
    dock.rejected.setChecked(True)
    row = [s.cluster for s in dock.suggestions].index(both)
    at = dock.table.visualRect(dock.table.proxy.index(row, 0)).center()
    user.qtbot.mouseClick(
        dock.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at
    )
    user.settle()
    assert dock.reject_button.text() == "Suggest again"
    dock.reject_button.click()
    dock.rejected.setChecked(False)
    user.settle()
    assert dock.current == (both,)
    # Accepted from the list, as by the key.
    ids = session.shown.proposal.ids
    dock.accept_button.click()
    user.settle()
    assert session.selected == list(ids)
    assert both not in [s.cluster for s in dock.suggestions]


def test_split_by_a_condition_is_typed(merged: tuple[Path, int], open_window: Callable) -> None:
    path, both = merged
    user = open_window(path)
    session, edits = user.session, len(user.session.history)
    user.select(both)
    n = len(session.spikes_per_cluster[both])
    snippet(user, "split time < 20")
    assert session.history[-1].kind == "split"
    assert user.message.endswith("by time < 20")
    times = [session.shank.spike_samples[session.spikes_per_cluster[c]] for c in session.selected]
    assert sum(map(len, times)) == n
    assert min(t.max() for t in times) < 20 * session.shank.sample_rate <= max(map(min, times))
    user.press(Qt.Key.Key_Z, CTRL)
    # What holds for no spike is said, and what makes no sense is said where it stands.
    snippet(user, "split time < -1")
    assert "nothing to split" in user.message
    snippet(user, "split tme < 1")
    assert user.window.snippets.isVisible()
    assert "tme" in user.window.snippets.message.text()
    QTest.keyClick(user.window.snippets.line, Qt.Key.Key_Escape)
    assert session.history_position == edits


def test_pairs_of_new_clusters_are_looked_for_while_their_list_is_hidden(
    merged: tuple[Path, int], open_window: Callable
) -> None:
    """What the list passes over is asked for clusters too that it has never shown."""
    user = open_window(merged[0])
    user.window.show_dock("suggestions")
    user.settle()
    user.window.show_dock("history")
    user.settle()
    assert not user.window.suggestions.is_on_screen
    one = max(set(user.session.spikes_per_cluster) - {merged[1]}, key=user.session.quality)
    update = user.session.split(user.session.spikes_per_cluster[one][::2])
    user.settle()
    done, total = user.session.suggestions.progress()
    assert done == total
    user.window.show_dock("suggestions")
    user.settle()
    assert tuple(sorted(update.added)) in user.window.suggestions._listed
