"""Which folder is a dataset's own, and which is not to be trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phygui.storage.state import state_folder as module
from phygui.storage.state.state_folder import find_place, state_folder


@pytest.fixture
def states(tmp_path, monkeypatch) -> Path:
    user = tmp_path / "user"
    monkeypatch.setattr(module.platformdirs, "user_state_path", lambda *_, **__: user)
    return user / "datasets"


@pytest.fixture
def kwik(tmp_path, states) -> Path:
    folder = tmp_path / "lab"
    folder.mkdir()
    path = folder / "some.kwik"
    path.write_bytes(b"x")
    return path


def test_each_dataset_has_a_folder_of_its_own(kwik):
    names = ["some.kwik", "some.kwik~", "some.kwik_old", "some.h5", "some", "some.kwik.bak"]
    folders = {state_folder(kwik.with_name(name)) for name in names}
    assert len(folders) == len(names)
    assert state_folder(kwik).name == "some.phygui"


def test_a_folder_from_before_is_taken_over_where_it_can_be_of_nothing_else(kwik):
    kwik.with_name("some.phygui").mkdir()
    other = kwik.with_name("some.h5")
    other.write_bytes(b"x")
    assert find_place(other).others == ()
    kwik.unlink()
    assert find_place(other).others == (kwik.with_name("some.phygui"),)


def test_a_link_of_a_stranger_is_not_followed(kwik, tmp_path):
    target = tmp_path / "precious"
    target.mkdir()
    kwik.with_name("some.phygui").symlink_to(target)
    place = find_place(kwik)
    assert "is a link to" in place.reason
    assert target not in (place.folder, *place.others)


def test_a_link_to_a_folder_of_state_is_followed(kwik, tmp_path):
    target = tmp_path / "large-disk" / "some.phygui"
    target.mkdir(parents=True)
    kwik.with_name("some.phygui").symlink_to(target)
    place = find_place(kwik)
    assert (place.folder, place.reason) == (target, "")


def test_a_dangling_link_and_a_file_in_its_place(kwik, tmp_path):
    beside = kwik.with_name("some.phygui")
    beside.symlink_to(tmp_path / "nothing.phygui")
    assert "cannot be used" in find_place(kwik).reason
    beside.unlink()
    beside.write_text("")
    assert "is not a folder" in find_place(kwik).reason


def test_a_folder_that_is_there_is_read_where_it_cannot_be_written(kwik, monkeypatch):
    beside = kwik.with_name("some.phygui")
    beside.mkdir()
    monkeypatch.setattr(module.os, "access", lambda *_: False)
    place = find_place(kwik)
    assert place.folder == beside
    assert "save a copy" in place.reason


def test_state_in_the_user_s_own_folder_is_found_when_the_dataset_s_can_be_written(
    kwik, states, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "access", lambda *_: False)
        kept = state_folder(kwik)
    assert kept.parent == states
    kept.mkdir(parents=True)
    place = find_place(kwik)
    assert place.folder == kwik.with_name("some.phygui")
    assert place.others == (kept,)
    assert not os.path.lexists(place.folder), "nothing is created"
