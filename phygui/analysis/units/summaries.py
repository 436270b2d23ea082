"""What is kept of a cluster to compare it with any other: small, and made from its spikes alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["N_DIRECTIONS", "ClusterSummary", "Train", "combine", "is_seen", "summarize"]

N_DIRECTIONS = 6
"""Directions of feature space along which the spread of a cluster is kept."""
_FARTHEST = 4.0
"""Standard deviations from the median beyond which a feature is drawn in: one in 16,000 spikes of
a normal cloud lies there, and nearly every one that collided with a larger spike."""
_LEAST_SEEN = 0.1
"""Share of a cluster's spikes that are seen on its best channel, at least, for these to count."""
_PER_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True)
class Train:
    """When a cluster's spikes were, read when somebody asks.

    Attributes
    ----------
    read : callable
        Returns the spike samples, array of int64 (n_spikes,), increasing. Recordings lie so far
        apart that no interval spans two.
    sample_rate : float
        In hertz.
    duration : float
        Recorded time, in seconds.
    """

    read: Callable[[], NDArray[np.int64]]
    sample_rate: float
    duration: float


@dataclass(frozen=True)
class ClusterSummary:
    """The cloud that a cluster's spikes form in feature space, and its mean waveform.

    Attributes
    ----------
    n_spikes : int
        Spikes that the summary was made from.
    mean : array of float32 (n_columns,), or None without features
        Mean of the masked features, those that lie far from their median drawn in. It is 0 on
        channels that are masked in half of the spikes or more: the cluster is not there.
    directions : array of float32 (N_DIRECTIONS, n_columns), or None
        The principal axes of the cloud, each as long as the standard deviation along it.
    residual : array of float32 (n_columns,), or None
        The variance of each column that the directions do not account for.
    mean_waveform : array of float32 (n_samples, n_channels), or None without raw data
    time_course : array of float32 (n_samples,), or None
        What the mean waveform does over time, whatever the channel: of unit length.
    position : array of float32 (2,), or None where it is not known
        Where the cluster is on the probe: its best channel, micrometres.
    train : Train, or None where it is not known
        When its spikes were.
    footprint : array of bool (n_channels,), or None where it is not known
        Channels near its best one.
    """

    n_spikes: int
    mean: NDArray[np.float32] | None = None
    directions: NDArray[np.float32] | None = None
    residual: NDArray[np.float32] | None = None
    mean_waveform: NDArray[np.float32] | None = None
    time_course: NDArray[np.float32] | None = None
    position: NDArray[np.float32] | None = None
    train: Train | None = None
    footprint: NDArray[np.bool_] | None = None


def summarize(
    features: ArrayLike | None = None,
    masks: ArrayLike | None = None,
    waveforms: ArrayLike | None = None,
    *,
    mean_waveform: ArrayLike | None = None,
    n_spikes: int | None = None,
    position: ArrayLike | None = None,
) -> ClusterSummary:
    """Summarise a cluster from a sample of its spikes; a few hundred are plenty.

    Parameters
    ----------
    features : array (n_spikes, n_columns), optional
        Values that are not finite count as 0.
    masks : array (n_spikes, n_columns) or (n_spikes, n_channels), optional
        In [0, 1]; the features are multiplied by them, so that what other spikes do on channels
        where this one is not seen does not count. By default all 1. What is not finite is 0.
    waveforms : array (n, n_samples, n_channels), optional
        Filtered waveforms of some of the spikes.
    mean_waveform : array (n_samples, n_channels), optional
        Their mean instead, where that is known.
    n_spikes : int, optional
        What to give as the number of spikes; by default the most that there are of either.
    position : array (2,), optional
        Where its best channel is, micrometres.

    Returns
    -------
    ClusterSummary
    """
    n_given = 0
    mean = directions = residual = None
    if features is not None:
        features = np.asarray(features)
        n_given = len(features)
    if waveforms is not None and len(np.asarray(waveforms)):
        waveforms = np.asarray(waveforms)
        n_given = max(n_given, len(waveforms))
        mean_waveform = waveforms.mean(axis=0, dtype=np.float64)
    if features is not None and len(features):
        size = None if mean_waveform is None else np.abs(np.asarray(mean_waveform)).max(axis=0)
        points, columns = _seen_points(features, None if masks is None else np.asarray(masks), size)
        mean, directions, residual = (
            _at(part, columns, features.shape[1]) for part in _cloud(drawn_in(points))
        )
    shape = course = None
    if mean_waveform is not None:
        shape = np.asarray(mean_waveform).astype(np.float32)
        course = _time_course(shape)
    n_spikes = n_given if n_spikes is None else n_spikes
    place = None if position is None else np.asarray(position).astype(np.float32)
    return ClusterSummary(n_spikes, mean, directions, residual, shape, course, place)


