"""Rows of large arrays, straight from the mapped bytes of a file where these are plain.

A memory map lets the kernel fetch just the pages of the rows asked for, at a fraction of the
cost of the HDF5 library's own fancy indexing. Compressed data has no plain bytes: it goes through
h5py, a chunk at a time, with a bounded cache.
"""

from __future__ import annotations

import mmap
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d

from phygui.io.arrays import Selection, indices_of, length_of
from phygui.io.errors import KwikError
from phygui.io.hdf5 import File, check_regular_file, hdf5_errors, open_hdf5

#: Decompressed chunks kept in memory for one file.
CHUNK_CACHE_BYTES = 64 * 2**20
#: More chunks than this are not tabulated: the file goes through h5py instead.
_MAX_TABLE = 4_000_000
#: A slice of chunks with at least this many rows is copied chunk by chunk, not row by row.
_TALL = 64


class Store(ABC):
    """An array in a file, of which blocks can be read; safe to use from several threads."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @abstractmethod
    def read(self, selections: list[Selection]) -> np.ndarray:
        """The block at the crossing of one selection per axis, as a new array."""

    def windows(self, starts: np.ndarray, width: int, columns: np.ndarray) -> np.ndarray:
        """Some columns of the ``width`` rows from each start on: (n_starts, width, n_columns)."""
        rows = (starts[:, None] + np.arange(width)).ravel()
        unique, back = np.unique(columns, return_inverse=True)
        block = self.read([rows, unique]).reshape(len(starts), width, len(unique))
        return block if np.array_equal(unique, columns) else block[:, :, back]

    def close(self) -> None:  # noqa: B027  most stores hold nothing that needs it
        """Let go of the file."""


def orthogonal(array: np.ndarray, selections: list[Selection]) -> np.ndarray:
    """A copy of the crossing of one selection per axis."""
    selections = [_as_slice(s) for s in selections]
    arrays = [axis for axis, s in enumerate(selections) if isinstance(s, np.ndarray)]
    if not arrays:
        return array[tuple(selections)].copy()
    if arrays == list(range(arrays[0], arrays[-1] + 1)):
        # An axis of one is dropped and put back: what remains is copied in larger pieces.
        single = [axis for axis, s in enumerate(selections) if _is_single(s) and axis > arrays[-1]]
        key: list[Any] = list(selections)
        for axis in single:
            key[axis] = selections[axis].start  # type: ignore[union-attr]
        for i, axis in enumerate(arrays):
            along = [1] * len(arrays)
            along[i] = -1
            key[axis] = selections[axis].reshape(along)  # type: ignore[union-attr]
        block = array
        if single:
            # Integers beside index arrays would take part in the indexing: slice them off first.
            block = array[tuple(k if axis in single else slice(None) for axis, k in enumerate(key))]
            key = [k for axis, k in enumerate(key) if axis not in single]
        return np.expand_dims(block[tuple(key)], tuple(single))
    # Index arrays apart from one another: numpy would move their axes to the front.
    first = arrays[0]
    block = array[tuple(s if i <= first else slice(None) for i, s in enumerate(selections))]
    rest = [slice(None) if i <= first else s for i, s in enumerate(selections)]
    return orthogonal(block, rest)


def _as_slice(selection: Selection) -> Selection:
    """Indices that follow one another as the slice that they are: whole runs are copied faster."""
    if isinstance(selection, slice) or not len(selection) or len(selection) > 10_000:
        return selection
    first, n = int(selection[0]), len(selection)
    if selection[-1] - first != n - 1 or (n > 2 and np.any(np.diff(selection) != 1)):
        return selection
    return slice(first, first + n, 1)


def _is_single(selection: Selection) -> bool:
    return isinstance(selection, slice) and selection.stop == (selection.start or 0) + 1


class MemoryStore(Store):
    """A small array that is in memory already."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.shape = array.shape
        self.dtype = array.dtype

    def read(self, selections: list[Selection]) -> np.ndarray:
        return orthogonal(self._array, selections)


MOST_AHEAD = 1000
"""Windows that are read ahead one by one; more would cost more than they save."""


