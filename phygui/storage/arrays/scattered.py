"""Many pieces of a file in one call of compiled code: to be read, or told of before they are.

Of pieces of which a part is wanted, such as some channels of the raw data around a spike, each is
read into the same memory: what comes from the system anew would have to be cleared first, which
takes several times as long as to read.

A call of the system for each from Python takes three times as long, and other threads that wait for
the interpreter come in between.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import numpy as np

log = logging.getLogger(__name__)

_read_pieces: Callable[[int, np.ndarray, np.ndarray, int], bool] | None = None
_tell: Callable[[int, np.ndarray, np.ndarray], None] | None = None
_gather: Callable[..., bool] | None = None
_gather_rows: Callable[..., bool] | None = None
_UNSIGNED = {2: np.uint16, 4: np.uint32}
"""By their size in bytes, what numbers are copied as."""


def load() -> None:
    """Compile the loops, or load them from the cache on disk; until then there are none.

    To be called in a thread that nobody waits for. It is harmless to call it twice.
    """
    global _read_pieces, _tell, _gather, _gather_rows
    # Elsewhere an offset has another size, or the C library has no such function.
    if not hasattr(os, "pread") or sys.maxsize < 2**32:
        return
    none = np.empty(0, np.int64)
    try:
        from . import _scattered_loop as compiled

        compiled.read_pieces(-1, none, none, 0)
        _read_pieces = compiled.read_pieces
        for number in _UNSIGNED.values():
            numbers = np.empty((0, 0, 0), number)
            compiled.gather(-1, none, numbers.ravel(), 0, 0, none, numbers)
        _gather = compiled.gather
        floats, no_columns = np.empty((0, 0), np.float32), np.empty((0, 0), np.int64)
        compiled.gather_rows(-1, none, none, none, no_columns, none, floats.ravel(), 0, floats)
        _gather_rows = compiled.gather_rows
        if hasattr(os, "posix_fadvise"):
            from ._telling_loop import tell

            tell(-1, none, none)
            _tell = tell
    except Exception as error:
        log.warning("pieces of files are read one by one: %s", error)


def tell(fd: int, starts: np.ndarray, lengths: np.ndarray) -> bool:
    """Tell the kernel of pieces of a file that will be read, for the drive to fetch them together.

    Parameters
    ----------
    fd : int
    starts, lengths : (n_pieces,) int64
        Where each begins, and how many bytes it has.

    Returns
    -------
    bool
        False if there is no loop.
    """
    if _tell is None:
        return False
    _tell(fd, starts.astype(np.int64), lengths.astype(np.int64))
    return True


def read(fd: int, starts: np.ndarray, lengths: np.ndarray, into: memoryview) -> bool:
    """Read pieces of a file, one after the other, into a buffer of their size.

    Parameters
    ----------
    fd : int
    starts, lengths : (n_pieces,) int64
        Where each begins, and how many bytes it has.
    into : memoryview

    Returns
    -------
    bool
        False if there is no loop, or one of the pieces could not be read as a whole.
    """
    if _read_pieces is None:
        return False
    address = np.frombuffer(into, np.uint8).ctypes.data
    return _read_pieces(fd, starts.astype(np.int64), lengths.astype(np.int64), address)


def gather(
    fd: int,
    starts: np.ndarray,
    n_rows: int,
    n_columns: int,
    columns: np.ndarray,
    dtype: np.dtype,
) -> np.ndarray | None:
    """Some columns of blocks of rows of a file.

    Parameters
    ----------
    fd : int
    starts : (n_blocks,) int64
        Where in the file each begins.
    n_rows, n_columns : int
        Of each of them.
    columns : (n_wanted,) int64
    dtype : dtype
        Of the numbers in the file.

    Returns
    -------
    (n_blocks, n_rows, n_wanted) array or None
        None if there is no loop, or one of the blocks could not be read as a whole.
    """
    number = _UNSIGNED.get(dtype.itemsize)
    if _gather is None or number is None:
        return None
    out = np.empty((len(starts), n_rows, len(columns)), number)
    scratch = np.empty(n_rows * n_columns, number)
    at = scratch.ctypes.data
    whole = _gather(fd, starts.astype(np.int64), scratch, at, n_columns, columns, out)
    return out.view(dtype) if whole else None


def gather_rows(
    fd: int,
    starts: np.ndarray,
    owners: np.ndarray,
    columns: np.ndarray,
    places: np.ndarray,
    out: np.ndarray,
) -> bool:
    """Some numbers of each of many rows of a file, other ones for rows of other owners.

    Parameters
    ----------
    fd : int
    starts : (n_rows,) int64
        Where in the file what is wanted of each begins.
    owners : (n_rows,) int64
        Which row of ``columns`` tells what is wanted.
    columns : (n_owners, n_wanted) int64
        Of the numbers from there on.
    places : (n_rows,) int64
        The column of ``out`` that each row becomes.
    out : (n_wanted, n) float32
        Written to, all or in part.

    Returns
    -------
    bool
        False if there is no loop, or one of the rows could not be read.
    """
    if _gather_rows is None:
        return False
    scratch = np.empty(int(columns.max(initial=0)) + 1, np.float32)
    sizes = (columns.max(axis=1, initial=0) + 1) * scratch.itemsize
    at = scratch.ctypes.data
    return _gather_rows(fd, starts, owners, sizes, columns, places, scratch, at, out)
