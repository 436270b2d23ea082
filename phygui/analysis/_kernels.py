"""The compiled loops of the numerics. Import it late: it brings numba in, which takes a while.

Every kernel takes plain arrays with the dtypes that `warm_up` compiles them for; the public
functions do the checking and the conversions.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def mark_present(clusters, present):
    """Set `present` at the number of every cluster that has a spike."""
    for cluster in clusters:
        present[cluster] = True


@njit(cache=True, nogil=True)
def count_lags(times, sample_rate, clusters, table, bin_size, n_half_bins, n_clusters, counts):
    """Count the pairs of spikes by cluster of each and by lag.

    `table` gives the place of a cluster, -1 to leave its spikes out; `counts` is the raveled
    (n_clusters, n_clusters, n_half_bins). Returns False, with `counts` unfinished, when a time
    decreases.
    """
    # The spikes that the next one may pair with. Only these are kept, whatever their number in
    # all: they stay in the processor's cache, and long trains take no memory.
    samples = np.empty(4096, np.int64)
    places = np.empty(4096, np.int64)
    n_kept = 0
    i = 0
    while True:
        i, n_kept = _count_lags_until_full(
            times,
            sample_rate,
            clusters,
            table,
            bin_size,
            n_half_bins,
            n_clusters,
            counts,
            samples,
            places,
            i,
            n_kept,
        )
        if n_kept < 0:
            return False
        if i == times.shape[0]:
            return True
        oldest = samples[n_kept - 1] - n_half_bins * bin_size
        first = np.searchsorted(samples, oldest, side="right")
        n_kept -= first
        size = samples.shape[0]
        if 2 * n_kept > size:
            size *= 2
        new_samples = np.empty(size, np.int64)
        new_places = np.empty(size, np.int64)
        new_samples[:n_kept] = samples[first:]
        new_places[:n_kept] = places[first:]
        samples, places = new_samples, new_places


@njit(cache=True, nogil=True)
def _count_lags_until_full(
    times,
    sample_rate,
    clusters,
    table,
    bin_size,
    n_half_bins,
    n_clusters,
    counts,
    samples,
    places,
    start,
    n_kept,
):
    """The loop of `count_lags`, from one spike to where `samples` has no room for more.

    Apart because arrays that are replaced inside a loop have their references counted at each
    turn, which would take most of the time.
    """
    n_lags = n_half_bins * bin_size
    # A product is far cheaper than an integer division. With half a sample added no lag
    # falls near the edge of a bin, so the rounding of the inverse cannot move one.
    inverse = 1.0 / bin_size
    for i in range(start, times.shape[0]):
        place = table[clusters[i]]
        if place < 0:
            continue
        if n_kept == samples.shape[0]:
            return i, n_kept
        sample = np.int64(times[i] * sample_rate)
        if n_kept and sample < samples[n_kept - 1]:
            return i, -1
        j = n_kept - 1
        while j >= 0:
            lag = sample - samples[j]
            if lag >= n_lags:
                break
            pair = places[j] * n_clusters + place
            counts[pair * n_half_bins + np.int64((lag + 0.5) * inverse)] += 1
            j -= 1
        samples[n_kept] = sample
        places[n_kept] = place
        n_kept += 1
    return times.shape[0], n_kept


@njit(cache=True, nogil=True)
def count_forward_lags(samples_a, order_a, samples_b, order_b, bin_size, n_half_bins, counts):
    """Count by lag the spikes of b that come after each spike of a, ties being told by order."""
    n_a = samples_a.shape[0]
    n_b = samples_b.shape[0]
    n_lags = n_half_bins * bin_size
    inverse = 1.0 / bin_size
    first = 0
    for i in range(n_a):
        start = samples_a[i]
        while first < n_b and (
            samples_b[first] < start or (samples_b[first] == start and order_b[first] <= order_a[i])
        ):
            first += 1
        for j in range(first, n_b):
            lag = samples_b[j] - start
            if lag >= n_lags:
                break
            counts[np.int64((lag + 0.5) * inverse)] += 1


@njit(cache=True, nogil=True)
def count_pairs_below(samples_a, samples_b, edges, counts):
    """For each edge, the number of pairs (a, b) with b - a below the edge; both trains sorted.

    The cost does not depend on the number of pairs, so wide windows stay cheap.
    """
    n_b = samples_b.shape[0]
    for k in range(edges.shape[0]):
        edge = edges[k]
        below = 0
        total = 0
        for i in range(samples_a.shape[0]):
            limit = samples_a[i] + edge
            while below < n_b and samples_b[below] < limit:
                below += 1
            total += below
        counts[k] = total


@njit(cache=True, nogil=True)
def inside_polygon(x, y, polygon, inside):
    """Even-odd rule: a point is inside when a ray to its right crosses an odd number of edges."""
    n_vertices = polygon.shape[0]
    x_min, x_max = polygon[:, 0].min(), polygon[:, 0].max()
    y_min, y_max = polygon[:, 1].min(), polygon[:, 1].max()
    for i in range(x.shape[0]):
        px, py = np.float64(x[i]), np.float64(y[i])
        # Most points of a split are far away; a NaN fails these comparisons too.
        if not (x_min <= px <= x_max and y_min <= py <= y_max):
            inside[i] = False
            continue
        odd = False
        k = n_vertices - 1
        for j in range(n_vertices):
            xj, yj = polygon[j, 0], polygon[j, 1]
            xk, yk = polygon[k, 0], polygon[k, 1]
            if (yj > py) != (yk > py) and px < (xk - xj) * (py - yj) / (yk - yj) + xj:
                odd = not odd
            k = j
        inside[i] = odd


@njit(cache=True, nogil=True)
def min_max(traces, edges, out):
    """Smallest and largest value of each channel between consecutive edges."""
    n_channels = traces.shape[1]
    for k in range(edges.shape[0] - 1):
        first = edges[k]
        for c in range(n_channels):
            out[k, 0, c] = traces[first, c]
            out[k, 1, c] = traces[first, c]
        for i in range(first + 1, edges[k + 1]):
            for c in range(n_channels):
                value = traces[i, c]
                out[k, 0, c] = min(out[k, 0, c], value)
                out[k, 1, c] = max(out[k, 1, c], value)