def combine(summaries: Sequence[ClusterSummary], n_spikes: Sequence[int]) -> ClusterSummary:
    """Summary of the union of clusters, from theirs: their means, and the spread as far as kept.

    The covariance of a union is the weighted mean of the covariances plus that of the means
    (law of total covariance).

    Parameters
    ----------
    summaries : sequence of ClusterSummary
        At least one, all of the same dataset.
    n_spikes : sequence of int
        Spikes of each cluster, by which it weighs.

    Returns
    -------
    ClusterSummary
        Without what any of them lacks.
    """
    weights = np.asarray(n_spikes, np.float64) / max(1, sum(n_spikes))
    total = sum(s.n_spikes for s in summaries)
    mean = directions = residual = waveform = course = None
    means = _all_or_none([s.mean for s in summaries])
    spreads = _all_or_none([s.directions for s in summaries])
    residuals = _all_or_none([s.residual for s in summaries])
    waveforms = _all_or_none([s.mean_waveform for s in summaries])
    if means is not None and spreads is not None and residuals is not None:
        center = weights @ means
        rows = list(np.sqrt(weights)[:, None, None] * spreads)
        rows.append(np.sqrt(weights)[:, None] * (means - center))
        # Turned so that the rows are orthogonal and the longest come first: there are far fewer
        # rows than columns, so this takes less time than a singular value decomposition.
        joined = np.concatenate(rows)
        _, turn = np.linalg.eigh(joined @ joined.T)
        turned = turn[:, ::-1].T @ joined
        kept, lost = turned[:N_DIRECTIONS], turned[N_DIRECTIONS:] ** 2
        rest = weights @ residuals
        directions = np.zeros((N_DIRECTIONS, len(center)), np.float32)
        directions[: len(kept)] = kept
        mean, residual = center.astype(np.float32), (rest + lost.sum(axis=0)).astype(np.float32)
    if waveforms is not None:
        waveform = np.tensordot(weights, waveforms, 1).astype(np.float32)
        course = _time_course(waveform)
    # The union is where most of its spikes are.
    largest = summaries[int(np.argmax(weights))]
    place, footprint = largest.position, largest.footprint
    train = _union([s.train for s in summaries])
    return ClusterSummary(
        total, mean, directions, residual, waveform, course, place, train, footprint
    )


def _union(trains: Sequence[Train | None]) -> Train | None:
    """All spikes of several trains; None if any is missing."""
    known = [train for train in trains if train is not None]
    if len(known) < len(trains):
        return None
    return replace(known[0], read=lambda: np.sort(np.concatenate([t.read() for t in known])))


def _all_or_none(arrays: Sequence[NDArray[Any] | None]) -> NDArray[np.float64] | None:
    """Arrays of one shape stacked; None if any is missing."""
    found = [np.asarray(array, np.float64) for array in arrays if array is not None]
    return np.stack(found) if len(found) == len(arrays) else None


