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


def min_max(traces: Numbers, edges: Numbers, out: Numbers) -> None:
    """Smallest and largest value of each channel between consecutive edges."""
    np.minimum.reduceat(traces, edges[:-1], axis=0, out=out[:, 0])
    np.maximum.reduceat(traces, edges[:-1], axis=0, out=out[:, 1])


def separations(
    means_a: Numbers,
    directions_a: Numbers,
    residuals_a: Numbers,
    weights_a: Numbers,
    means_b: Numbers,
    directions_b: Numbers,
    residuals_b: Numbers,
    weights_b: Numbers,
    floor: float,
    out: Numbers,
) -> None:
    """Squared Mahalanobis distance of the means of every pair of clouds."""
    for i in range(len(means_a)):
        for j in range(len(means_b)):
            share = weights_a[i] / (weights_a[i] + weights_b[j])
            delta = (means_a[i] - means_b[j]).astype(np.float64)
            variance = share * residuals_a[i].astype(np.float64) + (1 - share) * residuals_b[j]
            active = (variance > 0) | (delta != 0)
            n_active = np.count_nonzero(active)
            if not n_active:
                out[i, j] = 0.0
                continue
            rows = np.concatenate(
                [
                    np.sqrt(share) * directions_a[i][:, active],
                    np.sqrt(1 - share) * directions_b[j][:, active],
                ]
            ).astype(np.float64)
            total = variance.sum()
            spread = total + (rows**2).sum()
            least = max(floor * total / n_active, 1e-4 * spread / n_active, 1e-30)
            scale = 1 / np.sqrt(variance[active] + least)
            scaled, rows = delta[active] * scale, rows * scale
            along = rows @ scaled
            explained = along @ np.linalg.solve(rows @ rows.T + np.eye(len(rows)), along)
            out[i, j] = max(scaled @ scaled - explained, 0.0)
