"""The compiled loops of `scattered`. Import it late: it brings numba in, which takes a while."""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

_FEW = 16
# The C library's own, by its name: so the compiled code can be kept on the disk.
_pread = types.ExternalFunction(
    "pread", types.intp(types.int32, types.intp, types.uintp, types.int64)
)


@njit(cache=True, nogil=True)
def read_pieces(
    fd: int, starts: NDArray[np.int64], lengths: NDArray[np.int64], address: int
) -> bool:
    """Read pieces of a file one after the other into memory; False as soon as one is not whole."""
    for i in range(len(starts)):
        if _pread(fd, address, lengths[i], starts[i]) != lengths[i]:
            return False
        address += lengths[i]
    return True


@njit(cache=True, nogil=True)
def gather(
    fd: int,
    starts: NDArray[np.int64],
    scratch: NDArray[np.unsignedinteger],
    address: int,
    n_columns: int,
    columns: NDArray[np.int64],
    out: NDArray[np.unsignedinteger],
) -> bool:
    """Read blocks of rows one after the other into ``scratch``, and keep some of their columns.

    False as soon as one is not whole.
    """
    n_bytes = scratch.size * scratch.itemsize
    for i in range(len(starts)):
        if _pread(fd, address, n_bytes, starts[i]) != n_bytes:
            return False
        for row in range(out.shape[1]):
            first = row * n_columns
            for k in range(len(columns)):
                out[i, row, k] = scratch[first + columns[k]]
    return True


@njit(cache=True, nogil=True)
def gather_rows(
    fd: int,
    starts: NDArray[np.int64],
    owners: NDArray[np.int64],
    sizes: NDArray[np.int64],
    columns: NDArray[np.int64],
    places: NDArray[np.int64],
    scratch: NDArray[np.float32],
    address: int,
    out: NDArray[np.float32],
) -> bool:
    """Read a piece of a file for each row, of the size and with the columns of its owner.

    These are kept as a column of ``out``. False as soon as one is not whole.
    """
    # A few rows at a time: what is written to a row of ``out`` lies side by side.
    few = np.empty((_FEW, columns.shape[1]), np.float32)
    for first in range(0, len(starts), _FEW):
        n = min(_FEW, len(starts) - first)
        for i in range(n):
            owner = owners[first + i]
            if _pread(fd, address, sizes[owner], starts[first + i]) != sizes[owner]:
                return False
            for k in range(columns.shape[1]):
                few[i, k] = scratch[columns[owner, k]]
        for k in range(columns.shape[1]):
            for i in range(n):
                out[k, places[first + i]] = few[i, k]
    return True
