"""The compiled loops of `windows`. Import it late: it brings numba in, which takes a while."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
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
    """Add the rows from each start on, some of their columns, to the sum of its owner.

    Four windows of one owner that follow one another are added in one go: so its sum is read and
    written once for them.
    """
    # Without a sign nothing counts from the end: that would be asked of every number.
    flat, stride = block.reshape(-1), np.uint64(block.shape[1])
    first = 0
    while first < len(starts):
        owner = owners[first]
        stop = first + 1
        while stop < min(first + 4, len(starts)) and owners[stop] == owner:
            stop += 1
        low, at = np.uint64(columns[owner, 0]), np.uint64(begins[owner])
        n_lines, n = width, np.uint64(columns[owner, 1]) - low
        if n == stride:
            # Whole rows are one run of numbers.
            n_lines, n = 1, np.uint64(width) * stride
        if stop == first + 4:
            a = np.uint64(starts[first]) * stride + low
            b = np.uint64(starts[first + 1]) * stride + low
            c = np.uint64(starts[first + 2]) * stride + low
            d = np.uint64(starts[first + 3]) * stride + low
            for _ in range(n_lines):
                for k in range(n):
                    total = sums[at + k] + flat[a + k] + flat[b + k]
                    sums[at + k] = total + flat[c + k] + flat[d + k]
                at, a, b, c, d = at + n, a + stride, b + stride, c + stride, d + stride
        else:
            for i in range(first, stop):
                a, into = np.uint64(starts[i]) * stride + low, at
                for _ in range(n_lines):
                    for k in range(n):
                        sums[into + k] += flat[a + k]
                    into, a = into + n, a + stride
        first = stop


@njit(cache=True, nogil=True)
def project(
    block: Numbers,
    starts: Numbers,
    columns: Numbers,
    owners: Numbers,
    weights: Numbers,
    out: Numbers,
) -> None:
    """One column of the rows from each start on, less its mean, times the weights of its owner."""
    width = weights.shape[1]
    for i in range(len(starts)):
        column, start, owner = columns[i], starts[i], owners[i]
        mean = 0.0
        for k in range(width):
            mean += block[start + k, column]
        mean /= width
        total = 0.0
        for k in range(width):
            total += (block[start + k, column] - mean) * weights[owner, k]
        out[i] = total
