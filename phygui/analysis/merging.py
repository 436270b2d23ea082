"""How well two clusters would do as one: the evidence that merge suggestions are ranked by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .trains import REFRACTORY_PERIOD

__all__ = ["MergeScore", "drift_continuity", "merge_score", "merged_refractoriness"]

_SHOULDERS = (0.01, 0.05)
"""Lags, in seconds, that tell how many pairs to expect around lag zero."""
_N_NEIGHBOURS = 100
"""Pairs of spikes, the nearest in time, by which continuity is judged."""


class MergeScore(NamedTuple):
    """The evidence that two clusters are one unit, each part in [0, 1]."""

    score: float
    """The product of the others."""
    similarity: float
    """How near one another their spikes lie: `similarity`."""
    refractoriness: float
    """Whether one is silent around the spikes of the other: `merged_refractoriness`."""
    continuity: float
    """Whether one takes over where the other leaves off: `drift_continuity`."""


def merge_score(similarity: float, refractoriness: float, continuity: float) -> MergeScore:
    """Put the three kinds of evidence together: each can veto, none can decide alone."""
    return MergeScore(
        similarity * refractoriness * continuity, similarity, refractoriness, continuity
    )


def merged_refractoriness(
    samples_a: ArrayLike,
    samples_b: ArrayLike,
    sample_rate: float,
    period: float = REFRACTORY_PERIOD,
    censored: float = 0.0,
) -> float:
    """Whether the merged train keeps the dip of its correlogram.

    The spikes of b within the refractory period of those of a, n, are compared with what the
    cross-correlogram at lags of 10 to 50 ms leads to expect, m: the result is
    `1 - (n + 1) / (m + 2)`, or 0 when that is negative. Two parts of one unit come near 1, two
    neurons near 0, and two clusters that hardly ever fire at the same time near one half, since
    their trains tell nothing. Counting the expectation from the lags nearby, and not from the mean
    rates, takes care of clusters that are active at different times.

    Parameters
    ----------
    samples_a, samples_b : array of int (n_a,), (n_b,)
        Spike samples, increasing.
    sample_rate : float
        In hertz.
    period, censored : float
        Refractory period, and lags of the cross-correlogram too short for the detection to tell
        two spikes apart; seconds.

    Returns
    -------
    float
        In [0, 1).
    """
    from .correlograms import lag_correlogram

    near, dead = round(period * sample_rate), round(censored * sample_rate)
    low = max(round(_SHOULDERS[0] * sample_rate), 2 * near)
    high = max(round(_SHOULDERS[1] * sample_rate), 6 * near)
    if near <= dead + 1:
        raise ValueError("the refractory period must be longer than the censored one")
    # A bin ends before its second edge: these are symmetric about lag zero.
    middle = [-dead, dead + 1] if dead > 0 else []
    edges = [-high, -low, 1 - near, *middle, near, low + 1, high + 1]
    counts = lag_correlogram(samples_a, samples_b, edges, 1.0)
    n_near = counts[2] + (counts[4] if middle else 0)
    lags = 2 * near - 1 - (2 * dead + 1 if middle else 0)
    expected = (counts[0] + counts[-1]) * lags / (2 * (high - low))
    return float(max(0.0, 1 - (n_near + 1) / (expected + 2)))


def drift_continuity(
    times_a: ArrayLike,
    features_a: ArrayLike,
    times_b: ArrayLike,
    features_b: ArrayLike,
    min_lag: float = 0.003,
) -> float:
    """Whether the spikes of two clusters look alike at the times when both are there.

    Spikes of one cluster are paired with the nearest in time of the other, and the hundred pairs
    of the smallest distances kept. The result is `1 / (1 + (d / 4)^2)`, d being the mean
    difference within the pairs along the line that joins the means of the two clusters, in units
    of its standard deviation over the square root of two: on the scale of `similarity`. A unit
    that drifted and was cut in time comes near 1, although its two parts are far apart; two
    neurons, or two parts of a unit cut by amplitude, differ at any time as much as they do on the
    whole.

    Parameters
    ----------
    times_a, times_b : array (n_a,), (n_b,)
        Seconds, increasing: of a sample of spikes, or of all.
    features_a, features_b : array (n_a, n_columns), (n_b, n_columns)
        Masked features of these spikes, or any other measure of where they are on the probe.
    min_lag : float
        Nearer spikes are not paired: their waveforms overlap, which changes their features.

    Returns
    -------
    float
        In [0, 1]; NaN when no spikes can be paired.
    """
    times_a, times_b = np.asarray(times_a, np.float64), np.asarray(times_b, np.float64)
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    of_a, of_b = _nearest_in_time(times_a, times_b, min_lag)
    if not len(of_a):
        return float("nan")
    line = a.mean(axis=0) - b.mean(axis=0)
    differences = (a[of_a] - b[of_b]) @ line
    if not differences.any():
        return 1.0
    spread = differences.std() / np.sqrt(2)
    separation = abs(differences.mean()) / spread if spread > 0 else np.inf
    return float(1 / (1 + (separation / 4) ** 2))


def _nearest_in_time(
    times_a: NDArray[np.float64], times_b: NDArray[np.float64], min_lag: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of places in two trains, those of the smallest distances that are not too small."""
    place = np.searchsorted(times_b, times_a)
    of_a = np.concatenate([np.arange(len(times_a))] * 2)
    of_b = np.concatenate([place - 1, place])
    kept = (of_b >= 0) & (of_b < len(times_b))
    of_a, of_b = of_a[kept], of_b[kept]
    distances = np.abs(times_a[of_a] - times_b[of_b])
    kept = distances >= min_lag
    of_a, of_b, distances = of_a[kept], of_b[kept], distances[kept]
    nearest = np.argsort(distances, kind="stable")[:_N_NEIGHBOURS]
    return of_a[nearest], of_b[nearest]
