"""The compiled loops of the numerics. Import it late: it brings numba in, which takes a while.

Every kernel takes plain arrays with the dtypes that `warm_up` compiles them for; the public
functions do the checking and the conversions.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ._distances import look_from as look_from
from ._distances import near_ones as near_ones
from ._distances import sum_chances as sum_chances

Numbers: TypeAlias = NDArray[Any]


@njit(cache=True, nogil=True)
def mark_present(clusters: Numbers, present: Numbers) -> None:
    """Set `present` at the number of every cluster that has a spike."""
    for cluster in clusters:
        present[cluster] = True


@njit(cache=True, nogil=True)
def count_lags(
    times: Numbers,
    sample_rate: float,
    clusters: Numbers,
    table: Numbers,
    bin_size: int,
    n_half_bins: int,
    n_clusters: int,
    counts: Numbers,
) -> bool:
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
    times: Numbers,
    sample_rate: float,
    clusters: Numbers,
    table: Numbers,
    bin_size: int,
    n_half_bins: int,
    n_clusters: int,
    counts: Numbers,
    samples: Numbers,
    places: Numbers,
    start: int,
    n_kept: int,
) -> tuple[int, int]:
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
        sample = np.int64(np.rint(times[i] * sample_rate))
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
def count_lags_around(
    samples_a: Numbers,
    order_a: Numbers,
    samples_b: Numbers,
    order_b: Numbers,
    bin_size: int,
    n_half_bins: int,
    counts: Numbers,
) -> None:
    """Count by lag the spikes of b on both sides of each spike of a, ties being told by order.

    To walk along two trains at once is most of the work: of few pairs, twice as much for each side
    by itself.
    """
    n_a = samples_a.shape[0]
    n_b = samples_b.shape[0]
    n_lags = n_half_bins * bin_size
    inverse = 1.0 / bin_size
    first = 0
    for i in range(n_a):
        sample = samples_a[i]
        earliest = sample - n_lags
        while first < n_b and samples_b[first] <= earliest:
            first += 1
        for j in range(first, n_b):
            lag = samples_b[j] - sample
            if lag >= n_lags:
                break
            follows = lag > 0
            if lag == 0:
                if order_b[j] == order_a[i]:
                    continue
                follows = order_b[j] > order_a[i]
            k = np.int64((abs(lag) + 0.5) * inverse)
            counts[n_half_bins + k if follows else n_half_bins - 1 - k] += 1


@njit(cache=True, nogil=True)
def count_pairs_below(
    samples_a: Numbers,
    samples_b: Numbers,
    edges: Numbers,
    counts: Numbers,
) -> None:
    """For each edge, the number of pairs (a, b) with b - a below the edge; both trains sorted.

    The cost does not depend on the number of pairs, so wide windows stay cheap.
    """
    n_b = samples_b.shape[0]
    # One place in b for each edge: they move independently, which keeps the processor busy.
    below = np.zeros(edges.shape[0], np.int64)
    for sample in samples_a:
        for k in range(edges.shape[0]):
            limit = sample + edges[k]
            place = below[k]
            while place < n_b and samples_b[place] < limit:
                place += 1
            below[k] = place
            counts[k] += place


@njit(cache=True, nogil=True)
def inside_polygon(x: Numbers, y: Numbers, polygon: Numbers, inside: Numbers) -> None:
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
def min_max(traces: Numbers, edges: Numbers, out: Numbers) -> None:
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


@njit(cache=True, nogil=True, fastmath=True)
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
    spread of the one and of the other.

    Spreads are residuals on the diagonal and a few directions. As far as that of one cloud is not
    known, that of both together stands for it. Pairs that are not `near` are left as they are.
    Only the columns in which either cloud varies count, so the cost is that of the channels on
    which the two are seen.
    """
    n_columns = means_a.shape[1]
    n_a, n_b = directions_a.shape[1], directions_b.shape[1]
    columns = np.empty(n_columns, np.int64)
    delta = np.empty(n_columns)
    scale = np.empty(n_columns)
    rows = np.empty((n_a + n_b, n_columns))
    inner = np.empty((n_a + n_b, n_a + n_b))
    along = np.empty(n_a + n_b)
    for i in range(means_a.shape[0]):
        for j in range(means_b.shape[0]):
            if not near[i, j]:
                continue
            share = trusts_a[i] / (trusts_a[i] + trusts_b[j])
            n_active = 0
            for c in range(n_columns):
                difference = means_a[i, c] - means_b[j, c]
                if residuals_a[i, c] > 0.0 or residuals_b[j, c] > 0.0 or difference != 0.0:
                    columns[n_active] = c
                    n_active += 1
            out[i, j] = 0.0
            for turn in range(2):
                # Of the spread of the one, this much is that of a, and this much that of b.
                if turn == 0:
                    part_a = trusts_a[i] + (1.0 - trusts_a[i]) * share
                else:
                    part_a = (1.0 - trusts_b[j]) * share
                n_directions = 0
                spread = 0.0
                if part_a > 0.0:
                    for k in range(n_a):
                        for c in range(n_active):
                            value = np.sqrt(part_a) * directions_a[i, k, columns[c]]
                            rows[n_directions, c] = value
                            spread += value * value
                        n_directions += 1
                if part_a < 1.0:
                    for k in range(n_b):
                        for c in range(n_active):
                            value = np.sqrt(1.0 - part_a) * directions_b[j, k, columns[c]]
                            rows[n_directions, c] = value
                            spread += value * value
                        n_directions += 1
                total = 0.0
                for c in range(n_active):
                    column = columns[c]
                    delta[c] = means_a[i, column] - means_b[j, column]
                    variance = part_a * residuals_a[i, column]
                    variance += (1.0 - part_a) * residuals_b[j, column]
                    scale[c] = variance
                    total += variance
                squared = _squared_distance(
                    delta, scale, rows, inner, along, n_active, n_directions, total, spread, floor
                )
                out[i, j] += (share if turn == 0 else 1.0 - share) * squared


