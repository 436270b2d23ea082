"""A save writes everything or nothing, never over somebody else's work, and keeps the states."""

from __future__ import annotations

import errno
import os
import time
from datetime import datetime

import h5py
import numpy as np
import pytest

from phygui.curation.durability.writer import ChangedOnDisk
from phygui.curation.edits.update import EditError
from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.formats.kwik.model import KwikModel
from phygui.formats.kwik.writing.durable_edit import durable_edit
from phygui.storage.state import backups, durable, state_folder


def edit(session: Session) -> None:
    session.merge([3, 4])
    session.move([5], "good")
    session.label([6], "depth", "800 µm")


def change_elsewhere(path, cluster_id=9) -> None:
    """What another program would do."""
    with h5py.File(path, "r+") as file:
        clusters = file["channel_groups/0/spikes/clusters/main"]
        values = clusters[...]
        values[values == cluster_id] = 99
        clusters[...] = values


def test_everything_is_in_the_file(small, session):
    edit(session)
    (saved,) = session.save()
    assert saved.n_edits == 3
    assert not saved.warning
    assert not session.is_modified
    assert session.save() == []
    expected = session.spike_clusters.tolist(), session.cluster_groups
    session.close()
    with Session.open(small) as again:
        assert (again.spike_clusters.tolist(), again.cluster_groups) == expected
        assert again.labels_of(6) == {"depth": "800 µm"}


def test_several_clusterings_are_saved_at_once(small, monkeypatch):
    KwikModel(small).copy_clustering("main", "mine")
    calls = []

    def counted(*args, **options):
        calls.append(args)
        durable_edit(*args, **options)

    monkeypatch.setattr("phygui.formats.kwik.store.durable_edit", counted)
    with Session.open(small) as session:
        edit(session)
        session.switch(clustering="mine")
        session.merge([7, 8])
        session.save()
    assert len(calls) == 1
    assert 16 in KwikModel(small).cluster_ids
    assert 16 in KwikModel(small, clustering="mine").cluster_ids
    assert 7 in KwikModel(small).cluster_ids


def test_what_is_to_be_saved_is_listed(small, session):
    def listed():
        edits = session.journal.edits_to_save
        assert all(edit.clustering == session.clustering for edit in edits)
        return [edit.description for edit in edits]

    assert listed() == []
    edit(session)
    words = ["merged 3 and 4 into 16", "moved 5 to good", "labelled 6 depth=800 µm"]
    assert listed() == words
    session.undo()
    assert listed() == words[:2]
    session.save()
    assert listed() == []
    session.undo()
    assert listed() == [f"undid: {words[1]}"]
    session.move([7], "mua")
    assert listed() == [words[0], "moved 7 to mua", "undid edits that are saved in the file"]
    session.undo()
    session.undo()
    assert listed() == ["undid edits that are saved in the file"]
    session.save()
    assert listed() == []


def test_edits_made_during_a_save_stay_unsaved(small, session, crashed):
    edit(session)
    (job,) = session.saves.jobs()
    session.move([7], "noise")
    job.run()
    job.finish()
    assert session.n_unsaved == 1
    crashed(session)
    with Session.open(small) as again:
        assert [e.description for e in again.unsaved_edits] == ["moved 7 to noise"]


def test_a_file_changed_elsewhere_is_not_overwritten(small, session):
    edit(session)
    assert not session.changed_on_disk()
    change_elsewhere(small)
    assert session.changed_on_disk()
    with pytest.raises(ChangedOnDisk, match="changed by another program"):
        session.save()
    assert 99 in KwikModel(small).cluster_ids
    copy = session.save_copy(small.with_name("mine.kwik"))
    np.testing.assert_array_equal(KwikModel(copy).spike_clusters, session.spike_clusters)
    assert session.is_modified
    session.save(overwrite=True)
    assert 99 not in KwikModel(small).cluster_ids
    session.move([7], "good")
    assert not session.changed_on_disk()
    session.save()


def test_a_change_of_something_else_in_the_file_is_kept(small, session):
    edit(session)
    with h5py.File(small, "r+") as file:
        file.attrs["somebody"] = "else"
    assert not session.changed_on_disk()
    session.save()
    with h5py.File(small) as file:
        assert file.attrs["somebody"] == "else"


def test_a_file_that_is_gone_is_told(small, session):
    edit(session)
    small.unlink()
    with pytest.raises(DatasetError):
        session.save()
    assert session.is_modified


