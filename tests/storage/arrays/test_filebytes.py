"""A file that fails or is cut while it is open gives an error, then bytes again once it can."""

from __future__ import annotations

import errno
import os
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import open_hdf5
from phygui.formats.kwik.hdf5.layouts import open_store
from phygui.storage.arrays import filebytes, scattered
from phygui.storage.arrays.filebytes import FileBytes
from phygui.storage.arrays.lazy import Selection
from phygui.storage.arrays.stores import ContiguousStore, Store

N_ROWS, N_COLUMNS = 40_000, 24
LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (1000, N_COLUMNS)},
    "short chunks": {"chunks": (16, N_COLUMNS)},
    "compressed": {"chunks": (1000, N_COLUMNS), "compression": "gzip"},
}
SCATTERED = np.arange(3, N_ROWS, 7)
SELECTIONS: dict[str, list[Selection]] = {
    "scattered": [SCATTERED, slice(2, 9, 1)],
    "few": [np.array([5, 17, N_ROWS - 1]), slice(0, N_COLUMNS, 1)],
    "a run": [slice(N_ROWS // 2, N_ROWS, 1), slice(0, N_COLUMNS, 1)],
    "a column": [slice(0, N_ROWS, 1), np.array([4])],
    "steps": [slice(0, N_ROWS, 13), slice(0, N_COLUMNS, 5)],
}
ARRAY = np.random.default_rng(0).integers(-999, 999, (N_ROWS, N_COLUMNS)).astype(np.float32)


@pytest.fixture(params=["flat", *LAYOUTS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    path = tmp_path / "file"
    if request.param == "flat":
        ARRAY.tofile(path)
        return ContiguousStore(path, 0, ARRAY.shape, ARRAY.dtype)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=ARRAY, **LAYOUTS[request.param])
    with open_hdf5(path) as opened:
        found = open_store(opened, "/x", 2)
    assert found is not None
    # The table of chunks is made while the file is whole, as when a window has shown something.
    found.read([slice(0, 3, 1), slice(0, 2, 1)])
    return found


def expected(selections: list[Selection]) -> np.ndarray:
    rows, columns = selections
    return ARRAY[rows][:, columns]


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_file_that_is_cut_raises_and_comes_back(store: Store, name: str, tmp_path: Path) -> None:
    path, selections = tmp_path / "file", SELECTIONS[name]
    whole = path.read_bytes()
    os.truncate(path, len(whole) // 3 + 1)
    for _ in range(2):
        with pytest.raises(DatasetError, match=r"became shorter|truncated|damaged"):
            store.read(selections)
    path.write_bytes(whole)
    np.testing.assert_array_equal(store.read(selections), expected(selections))


def test_a_drive_that_is_pulled_out_and_put_in_again(store: Store, tmp_path: Path) -> None:
    path, selections = tmp_path / "file", SELECTIONS["scattered"]
    whole = path.read_bytes()
    os.truncate(path, 0)
    path.unlink()
    with pytest.raises(DatasetError, match="does not exist"):
        store.read(selections)
    path.write_bytes(whole)  # another file to the system, of the same content
    np.testing.assert_array_equal(store.read(selections), expected(selections))


# Compressed chunks are read by the HDF5 library itself.
@pytest.mark.parametrize("store", ["flat", "contiguous", "chunked", "short chunks"], indirect=True)
@pytest.mark.parametrize("name", SELECTIONS)
def test_a_drive_that_fails(
    store: Store, name: str, tmp_path: Path, failing: Callable[[bool], None]
) -> None:
    selections = SELECTIONS[name]
    failing(True)
    for _ in range(2):
        with pytest.raises(
            DatasetError, match=r"file cannot be read at byte \d+: Input/output error"
        ):
            store.read(selections)
    failing(False)
    np.testing.assert_array_equal(store.read(selections), expected(selections))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Make every read of a file fail with EIO, or not: also of the kernel from a map."""
    preadv, pwritev = os.preadv, filebytes._pwritev
    loops = {name: getattr(scattered, name) for name in ("_read_pieces", "_gather")}
    state = {"fails": False}

    def reads(fd: int, buffers: Any, offset: int, *flags: int) -> int:
        if state["fails"]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return preadv(fd, buffers, offset, *flags)

    def copies(*arguments: Any) -> int:
        return -1 if state["fails"] or pwritev is None else pwritev(*arguments)

    monkeypatch.setattr(os, "preadv", reads)
    monkeypatch.setattr(filebytes, "_pwritev", copies)
    for name, loop in loops.items():
        if loop is not None:
            # Another test has loaded it.
            unless = partial(lambda loop, *a: not state["fails"] and loop(*a), loop)
            monkeypatch.setattr(scattered, name, unless)
    return lambda fails: state.update(fails=fails)


@pytest.mark.parametrize("lacks", ["memfd_create", "map", "pwritev"])
def test_a_system_that_cannot_copy_out_of_a_map(
    lacks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacks == "memfd_create":
        monkeypatch.delattr(os, "memfd_create")
    elif lacks == "pwritev":
        monkeypatch.setattr(filebytes, "_pwritev", None)
    else:

        def refuse(*_: Any, **__: Any) -> None:
            raise OSError(errno.ENODEV, "no maps here")

        monkeypatch.setattr(filebytes.mmap, "mmap", refuse)
    ARRAY.tofile(tmp_path / "file")
    store = ContiguousStore(tmp_path / "file", 0, ARRAY.shape, ARRAY.dtype)
    for selections in SELECTIONS.values():
        np.testing.assert_array_equal(store.read(selections), expected(selections))


def test_zeros_after_the_end_of_a_file_that_was_cut_are_not_data(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(1, 251)) * 40)
    file = FileBytes(path, 10_000)
    starts = np.arange(8200, 8400)
    assert len(file.pieces(starts, np.full(200, 2))) == 400
    os.truncate(path, 8300)  # in the midst of a page, the rest of which stays readable
    with pytest.raises(DatasetError, match=r"became shorter .*\(8300 of 10000 bytes are left\)"):
        file.pieces(starts, np.full(200, 2))


def test_another_file_in_its_place_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(1000))
    file = FileBytes(path, 1000)
    os.truncate(path, 10)
    path.unlink()
    path.write_bytes(bytes(1001))
    with pytest.raises(DatasetError, match="replaced by another file: it holds 1001 bytes"):
        file.piece(0, 500)


@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 200_000), st.integers(1, 5000)), min_size=1, max_size=50
    )
)
def test_runs_hold_all_pieces_and_little_else(pieces: list[tuple[int, int]]) -> None:
    starts, lengths = (np.array(column) for column in zip(*pieces, strict=True))
    firsts, sizes = filebytes.runs(starts, lengths)
    told = np.zeros(210_000, dtype=bool)
    for first, size in zip(firsts.tolist(), sizes.tolist(), strict=True):
        assert not told[first : first + size].any()
        told[first : first + size] = True
    wanted = np.zeros_like(told)
    for start, length in pieces:
        wanted[start : start + length] = True
    assert told[wanted].all()
    # Runs lie apart, and what is told of besides lies between near pieces.
    assert np.all(firsts[1:] > (firsts + sizes)[:-1] + filebytes._NEAR)
    assert told.sum() <= wanted.sum() + len(pieces) * filebytes._NEAR


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="no such call on this system")
@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("length", [100, 5000])
def test_the_kernel_is_told_of_scattered_pieces_before_any_is_read(
    length: int, is_compiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    content = np.random.default_rng(0).integers(0, 255, 4_000_000, dtype=np.uint8)
    content.tofile(path)
    file = FileBytes(path, len(content))
    calls: list[tuple[int, int]] = []
    preadv = os.preadv

    def read(fd: int, buffers: Any, offset: int, *flags: int) -> int:
        if flags:
            raise BlockingIOError  # nothing is in memory
        calls.append((-1, offset))
        return preadv(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", read)
    monkeypatch.setattr(os, "posix_fadvise", lambda _, at, n, advice: calls.append((at, n)))
    if is_compiled:
        monkeypatch.setattr(
            scattered, "_tell", lambda _, *pieces: calls.extend(zip(*pieces, strict=True))
        )
        monkeypatch.delattr(os, "POSIX_FADV_WILLNEED")
    else:
        monkeypatch.setattr(scattered, "_tell", None)
    starts = np.arange(0, 3_900_000, 50_000)[::-1]
    found = file.pieces(starts, np.full(len(starts), length))
    np.testing.assert_array_equal(found, np.concatenate([content[s : s + length] for s in starts]))
    assert calls[: len(starts)] == [(s, length) for s in sorted(starts.tolist())]


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="no such call on this system")
def test_what_the_kernel_is_told_of_by_the_loop_comes_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(4_000_000))
    scattered.load()
    with path.open("rb") as file:
        fd = file.fileno()
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        starts = np.arange(0, 3_900_000, 100_000)
        assert scattered.tell(fd, starts, np.full(len(starts), 10))
        end = time.monotonic() + 20
        while not all(is_in_memory(fd, at) for at in starts.tolist()):
            assert time.monotonic() < end


def is_in_memory(fd: int, at: int) -> bool:
    try:
        return os.preadv(fd, [bytearray(10)], at, os.RWF_NOWAIT) == 10
    except BlockingIOError:
        return False


def test_nothing_is_told_of_what_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(1_000_000))
    file, told = FileBytes(path, 0), []
    monkeypatch.setattr(filebytes._Opened, "is_in_memory", lambda *_: True)
    monkeypatch.setattr(os, "posix_fadvise", lambda *a: told.append(a), raising=False)
    file.pieces(np.arange(0, 900_000, 20_000), np.full(45, 10))
    assert not told


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileBytes:
    """A file that is not mapped since it is too large, of 4,000,000 ints in order."""
    scattered.load()
    assert scattered._read_pieces is not None, "the loop could not be compiled"
    monkeypatch.setattr(filebytes, "_MOST_MAPPED", 2**20)
    path = tmp_path / "rows"
    values = np.arange(4_000_000, dtype=np.int32)
    values.tofile(path)
    return FileBytes(path, values.nbytes)


PLACES = np.sort(np.random.default_rng(0).choice(3_999_000, 500, replace=False)).astype(np.int64)


@pytest.mark.parametrize("n", [1, 900])
def test_pieces_of_a_large_file_are_read_without_the_interpreter(
    large: FileBytes, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filebytes._Opened, "read", lambda *_: pytest.fail("one by one"))
    found = large.pieces(4 * PLACES, np.full(500, 4 * n)).view(np.int32)
    np.testing.assert_array_equal(found.reshape(500, n), PLACES[:, None] + np.arange(n))
    # All features of ten million spikes, read little by little, would be that at last.
    assert not mapped_memory(large.path)


def test_pieces_of_a_large_file_that_was_cut(large: FileBytes) -> None:
    whole = large.path.read_bytes()
    os.truncate(large.path, 4 * int(PLACES[400]) + 2)
    with pytest.raises(DatasetError, match=r"became shorter|truncated"):
        large.pieces(4 * PLACES, np.full(500, 4))
    large.path.write_bytes(whole)
    found = large.pieces(4 * PLACES, np.full(500, 4)).view(np.int32)
    np.testing.assert_array_equal(found, PLACES)


def test_where_the_loop_cannot_be_compiled_pieces_are_read_one_by_one(
    large: FileBytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scattered, "_read_pieces", None)
    monkeypatch.delattr(os, "pread")
    scattered.load()
    assert scattered._read_pieces is None
    found = large.pieces(4 * PLACES, np.full(500, 4)).view(np.int32)
    np.testing.assert_array_equal(found, PLACES)


WANTED = np.array([3, 4, 11])


@pytest.fixture(params=["compiled", "plain", "other numbers"])
def blocks(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[FileBytes, np.ndarray]:
    """A file of rows of 16 numbers, and these."""
    scattered.load()
    if request.param == "plain":
        monkeypatch.setattr(scattered, "_gather", None)
    dtype = ">f8" if request.param == "other numbers" else ">i2"
    rows = np.random.default_rng(0).integers(-999, 999, (20_000, 16)).astype(dtype)
    rows.tofile(tmp_path / "rows")
    return FileBytes(tmp_path / "rows", rows.nbytes), rows


@pytest.mark.parametrize("n_rows", [1, 100])
@pytest.mark.parametrize("n", [0, 3, 200])
def test_some_columns_of_blocks_of_rows(
    blocks: tuple[FileBytes, np.ndarray],
    n: int,
    n_rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, rows = blocks
    # In more than one turn.
    monkeypatch.setattr(filebytes, "_BLOCK", 70 * n_rows * 16 * rows.itemsize)
    monkeypatch.setattr(filebytes, "AHEAD_BYTES", 70 * n_rows * 16 * rows.itemsize)
    firsts = np.random.default_rng(1).choice(20_000 - n_rows, n)
    found = file.columns(firsts * 16 * rows.itemsize, (n_rows, 16), WANTED, rows.dtype)
    expected = rows[firsts[:, None] + np.arange(n_rows)][:, :, WANTED]
    np.testing.assert_array_equal(found, expected)


def test_columns_of_a_file_that_was_cut(blocks: tuple[FileBytes, np.ndarray]) -> None:
    file, rows = blocks
    whole = file.path.read_bytes()
    os.truncate(file.path, len(whole) // 2 + 1)
    starts = np.arange(0, 19_000, 50) * 16 * rows.itemsize
    with pytest.raises(DatasetError, match=r"became shorter|truncated"):
        file.columns(starts, (5, 16), WANTED, rows.dtype)
    file.path.write_bytes(whole)
    found = file.columns(starts, (5, 16), WANTED, rows.dtype)
    np.testing.assert_array_equal(found[:, 0], rows[::50][:380, WANTED])


def test_what_is_read_of_wide_rows_is_no_more_memory_than_what_is_wanted(tmp_path: Path) -> None:
    scattered.load()
    np.zeros((3000, 2000), np.int16).tofile(tmp_path / "wide")
    store = ContiguousStore(tmp_path / "wide", 0, (3000, 2000), np.dtype(np.int16))
    tracemalloc.start()
    try:
        found = store.windows(np.arange(0, 2900, 50), 100, np.array([5, 700, 1900]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # And one window.
    assert peak < found.nbytes + 100 * 2000 * 2 + 100_000


def mapped_memory(path: Path) -> int:
    """Bytes of a file that count as memory of this process."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    found = 0
    for line in lines:
        if line.endswith(str(path)):
            sizes = (next(lines) for _ in range(12))
            found += sum(int(s.split()[1]) for s in sizes if s.startswith("Rss:"))
    return found * 1024
