"""What was not saved comes back; what was saved is not done twice; nothing is thrown away."""

from __future__ import annotations

import os
import shutil
import sys

import numpy as np
import pytest

from phygui.curation.durability import edit_journal as persistence
from phygui.curation.durability.aside import KEPT_JOURNALS, drop_old_journals
from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.formats.kwik.model import KwikModel


@pytest.fixture
def dead(small, crashed, state_of):
    """A session that died after a save and some edits, and what it was like at the end."""
    session = Session.open(small)
    session.select([3], [4])
    session.merge()
    session.move(session.selected, "good")
    session.save()
    session.split(session.spikes_per_cluster[5][::2])
    session.label(session.selected, "depth", "800")
    session.merge([6, 7])
    session.undo()
    session.move([8], "noise")
    crashed(session)
    return small, state_of(session)


def asides(small):
    return sorted(p for p in small.with_suffix(".phygui").glob("journal-*") if p.suffix != ".txt")


def test_unsaved_edits_are_listed_in_words(dead):
    with Session.open(dead[0]) as session:
        words = [edit.description for edit in session.unsaved_edits]
        assert words == [
            "split 5 into 17 and 18",
            "labelled 17 and 18 depth=800",
            "moved 8 to noise",
        ]
        edit = session.unsaved_edits[0]
        assert str(edit) == f"{edit.description}, {edit.time:%H:%M} (shank 0, main)"
        assert 5 in session.cluster_ids, "nothing is done unasked"
        assert not session.recovery_problem


def test_as_many_edits_are_offered_as_are_brought_back(small, crashed):
    session = Session.open(small)
    session.move([3], "good")
    session.move([4], "good")
    session.save()
    session.undo()
    session.undo()
    session.redo()
    n = session.n_unsaved
    crashed(session)
    with Session.open(small) as session:
        assert [edit.description for edit in session.unsaved_edits] == ["undid: moved 4 to good"]
        assert len(session.unsaved_edits) == n == 1
        session.recover()
        assert session.n_unsaved == n
        session.merge([5, 6])
        for _ in range(10):
            session.undo()
            session.redo()
        crashed(session)
    with Session.open(small, recover=True) as session:
        assert {3: "good", 4: "unsorted"}.items() <= session.cluster_groups.items()
        assert 16 in session.cluster_ids
        session.undo()
        session.redo()
        crashed(session)
    with Session.open(small) as session:
        words = [edit.description for edit in session.unsaved_edits]
        assert words == ["undid: moved 4 to good", "merged 5 and 6 into 16"]


def test_what_was_undone_again_is_not_offered(small, crashed):
    session = Session.open(small)
    session.merge([3, 4])
    session.undo()
    crashed(session)
    with Session.open(small) as session:
        assert session.unsaved_edits == []
        assert not session.recovery_problem
        session.merge([5, 6])
        assert session.selected[0] == 17, "the id of the merge is used up"
    with Session.open(small) as session:
        assert [edit.description for edit in session.unsaved_edits] == ["merged 5 and 6 into 17"]


def test_everything_comes_back(dead, state_of):
    small, expected = dead
    with Session.open(small, recover=True) as session:
        assert state_of(session) == expected
        assert session.unsaved_edits == []
        for _ in range(4):
            session.undo()
        assert not session.can_undo or session.history_position == 1
        while session.can_undo:
            session.undo()
        np.testing.assert_array_equal(
            session.spike_clusters, KwikModel(f"{small}.bak").spike_clusters
        )


def test_recovered_edits_are_recovered_again(dead, crashed, state_of):
    small, expected = dead
    for group in ("mua", "good", "noise"):
        session = Session.open(small, recover=True)
        assert state_of(session) == expected
        session.move([9], group)
        expected = state_of(session)
        crashed(session)


def test_recovered_edits_are_saved_once(dead):
    small, _ = dead
    with Session.open(small, recover=True) as session:
        session.save()
        saved = session.spike_clusters.tolist(), session.cluster_groups
    with Session.open(small) as session:
        assert session.unsaved_edits == []
        assert (session.spike_clusters.tolist(), session.cluster_groups) == saved


def test_a_save_that_was_not_confirmed_is_not_repeated(small, crashed, monkeypatch):
    session = Session.open(small)
    session.merge([3, 4])
    monkeypatch.setattr(session.journal.keeper, "saved", lambda saving: None)
    session.save()
    session.move([5], "good")
    crashed(session)
    with Session.open(small) as session:
        assert [edit.description for edit in session.unsaved_edits] == ["moved 5 to good"]


