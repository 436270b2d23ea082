"""The compiled loop of `scattered`. Import it late: it brings numba in, which takes a while."""

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
