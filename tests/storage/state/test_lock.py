"""Only one writer at a time, whatever happened to the one before."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from phygui.storage.state import lock as lock_module
from phygui.storage.state.lock import Holder, Lock, holder_of

HOLD = """
import sys, time
from phygui.storage.state.lock import Lock
lock = Lock(sys.argv[1])
print(lock.acquire(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "some.phygui"


@pytest.fixture
def other_process(folder):
    """A process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"None\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def plant(folder: Path, **changes) -> None:
    """Leave a lock behind that nobody holds."""
    folder.mkdir()
    told = {"host": Holder.me().host, "process": 2**22 + 5, "since": "2026-01-02T03:04:05"}
    (folder / "lock").write_text(json.dumps(told | changes))


def test_the_second_is_told_who_holds_it(folder):
    first, second = Lock(folder), Lock(folder)
    assert first.acquire() is None
    holder = second.acquire()
    assert holder is not None
    assert holder.process == os.getpid()
    assert not second.is_held
    assert "in this program itself, since 2" in str(holder)
    first.release()
    assert second.acquire() is None
    second.release()


def test_nothing_is_left_behind(folder):
    lock = Lock(folder)
    lock.acquire()
    assert holder_of(folder) is not None
    lock.release()
    lock.release()
    assert not folder.exists()
    assert holder_of(folder) is None


def test_another_process_holds_it(folder, other_process):
    holder = Lock(folder).acquire()
    assert holder is not None
    assert holder.process == other_process.pid
    assert f"process {other_process.pid}" in str(holder)
    assert holder.host in str(holder)


def test_a_killed_holder_is_succeeded(folder, other_process):
    os.kill(other_process.pid, signal.SIGKILL)
    other_process.wait()
    assert (folder / "lock").exists()
    lock = Lock(folder)
    assert lock.acquire() is None
    assert lock.still_held()
    lock.release()


@pytest.mark.parametrize(
    "changes",
    [
        {"boot": lock_module.system.boot()},
        {"boot": lock_module.system.boot(), "process": os.getpid(), "started": "1"},
    ],
    ids=["process gone", "number used again"],
)
def test_a_dead_holder_of_this_computer_is_succeeded(folder, changes):
    plant(folder, **changes)
    lock = Lock(folder)
    assert lock.acquire() is None
    lock.release()


def test_a_killed_holder_is_given_time_to_let_go(folder):
    plant(folder, boot=lock_module.system.boot())
    fd = os.open(folder / "lock", os.O_RDWR)
    assert lock_module.lock_descriptor(fd, blocking=False)
    threading.Timer(0.5, lambda: os.close(fd)).start()
    lock = Lock(folder)
    assert lock.acquire() is None
    lock.release()


def test_a_lock_that_a_dead_process_never_lets_go_is_told(folder, monkeypatch):
    monkeypatch.setattr(lock_module, "_LAST_BREATH", 0.1)
    plant(folder, boot=lock_module.system.boot())
    fd = os.open(folder / "lock", os.O_RDWR)
    assert lock_module.lock_descriptor(fd, blocking=False)
    holder = Lock(folder).acquire()
    assert holder is not None
    assert holder.process == 2**22 + 5
    os.close(fd)


def test_a_living_holder_counts_even_where_locks_do_not_work(folder, monkeypatch):
    def missing(*_, **__):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(lock_module, "lock_descriptor", missing)
    first = Lock(folder)
    assert first.acquire() is None
    holder = Lock(folder).acquire()
    assert holder is not None
    assert holder.process == os.getpid()
    first.release()


@pytest.mark.parametrize(
    "changes", [{"host": "elsewhere"}, {"boot": "another"}], ids=["another name", "the same name"]
)
def test_another_computer_is_believed_for_ten_minutes(folder, changes):
    plant(folder, **changes)
    holder = Lock(folder).acquire()
    assert holder is not None
    assert holder.process == 2**22 + 5
    past = time.time() - lock_module.STALE_AFTER - 60
    os.utime(folder / "lock", (past, past))
    lock = Lock(folder)
    assert lock.acquire() is None
    lock.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_lock_ends_with_its_process_though_a_fork_of_it_lives_on(folder):
    forked = HOLD.replace(
        "time.sleep", "import os; os.fork() or print('forked', flush=True); time.sleep"
    )
    command = [sys.executable, "-c", forked, folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"None\n"
    assert process.stdout.readline() == b"forked\n"
    assert Lock(folder).acquire() is not None
    process.kill()
    process.wait()
    lock = Lock(folder)
    assert lock.acquire() is None
    lock.release()
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()


def test_a_holder_gives_signs_of_life(folder, monkeypatch):
    monkeypatch.setattr(lock_module, "HEARTBEAT", 0.01)
    lock = Lock(folder)
    lock.acquire()
    os.utime(lock.path, (0, 0))
    deadline = time.monotonic() + 10
    while lock.path.stat().st_mtime == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert lock.path.stat().st_mtime > 0
    lock.release()


def test_a_lock_that_was_taken_over_is_noticed(folder):
    lock = Lock(folder)
    lock.acquire()
    lock.path.write_text(json.dumps({"host": "elsewhere", "process": 1, "since": "now"}))
    assert not lock.still_held()
    lock.release()
    assert lock.path.exists(), "the lock of somebody else is left alone"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}', "\x00" * 100, "null"])
def test_a_file_that_names_nobody_is_free(folder, text):
    folder.mkdir()
    (folder / "lock").write_text(text)
    lock = Lock(folder)
    assert lock.acquire() is None
    lock.release()


def test_many_try_and_one_gets_it(folder):
    code = (
        "import sys, time; from phygui.storage.state.lock import Lock; lock = Lock(sys.argv[1]);"
        "print(lock.acquire() is None, flush=True); sys.stdin.read()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    answers = [process.stdout.readline() for process in processes if process.stdout]
    for process in processes:
        process.communicate(b"")
    assert answers.count(b"True\n") == 1


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "second name"])
def test_what_stands_in_the_way_of_a_lock_is_not_written_to(folder, tmp_path, kind):
    folder.mkdir()
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("six years of work")
    path = folder / "lock"
    if kind == "link":
        path.symlink_to(thesis)
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        os.link(thesis, path)
    lock = Lock(folder)
    assert lock.acquire() is None
    lock.release()
    assert thesis.read_text() == "six years of work"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_in_the_place_of_the_lock_is_told(folder):
    (folder / "lock").mkdir(parents=True)
    with pytest.raises(OSError, match="it is a folder"):
        Lock(folder).acquire()


def test_a_full_disk_is_told_and_names_nobody(folder, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:10]) if len(data) > 200 else 0)
    with pytest.raises(OSError, match="No space left"):
        Lock(folder).acquire()
    monkeypatch.undo()
    assert holder_of(folder) is None
    lock = Lock(folder)
    assert lock.acquire() is None
    lock.release()


def test_a_folder_that_loses_its_permissions_does_not_keep_the_lock(folder, monkeypatch):
    lock = Lock(folder)
    lock.acquire()

    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "unlink", denied)
    lock.release()
    monkeypatch.undo()
    assert not lock.is_held
    again = Lock(folder)
    assert again.acquire() is None
    again.release()
