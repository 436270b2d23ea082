"""Quality metrics of a cluster among the other spikes: in feature space.

Sources
-------
.. [Schmitzer] Schmitzer-Torbert, N., Jackson, J., Henze, D., Harris, K., Redish, A. D. (2005).
   Quantitative measures of cluster quality for use in extracellular recordings. Neuroscience
   131(1), 1-11.
.. [Hill] Hill, D. N., Mehta, S. B., Kleinfeld, D. (2011). Quality metrics to accompany spike
   sorting of extracellular signals. Journal of Neuroscience 31(24), 8699-8705.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._loops import loops
from .metric import Metric, undefined

__all__ = [
    "Isolation",
    "Moments",
    "d_prime",
    "isolation_distance",
    "l_ratio",
    "mahalanobis_squared",
]

_PIECE = 8_192
"""Spikes that are looked at together: as many as a processor's own memory holds."""
_WORK_OF_CHANCE = 200
"""What one chance takes, as so many elements that are gone through."""
_NEGLIGIBLE = 1e-25
"""A chance so small that no number of spikes makes anything of it."""


class Isolation:
    """How far a cluster is from the other spikes, which may come piece by piece.

    The cluster's own spikes are all given at once. Of the others no more is kept than their
    moments, and the distances of the nearest of them: as many as the cluster has spikes.

    Parameters
    ----------
    features : array (n, n_columns)
        Features of all the cluster's spikes, or of a sample of them, on the channels where it is
        large.
    n_spikes : int, optional
        The number of the cluster's spikes, where these are a sample.
    """

    def __init__(self, features: ArrayLike, n_spikes: int | None = None) -> None:
        inside = np.asarray(features)
        n, self.n_columns = inside.shape
        self.n_spikes = n if n_spikes is None else n_spikes
        self._centre = inside.mean(axis=0, dtype=np.float64) if n else np.zeros(self.n_columns)
        self._own = Moments(self.n_columns)
        self._own.add(inside, np.full(n, self.n_spikes / max(n, 1)), self._centre)
        self._root = self._whitening()
        self._others = Moments(self.n_columns)
        self._tail = 0.0
        self._nearest = _Nearest(self.n_spikes)

    def add(self, features: ArrayLike, weights: ArrayLike | None = None) -> None:
        """Take account of some other spikes.

        Parameters
        ----------
        features : array (n, n_columns)
            The same columns of spikes of other clusters.
        weights : array (n,), optional
            How many spikes each stands for, where they are a sample; by default one. Those of 0
            do not count.
        """
        outside = np.asarray(features)
        heavy = np.ones(len(outside)) if weights is None else np.asarray(weights, np.float64)
        root = None if isinstance(self._root, str) else self._root
        for start in range(0, len(outside), _PIECE):
            of = heavy[start : start + _PIECE]
            piece = outside[start : start + _PIECE]
            squared = self._others.add(piece, of, self._centre, root)
            if root is None:
                continue
            self._nearest.add(squared, of)
            self._tail += _tail_sum(squared, of, self.n_columns)

    def add_moments(self, moments: Moments, weight: float) -> None:
        """Take account of what spikes are on the whole, of which `add_distances` takes the rest.

        Parameters
        ----------
        moments : Moments
            Of the same columns.
        weight : float
            How many spikes each of them stands for.
        """
        self._others.add_moments(moments, weight, self._centre)

    def add_distances(
        self,
        values: NDArray[np.float32],
        rows: NDArray[np.int64],
        start: int,
        counted: NDArray[np.bool_],
        weight: float,
    ) -> None:
        """Take account of how far away spikes are, of which `add_moments` takes the rest.

        Parameters
        ----------
        values : array (n_rows, n)
            Features of spikes, one after the other.
        rows : array of int64 (n_columns,)
            The rows of `values` that are the columns here.
        start : int
            The first of the spikes.
        counted : array of bool (n,)
            Of it and those after it, which count.
        weight : float
            How many spikes each of them stands for.
        """
        if isinstance(self._root, str):
            return
        n = len(counted)
        squared = np.empty(n)
        near_ones = loops(20 * n * self.n_columns, by_size=True).near_ones
        largest = max(self._nearest.limit, _farthest_chance(self.n_columns))
        n_near = near_ones(self._centre, self._root, values, rows, start, counted, largest, squared)
        squared = squared[:n_near]
        self._tail += _tail_sum(squared, np.full(n_near, weight), self.n_columns)
        if weight > 0:
            # No more of them than have the weight of the cluster can be among the nearest.
            near, n_most = squared[squared <= self._nearest.limit], int(self.n_spikes / weight) + 2
            if len(near) > n_most:
                near = np.partition(near, n_most)[:n_most]
            self._nearest.add(near, np.full(len(near), weight))

    def squared_distances(self, points: ArrayLike) -> NDArray[np.float64]:
        """Squared Mahalanobis distances of points, (n, n_columns), from the cluster's centre.

        In the units of the features where the cluster is too small to have a measure of its own.
        """
        away = np.asarray(points, dtype=np.float64) - self._centre
        away = away if isinstance(self._root, str) else away @ self._root
        squared: NDArray[np.float64] = (away**2).sum(axis=1)
        return squared

    def isolation_distance(self) -> Metric:
        """As the function of this name, for the spikes given so far."""
        if isinstance(self._root, str):
            return undefined(self._root)
        if self._others.total < self.n_spikes:
            return undefined("there are fewer other spikes than spikes in the cluster")
        return Metric(self._nearest.farthest())

    def l_ratio(self) -> Metric:
        """As the function of this name, for the spikes given so far."""
        if isinstance(self._root, str):
            return undefined(self._root)
        if not self._others.total:
            return undefined("there are no other spikes")
        return Metric(self._tail / self.n_spikes)

    def d_prime(self) -> Metric:
        """As the function of this name, for the spikes given so far."""
        own, others = self._own, self._others
        n = own.total + others.total
        if min(own.total, others.total) < 2 or n <= self.n_columns + 1:
            return undefined("there are too few spikes in the cluster or outside it")
        inverse = _inverse((own.scatter() + others.scatter()) / n)
        if inverse is None:
            return undefined("the features are not independent of one another")
        apart = others.mean() - own.mean()
        direction = inverse @ apart
        spread = sum(direction @ part.scatter() @ direction / part.total for part in (own, others))
        if not spread > 0:
            return undefined("the spikes do not vary")
        return Metric(float(abs(direction @ apart) / np.sqrt(spread / 2)))

    def metrics(self) -> dict[str, Metric]:
        """All three, by name."""
        return {
            "isolation_distance": self.isolation_distance(),
            "l_ratio": self.l_ratio(),
            "d_prime": self.d_prime(),
        }

    def _whitening(self) -> NDArray[np.float64] | str:
        """What makes the cluster round and of unit size, or why there is no such thing."""
        if self.n_spikes <= self.n_columns:
            return f"{self.n_spikes} spikes are too few for {self.n_columns} features"
        inverse = _inverse(self._own.scatter() / (self.n_spikes - 1))
        if inverse is None:
            return "the features of the cluster are not independent of one another"
        return np.asarray(np.linalg.cholesky(inverse), dtype=np.float64)


