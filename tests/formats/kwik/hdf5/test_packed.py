"""Compressed and oddly chunked arrays: what h5py wrote is unpacked, whatever its chunks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phygui.formats.kwik.hdf5 import layouts, packed
from phygui.formats.kwik.hdf5.file import open_hdf5
from phygui.formats.kwik.hdf5.layouts import open_store
from phygui.formats.kwik.hdf5.packed import PackedDataset
from phygui.storage.arrays.stores import Store
from phygui.storage.unpacked.store import UnpackedStore
from phygui.words import in_bytes

SHAPE = (57, 6, 2)
EVERYTHING = [slice(0, n, 1) for n in SHAPE]
DTYPES = ["<f4", ">f4", "<i2", "<f8"]
FILTERS: list[dict[str, Any]] = [
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True},
    {"compression": "lzf"},
    {"fletcher32": True, "compression": "gzip"},
    {"shuffle": True},
]


def values(dtype: str = "<f4") -> np.ndarray:
    return np.random.default_rng(0).integers(-3000, 3000, SHAPE).astype(dtype)


def write(path: Path, array: np.ndarray, *, userblock: int = 0, **options: Any) -> None:
    with h5py.File(path, "w", userblock_size=userblock) as file:
        file.create_dataset("x", data=array, **options)


def open_(path: Path, told: list[str] | None = None) -> Store:
    with open_hdf5(path) as file:
        store = open_store(file, "/x", 3, (lambda _: None) if told is None else told.append)
    assert store is not None
    return store


@settings(max_examples=40)
@given(
    chunks=st.tuples(*(st.integers(1, n) for n in SHAPE)),
    filters=st.sampled_from(FILTERS),
    dtype=st.sampled_from(DTYPES),
    piece_bytes=st.integers(1, 4000),
    userblock=st.sampled_from([0, 512]),
    n_written=st.integers(1, SHAPE[0]),
)
def test_all_chunks_and_filters(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chunks: tuple[int, ...],
    filters: dict[str, Any],
    dtype: str,
    piece_bytes: int,
    userblock: int,
    n_written: int,
) -> None:
    monkeypatch.setattr(packed, "PIECE_BYTES", piece_bytes)
    expected = values(dtype)
    expected[n_written:] = 7  # never written: the fill value
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", userblock_size=userblock) as file:
        options = {"chunks": chunks, "fillvalue": 7, **filters}
        made = file.create_dataset("x", SHAPE, dtype, **options)
        made[:n_written] = expected[:n_written]
    store = open_(path)
    assert isinstance(store, UnpackedStore)
    rows = np.array([56, 0, 3, 3])
    np.testing.assert_array_equal(store.read([rows, *EVERYTHING[1:]]), expected[rows])
    np.testing.assert_array_equal(store.read(EVERYTHING), expected)
    assert sorted(store.packed.order()) == list(range(store.progress()[1]))
    store.close()


@pytest.mark.parametrize("options", [{}, {"chunks": (10, 6, 2)}], ids=["contiguous", "chunked"])
def test_a_file_that_begins_with_a_block_of_the_user(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    write(tmp_path / "x.h5", values(), userblock=512, **options)
    store = open_(tmp_path / "x.h5")
    assert isinstance(store, UnpackedStore)
    np.testing.assert_array_equal(store.read(EVERYTHING), values())
    store.close()


def test_rows_that_lie_in_many_places_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layouts, "MEMORY_BYTES", 0)
    write(tmp_path / "x.h5", values(), chunks=(57, 1, 1))
    store = open_(tmp_path / "x.h5")
    assert isinstance(store, UnpackedStore)
    np.testing.assert_array_equal(store.read(EVERYTHING), values())
    store.close()
    write(tmp_path / "y.h5", values(), chunks=(10, 6, 1))
    assert not isinstance(open_(tmp_path / "y.h5"), UnpackedStore)


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ("MOST_UNPACKED_BYTES", f"it takes {in_bytes(2736)}, and up to 1 kB are unpacked"),
        (
            "MOST_PIECE_BYTES",
            f"its chunks take {in_bytes(2736)} at a time, and up to 1 kB are unpacked at once",
        ),
    ],
)
def test_what_is_too_large_to_be_unpacked_is_read_with_a_remark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, why: str
) -> None:
    monkeypatch.setattr(packed, "PIECE_BYTES", 1)
    monkeypatch.setattr(layouts, limit, 1000)
    path, told = tmp_path / "x.h5", []
    write(path, values(), chunks=(57, 6, 2), compression="gzip")
    store = open_(path, told)
    assert not isinstance(store, UnpackedStore)
    np.testing.assert_array_equal(store.read(EVERYTHING), values())
    [text] = told
    assert text == (
        f"{path}: /x is compressed, or lies in an order that is slow to read, and is not unpacked: "
        f"{why}. What needs many of its rows takes long."
    )
    store.close()


@pytest.mark.parametrize("filters", [*FILTERS[:2], FILTERS[3]], ids=str)
def test_a_damaged_chunk_is_told_and_the_rest_goes_on(
    tmp_path: Path, filters: dict[str, Any]
) -> None:
    path = tmp_path / "x.h5"
    write(path, values(), chunks=(10, 3, 2), **filters)
    with h5py.File(path) as file:
        info = file["x"].id.get_chunk_info_by_coord((20, 3, 0))
    with open(path, "r+b") as raw:
        raw.seek(info.byte_offset)
        raw.write(b"\xff" * info.size)
    told: list[str] = []
    store = open_(path, told)
    expected = values()
    expected[20:30, 3:6] = 0
    np.testing.assert_array_equal(store.read(EVERYTHING), expected)
    [text] = told
    assert text.startswith(
        f"{path}: the chunk of /x with rows 20 to 29, columns 3 to 5, planes 0 to 1 is damaged ("
    )
    assert text.endswith("), expected 240 bytes; its values are taken to be 0.")
    store.close()


@pytest.mark.parametrize("found", ["too few", "too many", "cut short"])
def test_a_chunk_of_another_size_is_damaged(tmp_path: Path, found: str) -> None:
    import zlib

    path = tmp_path / "x.h5"
    write(path, values(), chunks=(57, 6, 2), compression="gzip")
    n_bytes = values().nbytes
    data = zlib.compress(bytes({"too few": 10, "too many": 10**6, "cut short": n_bytes}[found]))
    with h5py.File(path, "r+") as file:
        file["x"].id.write_direct_chunk((0, 0, 0), data[:-4] if found == "cut short" else data)
    told: list[str] = []
    store = open_(path, told)
    assert not store.read(EVERYTHING).any()
    wrong = {
        "too few": "it holds 10 bytes",
        "too many": f"it holds at least {n_bytes + 1} bytes",
        "cut short": "its compressed bytes do not end",
    }
    assert f"is damaged ({wrong[found]}), expected {n_bytes} bytes" in told[0]
    store.close()


def test_the_key_tells_a_file_from_what_it_was(tmp_path: Path) -> None:
    def key() -> str:
        array = PackedDataset(path, "/x", SHAPE, np.dtype("f4"), (10, 6, 2), 0, (1,))
        return array.key

    path = tmp_path / "x.h5"
    write(path, values(), chunks=(10, 6, 2), compression="gzip")
    before = key()
    assert key() == before
    os.utime(path, ns=(1, 1))
    assert key() != before


def test_a_file_written_anew_is_unpacked_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    write(path, values(), chunks=(10, 6, 2), compression="gzip")
    store = open_(path)
    np.testing.assert_array_equal(store.read(EVERYTHING), values())
    write(tmp_path / "y.h5", values() + 1, chunks=(7, 2, 2), compression="lzf")
    with open(tmp_path / "y.h5", "ab") as more:
        more.write(bytes(2**16))  # not shorter
    os.replace(tmp_path / "y.h5", path)
    np.testing.assert_array_equal(store.read(EVERYTHING), values() + 1)
    store.close()