def test_a_save_that_did_not_happen_is_forgotten(small, crashed):
    session = Session.open(small)
    session.merge([3, 4])
    session.saves.jobs()
    crashed(session)
    with Session.open(small) as session:
        assert [edit.description for edit in session.unsaved_edits] == ["merged 3 and 4 into 16"]


def test_declined_edits_are_kept_aside(dead):
    small, _ = dead
    with Session.open(small, recover=False) as session:
        assert session.unsaved_edits == []
        assert 5 in session.cluster_ids
    (aside,) = asides(small)
    text = aside.with_suffix(".txt").read_text()
    assert "The user chose not to bring it back." in text
    assert "split 5 into 17 and 18" in text
    with Session.open(small) as session:
        assert session.unsaved_edits == []
    # Under its first name it is offered anew.
    aside.replace(aside.with_name("journal"))
    with Session.open(small) as session:
        assert session.unsaved_edits[0].description == "split 5 into 17 and 18"


def test_edits_that_nobody_asked_for_are_kept_aside_at_the_first_new_one(dead):
    small, _ = dead
    with Session.open(small) as session:
        assert not asides(small)
        session.move([9], "mua")
        assert len(asides(small)) == 1
        assert session.unsaved_edits == []


def test_ids_of_lost_clusters_are_not_used_again(dead):
    with Session.open(dead[0]) as session:
        assert session.merge([9, 10]).added == (20,)


def test_discarded_edits_are_kept_aside(small):
    session = Session.open(small)
    session.merge([3, 4])
    session.close(discard=True)
    assert len(asides(small)) == 1
    with Session.open(small) as session:
        assert session.unsaved_edits == []


def test_closing_keeps_what_is_not_saved(small):
    with Session.open(small) as session:
        session.merge([3, 4])
    with Session.open(small, recover=True) as session:
        assert 16 in session.cluster_ids
        session.undo()
    with Session.open(small) as session:
        assert session.unsaved_edits == [], "everything was taken back before the end"


def test_a_file_changed_meanwhile_is_left_alone(dead):
    small, _ = dead
    model = KwikModel(small)
    groups = dict(model.cluster_groups)
    groups[9] = 0
    model.save(model.spike_clusters, groups)
    model.close()
    journal = small.with_suffix(".phygui") / "journal"
    content = journal.read_bytes()
    with Session.open(small) as session:
        assert session.unsaved_edits == []
        assert "something else has written" in session.recovery_problem
        with pytest.raises(DatasetError, match="something else has written"):
            session.recover()
        assert session.cluster_groups[9] == "noise"
        session.move([10], "mua")
    (aside,) = asides(small)
    assert aside.read_bytes() == content
    assert "something else has written" in aside.with_suffix(".txt").read_text()


def test_a_torn_last_record_is_dropped(dead):
    small, _ = dead
    journal = small.with_suffix(".phygui") / "journal"
    journal.write_bytes(journal.read_bytes()[:-3])
    with Session.open(small, recover=True) as session:
        assert [u.description for u in session.history][-1] == "merged 6 and 7 into 19"
        assert session.cluster_groups[8] == "unsorted"
        session.move([8], "mua")
    with Session.open(small, recover=True) as session:
        assert session.cluster_groups[8] == "mua"


def test_damage_in_the_midst_brings_back_what_comes_before(dead):
    small, _ = dead
    journal = small.with_suffix(".phygui") / "journal"
    data = bytearray(journal.read_bytes())
    data[data.index(b"labelled")] ^= 4
    journal.write_bytes(bytes(data))
    with Session.open(small) as session:
        assert [e.description for e in session.unsaved_edits] == ["split 5 into 17 and 18"]
        assert "unreadable" in session.recovery_problem
        session.recover()
        assert 17 in session.cluster_ids
    (aside,) = asides(small)
    assert aside.read_bytes() == bytes(data), "the whole journal is kept"


@pytest.mark.parametrize("data", [b"", b"\0" * 1000, b"PhyR", b"not a journal"])
def test_a_journal_of_rubbish_does_no_harm(small, data):
    folder = small.with_suffix(".phygui")
    folder.mkdir()
    (folder / "journal").write_bytes(data)
    with Session.open(small) as session:
        assert session.unsaved_edits == []
        session.merge([3, 4])
    with Session.open(small, recover=True) as session:
        assert 16 in session.cluster_ids


def test_the_journal_of_another_dataset_is_not_replayed(dead, hybrid):
    small, _ = dead
    shutil.copytree(small.with_suffix(".phygui"), hybrid.with_suffix(".phygui"))
    with Session.open(hybrid) as session:
        assert session.unsaved_edits == []
        assert session.recovery_problem
        with pytest.raises(DatasetError):
            session.recover()


