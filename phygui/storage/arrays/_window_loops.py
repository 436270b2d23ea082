"""The compiled loops of `windows`. Import it late: it brings numba in, which takes a while."""

from __future__ import annotations

from typing import Any, TypeAlias

from numba import njit
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


@njit(cache=True, nogil=True)
def add_windows(
    block: Numbers,
    starts: Numbers,
    owners: Numbers,
    columns: Numbers,
    begins: Numbers,
    width: int,
    sums: Numbers,
) -> None:
    """Add the rows from each start on, some of their columns, to the sum of its owner."""
    for i in range(len(starts)):
        owner = owners[i]
        low, at = columns[owner, 0], begins[owner]
        n = columns[owner, 1] - low
        for t in range(starts[i], starts[i] + width):
            into, row = sums[at : at + n], block[t, low : low + n]
            for k in range(n):
                into[k] += row[k]
            at += n


@njit(cache=True, nogil=True)
def gather(block: Numbers, starts: Numbers, columns: Numbers, out: Numbers) -> None:
    """One column of the rows from each start on."""
    for i in range(len(starts)):
        column = columns[i]
        for t in range(out.shape[1]):
            out[i, t] = block[starts[i] + t, column]
