"""Every layout of an HDF5 dataset, and flat files, read what h5py and numpy read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5 import chunks, layouts
from phygui.formats.kwik.hdf5.chunks import ChunkedStore
from phygui.formats.kwik.hdf5.file import open_hdf5
from phygui.formats.kwik.hdf5.layouts import H5Store, open_store
from phygui.storage.arrays.stores import ContiguousStore, MemoryStore, Store
from phygui.storage.unpacked.store import UnpackedStore

SHAPE = (501, 12, 2)
LAYOUTS: dict[str, tuple[dict[str, Any], type[Store]]] = {
    "contiguous": ({}, ContiguousStore),
    "rows": ({"chunks": (64, 12, 2)}, ChunkedStore),
    "short rows": ({"chunks": (7, 12, 2)}, ChunkedStore),
    "one chunk": ({"chunks": SHAPE}, ChunkedStore),
    "every axis": ({"chunks": (100, 5, 1)}, ChunkedStore),
    "extendable": ({"chunks": (70, 12, 2), "maxshape": (None, 12, 2)}, ChunkedStore),
    "gzip": ({"chunks": (64, 12, 2), "compression": "gzip"}, UnpackedStore),
    "lzf and shuffle": (
        {"chunks": (50, 6, 2), "compression": "lzf", "shuffle": True},
        UnpackedStore,
    ),
    "checksums": ({"chunks": (50, 12, 2), "fletcher32": True}, UnpackedStore),
}


def values(dtype: Any = np.float32, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(0).integers(-3000, 3000, shape).astype(dtype)


def write(path: Path, array: np.ndarray, before: int = 0, **options: Any) -> None:
    with h5py.File(path, "w") as file:
        # Something of odd length first, so that offsets are not round.
        file.create_dataset("before", data=np.zeros(before, dtype=np.uint8))
        file.create_dataset("x", data=array, **options)


def open_(path: Path, rank: int | tuple[int, ...] = 3) -> Store:
    with open_hdf5(path) as file:
        store = open_store(file, "/x", rank)
    assert store is not None
    return store


@pytest.fixture(scope="module", params=LAYOUTS)
def layout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    options, kind = LAYOUTS[request.param]
    path = tmp_path_factory.mktemp("layout") / "x.h5"
    write(path, values(), before=13, **options)
    store = open_(path)
    assert type(store) is kind
    return store


@st.composite
def selections(draw: st.DrawFn) -> list[Any]:
    found: list[Any] = []
    for axis, length in enumerate(SHAPE):
        if draw(st.booleans()):
            start = draw(st.integers(0, length))
            found.append(slice(start, draw(st.integers(start, length)), draw(st.integers(1, 70))))
        else:
            chosen = st.lists(st.integers(0, length - 1), max_size=20, unique=axis > 0)
            indices = np.array(draw(chosen), dtype=np.intp)
            found.append(np.sort(indices) if axis else indices)
    return found


@settings(max_examples=60)
@given(selections())
def test_any_layout_reads_what_numpy_reads(layout: Store, chosen: list[Any]) -> None:
    array = values()
    for axis, selection in enumerate(chosen):
        array = array[(*[slice(None)] * axis, selection)]
    found = layout.read(chosen)
    np.testing.assert_array_equal(found, array, strict=True)


def test_whole_array(layout: Store) -> None:
    found = layout.read([slice(0, n, 1) for n in SHAPE])
    np.testing.assert_array_equal(found, values(), strict=True)
    assert found.flags.writeable


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<i2", ">i2", "u1", "<i8", "<u4"])
@pytest.mark.parametrize("before", range(9))
@pytest.mark.parametrize("chunks", [None, (32, 3)])
def test_types_and_alignments(
    tmp_path: Path, dtype: str, before: int, chunks: tuple[int, int] | None
) -> None:
    array = values(dtype, (100, 3))
    write(tmp_path / "x.h5", array, before=before, chunks=chunks)
    store = open_(tmp_path / "x.h5", 2)
    rows = np.array([99, 0, 50, 50, 31, 32])
    found = store.read([rows, slice(0, 3, 2)])
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, array[rows][:, ::2])


def test_chunks_at_any_offset(tmp_path: Path) -> None:
    """Chunks one after the other, whose offsets differ modulo the size of an item."""
    array = values("<f4", (60, 3))
    path = tmp_path / "flat"
    with open(path, "wb") as file:
        offsets = []
        for i in range(6):
            file.write(b"?" * (i + 1))
            offsets.append(file.tell())
            file.write(array[10 * i : 10 * i + 10].tobytes())
    table = np.array(offsets)[:, None]
    store = ChunkedStore(path, (60, 3), (10, 3), array.dtype, 0, lambda: table)
    assert len(set(table.ravel() % 4)) > 1
    rows = np.random.default_rng(0).permutation(60)
    np.testing.assert_array_equal(store.read([rows, slice(0, 3, 1)]), array[rows])
    np.testing.assert_array_equal(store.read([slice(3, 58, 2), slice(1, 2, 1)]), array[3:58:2, 1:2])


@pytest.mark.parametrize("rows", [slice(0, 400, 1), np.arange(400)[::-1]], ids=["slice", "list"])
def test_chunks_never_written_hold_the_fill_value(tmp_path: Path, rows: Any) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", (400, 3), "f4", chunks=(100, 3), fillvalue=7)
        data[0:100] = 1
        data[200:210] = 2
    with open_hdf5(path) as file:
        found = file.dataset("/x")
        assert found is not None
        corners = {}
        found.chunk_iter(lambda chunk: corners.update({chunk.chunk_offset[0]: chunk.byte_offset}))
    table = np.array([[corners.get(start, -1)] for start in range(0, 400, 100)])
    store = ChunkedStore(path, (400, 3), (100, 3), np.dtype("f4"), np.float32(7), lambda: table)
    with h5py.File(path) as file:
        expected = file["x"][:]
    np.testing.assert_array_equal(store.read([rows, slice(0, 3, 1)]), expected[rows])


def test_a_user_block_is_not_misread(tmp_path: Path) -> None:
    for pieces in (None, (50, 3)):
        path = tmp_path / f"{pieces}.h5"
        with h5py.File(path, "w", userblock_size=1024) as file:
            file.create_dataset("x", data=values("i2", (100, 3)), chunks=pieces)
        found = open_(path, 2).read([slice(0, 100, 1), slice(0, 3, 1)])
        np.testing.assert_array_equal(found, values("i2", (100, 3)))


def test_compact_and_empty_datasets_are_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((5, 3))
        compact = h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_INT16, space, plist)
        compact.write(h5py.h5s.ALL, h5py.h5s.ALL, values("i2", (5, 3)))
    store = open_(path, 2)
    assert isinstance(store, MemoryStore)
    np.testing.assert_array_equal(
        store.read([np.array([4, 1]), slice(0, 3, 1)]), values("i2", (5, 3))[[4, 1]]
    )
    write(path, np.zeros((0, 3), np.float32))
    assert open_(path, 2).read([slice(0, 0, 1), slice(0, 3, 1)]).shape == (0, 3)


def test_windows_are_rows_in_a_row(tmp_path: Path) -> None:
    array = values("i2", (3000, 40))
    array.tofile(tmp_path / "flat")
    write(tmp_path / "x.h5", array, chunks=(128, 16))
    starts = np.array([0, 2900, 17, 17])
    for store in (
        ContiguousStore(tmp_path / "flat", 0, array.shape, array.dtype),
        open_(tmp_path / "x.h5", 2),
    ):
        for columns in (
            np.arange(40),
            np.array([3]),
            np.array([39, 0, 5, 5]),
            np.arange(39, 9, -1),
        ):
            found = store.windows(starts, 100, columns)
            expected = array[(starts[:, None] + np.arange(100))][:, :, columns]
            np.testing.assert_array_equal(found, expected)


def test_many_threads_read_at_once(layout: Store) -> None:
    rows = [np.random.default_rng(i).integers(0, SHAPE[0], 200) for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda r: layout.read([r, slice(0, 12, 1), slice(0, 2, 1)]), rows))
    for row, block in zip(rows, found, strict=True):
        np.testing.assert_array_equal(block, values()[row])


def test_a_truncated_file_is_never_mapped(tmp_path: Path) -> None:
    path = tmp_path / "flat"
    path.write_bytes(bytes(100))
    with pytest.raises(DatasetError, match="truncated: it holds 100 bytes, expected 120"):
        ContiguousStore(path, 0, (20, 3), np.dtype("i2"))
    with pytest.raises(DatasetError, match="truncated: it holds 100 bytes, expected 101"):
        ContiguousStore(path, 41, (20, 3), np.dtype("i1"))


def test_a_file_that_shrinks_while_open_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "flat"
    path.write_bytes(bytes(100_000))
    store = ContiguousStore(path, 0, (50_000, 1), np.dtype("i2"))
    os.truncate(path, 10_000)
    with pytest.raises(DatasetError, match="became shorter while it was open"):
        store.read([slice(0, 50_000, 1), slice(0, 1, 1)])


def test_a_chunked_file_that_another_program_replaced_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "x.h5", values(), chunks=(64, 12, 2))
    store = open_(tmp_path / "x.h5")
    write(tmp_path / "y.h5", values() + 1, chunks=(32, 12, 2), before=77)
    os.replace(tmp_path / "y.h5", tmp_path / "x.h5")
    with pytest.raises(DatasetError, match="changed by another program"):
        store.read([slice(0, 3, 1)] * 3)


def test_chunks_beyond_the_end_of_the_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "flat"
    path.write_bytes(bytes(100))
    table = np.array([[0], [96]])
    store = ChunkedStore(path, (4, 2), (2, 2), np.dtype("i2"), 0, lambda: table)
    with pytest.raises(DatasetError, match="truncated: it holds 100 bytes, expected 104"):
        store.read([slice(0, 1, 1), slice(0, 1, 1)])


def test_a_table_of_absurdly_many_chunks_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layouts, "_MAX_TABLE", 100)
    write(tmp_path / "x.h5", values(), chunks=(1, 12, 2))
    store = open_(tmp_path / "x.h5")
    assert isinstance(store, H5Store)
    np.testing.assert_array_equal(
        store.read([np.array([3, 1]), slice(0, 12, 1), slice(0, 2, 1)]), values()[[3, 1]]
    )


def test_a_closed_compressed_file_says_so(tmp_path: Path) -> None:
    write(tmp_path / "x.h5", values(), compression="gzip")
    store = open_(tmp_path / "x.h5")
    store.close()
    with pytest.raises(DatasetError, match="was closed"):
        store.read([slice(0, 3, 1)] * 3)


@pytest.mark.parametrize("damage", [(0, 1), (1, 1), (4, 1), (3, -95)], ids=str)
def test_chunks_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: tuple[int, int]
) -> None:
    """A corner off the grid, a size that is not a chunk's, two chunks in one place."""
    write(tmp_path / "x.h5", values("i2", (100, 3)), chunks=(16, 3))
    store = open_(tmp_path / "x.h5", 2)
    field, change = damage

    class Damaged:
        def __init__(self, dataset: Any) -> None:
            self.dataset = dataset

        def chunk_iter(self, call: Any) -> None:
            def damaged(chunk: Any) -> None:
                row = [*chunk.chunk_offset, chunk.filter_mask, chunk.byte_offset, chunk.size]
                if row[0] == 16:
                    row[field] += change
                call(h5py.h5d.StoreInfo(tuple(row[:2]), *row[2:]))

            self.dataset.chunk_iter(damaged)

    class Opened:
        def __init__(self, file: Any) -> None:
            self.file = file

        def dataset(self, name: str) -> Damaged:
            return Damaged(self.file.dataset(name))

    @contextmanager
    def opened(path: Path) -> Iterator[Opened]:
        with open_hdf5(path) as file:
            yield Opened(file)

    monkeypatch.setattr(chunks, "open_hdf5", opened)
    with pytest.raises(DatasetError, match="the chunks of /x are damaged"):
        store.read([slice(0, 50, 1), slice(0, 3, 1)])


def test_a_library_that_cannot_go_through_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old:
        def __init__(self, dataset: Any) -> None:
            self.get_chunk_info = dataset.get_chunk_info
            self.get_num_chunks = dataset.get_num_chunks

    found = chunks._chunks
    monkeypatch.setattr(chunks, "_chunks", lambda dataset: found(Old(dataset)))
    write(tmp_path / "x.h5", values(), chunks=(16, 5, 1))
    store = open_(tmp_path / "x.h5")
    rows = np.array([500, 3, 40])
    block = store.read([rows, slice(0, 12, 1), slice(0, 2, 1)])
    np.testing.assert_array_equal(block, values()[rows])