class Moments:
    """Number, sum and products of spikes seen from some centre near them."""

    def __init__(self, n_columns: int) -> None:
        self.total = 0.0
        self._sum = np.zeros(n_columns)
        self._products = np.zeros((n_columns, n_columns))

    @classmethod
    def of(cls, columns: NDArray[Any]) -> Moments:
        """Those of some spikes, (n_columns, n), each of weight 1, seen from the origin."""
        found, exact = cls(len(columns)), columns.astype(np.float64)
        found.total = float(columns.shape[1])
        found._sum = exact.sum(axis=1)
        found._products = exact @ exact.T
        return found

    def on(self, columns: NDArray[np.int64]) -> Moments:
        """Those of some of the columns."""
        found = Moments(len(columns))
        found.total, found._sum = self.total, self._sum[columns]
        found._products = self._products[np.ix_(columns, columns)]
        return found

    def add_moments(
        self, other: Moments, weight: float = 1.0, centre: NDArray[np.float64] | None = None
    ) -> None:
        """Take account of spikes by their moments, which were seen from the origin.

        Parameters
        ----------
        other : Moments
        weight : float, optional
            What each counts; -1 to leave out those that are among these.
        centre : array of float64 (n_columns,), optional
            From where these are seen, where that is not the origin.
        """
        total, sums, products = other.total, other._sum, other._products
        if centre is not None:
            crossed = np.outer(centre, sums)
            products = products - crossed - crossed.T + total * np.outer(centre, centre)
            sums = sums - total * centre
        self.total += weight * total
        self._sum += weight * sums
        self._products += weight * products

    def add(
        self,
        features: NDArray[Any],
        weights: NDArray[np.float64],
        centre: NDArray[np.float64],
        root: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Take account of spikes; gives their squared distances from the centre by some measure."""
        dtype = np.float32 if features.dtype == np.float32 else np.float64
        # Column by column: what is done to many values side by side is far faster.
        columns = np.ascontiguousarray(features.T, dtype)
        root = np.empty((len(centre), 0)) if root is None else root
        squared = np.empty(len(features))
        weights = np.ascontiguousarray(weights)
        look_from = loops(20 * columns.size, by_size=True).look_from
        look_from(centre, root, columns, weights, self._sum, self._products, squared)
        self.total += float(weights.sum())
        return squared

    def mean(self) -> NDArray[np.float64]:
        return self._sum / self.total

    def scatter(self) -> NDArray[np.float64]:
        return self._products - np.outer(self._sum, self._sum) / max(self.total, 1e-300)


class _Nearest:
    """The nearest spikes, as few of them as weigh so much together."""

    def __init__(self, weight: float) -> None:
        self._weight = weight
        self.limit = np.inf
        self._distances: list[NDArray[np.float64]] = []
        self._weights: list[NDArray[np.float64]] = []
        self._kept_weight = 0.0

    def add(self, distances: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        near = np.flatnonzero((distances <= self.limit) & (weights > 0))
        self._distances.append(distances[near])
        self._weights.append(weights[near])
        self._kept_weight += float(self._weights[-1].sum())
        # The sooner it is known what is too far, the less is looked at.
        if self._kept_weight > 2 * self._weight:
            self._sift()

    def farthest(self) -> float:
        """Distance within which they weigh just so much."""
        self._sift()
        return float(self._distances[0][-1])

    def _sift(self) -> None:
        distances, weights = np.concatenate(self._distances), np.concatenate(self._weights)
        # Of those equally far, whichever counts first: the distance is the same.
        order = np.argsort(distances)
        enough = int(np.searchsorted(np.cumsum(weights[order]), self._weight * (1 - 1e-12)))
        kept = order[: enough + 1]
        if enough < len(order):
            self.limit = float(distances[kept[-1]])
        self._distances, self._weights = [distances[kept]], [weights[kept]]
        self._kept_weight = float(self._weights[0].sum())


def _tail_sum(squared: NDArray[np.float64], weights: NDArray[np.float64], n_columns: int) -> float:
    """Sum of the chances of a spike of the cluster to be as far away as each of these."""
    farthest = _farthest_chance(n_columns)
    if n_columns % 2 == 0:
        # The sum that the function is for whole numbers takes a tenth of the time.
        add_up = loops(_WORK_OF_CHANCE * len(squared), by_size=True).sum_chances
        return float(add_up(squared, weights, n_columns // 2, farthest))
    from scipy.special import chdtrc

    near = np.flatnonzero(squared < farthest)
    return float(chdtrc(n_columns, squared[near]) @ weights[near])


@functools.cache
def _farthest_chance(n_columns: int) -> float:
    """Squared distance from which on the chance of a spike of the cluster is negligible."""
    from scipy.special import chdtri

    return float(chdtri(n_columns, _NEGLIGIBLE))


def mahalanobis_squared(features: ArrayLike, reference: ArrayLike) -> NDArray[np.float64] | Metric:
    """Squared Mahalanobis distances of spikes to the centre of a cluster.

    Parameters
    ----------
    features : array (n, n_columns)
        The spikes to measure.
    reference : array (n_spikes, n_columns)
        The cluster whose mean and covariance count.

    Returns
    -------
    array of float64 (n,), or an undefined Metric when the covariance has no inverse.
    """
    inside = np.asarray(reference, dtype=np.float64)
    outside = np.asarray(features, dtype=np.float64)
    n_spikes, n_columns = inside.shape
    if n_spikes <= n_columns:
        return undefined(f"{n_spikes} spikes are too few for {n_columns} features")
    inverse = _inverse(np.cov(inside, rowvar=False).reshape(n_columns, n_columns))
    if inverse is None:
        return undefined("the features of the cluster are not independent of one another")
    away = outside - inside.mean(axis=0)
    squared: NDArray[np.float64] = np.einsum("ij,jk,ik->i", away, inverse, away, optimize=True)
    return squared


def isolation_distance(
    features: ArrayLike, other_features: ArrayLike, other_weights: ArrayLike | None = None
) -> Metric:
    """Squared Mahalanobis distance within which there are as many other spikes as own.

    Parameters
    ----------
    features : array (n_spikes, n_columns)
        Features of all the cluster's spikes, on the channels where it is large.
    other_features : array (n_others, n_columns)
        The same columns of the other spikes.
    other_weights : array (n_others,), optional
        Where these are a sample, how many spikes each stands for.

    Returns
    -------
    Metric
        Undefined when there are fewer other spikes than own.

    References
    ----------
    [Schmitzer]_, "isolation distance".
    """
    return _among(features, other_features, other_weights).isolation_distance()


def l_ratio(
    features: ArrayLike, other_features: ArrayLike, other_weights: ArrayLike | None = None
) -> Metric:
    """How many of the other spikes might belong to the cluster, per spike of the cluster.

    The sum over the other spikes of `1 - F(D^2)`, with F the cumulative chi-squared distribution
    of as many degrees of freedom as columns, over the number of the cluster's spikes.

    Parameters
    ----------
    features, other_features, other_weights
        As in `isolation_distance`.

    References
    ----------
    [Schmitzer]_, "L-ratio".
    """
    return _among(features, other_features, other_weights).l_ratio()


def d_prime(
    features: ArrayLike, other_features: ArrayLike, other_weights: ArrayLike | None = None
) -> Metric:
    """Separation of two clouds along the direction that tells them apart best.

    On Fisher's linear discriminant, the distance of the means over the root of the mean of the
    two variances.

    Parameters
    ----------
    features, other_features, other_weights
        As in `isolation_distance`; or those of two clusters, for the separation of a pair.

    References
    ----------
    [Hill]_, "overlap between clusters", for the discriminant; d' as usual in signal detection.
    """
    return _among(features, other_features, other_weights).d_prime()


def _among(
    features: ArrayLike, other_features: ArrayLike, other_weights: ArrayLike | None
) -> Isolation:
    isolation = Isolation(features)
    isolation.add(other_features, other_weights)
    return isolation


def _inverse(covariance: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The inverse of a covariance, None when it has none worth the name."""
    scales = np.sqrt(np.diag(covariance))
    if not np.all(scales > 0) or not np.isfinite(covariance).all():
        return None
    # Judged without units: features of very different sizes are no obstacle.
    correlation = covariance / np.outer(scales, scales)
    if np.linalg.cond(correlation) > 1e12:
        return None
    inverse: NDArray[np.float64] = np.linalg.inv(correlation) / np.outer(scales, scales)
    return inverse
