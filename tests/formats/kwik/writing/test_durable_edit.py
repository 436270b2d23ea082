"""A file is entirely old or entirely new, whatever fails while it is changed."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from phygui.errors import DatasetError
from phygui.formats.kwik.writing.durable_edit import durable_edit
from phygui.storage.state import durable


def edit(file: h5py.File) -> None:
    file["x"][...] = np.arange(1000) + 1
    file.attrs["edited"] = 1


def verify(file: h5py.File) -> None:
    if not np.array_equal(file["x"][...], np.arange(1000) + 1):
        raise DatasetError("what was written is not there.")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "a.kwik"
    path.parent.mkdir()
    with h5py.File(path, "w") as h5:
        h5["x"] = np.arange(1000)
        h5["other"] = np.arange(5)
    return path


def is_new(path: Path) -> bool:
    with h5py.File(path) as h5:
        return bool(np.array_equal(h5["x"][...], np.arange(1000) + 1))


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name not in ("a.kwik", "a.kwik.bak"))


def test_an_edit(file: Path) -> None:
    before = file.read_bytes()
    durable_edit(file, edit, verify)
    assert is_new(file)
    with h5py.File(file) as h5:
        assert h5.attrs["edited"] == 1
        assert h5["other"][...].tolist() == [0, 1, 2, 3, 4]
    assert file.with_name("a.kwik.bak").read_bytes() == before
    assert leftovers(file.parent) == []


def test_the_backup_is_from_before_the_first_write(file: Path) -> None:
    before = file.read_bytes()
    for _ in range(3):
        durable_edit(file, lambda h5: h5["x"].__setitem__(0, h5["x"][0] + 1))
    assert file.with_name("a.kwik.bak").read_bytes() == before
    with h5py.File(file) as h5:
        assert h5["x"][0] == 3


def test_a_backup_that_is_there_is_kept_whatever_it_is(file: Path) -> None:
    backup = file.with_name("a.kwik.bak")
    backup.symlink_to("nowhere")
    durable_edit(file, edit, verify)
    assert backup.is_symlink()
    assert is_new(file)


def test_mode_is_kept(file: Path) -> None:
    for mode in (0o600, 0o664, 0o440):
        os.chmod(file, mode)
        durable_edit(file, edit, verify)
        assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_owner_is_kept(file: Path) -> None:
    # Who is not root may give a file to a group of their own alone.
    owner = (1234, 4321) if os.geteuid() == 0 else (os.geteuid(), [*os.getgroups(), -1][0])
    os.chown(file, *owner)
    before = file.stat()
    durable_edit(file, edit, verify)
    assert (file.stat().st_uid, file.stat().st_gid) == (before.st_uid, before.st_gid)
    assert os.geteuid() != 0 or (before.st_uid, before.st_gid) == owner


def test_a_symbolic_link_is_followed(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.kwik"
    link.symlink_to(file)
    durable_edit(link, edit, verify)
    assert link.is_symlink()
    assert is_new(file)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "link.kwik"]


def test_hard_links_are_refused(file: Path) -> None:
    os.link(file, file.with_name("twin"))
    with pytest.raises(DatasetError, match="has 2 hard links"):
        durable_edit(file, edit, verify)
    assert not is_new(file)


def test_another_target(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    target = tmp_path / "copy.kwik"
    target.write_text("in the way")
    durable_edit(file, edit, verify, target=target)
    assert is_new(target)
    assert file.read_bytes() == before
    assert leftovers(file.parent) == []
    assert not file.with_name("a.kwik.bak").exists()


def test_a_target_in_a_folder_that_is_not_there(file: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="could not be saved and is unchanged"):
        durable_edit(file, edit, verify, target=tmp_path / "nowhere" / "copy.kwik")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        durable_edit(tmp_path / "a.kwik", edit, verify)


def test_a_failing_edit_and_a_failing_comparison(file: Path) -> None:
    before = file.read_bytes()

    def explode(h5: h5py.File) -> None:
        h5["x"][...] = 0
        raise ValueError("no such thing")

    for failing in ((explode, verify), (lambda h5: None, verify), (edit, explode)):
        with pytest.raises(DatasetError):
            durable_edit(file, *failing)
        assert file.read_bytes() == before
        assert leftovers(file.parent) == []


def test_a_bug_in_an_edit_is_not_hidden_but_harms_nothing(file: Path) -> None:
    before = file.read_bytes()

    def bug(h5: h5py.File) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        durable_edit(file, bug)
    assert file.read_bytes() == before
    assert leftovers(file.parent) == []


def test_a_file_changed_meanwhile_is_not_overwritten(file: Path) -> None:
    def meanwhile(h5: h5py.File) -> None:
        edit(h5)
        with h5py.File(file, "r+") as other:
            other["other"][0] = 77

    with pytest.raises(DatasetError, match="changed by another program while it was being saved"):
        durable_edit(file, meanwhile, verify)
    with h5py.File(file) as h5:
        assert h5["other"][0] == 77


#: Everything through which a save touches the disk.
CALLS: dict[str, tuple[Any, str]] = {
    "make the copy": (tempfile, "mkstemp"),
    "open the copy": (os, "fdopen"),
    "copy": (shutil, "copyfileobj"),
    "copy mode and times": (shutil, "copystat"),
    "look": (os, "stat"),
    "edit or read back": (h5py, "File"),
    "flush": (os, "fsync"),
    "open to flush": (os, "open"),
    "close": (os, "close"),
    "mode": (os, "chmod"),
    "link the backup": (os, "link"),
    "rename": (os, "replace"),
}


class Fault:
    """Counts the calls of a function, and makes one of them fail."""

    def __init__(self, function: Callable[..., Any], at: int, error: BaseException) -> None:
        self.function, self.at, self.error, self.n_calls = function, at, error, 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.n_calls += 1
        if self.n_calls == self.at:
            if self.function is shutil.copyfileobj:
                args[1].write(args[0].read(100))  # a copy cut short
            raise self.error
        return self.function(*args, **kwargs)


def run_with_fault(file: Path, call: str, at: int, code: int) -> tuple[Fault, str]:
    module, name = CALLS[call]
    fault = Fault(getattr(module, name), at, OSError(code, os.strerror(code)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, fault)
        try:
            durable_edit(file, edit, verify)
        except DatasetError as error:
            return fault, str(error)
    return fault, ""


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_any_call_may_fail_at_any_place(call: str, code: int, file: Path) -> None:
    before = file.read_bytes()
    n_faults = 0
    for at in range(1, 100):
        shutil.rmtree(file.parent)
        file.parent.mkdir()
        file.write_bytes(before)
        fault, text = run_with_fault(file, call, at, code)
        if fault.n_calls < at:
            break
        n_faults += 1
        new = file.read_bytes() != before
        assert new is False or is_new(file), "the file is entirely old or entirely new"
        if text:
            assert str(file) in text
            assert "is unchanged" in text or "cannot be reached" in text or new
            assert new is ("was saved, but" in text)
            if code == errno.ENOSPC and not new and call != "look":
                assert "the disk is full" in text
        else:
            assert new, "what reported no failure was done"
        backup = file.with_name("a.kwik.bak")
        assert not backup.exists() or backup.read_bytes() == before
        if call != "close":
            assert leftovers(file.parent) == []
    assert n_faults >= 1, "the fault was never reached"
    # And when the fault is gone, saving works.
    durable_edit(file, edit, verify)
    assert is_new(file)


def test_the_disk_that_lies_about_the_copy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()
    monkeypatch.setattr(
        shutil, "copyfileobj", lambda source, target, size: target.write(source.read(500))
    )
    with pytest.raises(DatasetError, match="could not be saved and is unchanged"):
        durable_edit(file, edit, verify)
    assert file.read_bytes() == before
    assert leftovers(file.parent) == []


FULL_DISK = """
import resource, signal, sys
import numpy as np
from phygui.formats.kwik.writing.durable_edit import durable_edit
from phygui.errors import DatasetError
path, room = sys.argv[1], int(sys.argv[2])
def edit(file):
    file["x"][...] = 0
    file.create_dataset("more", data=np.random.default_rng(0).random(40_000))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    durable_edit(path, edit)
