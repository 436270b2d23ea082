"""The compiled loop of `scattered` that needs ``posix_fadvise``, which not every system has.

Import it late: it brings numba in, which takes a while.
"""

from __future__ import annotations

import os

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

_fadvise = types.ExternalFunction(
    "posix_fadvise", types.int32(types.int32, types.int64, types.int64, types.int32)
)
_WILLNEED = os.POSIX_FADV_WILLNEED


@njit(cache=True, nogil=True)
def tell(fd: int, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    """Tell the kernel of pieces of a file to be read; what fails now, who reads will be told."""
    for i in range(len(starts)):
        _fadvise(fd, starts[i], lengths[i], _WILLNEED)
