"""Arrays that are read as they are indexed, with numpy's meaning of an index."""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

#: What to read along one axis: an ascending slice with all three ints set, or indices.
Selection = slice | np.ndarray


class LazyArray(ABC):
    """An array on disk, read when indexed.

    Takes what numpy takes: integers, slices with any step, lists and integer arrays, boolean
    masks, negative indices, ``...`` and ``np.newaxis``, alone or as a tuple, and raises the
    errors numpy raises. The result is always a new array in memory; only what it needs is read.
    (A bare ``True`` or ``False`` as an index is refused: it is always a mistake.)
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    @abstractmethod
    def _read(self, selections: list[Selection]) -> np.ndarray:
        """The block at the crossing of one selection per axis.

        The selection of the first axis may hold indices in any order, repeated; the others are
        ascending and unique.
        """

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        for i in range(len(self)):
            yield self[i]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("an array on disk cannot be given without a copy")
        return np.asarray(self[...], dtype=dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on disk, shape {self.shape}, {self.dtype}>"

    def __getitem__(self, key: Any) -> Any:
        keys = _expand(key, self.shape)
        if any(_takes_nothing(k) for k in keys):
            # What numpy checks then, and what it lets pass, it knows best; an array of this shape
            # costs nothing.
            return np.broadcast_to(np.zeros((), self.dtype), self.shape)[key].copy()
        mesh = _is_mesh(keys)
        alone = mesh or sum(isinstance(k, np.ndarray | _Mask) for k in keys) == 1
        selections: list[Selection] = []
        inner: list[Any] = []
        for k in keys:
            if k is None or k is Ellipsis:
                inner.append(k)
                continue
            axis = len(selections)
            selection, then = _split(k.ravel() if mesh and axis < 2 else k, self.shape[axis], axis)
            if axis == 0 and alone and not inner and isinstance(then, np.ndarray):
                # The first entry of the index: numpy leaves its axis in place.
                then = slice(None) if _takes_all(then, length_of(selection)) else then
            selections.append(selection)
            inner.append(then)
        block = self._read(selections)
        plain = alone or not any(isinstance(then, np.ndarray) for then in inner)
        if plain and len(inner) == block.ndim and all(map(_takes_all, inner, block.shape)):
            return block
        result = block[tuple(inner)]
        if isinstance(result, np.ndarray) and result.size < block.size:
            return result.copy()  # a view would keep the whole block alive
        return result


def _is_mesh(keys: list[Any]) -> bool:
    """Whether rows and columns are given as the open mesh ``a[rows[:, None], columns]``."""
    if len(keys) < 2 or not all(isinstance(k, slice) for k in keys[2:]):
        return False
    rows, columns = keys[:2]
    if not (isinstance(rows, np.ndarray) and isinstance(columns, np.ndarray)):
        return False
    wide = columns.ndim == 1 or (columns.ndim == 2 and columns.shape[0] == 1)
    return rows.ndim == 2 and rows.shape[1] == 1 and wide


def _takes_nothing(k: Any) -> bool:
    """Whether an entry of the index is an array without an element."""
    array = k.indices if isinstance(k, _Mask) else k
    return isinstance(array, np.ndarray) and array.size == 0


def _takes_all(then: Any, length: int) -> bool:
    """Whether indexing an axis with this changes nothing."""
    if isinstance(then, slice):
        return then == slice(None)
    if not isinstance(then, np.ndarray) or then.shape != (length,):
        return False
    return np.array_equal(then, np.arange(length))


def _expand(key: Any, shape: tuple[int, ...]) -> list[Any]:
    """The index as one entry per axis (int, slice or integer array), with None for new axes."""
    entries: list[Any] = []
    for k in key if isinstance(key, tuple) else (key,):
        entries.extend(_entry(k))
    n_ellipses = sum(e is Ellipsis for e in entries)
    if n_ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    n_axes = sum(e is not None and e is not Ellipsis for e in entries)
    if n_axes > len(shape):
        raise IndexError(
            f"too many indices for array: array is {len(shape)}-dimensional, "
            f"but {n_axes} were indexed"
        )
    fill: list[Any] = [slice(None)] * (len(shape) - n_axes)
    at = next((i for i, e in enumerate(entries) if e is Ellipsis), None)
    if at is None:
        return entries + fill
    # Even an ellipsis that stands for no axis keeps the entries around it apart.
    return entries[:at] + (fill or [Ellipsis]) + entries[at + 1 :]


@dataclass(frozen=True)
class _Mask:
    """One axis of a boolean mask: where it is true, and how long it is."""

    indices: np.ndarray
    length: int


def _entry(k: Any) -> list[Any]:
    if k is None or k is Ellipsis or isinstance(k, slice):
        return [k]
    if isinstance(k, bool | np.bool_):
        raise IndexError("True or False is not an index")
    try:
        return [operator.index(k)]
    except TypeError:
        pass
    if isinstance(k, str | bytes | dict | set) or not hasattr(k, "__len__"):
        raise IndexError(_INVALID)
    array = np.asarray(k)
    if array.size == 0 and not isinstance(k, np.ndarray) and array.dtype.kind == "f":
        array = array.astype(np.intp)
    if array.dtype.kind == "b" and array.ndim:
        return [_Mask(*pair) for pair in zip(array.nonzero(), array.shape, strict=True)]
    if array.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    return [array.astype(np.intp, copy=False)]


_INVALID = (
    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
    "boolean arrays are valid indices"
)


def _split(k: Any, length: int, axis: int) -> tuple[Selection, Any]:
    """What to read along an axis, and how to index what was read to get what was asked."""
    if isinstance(k, slice):
        start, stop, step = k.indices(length)
        n = len(range(start, stop, step))
        if n == 0:
            return slice(0, 0, 1), slice(None)
        if step > 0:
            return slice(start, start + (n - 1) * step + 1, step), slice(None)
        last = start + (n - 1) * step
        return slice(last, start + 1, -step), slice(None, None, -1)
    if isinstance(k, int):
        i = k + length if k < 0 else k
        if not 0 <= i < length:
            raise IndexError(f"index {k} is out of bounds for axis {axis} with size {length}")
        return slice(i, i + 1, 1), 0
    if isinstance(k, _Mask):
        if k.length != length:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis}; size of axis is "
                f"{length} but size of corresponding boolean axis is {k.length}"
            )
        k = k.indices
    low, high = int(k.min()), int(k.max())
    if low < -length or high >= length:
        wrong = high if high >= length else low
        raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {length}")
    if low < 0:
        k = np.where(k < 0, k + length, k)
    if axis == 0 and k.size <= length:
        return k.ravel(), np.arange(k.size).reshape(k.shape)
    wanted, then = np.unique(k, return_inverse=True)
    return wanted, then.reshape(k.shape)


def length_of(selection: Selection) -> int:
    """How many indices a selection holds."""
    if isinstance(selection, slice):
        return len(range(selection.start, selection.stop, selection.step))
    return len(selection)


def indices_of(selection: Selection) -> np.ndarray:
    """A selection as an array of indices."""
    if isinstance(selection, slice):
        return np.arange(selection.start, selection.stop, selection.step, dtype=np.intp)
    return selection