def test_a_copy_goes_nowhere_unasked(small, session):
    edit(session)
    with pytest.raises(DatasetError, match="dataset itself"):
        session.save_copy(small)
    target = small.with_name("taken.kwik")
    target.write_text("mine")
    with pytest.raises(DatasetError, match="exists already"):
        session.save_copy(target)
    assert target.read_text() == "mine"
    session.save_copy(target, overwrite=True)
    assert 16 in KwikModel(target).cluster_ids


@pytest.mark.parametrize("name", ["features.kwx", "small.kwik.bak", "raw", f"{'long' * 100}.kwik"])
def test_a_copy_takes_the_place_of_nothing_but_a_dataset(small, session, name):
    target = small.with_name(name)
    if len(name) < 100:
        target.write_bytes(b"kept")
    with pytest.raises(DatasetError):
        session.save_copy(target, overwrite=True)
    if len(name) < 100:
        assert target.read_bytes() == b"kept"


def test_a_taken_over_dataset_is_not_written(small, session):
    edit(session)
    session.journal.keeper._lock.path.write_text(
        '{"host": "elsewhere", "process": 1, "since": "now"}'
    )
    before = small.read_bytes()
    with pytest.raises(DatasetError, match="taken the dataset over"):
        session.save()
    with pytest.raises(DatasetError, match="taken the dataset over"):
        session.copy_clustering("mine")
    assert small.read_bytes() == before


def test_a_folder_that_cannot_be_written_to(small, monkeypatch, tmp_path):
    user = tmp_path / "state"
    monkeypatch.setattr(state_folder.platformdirs, "user_state_path", lambda *a, **k: user)
    monkeypatch.setattr(state_folder.os, "access", lambda *a: False)

    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(durable.tempfile, "mkstemp", denied)
    with Session.open(small) as session:
        edit(session)
        assert (user / "datasets").is_dir()
        with pytest.raises(DatasetError, match="may not write there"):
            session.save()
    assert not small.with_suffix(".phygui").exists()
    with Session.open(small, recover=True) as session:
        assert session.n_unsaved == 3


def test_nowhere_to_write_at_all(small, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "file" / "state"
    monkeypatch.setattr(state_folder.platformdirs, "user_state_path", lambda *a, **k: nowhere)
    monkeypatch.setattr(state_folder.os, "access", lambda *a: False)
    with Session.open(small) as session:
        assert "cannot be written" in session.read_only_reason
        with pytest.raises(EditError, match="cannot be written"):
            edit(session)


def test_a_failed_save_leaves_file_journal_and_backups(small, session, monkeypatch, crashed):
    edit(session)
    before = small.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable.os, "replace", full)
    monkeypatch.setattr(backups, "write_whole", lambda path, data: path.write_bytes(data))
    with pytest.raises(DatasetError, match="the disk is full"):
        session.save()
    monkeypatch.undo()
    assert small.read_bytes() == before
    assert [backup.title for backup in session.backups()] == ["unedited"]
    assert session.n_unsaved == 3
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert again.n_unsaved == 3
        again.save()
        assert len(again.backups()) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OverflowError("too large"), "OverflowError: too large"),
    ],
)
def test_a_failed_backup_does_not_stop_the_save(small, session, monkeypatch, error, words):
    edit(session)

    def fails(*args):
        raise error

    monkeypatch.setattr(backups, "write_whole", fails)
    (saved,) = session.save()
    assert saved.warning == f"no backup was kept: {words}"
    assert not session.is_modified
    assert 16 in KwikModel(small).cluster_ids


def test_what_killed_saves_left_is_removed(small):
    old, new, other = (
        small.with_name(f".{name}.tmp")
        for name in (f"{small.name}.abc", f"{small.name}.def", "x.kwik.abc")
    )
    for path in (old, new, other):
        path.write_bytes(b"half")
    long_ago = time.time() - 7200
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    with Session.open(small, read_only=True):
        assert old.exists()
    with Session.open(small):
        assert not old.exists()
    assert new.exists()
    assert other.exists()


# -- backups ---------------------------------------------------------------------------------


def test_the_last_ten_states_are_kept(session):
    for n in range(12):
        session.label([5], "n", str(n))
        session.save()
    *kept, unedited = session.backups()
    assert len(kept) == 10
    assert "n" not in session.state(unedited).labels.get(5, {})
    assert [session.state(b).labels[5]["n"] for b in kept] == [str(n) for n in range(11, 1, -1)]
    assert all(b.n_edits == 1 for b in kept)
    assert kept[0].time >= kept[-1].time