class _Map:
    """The bytes of a file, mapped read-only; never touched beyond the file's end."""

    def __init__(self, path: Path, needed: int) -> None:
        self.path = path
        size = check_regular_file(path).st_size
        if size < needed:
            raise KwikError(f"{path} is truncated: it holds {size} bytes, expected {needed}.")
        try:
            with open(path, "rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise KwikError(f"{path} cannot be mapped: {error}.") from error
        # Spikes and stretches are scattered over the file: what the system would read ahead of
        # each is mostly thrown away. A stretch is read ahead as a whole instead, see `will_need`.
        if hasattr(mmap, "MADV_RANDOM"):
            self._map.madvise(mmap.MADV_RANDOM)

    def will_need(self, start: int, stop: int) -> None:
        """Have a stretch of bytes read in one go rather than page by page."""
        start -= start % mmap.PAGESIZE
        if hasattr(mmap, "MADV_WILLNEED") and stop - start > mmap.PAGESIZE:
            self._map.madvise(mmap.MADV_WILLNEED, start, stop - start)

    def bytes(self) -> np.ndarray:
        """All the bytes, after checking that the file still has them.

        Reading a map beyond the end of its file kills the process.
        """
        if self._map.size() < len(self._map):
            raise KwikError(
                f"{self.path} became shorter while it was open ({self._map.size()} of "
                f"{len(self._map)} bytes are left)."
            )
        return np.frombuffer(self._map, dtype=np.uint8)


class ContiguousStore(Store):
    """An array whose bytes follow one another in a file, from some offset on."""

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.shape = shape
        self.dtype = dtype
        self.offset = offset
        self.nbytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
        self._map = _Map(path, offset + self.nbytes)

    def array(self) -> np.ndarray:
        """The array, not copied: touch it at once and keep no reference."""
        raw = self._map.bytes()[self.offset : self.offset + self.nbytes]
        return raw.view(self.dtype).reshape(self.shape)

    def read(self, selections: list[Selection]) -> np.ndarray:
        if not self.nbytes:
            return np.zeros([length_of(s) for s in selections], dtype=self.dtype)
        rows = selections[0]
        if isinstance(rows, slice) and rows.step == 1 and rows.stop > rows.start:
            row = self.nbytes // self.shape[0]
            self._map.will_need(self.offset + rows.start * row, self.offset + rows.stop * row)
        return orthogonal(self.array(), selections)

    def windows(self, starts: np.ndarray, width: int, columns: np.ndarray) -> np.ndarray:
        n_columns = self.shape[1]
        if len(columns) * 3 < n_columns:
            return super().windows(starts, width, columns)
        # Rows follow one another: each window is one piece of the file.
        row = self.nbytes // self.shape[0]
        for start in (self.offset + starts[:MOST_AHEAD] * row).tolist():
            self._map.will_need(start, start + width * row)
        pieces = np.lib.stride_tricks.sliding_window_view(
            self.array().reshape(-1), width * n_columns
        )[starts * n_columns]
        block = pieces.reshape(len(starts), width, n_columns)
        whole = len(columns) == n_columns and np.array_equal(columns, np.arange(n_columns))
        return block if whole else block[:, :, columns]


class ChunkedStore(Store):
    """An uncompressed chunked array: a table says where in the file each chunk begins."""

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        chunks: tuple[int, ...],
        dtype: np.dtype,
        fill: Any,
        table: Callable[[], np.ndarray],
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.chunks = chunks
        self._fill = fill
        self._chunk_bytes = int(np.prod(chunks)) * dtype.itemsize
        self._make_table = table
        self._table: np.ndarray | None = None
        self._lock = threading.Lock()
        self._map = _Map(path, 0)

    def table(self) -> np.ndarray:
        """File offset of every chunk, on the grid of chunks; -1 where none was ever written."""
        with self._lock:
            if self._table is None:
                table = self._make_table()
                size = len(self._map.bytes())
                if table.size and table.max() + self._chunk_bytes > size:
                    raise KwikError(
                        f"{self._map.path} is truncated: it holds {size} bytes, expected "
                        f"{table.max() + self._chunk_bytes}."
                    )
                self._table = table
            return self._table

    def read(self, selections: list[Selection]) -> np.ndarray:
        rows = indices_of(selections[0])
        out = np.empty([len(rows), *(length_of(s) for s in selections[1:])], dtype=self.dtype)
        if not out.size:
            return out
        table = self.table()
        raw = self._map.bytes()
        inner = [_tiles(s, c) for s, c in zip(selections[1:], self.chunks[1:], strict=True)]
        if isinstance(selections[0], slice) and self.chunks[0] >= _TALL:
            for tile in _product([_tiles(selections[0], self.chunks[0]), *inner]):
                self._copy(raw, int(table[tuple(t[0] for t in tile)]), tile, out)
            return out
        chunk_of, within = np.divmod(rows, self.chunks[0])
        strides = np.cumprod([self.dtype.itemsize, *self.chunks[:0:-1]])[::-1].tolist()
        for tile in _product(inner):
            offsets = table[(chunk_of, *(t[0] for t in tile))]
            starts = offsets + within * strides[0]
            where = (slice(None), *(t[2] for t in tile))
            self._gather(raw, starts, offsets < 0, strides, [t[1] for t in tile], out, where)
        return out

    def _copy(self, raw: np.ndarray, at: int, tile: tuple[Any, ...], out: np.ndarray) -> None:
        """Copy the part of one chunk that begins at byte ``at``."""
        where = tuple(t[2] for t in tile)
        if at < 0:
            out[where] = self._fill
            return
        chunk = raw[at : at + self._chunk_bytes].view(self.dtype).reshape(self.chunks)
        inside = [t[1] for t in tile]
        if all(isinstance(s, slice) for s in inside):
            out[where] = chunk[tuple(inside)]
        else:
            out[where] = orthogonal(chunk, inside)

    def _gather(
        self,
        raw: np.ndarray,
        starts: np.ndarray,
        absent: np.ndarray,
        strides: list[int],
        selections: list[Selection],
        out: np.ndarray,
        where: tuple[Any, ...],
    ) -> None:
        """Copy the rows that begin at ``starts`` bytes; one vectorised pass per alignment."""
        itemsize = self.dtype.itemsize
        if absent.any():
            out[where] = self._fill
            present = np.flatnonzero(~absent)
            starts = starts[present]
            where = (present, *where[1:])
            if not len(present):
                return
        phases = starts % itemsize
        for phase in np.unique(phases).tolist():
            chosen = np.flatnonzero(phases == phase)
            usable = (len(raw) - phase) // itemsize * itemsize
            items = raw[phase : phase + usable].view(self.dtype)
            inner = self.chunks[1:]
            span = strides[0] // itemsize if inner else 1
            windows = np.lib.stride_tricks.as_strided(
                items,
                shape=(max(0, len(items) - span + 1), *inner),
                strides=(itemsize, *strides[1:]),
                writeable=False,
            )
            block = orthogonal(windows, [starts[chosen] // itemsize, *selections])
            if len(chosen) == len(starts):
                out[where] = block
            else:
                first = where[0]
                at: Any = chosen if isinstance(first, slice) else first[chosen]
                out[(at, *where[1:])] = block


def _tiles(selection: Selection, chunk: int) -> list[tuple[int, Selection, slice]]:
    """Per chunk along one axis: its number, what to take inside it, and where that goes."""
    tiles: list[tuple[int, Selection, slice]] = []
    if isinstance(selection, slice):
        start, done, step = selection.start, 0, selection.step
        while start < selection.stop:
            number, within = divmod(start, chunk)
            stop = min(selection.stop - number * chunk, chunk)
            n = len(range(within, stop, step))
            tiles.append((number, slice(within, stop, step), slice(done, done + n)))
            start, done = start + n * step, done + n
        return tiles
    numbers = selection // chunk
    bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(selection)]
    for start, stop in pairwise(bounds):
        number = int(numbers[start]) if start < stop else 0
        tiles.append((number, selection[start:stop] - number * chunk, slice(start, stop)))
    return tiles


def _product(lists: list[list[Any]]) -> list[tuple[Any, ...]]:
    product: list[tuple[Any, ...]] = [()]
    for items in lists:
        product = [(*head, item) for head in product for item in items]
    return product


class H5Store(Store):
    """A compressed array, through h5py: whole chunks, each decompressed once per read."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.path = path
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self._lock = threading.Lock()
        with hdf5_errors(path):
            self._file = h5py.File(
                path, "r", rdcc_nbytes=CHUNK_CACHE_BYTES, rdcc_nslots=10007, rdcc_w0=1.0
            )
            self._dataset = self._file[name]
        self._step = self._dataset.chunks[0] if self._dataset.chunks else 4096

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def read(self, selections: list[Selection]) -> np.ndarray:
        shape = [length_of(s) for s in selections]
        out = np.empty(shape, dtype=self.dtype)
        if not out.size:
            return out
        hulls = [_hull(s) for s in selections[1:]]
        inner = [_inside(s, hull) for s, hull in zip(selections[1:], hulls, strict=True)]
        rows = selections[0]
        with self._lock, hdf5_errors(self.path):
            if not self._file:
                raise KwikError(f"{self.path} was closed.")
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


def _hull(selection: Selection) -> slice:
    if isinstance(selection, slice):
        return slice(selection.start, selection.stop)
    return slice(int(selection[0]), int(selection[-1]) + 1)


def _inside(selection: Selection, hull: slice) -> Selection:
    if isinstance(selection, slice):
        return slice(0, None, selection.step)
    return selection - hull.start


def open_store(file: File, path: str, rank: int | tuple[int, ...]) -> Store | None:
    """The fastest store for a dataset of an open file, or None if nothing is at the path.

    Raises
    ------
    KwikError
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
    plain = plist.get_nfilters() == 0 and file.h5.userblock_size == 0
    if plain and layout == h5d.CONTIGUOUS:
        return ContiguousStore(file.path, dataset.get_offset(), shape, dtype)
    if plain and layout == h5d.CHUNKED:
        chunks = plist.get_chunk()
        grid = tuple(-(-n // c) for n, c in zip(shape, chunks, strict=True))
        if np.prod(grid, dtype=object) <= _MAX_TABLE:
            fill = np.zeros((), dtype=dtype)
            plist.get_fill_value(fill)
            made = _fingerprint(file.path)
            table = _TableMaker(file.path, path, grid, chunks, made)
            return ChunkedStore(file.path, shape, chunks, dtype, fill, table)
    return H5Store(file.path, h5py.h5i.get_name(dataset).decode(), shape, dtype)


def _fingerprint(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


class _TableMaker:
    """Looks up where the chunks of a dataset are, the first time that is needed."""

    def __init__(
        self,
        path: Path,
        name: str,
        grid: tuple[int, ...],
        chunks: tuple[int, ...],
        made: tuple[int, int, int],
    ) -> None:
        self.path, self.name, self.grid, self.chunks, self.made = path, name, grid, chunks, made

    def __call__(self) -> np.ndarray:
        if _fingerprint(self.path) != self.made:
            raise KwikError(f"{self.path} was changed by another program since it was opened.")
        found: list[tuple[tuple[int, ...], int]] = []
        with open_hdf5(self.path) as file:
            dataset = file.dataset(self.name)
            if dataset is None:
                raise KwikError(f"{self.path}: {self.name} is missing, expected a dataset.")
            dataset.chunk_iter(lambda chunk: found.append((chunk.chunk_offset, chunk.byte_offset)))
        table = np.full(self.grid, -1, dtype=np.int64)
        if found:
            corners = np.array([corner for corner, _ in found], dtype=np.int64)
            at = corners // np.array(self.chunks)
            inside = np.all((at >= 0) & (at < np.array(self.grid)), axis=1)
            offsets = np.array([offset for _, offset in found], dtype=np.int64)
            table[tuple(at[inside].T)] = offsets[inside]
        return table