@njit(cache=True, nogil=True, fastmath=True)
def _squared_distance(
    delta: Numbers,
    scale: Numbers,
    rows: Numbers,
    inner: Numbers,
    along: Numbers,
    n_active: int,
    n_directions: int,
    total: float,
    spread: float,
    floor: float,
) -> float:
    """Squared length of `delta` under variances, here `scale`, and directions, here `rows`.

    The inverse is by the Woodbury identity. All arrays are written to.
    """
    if n_active == 0:
        return 0.0
    # Where the spikes hardly vary, chance, or rounding, would make any difference large.
    least = max(floor * total, 1e-4 * (total + spread)) / n_active
    least = max(least, 1e-30)
    squared = 0.0
    for c in range(n_active):
        scale[c] = 1.0 / np.sqrt(scale[c] + least)
        delta[c] *= scale[c]
        squared += delta[c] * delta[c]
    for k in range(n_directions):
        dot = 0.0
        for c in range(n_active):
            rows[k, c] *= scale[c]
            dot += rows[k, c] * delta[c]
        along[k] = dot
        for m in range(k + 1):
            dot = 0.0
            for c in range(n_active):
                dot += rows[k, c] * rows[m, c]
            inner[k, m] = dot
        inner[k, k] += 1.0
    # Cholesky's factor in place, and the forward half of the solution: its squared length is
    # what the directions explain of the distance.
    for k in range(n_directions):
        for m in range(k):
            dot = inner[k, m]
            for p in range(m):
                dot -= inner[k, p] * inner[m, p]
            inner[k, m] = dot / inner[m, m]
        dot = inner[k, k]
        value = along[k]
        for p in range(k):
            dot -= inner[k, p] * inner[k, p]
            value -= inner[k, p] * along[p]
        inner[k, k] = np.sqrt(dot)
        along[k] = value / inner[k, k]
        squared -= along[k] * along[k]
    return max(squared, 0.0)
