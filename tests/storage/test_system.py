"""What systems do differently, with the calls and names of another system put in place."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

from phygui.storage import system
from phygui.storage.arrays.filebytes import FileBytes
from phygui.storage.state.durable import edit_copy
from phygui.storage.state.lock import Lock


@pytest.fixture(params=["win32", "darwin", "linux"])
def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "platform", request.param)
    return str(request.param)


def test_a_system_may_not_tell_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (system.total_memory() or 0) > 1 << 20

    def unknown(name: str) -> int:
        raise ValueError("unrecognized configuration name")

    for answer in (unknown, lambda _: -1):
        monkeypatch.setattr(os, "sysconf", answer, raising=False)
        assert system.total_memory() is None
    monkeypatch.delattr(os, "sysconf")
    assert system.total_memory() is None


# -- reading and writing at a place ------------------------------------------------------------

CALLS = [(), ("preadv", "pwritev"), ("preadv", "pwritev", "pread", "pwrite")]
"""What Linux, macOS and Windows lack."""


@pytest.mark.parametrize("absent", CALLS)
def test_threads_read_at_places_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absent: tuple[str, ...]
) -> None:
    for name in absent:
        monkeypatch.delattr(os, name, raising=False)
    path = tmp_path / "some.dat"
    path.write_bytes(np.arange(20_000, dtype=np.uint16).tobytes())
    file = FileBytes(path, 40_000)
    wrong = []

    def read(start: int) -> None:
        for at in range(start, 20_000, 97):
            if file.piece(2 * at, 2 * at + 2).view(np.uint16).tolist() != [at]:
                wrong.append(at)

    threads = [threading.Thread(target=read, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    file.close()
    fd = os.open(path, os.O_RDWR | system.BINARY)
    assert system.write_at(fd, b"\r\n\x1a", 7) == 3
    os.close(fd)
    assert path.read_bytes()[7:10] == b"\r\n\x1a"


def test_a_short_file_ends(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    fd = system.open_to_read(tmp_path / "x")
    into = bytearray(5)
    assert system.read_at(fd, memoryview(into), 1) == 2
    assert bytes(into) == b"bc\0\0\0"
    os.close(fd)


def test_a_forked_child_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        return
    (tmp_path / "x").write_bytes(b"abc")
    file = FileBytes(tmp_path / "x", 3)
    with file._lock:  # as a thread does that reads at this moment
        child = os.fork()
        if not child:
            signal.alarm(20)
            os._exit(7 if file.piece(1, 3).tobytes() == b"bc" else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7


# -- flushing -----------------------------------------------------------------------------------


def fake_fcntl(monkeypatch: pytest.MonkeyPatch, code: int = 0) -> list[int]:
    asked: list[int] = []

    def call(fd: int, command: int) -> int:
        asked.append(command)
        if code:
            raise OSError(code, os.strerror(code))
        return 0

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setitem(sys.modules, "fcntl", types.SimpleNamespace(fcntl=call, F_FULLFSYNC=51))
    return asked


def test_macos_empties_the_memory_of_the_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, synced = fake_fcntl(monkeypatch), []
    monkeypatch.setattr(os, "fsync", synced.append)
    (tmp_path / "x").touch()
    system.sync_file(tmp_path / "x")
    assert asked == [51]
    assert not synced


def test_a_network_drive_of_macos_is_flushed_as_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    fake_fcntl(monkeypatch, errno.ENOTSUP)
    system.sync(7)
    assert synced == [7]
    fake_fcntl(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        system.sync(7)


def test_windows_flushes_what_is_open_for_writing_and_no_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").touch()
    monkeypatch.setattr(sys, "platform", "win32")
    opened: list[int] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: opened.append(flags) or real(path, flags))
    system.sync_folder(tmp_path)
    assert not opened
    system.sync_file(tmp_path / "x")
    assert opened[0] & os.O_RDWR


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_folders_that_cannot_be_flushed_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(fd: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    system.sync_folder(tmp_path)


def test_a_folder_that_fails_to_be_flushed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        system.sync_folder(tmp_path)


# -- names and times ----------------------------------------------------------------------------


def refusing(monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> list[int]:
    """A call that is refused some times, as of a file that another program has open."""
    real, left = getattr(os, name), [times]

    def call(*arguments: object) -> None:
        if left[0]:
            left[0] -= 1
            raise PermissionError(errno.EACCES, "it is used by another process")
        real(*arguments)

    monkeypatch.setattr(os, name, call)
    monkeypatch.setattr(system, "_PAUSE", 0.0)
    return left


@pytest.mark.parametrize("name", ["replace", "unlink"])
def test_windows_waits_for_who_has_a_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    arguments = [tmp_path / "a", tmp_path / "b"] if name == "replace" else [tmp_path / "a"]
    (tmp_path / "a").touch()
    left = refusing(monkeypatch, name, 3)
    with pytest.raises(PermissionError):
        getattr(system, name)(*arguments)
    assert left == [2]
    monkeypatch.setattr(sys, "platform", "win32")
    getattr(system, name)(*arguments)
    assert left == [0]
    assert not (tmp_path / "a").exists()


def test_windows_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    refusing(monkeypatch, "unlink", 1000)
    with pytest.raises(PermissionError):
        system.unlink(tmp_path / "a")


def test_the_time_of_an_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(os, "utime", told.append)
    for supported in ({os.utime}, set()):
        monkeypatch.setattr(os, "supports_fd", supported)
        system.touch(7, tmp_path)
    assert told == [7, tmp_path]


def test_a_lock_is_taken_and_given_back_on_any_system(
    tmp_path: Path, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "_told_by_windows", lambda process: "1")
    lock = Lock(tmp_path / "some.phygui")
    assert lock.acquire() is None
    lock.release()
    assert not lock.path.exists()


def test_a_file_is_saved_on_any_system(
    tmp_path: Path, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if platform == "win32":
        monkeypatch.delattr(os, "chown")
    path = tmp_path / "x.dat"
    path.write_bytes(b"old")
    edit_copy(path, lambda copy: copy.write_bytes(b"new") and None)
    assert path.read_bytes() == b"new"
    assert (tmp_path / "x.dat.bak").read_bytes() == b"old"


# -- processes ----------------------------------------------------------------------------------


@pytest.fixture
def ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_process_lives_or_is_gone(ended: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (sys.platform, "darwin"):
        monkeypatch.setattr(sys, "platform", name)
        assert system.started(os.getpid()) is not None
        assert system.started(ended) is None


def test_a_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "kill", refuse)
    assert system.started(1) == ""


class Kernel32:
    """The calls of Windows about processes: 4 lives, 5 has ended, 6 is another user's."""

    def OpenProcess(self, access: int, inherit: bool, process: int) -> int:
        return process if process in (4, 5) else 0

    OpenProcess.restype = None  # type: ignore[attr-defined]

    def GetExitCodeProcess(self, handle: ctypes.c_void_p, code: object) -> int:
        code._obj.value = 259 if handle.value == 4 else 0  # type: ignore[attr-defined]
        return 1

    def GetProcessTimes(self, handle: ctypes.c_void_p, *times: object) -> int:
        times[0]._obj.value = 1234  # type: ignore[attr-defined]
        return 1

    def CloseHandle(self, handle: ctypes.c_void_p) -> int:
        return 1


