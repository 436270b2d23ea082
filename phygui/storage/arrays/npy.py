"""Arrays in `.npy` files that others wrote: never pickled ones, of numbers, where they should be.

Large ones are read piece by piece, as all large files here: to touch a page of a mapped file that
cannot be read would end the process.
"""

from __future__ import annotations

import math
import os
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.storage.arrays.stores import ContiguousStore, MemoryStore, Store
from phygui.storage.files import check_regular_file, reason

NOT_NPY = (
    ValueError,
    TypeError,
    EOFError,
    RecursionError,
    MemoryError,
    SyntaxError,
    # Where a header may be one of Python 2, NumPy looks at its words.
    tokenize.TokenError,
)
"""What NumPy raises for files that are not of its format."""
_LONGEST_HEADER = 10_000
_MOST_IN_MEMORY = 1 << 30
"""Bytes of an array whose columns, not rows, follow one another: it is turned in memory."""


@dataclass(frozen=True)
class Header:
    """What a `.npy` file holds.

    Attributes
    ----------
    shape, dtype
        Of the array.
    is_fortran : bool
        Whether its columns follow one another, as MATLAB writes them.
    offset : int
        Byte of the first number.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(path: Path) -> Header:
    """Read what a `.npy` file says of its array.

    Raises
    ------
    DatasetError
        If it is no such file, or its array is not one of numbers, or not whole.
    """
    size = check_regular_file(path).st_size
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read is None:
                raise DatasetError(
                    f"{path} is a .npy file of version {version[0]}.{version[1]}, expected 1 or 2."
                )
            shape, is_fortran, dtype = read(file, max_header_size=_LONGEST_HEADER)
            header = Header(tuple(shape), dtype, bool(is_fortran), file.tell())
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error
    except NOT_NPY as error:
        raise DatasetError(f"{path} is no array in NumPy's format: {reason(error)}.") from error
    if min(header.shape, default=0) < 0:
        raise DatasetError(f"{path} has the shape {header.shape}, which is none.")
    if header.dtype.kind not in "biuf":
        raise DatasetError(f"{path} holds values of type {header.dtype}, expected numbers.")
    if size < header.offset + header.nbytes:
        raise DatasetError(
            f"{path} is truncated: it holds {size} bytes, expected {header.offset + header.nbytes}."
        )
    return header


def read_array(
    path: Path, ndim: int | tuple[int, ...], *, length: int | None = None
) -> NDArray[Any]:
    """The whole array of a file; one column counts as none.

    Parameters
    ----------
    path : Path
    ndim : int or tuple of int
        How many axes it may have.
    length : int, optional
        How long its first axis has to be.

    Raises
    ------
    DatasetError
        If it cannot be read, or is another one.
    """
    header = read_header(path)
    try:
        with open(path, "rb") as file:
            file.seek(header.offset)
            flat = np.fromfile(file, header.dtype, math.prod(header.shape))
    except (OSError, MemoryError) as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error
    if flat.size != math.prod(header.shape):
        # Read on from where another program has just made it shorter.
        raise DatasetError(
            f"{path} ends after {flat.size} numbers, expected {math.prod(header.shape)}."
        )
    array = flat.reshape(header.shape, order="F" if header.is_fortran else "C")
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if 1 in allowed and array.ndim == 2 and 1 in array.shape and 2 not in allowed:
        array = array.ravel()
    if array.ndim not in allowed:
        expected = " or ".join(map(str, allowed))
        raise DatasetError(f"{path} has {array.ndim} axes, expected {expected}.")
    if length is not None and len(array) != length:
        raise DatasetError(f"{path} has {len(array)} rows, expected {length}.")
    return array


def read_integers(path: Path, ndim: int = 1, *, length: int | None = None) -> NDArray[np.int64]:
    """The same of whole numbers, however they are stored.

    Raises
    ------
    DatasetError
        If it cannot be read, or one of its numbers is none.
    """
    array = read_array(path, ndim, length=length)
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.round(array)) & (np.abs(array) < 2**53)
        _refuse(path, array, ~whole, "whole numbers")
    elif array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        _refuse(path, array, array > np.iinfo(np.int64).max, "smaller numbers")
    # Of ten million spikes each copy counts.
    return array.astype(np.int64, copy=False)


def first_outside(values: NDArray[Any], low: int, high: int) -> int | None:
    """Place of the first number that is not from ``low`` to ``high``; None if all are."""
    if not values.size or (values.min() >= low and values.max() <= high):
        return None
    return int(((values < low) | (values > high)).argmax())


def _refuse(path: Path, array: NDArray[Any], is_wrong: NDArray[np.bool_], expected: str) -> None:
    wrong = np.flatnonzero(is_wrong)
    if len(wrong):
        raise DatasetError(
            f"{path}: number {wrong[0]} is {array.ravel()[wrong[0]]}, expected {expected}."
        )


def open_rows(path: Path) -> Store:
    """An array whose rows are read as they are asked for.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    header = read_header(path)
    if not header.nbytes:
        return MemoryStore(np.zeros(header.shape, header.dtype))
    if not header.is_fortran or len(header.shape) < 2:
        return ContiguousStore(path, header.offset, header.shape, header.dtype)
    if header.nbytes > _MOST_IN_MEMORY:
        raise DatasetError(
            f"{path} holds {header.nbytes / 2**30:.1f} GB column by column, as MATLAB writes "
            "arrays; more than 1 GB is read row by row only: save it again with NumPy."
        )
    return MemoryStore(np.ascontiguousarray(read_array(path, len(header.shape))))


def exists(path: Path) -> bool:
    """Whether there is anything of this name."""
    return os.path.lexists(path)
