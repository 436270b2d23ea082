"""What a listener does wrong is reported, and harms neither the edit nor the other listeners."""

from __future__ import annotations

import sys

import pytest

from phygui.curation.edits.update import EditError
from phygui.curation.session import Session
from phygui.storage.state.journal import read_journal


class Reports(list):
    """What has been reported: the texts of exceptions."""

    def __call__(self, kind, error, trace):
        self.append(str(error))


@pytest.fixture
def reports(monkeypatch) -> Reports:
    found = Reports()
    monkeypatch.setattr(sys, "excepthook", found)
    return found


def broken(*_):
    raise RuntimeError("broken listener")


def test_an_edit_stands_whatever_a_listener_raises(session, small, reports):
    seen = []
    session.clustered.connect(broken)
    session.clustered.connect(lambda update: seen.append(update.description))
    session.selection_changed.connect(seen.append)
    update = session.merge([3, 4])
    assert seen == [update.description, update.added]
    assert session.undo().cause == "undo"
    assert reports == ["broken listener"] * 2
    session.redo()
    session.close()
    with Session.open(small, recover=True) as again:
        assert update.added[0] in again.cluster_ids


def test_no_other_signal_makes_what_was_done_seem_to_fail(session, reports):
    for signal in (session.selection_changed, session.saved, session.switched):
        signal.connect(broken)
    session.select([3], [4])
    session.merge()
    assert session.save()[0].n_edits == 1
    assert not session.is_modified
    session.switch()
    assert set(reports) == {"broken listener"}


def test_a_listener_may_edit(session):
    seen = []

    def also(update):
        seen.append(update.description)
        if update.kind == "merge":
            session.move(update.added, "good")

    session.clustered.connect(also)
    new = session.merge([3, 4]).added[0]
    assert session.group_of(new) == "good"
    assert len(seen) == 2


def test_a_refused_edit_of_a_listener_is_its_own_affair(session, reports):
    session.clustered.connect(lambda update: session.merge([999, 1000]))
    session.move([3], "good")
    assert len(reports) == 1
    assert "no cluster 999" in reports[0]


def test_what_is_so_already_changes_and_tells_nothing(session):
    session.move([3], "good")
    session.label([3], "depth", "800")
    session.save()
    seen = []
    session.clustered.connect(seen.append)
    session.selection_changed.connect(seen.append)
    made = [
        session.move([3], "good"),
        session.label([3], "depth", "800"),
        session.split(session.spikes_per_cluster[3]),
        session.restore(session.backups()[0]),
    ]
    assert all(update.is_empty for update in made)
    assert made[0].description == "3 is already good"
    assert not seen
    assert len(session.history) == 2
    assert not session.is_modified
    records = read_journal(session.journal.keeper.journal_path).records
    assert sum(record.text["op"] == "edit" for record in records) == 2
    with pytest.raises(EditError, match="no cluster 999"):
        session.move([999], "good")
