"""How likely two clusters are to be one unit, by what their spikes look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._inputs import plain
from ._loops import loops
from .summaries import N_DIRECTIONS, ClusterSummary

__all__ = ["separation", "similarity", "waveform_similarity"]

HALF = 4.0
"""Separation (d') at which the similarity is one half."""
MAX_LAG = 3
"""Samples by which one waveform may be shifted against the other."""
_FLOOR = 0.3
"""Variance granted to every column, as a share of the mean one."""
_TRUSTED = 100
"""Spikes from which on the spread of a cluster is as good as known."""


def similarity(
    summaries_a: Sequence[ClusterSummary], summaries_b: Sequence[ClusterSummary]
) -> NDArray[np.float64]:
    """Similarity in [0, 1] of every cluster of one list to every cluster of another.

    With features, `1 / (1 + (d' / 4)^2)`, where d' is the distance of the two means in units of
    the clusters' own spread (see `separation`). It means the same for every pair, whatever the
    amplitude, the number of channels or the direction: the halves of one cloud cut in two lie
    2.7 (a normal cloud) to 3.5 (a uniform one) apart, so that the parts of an over-split unit have
    similarities above one half, and distinct units have less the better they are isolated.

    With raw data as well, that is multiplied by the squared correlation of the two time courses
    at their best lag. These do not depend on the channels, so that a unit that moves along the
    probe keeps its own. With raw data alone, it is `waveform_similarity`.

    Parameters
    ----------
    summaries_a, summaries_b : sequence of ClusterSummary
        Of the same dataset: all with features or none, all with waveforms or none.

    Returns
    -------
    array of float64 (len(summaries_a), len(summaries_b))
        Symmetric in its arguments; 1 for a cluster and itself, 0 where nothing is known of one
        of the two.

    References
    ----------
    The distance is that of Fisher's linear discriminant: Fisher, R. A. (1936). The use of multiple
    measurements in taxonomic problems. Annals of Eugenics 7(2), 179-188.
    """
    if all(s.mean is None for s in (*summaries_a, *summaries_b)):
        return waveform_similarity(summaries_a, summaries_b)
    result = 1.0 / (1.0 + (separation(summaries_a, summaries_b) / HALF) ** 2)
    courses_a = _stacked([s.time_course for s in summaries_a])
    courses_b = _stacked([s.time_course for s in summaries_b])
    if courses_a is None or courses_b is None:
        return result
    lag = np.maximum(_best_lag(courses_a[..., None], courses_b[..., None]), 0.0)
    weighted: NDArray[np.float64] = result * lag**2
    return weighted


def separation(
    summaries_a: Sequence[ClusterSummary], summaries_b: Sequence[ClusterSummary]
) -> NDArray[np.float64]:
    """d' of the clouds of every pair of clusters, infinite where one of the two has none.

    The Mahalanobis distance of the means under the mean of the two covariances, that is their
    separation along Fisher's linear discriminant. The spread of a cluster of few spikes counts
    for less, since it is hardly known.

    Returns
    -------
    array of float64 (len(summaries_a), len(summaries_b))
    """
    out = np.full((len(summaries_a), len(summaries_b)), np.inf)
    known_a = [i for i, s in enumerate(summaries_a) if s.mean is not None]
    known_b = [j for j, s in enumerate(summaries_b) if s.mean is not None]
    if known_a and known_b:
        squared = np.empty((len(known_a), len(known_b)))
        # A pair costs plain numpy about as much as ten thousand elements elsewhere.
        loops(10_000 * squared.size).separations(
            *_clouds([summaries_a[i] for i in known_a]),
            *_clouds([summaries_b[j] for j in known_b]),
            _FLOOR,
            squared,
        )
        out[np.ix_(known_a, known_b)] = np.sqrt(squared)
    return out


def waveform_similarity(
    summaries_a: Sequence[ClusterSummary], summaries_b: Sequence[ClusterSummary]
) -> NDArray[np.float64]:
    """Cosine of the mean waveforms of every pair at their best lag, negative ones being 0.

    Returns
    -------
    array of float64 (len(summaries_a), len(summaries_b))
        0 where there is no waveform.
    """
    waveforms_a = _stacked([s.mean_waveform for s in summaries_a])
    waveforms_b = _stacked([s.mean_waveform for s in summaries_b])
    if waveforms_a is None or waveforms_b is None:
        return np.zeros((len(summaries_a), len(summaries_b)))
    return np.maximum(_best_lag(waveforms_a, waveforms_b), 0.0)


def _clouds(
    summaries: Sequence[ClusterSummary],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.float64]]:
    weights = np.array([min(s.n_spikes, _TRUSTED) for s in summaries], dtype=np.float64)
    n_columns = len(summaries[0].mean)  # type: ignore[arg-type]
    # Many small arrays are joined faster end to end than along a new axis.
    means = np.concatenate([s.mean for s in summaries]).reshape(-1, n_columns)
    residuals = np.concatenate([s.residual for s in summaries]).reshape(-1, n_columns)
    directions = np.concatenate([s.directions for s in summaries])
    directions = directions.reshape(-1, N_DIRECTIONS, n_columns)
    return (
        plain(means, np.float32),
        plain(directions, np.float32),
        plain(residuals, np.float32),
        weights,
    )


def _stacked(arrays: Sequence[NDArray[Any] | None]) -> NDArray[np.float32] | None:
    """The arrays along a new first axis, zeros in the place of None; None when all are."""
    shape = next((a.shape for a in arrays if a is not None), None)
    if shape is None:
        return None
    blank = np.zeros(shape, dtype=np.float32)
    joined = np.concatenate([blank if a is None else a for a in arrays])
    return joined.reshape(len(arrays), *shape)


def _best_lag(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Largest cosine over small lags of (n_a, n_samples, n_channels) and (n_b, ...)."""
    n_samples = a.shape[1]
    norms_a = np.linalg.norm(a.reshape(len(a), -1), axis=1)
    norms_b = np.linalg.norm(b.reshape(len(b), -1), axis=1)
    best = np.full((len(a), len(b)), -np.inf)
    for lag in range(-MAX_LAG, MAX_LAG + 1):
        early, late = max(0, -lag), max(0, lag)
        n = n_samples - abs(lag)
        first = a[:, early : early + n].reshape(len(a), -1)
        second = b[:, late : late + n].reshape(len(b), -1)
        np.maximum(best, first @ second.T, out=best)
    norms = np.outer(norms_a, norms_b)
    return np.where(norms > 0, np.minimum(best / np.where(norms > 0, norms, 1), 1.0), 0.0)
