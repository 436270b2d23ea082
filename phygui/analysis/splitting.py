"""Whether a cluster holds the spikes of several units, and which are whose."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .merging import (
    NONE,
    Coincidences,
    coincidences,
    drift_continuity,
    merge_score,
    merged_refractoriness,
)
from .similarity import separation
from .summaries import drawn_in, summarize
from .trains import refractory_violations

__all__ = ["MOST_PARTS", "SplitScore", "by_size", "propose_parts", "split_parts", "split_score"]

MOST_PARTS = 6
"""Parts that a proposal has at most, unless more are asked for."""
N_FITTED = 5_000
"""Spikes that a mixture is fitted to, at most; the others are assigned by it."""
N_DIMENSIONS = 6
"""Dimensions of the space that mixtures are fitted in."""
_SMALLEST = 10
"""Spikes of a component below which it is none of its own."""
_N_SUMMARIZED = 1_000
"""Spikes of a part by which it is compared with others."""


class SplitScore(NamedTuple):
    """The evidence that parts of a cluster are units of their own."""

    score: float
    """All of it together, as a probability: one less the `merge_score` of the nearest parts."""
    n_spikes: tuple[int, ...]
    """Spikes of each part, the largest first."""
    distance: float
    """How far apart the two nearest parts lie, in standard deviations; NaN of a single one."""
    coincidences: Coincidences = NONE
    """Of the two nearest parts."""
    violations: tuple[float, ...] = ()
    """Share of the spikes that come too soon after another: of the whole, and of each part."""

    def in_words(self) -> str:
        """What a curator should know of it, in a sentence or two."""
        numbers = _listed([f"{n:,d}" for n in self.n_spikes])
        if len(self.n_spikes) < 2:
            return f"one group of {numbers} spikes"
        count = {2: "two", 3: "three", 4: "four"}.get(len(self.n_spikes), str(len(self.n_spikes)))
        words = f"{count} groups of {numbers} spikes"
        if math.isfinite(self.distance):
            words += f" {self.distance:.1f} SD apart"
        if self.violations:
            before, *after = (f"{100 * share:.1f}%" for share in self.violations)
            words += f"; {before} violations would become {_listed(after)}"
        found, expected = self.coincidences
        if found or expected > 0:
            noun = "coincidence" if found == 1 else "coincidences"
            words += f"; {found:,d} {noun} where chance makes {expected:,.{_digits(expected)}f}"
        return words


def _digits(expected: float) -> int:
    return 0 if expected >= 10 else 1


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def propose_parts(
    columns: ArrayLike, n_parts: int | None = None, *, most: int = MOST_PARTS, seed: int = 0
) -> NDArray[np.int64]:
    """Parts of a cloud of spikes: the components of a mixture of normal distributions.

    The mixture is fitted to a sample in the space of the first principal components, and every
    spike goes to the component that most likely made it. Without a number of parts, the one of the
    smallest Bayesian information criterion is taken (Schwarz, G. (1978). Estimating the dimension
    of a model. Ann. Statist. 6(2), 461-464).

    Parameters
    ----------
    columns : array (n_spikes, n_columns)
        What is known of each spike, such as features of the best channels.
    n_parts : int, optional
        Number of parts; there may be fewer where a component is left with no spike.
    most : int
        Largest number that is tried without one.
    seed : int
        Of the beginning of each fit: the same parts every time.

    Returns
    -------
    array of int64 (n_spikes,)
        Part of each spike, from 0, the largest first.
    """
    points = _whitened(np.asarray(columns, np.float64))
    if not points.shape[1] or len(points) < 2:
        return np.zeros(len(points), np.int64)
    sample = points[np.linspace(0, len(points) - 1, min(len(points), N_FITTED)).astype(np.int64)]
    if n_parts is not None:
        best = _mixture(sample, min(n_parts, len(sample)), seed)
    else:
        best, least = None, math.inf
        for n in range(1, most + 1):
            if n > 1 and len(sample) < n * _SMALLEST:
                break
            model = _mixture(sample, n, seed)
            criterion = model.bic(sample)
            if criterion >= least:
                break
            best, least = model, criterion
    assert best is not None
    return by_size(best.predict(points))


def _mixture(points: NDArray[np.float64], n_components: int, seed: int) -> Any:
    """A mixture of normal distributions, fitted."""
    # Only who asks for parts pays for the import, in a worker.
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(
        n_components, reg_covar=1e-3, random_state=seed, max_iter=60, tol=1e-3
    ).fit(points)


def _whitened(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first principal components, each of unit variance; (n, at most N_DIMENSIONS)."""
    columns = drawn_in(np.nan_to_num(columns, posinf=0.0, neginf=0.0))
    columns = columns - columns.mean(axis=0)
    values, axes = np.linalg.eigh(columns.T @ columns / max(len(columns), 1))
    values, axes = values[::-1][:N_DIMENSIONS], axes[:, ::-1][:, :N_DIMENSIONS]
    kept = values > 1e-9 * max(values.max(initial=0.0), 1e-300)
    points: NDArray[np.float64] = columns @ (axes[:, kept] / np.sqrt(values[kept]))
    return points


