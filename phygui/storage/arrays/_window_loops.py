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
    """Add the rows from each start on, some of their columns, to the sum of its owner.

    Four windows of one owner that follow one another are added in one go: so its sum is read and
    written once for them.
    """
    flat, stride = block.reshape(-1), block.shape[1]
    first = 0
    while first < len(starts):
        owner = owners[first]
        stop = first + 1
        while stop < min(first + 4, len(starts)) and owners[stop] == owner:
            stop += 1
        low, at = columns[owner, 0], begins[owner]
        n_lines, n = width, columns[owner, 1] - low
        if n == stride:
            # Whole rows are one run of numbers.
            n_lines, n = 1, width * stride
        for line in range(n_lines):
            into = sums[at : at + n]
            at += n
            shift = low + line * stride
            begin = starts[first] * stride + shift
            a = flat[begin : begin + n]
            if stop == first + 4:
                begin = starts[first + 1] * stride + shift
                b = flat[begin : begin + n]
                begin = starts[first + 2] * stride + shift
                c = flat[begin : begin + n]
                begin = starts[first + 3] * stride + shift
                d = flat[begin : begin + n]
                for k in range(n):
                    into[k] = into[k] + a[k] + b[k] + c[k] + d[k]
                continue
            for i in range(first, stop):
                begin = starts[i] * stride + shift
                a = flat[begin : begin + n]
                for k in range(n):
                    into[k] += a[k]
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
