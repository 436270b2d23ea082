"""Nothing that lies beside a dataset is followed, waited for, or believed for its size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from phygui.storage.state import state_files
from phygui.storage.state.state_files import (
    check_file,
    make_folder,
    open_for_writing,
    parse_json,
    read_json,
    read_whole,
    write_whole,
)

SECRET = b"six years of work"


@pytest.fixture
def thesis(tmp_path: Path) -> Path:
    path = tmp_path / "thesis.txt"
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "some.phygui"
    folder.mkdir()
    return folder / "journal"


def make_odd(path: Path, kind: str, thesis: Path) -> None:
    if kind == "link":
        path.symlink_to(thesis)
    elif kind == "dangling link":
        path.symlink_to(thesis.with_name("elsewhere"))
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with open(path, "wb") as file:
            file.truncate(2 << 40)
    else:
        assert kind == "holes"
        with open(path, "wb") as file:
            file.truncate(1 << 30)


ODD = {
    "link": "is a link",
    "dangling link": "is a link",
    "pipe": "not a regular file",
    "device": "is a link",
    "folder": "is a folder",
    "sparse": "expected at most",
    "holes": "mostly holes",
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_of_ours_is_not_read(path, thesis, kind):
    make_odd(path, kind, thesis)
    with pytest.raises(OSError, match=ODD[kind]):
        read_whole(path, 1 << 32)


@pytest.mark.parametrize("kind", [k for k in ODD if k != "holes"])
def test_nor_given_to_a_library(path, thesis, kind):
    make_odd(path, kind, thesis)
    with pytest.raises(OSError, match=ODD[kind]):
        check_file(path)


@pytest.mark.parametrize("kind", [k for k in ODD if k not in ("sparse", "holes")])
def test_nor_written_to(path, thesis, kind):
    make_odd(path, kind, thesis)
    with pytest.raises(OSError, match=ODD[kind]):
        open_for_writing(path, os.O_RDWR | os.O_CREAT)
    assert thesis.read_bytes() == SECRET
    assert not thesis.with_name("elsewhere").exists()


@pytest.mark.parametrize("kind", [k for k in ODD if k != "folder"])
def test_it_is_replaced_and_its_target_left_alone(path, thesis, kind):
    make_odd(path, kind, thesis)
    write_whole(path, b"new")
    assert read_whole(path, 3) == b"new"
    assert thesis.read_bytes() == SECRET
    assert os.listdir(path.parent) == [path.name], "no temporary file is left"


def test_a_file_with_a_second_name_is_copied_before_it_is_written_to(path, thesis):
    os.link(thesis, path)
    fd = open_for_writing(path, os.O_RDWR)
    os.write(fd, b"SIX")
    os.close(fd)
    assert path.read_bytes() == b"SIX" + SECRET[3:]
    assert thesis.read_bytes() == SECRET


def test_a_folder_that_is_a_link_is_not_followed(path, thesis):
    link = path.parent.with_name("link.phygui")
    link.symlink_to(path.parent)
    with pytest.raises(OSError, match="is a link"):
        write_whole(link / "journal", b"new")
    with pytest.raises(OSError, match="is a link"):
        read_whole(link / "journal", 10)
    assert os.listdir(path.parent) == []


def test_names_of_temporary_files_cannot_be_foreseen(path, monkeypatch):
    names = []
    real = os.replace

    def note(source, target, **options):
        names.append(os.fspath(source))
        real(source, target, **options)

    monkeypatch.setattr(state_files.os, "replace", note)
    write_whole(path, b"1")
    write_whole(path, b"2")
    assert len({*names}) == 2
    assert str(os.getpid()) not in "".join(name.split(".")[-3] for name in names)


def test_a_file_that_grows_while_it_is_read(path, monkeypatch):
    path.write_bytes(b"x" * 100)
    real = os.fstat

    def smaller(fd):
        found = list(real(fd))
        found[6] = 10
        return os.stat_result(found)

    monkeypatch.setattr(state_files, "_check_size", lambda *_: None)
    with pytest.raises(OSError, match="expected at most 10"):
        read_whole(path, 10)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "1e999", "-1e999", "NaN", "Infinity", "{", "", "9" * 5000, b"\xff\xfe"]
)
def test_json_that_no_program_of_ours_writes(path, text):
    with pytest.raises(ValueError):
        parse_json(text)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError):
        read_json(path)


@pytest.mark.parametrize("mode", [0o2775, 0o2770, 0o755, 0o700])
def test_new_folders_and_files_are_for_those_who_may_write_beside(tmp_path, mode):
    dataset = tmp_path / "lab"
    dataset.mkdir()
    os.chmod(dataset, mode)
    before = os.umask(0o022)
    try:
        make_folder(dataset / "some.phygui")
        write_whole(dataset / "some.phygui" / "journal", b"")
    finally:
        os.umask(before)
    of_folder = stat.S_IMODE((dataset / "some.phygui").stat().st_mode)
    of_file = stat.S_IMODE((dataset / "some.phygui" / "journal").stat().st_mode)
    assert of_folder == mode
    assert of_file == mode & 0o664
