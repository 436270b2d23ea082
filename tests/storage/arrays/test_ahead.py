"""Files that are read through ahead of who wants parts of them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from phygui.storage import system
from phygui.storage.arrays import ahead
from phygui.storage.arrays.ahead import ReadThrough, that_fit

PIECE = 1000


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where files are read from; as long as nothing else is said, they are on the drive only."""
    monkeypatch.setattr(ahead, "PIECE_BYTES", PIECE)
    monkeypatch.setattr(system, "is_in_memory", lambda fd, places: False)
    found: list[int] = []

    def read_at(fd: int, into: memoryview, offset: int) -> int:
        found.append(offset)
        return len(into)

    monkeypatch.setattr(system, "read_at", read_at)
    return found


def some_files(folder: Path, *sizes: int) -> list[Path]:
    paths = [folder / f"{i}.dat" for i in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(bytes(size))
    return paths


def test_every_piece_is_read_in_order(tmp_path: Path, read: list[int]) -> None:
    through = ReadThrough([*some_files(tmp_path, 2500, 1000), tmp_path / "gone"])
    through.go_on()
    through.wait()
    assert read == [0, 1000, 2000, 0]
    through.go_on()
    through.wait()
    assert len(read) == 4


def test_what_is_in_memory_is_passed_over(
    tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "is_in_memory", lambda fd, places: 1000 in places)
    through = ReadThrough(some_files(tmp_path, 3000))
    through.go_on()
    through.wait()
    assert read == [0, 2000]


def test_nothing_is_read_in_a_pause_or_after_the_end(
    tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_return, is_there = threading.Event(), threading.Event()

    def read_at(fd: int, into: memoryview, offset: int) -> int:
        read.append(offset)
        is_there.set()
        assert may_return.wait(30)
        return len(into)

    monkeypatch.setattr(system, "read_at", read_at)
    through = ReadThrough(some_files(tmp_path, 5000))
    through.go_on()
    assert is_there.wait(30)
    through.pause()
    may_return.set()
    time.sleep(0.05)
    assert read == [0]
    through.end()
    through.wait()
    assert read == [0]


def test_files_are_read_as_far_as_the_memory_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = some_files(tmp_path, 400, 300, 100)
    monkeypatch.setattr(system, "memory_available", lambda: 700)
    assert that_fit([*paths, tmp_path / "gone"]) == [paths[0], paths[2]]
    assert that_fit(paths, 200) == [paths[0]]
    monkeypatch.setattr(system, "memory_available", lambda: 0)
    assert that_fit(paths) == []


def test_the_system_tells_how_much_memory_there_is() -> None:
    if Path("/proc/meminfo").exists():
        assert 2**20 < system.memory_available() < 2**50
    else:
        assert system.memory_available() == 0
