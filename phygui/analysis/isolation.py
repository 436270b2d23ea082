"""Quality metrics of a cluster among the other spikes: in feature space, and above the noise.

Sources
-------
.. [Schmitzer] Schmitzer-Torbert, N., Jackson, J., Henze, D., Harris, K., Redish, A. D. (2005).
   Quantitative measures of cluster quality for use in extracellular recordings. Neuroscience
   131(1), 1-11.
.. [Hill] Hill, D. N., Mehta, S. B., Kleinfeld, D. (2011). Quality metrics to accompany spike
   sorting of extracellular signals. Journal of Neuroscience 31(24), 8699-8705.
.. [Quiroga] Quian Quiroga, R., Nadasdy, Z., Ben-Shaul, Y. (2004). Unsupervised spike detection
   and sorting with wavelets and superparamagnetic clustering. Neural Computation 16(8), 1661-1687.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .metric import Metric, undefined

__all__ = [
    "d_prime",
    "isolation_distance",
    "l_ratio",
    "mahalanobis_squared",
    "noise_levels",
    "snr",
]

_MAD_OF_NORMAL = 0.6744897501960817
"""Median absolute deviation of a normal distribution of unit standard deviation."""


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
    return np.einsum("ij,jk,ik->i", away, inverse, away, optimize=True)


def isolation_distance(features: ArrayLike, other_features: ArrayLike) -> Metric:
    """Squared Mahalanobis distance within which there are as many other spikes as own.

    Parameters
    ----------
    features : array (n_spikes, n_columns)
        Features of the cluster's spikes, on the channels where it is large.
    other_features : array (n_others, n_columns)
        The same columns of the other spikes. When these are sampled, sample the cluster's own at
        the same rate.

    Returns
    -------
    Metric
        Undefined when there are fewer other spikes than own.

    References
    ----------
    [Schmitzer]_, "isolation distance".
    """
    distances = mahalanobis_squared(other_features, features)
    if isinstance(distances, Metric):
        return distances
    n_spikes = len(np.asarray(features))
    if len(distances) < n_spikes:
        return undefined("there are fewer other spikes than spikes in the cluster")
    return Metric(float(np.partition(distances, n_spikes - 1)[n_spikes - 1]))


def l_ratio(features: ArrayLike, other_features: ArrayLike) -> Metric:
    """How many of the other spikes might belong to the cluster, per spike of the cluster.

    The sum over the other spikes of `1 - F(D^2)`, with F the cumulative chi-squared distribution
    of as many degrees of freedom as columns, over the number of the cluster's spikes.

    Parameters
    ----------
    features, other_features
        As in `isolation_distance`.

    References
    ----------
    [Schmitzer]_, "L-ratio".
    """
    distances = mahalanobis_squared(other_features, features)
    if isinstance(distances, Metric):
        return distances
    if not len(distances):
        return undefined("there are no other spikes")

    from scipy.special import chdtrc

    n_spikes, n_columns = np.shape(features)
    return Metric(float(chdtrc(n_columns, distances).sum() / n_spikes))


def d_prime(features: ArrayLike, other_features: ArrayLike) -> Metric:
    """Separation of two clouds along the direction that tells them apart best.

    On Fisher's linear discriminant, the distance of the means over the root of the mean of the
    two variances.

    Parameters
    ----------
    features, other_features
        As in `isolation_distance`; or those of two clusters, for the separation of a pair.

    References
    ----------
    [Hill]_, "overlap between clusters", for the discriminant; d' as usual in signal detection.
    """
    inside = np.asarray(features, dtype=np.float64)
    outside = np.asarray(other_features, dtype=np.float64)
    n_columns = inside.shape[1]
    if min(len(inside), len(outside)) < 2 or len(inside) + len(outside) <= n_columns + 1:
        return undefined("there are too few spikes in the cluster or outside it")
    within = _scatter(inside) + _scatter(outside)
    inverse = _inverse(within / (len(inside) + len(outside)))
    if inverse is None:
        return undefined("the features are not independent of one another")
    direction = inverse @ (inside.mean(axis=0) - outside.mean(axis=0))
    a, b = inside @ direction, outside @ direction
    spread = np.sqrt((a.var() + b.var()) / 2)
    if not spread > 0:
        return undefined("the spikes do not vary")
    return Metric(float(abs(a.mean() - b.mean()) / spread))


def noise_levels(traces: ArrayLike) -> NDArray[np.float64]:
    """Standard deviation of the noise of each channel, spikes discounted.

    The median absolute deviation over that of a normal distribution.

    Parameters
    ----------
    traces : array (n_samples, n_channels)
        Filtered. A few seconds spread over the recording are enough.

    Returns
    -------
    array of float64 (n_channels,)

    References
    ----------
    [Quiroga]_, equation of the threshold, there without removing the median.
    """
    # One channel after another: medians of values that lie side by side are far faster.
    found = np.ascontiguousarray(np.asarray(traces).T)
    deviations = np.abs(found - np.median(found, axis=1, keepdims=True))
    return np.median(deviations, axis=1).astype(np.float64) / _MAD_OF_NORMAL


def snr(mean_waveform: ArrayLike, noise: ArrayLike) -> Metric:
    """Largest absolute value of the mean waveform, over the noise of its channel.

    Parameters
    ----------
    mean_waveform : array (n_samples, n_channels)
        Filtered like the traces that the noise is from, in the same units.
    noise : array (n_channels,)
        From `noise_levels`.
    """
    peaks = np.abs(np.asarray(mean_waveform, dtype=np.float64)).max(axis=0, initial=0.0)
    if not len(peaks) or not np.isfinite(peaks).all():
        return undefined("there is no mean waveform")
    best = int(np.argmax(peaks))
    level = float(np.asarray(noise)[best])
    if not level > 0:
        return undefined("the best channel has no noise")
    return Metric(float(peaks[best]) / level)


def _scatter(features: NDArray[np.float64]) -> NDArray[np.float64]:
    away = features - features.mean(axis=0)
    return away.T @ away


def _inverse(covariance: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The inverse of a covariance, None when it has none worth the name."""
    scales = np.sqrt(np.diag(covariance))
    if not np.all(scales > 0) or not np.isfinite(covariance).all():
        return None
    # Judged without units: features of very different sizes are no obstacle.
    correlation = covariance / np.outer(scales, scales)
    if np.linalg.cond(correlation) > 1e12:
        return None
    return np.linalg.inv(correlation) / np.outer(scales, scales)
