"""Auto- and cross-correlograms of spike trains: exact integer counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._inputs import as_samples, check_rate, plain
from ._loops import loops

__all__ = [
    "correlograms",
    "cross_correlogram",
    "lag_correlogram",
    "lag_edges",
    "log_lag_edges",
    "two_sided_correlogram",
]


def correlograms(
    spike_times: ArrayLike,
    spike_clusters: ArrayLike,
    cluster_ids: ArrayLike | None = None,
    sample_rate: float = 1.0,
    bin_size: float | None = None,
    window_size: float | None = None,
    symmetrize: bool = True,
) -> NDArray[np.int64]:
    """Correlograms of every pair of clusters.

    Times and the size of a bin are rounded to the nearest whole sample, and lags counted in these:
    bin `k` on the right of the centre holds the lags of `k * bin` to `(k + 1) * bin - 1` samples,
    as if all had been given in samples with `sample_rate=1`. A pair of spikes belongs to the
    cluster of its earlier spike first (for spikes in the same sample, the one that comes first in
    the arrays). The centre bin is the larger of the counts of its two sides. No spike is paired
    with itself.

    Parameters
    ----------
    spike_times : array (n_spikes,)
        Times in seconds, increasing.
    spike_clusters : array of int (n_spikes,)
        Cluster of every spike.
    cluster_ids : array of int (n_clusters,), optional
        The clusters wanted, in the order of the result; spikes of others are left out. By
        default every cluster that has spikes, in increasing order.
    sample_rate : float
        In hertz.
    bin_size, window_size : float
        Seconds. There are `2 * int(window_size / bin_size / 2) + 1` bins, in exact arithmetic:
        0.03 over 0.0003 is 100.
    symmetrize : bool
        True for both signs of the lag, False for the non-negative lags only.

    Returns
    -------
    array of int64 (n_clusters, n_clusters, n_bins)
        `[i, j]` counts the spikes of cluster j around the spikes of cluster i. With
        `symmetrize=False`, n_bins is `int(window_size / bin_size / 2) + 1`.

    Raises
    ------
    ValueError
        When sizes are missing or not positive, or times decrease; when whole samples are given
        as times, with a sample rate beside them.
    """
    if np.asarray(spike_times).dtype.kind in "iu" and sample_rate != 1:
        raise ValueError(
            "spike_times holds whole numbers, expected seconds: divide samples by the sample rate, "
            "or give them with sample_rate=1 and sizes in samples"
        )
    times = plain(spike_times, np.float64)
    clusters = np.asarray(spike_clusters)
    if times.ndim != 1 or times.shape != clusters.shape:
        raise ValueError(
            f"spike_times {times.shape} and spike_clusters {clusters.shape} must be vectors "
            "of the same length"
        )
    bin_samples, n_half = _bins(sample_rate, bin_size, window_size)
    from . import _kernels

    clusters, ids, table = _places(clusters, cluster_ids)
    n_clusters = len(ids)
    counts = np.zeros((n_clusters, n_clusters, n_half), dtype=np.int64)
    if not _kernels.count_lags(
        times,
        float(sample_rate),
        clusters,
        table,
        bin_samples,
        n_half,
        n_clusters,
        counts.reshape(-1),
    ):
        raise ValueError("spike_times must be increasing")
    return _symmetrized(counts) if symmetrize else counts


def cross_correlogram(
    samples_a: ArrayLike,
    samples_b: ArrayLike | None = None,
    *,
    bin_size: int,
    window_size: int,
    spike_ids_a: ArrayLike | None = None,
    spike_ids_b: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """The correlogram of two trains: `correlograms(...)[i, j]` without the other pairs.

    It is what a cache per pair is filled with: the reversed result is that of (b, a).

    Parameters
    ----------
    samples_a, samples_b : array of int (n_a,), (n_b,)
        Spike samples, increasing. Without `samples_b`, the autocorrelogram.
    bin_size, window_size : int
        In samples.
    spike_ids_a, spike_ids_b : array of int, optional
        Tell which of two spikes of the same sample comes first, as the order of the arrays does
        in `correlograms`. By default those of `a` do.

    Returns
    -------
    array of int64 (n_bins,)
        Counts of the spikes of b around the spikes of a, n_bins as in `correlograms`.
    """
    if bin_size < 1 or window_size < 0:
        raise ValueError(f"a bin of {bin_size} samples in a window of {window_size} is impossible")
    n_half = int(0.5 * window_size / bin_size) + 1
    sides = two_sided_correlogram(
        samples_a,
        samples_b,
        bin_size=int(bin_size),
        n_bins=n_half,
        spike_ids_a=spike_ids_a,
        spike_ids_b=spike_ids_b,
    )
    centre = max(sides[n_half - 1], sides[n_half])
    return np.concatenate([sides[: n_half - 1], [centre], sides[n_half + 1 :]])


def two_sided_correlogram(
    samples_a: ArrayLike,
    samples_b: ArrayLike | None = None,
    *,
    bin_size: int,
    n_bins: int,
    spike_ids_a: ArrayLike | None = None,
    spike_ids_b: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """The correlogram of two trains, each side of lag zero in bins of its own.

    Unlike in the odd number of bins of `cross_correlogram`, every bin holds just the pairs of its
    lags: it can be drawn where these are.

    Parameters
    ----------
    samples_a, samples_b, spike_ids_a, spike_ids_b
        As in `cross_correlogram`.
    bin_size : int
        In samples.
    n_bins : int
        On each side.

    Returns
    -------
    array of int64 (2 * n_bins,)
        Counts of the spikes of b around the spikes of a. The bin `n_bins + k` holds those that
        follow by `k * bin_size` to `(k + 1) * bin_size - 1` samples, and the bin `n_bins - 1 - k`
        those that precede by as much.
    """
    if bin_size < 1 or n_bins < 1:
        raise ValueError(f"{n_bins} bins of {bin_size} samples are impossible")
    bin_samples = int(bin_size)
    a = plain(as_samples(samples_a, "samples_a"))
    if samples_b is None:
        after = np.zeros(n_bins, dtype=np.int64)
        order = plain(np.arange(len(a)), np.int64)
        counter = _pair_counter(a, a, n_bins * bin_samples)
        counter.count_forward_lags(a, order, a, order, bin_samples, n_bins, after)
        return np.concatenate([after[::-1], after])
    b = plain(as_samples(samples_b, "samples_b"))
    order_a = (
        plain(np.zeros(len(a), np.int64)) if spike_ids_a is None else plain(spike_ids_a, np.int64)
    )
    order_b = (
        plain(np.ones(len(b), np.int64)) if spike_ids_b is None else plain(spike_ids_b, np.int64)
    )
    if order_a.shape != a.shape or order_b.shape != b.shape:
        raise ValueError("there must be one spike id for each spike")
    counts = np.zeros(2 * n_bins, dtype=np.int64)
    counter = _pair_counter(a, b, n_bins * bin_samples)
    counter.count_lags_around(a, order_a, b, order_b, bin_samples, n_bins, counts)
    return counts


def _pair_counter(a: NDArray[np.int64], b: NDArray[np.int64], n_lags: int) -> Any:
    """The loops that count pairs, by how many there will be if the spikes lie evenly."""
    if not len(a) or not len(b):
        return loops(0)
    span = max(int(a[-1]), int(b[-1])) - min(int(a[0]), int(b[0])) + 1
    return loops(int(len(a) * (1 + len(b) * n_lags / span)))


def lag_edges(bin_size: float, window_size: float) -> NDArray[np.float64]:
    """Edges of the equal bins from lag 0 to half a window, in seconds: (n_bins + 1,) float64."""
    n_bins = int(0.5 * window_size / bin_size) + 1
    return np.arange(n_bins + 1, dtype=np.float64) * bin_size


def log_lag_edges(shortest: float, longest: float, n_bins: int) -> NDArray[np.float64]:
    """Edges of `n_bins` bins equal on a logarithmic axis, in seconds: (n_bins + 1,) float64."""
    if not 0 < shortest < longest or n_bins < 1:
        raise ValueError("logarithmic bins need 0 < shortest < longest and at least one bin")
    return np.geomspace(shortest, longest, n_bins + 1, dtype=np.float64)


def lag_correlogram(
    samples_a: ArrayLike, samples_b: ArrayLike | None, edges: ArrayLike, sample_rate: float
) -> NDArray[np.int64]:
    """Counts of the spikes of b after the spikes of a, in bins of any width.

    Parameters
    ----------
    samples_a, samples_b : array of int (n_a,), (n_b,)
        Spike samples, increasing. With None for `samples_b`, the autocorrelogram, in which no
        spike is paired with itself.
    edges : array of float (n_bins + 1,)
        Increasing lags in seconds; a lag belongs to a bin from its first edge to just before its
        second. Negative lags count the spikes of b that come before.
    sample_rate : float
        In hertz.

    Returns
    -------
    array of int64 (n_bins,)
        Exact counts.

    Notes
    -----
    Each edge costs one walk along both trains, whatever the number of pairs: windows of many
    seconds, as logarithmic axes have, are affordable.
    """
    from . import _kernels

    a = plain(as_samples(samples_a, "samples_a"))
    b = a if samples_b is None else plain(as_samples(samples_b, "samples_b"))
    edge_samples = edges_in_samples(edges, sample_rate)
    below = np.zeros(len(edge_samples), dtype=np.int64)
    _kernels.count_pairs_below(a, b, edge_samples, below)
    counts = np.diff(below)
    if samples_b is None:
        own = (edge_samples[:-1] <= 0) & (edge_samples[1:] > 0)
        counts[own] -= len(a)
    return counts


def edges_in_samples(edges: ArrayLike, sample_rate: float) -> NDArray[np.int64]:
    """The first whole sample of each bin, for edges in seconds: (n_edges,) int64."""
    check_rate(sample_rate)
    scaled = np.asarray(edges, dtype=np.float64) * sample_rate
    if scaled.ndim != 1 or len(scaled) < 2 or np.any(np.diff(scaled) <= 0):
        raise ValueError("edges must be at least two increasing numbers")
    # An edge meant to be whole may come out a rounding error above it.
    nearest = np.rint(scaled)
    whole = np.isclose(scaled, nearest, rtol=1e-12, atol=1e-6)
    return np.where(whole, nearest, np.ceil(scaled)).astype(np.int64)


def _bins(sample_rate: float, bin_size: float | None, window_size: float | None) -> tuple[int, int]:
    """Samples in a bin, and number of bins of non-negative lag."""
    check_rate(sample_rate)
    if bin_size is None or window_size is None:
        raise ValueError("bin_size and window_size must be given")
    bin_size = min(max(bin_size, 1e-5), 1e5)
    window_size = min(max(window_size, 1e-5), 1e5)
    # A bin that is meant to be whole may come out a rounding error below: 20,000 Hz times 0.0003 s
    # is 5.999... samples, and 0.03 over 0.0003 s 99.999... bins.
    bin_samples = round(sample_rate * bin_size)
    if bin_samples < 1:
        raise ValueError(
            f"a bin of {bin_size} s holds no whole sample at {sample_rate} Hz; "
            "is the sample rate right?"
        )
    return bin_samples, int(0.5 * window_size / bin_size * (1 + 1e-9)) + 1


def _places(
    clusters: NDArray[Any], wanted: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Small whole numbers for the spikes' clusters, the cluster ids of the result, and the table
    from the former to places in the latter, -1 for clusters that are not wanted.
    """
    from . import _kernels

    low, high = (int(clusters.min()), int(clusters.max())) if len(clusters) else (0, -1)
    if low < 0 or high > 10 * len(clusters) + 1000:
        # A table by id would be mostly empty: number the clusters in order.
        named, clusters = np.unique(clusters, return_inverse=True)
        clusters = plain(clusters, np.int64)
        numbers = np.arange(len(named))
    else:
        # The two dtypes that clusterings have need no copy.
        clusters = plain(clusters, np.int32 if clusters.dtype == np.int32 else np.int64)
        present = np.zeros(high + 1, dtype=np.bool_)
        _kernels.mark_present(clusters, present)
        named = numbers = np.flatnonzero(present)
    ids = named.astype(np.int64) if wanted is None else np.asarray(wanted, dtype=np.int64)
    if len(np.unique(ids)) != len(ids):
        raise ValueError("cluster_ids must differ from one another")
    table = np.full(int(numbers[-1]) + 1 if len(numbers) else 0, -1, dtype=np.int64)
    _, of_named, of_ids = np.intersect1d(named, ids, assume_unique=True, return_indices=True)
    table[numbers[of_named]] = of_ids
    return clusters, ids, table


def _symmetrized(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Both signs of the lag from the non-negative lags."""
    transposed = counts.transpose(1, 0, 2)
    # Which of two spikes of the centre bin comes first means little: both sides show the larger.
    centre = np.maximum(counts[..., :1], transposed[..., :1])
    return np.concatenate([transposed[..., :0:-1], centre, counts[..., 1:]], axis=2)
