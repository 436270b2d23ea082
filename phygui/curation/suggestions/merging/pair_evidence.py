"""The evidence that two clusters are one unit, from their spikes and their features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import (
    FEW_SPIKES,
    REFRACTORY_PERIOD,
    ClusterSummary,
    MergeScore,
    coincidences_and_doubles,
    doubles,
    drift_continuity,
    is_seen,
    merge_score,
    merged_refractoriness,
    overlap,
    refractory_violations,
    sample_spikes,
)
from phygui.curation.statistics.similarity_rows import Similarity
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache

Pair = tuple[int, int]
"""Two clusters, the smaller id first."""

N_SPIKES = 200
"""Spikes of a cluster by which continuity is judged."""
N_NEAREST = 100
"""The same, where one cluster takes over from the other: those nearest in time to the other's."""
HARDLY = 0.3
"""Overlap below which that is so."""
UNKNOWN = 0.5
"""What evidence counts that is not to be had: it tells nothing either way."""


def in_order(a: int, b: int) -> Pair:
    """Two clusters as the pair that they are."""
    return (a, b) if a < b else (b, a)


def pair_evidence(
    snapshot: Snapshot,
    pair: Pair,
    summaries: tuple[ClusterSummary, ClusterSummary],
    similarity: float,
    features: Features,
) -> MergeScore:
    """Weigh the evidence that two clusters are one unit.

    Parameters
    ----------
    snapshot : Snapshot
    pair : tuple of int
    summaries : two ClusterSummary
        Theirs.
    similarity : float
        Theirs, in [0, 1].
    features : Features
        Of the same shank.
    """
    shank = snapshot.shank
    trains = [shank.clock.pair_train(snapshot.spikes(c)) for c in pair]
    together, n_doubles = coincidences_and_doubles(trains[0], trains[1], shank.sample_rate)
    # What was detected twice was there for both, whatever the lags farther apart tell.
    apart = 1.0 if n_doubles else overlap(together, _by_rates(trains, shank))
    continuity, ratio = similarity, 1.0
    if all(len(snapshot.spikes(c)) > FEW_SPIKES for c in pair):
        # A fragment's spikes hold those of others as well: they look different at any time.
        ratio = size_ratio(*summaries)
        continuity = _continuity(snapshot, pair, summaries, features, apart < HARDLY)
    merged = np.sort(np.concatenate(trains))
    if n_doubles:
        merged = merged[~doubles(merged, shank.sample_rate)]
    rates = [
        refractory_violations(train, shank.sample_rate).rate
        for train in (max(trains, key=len), merged)
    ]
    refractoriness = merged_refractoriness(together)
    violations = rates[0], rates[1]
    told = together, violations, apart, n_doubles, ratio
    return merge_score(similarity, refractoriness, continuity, *told)


def size_ratio(a: ClusterSummary, b: ClusterSummary) -> float:
    """How many times as large one cluster is as the other, each on its largest channel.

    By their mean waveforms, or without these by their mean features; 1 where that is not known.
    """
    shapes = [
        [s.mean_waveform for s in (a, b)],
        [s.mean for s in (a, b)],
    ]
    for of_both in shapes:
        sizes = [float(np.abs(of).max()) for of in of_both if of is not None and of.size]
        if len(sizes) == 2 and min(sizes) > 0:
            return max(sizes) / min(sizes)
    return 1.0


def _by_rates(trains: list[NDArray[np.int64]], shank: ShankData) -> float:
    """Coincidences that two trains would make, if they went on at their mean rates."""
    lags = 2 * round(REFRACTORY_PERIOD * shank.sample_rate) - 1
    n_samples = shank.duration * shank.sample_rate
    return len(trains[0]) * len(trains[1]) * lags / n_samples if n_samples > 0 else 0.0