except DatasetError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs limits on the size of files")
@pytest.mark.parametrize("part", [0.1, 0.9, 1.0, 1.05, 2, 20])
def test_a_disk_that_is_really_full(file: Path, part: float) -> None:
    """Files may not grow beyond a limit: in the copy, or where HDF5 writes the edit."""
    before = file.read_bytes()
    room = str(int(len(before) * part))
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(file), room],
        capture_output=True,
        text=True,
        cwd=Path(durable.__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert "could not be saved and is unchanged" in done.stdout
    assert file.read_bytes() == before
    assert leftovers(file.parent) == []


def test_without_hard_links_the_backup_is_renamed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: Any, target: Any) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    before = file.read_bytes()
    monkeypatch.setattr(os, "link", link)
    durable_edit(file, edit, verify)
    assert file.with_name("a.kwik.bak").read_bytes() == before
    assert leftovers(file.parent) == []


def test_a_read_only_folder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the refusal is made."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(durable.tempfile, "mkstemp", refuse)
    with pytest.raises(DatasetError, match="this user may not write there"):
        durable_edit(file, edit, verify)
    assert not is_new(file)


def test_an_interrupted_copy_is_removed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        durable_edit(file, edit, verify)
    assert leftovers(file.parent) == []


@pytest.mark.parametrize(("free", "words"), [(0, "the disk is full"), (10**12, "HDF5 could not")])
def test_a_full_disk_is_named_though_hdf5_hides_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, free: int, words: str
) -> None:
    def fails(_: h5py.File) -> None:
        raise RuntimeError("unable to flush (slist already enabled?)")

    usage = shutil.disk_usage(file)._replace(free=free)
    monkeypatch.setattr(durable.shutil, "disk_usage", lambda _: usage)
    before = file.read_bytes()
    with pytest.raises(DatasetError, match=words):
        durable_edit(file, fails, None)
    assert file.read_bytes() == before
