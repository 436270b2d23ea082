"""History: one stack, and what it knows of the saved state."""

from __future__ import annotations

import gc
import os
import tracemalloc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.curation.edits.clustering import Clustering
from phygui.curation.edits.history import History
from phygui.curation.edits.parts import Parts
from phygui.curation.edits.update import EditError, Update
from phygui.curation.opened import Curation
from phygui.curation.session import Session
from phygui.storage.state.scratch import Place, Scratch


def edit(name: object) -> Update:
    return Update("group", str(name))


@given(st.lists(st.sampled_from(["edit", "undo", "redo", "save"]), max_size=40))
def test_history_equals_two_lists(steps):
    history = History()
    done: list[str] = []
    undone: list[str] = []
    saved: list[str] | None = []
    for n, step in enumerate(steps):
        if step == "edit":
            history.record(edit(n))
            done.append(str(n))
            undone.clear()
        elif step == "undo":
            if not done:
                with pytest.raises(EditError, match="nothing to undo"):
                    history.undo()
                continue
            update = history.undo()
            assert (update.description, update.cause) == (done[-1], "undo")
            undone.append(done.pop())
        elif step == "redo":
            if not undone:
                with pytest.raises(EditError, match="nothing to redo"):
                    history.redo()
                continue
            update = history.redo()
            assert (update.description, update.cause) == (undone[-1], "redo")
            done.append(undone.pop())
        else:
            history.mark_saved(history.state())
            saved = list(done)
        assert [u.description for u in history.updates] == done + undone[::-1]
        assert history.position == len(done)
        assert history.can_undo == bool(done)
        assert history.can_redo == bool(undone)
        assert history.is_modified == (saved != done)
        # What asks whether to save must have a number to say.
        assert (history.n_unsaved > 0) == history.is_modified


def test_a_save_that_ends_after_its_branch_was_left_does_not_count():
    history = History()
    history.record(edit("a"))
    state = history.state()
    history.undo()
    history.record(edit("b"))
    history.mark_saved(state)
    assert history.is_modified
    history.undo()
    assert history.is_modified


def test_an_edit_made_while_saving_stays_unsaved():
    history = History()
    history.record(edit("a"))
    state = history.state()
    history.record(edit("b"))
    history.mark_saved(state)
    assert history.is_modified
    assert history.n_unsaved == 1
    history.undo()
    assert not history.is_modified


def test_a_save_that_ends_before_an_edit_is_taken_back_counts():
    history = History()
    history.record(edit("a"))
    saved = history.state()
    history.undo()
    # What is in effect is what the file holds, as far as is known while the save runs.
    assert not history.is_modified
    memento = history.memento()
    history.record(edit("b"))
    history.mark_saved(saved)
    history.take_back(memento)
    assert [u.description for u in history.updates] == ["a"]
    assert history.position == 0
    # The file holds the edit that was undone.
    assert history.saved_position == 1
    assert history.is_modified


def test_the_spikes_of_older_edits_are_on_the_disk_and_come_back(session, monkeypatch, state_of):
    monkeypatch.setattr("phygui.curation.edits.history.IN_MEMORY", 0)
    first = state_of(session)
    states, updates = [], []
    before = [path.name for path in session.journal.keeper.folder.iterdir()]
    for _ in range(3):
        ids = session.cluster_ids.tolist()
        updates.append(session.merge(ids[-3:]))
        updates.append(session.split(session.spikes_per_cluster[session.selected[0]][::3]))
        spikes = np.sort(np.concatenate([session.spikes_per_cluster[c] for c in ids[:2]]))
        updates.append(session.assign(spikes, np.arange(len(spikes)) % 12))
        states.append(state_of(session)[:4])
    assert all(callable(update.before._source) for update in updates)
    assert sorted(before) == ["lock"]
    assert sorted(p.name for p in session.journal.keeper.folder.iterdir()) == ["journal", "lock"]
    for state in reversed(states):
        assert state_of(session)[:4] == state
        for _ in range(3):
            session.undo()
    assert state_of(session)[:4] == first[:4]
    for update in updates:
        session.redo()
        held = {c: session.spikes_per_cluster[c].tolist() for c in update.added}
        assert {c: s.tolist() for c, s in update.after.items()} == held
    assert state_of(session)[:4] == states[-1]


def test_memory_does_not_follow_the_number_of_merges(small, monkeypatch):
    monkeypatch.setattr("phygui.curation.edits.history.IN_MEMORY", 1 << 20)
    n_spikes, n_merges = 200_000, 40
    clusters = np.zeros(n_spikes, np.int32)
    clusters[: 100 * n_merges] = np.arange(100 * n_merges) % n_merges + 1
    with Session.open(small) as session:
        old = session.workspace.active
        new = Curation(0, "main", Clustering(clusters), old.groups, old.labels)
        session.workspace.active = session.workspace.curations[0, "main"] = new
        tracemalloc.start()
        try:
            big = 0
            for n in range(1, n_merges + 1):
                big = session.merge([big, n]).added[0]
            held, _ = tracemalloc.get_traced_memory()
            while session.can_undo:
                session.undo()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        one = n_spikes * 8
        assert held < 3 * one + (2 << 20)
        assert peak < 6 * one + (4 << 20)
        np.testing.assert_array_equal(session.spike_clusters, clusters)


@pytest.mark.parametrize("is_late", [False, True])
def test_the_spikes_of_an_edit_that_was_undone_and_forgotten_are_let_go(tmp_path, is_late):
    clustering, history = Clustering(np.repeat([4, 5, 6], 10)), History()
    place = Place(Scratch(tmp_path), 0, 0)
    made = clustering.merge([4, 5])
    update = replace(made, before=Parts(made.before), after=Parts(made.after))
    spikes = weakref.ref(update.after[update.added[0]])
    history.record(update)
    if not is_late:
        history.on_disk(update, place)
    history.undo()
    history.record(clustering.merge([5, 6]))
    if is_late:
        history.on_disk(update, place)
    del made, update
    gc.collect()
    assert spikes() is None


def test_what_was_recovered_needs_no_memory_either(small, monkeypatch, crashed, state_of):
    monkeypatch.setattr("phygui.curation.edits.history.IN_MEMORY", 0)
    session = Session.open(small)
    first = state_of(session)[:3]
    session.merge([3, 4])
    session.split(session.spikes_per_cluster[5][::2])
    session.undo()
    session.merge([6, 7])
    last = state_of(session)
    crashed(session)
    with Session.open(small, recover=True) as session:
        assert state_of(session) == last
        assert all(callable(update.before._source) for update in session.history)
        session.move([8], "good")
        while session.can_undo:
            session.undo()
        assert state_of(session)[:3] == first
        while session.can_redo:
            session.redo()
        assert state_of(session)[0] == last[0]


def test_an_edit_whose_spikes_are_gone_says_so_and_nothing_changes(session, monkeypatch, state_of):
    monkeypatch.setattr("phygui.curation.edits.history.IN_MEMORY", 0)
    session.merge([3, 4])
    session.move([9], "good")
    session.undo()
    os.ftruncate(session.journal.keeper._journal._scratch._file.fileno(), 10)
    before = state_of(session)
    with pytest.raises(EditError, match="can no longer be read"):
        session.undo()
    assert state_of(session) == before
    session.redo()
