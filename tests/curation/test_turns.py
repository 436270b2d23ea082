"""A closed session is closed, a forked child leaves it alone, and threads take turns."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from phygui.curation.edits.update import EditError
from phygui.curation.session import Session
from phygui.errors import DatasetError, UnsavedEditsWarning
from phygui.storage.state.journal import read_journal

CHANGES = {
    "merge": lambda s: s.merge([5, 6]),
    "split": lambda s: s.split(s.spikes_per_cluster[7][::2]),
    "move": lambda s: s.move([8], "good"),
    "label": lambda s: s.label([8], "note", "x"),
    "undo": lambda s: s.undo(),
    "redo": lambda s: s.redo(),
    "save": lambda s: s.save(),
    "save a copy": lambda s: s.save_copy(s.path.with_name("copy.kwik")),
    "copy": lambda s: s.copy_clustering("other"),
    "protect": lambda s: s.set_editable(False),
    "recover": lambda s: s.recover(),
}


def contents(path):
    files = sorted(p for p in path.parent.rglob("*") if p.is_file())
    return {p: p.read_bytes() for p in files}


@pytest.mark.parametrize("name", CHANGES)
def test_a_closed_session_refuses_and_touches_nothing(small, name):
    session = Session.open(small)
    session.merge([3, 4])
    session.move([9], "good")
    session.undo()
    session.close()
    before = contents(small)
    with pytest.raises((EditError, DatasetError), match="has been closed"):
        CHANGES[name](session)
    session.close()
    assert session.is_closed
    assert contents(small) == before


def test_a_closed_session_does_not_spoil_the_recovery_of_the_next_one(small, crashed, state_of):
    old = Session.open(small)
    old.merge([3, 4])
    old.close()
    session = Session.open(small, recover=True)
    session.move([9], "good")
    with pytest.raises(EditError, match="closed"):
        old.merge([5, 6])
    session.move([8], "good")
    expected = state_of(session)
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert state_of(again) == expected


def test_a_save_that_was_prepared_before_the_end_is_not_done_after_it(small):
    session = Session.open(small)
    session.merge([3, 4])
    (job,) = session.saves.jobs()
    session.close()
    before = small.read_bytes()
    with pytest.raises(DatasetError, match="closed"):
        job.run()
    assert small.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("name", CHANGES)
def test_a_forked_child_refuses_and_leaves_everything_to_its_parent(session, small, name):
    session.merge([3, 4])
    before = contents(small)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            CHANGES[name](session)
        except (EditError, DatasetError) as error:
            status = 0 if "belongs to process" in str(error) else 2
        finally:
            session.close()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert contents(small) == before
    session.move([9], "good")
    assert session.save()[0].n_edits == 2


def test_threads_take_turns(small, crashed):
    session = Session.open(small)
    ids = session.cluster_ids.tolist()
    seen = []
    session.clustered.connect(lambda update: seen.append(update.description))
    old, barrier = sys.getswitchinterval(), threading.Barrier(4)
    sys.setswitchinterval(1e-6)

    def work(n):
        barrier.wait()
        for c in ids[n::4]:
            session.label([c], "note", str(n))
            session.split(session.spikes_per_cluster[c][::2])
            session.undo() if n % 2 else session.save()

    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(work, range(4)))
    finally:
        sys.setswitchinterval(old)
    used = [c for update in session.history for c in update.added]
    assert len(set(used)) == len(used), "an id was used twice"
    assert not read_journal(session.journal.keeper.journal_path).damage
    clusters = session.spike_clusters.tolist()
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert again.spike_clusters.tolist() == clusters


def test_a_session_in_a_window_belongs_to_its_thread(session):
    session.dispatch = lambda action: action()

    def elsewhere():
        for change in (CHANGES["merge"], lambda s: s.select([3]), CHANGES["save"]):
            with pytest.raises(EditError, match="belongs to the thread of the window"):
                change(session)

    with ThreadPoolExecutor(1) as other:
        other.submit(elsewhere).result()
    session.merge([3, 4])
    session.dispatch = None
    with ThreadPoolExecutor(1) as other:
        other.submit(session.undo).result()


def leave(small, **options):
    with Session.open(small, **options) as session:
        session.merge([3, 4])
        session.move([9], "good")


def places_of(caught):
    """Files that are warned of unsaved edits; others may warn of what they left open meanwhile."""
    return [w.filename for w in caught if w.category is UnsavedEditsWarning]


def test_leaving_with_unsaved_edits_warns_at_the_callers_line(small):
    with pytest.warns(UnsavedEditsWarning, match=r"2 edits were not saved.*recover=True") as caught:
        leave(small)
    assert places_of(caught) == [__file__]
    with pytest.warns(UnsavedEditsWarning, match="2 edits were not saved; they are lost"):
        leave(small, journal=False)


def test_leaving_with_everything_saved_or_given_up_does_not_warn(small, recwarn):
    with Session.open(small) as session:
        session.merge([3, 4])
        session.save()
    with Session.open(small) as session:
        session.merge([5, 6])
        session.close(discard=True)
    assert not [w for w in recwarn if w.category is UnsavedEditsWarning]


def test_the_first_edit_does_not_set_those_of_an_earlier_session_aside_in_silence(small, crashed):
    session = Session.open(small)
    session.merge([3, 4])
    crashed(session)
    session = Session.open(small)
    with pytest.warns(UnsavedEditsWarning, match="with 1 edit not in the file, is kept") as caught:
        session.move([9], "good")
    assert places_of(caught) == [__file__]
    [warning] = [w for w in caught if w.category is UnsavedEditsWarning]
    aside = str(warning.message).partition("aside as ")[2].partition(",")[0]
    assert len(read_journal(aside).records) == 2
    crashed(session)
    session = Session.open(small)
    said = []
    session.warned.connect(said.append)
    session.dispatch = lambda action: None
    session.move([8], "good")
    session.dispatch = None
    session.close()
    assert "kept aside" in said[0]
