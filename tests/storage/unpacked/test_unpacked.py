"""Packed arrays read as plain ones, each piece is unpacked once, and kept files are trustworthy."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phygui.errors import DatasetError
from phygui.storage.arrays.stores import MemoryStore
from phygui.storage.unpacked import pieces, room
from phygui.storage.unpacked.packed import Piece
from phygui.storage.unpacked.store import UnpackedStore

SHAPE = (103, 4, 2)
ARRAY = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
EVERYTHING = [slice(0, n, 1) for n in SHAPE]


class Counted:
    """An array in memory that counts how often each of its pieces is unpacked."""

    def __init__(
        self, path: Path, array: np.ndarray = ARRAY, step: int = 10, key: str = ""
    ) -> None:
        self.path, self.name, self.array = path, "x", array
        self.shape, self.dtype, self.rows_per_piece = array.shape, array.dtype, step
        self.key = key or f"{path}"
        self.read_of: Counter[int] = Counter()
        self.damaged: set[int] = set()
        self.failing: set[int] = set()
        self.is_current = True
        self.next: Counted | None = None

    def order(self) -> np.ndarray:
        return np.arange(-(-len(self.array) // self.rows_per_piece))[::-1]

    def read(self, piece: int) -> Piece:
        if piece in self.failing:
            raise DatasetError("the drive is away.")
        self.read_of[piece] += 1
        values = self.array[piece * self.rows_per_piece :][: self.rows_per_piece]
        if piece in self.damaged:
            return Piece(np.zeros_like(values), (f"piece {piece} is damaged.",))
        return Piece(values)

    def again(self) -> Counted:
        assert self.next is not None
        return self.next

    def close(self) -> None:
        pass


def store_of(packed: Counted, told: list[str] | None = None) -> UnpackedStore:
    warn = (lambda _: None) if told is None else told.append
    return UnpackedStore(packed, lambda: MemoryStore(packed.array), warn)


def finish(store: UnpackedStore) -> list[str]:
    said = []
    while (job := store.job()) is not None:
        said.append(job(lambda: False))
    return [text for text in said if text]


@pytest.fixture(params=["memory", "file"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, cache: Path) -> str:
    monkeypatch.setattr(pieces, "MEMORY_BYTES", 2**20 if request.param == "memory" else 0)
    return str(request.param)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "folder", lambda: tmp_path / "unpacked")
    return tmp_path / "unpacked"


@pytest.fixture
def in_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(pieces, "MEMORY_BYTES", 0)
    yield cache
    assert not list(cache.glob("*.part"))


_rows = st.one_of(
    st.lists(st.integers(0, SHAPE[0] - 1), min_size=1, max_size=30).map(np.array),
    st.tuples(st.integers(0, 60), st.integers(61, SHAPE[0]), st.integers(1, 9)).map(
        lambda t: slice(*t)
    ),
)


@settings(max_examples=40)
@given(
    reads=st.lists(_rows, min_size=1, max_size=8),
    step=st.integers(1, 120),
    background=st.booleans(),
)
def test_threads_read_what_is_in_the_array_and_unpack_each_piece_once(
    where: str, tmp_path: Path, reads: list[slice | np.ndarray], step: int, background: bool
) -> None:
    packed = Counted(tmp_path, step=step, key=f"{step} {os.urandom(8).hex()}")
    stores = [store_of(packed), store_of(packed)]
    with ThreadPoolExecutor(4) as pool:
        if background:
            pool.submit(finish, stores[0])
        found = list(
            pool.map(lambda i: stores[i % 2].read([reads[i], *EVERYTHING[1:]]), range(len(reads)))
        )
    for rows, values in zip(reads, found, strict=True):
        np.testing.assert_array_equal(values, ARRAY[rows])
    assert not packed.read_of or max(packed.read_of.values()) == 1
    for store in stores:
        store.close()


def test_windows_unpack_what_they_reach_into(where: str, tmp_path: Path) -> None:
    packed = Counted(tmp_path, ARRAY[:, :, 0].copy(), step=5)
    store = store_of(packed)
    starts = np.array([3, 50])
    found = store.windows(starts, 13, np.array([0, 2]))
    expected = np.stack([ARRAY[s : s + 13, [0, 2], 0] for s in starts])
    np.testing.assert_array_equal(found, expected)
    assert set(packed.read_of) == {0, 1, 2, 3, 10, 11, 12}
    store.close()


def test_the_next_opening_finds_what_was_kept(in_file: Path, tmp_path: Path) -> None:
    packed = Counted(tmp_path)
    store = store_of(packed)
    [said] = finish(store)
    assert "is unpacked (3.3 kB in 0.0 s), and kept for the next opening" in said
    store.close()
    again = Counted(tmp_path)
    store = store_of(again)
    np.testing.assert_array_equal(store.read(EVERYTHING), ARRAY)
    assert finish(store) == []
    assert not again.read_of
    store.close()


@pytest.mark.parametrize("harm", ["cut", "header", "other key"])
def test_a_file_that_is_not_its_own_is_not_served(in_file: Path, tmp_path: Path, harm: str) -> None:
    store = store_of(Counted(tmp_path))
    finish(store)
    store.close()
    [path] = in_file.glob("*.rows")
    if harm == "cut":
        os.truncate(path, path.stat().st_size - 1)
    elif harm == "header":
        path.write_bytes(bytes(path.stat().st_size))
    packed = Counted(tmp_path, ARRAY + 1, key="another" if harm == "other key" else "")
    store = store_of(packed)
    np.testing.assert_array_equal(store.read(EVERYTHING), ARRAY + 1)
    store.close()


def test_a_file_that_was_changed_is_unpacked_anew(where: str, tmp_path: Path) -> None:
    packed = Counted(tmp_path)
    packed.next = Counted(tmp_path, ARRAY + 1, key="as it is now")
    store = store_of(packed)
    np.testing.assert_array_equal(store.read(EVERYTHING), ARRAY)
    packed.is_current = False
    np.testing.assert_array_equal(store.read(EVERYTHING), ARRAY + 1)
    store.close()


def test_what_was_unpacked_of_a_file_that_changed_is_not_kept(
    in_file: Path, tmp_path: Path
) -> None:
    packed = Counted(tmp_path)
    store = store_of(packed)
    store.read(EVERYTHING)
    unpacking = store._unpacking
    assert unpacking is not None
    packed.is_current = False
    unpacking.keep()
    store.close()
    assert not list(in_file.iterdir())


def test_damage_is_told_once_and_not_kept(in_file: Path, tmp_path: Path) -> None:
    packed, told = Counted(tmp_path), []
    packed.damaged = {3}
    store = store_of(packed, told)
    found = store.read(EVERYTHING)
    expected = ARRAY.copy()
    expected[30:40] = 0
    np.testing.assert_array_equal(found, expected)
    finish(store)
    store.read(EVERYTHING)
    assert told == ["piece 3 is damaged."]
    store.close()
    assert not list(in_file.glob("*.rows"))


def test_a_piece_that_could_not_be_read_is_read_later(where: str, tmp_path: Path) -> None:
    packed = Counted(tmp_path)
    packed.failing = {2}
    store = store_of(packed)
    with pytest.raises(DatasetError, match="away"):
        store.read(EVERYTHING)
    np.testing.assert_array_equal(store.read([slice(0, 20, 1), *EVERYTHING[1:]]), ARRAY[:20])
    packed.failing = set()
    np.testing.assert_array_equal(store.read(EVERYTHING), ARRAY)
    store.close()


def test_without_room_it_is_read_where_it_lies(
    in_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "RESERVE_BYTES", 2**62)
    packed, told = Counted(tmp_path), []
    store = store_of(packed, told)
    np.testing.assert_array_equal(store.read(EVERYTHING), ARRAY)
    assert store.job() is None
    assert not packed.read_of
    [text] = told
    assert "was not unpacked: it takes 7.39 kB" in text
    store.close()


def test_without_a_folder_it_is_read_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "MEMORY_BYTES", 0)
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(room, "folder", lambda: tmp_path / "file" / "unpacked")
    told: list[str] = []
    store = store_of(Counted(tmp_path), told)
    np.testing.assert_array_equal(store.read(EVERYTHING), ARRAY)
    assert "unpacked cannot be written (Not a directory)" in told[0]
    store.close()


def test_a_disk_that_is_full_meanwhile_says_so(
    in_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(Counted(tmp_path))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(DatasetError, match="unpacked into, cannot be written: No space left"):
        store.read(EVERYTHING)
    monkeypatch.undo()
    store.close()


def test_what_was_not_used_for_longest_makes_room(
    in_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TOTAL_BYTES", 16_000)  # two of them
    for i, key in enumerate("abac"):
        store = store_of(Counted(tmp_path, key=key))
        finish(store)
        store.close()
        os.utime(room.place_of(key), ns=(i, i))
    assert set(in_file.iterdir()) == {room.place_of("a"), room.place_of("c")}


def test_what_a_killed_program_was_making_is_removed(in_file: Path, tmp_path: Path) -> None:
    in_file.mkdir()
    old, new = in_file / "0.part", in_file / "1.part"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    room.make_room(10)
    assert not old.exists()
    assert new.exists()  # perhaps about to be locked
    new.unlink()


def test_a_file_that_another_program_is_making_stays(in_file: Path) -> None:
    making = room.Making("key", 100)
    hour_ago = time.time() - 3600
    os.utime(making.path, (hour_ago, hour_ago))
    room.make_room(10)
    assert making.path.exists()
    making.drop()


def test_two_programs_may_make_the_same_file(in_file: Path) -> None:
    makings = [room.Making("key", 8), room.Making("key", 8)]
    for i, making in enumerate(makings):
        making.write(0, memoryview(bytes([i]) * 8))
    for i, making in enumerate(makings):
        making.keep()
        path = room.find("key", 8)
        assert path is not None
        assert path.read_bytes()[room.HEADER_BYTES :] == bytes([i]) * 8


def test_a_closed_store_says_so(where: str, tmp_path: Path) -> None:
    store = store_of(Counted(tmp_path))
    store.read(EVERYTHING)
    job = store.job()
    store.close()
    assert job is not None
    assert job(lambda: False) == ""
    with pytest.raises(DatasetError, match="was closed"):
        store.read(EVERYTHING)


def test_work_that_is_cancelled_stops(where: str, tmp_path: Path) -> None:
    packed = Counted(tmp_path)
    store = store_of(packed)
    job = store.job()
    assert job is not None
    assert job(lambda: True) == ""
    assert store.progress() == (0, 11)
    store.close()
