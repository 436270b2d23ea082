"""How likely two clusters are to be one unit, by what their spikes look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._inputs import plain
from .._loops import loops
from .summaries import N_DIRECTIONS, ClusterSummary

__all__ = [
    "FEW_SPIKES",
    "REACH_UM",
    "containment",
    "separation",
    "similarity",
    "waveform_similarity",
]

HALF = 4.0
"""Separation (d') at which the similarity is one half."""
REACH_UM = 100.0
"""Distance of their best channels beyond which two clusters have no similarity. Extracellular
spikes are hardly seen farther away (Buzsáki, Nat. Neurosci. 7 (2004) 446: 140 µm at most for
pyramidal cells, 50 to 100 µm for reliable sorting); of simulated and genuine sortings, no parts of
one unit lay farther apart than 48 µm."""
MAX_LAG = 3
"""Samples by which one waveform may be shifted against the other."""
FEW_SPIKES = 20
"""Spikes of a cluster up to which it may be a fragment of another: too few for a spread."""
_TIMES_LARGER = 5
"""How much larger than a fragment the cluster is that it comes from, at least."""
_FOOTPRINT = 0.5
"""Size of a cluster on the channels that a fragment is compared on, as a share of its largest."""
_FLOOR = 0.3
"""Variance granted to every column, as a share of the mean one."""
_TRUSTED = 20
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

    The spread of a few spikes is not known, and they may be a fragment of a larger cluster that
    collided with others: for these pairs it is `containment` instead.

    Clusters whose best channels lie more than `REACH_UM` apart have none.

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
    The distance is akin to that of Fisher's linear discriminant: Fisher, R. A. (1936). The use of
    multiple measurements in taxonomic problems. Annals of Eugenics 7(2), 179-188.
    """
    if all(s.mean is None for s in (*summaries_a, *summaries_b)):
        return np.where(
            _near(summaries_a, summaries_b), waveform_similarity(summaries_a, summaries_b), 0.0
        )
    result = 1.0 / (1.0 + (separation(summaries_a, summaries_b) / HALF) ** 2)
    courses_a = _stacked([s.time_course for s in summaries_a])
    courses_b = _stacked([s.time_course for s in summaries_b])
    if courses_a is not None and courses_b is not None:
        lag = np.maximum(_best_lag(courses_a[..., None], courses_b[..., None]), 0.0)
        result = result * lag**2
    fragments = _is_fragment(summaries_a, summaries_b)
    return np.where(fragments, containment(summaries_a, summaries_b), result)


def separation(
    summaries_a: Sequence[ClusterSummary], summaries_b: Sequence[ClusterSummary]
) -> NDArray[np.float64]:
    """d' of the clouds of every pair of clusters, infinite where one of the two has none.

    The root of the mean of the two squared Mahalanobis distances of the means, under the spread of
    the one cloud and of the other. A wide cloud, such as that of noise, is thus not near to every
    narrow one within it. The spread of a cluster of few spikes is hardly known: that of both
    stands for it in part. Clusters beyond `REACH_UM` of one another are infinitely apart.

    Returns
    -------
    array of float64 (len(summaries_a), len(summaries_b))
    """
    out = np.full((len(summaries_a), len(summaries_b)), np.inf)
    near = _near(summaries_a, summaries_b)
    # On hundreds of channels most clusters are far from a single one: what is known of each is
    # large.
    with_a, with_b = (np.flatnonzero(near.any(axis=k)).tolist() for k in (1, 0))
    known_a = [i for i in with_a if summaries_a[i].mean is not None]
    known_b = [j for j in with_b if summaries_b[j].mean is not None]
    if known_a and known_b:
        squared = np.full((len(known_a), len(known_b)), np.inf)
        first, second = [summaries_a[i] for i in known_a], [summaries_b[j] for j in known_b]
        # Loading the compiled loops takes as long as plain numpy for some two thousand pairs: one
        # cluster beside all others, which a window asks for as it opens, does not wait for it.
        loops(400 * squared.size).separations(
            *_clouds(first),
            *_clouds(second),
            plain(near[np.ix_(known_a, known_b)], np.bool_),
            _FLOOR,
            squared,
        )
        out[np.ix_(known_a, known_b)] = np.sqrt(squared)
    return out


def containment(
    summaries_a: Sequence[ClusterSummary], summaries_b: Sequence[ClusterSummary]
) -> NDArray[np.float64]:
    """How much of a larger cluster's mean the mean of a fragment holds, for every pair.

    Spikes that collide with those of other units make clusters of a few spikes that look like no
    unit. Where the larger cluster has at least half of its largest size they hold what its spikes
    do, and what the others add lies elsewhere, or cancels out: the result is
    `1 - 2 |fragment - larger|^2 / |larger|^2` over these columns, at least 0: where half of the
    larger one's energy is left over, nothing is held. On genuine klusta output it is 0.90 and 0.75
    for the fragments that belong together; for all others, 0.16 and less.

    Returns
    -------
    array of float64 (len(summaries_a), len(summaries_b))
        0 unless one cluster has at most `FEW_SPIKES` and the other five times as many or more,
        and where a mean is not known.
    """
    out = np.zeros((len(summaries_a), len(summaries_b)))
    pairs = _is_fragment(summaries_a, summaries_b) & _near(summaries_a, summaries_b)
    for i, j in np.argwhere(pairs).tolist():
        a, b = summaries_a[i], summaries_b[j]
        fragment, larger = (a.mean, b.mean) if a.n_spikes < b.n_spikes else (b.mean, a.mean)
        if fragment is not None and larger is not None:
            out[i, j] = _contained(fragment, larger)
    return out


def _is_fragment(
    summaries_a: Sequence[ClusterSummary], summaries_b: Sequence[ClusterSummary]
) -> NDArray[np.bool_]:
    """Whether one of a pair has so few spikes, and the other so many more, for every pair."""
    n_a = np.array([s.n_spikes for s in summaries_a])[:, None]
    n_b = np.array([s.n_spikes for s in summaries_b])
    few, many = np.minimum(n_a, n_b), np.maximum(n_a, n_b)
    found: NDArray[np.bool_] = (few <= FEW_SPIKES) & (many >= _TIMES_LARGER * few) & (few > 0)
    return found


def _contained(fragment: NDArray[np.float32], larger: NDArray[np.float32]) -> float:
    seen = np.abs(larger) >= _FOOTPRINT * np.abs(larger).max()
    whole = float((larger[seen] ** 2).sum())
    if not whole > 0:
        return 0.0
    return max(0.0, 1.0 - 2.0 * float(((fragment - larger)[seen] ** 2).sum()) / whole)


def _near(
    summaries_a: Sequence[ClusterSummary], summaries_b: Sequence[ClusterSummary]
) -> NDArray[np.bool_]:
    """Whether the best channels of every pair are within reach, as far as they are known."""
    nowhere = np.full(2, np.nan, np.float32)
    places_a, places_b = (
        np.array([nowhere if s.position is None else s.position for s in of]).reshape(-1, 2)
        for of in (summaries_a, summaries_b)
    )
    distances = np.linalg.norm(places_a[:, None] - places_b, axis=2)
    near: NDArray[np.bool_] = ~(distances > REACH_UM)
    return near


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
    trusts = np.array([min(max(s.n_spikes, 1), _TRUSTED) for s in summaries], np.float64) / _TRUSTED
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
        trusts,
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
