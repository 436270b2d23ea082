"""The compiled loops of `scattered`. Import it late: it brings numba in, which takes a while."""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

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