def _seen_points(
    features: NDArray[Any], masks: NDArray[Any] | None, size: NDArray[np.floating] | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Masked features of the spikes that are seen, and the columns that these are.

    Columns that are 0 for half of the spikes or more may be left out: they would be drawn to 0.
    """
    n_channels = 0 if masks is None else masks.shape[1]
    if (
        masks is None
        or size is None
        or not n_channels
        or len(size) != n_channels
        or features.shape[1] % n_channels
    ):
        masked = _masked(features, masks)
        return masked[is_seen(masked, size)], np.arange(features.shape[1])
    by_channel = features.reshape(*masks.shape, -1)
    best, masks = int(np.argmax(size)), _finite(masks)
    on_best = _masked(by_channel[:, best], masks[:, [best]])
    seen = np.flatnonzero(is_seen(on_best, np.ones(1)))
    held = np.flatnonzero(2 * np.count_nonzero(masks[seen], axis=0) > len(seen))
    some = _finite(by_channel[np.ix_(seen, held)].astype(np.float64))
    points = (some * masks[np.ix_(seen, held)][:, :, None]).reshape(len(seen), -1)
    n_each = by_channel.shape[2]
    return points, (held[:, None] * n_each + np.arange(n_each)).ravel()


def _at(
    values: NDArray[np.float32], columns: NDArray[np.int64], n_columns: int
) -> NDArray[np.float32]:
    """Values of some columns among all, of which the others are 0."""
    whole = np.zeros((*values.shape[:-1], n_columns), np.float32)
    whole[..., columns] = values
    return whole


def _masked(features: NDArray[Any], masks: NDArray[Any] | None) -> NDArray[np.float64]:
    if masks is None:
        return _finite(features.astype(np.float64))
    if masks.shape[1] == 0 or features.shape[1] % masks.shape[1]:
        raise ValueError(
            f"{features.shape[1]} feature columns are not a multiple of {masks.shape[1]} masks"
        )
    # On a large probe most channels are masked in all spikes: their columns cost nothing.
    by_channel = features.reshape(*masks.shape, features.shape[1] // masks.shape[1])
    held = np.flatnonzero(masks.any(axis=0))
    masked = np.zeros(by_channel.shape)
    some = _finite(by_channel[:, held].astype(np.float64))
    masked[:, held] = some * _finite(masks[:, held])[:, :, None]
    return masked.reshape(features.shape)


def _finite(numbers: NDArray[Any]) -> NDArray[Any]:
    """Numbers with 0 for those that are not finite."""
    if np.isfinite(numbers).all():
        return numbers
    finite: NDArray[Any] = np.nan_to_num(numbers, posinf=0.0, neginf=0.0)
    return finite


def is_seen(masked: NDArray[np.float64], size: NDArray[np.floating] | None) -> NDArray[np.bool_]:
    """Which spikes are not masked on the best channel of their cluster: (n_spikes,).

    On a large probe a spike may be masked where its cluster is, since a larger one fired elsewhere
    at the same time: it tells nothing of this cluster. All of them count where hardly any are seen.

    Parameters
    ----------
    masked : array (n_spikes, n_columns)
        Masked features.
    size : array (n_channels,), optional
        How large the cluster is on each channel; by default as the features have it.
    """
    n_spikes, n_columns = masked.shape
    if size is None or not len(size) or n_columns % len(size):
        size = np.abs(masked).sum(axis=0)
    n_each = n_columns // max(len(size), 1)
    best = int(np.argmax(size)) if len(size) else 0
    of_channel = masked[:, best * n_each : (best + 1) * n_each]
    seen: NDArray[np.bool_] = np.any(of_channel != 0, axis=1)
    return seen if seen.sum() >= _LEAST_SEEN * n_spikes else np.ones(n_spikes, np.bool_)


def drawn_in(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, n_columns) of which what lies far from the median of its column is drawn in.

    What other spikes add to some of a cluster's, on some channels, moves neither its mean nor its
    spread by much; columns that are 0 for half of the points or more become 0. (Winsorising:
    Tukey, J. W. (1962). The future of data analysis. Ann. Math. Stat. 33(1), 1-67.)
    """
    drawn = np.zeros_like(points)
    # On a large probe most columns are masked in most spikes: their median is 0 without a look.
    seen = np.flatnonzero(2 * np.count_nonzero(points, axis=0) > len(points))
    if len(seen):
        some = points[:, seen]
        median = np.median(some, axis=0)
        reach = _FARTHEST * _PER_MAD * np.median(np.abs(some - median), axis=0)
        drawn[:, seen] = np.clip(some, median - reach, median + reach)
    return drawn


def _cloud(
    points: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Mean, principal directions and remaining variances of points (n, n_columns)."""
    n, n_columns = points.shape
    # The columns in which nothing happens, most of them on a large probe, cost nothing.
    held = np.flatnonzero(points.any(axis=0))
    mean, residual = np.zeros(n_columns), np.zeros(n_columns)
    directions = np.zeros((N_DIRECTIONS, n_columns))
    mean[held] = points[:, held].mean(axis=0)
    away = (points[:, held] - mean[held]) / np.sqrt(max(n - 1, 1))
    varies = away.any(axis=0)
    if varies.any():
        dense = away[:, varies]
        # The axes from the smaller of the two products.
        if n < dense.shape[1]:
            values, left = np.linalg.eigh(dense @ dense.T)
            rows = left[:, ::-1][:, :N_DIRECTIONS].T @ dense
        else:
            values, axes = np.linalg.eigh(dense.T @ dense)
            rows = np.sqrt(np.maximum(values[::-1], 0))[:N_DIRECTIONS, None]
            rows = rows * axes[:, ::-1][:, :N_DIRECTIONS].T
        directions[: len(rows), held[varies]] = rows
    spread = (away**2).sum(axis=0) - (directions[:, held] ** 2).sum(axis=0)
    residual[held] = np.maximum(spread, 0.0)
    return mean.astype(np.float32), directions.astype(np.float32), residual.astype(np.float32)


def _time_course(mean_waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The time course that explains most of a mean waveform over its channels."""
    values, vectors = np.linalg.eigh(mean_waveform.astype(np.float64) @ mean_waveform.T)
    if not values[-1] > 0:
        return np.zeros(len(mean_waveform), dtype=np.float32)
    course = vectors[:, -1]
    # Up to its sign, which is that of the largest channel.
    sign = np.sign((course @ mean_waveform)[np.abs(mean_waveform).max(0).argmax()])
    signed: NDArray[np.float32] = (course * sign).astype(np.float32)
    return signed
