"""Whether a cluster holds the spikes of several units, and which are whose."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._inputs import check_rate
from ..trains import REFRACTORY_PERIOD, refractory_violations
from .merging import (
    NONE,
    Coincidences,
    coincidences,
    drift_continuity,
    merged_refractoriness,
    overlap,
)

__all__ = ["SplitScore", "by_size", "collided_share", "split_parts", "split_score"]

N_COMPONENTS = 4
"""Components of a mixture. More of them cut one unit into pieces too small to tell
whether they are one; on data of which the truth is known, four told units apart best."""
N_FITTED = 5_000
"""Spikes that a mixture is fitted to, at most; the others are assigned by it."""
N_DIMENSIONS = 6
"""Dimensions of the space that mixtures are fitted in."""
_PER_COMPONENT = 30
"""Spikes to which a component is fitted, at least."""
_LEAST_VARIANCE = 1e-3
"""Variance of a component along any dimension, at least; that of all spikes is 1."""
_FARTHEST = 4.0
"""Times the ninth decile of the distances from the median, beyond which spikes are drawn in."""
_FEWEST, _SMALLEST = 20, 0.02
"""Spikes, and share of them, below which a component is no group of its own."""
_FAINT = 1.5
"""How much lower a log density is than that of the next component where one is only its halo."""
_FLAT = 0.3
"""Depth of the valley between the two, at most, as a share of how much lower it is."""
_BRIDGE, _FIRM = 0.25, 1.5
"""Size of a component, as a share of two others, below which it does not make one unit of them; and
the log odds that they are two, from which on."""
_N_COMPARED = 300
"""Spikes of a component that are compared with the nearest in time of another."""
_WEIGHTS = -13.0, 1.0, 6.0, -0.15, 0.6
"""Of the log odds of two units: constant, valley, distance at one time, refractoriness, overlap."""
_DEEPEST, _FARTHEST_APART, _MOST_LOG_ODDS = 60.0, 40.0, 8.0
"""Depth of a valley, distance, and log odds, beyond which it makes no difference."""
COLLISION_S = 0.0005
"""Seconds between two spikes below which the waveform of one bends that of the other."""
_LEAST_OVERLAP = 0.01
"""Overlap below which it makes no difference."""
_N_STEPS = 21
"""Points on the line between two components at which the density is looked at."""


class SplitScore(NamedTuple):
    """The evidence that parts of a cluster are units of their own."""

    score: float
    """All of it together, as a probability, for the two parts that are most likely one unit; 0 for
    a single part, NaN for parts that were not found by `split_parts`."""
    n_spikes: tuple[int, ...]
    """Spikes of each part, the largest first."""
    distance: float = math.nan
    """How far apart these two lie, in standard deviations; NaN of a single part."""
    coincidences: Coincidences = NONE
    """Of these two."""
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
            words += f"; {found:,d} {noun} where chance makes "
            words += f"{expected:,.{0 if expected >= 10 else 1}f}"
        return words


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


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
    seen: ArrayLike | None = None,
) -> tuple[NDArray[np.int64], SplitScore]:
    """Parts of a cluster that are likely to be units of their own, and the evidence for it.

    A mixture of a few normal distributions is fitted to a sample of the spikes, in the space of
    their first principal components, unless a single one explains them better by the Bayesian
    information criterion. There are more components than units: the cloud of one unit is not normal
    either, since it drifts and bursts, and some of its spikes collided with others. Components are
    then joined again, the likeliest pair first, as long as they are likelier one
    unit than two. That is told by how deep a valley the density has between them, by how far apart
    their spikes lie that are near in time (a unit that drifts is one at any time), by whether one
    of them is silent around the spikes of the other, and by whether both are there at the same
    times at all. A chain of components is one unit if each
    link is.

    A component that is only the faint halo of another one, spikes that collided, makes no unit and
    no bridge between two; nor does one that is much smaller than two which are firmly two units.
    Its spikes go where they belong once the others are joined.

    Parameters
    ----------
    columns : array (n_spikes, n_columns)
        Features of the best channels.
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    n_parts : int, optional
        How many parts there are to be, whatever the evidence says.
    seen : array of bool (n_spikes,), optional
        Which spikes the columns tell of; the others go to the largest part.

    Returns
    -------
    labels : array of int64 (n_spikes,)
        Part of each spike, from 0, the largest first.
    score : SplitScore

    References
    ----------
    The criterion: Schwarz, G. (1978). Estimating the dimension of a model. Ann. Statist. 6(2),
    461-464. Components as pieces of clusters, and joining them by the valleys of the density:
    Hennig, C. (2010). Methods for merging Gaussian mixture components. Adv. Data Anal. Classif. 4,
    3-34. Coincidences: see `merged_refractoriness`.
    """
    check_rate(sample_rate)
    columns = _finite(columns)
    samples = np.asarray(spike_samples, np.int64)
    known = np.ones(len(columns), np.bool_) if seen is None else np.asarray(seen, np.bool_)
    points = _whitened(columns[known])
    if len(points) < 2 or n_parts == 1:
        return np.zeros(len(columns), np.int64), SplitScore(0.0, (len(columns),))
    pieces = _Pieces(points, samples[known], sample_rate, _mixture(points))
    if n_parts is not None and len(pieces.groups) < n_parts:
        pieces = _Pieces(points, samples[known], sample_rate, _mixture(points, n_parts), whole=True)
    pieces.join_to(n_parts)
    score, distance, together = pieces.weakest()
    labels = np.zeros(len(columns), np.int64)
    labels[known] = by_size(pieces.labels())
    labels = by_size(labels)
    sizes = tuple(np.bincount(labels).tolist())
    violations = _violations(samples, labels, sample_rate)
    return labels, SplitScore(score, sizes, distance, together, violations)


def split_score(
    columns: ArrayLike,
    spike_samples: ArrayLike,
    sample_rate: float,
    labels: ArrayLike,
    seen: ArrayLike | None = None,
) -> SplitScore:
    """What is known of parts that were found otherwise: of the two nearest, how near they are.

    Parameters
    ----------
    columns : array (n_spikes, n_columns)
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    labels : array of int (n_spikes,)
        Part of each spike, from 0 without gaps.
    seen : array of bool (n_spikes,), optional
        Which spikes the columns tell of.
    """
    check_rate(sample_rate)
    samples, labels = np.asarray(spike_samples, np.int64), np.asarray(labels, np.int64)
    known = np.ones(len(labels), np.bool_) if seen is None else np.asarray(seen, np.bool_)
    points, of = _whitened(_finite(columns)[known]), labels[known]
    n_parts = int(labels.max(initial=0)) + 1
    nearest, together = math.nan, NONE
    for a in range(n_parts):
        for b in range(a + 1, n_parts):
            _, distance = _discriminant(points[of == a], points[of == b])
            if not distance >= nearest:
                nearest = distance
                together = coincidences(samples[labels == a], samples[labels == b], sample_rate)
    sizes = tuple(np.bincount(labels).tolist())
    return SplitScore(math.nan, sizes, nearest, together, _violations(samples, labels, sample_rate))


def collided_share(
    part: ArrayLike, rest: ArrayLike, everything: ArrayLike, sample_rate: float
) -> float:
    """How much of a part of a cluster is there since spikes of other clusters collided with it.

    Where another unit often fires with the one of a cluster, their common waveform makes a group of
    its own, as far from the rest as a second unit would be. What tells it is that spikes of other
    clusters come with those of the part, and not with the others.

    Parameters
    ----------
    part, rest : array of int (n,)
        Samples of the spikes of the part, and of all others of the cluster; increasing.
    everything : array of int (n_spikes,)
        Samples of all spikes of the channel group, increasing.
    sample_rate : float
        In hertz.

    Returns
    -------
    float
        Share of the spikes of the part that have a spike of another cluster within 0.5 ms, beyond
        what chance makes of it, which is the share q of the others that have one: (p - q) / (1 - q)
        as in Cohen's kappa, 0 where that is negative.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educ. Psychol. Meas. 20(1),
    37-46, equation 1.
    """
    check_rate(sample_rate)
    part, rest = np.asarray(part, np.int64), np.asarray(rest, np.int64)
    of_cluster, reach = np.sort(np.concatenate([part, rest])), round(COLLISION_S * sample_rate)

    def beside_others(samples: NDArray[np.int64]) -> float:
        counts = [
            np.searchsorted(train, samples + reach, "right")
            - np.searchsorted(train, samples - reach, "left")
            for train in (np.asarray(everything), of_cluster)
        ]
        return float(np.mean(counts[0] > counts[1])) if len(samples) else 0.0

    by_chance = beside_others(rest)
    return max(0.0, (beside_others(part) - by_chance) / (1 - by_chance)) if by_chance < 1 else 0.0


def _violations(
    samples: NDArray[np.int64], labels: NDArray[np.int64], sample_rate: float
) -> tuple[float, ...]:
    """Share of the spikes that come too soon after another: of the whole, and of each part."""
    trains = [samples, *(samples[labels == k] for k in range(labels.max(initial=-1) + 1))]
    return tuple(refractory_violations(train, sample_rate).rate for train in trains)


# -- the space and the mixture -------------------------------------------------------------------


def _finite(columns: ArrayLike) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(columns, np.float64), posinf=0.0, neginf=0.0)


def _whitened(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first principal components, each of unit variance; (n, 1 to N_DIMENSIONS)."""
    if not len(columns):
        return np.zeros((0, 1))
    middle = np.median(columns, axis=0)
    # The median deviation would tell nothing of a channel on which only the smaller unit is.
    reach = _FARTHEST * np.quantile(np.abs(columns - middle), 0.9, axis=0)
    columns = np.clip(columns, middle - reach, middle + reach)
    columns = columns - columns.mean(axis=0)
    values, axes = np.linalg.eigh(columns.T @ columns / len(columns))
    values, axes = values[::-1][:N_DIMENSIONS], axes[:, ::-1][:, :N_DIMENSIONS]
    if not values.max(initial=0.0) > 0:
        return np.zeros((len(columns), 1))
    kept = values > 1e-9 * values[0]
    points: NDArray[np.float64] = columns @ (axes[:, kept] / np.sqrt(values[kept]))
    return points