def _continuity(
    snapshot: Snapshot,
    pair: Pair,
    summaries: tuple[ClusterSummary, ClusterSummary],
    features: Features,
    takes_over: bool,
) -> float:
    """Whether the spikes of two clusters look alike at the times when both are there.

    Where one takes over from the other, these are few, and hardly any would be in a sample.
    """
    shank = snapshot.shank
    times, parts, means = [], [], []
    ordered = [shank.clock.in_order(snapshot.spikes(c)) for c in pair] if takes_over else []
    for place, (cluster_id, summary) in enumerate(zip(pair, summaries, strict=True)):
        if takes_over:
            some = _nearest_to(ordered[place], ordered[1 - place], shank)
            values = features.read(some)
        else:
            some = shank.clock.in_order(sample_spikes(snapshot.spikes(cluster_id), N_SPIKES))
            values = features.of(snapshot.spikes(cluster_id), some)
        if values is None:
            return UNKNOWN
        waveform = summary.mean_waveform
        if summary.mean is not None:
            size = None if waveform is None else np.abs(waveform).max(axis=0)
            seen = is_seen(values, size)
            some, values = some[seen], values[seen]
            means.append(summary.mean)
        times.append(shank.spike_samples[some] / shank.sample_rate)
        parts.append(values)
    line = None
    if len(means) == 2:
        # Where neither cluster is, other spikes would drown the difference.
        columns = np.flatnonzero((means[0] != 0) | (means[1] != 0))
        line = (means[0] - means[1])[columns]
        parts = [values[:, columns] for values in parts]
    found = drift_continuity(times[0], parts[0], times[1], parts[1], line=line)
    return found if math.isfinite(found) else UNKNOWN


def _nearest_to(
    spikes: NDArray[np.int64], others: NDArray[np.int64], shank: ShankData
) -> NDArray[np.int64]:
    """The spikes that are nearest in time to any of some others, in the order of time."""
    if len(spikes) <= N_NEAREST:
        return spikes
    samples, theirs = shank.spike_samples[spikes], shank.spike_samples[others]
    place = np.searchsorted(theirs, samples)
    before = samples - theirs[np.maximum(place - 1, 0)]
    after = theirs[np.minimum(place, len(theirs) - 1)] - samples
    away = np.minimum(np.abs(before), np.abs(after))
    return spikes[np.sort(np.argpartition(away, N_NEAREST)[:N_NEAREST])]


@dataclass(frozen=True)
class Basis:
    """What pairs are scored by."""

    features: Features
    similarity: Similarity


class Features:
    """Masked features of samples of spikes, the last used ones at hand; for any thread."""

    def __init__(self, shank: ShankData, max_bytes: int = 64 * 2**20) -> None:
        self._shank = shank
        self._cache = ByteCache(max_bytes)

    def of(self, spike_ids: NDArray[np.int64], sample: NDArray[np.int64]) -> NDArray[Any] | None:
        """Masked features, or without them waveforms, of a sample of the spikes of a cluster."""
        known: _Packed | None = self._cache.get((spike_ids,), "sample")
        if known is None:
            values = self.read(sample)
            if values is None:
                return None
            known = _Packed.of(values)
            self._cache.put((spike_ids,), "sample", known, known.n_bytes)
        return known.unpacked()

    def read(self, sample: NDArray[np.int64]) -> NDArray[Any] | None:
        """The same of any spikes."""
        shank = self._shank
        if shank.features is not None:
            values, masks = shank.features.read(sample)
            masked = np.nan_to_num(values) * np.nan_to_num(masks)[:, :, None]
            rows: NDArray[Any] = masked.reshape(len(sample), -1)
            return rows
        if shank.waveforms is not None:
            return np.asarray(shank.waveforms[sample]).reshape(len(sample), -1)
        return None


@dataclass(frozen=True, eq=False)
class _Packed:
    """A table without the columns in which there is nothing: most of those of a large probe."""

    n_columns: int
    columns: NDArray[np.intp]
    values: NDArray[Any]

    @classmethod
    def of(cls, table: NDArray[Any]) -> _Packed:
        columns = np.flatnonzero(table.any(axis=0))
        return cls(table.shape[1], columns, table[:, columns])

    @property
    def n_bytes(self) -> int:
        return self.columns.nbytes + self.values.nbytes

    def unpacked(self) -> NDArray[Any]:
        table = np.zeros((len(self.values), self.n_columns), self.values.dtype)
        table[:, self.columns] = self.values
        return table
