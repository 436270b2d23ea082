"""Which store suits the way in which a dataset lies in its file."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.chunks import ChunkedStore, ChunkTable
from phygui.formats.kwik.hdf5.file import File, hdf5_errors, open_read_only
from phygui.formats.kwik.hdf5.packed import MOST_PIECE_BYTES, PackedDataset
from phygui.storage.arrays.lazy import Selection, indices_of, length_of
from phygui.storage.arrays.stores import (
    ContiguousStore,
    MemoryStore,
    Store,
    hull,
    inside,
    orthogonal,
)
from phygui.storage.files import check_regular_file
from phygui.storage.system import new_lock
from phygui.storage.unpacked.pieces import MEMORY_BYTES
from phygui.storage.unpacked.store import UnpackedStore
from phygui.words import in_bytes

#: Decompressed chunks kept in memory for one file.
CHUNK_CACHE_BYTES = 64 * 2**20
#: More chunks than this are not tabulated: the file goes through h5py instead.
_MAX_TABLE = 4_000_000


#: Rows of an uncompressed array that lie in this many places or more are dear to read.
_MANY_PLACES = 4
#: Larger arrays are not unpacked as a whole.
MOST_UNPACKED_BYTES = 10 * 2**30
#: Rows that the library reads at once of an array that lies in one piece.
_BLOCK_BYTES = 2**21


def open_store(
    file: File,
    path: str,
    rank: int | tuple[int, ...],
    warn: Callable[[str], None] = lambda _: None,
) -> Store | None:
    """The fastest store for a dataset of an open file, or None if nothing is at the path.

    Parameters
    ----------
    warn : callable
        Told that it is read slowly, and later what is found to be damaged; one sentence each.

    Raises
    ------
    DatasetError
        If it is no array of numbers of one of these ranks, or its bytes are not in the file.
    """
    dataset = file.dataset(path)
    if dataset is None:
        return None
    ranks = (rank,) if isinstance(rank, int) else rank
    actual = len(dataset.shape)
    file.check_numbers(dataset, path, rank=actual if actual in ranks else ranks[0])
    shape, dtype = dataset.shape, dataset.dtype
    plist = dataset.get_create_plist()
    layout = plist.get_layout()
    if layout == h5d.COMPACT or 0 in shape:
        values = np.empty(shape, dtype=dtype)
        if values.size:
            dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
        return MemoryStore(values)
    filters = tuple(plist.get_filter(i)[0] for i in range(plist.get_nfilters()))
    # Where a file begins with a block of the user's, versions of the library count differently.
    by_library = file.h5.userblock_size > 0
    n_bytes = math.prod(shape) * dtype.itemsize
    plain: Callable[[], Store] = partial(H5Store, file.path, path, shape, dtype)
    if layout == h5d.CONTIGUOUS and not by_library:
        return ContiguousStore(file.path, dataset.get_offset(), shape, dtype)
    chunks = (max(1, _BLOCK_BYTES * shape[0] // n_bytes), *shape[1:])
    fill = np.zeros((), dtype=dtype)
    if layout == h5d.CHUNKED:
        chunks = plist.get_chunk()
        plist.get_fill_value(fill)
        table = ChunkTable(file.path, path, shape, chunks, dtype.itemsize)
        if math.prod(table.grid) > _MAX_TABLE:
            return plain()
        if not filters and not by_library:
            plain = partial(ChunkedStore, file.path, shape, chunks, dtype, fill, table)
            if math.prod(table.grid[1:]) < _MANY_PLACES or n_bytes <= MEMORY_BYTES:
                return plain()
    packed = PackedDataset(file.path, path, shape, dtype, chunks, fill, filters, by_library)
    if n_bytes > MOST_UNPACKED_BYTES or packed.piece_bytes > MOST_PIECE_BYTES:
        why = (
            f"it takes {in_bytes(n_bytes)}, and up to {in_bytes(MOST_UNPACKED_BYTES)} are unpacked"
        )
        if n_bytes <= MOST_UNPACKED_BYTES:
            why = (
                f"its chunks take {in_bytes(packed.piece_bytes)} at a time, and up to "
                f"{in_bytes(MOST_PIECE_BYTES)} are unpacked at once"
            )
        warn(
            f"{file.path}: {path} is compressed, or lies in an order that is slow to read, and is "
            f"not unpacked: {why}. What needs many of its rows takes long."
        )
        packed.close()
        return plain()
    return UnpackedStore(packed, plain, warn)


class H5Store(Store):
    """An array that cannot be unpacked, through h5py: each chunk decompressed once per read."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.path = path
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self._lock = new_lock()
        self._is_closed = False
        self._open()

    def _open(self) -> None:
        with hdf5_errors(self.path):
            self._file = open_read_only(
                self.path, rdcc_nbytes=CHUNK_CACHE_BYTES, rdcc_nslots=10007, rdcc_w0=1.0
            )
            self._dataset = self._file[self.name]
            if self._dataset.shape != self.shape or self._dataset.dtype != self.dtype:
                raise DatasetError(f"{self.path}: {self.name} was replaced by another array.")
        self._step = self._dataset.chunks[0] if self._dataset.chunks else 4096

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._file.close()

    def read(self, selections: list[Selection]) -> np.ndarray:
        with self._lock:
            if self._is_closed:
                raise DatasetError(f"{self.path} was closed.")
            if self._file:
                try:
                    return self._read(selections)
                except DatasetError:
                    # Perhaps the file is there again, and only what was open before is dead.
                    with suppress(OSError, RuntimeError):
                        self._file.close()
            check_regular_file(self.path)
            self._open()
            return self._read(selections)

    def _read(self, selections: list[Selection]) -> np.ndarray:
        shape = [length_of(s) for s in selections]
        out = np.empty(shape, dtype=self.dtype)
        if not out.size:
            return out
        hulls = [hull(s) for s in selections[1:]]
        inner = [inside(s, along) for s, along in zip(selections[1:], hulls, strict=True)]
        rows = selections[0]
        with hdf5_errors(self.path):
            if isinstance(rows, slice) and rows.step == 1:
                block = self._dataset[(rows, *hulls)]
                return orthogonal(block, [slice(None), *inner])
            rows = indices_of(rows)
            order = np.argsort(rows, kind="stable")
            numbers = rows[order] // self._step
            bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(rows)]
            for start, stop in pairwise(bounds):
                at = order[start:stop]
                low, high = int(rows[at[0]]), int(rows[at[-1]]) + 1
                block = self._dataset[(slice(low, high), *hulls)]
                out[at] = orthogonal(block, [rows[at] - low, *inner])
        return out
