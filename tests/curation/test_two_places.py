"""Edits are found wherever permissions have led them."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from phygui.curation.session import Session
from phygui.storage.state import state_folder
from phygui.storage.state.lock import Lock


@pytest.fixture(autouse=True)
def states(tmp_path, monkeypatch):
    user = tmp_path / "user"
    monkeypatch.setattr(state_folder.platformdirs, "user_state_path", lambda *_, **__: user)
    return user / "datasets"


@pytest.fixture
def denied(monkeypatch):
    """The dataset's folder cannot be written while this is entered."""

    class Denied:
        def __enter__(self):
            self.patch = pytest.MonkeyPatch()
            self.patch.setattr(state_folder.os, "access", lambda *_: False)

        def __exit__(self, *_):
            self.patch.undo()

    return Denied()


def leave(path, edit):
    with Session.open(path) as session:
        edit(session)


def test_edits_of_the_user_s_folder_come_back_beside_the_dataset(small, states, denied):
    with denied:
        leave(small, lambda s: s.merge([3, 4]))
    (kept,) = states.iterdir()
    with Session.open(small) as session:
        assert [e.description for e in session.unsaved_edits] == ["merged 3 and 4 into 16"]
        session.recover()
        session.save()
    assert small.with_suffix(".phygui").is_dir()
    assert not kept.exists(), "there is one journal, not two"


def test_edits_beside_the_dataset_are_listed_when_it_cannot_be_written_any_more(small, denied):
    leave(small, lambda s: s.merge([3, 4]))
    with denied, Session.open(small) as session:
        assert session.read_only
        assert "save a copy" in session.read_only_reason
        assert [e.description for e in session.unsaved_edits] == ["merged 3 and 4 into 16"]


def test_of_two_journals_the_newer_is_offered_and_the_other_kept(small, states, denied):
    with denied:
        leave(small, lambda s: s.merge([3, 4]))
    (kept,) = states.iterdir()
    shutil.copytree(kept, kept.with_name("aside"))
    leave(small, lambda s: (s.decline_recovery(), s.move([7], "good")))
    shutil.move(kept.with_name("aside"), kept)
    os.utime(kept / "journal", (1, 1))
    with Session.open(small) as session:
        assert [e.description for e in session.unsaved_edits] == ["moved 7 to good"]
        assert "the older ones are kept aside" in session.recovery_problem
    asides = [p.read_bytes() for p in small.with_suffix(".phygui").glob("journal-*")]
    assert any(b"merged 3 and 4" in data for data in asides)


def test_somebody_who_works_with_the_other_folder_is_not_worked_beside(small, states, denied):
    with denied:
        other = Session.open(small)
        other.merge([3, 4])
    with Session.open(small) as session:
        assert "open elsewhere" in session.read_only_reason
    other.close()
    with Session.open(small) as session:
        assert not session.read_only
        assert len(session.unsaved_edits) == 1


def test_a_session_of_another_user_is_seen_where_nothing_can_be_written(small, denied):
    with Session.open(small) as first:
        first.merge([3, 4])
        with denied, Session.open(small) as second:
            assert "open elsewhere" in second.read_only_reason
            assert "save a copy" in second.read_only_reason
            assert second.unsaved_edits == [], "they are not those of an earlier session"


def test_a_folder_from_before_is_copied_to_a_dataset_of_another_name(small):
    other = small.with_name("simulated_small.h5")
    leave(small, lambda s: s.merge([3, 4]))
    small.rename(other)
    with Session.open(other) as session:
        assert [e.description for e in session.unsaved_edits] == ["merged 3 and 4 into 16"]
    assert (small.with_suffix(".phygui") / "journal").exists(), "it may be of another one as well"
    assert other.with_name("simulated_small.h5.phygui_state").is_dir()


@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "second name", "sparse"])
def test_a_journal_that_is_none_is_put_out_of_the_way_untouched(small, tmp_path, kind):
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("six years of work")
    folder = small.with_suffix(".phygui")
    folder.mkdir()
    path = folder / "journal"
    if kind == "link":
        path.symlink_to(thesis)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "second name":
        os.link(thesis, path)
    else:
        with open(path, "wb") as file:
            file.truncate(2 << 40)
    with Session.open(small) as session:
        assert session.recovery_problem or kind == "second name"
        session.merge([3, 4])
    assert thesis.read_text() == "six years of work"
    assert not (tmp_path / "elsewhere").exists()
    with Session.open(small, recover=True) as session:
        assert 16 in session.cluster_ids


def test_close_raises_nothing_when_the_file_system_has_become_read_only(small, monkeypatch):
    from phygui.storage.state.disk import Disk

    session = Session.open(small)
    session.merge([3, 4])

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        for name in ("open", "write_at", "sync", "truncate"):
            patch.setattr(Disk, name, refuse)
        for name in ("unlink", "rmdir", "ftruncate", "replace", "mkdir", "utime"):
            patch.setattr(os, name, refuse)
        session.close(discard=True)
    assert Lock(small.with_suffix(".phygui")).acquire() is None


def test_what_a_lock_of_an_older_program_says_is_understood(small):
    folder = small.with_suffix(".phygui")
    folder.mkdir()
    told = {"host": "elsewhere", "process": 7, "since": "2026-01-02T03:04:05", "user": "anna"}
    (folder / "lock").write_text(json.dumps(told))
    with Session.open(small) as session:
        assert "process 7 of anna on elsewhere" in session.read_only_reason
