"""The compiled loops of `windows`. Import it late: it brings numba in, which takes a while."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


_RUN = np.uint64(4096)
"""Numbers that are added up at once: the processor's nearest memory holds them."""


@njit(cache=True, nogil=True)
def add_windows(
    block: Numbers,
    starts: Numbers,
    owners: Numbers,
    columns: Numbers,
    begins: Numbers,
    width: int,
    sums: Numbers,
    most: int,
) -> None:
    """Add the rows from each start on, some of their columns, to the sum of its owner.

    Four windows of one owner that follow one another are added in one go: so its sum is read and
    written once for them. Of whole rows, as many as `most`, which the short numbers of the raw data
    hold the sum of: twice as many of them are added at once, or more.
    """
    # Without a sign nothing counts from the end: that would be asked of every number.
    flat, stride = block.reshape(-1), np.uint64(block.shape[1])
    first = 0
    while first < len(starts):
        owner = owners[first]
        stop = first + 1
        while stop < min(first + max(4, most), len(starts)) and owners[stop] == owner:
            stop += 1
        if stop > first + 1 and most >= 4 and columns[owner, 1] - columns[owner, 0] == stride:
            of = starts[first:stop]
            _add_rows(flat, of, stride, np.uint64(begins[owner]), np.uint64(width) * stride, sums)
            first = stop
            continue
        stop = min(stop, first + 4)
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
def _add_rows(flat: Numbers, starts: Numbers, stride: int, at: int, n: int, sums: Numbers) -> None:
    """Add windows of `n` numbers, which begin at some rows, in numbers as short as they are."""
    few = np.empty(_RUN, flat.dtype)
    low = np.uint64(0)
    while low < n:
        size = min(_RUN, n - low)
        few[:size] = 0
        i = 0
        while i + 4 <= len(starts):
            a = np.uint64(starts[i]) * stride + low
            b = np.uint64(starts[i + 1]) * stride + low
            c = np.uint64(starts[i + 2]) * stride + low
            d = np.uint64(starts[i + 3]) * stride + low
            for k in range(size):
                few[k] = few[k] + flat[a + k] + flat[b + k] + flat[c + k] + flat[d + k]
            i += 4
        while i < len(starts):
            a = np.uint64(starts[i]) * stride + low
            for k in range(size):
                few[k] = few[k] + flat[a + k]
            i += 1
        for k in range(size):
            sums[at + low + k] += few[k]
        low += size


@njit(cache=True, nogil=True)
def project(
    block: Numbers,
    starts: Numbers,
    columns: Numbers,
    owners: Numbers,
    weights: Numbers,
    out: Numbers,
) -> None:
    """One column of the rows from each start on, less its mean, times the weights of its owner.

    Four windows take turns: numbers of one have to wait for one another to be added up in order.
    """
    width = weights.shape[1]
    flat, stride, n = block.reshape(-1), np.uint64(block.shape[1]), np.uint64(width)
    i = 0
    while i < len(starts):
        # Where there are fewer than four, the last one takes part several times.
        h, last = i, len(starts) - 1
        p, q, r = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        a0 = np.uint64(starts[h]) * stride + np.uint64(columns[h])
        b0 = np.uint64(starts[p]) * stride + np.uint64(columns[p])
        c0 = np.uint64(starts[q]) * stride + np.uint64(columns[q])
        d0 = np.uint64(starts[r]) * stride + np.uint64(columns[r])
        a, b, c, d = a0, b0, c0, d0
        mean_a = mean_b = mean_c = mean_d = 0.0
        for _ in range(n):
            mean_a += flat[a]
            mean_b += flat[b]
            mean_c += flat[c]
            mean_d += flat[d]
            a, b, c, d = a + stride, b + stride, c + stride, d + stride
        mean_a, mean_b, mean_c, mean_d = mean_a / n, mean_b / n, mean_c / n, mean_d / n
        of_a, of_b = weights[owners[h]], weights[owners[p]]
        of_c, of_d = weights[owners[q]], weights[owners[r]]
        a, b, c, d = a0, b0, c0, d0
        total_a = total_b = total_c = total_d = 0.0
        for k in range(n):
            total_a += (flat[a] - mean_a) * of_a[k]
            total_b += (flat[b] - mean_b) * of_b[k]
            total_c += (flat[c] - mean_c) * of_c[k]
            total_d += (flat[d] - mean_d) * of_d[k]
            a, b, c, d = a + stride, b + stride, c + stride, d + stride
        out[h], out[p], out[q], out[r] = total_a, total_b, total_c, total_d
        i += 4
