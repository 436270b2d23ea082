"""Rows of large arrays, straight from the bytes of a file where these are plain.

To fetch just the bytes of the rows asked for costs a fraction of the HDF5 library's own fancy
indexing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from phygui.storage.arrays.filebytes import FileBytes
from phygui.storage.arrays.lazy import Selection, indices_of, length_of
from phygui.storage.unpacked.packed import Preparation


class Store(ABC):
    """An array in a file, of which blocks can be read; safe to use from several threads."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def preparation(self) -> Preparation | None:
        """Work that makes later reading faster, if there is any such."""
        return None

    @abstractmethod
    def read(self, selections: list[Selection]) -> np.ndarray:
        """The block at the crossing of one selection per axis, as a new array."""

    def windows(self, starts: np.ndarray, width: int, columns: np.ndarray) -> np.ndarray:
        """Some columns of the ``width`` rows from each start on: (n_starts, width, n_columns)."""
        rows = (starts[:, None] + np.arange(width)).ravel()
        unique, back = np.unique(columns, return_inverse=True)
        block = self.read([rows, unique]).reshape(len(starts), width, len(unique))
        return block if np.array_equal(unique, columns) else block[:, :, back]

    @property
    def files(self) -> tuple[Path, ...]:
        """Plain ones that hold the array and little else, in its order; none if there are none."""
        return ()

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
    if isinstance(selection, slice) or not len(selection):
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


def hull(selection: Selection) -> slice:
    """The stretch from the first to the last of what is selected."""
    if isinstance(selection, slice):
        return slice(selection.start, selection.stop)
    return slice(int(selection[0]), int(selection[-1]) + 1)


def inside(selection: Selection, hull: slice) -> Selection:
    """A selection counted from the beginning of its hull."""
    if isinstance(selection, slice):
        return slice(0, None, selection.step)
    places: np.ndarray = selection - hull.start
    return places


#: A stretch of rows of which only some columns are wanted is read in blocks of this many bytes.
_BLOCK = 4 * 2**20
#: Rows longer than this are not read as a whole if less than a quarter of them is wanted.
_LONG_ROW = 4096


