"""How well two clusters would do as one: the evidence that merge suggestions are ranked by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._inputs import check_period, check_rate
from ..trains import REFRACTORY_PERIOD, TWICE

__all__ = [
    "Coincidences",
    "MergeScore",
    "coincidences",
    "coincidences_and_doubles",
    "drift_continuity",
    "merge_score",
    "merged_refractoriness",
    "overlap",
]

_SHOULDERS = (0.01, 0.05)
"""Lags, in seconds, that tell how many pairs to expect around lag zero."""
_LEFT = 0.15
"""Share of the coincidences of chance that the parts of one unit have, on average: they are
contaminated by other units. On simulated data with 2% of the spikes in a wrong cluster, the right
pairs had 0 to 0.46 of them, most of them less than a tenth."""
_LEAST_DETECTED = 0.5
"""Share of two neighbours' coincidences that detection lets through, at least: it is blind for
about a millisecond, half of the refractory period."""
_WEIGHTS = 7.2, -2.5, -0.75, 0.5, -1.1, -2.5
"""Of the log odds of a merge: constant, distance, distance at one time, refractoriness, overlap,
ratio of sizes."""
_FARTHEST = 40.0
"""Standard deviations apart beyond which it makes no difference."""
_VETO = 0.002
"""Refractoriness below which it limits the score by itself: no right pair seen had less than 0.02,
but for parts that other units contaminate much."""
_FEWEST_EXPECTED = 10.0
"""Coincidences of chance from which on a count that is as large tells of two units by itself."""
_MOST_SHARE = 0.75
"""Share of the coincidences of chance that is not that of one unit."""
_CERTAIN = 1.64
"""Standard deviations beyond which that is certain: one in twenty, of one side."""
_MOST_LOST = 20.0
"""Factor by which a merge may lower the isolation distance of the larger cluster: parts of a unit
lowered it by six at most, a cluster of noise by hundreds."""
_MOST_LOG_ODDS = 8.0
"""Log odds of the refractoriness beyond which it makes no difference."""
_LEAST_EXPECTED = 0.01
"""Coincidences that chance makes even of trains that seem never to meet."""
_LEAST_TOLD = 0.05
"""Coincidences that one pair of spikes at the longer lags leads to expect."""
_TOLD_OVERLAP = 0.3
"""Overlap from which on nothing is said of it."""
_TOLD_RATIO = 1.25
"""Size ratio up to which nothing is said of it."""
_LEAST_OVERLAP = 0.01
"""Overlap below which it makes no difference."""
_FEWEST_DOUBLES = 5
"""Spikes that two clusters have in common from which on these were detected twice."""
_TIMES_CHANCE = 3
"""How many times as often as by chance that is, at least. Right pairs of sorters' sets had 46 times
as many or more, and neighbours whose templates fit the same spikes had likewise."""
_N_NEIGHBOURS = 100
"""Pairs of spikes, the nearest in time, by which continuity is judged."""


class Coincidences(NamedTuple):
    """Spikes of one cluster within the refractory period of those of another."""

    found: int
    """How many there are."""
    expected: float
    """How many chance would make, by the correlogram at longer lags."""


NONE = Coincidences(0, 0.0)
"""Where nothing was counted."""


class MergeScore(NamedTuple):
    """The evidence that two clusters are one unit."""

    score: float
    """All of it together, as a probability: `merge_score`."""
    similarity: float
    """How near one another their spikes lie, in [0, 1]: `similarity`."""
    refractoriness: float
    """Whether one is silent around the spikes of the other, in [0, 1]: `merged_refractoriness`."""
    continuity: float
    """Whether one takes over where the other leaves off, in [0, 1]: `drift_continuity`."""
    coincidences: Coincidences = NONE
    """What refractoriness goes by."""
    violations: tuple[float, float] | None = None
    """Share of the spikes that come too soon after another: of the larger cluster, and merged."""
    isolation: tuple[float, float] | None = None
    """Isolation distance of the larger cluster, and merged; None as long as it is not known."""
    overlap: float = 1.0
    """Whether both are there at the same times, in [0, 1]: `overlap`."""
    n_doubles: int = 0
    """Spikes of both that were detected twice, where there are many; all else leaves them out."""
    size_ratio: float = 1.0
    """How many times as large the spikes of one are as those of the other, 1 or more."""

    @property
    def costs_isolation(self) -> bool:
        """Whether a cluster that stands apart would become one that hardly does."""
        return self.isolation is not None and self.isolation[1] * _MOST_LOST < self.isolation[0]

    def in_words(self) -> str:
        """What a curator should know of it, in a sentence or two."""
        found, expected = self.coincidences
        words = ""
        if self.n_doubles:
            words = (
                f"{self.n_doubles:,d} spikes were detected twice and would be set aside; besides, "
            )
        words += f"{found:,d} coincident spikes within the refractory period"
        if expected > 0:
            words += f", where chance would make {expected:,.{0 if expected >= 10 else 1}f}"
        if self.overlap < _TOLD_OVERLAP:
            share = f"{100 * self.overlap:.{0 if self.overlap >= 0.01 else 1}f}%"
            words += (
                f"; they are active together {share} as often as two units that fire throughout"
            )
        if self.size_ratio > _TOLD_RATIO:
            words += f"; the spikes of one are {self.size_ratio:.1f} times as large"
        if self.violations is not None:
            words += "; violations would " + _change([100 * share for share in self.violations], 1)
            words += "%"
        if self.isolation is not None and all(map(math.isfinite, self.isolation)):
            words += "; isolation would " + _change(self.isolation, 0)
        return words


def _change(values: Sequence[float], digits: int) -> str:
    """How a number would change from the first to the second value."""
    before, after = (f"{value:,.{digits}f}" for value in values)
    if before == after:
        return f"stay at {before}"
    return f"{'rise' if values[1] > values[0] else 'fall'} from {before} to {after}"


def merge_score(
    similarity: float,
    refractoriness: float,
    continuity: float,
    coincidences: Coincidences = NONE,
    violations: tuple[float, float] | None = None,
    overlap: float = 1.0,
    n_doubles: int = 0,
    size_ratio: float = 1.0,
) -> MergeScore:
    """Put the kinds of evidence together: a logistic model of them.

    The log odds that the two are one unit are those of the refractoriness, damped, less what the
    distances behind the similarity and the continuity take away, by the logarithm of each, and more
    by the logarithm of the overlap where one is not there while the other is, and by that of the
    ratio of their sizes. Spikes that look
    alike at all times need strong evidence against them to be two units, and spikes that do not
    need strong evidence for them to be one; but where the trains are all but surely those of two
    units, the score is low whatever they look like. `_WEIGHTS` was fitted to data of which the
    truth is known; docs/similarity.md says which.
    """
    constant, of_similarity, of_continuity, of_refractoriness, of_overlap, of_ratio = _WEIGHTS
    log_odds = math.log(max(refractoriness, 1e-12)) - math.log(max(1 - refractoriness, 1e-12))
    log_odds = min(max(log_odds, -_MOST_LOG_ODDS), _MOST_LOG_ODDS)
    log_odds = (
        constant
        + of_similarity * math.log1p(_distance(similarity))
        + of_continuity * math.log1p(_distance(continuity))
        + of_refractoriness * log_odds
        + of_overlap * math.log(max(overlap, _LEAST_OVERLAP))
        + of_ratio * math.log(max(size_ratio, 1.0))
    )
    score = 1 / (1 + math.exp(-log_odds)) if similarity > 0 else 0.0
    # However alike, spikes that coincide as those of two neurons do would raise the violations.
    score = min(score, refractoriness / _VETO)
    if _is_of_two(coincidences):
        score = min(score, refractoriness)
    counted = coincidences, violations
    evidence = similarity, refractoriness, continuity, *counted
    return MergeScore(score, *evidence, None, overlap, n_doubles, size_ratio)


def _is_of_two(coincidences: Coincidences) -> bool:
    """Whether there are as many coincidences as of two units, with certainty.

    By the normal approximation of Poisson's law of a mean of `_MOST_SHARE` of what chance makes.
    """
    found, expected = coincidences
    mean = _MOST_SHARE * expected
    return expected >= _FEWEST_EXPECTED and found - 0.5 > mean + _CERTAIN * math.sqrt(mean)


def _distance(alike: float) -> float:
    """The distance, in standard deviations, that a similarity or continuity was made of."""
    return min(4 * math.sqrt(1 / alike - 1), _FARTHEST) if alike > 0 else _FARTHEST


def coincidences(
    samples_a: ArrayLike,
    samples_b: ArrayLike,
    sample_rate: float,
    period: float = REFRACTORY_PERIOD,
    censored: float = 0.0,
) -> Coincidences:
    """Count the spikes of b within the refractory period of those of a, and what to expect.

    The cross-correlogram at lags of 10 to 50 ms tells what chance would make of them. Counting
    from the lags nearby, and not from the mean rates, takes care of clusters that are active at
    different times.

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
    Coincidences
    """
    return _counted(samples_a, samples_b, sample_rate, period, censored)[0]


def coincidences_and_doubles(
    samples_a: ArrayLike,
    samples_b: ArrayLike,
    sample_rate: float,
    period: float = REFRACTORY_PERIOD,
) -> tuple[Coincidences, int]:
    """Coincidences of two trains, without spikes that were detected twice where there are many.

    A sorter that matches templates finds many spikes of a drifting unit by both of its templates,
    nearly at the same sample. That tells nothing of whether the two are one unit: so do the
    templates of neighbours that fit the same spike. What is left of the refractory period does.

    Parameters
    ----------
    samples_a, samples_b, sample_rate, period
        As in `coincidences`.

    Returns
    -------
    Coincidences
    n_doubles : int
        Pairs of spikes within `TWICE`; 0 where they are too few to be other than chance.
    """
    apart, together = _counted(samples_a, samples_b, sample_rate, period, TWICE)
    if together.found >= max(_FEWEST_DOUBLES, _TIMES_CHANCE * together.expected):
        return apart, together.found
    return Coincidences(apart.found + together.found, apart.expected + together.expected), 0


def _counted(
    samples_a: ArrayLike, samples_b: ArrayLike, sample_rate: float, period: float, censored: float
) -> tuple[Coincidences, Coincidences]:
    """Coincidences at lags that are not censored, and at those that are."""
    from ..correlograms import lag_correlogram

    check_rate(sample_rate)
    check_period(period)
    near, dead = round(period * sample_rate), round(censored * sample_rate)
    low = max(round(_SHOULDERS[0] * sample_rate), 2 * near)
    high = max(round(_SHOULDERS[1] * sample_rate), 6 * near)
    if near <= dead + 1:
        raise ValueError("the refractory period must be longer than the censored one")
    # A bin ends before its second edge: these are symmetric about lag zero.
    middle = [-dead, dead + 1] if dead > 0 else []
    edges = [-high, -low, 1 - near, *middle, near, low + 1, high + 1]
    counts = lag_correlogram(samples_a, samples_b, edges, 1.0)
    n_near, n_dead = (counts[2] + counts[4], counts[3]) if middle else (counts[2], 0)
    dead_lags = 2 * dead + 1 if middle else 0
    per_lag = (counts[0] + counts[-1]) / (2 * (high - low))
    return (
        Coincidences(int(n_near), float(per_lag * (2 * near - 1 - dead_lags))),
        Coincidences(int(n_dead), float(per_lag * dead_lags)),
    )


def overlap(coincidences: Coincidences, by_rates: float) -> float:
    """Whether two clusters are there at the same times, as two units of one recording are.

    A unit that a sorter lost as it drifted, and found again as another one, is one cluster until
    then and the other one from then on.

    Parameters
    ----------
    coincidences : Coincidences
    by_rates : float
        How many of them there would be if both fired at their mean rates all the time.

    Returns
    -------
    float
        In [0, 1]: how many chance makes of `by_rates`; 1 where these are too few to tell.
    """
    expected, least = coincidences.expected, _LEAST_TOLD
    return min((expected + least) / (by_rates + least), 1.0) if by_rates > 0 else 1.0


def merged_refractoriness(coincidences: Coincidences) -> float:
    """Whether the merged train keeps the dip of its correlogram, as a probability.

    Two explanations of the count are weighed against one another, being as likely beforehand. Two
    neurons that know nothing of each other make as many coincidences as chance does, m: the count
    n follows Poisson's law. The parts of one unit make fewer, by a share that is not known and
    follows an exponential law of mean `_LEFT`: the count follows a geometric law. A few spikes,
    for which chance would hardly make any coincidence, tell little: no coincidence of 1 that was
    expected gives 0.59, of 3 0.76, of 10 0.98. One single coincidence cannot decide: it
    gives 0.13 at least, however few were expected. More than chance makes, as neurons that fire
    together have and spikes that were detected twice, speak against one unit.

    The contamination of a unit by the refractory period is estimated from the same counts by Hill,
    D. N., Mehta, S. B., & Kleinfeld, D. (2011). J. Neurosci. 31, 8699-8705, and Llobet, V.,
    Wyngaard, A., & Barbour, B. (2022). bioRxiv 2022.02.08.479192.

    Returns
    -------
    float
        In [0, 1].
    """
    found, expected = coincidences
    expected, mean = max(expected, _LEAST_EXPECTED), 1 / _LEFT
    # Two neurons that fire together make more coincidences than chance does: any number of them
    # but the first one, which may be chance at its worst, is explained that way. Of neighbours'
    # coincidences some are missed, since detection sees one spike where two collide.
    made = min(max(found, _LEAST_DETECTED * expected), max(expected, found - 1))
    of_one = math.log(mean) + found * math.log(expected) - (found + 1) * math.log(mean + expected)
    of_two = found * math.log(made) - made - math.lgamma(found + 1)
    return 1 / (1 + math.exp(min(max(of_two - of_one, -700.0), 700.0)))


def drift_continuity(
    times_a: ArrayLike,
    features_a: ArrayLike,
    times_b: ArrayLike,
    features_b: ArrayLike,
    min_lag: float = 0.003,
    line: ArrayLike | None = None,
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
    line : array (n_columns,), optional
        The difference of the means, where it is known better than these spikes tell.

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
    along = a.mean(axis=0) - b.mean(axis=0) if line is None else np.asarray(line, np.float64)
    differences = (a[of_a] - b[of_b]) @ along
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