def _mixture(points: NDArray[np.float64], n_parts: int | None = None) -> Any:
    """A mixture of so many normal distributions, fitted to a sample of points.

    By default `N_COMPONENTS`, or one if that explains the points better by Schwarz's criterion.
    """
    # Only who asks for parts pays for the import, in a worker.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    sample = points[_spread(len(points), N_FITTED)]

    def fitted(n: int) -> Any:
        model = GaussianMixture(n, reg_covar=_LEAST_VARIANCE, random_state=0, max_iter=60)
        with warnings.catch_warnings():
            # What is nearly converged does as well.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(sample)

    if n_parts is not None:
        return fitted(min(n_parts, len(sample)))
    most = max(1, min(N_COMPONENTS, len(sample) // _PER_COMPONENT))
    return min(map(fitted, {1, most}), key=lambda model: model.bic(sample))


def _spread(n: int, most: int) -> NDArray[np.int64]:
    """Places of a regular sample of n things."""
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)


def _log_densities(model: Any, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the density of each component at points, times its weight: (n, n_components).

    Up to a constant.
    """
    found = np.empty((len(points), model.n_components))
    for k in range(model.n_components):
        root = model.precisions_cholesky_[k]
        away = (points - model.means_[k]) @ root
        found[:, k] = np.log(np.diag(root)).sum() - 0.5 * (away**2).sum(axis=1)
    found += np.log(model.weights_)
    return found


# -- joining components ----------------------------------------------------------------------------


class _Pieces:
    """The components of a mixture, joined step by step into groups that may be units.

    Attributes
    ----------
    groups : list of list of int
        The components of each group, without those that are halos of others.
    """

    def __init__(
        self,
        points: NDArray[np.float64],
        samples: NDArray[np.int64],
        sample_rate: float,
        model: Any,
        *,
        whole: bool = False,
    ) -> None:
        self._points, self._samples, self._sample_rate = points, samples, sample_rate
        self._densities = _log_densities(model, points)
        self._component = np.argmax(self._densities, axis=1)
        self._valleys, heights = _valleys(model)
        sizes = np.bincount(self._component, minlength=model.n_components)
        self.groups = [[k] for k in self._solid(sizes, heights, whole)]
        self._links: dict[tuple[int, int], float] = {}
        self._known: dict[tuple[int, ...], tuple[float, Coincidences]] = {}
        if not whole:
            self._leave_out_bridges(sizes)

    def _leave_out_bridges(self, sizes: NDArray[Any]) -> None:
        """Leave out small components that lie between two units: collisions of both with others."""
        for k in np.argsort(sizes, kind="stable").tolist():
            if [k] not in self.groups:
                continue
            large = [other for [other] in self.groups if sizes[k] < _BRIDGE * sizes[other]]
            near = [other for other in large if self._log_odds([k], [other]) < 0]
            if any(self._log_odds([a], [b]) > _FIRM for a in near for b in near if a < b):
                self.groups.remove([k])

    def _solid(self, sizes: NDArray[Any], heights: NDArray[np.float64], whole: bool) -> list[int]:
        """The components that are more than a few spikes and no halos of others."""
        enough = max(_FEWEST, _SMALLEST * len(self._points))
        large = [k for k, n in enumerate(sizes.tolist()) if n and (whole or n >= enough)]
        found = [
            k
            for k in large
            if whole
            or not any(
                heights[other] - heights[k] > max(_FAINT, self._valleys[k, other] / _FLAT)
                for other in large
            )
        ]
        return found or [int(np.argmax(sizes))]

    def labels(self) -> NDArray[np.int64]:
        """The group of each spike: of the component of a group that most likely made it.

        For the spikes of a halo all components are taken to be as wide. By their own widths the
        wider one would get all that is far from both, whichever it is nearer to.
        """
        solid = [k for group in self.groups for k in group]
        owner = np.repeat(np.arange(len(self.groups)), [len(group) for group in self.groups])
        likeliest = np.argmax(self._densities[:, solid], axis=1)
        stray = ~np.isin(self._component, solid)
        if len(solid) > 1 and stray.any():
            known = self._points[~stray]
            likeliest[stray] = _discriminated(self._points[stray], known, likeliest[~stray])
        found: NDArray[np.int64] = owner[likeliest]
        return found

    def join_to(self, n_parts: int | None) -> None:
        """Join the likeliest pair of groups, until so many are left, or all are units."""
        while len(self.groups) > (n_parts or 1):
            log_odds, a, b = self._likeliest()
            if n_parts is None and log_odds >= 0:
                return
            self.groups[a] += self.groups.pop(b)

    def weakest(self) -> tuple[float, float, Coincidences]:
        """Score, distance and coincidences of the two groups that are most likely one unit."""
        if len(self.groups) < 2:
            return 0.0, math.nan, NONE
        log_odds, a, b = self._likeliest()
        parts = [self._points[self._members(group)] for group in (self.groups[a], self.groups[b])]
        _, distance = _discriminant(*parts)
        score = 1 / (1 + math.exp(min(max(-log_odds, -700.0), 700.0)))
        return score, distance, self._together(self.groups[a], self.groups[b])[1]

    def _likeliest(self) -> tuple[float, int, int]:
        """Log odds of two units of the pair of groups where they are least, and its places."""
        n = len(self.groups)
        groups = self.groups
        return min(
            (self._log_odds(groups[a], groups[b]), a, b) for a in range(n) for b in range(a + 1, n)
        )

    def _log_odds(self, first: list[int], second: list[int]) -> float:
        """Log odds that two groups are two units."""
        link = min(self._link(min(j, k), max(j, k)) for j in first for k in second)
        odds, found = self._together(first, second)
        # A unit that moved, for good or for a while, is in one place at a time.
        n_first, n_second = (len(self._members(group)) for group in (first, second))
        n_samples = max(int(self._samples[-1] - self._samples[0]), 1)
        by_rates = n_first * n_second * 2 * REFRACTORY_PERIOD * self._sample_rate / n_samples
        both = max(overlap(found, by_rates), _LEAST_OVERLAP)
        return link + _WEIGHTS[3] * odds + _WEIGHTS[4] * math.log(both)

    def _together(self, first: list[int], second: list[int]) -> tuple[float, Coincidences]:
        """Log odds by the coincidences that two groups are one unit, and the coincidences."""
        key = (*sorted(first), -1, *sorted(second))
        if key not in self._known:
            a, b = (self._samples[self._members(group)] for group in (first, second))
            found = coincidences(a, b, self._sample_rate)
            share = merged_refractoriness(found)
            log_odds = math.log(max(share, 1e-12)) - math.log(max(1 - share, 1e-12))
            limited = min(max(log_odds, -_MOST_LOG_ODDS), _MOST_LOG_ODDS)
            self._known[key] = limited, found
        return self._known[key]

    def _members(self, group: list[int]) -> NDArray[np.int64]:
        return np.flatnonzero(np.isin(self._component, group))

    def _link(self, a: int, b: int) -> float:
        """Log odds that two components are two units, by where their spikes lie."""
        if (a, b) not in self._links:
            parts = [self._members([k]) for k in (a, b)]
            line, _ = _discriminant(self._points[parts[0]], self._points[parts[1]])
            some = [part[_spread(len(part), _N_COMPARED)] for part in parts]
            times = [self._samples[part] / self._sample_rate for part in some]
            continuity = drift_continuity(
                times[0], self._points[some[0]], times[1], self._points[some[1]], line=line
            )
            if not math.isfinite(continuity):
                continuity = 0.5
            apart = min(4 * math.sqrt(1 / max(continuity, 1e-4) - 1), _FARTHEST_APART)
            depth = min(float(self._valleys[a, b]), _DEEPEST)
            constant, of_depth, of_distance, *_ = _WEIGHTS
            self._links[a, b] = (
                constant + of_depth * math.log1p(depth) + of_distance * math.log1p(apart)
            )
        return self._links[a, b]


def _discriminant(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """The line along which two clouds differ most, and their distance, standard deviations.

    Fisher, R. A. (1936). The use of multiple measurements in taxonomic problems. Annals of
    Eugenics 7(2), 179-188.
    """
    if not (len(a) and len(b)):
        return np.zeros(a.shape[1]), math.nan
    spread = _spread_within(np.concatenate([a - a.mean(axis=0), b - b.mean(axis=0)]))
    difference = a.mean(axis=0) - b.mean(axis=0)
    line = np.linalg.solve(spread, difference)
    return line, float(np.sqrt(max(difference @ line, 0.0)))


def _discriminated(
    points: NDArray[np.float64], known: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The groups that points belong to likeliest, if all groups are as wide: (n_points,) int64."""
    sizes = np.bincount(labels)
    means = np.stack([known[labels == k].mean(axis=0) for k in range(len(sizes))])
    lines = np.linalg.solve(_spread_within(known - means[labels]), means.T)
    offsets = np.log(sizes / len(labels)) - 0.5 * (means.T * lines).sum(axis=0)
    found: NDArray[np.int64] = np.argmax(points @ lines + offsets, axis=1)
    return found


def _spread_within(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """The covariance of what lies around the mean of its group."""
    spread: NDArray[np.float64] = deviations.T @ deviations / len(deviations)
    return spread + _LEAST_VARIANCE * np.eye(len(spread))


def _valleys(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much the log density falls between the middles of every two components, and theirs.

    Returns
    -------
    depths : array of float64 (n_components, n_components)
        From the lower of the two middles to the lowest point on the line between them.
    heights : array of float64 (n_components,)
    """
    n = model.n_components
    along = np.linspace(0, 1, _N_STEPS)[:, None]
    depths = np.zeros((n, n))
    for a in range(n):
        for b in range(a + 1, n):
            line = model.score_samples(model.means_[a] * (1 - along) + model.means_[b] * along)
            depths[a, b] = depths[b, a] = min(line[0], line[-1]) - line.min()
    return depths, model.score_samples(model.means_)
