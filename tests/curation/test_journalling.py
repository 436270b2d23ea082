"""An edit is announced when it is on the disk, and taken back when it cannot get there."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.journal_entries import step_record, update_of
from phygui.curation.edits.update import EditError, Selection
from phygui.curation.session import Session
from phygui.dataset import open_dataset
from phygui.errors import DatasetError
from phygui.storage.state.disk import Disk
from phygui.storage.state.journal import read_journal
from phygui.storage.state.records import Record, decode, encode


class Gate(Disk):
    """A disk that waits, or fails, when told to."""

    def __init__(self) -> None:
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.fails = False

    def sync(self, fd):
        self.open_gate.wait(10)
        if self.fails:
            raise OSError(28, "No space left on device")
        super().sync(fd)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def gated(small, gate):
    """A session whose journal is behind the gate."""
    session = Session(open_dataset(small), keeper=Keeper(small, disk=gate))
    yield session
    gate.open_gate.set()
    session.dispatch = None
    session.close()


def operations(session: Session) -> list[str]:
    records = read_journal(session.journal.keeper.journal_path).records
    return [record.text["op"] for record in records]


def test_opening_and_closing_leaves_nothing(small):
    before = sorted(small.parent.iterdir())
    with Session.open(small) as session:
        session.next_best()
    assert sorted(small.parent.iterdir()) == before


def test_each_kind_of_edit_comes_back_from_its_record(session):
    first, second, third = session.cluster_ids[:3].tolist()
    session.select([first], [second])
    made = [session.merge()]
    spikes = session.spikes_per_cluster[third]
    made.append(session.split(spikes[::2]))
    made.append(session.label(session.selected, "depth", "800 µm"))
    made.append(session.move(session.selected, "good"))
    made.append(session.add_group("axons"))
    made.append(session.move(session.selected, "axons"))
    made.append(session.move(session.selected, "dendrites", add=True))
    session.add_group("somata")
    made.append(session.remove_group("somata"))
    made.append(session.merge(session.cluster_ids[-3:]))
    ids = np.concatenate([session.spikes_per_cluster[c] for c in session.cluster_ids[:2].tolist()])
    made.append(session.assign(ids[::-1], np.arange(len(ids)) % 3))
    for update in made:
        again = update_of(decode(encode(step_record((0, "main"), update)))[0])
        for name in ("before", "after"):
            one, two = getattr(update, name), getattr(again, name)
            assert list(one) == list(two)
            for c in one:
                np.testing.assert_array_equal(one[c], two[c])
        for name in (
            "kind", "description", "groups_before", "groups_after", "selection_before",
            "selection_after", "added", "deleted", "changed", "cause",
        ):  # fmt: skip
            assert getattr(update, name) == getattr(again, name), name
        for name in ("labels_before", "labels_after", "names_before", "names_after"):
            assert dict(getattr(update, name)) == dict(getattr(again, name))


def test_the_journal_holds_an_edit_when_it_is_announced(session):
    seen = []
    session.clustered.connect(lambda update: seen.append((update.cause, operations(session))))
    session.merge(session.cluster_ids[:2])
    session.undo()
    session.redo()
    session.save()
    assert seen == [
        ("edit", ["base", "edit"]),
        ("undo", ["base", "edit", "undo"]),
        ("redo", ["base", "edit", "undo", "redo"]),
    ]
    session.close()
    assert operations(session)[-2:] == ["saving", "saved"]


def test_without_a_journal_nothing_is_written(small):
    with Session.open(small, journal=False) as session:
        session.merge(session.cluster_ids[:2])
        folder = session.journal.keeper.folder
        assert [path.name for path in folder.iterdir()] == ["lock"]
    assert not folder.exists()


def test_the_window_does_not_wait_and_is_told_in_order(gated, gate):
    calls, seen = [], []
    gated.dispatch = calls.append
    gated.clustered.connect(lambda update: seen.append(update.description))
    gated.selection_changed.connect(seen.append)
    gated.switched.connect(lambda: seen.append("switched"))
    gated.select([3])
    assert seen == [(3,)]
    gate.open_gate.clear()
    merged = gated.merge([4, 5])
    gated.select([6])
    moved = gated.move([7], "good")
    gated.switch()
    assert seen == [(3,)], "nothing is shown before it is on the disk"
    assert 7 in gated.cluster_ids
    gate.open_gate.set()
    gated.journal.keeper._journal.append(lambda: step_record((0, "main"), moved)).result(10)
    for call in calls:
        call()
    assert seen[1:] == [
        merged.description,
        merged.added,
        (6,),
        moved.description,
        (6,),
        "switched",
        (6,),
    ]


def test_an_edit_that_cannot_reach_the_disk_is_taken_back(gated, gate, state_of):
    gated.merge([4, 5])
    gated.move([3], "good")
    gated.select([6, 7])
    before = state_of(gated)
    seen, failures = [], []
    gated.clustered.connect(seen.append)
    gated.failed.connect(failures.append)
    gate.fails = True
    with pytest.raises(DatasetError, match=r"No space left.*undone"):
        gated.merge([6, 7])
    assert len(failures) == 1
    with pytest.raises(DatasetError, match="undone"):
        gated.undo()
    assert seen == []
    assert state_of(gated) == before
    gate.fails = False
    gated.undo()
    gated.redo()
    assert [u.cause for u in seen] == ["undo", "redo"]
    gated.select([6], [7])
    assert gated.merge().selection_before == Selection((6,), (7,))


def test_all_edits_behind_a_failed_one_are_taken_back(gated, gate, state_of):
    calls, seen, failures = [], [], []
    gated.merge([4, 5])
    gated.undo()
    before = state_of(gated)
    gated.dispatch = calls.append
    gated.clustered.connect(seen.append)
    gated.selection_changed.connect(seen.append)
    gated.failed.connect(failures.append)
    gate.open_gate.clear()
    gate.fails = True
    gated.merge([6, 7])
    gated.select([8])
    gated.undo()
    gated.move([9], "noise")
    gate.open_gate.set()
    with pytest.raises(OSError, match="No space"):
        gated.journal.keeper._journal.append(Record({})).result(10)
    for call in calls:
        call()
    assert seen == []
    assert len(failures) == 1
    assert "3 edits were undone" in failures[0]
    assert state_of(gated) == before
    gate.fails = False
    gated.dispatch = None
    gated.redo()
    gated.close()
    assert operations(gated)[:4] == ["base", "edit", "undo", "redo"]


def test_a_read_only_session_edits_and_writes_nothing(small):
    before = sorted(small.parent.iterdir())
    with Session.open(small, read_only=True) as session:
        assert session.read_only_reason == "it was opened read-only"
        with pytest.raises(EditError, match="opened read-only"):
            session.merge(session.cluster_ids[:2])
        with pytest.raises(DatasetError, match="opened read-only"):
            session.save()
        assert sorted(small.parent.iterdir()) == before


def test_the_second_session_is_read_only(small, session):
    with Session.open(small) as second:
        assert second.read_only
        assert "open elsewhere (in this program itself" in second.read_only_reason
        with pytest.raises(EditError, match="open elsewhere"):
            second.move([3], "good")
    session.move([3], "good")
    session.close()
    with Session.open(small, recover=True) as third:
        assert not third.read_only
        assert third.cluster_groups[3] == "good"


@pytest.mark.parametrize("windowed", [False, True])
def test_a_first_edit_that_fails_does_not_spoil_the_journal(gated, gate, small, crashed, windowed):
    calls: list = []
    gate.fails = True
    if windowed:
        gated.dispatch = calls.append
        gated.merge([4, 5])
        gated.merge([6, 7])
        gated.journal.keeper._bases[0, "main"].exception(10)
        for call in calls:
            call()
    else:
        with pytest.raises(DatasetError):
            gated.merge([4, 5])
    gate.fails = False
    gated.dispatch = None
    gated.move([8], "good")
    crashed(gated)
    with Session.open(small, recover=True) as again:
        assert [u.description for u in again.history] == ["moved 8 to good"]
