"""The journal keeps what it has acknowledged, through every failure of the disk."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from phygui.storage.state.disk import Disk
from phygui.storage.state.journal import Journal, JournalError, read_journal
from phygui.storage.state.records import Record
from phygui.storage.state.scratch import Scratch


def numbers(path: Path) -> list[int]:
    return [record.text["n"] for record in read_journal(path).records]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.phygui" / "journal"


class FailingDisk(Disk):
    """Fails one call, chosen by name and number; a write stops half-way first."""

    def __init__(self, name: str, n: int, error: int = errno.ENOSPC) -> None:
        self.name, self.n, self.error = name, n, error
        self.broken = False

    def _check(self, name: str) -> None:
        if self.name != name:
            return
        self.n -= 1
        if self.n == 0 or self.broken:
            raise OSError(self.error, "No space left on device")

    def open(self, path, flags):
        self._check("open")
        return super().open(path, flags)

    def write_at(self, fd, data, offset):
        try:
            self._check("write_at")
        except OSError:
            super().write_at(fd, data[: len(data) // 2], offset)
            raise
        return super().write_at(fd, data, offset)

    def sync(self, fd):
        self._check("sync")
        super().sync(fd)

    def truncate(self, fd, size):
        self._check("truncate")
        super().truncate(fd, size)


def test_nothing_is_written_before_the_first_record(path):
    journal = Journal(path)
    journal.close()
    assert not path.parent.exists()


def test_records_are_on_disk_when_acknowledged(path):
    journal = Journal(path)
    for n in range(5):
        journal.append(Record({"n": n}, {"spikes": np.arange(n)})).result(10)
        assert numbers(path) == list(range(n + 1))
    journal.close()


def test_many_records_keep_their_order(path):
    journal = Journal(path)
    futures = [journal.append(lambda n=n: Record({"n": n})) for n in range(200)]
    journal.close()
    assert all(future.done() for future in futures)
    assert numbers(path) == list(range(200))


def test_the_caller_does_not_wait(path):
    held = threading.Event()

    class Slow(Disk):
        def sync(self, fd):
            held.wait(10)

    journal = Journal(path, disk=Slow())
    future = journal.append(Record({"n": 0}))
    assert not future.done()
    held.set()
    future.result(10)
    journal.close()


def test_a_torn_record_is_told_dropped_and_overwritten(path):
    journal = Journal(path)
    for n in range(3):
        journal.append(Record({"n": n}))
    journal.close()
    path.write_bytes(path.read_bytes()[:-5])
    content = read_journal(path)
    assert len(content.records) == 2
    assert "record 3" in content.damage
    assert "cut short: at least 1 edit could not be read" in content.damage
    journal = Journal(path, content.data[: content.size])
    journal.append(Record({"n": 7}))
    journal.close()
    assert numbers(path) == [0, 1, 7]
    assert not read_journal(path).damage


def test_damage_in_the_midst_is_reported(path):
    journal = Journal(path)
    for n in range(3):
        journal.append(Record({"n": n}))
    journal.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 3 + 25] ^= 1
    path.write_bytes(bytes(data))
    content = read_journal(path)
    assert len(content.records) == 1
    assert "record 2" in content.damage
    assert "checksum is wrong: 2 edits could not be read" in content.damage


@pytest.mark.parametrize("name", ["open", "write_at", "sync", "truncate"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_failure_leaves_the_acknowledged_records(path, name, n):
    disk = FailingDisk(name, n)
    journal = Journal(path, disk=disk)
    kept = []
    for i in range(6):
        failure = journal.append(Record({"n": i})).exception(10)
        if failure is None:
            kept.append(i)
        else:
            assert "No space left" in str(failure)
            with pytest.raises(JournalError):
                journal.append(Record({"n": 100 + i})).result(10)
            journal.resume()
        assert numbers(path) == kept
    journal.close()
    assert numbers(path) == kept
    assert len(kept) == 6 - (disk.n <= 0)


def test_a_disk_that_stays_full_and_recovers(path):
    disk = FailingDisk("write_at", 3)
    disk.broken = False
    journal = Journal(path, disk=disk)
    journal.append(Record({"n": 0})).result(10)
    disk.broken = True
    for _ in range(3):
        with pytest.raises(JournalError):
            journal.append(Record({"n": 1})).result(10)
        journal.resume()
    disk.broken = False
    disk.n = 1000
    journal.append(Record({"n": 2})).result(10)
    journal.close()
    assert numbers(path) == [0, 2]


def test_a_record_that_cannot_be_made_fails_alone(path):
    journal = Journal(path)
    with pytest.raises(JournalError, match="negative"):
        journal.append(Record({}, {"a": np.array([-1])})).result(10)
    journal.resume()
    journal.append(Record({"n": 1})).result(10)
    journal.close()
    assert numbers(path) == [1]


def test_what_is_optional_and_cannot_be_made_refuses_nothing_that_waits_with_it(path):
    journal = Journal(path)
    first, go = threading.Event(), threading.Event()

    def slow():
        first.set()
        assert go.wait(10)
        return Record({"n": 0})

    def fail():
        raise MemoryError

    before = journal.append(slow)
    assert first.wait(10)
    # These two wait together, and are written in one go.
    optional = journal.append(fail, optional=True)
    edit = journal.append(Record({"n": 1}))
    go.set()
    before.result(10)
    edit.result(10)
    with pytest.raises(JournalError, match="MemoryError"):
        optional.result(10)
    journal.append(Record({"n": 2})).result(10)
    journal.close()
    assert numbers(path) == [0, 1, 2]


MEDDLING = {
    "removed": lambda path: path.unlink(),
    "moved": lambda path: path.rename(path.with_name("elsewhere")),
    "moved with its folder": lambda path: path.parent.rename(path.parent.with_name("elsewhere")),
    "cut": lambda path: os.truncate(path, 10),
    "emptied": lambda path: os.truncate(path, 0),
    "grown": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "replaced": lambda path: replace(path, b"another journal"),
    "replaced by its like": lambda path: replace(path, path.read_bytes()),
    "replaced by a folder": lambda path: (path.unlink(), path.mkdir()),
}


def replace(path, data):
    path.with_name("new").write_bytes(data)
    path.with_name("new").replace(path)


@pytest.mark.parametrize("how", MEDDLING)
def test_a_journal_that_is_meddled_with_fails_once_and_is_written_anew(path, how):
    aside = []
    journal = Journal(path, keep_aside=lambda reason: aside.append((reason, path.is_dir())))
    for n in range(3):
        journal.append(Record({"n": n}, {"spikes": np.arange(n)})).result(10)
    MEDDLING[how](path)
    with pytest.raises(JournalError, match="while it was in use") as caught:
        journal.append(Record({"n": 3})).result(10)
    is_anew = how != "replaced by a folder"
    assert ("written again with all edits of this session" in str(caught.value)) == is_anew
    if not is_anew:
        path.rmdir()
        journal.resume()
        with pytest.raises(JournalError, match="while it was in use"):
            journal.append(Record({"n": 3})).result(10)
    assert numbers(path) == [0, 1, 2]
    assert bool(aside) == (how not in ("removed", "moved", "moved with its folder"))
    journal.resume()
    journal.append(Record({"n": 4})).result(10)
    journal.close()
    assert numbers(path) == [0, 1, 2, 4]


def test_an_earlier_journal_that_was_exchanged_before_the_first_record_is_noticed(path):
    journal = Journal(path)
    journal.append(Record({"n": 0})).result(10)
    journal.close()
    earlier = path.read_bytes()
    for data in (b"x" * len(earlier), earlier[:-1], None):
        path.unlink() if data is None else path.write_bytes(data)
        journal = Journal(path, earlier)
        with pytest.raises(JournalError, match="written again"):
            journal.append(Record({"n": 1})).result(10)
        journal.resume()
        journal.append(Record({"n": 2})).result(10)
        journal.close()
        assert numbers(path) == [0, 2]


def test_without_room_for_a_second_copy_the_journal_still_works(path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Scratch, "append", full)
    journal = Journal(path)
    assert journal.append(Record({"n": 0})).result(10) is None
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(JournalError, match="written again"):
        journal.append(Record({"n": 1})).result(10)
    assert numbers(path) == [0]
    journal.resume()
    os.truncate(path, 3)
    with pytest.raises(JournalError, match="lost: save now"):
        journal.append(Record({"n": 2})).result(10)
    journal.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_that_reads_does_not_move_where_its_parent_writes(tmp_path):
    scratch = Scratch(tmp_path)
    scratch.append(b"first")
    where = os.lseek(scratch._file.fileno(), 0, os.SEEK_CUR)
    child = os.fork()
    if child == 0:
        os._exit(scratch.read(1, 3) != b"irs")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert os.lseek(scratch._file.fileno(), 0, os.SEEK_CUR) == where
    scratch.append(b"second")
    assert scratch.read() == b"firstsecond"


def test_a_record_is_read_again_from_its_place(path):
    journal = Journal(path)
    places = [journal.append(Record({"n": n}, {"a": np.arange(n)})) for n in range(9)]
    journal.close()
    path.unlink()
    for n, place in enumerate(places):
        record = place.result().record()
        assert record.text["n"] == n
        np.testing.assert_array_equal(record.arrays["a"], np.arange(n))
    assert [p.name for p in path.parent.iterdir()] == []
