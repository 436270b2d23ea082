"""Rows of chunked arrays from the bytes of a file; a table says where each chunk begins."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import open_hdf5
from phygui.storage.arrays.filebytes import FileBytes
from phygui.storage.arrays.lazy import Selection, indices_of, length_of
from phygui.storage.arrays.stores import Store, read_rows, read_run
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.system import new_lock

#: A slice of chunks with at least this many rows is copied chunk by chunk, not row by row.
_TALL = 64


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
        self._lock = new_lock()
        self._file = FileBytes(path, 0)

    def close(self) -> None:
        self._file.close()

    def table(self) -> np.ndarray:
        """File offset of every chunk, on the grid of chunks; -1 where none was ever written."""
        with self._lock:
            if self._table is None:
                table = self._make_table()
                size = self._file.size
                if table.size and table.max() + self._chunk_bytes > size:
                    raise DatasetError(
                        f"{self._file.path} is truncated: it holds {size} bytes, expected "
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
        inner = [_tiles(s, c) for s, c in zip(selections[1:], self.chunks[1:], strict=True)]
        if isinstance(selections[0], slice) and self.chunks[0] >= _TALL:
            for tile in _product([_tiles(selections[0], self.chunks[0]), *inner]):
                self._copy(int(table[tuple(t[0] for t in tile)]), tile, out)
            return out
        row_bytes = self._chunk_bytes // self.chunks[0]
        chunk_of, within = np.divmod(rows, self.chunks[0])
        for tile in _product(inner):
            offsets = table[(chunk_of, *(t[0] for t in tile))]
            starts = np.where(offsets < 0, -1, offsets + within * row_bytes)
            where = (slice(None), *(t[2] for t in tile))
            self._gather(starts, [t[1] for t in tile], out, where)
        return out

    def _copy(self, at: int, tile: tuple[Any, ...], out: np.ndarray) -> None:
        """Copy the part of one chunk that begins at byte ``at``."""
        where = tuple(t[2] for t in tile)
        if at < 0:
            out[where] = self._fill
            return
        rows, *inner = (t[1] for t in tile)
        first = at + rows.start * (self._chunk_bytes // self.chunks[0])
        block = read_run(
            self._file, first, rows.stop - rows.start, self.chunks[1:], self.dtype, inner
        )
        out[where] = block[:: rows.step]

    def _gather(
        self, starts: np.ndarray, selections: list[Selection], out: np.ndarray, where: Any
    ) -> None:
        """Read the rows that begin at ``starts`` bytes; negative where none was ever written."""
        absent = starts < 0
        if absent.any():
            out[where] = self._fill
            present = np.flatnonzero(~absent)
            starts, where = starts[present], (present, *where[1:])
            if not len(present):
                return
        out[where] = read_rows(self._file, starts, self.chunks[1:], self.dtype, selections)


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


def _chunks(dataset: Any) -> list[Any]:
    """What the library knows of each chunk that was written."""
    found: list[Any] = []
    if hasattr(dataset, "chunk_iter"):
        dataset.chunk_iter(found.append)
        return found
    # Before HDF5 1.12.3: one look-up a chunk.
    return [dataset.get_chunk_info(i) for i in range(dataset.get_num_chunks())]


class ChunkTable:
    """Looks up where the chunks of a dataset of an open file are, when that is first needed."""

    def __init__(
        self, path: Path, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], itemsize: int
    ) -> None:
        self.path, self.name, self.chunks = path, name, chunks
        self.grid = tuple(-(-n // c) for n, c in zip(shape, chunks, strict=True))
        self.chunk_bytes = int(np.prod(chunks)) * itemsize
        self.made = FileStamp.of(path)

    def __call__(self) -> np.ndarray:
        """File offset of every chunk of an array that is stored as it is; -1 where there is none.

        Raises
        ------
        DatasetError
            If the chunks are not separate pieces of the size that is expected.
        """
        table = self.stored()
        offsets, sizes, _ = table.reshape(-1, 3).T
        there = offsets >= 0
        starts = np.sort(offsets[there])
        wrong = np.any(sizes[there] != self.chunk_bytes)
        if wrong or np.any(np.diff(starts) < self.chunk_bytes):
            raise self._damaged(f"of {self.chunk_bytes} bytes")
        return np.ascontiguousarray(table[..., 0])

    def stored(self) -> np.ndarray:
        """Of every chunk its file offset, stored bytes and skipped filters: (*grid, 3) int64.

        The offset is -1 where no chunk was ever written.
        """
        if FileStamp.of(self.path) != self.made:
            raise DatasetError(f"{self.path} was changed by another program since it was opened.")
        found: list[tuple[int, ...]] = []
        with open_hdf5(self.path) as file:
            dataset = file.dataset(self.name)
            if dataset is None:
                raise DatasetError(f"{self.path}: {self.name} is missing, expected a dataset.")
            for c in _chunks(dataset):
                found.append((*c.chunk_offset, c.byte_offset, c.size, c.filter_mask))
        table = np.full((*self.grid, 3), -1, dtype=np.int64)
        if not found:
            return table
        # An offset may be undefined, which is the largest number there is.
        columns = np.array([[min(v, 2**62) for v in chunk] for chunk in found], dtype=np.int64)
        corners, stored = columns[:, :-3], columns[:, -3:]
        at, within = np.divmod(corners, np.array(self.chunks))
        if within.any() or np.any(stored[:, 0] < 0):
            raise self._damaged("on a grid")
        # A chunk beyond an array that was made shorter is not part of it any more.
        inside = np.all((at >= 0) & (at < np.array(self.grid)), axis=1)
        table[tuple(at[inside].T)] = stored[inside]
        return table

    def _damaged(self, expected: str) -> DatasetError:
        return DatasetError(
            f"{self.path}: the chunks of {self.name} are damaged, expected separate pieces "
            f"{expected}."
        )
