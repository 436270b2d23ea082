"""Many pieces of a file in one call of compiled code: to be read, or told of before they are.

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


def load() -> None:
    """Compile the loops, or load them from the cache on disk; until then there are none.

    To be called in a thread that nobody waits for. It is harmless to call it twice.
    """
    global _read_pieces, _tell
    # Elsewhere an offset has another size, or the C library has no such function.
    if not hasattr(os, "pread") or sys.maxsize < 2**32:
        return
    none = np.empty(0, np.int64)
    try:
        from ._scattered_loop import read_pieces

        read_pieces(-1, none, none, 0)
        _read_pieces = read_pieces
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