def by_size(labels: ArrayLike) -> NDArray[np.int64]:
    """Labels from 0 without gaps, the most frequent one first."""
    _, labels, counts = np.unique(labels, return_inverse=True, return_counts=True)
    places = np.empty(len(counts), np.int64)
    places[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    ranked: NDArray[np.int64] = places[labels.reshape(-1)]
    return ranked


def split_parts(
    columns: ArrayLike,
    spike_samples: ArrayLike,
    sample_rate: float,
    n_parts: int | None = None,
) -> tuple[NDArray[np.int64], SplitScore]:
    """Parts of a cluster that are likely to be units of their own, and the evidence for it.

    Parts of `propose_parts` are joined again, the likeliest pair first, as long as a curator would
    be advised to merge them: what is one unit by all evidence stays one however its cloud is
    shaped.

    Parameters
    ----------
    columns : array (n_spikes, n_columns)
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    n_parts : int, optional
        How many parts there are to be, whatever the evidence says.

    Returns
    -------
    labels : array of int64 (n_spikes,)
        Part of each spike, from 0, the largest first.
    score : SplitScore
    """
    columns = np.asarray(columns, np.float64)
    samples = np.asarray(spike_samples, np.int64)
    labels = propose_parts(columns)
    if n_parts is not None and labels.max(initial=0) + 1 < n_parts:
        labels = propose_parts(columns, n_parts)
    pairs: dict[frozenset[int], float] = {}
    ids = set(np.unique(labels).tolist())
    while len(ids) > 1 and (n_parts is None or len(ids) > n_parts):
        for pair in ((a, b) for a in ids for b in ids if a < b):
            if frozenset(pair) not in pairs:
                pairs[frozenset(pair)] = _merge(columns, samples, sample_rate, labels, pair)[0]
        likeliest = max(sorted(pairs, key=sorted), key=lambda pair: pairs[pair])
        if n_parts is None and pairs[likeliest] < 0.5:
            break
        a, b = sorted(likeliest)
        labels = np.where(labels == b, a, labels)
        ids.discard(b)
        pairs = {pair: score for pair, score in pairs.items() if not pair & likeliest}
    labels = by_size(labels)
    return labels, split_score(columns, samples, sample_rate, labels)


def split_score(
    columns: ArrayLike, spike_samples: ArrayLike, sample_rate: float, labels: ArrayLike
) -> SplitScore:
    """The evidence that parts of a cluster are units of their own: those that are least so.

    Parameters
    ----------
    columns : array (n_spikes, n_columns)
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    labels : array of int (n_spikes,)
        Part of each spike, from 0 without gaps.
    """
    columns = np.asarray(columns, np.float64)
    samples, labels = np.asarray(spike_samples, np.int64), np.asarray(labels, np.int64)
    sizes = np.bincount(labels)
    trains = [samples, *(samples[labels == k] for k in range(len(sizes)))]
    violations = tuple(refractory_violations(train, sample_rate).rate for train in trains)
    found = [
        _merge(columns, samples, sample_rate, labels, (a, b))
        for a in range(len(sizes))
        for b in range(a + 1, len(sizes))
    ]
    if not found:
        return SplitScore(0.0, tuple(sizes.tolist()), math.nan, NONE, violations)
    score, distance, together = max(found, key=lambda pair: pair[0])
    return SplitScore(1 - score, tuple(sizes.tolist()), distance, together, violations)


def _merge(
    columns: NDArray[np.float64],
    samples: NDArray[np.int64],
    sample_rate: float,
    labels: NDArray[np.int64],
    pair: tuple[int, int],
) -> tuple[float, float, Coincidences]:
    """How likely two parts are one unit, their distance and coincidences."""
    parts = [np.flatnonzero(labels == k) for k in pair]
    together = coincidences(samples[parts[0]], samples[parts[1]], sample_rate)
    some = [part[:: max(1, len(part) // _N_SUMMARIZED)] for part in parts]
    clouds = [summarize(columns[part]) for part in some]
    distance = float(separation(clouds[:1], clouds[1:])[0, 0])
    similarity = 1 / (1 + (distance / 4) ** 2)
    times = [samples[part] / sample_rate for part in some]
    continuity = drift_continuity(times[0], columns[some[0]], times[1], columns[some[1]])
    if not math.isfinite(continuity):
        continuity = 0.5
    score = merge_score(similarity, merged_refractoriness(together), continuity).score
    return score, distance, together