def test_a_backup_tells_what_it_is(session):
    session.move([3, 4], "good")
    session.save()
    backup, _ = session.backups()
    assert backup.tallies == {
        (0, "main"): session.workspace.active.groups.tally(session.cluster_ids)
    }
    assert "1 edit; shank 0, main: 13" in str(backup)
    assert "2 good" in str(backup)


def test_a_state_is_brought_back_as_an_edit(session, state_of):
    edit(session)
    session.save()
    early = session.spike_clusters.tolist(), session.cluster_groups, session.labels_of(6)
    session.split(session.spikes_per_cluster[16][::2])
    session.move([5], "noise")
    session.label([6], "depth", None)
    session.label([7], "note", "x")
    session.select([17], [7])
    session.save()
    late = state_of(session)
    backup = session.backups()[1]
    update = session.restore(backup)
    assert (session.spike_clusters.tolist(), session.cluster_groups, session.labels_of(6)) == early
    assert session.labels_of(7) == {}
    assert session.selected == [7]
    assert update.description.startswith("restored the state saved")
    again = session.restore(backup)
    assert again.is_empty
    assert "this is the current state" in again.description
    session.undo()
    assert state_of(session)[:4] == late[:4]
    session.redo()
    assert session.merge([5, 6]).added == (19,)
    while session.can_undo:
        session.undo()
    assert 3 in session.cluster_ids


def test_a_restored_state_survives_a_crash(small, session, crashed, state_of):
    edit(session)
    session.save()
    session.merge([7, 8])
    session.restore(session.backups()[0])
    expected = state_of(session)
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert state_of(again) == expected


def test_states_are_compared(session):
    from phygui.curation.edits.comparison import compare

    before = session.workspace.active.state()
    edit(session)
    found = compare(before, session.state())
    assert (found.gone, found.new, found.changed) == ((3, 4), (16,), ())
    assert found.groups == {5: (3, 2)}
    assert found.labels == {6: ({}, {"depth": "800 µm"})}
    n = len(session.spikes_per_cluster[16])
    assert found.lines(session.group_names) == [
        f"{n} spikes in another cluster",
        "2 clusters gone: 3 and 4",
        "1 cluster new: 16",
        "cluster 5: unsorted became good",
        "cluster 6: labels none became depth=800 µm",
    ]
    assert compare(session.state(), session.state()).lines({}) == ["no difference"]
    assert compare(session.state_in_file(), before).is_same


@pytest.mark.slow
def test_the_time_of_a_restore_does_not_follow_the_number_of_clusters():
    from phygui.curation.edits.clustering import Clustering
    from phygui.curation.edits.comparison import change_to
    from phygui.curation.edits.groups import ClusterGroups
    from phygui.curation.edits.labels import Labels
    from phygui.curation.opened import Curation
    from phygui.dataset import ClusteringState

    rng = np.random.default_rng(0)

    def seconds(n: int) -> float:
        now = rng.integers(0, n, 1_000_000).astype(np.int32)
        curation = Curation(0, "main", Clustering(now), ClusterGroups({}), Labels())
        target = ClusteringState(now + n, dict.fromkeys(range(n, 2 * n), 3), {})
        begin = time.thread_time()
        update = change_to(curation, target, "restored")
        taken = time.thread_time() - begin
        assert list(update.after) == list(range(n, 2 * n))
        assert np.array_equal(update.after[n], np.flatnonzero(now == 0))
        return taken

    # A pass over all spikes for each cluster takes 200 times as long.
    assert min(seconds(2_000) for _ in range(3)) < 10 * min(seconds(10) for _ in range(3))


def test_states_that_a_worker_compares_are_those_of_when_it_was_asked(small):
    from phygui.curation.edits.comparison import compare

    KwikModel(small).copy_clustering("main", "mine")
    with Session.open(small) as session:
        session.merge([3, 4])
        mine, theirs = session.state(), session.workspace.state_in_file_job()
        n = len(session.spikes_per_cluster[session.selected[0]])
        session.merge([5, 6])
        session.switch(clustering="mine")
        session.merge([7, 8])
        session.save()
        session.switch(clustering="main")
        session.undo()
        session.undo()
        session.save()
        session.switch(clustering="mine")
        assert compare(theirs(), mine).lines({})[0] == f"{n} spikes in another cluster"


def test_a_backup_of_another_clustering_is_refused(small):
    KwikModel(small).copy_clustering("main", "mine")
    with Session.open(small) as session:
        edit(session)
        session.save()
        session.switch(clustering="mine")
        with pytest.raises(DatasetError, match="does not hold shank 0, mine, but"):
            session.restore(session.backups()[0])


