"""Compiled loops over the distances of many spikes from a centre; imported by `_kernels` only."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]

_TILE = 256
"""Spikes that are looked at together."""
_SMALL_TILE = 128
"""The same where more is kept of each."""


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def look_from(
    centre: Numbers,
    root: Numbers,
    columns: Numbers,
    weights: Numbers,
    sums: Numbers,
    products: Numbers,
    squared: Numbers,
) -> None:
    """Squared distances of spikes, here columns, from a centre, once `root` has made it round.

    Their weighted sums and products, as seen from the centre, are added to `sums` and `products`.
    `root` is lower triangular; it may have fewer columns, which count alone then.
    """
    n_columns, n_spikes = columns.shape
    # As many spikes at once as the processor's nearest memory holds.
    away = np.empty((n_columns, _TILE))
    along = np.empty(_TILE)
    for start in range(0, n_spikes, _TILE):
        n = min(_TILE, n_spikes - start)
        for i in range(n_columns):
            for k in range(n):
                away[i, k] = columns[i, start + k] - centre[i]
        for k in range(n):
            squared[start + k] = 0.0
        for j in range(root.shape[1]):
            along[:n] = 0.0
            for i in range(j, n_columns):
                factor = root[i, j]
                for k in range(n):
                    along[k] += factor * away[i, k]
            for k in range(n):
                squared[start + k] += along[k] * along[k]
        for i in range(n_columns):
            total = 0.0
            for k in range(n):
                along[k] = weights[start + k] * away[i, k]
                total += along[k]
            sums[i] += total
            for j in range(i + 1):
                product = 0.0
                for k in range(n):
                    product += along[k] * away[j, k]
                products[i, j] += product
                if j < i:
                    products[j, i] += product


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def near_ones(
    centre: Numbers,
    root: Numbers,
    values: Numbers,
    rows: Numbers,
    start: int,
    counted: Numbers,
    largest: float,
    found: Numbers,
) -> int:
    """Squared distances from a centre, of those spikes that count and are not too far away.

    The spikes are columns of `values` from `start` on, seen in some of its rows. As in
    `look_from`, `root` makes the cluster round; it is lower triangular. Distances up to `largest`
    are written to `found`; returns how many.
    """
    n_spikes, n_columns = counted.shape[0], rows.shape[0]
    # Four rows at a time: what is loaded of each spike serves as many sums. Those beyond are 0.
    n_rows = (n_columns + 3) // 4 * 4
    lower = np.zeros((n_rows, n_rows))
    lower[:n_columns, :n_columns] = root
    away = np.zeros((n_rows, _SMALL_TILE))
    along = np.empty((4, _SMALL_TILE))
    p, q, r, s = along[0], along[1], along[2], along[3]
    squared = np.empty(_SMALL_TILE)
    n_found = 0
    for first in range(0, n_spikes, _SMALL_TILE):
        n = min(_SMALL_TILE, n_spikes - first)
        for i in range(n_columns):
            middle, into = centre[i], away[i]
            row = values[rows[i], start + first : start + first + n]
            for k in range(n):
                into[k] = row[k] - middle
        for k in range(_SMALL_TILE):
            squared[k] = 0.0
        for j in range(0, n_rows, 4):
            a, b, c, d = away[j], away[j + 1], away[j + 2], away[j + 3]
            pa, pb, pc, pd = lower[j, j], lower[j + 1, j], lower[j + 2, j], lower[j + 3, j]
            qb, qc, qd = lower[j + 1, j + 1], lower[j + 2, j + 1], lower[j + 3, j + 1]
            rc, rd, sd = lower[j + 2, j + 2], lower[j + 3, j + 2], lower[j + 3, j + 3]
            for k in range(_SMALL_TILE):
                p[k] = pa * a[k] + pb * b[k] + pc * c[k] + pd * d[k]
                q[k] = qb * b[k] + qc * c[k] + qd * d[k]
                r[k] = rc * c[k] + rd * d[k]
                s[k] = sd * d[k]
            for i in range(j + 4, n_rows, 4):
                a, b, c, d = away[i], away[i + 1], away[i + 2], away[i + 3]
                pa, pb, pc, pd = lower[i, j], lower[i + 1, j], lower[i + 2, j], lower[i + 3, j]
                m = j + 1
                qa, qb, qc, qd = lower[i, m], lower[i + 1, m], lower[i + 2, m], lower[i + 3, m]
                m = j + 2
                ra, rb, rc, rd = lower[i, m], lower[i + 1, m], lower[i + 2, m], lower[i + 3, m]
                m = j + 3
                sa, sb, sc, sd = lower[i, m], lower[i + 1, m], lower[i + 2, m], lower[i + 3, m]
                for k in range(_SMALL_TILE):
                    p[k] += pa * a[k] + pb * b[k] + pc * c[k] + pd * d[k]
                    q[k] += qa * a[k] + qb * b[k] + qc * c[k] + qd * d[k]
                    r[k] += ra * a[k] + rb * b[k] + rc * c[k] + rd * d[k]
                    s[k] += sa * a[k] + sb * b[k] + sc * c[k] + sd * d[k]
            for k in range(_SMALL_TILE):
                squared[k] += p[k] * p[k] + q[k] * q[k] + r[k] * r[k] + s[k] * s[k]
        for k in range(n):
            if counted[first + k] and squared[k] <= largest:
                found[n_found] = squared[k]
                n_found += 1
    return n_found


_THIRD, _SIXTH, _SEVENTH, _EIGHTH = 1 / 3, 1 / 6, 1 / 7, 1 / 8


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def sum_chances(squared: Numbers, weights: Numbers, n_half: int, farthest: float) -> float:
    """The weighted sum of chances of normal spikes of `2 * n_half` columns to be farther away.

    Beyond `farthest` there is none.
    """
    # The exponential of a number is that of its sixteenths, times a short series of what is left:
    # all of it is arithmetic that is done to many spikes side by side.
    steps = np.exp(-np.arange(int(8 * farthest) + 2) / 16)
    half, terms, chances = np.empty(_TILE), np.empty(_TILE), np.empty(_TILE)
    total = 0.0
    for start in range(0, squared.shape[0], _TILE):
        n = min(_TILE, squared.shape[0] - start)
        for i in range(n):
            # What is no number is far away too.
            is_near = squared[start + i] < farthest
            half[i] = squared[start + i] / 2 if is_near else 0.0
            terms[i] = weights[start + i] if is_near else 0.0
        chances[:] = 1.0
        for k in range(n_half - 1, 0, -1):
            share = 1.0 / k
            for i in range(n):
                chances[i] = chances[i] * (half[i] * share) + 1.0
        for i in range(n):
            step = int(16 * half[i])
            x = step / 16 - half[i]
            series = 1 + x * _EIGHTH
            series = 1 + x * _SEVENTH * series
            series = 1 + x * _SIXTH * series
            series = 1 + x * 0.2 * series
            series = 1 + x * 0.25 * series
            series = 1 + x * _THIRD * series
            series = 1 + x * (1 + x * 0.5 * series)
            total += terms[i] * chances[i] * steps[step] * series
    return total
