"""Rows of large arrays, straight from the mapped bytes of a file where these are plain.

A memory map lets the kernel fetch just the pages of the rows asked for, at a fraction of the
cost of the HDF5 library's own fancy indexing.
"""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from phygui.io.arrays import Selection, length_of
from phygui.io.errors import KwikError
from phygui.io.hdf5 import check_regular_file


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


class FileMap:
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
        self._map = FileMap(path, offset + self.nbytes)

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
        row = self.nbytes // self.shape[0]
        few = len(columns) * 3 < n_columns
        # Rows follow one another: each window is one piece of the file. Where rows are shorter
        # than a page, all pages of it are touched even for one column.
        if not few or row < mmap.PAGESIZE:
            for start in (self.offset + starts[:MOST_AHEAD] * row).tolist():
                self._map.will_need(start, start + width * row)
        if few:
            return super().windows(starts, width, columns)
        pieces = np.lib.stride_tricks.sliding_window_view(
            self.array().reshape(-1), width * n_columns
        )[starts * n_columns]
        block = pieces.reshape(len(starts), width, n_columns)
        whole = len(columns) == n_columns and np.array_equal(columns, np.arange(n_columns))
        return block if whole else block[:, :, columns]
