"""Arrays made ready for the kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


def plain(array: ArrayLike, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """A contiguous array of the dtype that may be written to: itself when it is one, else a copy.

    Kernels never write to their inputs, but numba compiles a function anew for read-only arrays
    and is slow to call with them (0.2 ms for each); a copy is cheaper.
    """
    found = np.ascontiguousarray(array, dtype=dtype)
    return found if found.flags.writeable else found.copy()
