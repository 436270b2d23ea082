"""What the compiled loops mean, in plain numpy: for small work while they are not loaded yet.

Loading numba takes longer than all of this for a first selection. The functions stand for those
of the same names in ``_kernels``, with the same arguments; the tests hold them to their results.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]


def count_forward_lags(
    samples_a: Numbers,
    order_a: Numbers,
    samples_b: Numbers,
    order_b: Numbers,
    bin_size: int,
    n_half_bins: int,
    counts: Numbers,
) -> None:
    """Count by lag the spikes of b that come after each spike of a, ties being told by order."""
    n_b, n_lags = len(samples_b), n_half_bins * bin_size
    spikes = np.arange(len(samples_a))
    following = np.searchsorted(samples_b, samples_a, side="left")
    # One spike further at each turn, for those that are still within the window.
    while len(spikes):
        there = following < n_b
        spikes, following = spikes[there], following[there]
        lags = samples_b[following] - samples_a[spikes]
        near = lags < n_lags
        spikes, following, lags = spikes[near], following[near], lags[near]
        after = (lags > 0) | (order_b[following] > order_a[spikes])
        counts += np.bincount(lags[after] // bin_size, minlength=n_half_bins)
        following = following + 1


def count_lags_around(
    samples_a: Numbers,
    order_a: Numbers,
    samples_b: Numbers,
    order_b: Numbers,
    bin_size: int,
    n_half_bins: int,
    counts: Numbers,
) -> None:
    """Count by lag the spikes of b on both sides of each spike of a, ties being told by order."""
    a, b = (samples_a, order_a), (samples_b, order_b)
    count_forward_lags(*a, *b, bin_size, n_half_bins, counts[n_half_bins:])
    count_forward_lags(*b, *a, bin_size, n_half_bins, counts[:n_half_bins][::-1])


def min_max(traces: Numbers, edges: Numbers, out: Numbers) -> None:
    """Smallest and largest value of each channel between consecutive edges."""
    np.minimum.reduceat(traces, edges[:-1], axis=0, out=out[:, 0])
    np.maximum.reduceat(traces, edges[:-1], axis=0, out=out[:, 1])


def separations(
    means_a: Numbers,
    directions_a: Numbers,
    residuals_a: Numbers,
    trusts_a: Numbers,
    means_b: Numbers,
    directions_b: Numbers,
    residuals_b: Numbers,
    trusts_b: Numbers,
    near: Numbers,
    floor: float,
    out: Numbers,
) -> None:
    """Squared distance of the means of every pair of clouds, in the mean of what it is under the
    spread of the one and of the other."""
    for i, j in np.argwhere(near):
        a, b = trusts_a[i], trusts_b[j]
        share = a / (a + b)
        delta = (means_a[i] - means_b[j]).astype(np.float64)
        varying = np.flatnonzero((residuals_a[i] > 0) | (residuals_b[j] > 0) | (delta != 0))
        residuals = (residuals_a[i][varying], residuals_b[j][varying])
        directions = (directions_a[i][:, varying], directions_b[j][:, varying])
        spreads = [
            _mixed(residuals, directions, part) for part in (a + (1 - a) * share, (1 - b) * share)
        ]
        squared = [_squared_distance(delta[varying], *spread, floor) for spread in spreads]
        out[i, j] = share * squared[0] + (1 - share) * squared[1]


def _mixed(
    residuals: tuple[Numbers, Numbers], directions: tuple[Numbers, Numbers], part: float
) -> tuple[Numbers, Numbers]:
    """The residuals and directions of so much of one spread and the rest of another."""
    variance = part * residuals[0].astype(np.float64) + (1 - part) * residuals[1]
    rows = [np.sqrt(part) * directions[0], np.sqrt(1 - part) * directions[1]]
    return variance, np.concatenate(rows).astype(np.float64)


def _squared_distance(delta: Numbers, variance: Numbers, rows: Numbers, floor: float) -> float:
    """Squared length of a vector under variances and a few directions."""
    if not len(delta):
        return 0.0
    total = variance.sum()
    spread = total + (rows**2).sum()
    least = max(floor * total, 1e-4 * spread) / len(delta)
    scale = 1 / np.sqrt(variance + max(least, 1e-30))
    scaled, rows = delta * scale, rows * scale
    along = rows @ scaled
    explained = along @ np.linalg.solve(rows @ rows.T + np.eye(len(rows)), along)
    return float(max(scaled @ scaled - explained, 0.0))


def look_from(
    centre: Numbers,
    root: Numbers,
    columns: Numbers,
    weights: Numbers,
    sums: Numbers,
    products: Numbers,
    squared: Numbers,
) -> None:
    """Squared distances of spikes from a centre, and what their moments grow by."""
    away = columns.astype(np.float64) - centre[:, None]
    heavy = weights * away
    sums += heavy.sum(axis=1)
    products += away @ heavy.T
    squared[:] = ((root.T @ away) ** 2).sum(axis=0)


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
    """Squared distances from a centre, of those spikes that count and are not too far away."""
    some = values[:, start : start + len(counted)][rows][:, counted]
    squared = ((root.T @ (some.astype(np.float64) - centre[:, None])) ** 2).sum(axis=0)
    near = squared[squared <= largest]
    found[: len(near)] = near
    return len(near)


def sum_chances(squared: Numbers, weights: Numbers, n_half: int, farthest: float) -> float:
    """The weighted sum of chances of normal spikes of `2 * n_half` columns to be farther away."""
    near = np.flatnonzero(squared < farthest)
    half = squared[near] / 2
    terms = np.ones_like(half)
    for k in range(n_half - 1, 0, -1):
        terms *= half / k
        terms += 1.0
    return float((np.exp(-half) * terms) @ weights[near])
