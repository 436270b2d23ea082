"""History: one stack, and what it knows of the saved state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.curation.history import History
from phygui.curation.update import EditError, Update


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