def test_windows_is_asked_and_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: object) -> None:
        raise AssertionError("on Windows this ends the process")

    kernel = types.SimpleNamespace(
        **{
            name: (lambda method: lambda *given: method(*given))(getattr(Kernel32(), name))
            for name in vars(Kernel32)
            if name[0].isupper()
        }
    )
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(system, "_kernel32", lambda: kernel)
    codes = {6: 5, 7: 87}
    asked = [0]
    monkeypatch.setattr(ctypes, "get_last_error", lambda: codes[asked[0]], raising=False)
    found = {}
    for process in (4, 5, 6, 7):
        asked[0] = process
        found[process] = system.started(process)
    assert found == {4: "1234", 5: None, 6: "", 7: None}


def test_no_other_module_asks_the_system_itself() -> None:
    """Calls that systems lack, or that do harm on some, are made in one place."""
    package = Path(system.__file__).parents[1]
    words = ("os.kill(", "os.preadv(", "os.pwrite(", "os.fdatasync(", "os.fsync(", "os.utime(self")
    words += ("/proc/self/stat", "WinDLL")
    found = {
        f"{path.relative_to(package).as_posix()}: {word}"
        for path in package.rglob("*.py")
        for word in words
        if word in path.read_text() and path.name != "system.py"
    }
    # Asked of Linux alone, and caught where it is another.
    assert found <= {
        "storage/arrays/filebytes.py: os.preadv(",
        "storage/state/scratch.py: os.pwrite(",
        "gui/archive/preparing.py: os.kill(",
        "storage/state/state_files.py: /proc/self/stat",
    }