def read_run(
    file: FileBytes,
    start: int,
    n_rows: int,
    shape: tuple[int, ...],
    dtype: np.dtype,
    selections: list[Selection],
) -> np.ndarray:
    """Rows that follow one another in a file, the first from byte ``start`` on.

    Parameters
    ----------
    shape : shape of a row
    selections : what to take along each axis of a row; nothing of it is empty
    """
    row = math.prod(shape) * dtype.itemsize
    span, _ = _span(shape, dtype, selections)
    if row > _LONG_ROW and 4 * span < row:
        return read_rows(file, start + row * np.arange(n_rows), shape, dtype, selections)

    def read(first: int, stop: int) -> np.ndarray:
        block = file.piece(start + first * row, start + stop * row).view(dtype)
        return block.reshape(stop - first, *shape)

    if _take_all(selections, shape):
        return read(0, n_rows)
    step = max(1, _BLOCK // row)
    blocks = [
        orthogonal(read(first, min(first + step, n_rows)), [slice(None), *selections])
        for first in range(0, n_rows, step)
    ]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def read_rows(
    file: FileBytes,
    starts: np.ndarray,
    shape: tuple[int, ...],
    dtype: np.dtype,
    selections: list[Selection],
) -> np.ndarray:
    """Rows that begin at these bytes of a file; see :func:`read_run`."""
    span, first = _span(shape, dtype, selections)
    if selections:
        along = hull(selections[0])
        selections = [inside(selections[0], along), *selections[1:]]
        shape = (along.stop - along.start, *shape[1:])
    starts = starts.astype(np.int64) + first
    order = None
    if np.any(starts[1:] < starts[:-1]):
        order = np.argsort(starts, kind="stable")
        starts = starts[order]

    def read(some: np.ndarray) -> np.ndarray:
        # Rows that touch are one piece.
        heads = np.flatnonzero(np.diff(some, prepend=some[0] - span - 1) != span)
        lengths = np.diff(heads, append=len(some)) * span
        return file.pieces(some[heads], lengths).view(dtype).reshape(len(some), *shape)

    if _take_all(selections, shape):
        found = read(starts)
    else:
        size = math.prod(shape)
        columns = orthogonal(np.arange(size).reshape(shape), selections)
        found = file.columns(starts, (1, size), columns.ravel(), dtype)
        found = found.reshape(len(starts), *columns.shape)
    if order is None:
        return found
    as_asked = np.empty_like(found)
    as_asked[order] = found
    return as_asked


def _span(shape: tuple[int, ...], dtype: np.dtype, selections: list[Selection]) -> tuple[int, int]:
    """How many bytes of a row are wanted, from which byte on."""
    if not shape:
        return dtype.itemsize, 0
    along, step = hull(selections[0]), math.prod(shape[1:]) * dtype.itemsize
    return (along.stop - along.start) * step, along.start * step


def _take_all(selections: list[Selection], shape: tuple[int, ...]) -> bool:
    return all(
        isinstance(s := _as_slice(selection), slice) and s.indices(n) == (0, n, 1)
        for selection, n in zip(selections, shape, strict=True)
    )


class ContiguousStore(Store):
    """An array whose bytes follow one another in a file, from some offset on."""

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.path = path
        self.shape = shape
        self.dtype = dtype
        self.offset = offset
        self.nbytes = math.prod(shape) * dtype.itemsize
        self._file = FileBytes(path, offset + self.nbytes)

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def close(self) -> None:
        self._file.close()

    def read(self, selections: list[Selection]) -> np.ndarray:
        lengths = [length_of(s) for s in selections]
        if 0 in lengths:
            return np.zeros(lengths, dtype=self.dtype)
        row = self.nbytes // self.shape[0]
        rows, inner, shape = _as_slice(selections[0]), selections[1:], self.shape[1:]
        if isinstance(rows, slice) and rows.step == 1:
            at = self.offset + rows.start * row
            return read_run(self._file, at, lengths[0], shape, self.dtype, inner)
        starts = self.offset + indices_of(rows) * row
        return read_rows(self._file, starts, shape, self.dtype, inner)

    def windows(self, starts: np.ndarray, width: int, columns: np.ndarray) -> np.ndarray:
        n_columns = self.shape[1]
        row = self.nbytes // self.shape[0]
        if row > _LONG_ROW and len(columns) * 3 < n_columns:
            return super().windows(starts, width, columns)
        # Rows follow one another: each window is one piece of the file.
        whole = len(columns) == n_columns and np.array_equal(columns, np.arange(n_columns))
        bytes_of = self.offset + starts.astype(np.int64) * row
        if not whole:
            return self._file.columns(bytes_of, (width, n_columns), columns, self.dtype)
        pieces = self._file.pieces(bytes_of, np.full(len(starts), width * row))
        return pieces.view(self.dtype).reshape(len(starts), width, n_columns)

    def gather(
        self,
        rows: np.ndarray,
        owners: np.ndarray,
        columns: np.ndarray,
        places: np.ndarray,
        out: np.ndarray,
    ) -> bool:
        """Some numbers of each of some rows, other ones for rows of other owners.

        Parameters
        ----------
        rows, owners, places : (n,) int64
            The rows, in an order in which the file is read fast, whose each is, and as which
            column of ``out`` it is wanted.
        columns : (n_owners, n_wanted) int64
            Of the raveled row, what is wanted of those of each owner.
        out : (n_wanted, n_places) float32

        Returns
        -------
        bool
            False where it is not done, and the rows have to be read in another way.
        """
        if self.dtype != np.float32 or not columns.size:
            return False
        firsts = columns.min(axis=1)
        starts = self.offset + rows * (self.nbytes // self.shape[0]) + 4 * firsts[owners]
        return self._file.rows(starts, owners, columns - firsts[:, None], places, out)