def test_damaged_backups_are_passed_over(session):
    edit(session)
    session.save()
    time.sleep(0.001)
    session.move([7], "good")
    session.save()
    newest, oldest, unedited = session.backups()
    newest.path.write_bytes(newest.path.read_bytes()[:-4])
    assert [b.path for b in session.backups()] == [oldest.path, unedited.path]
    with pytest.raises(DatasetError, match="damaged"):
        session.restore(newest)


def test_nothing_is_left_of_a_backup_that_was_interrupted(session, monkeypatch):
    edit(session)
    monkeypatch.setattr(state_folder.os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(5, "x")))
    with pytest.raises(OSError):
        backups.write_backup(session.journal.keeper.folder, 1, {}, [])
    monkeypatch.undo()
    assert not list((session.journal.keeper.folder / "backups").iterdir())
    assert os.listdir(session.journal.keeper.folder)


def test_what_was_undone_during_a_save_is_not_lost_when_the_session_closes(small):
    session = Session.open(small)
    session.merge([3, 4])
    (job,) = session.saves.jobs()
    session.undo()
    before = session.spike_clusters.copy()
    # The window closes before it is told that the save is over.
    job.run()
    session.close()
    with Session.open(small) as again:
        assert not np.array_equal(again.spike_clusters, before)
        assert len(again.unsaved_edits) == 1
        again.recover()
        assert np.array_equal(again.spike_clusters, before)


def test_a_save_that_ended_with_the_window_counts(small):
    session = Session.open(small)
    session.merge([3, 4])
    (job,) = session.saves.jobs()
    job.run()
    session.close(discard=True)
    assert not list((small.parent / f"{small.stem}.phygui").glob("journal-*.txt"))
    with Session.open(small) as again:
        assert again.unsaved_edits == []
        assert 3 not in again.cluster_ids


def test_the_unedited_state_is_the_oldest_state(small, session, state_of):
    assert session.backups() == []
    first = session.spike_clusters.tolist(), session.cluster_groups
    edit(session)
    session.save()
    session.move([7], "good")
    session.save()
    *_, unedited = session.backups()
    assert unedited.path == small.with_name(f"{small.name}.bak")
    assert set(unedited.tallies) == {(0, "main"), (0, "original")}
    assert unedited.tallies[0, "main"] == {"unsorted": 15}
    assert str(unedited).startswith("unedited, from before the first save; shank 0, main:")
    update = session.restore(unedited)
    assert (session.spike_clusters.tolist(), session.cluster_groups) == first
    assert update.description == "restored the state from before the first save"
    session.undo()
    unedited.path.write_bytes(b"no HDF5")
    assert len(session.backups()) == 2
    with pytest.raises(DatasetError):
        session.restore(unedited)


def test_a_clock_that_was_set_back_does_not_prune_what_was_just_saved(session, monkeypatch):
    class Clock(datetime):
        """Goes back by a day with each save."""

        days = 0

        @classmethod
        def now(cls, tz=None):
            cls.days += 1
            return datetime(2030, 1, 31 - cls.days, 12)

    monkeypatch.setattr(backups, "datetime", Clock)
    for n in range(14):
        session.label([5], "n", str(n))
        session.save()
    *kept, _ = session.backups()
    assert [session.state(b).labels[5]["n"] for b in kept] == [str(n) for n in range(13, 3, -1)]
    assert [b.time.day for b in kept] == list(range(17, 27))


def test_names_that_are_no_times_do_not_come_between_saves(session):
    session.label([5], "n", "0")
    session.save()
    folder = session.journal.keeper.folder / backups.FOLDER
    for name in ("99991231-235959-999999", "x", "20261301-000000-000000"):
        (folder / f"{name}.backup").write_bytes(b"")
    session.label([5], "n", "1")
    session.save()
    assert [session.state(b).labels[5]["n"] for b in session.backups()[:2]] == ["1", "0"]


def test_a_state_is_not_restored_over_edits_made_while_it_was_read(session):
    edit(session)
    session.save()
    backup = session.backups()[0]
    session.move([5], "noise")
    make = session.restore_job(backup)()
    session.undo()
    session.move([7], "noise")  # as many edits as before, but another one
    with pytest.raises(EditError, match="edited meanwhile"):
        make()
    assert not session.restore_job(backup)()().is_empty
    assert session.group_of(7) != "noise"