def test_a_saved_session_becomes_history(small):
    for _ in range(3):
        with Session.open(small) as session:
            session.merge(session.cluster_ids[:2])
            session.save()
    assert len(asides(small)) == 2
    assert not list(small.with_suffix(".phygui").glob("*.txt"))


def test_read_only_lists_but_does_not_bring_back(dead):
    with Session.open(dead[0], read_only=True) as session:
        assert len(session.unsaved_edits) == 3
        with pytest.raises(DatasetError, match="read-only"):
            session.recover()


def test_a_journal_that_cannot_be_read_is_told_and_put_out_of_the_way(small):
    (small.with_suffix(".phygui") / "journal").mkdir(parents=True)
    with Session.open(small) as session:
        assert "journal cannot be used: it is a folder" in session.recovery_problem
        assert session.unsaved_edits == []
        session.merge([3, 4])
    assert not (small.with_suffix(".phygui") / "lock").exists()
    with Session.open(small, recover=True) as session:
        assert 16 in session.cluster_ids


def test_the_lock_is_given_up_whatever_happens_at_the_end(small, monkeypatch):
    session = Session.open(small)
    session.merge([3, 4])

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(persistence, "write_whole", full)
    with pytest.raises(DatasetError, match="No space left"):
        session.close(discard=True)
    monkeypatch.undo()
    with Session.open(small) as again:
        assert not again.read_only
        assert len(again.unsaved_edits) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_damaged_journal_of_a_path_that_is_no_text_is_kept_aside(small, crashed):
    path = small.with_name(os.fsdecode(b"a\xff\n.kwik"))
    small.rename(path)
    session = Session.open(path)
    session.merge([3, 4])
    session.move([5], "good")
    crashed(session)
    journal = session.journal.keeper.journal_path
    data = journal.read_bytes()[:-3]
    journal.write_bytes(data)
    with Session.open(path, recover=True) as session:
        assert 16 in session.cluster_ids
        session.move([5], "mua")
    (aside,) = (p for p in journal.parent.glob("journal-*") if p.suffix != ".txt")
    assert aside.read_bytes() == data
    assert "cut short" in aside.with_suffix(".txt").read_text()


def test_a_group_that_was_added_comes_back(small, crashed):
    session = Session.open(small)
    session.add_group("axons")
    session.move([3], "axons")
    crashed(session)
    with Session.open(small, recover=True) as session:
        assert session.group_of(3) == "axons"
        session.jump_to(0)
        assert "axons" not in session.group_names.values()
        session.jump_to(2)
        assert session.group_of(3) == "axons"
        session.save()
    with Session.open(small) as session:
        assert session.group_of(3) == "axons"
        session.move([3], "good")
        session.remove_group("axons")
        crashed(session)
    with Session.open(small, recover=True) as session:
        assert "axons" not in session.group_names.values()
        session.save()
    with Session.open(small) as session:
        assert "axons" not in session.group_names.values()
        # A save of before brings the group back with its clusters, and its name with it.
        session.restore(session.backups()[1])
        assert session.group_of(3) == "axons"
        session.undo()
        assert "axons" not in session.group_names.values()


def test_an_old_journal_that_cannot_be_removed_is_in_nobodys_way(tmp_path):
    names = [f"journal-20260101-000000-{n:06d}" for n in range(KEPT_JOURNALS + 2)]
    (tmp_path / names[0]).mkdir()
    for name in names[1:]:
        (tmp_path / name).write_bytes(b"")
    drop_old_journals(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [names[0], *names[2:]]


def test_numbers_of_groups_that_are_gone_are_not_used_again(small, crashed):
    """Journals and saved states know groups by their numbers."""

    def number(session, name):
        return next(n for n, of in session.workspace.active.groups.names.items() if of == name)

    with Session.open(small) as session:
        session.move([3], "axons", add=True)
        first = number(session, "axons")
        session.save()
    with Session.open(small) as session:
        session.move([3], "good")
        session.remove_group("axons")
        session.save()
    # The file tells of the group no more; a new journal has taken the place of each before.
    for k, name in enumerate(("dendrites", "somata", "glia"), 1):
        session = Session.open(small, recover=True)
        session.move([3], name, add=True)
        assert number(session, name) == first + k
        session.move([3], "good")
        session.remove_group(name)
        if k == 2:
            crashed(session)
        else:
            session.save()
            session.close()
    # What was saved with the first group is brought back under its name.
    with Session.open(small) as session:
        groups = set()
        for backup in session.backups():
            session.restore(backup)
            groups.add(session.cluster_groups[3])
        assert groups <= {"axons", "good", "unsorted"}
        assert "axons" in groups
