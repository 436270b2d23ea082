"""Which pairs of clusters may well be one unit: scored in pieces, kept true after every edit."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import (
    FEW_SPIKES,
    ClusterSummary,
    MergeScore,
    Metric,
    coincidences,
    drift_continuity,
    is_seen,
    merge_score,
    merged_refractoriness,
    refractory_violations,
    sample_spikes,
)
from phygui.curation.edits.clustering import Clustering
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.curation.statistics.similarity_rows import Similarity
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.stats import Cancel
from phygui.curation.suggestions.merged_metrics import merged_metrics
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache

N_CANDIDATES = 5
"""Clusters, the most similar ones, that each cluster is paired with."""
N_SPIKES = 200
"""Spikes of a cluster by which continuity is judged."""
LEAST_SIMILARITY = 0.06
"""Pairs less similar than this are not looked at: no parts of a unit lay as far apart."""
LEAST_SCORE = 0.5
"""Pairs with a score below this are not suggested: they are less likely one unit than two."""
UNKNOWN = 0.5
"""What evidence counts that is not to be had: it tells nothing either way."""
MOST_AGAINST, NOT_LOOKED_AT = 1.0, 0.4
"""Log odds that another pair, which a merge would bring together as well, takes off at most, and
one too far apart to be looked at: the ends of a unit that drifted are."""

ISOLATION = "isolation_distance"
"""The metric that tells how isolated a pair would be as one."""

Pair = tuple[int, int]
"""Two clusters, the smaller id first."""


@dataclass(frozen=True)
class Suggestion:
    """Two clusters, the larger one first, and the evidence that they are one unit."""

    clusters: Pair
    evidence: MergeScore
    is_rejected: bool = False


@dataclass(frozen=True)
class Found:
    """What a worker has found out about some clusters and their candidates."""

    suggestions: Suggestions
    reach: Mapping[int, float]
    """Of each cluster looked at, the similarity of its last candidate."""
    scores: Mapping[Pair, MergeScore]
    basis: object = None
    """What it was found out from."""
    isolation: Mapping[Pair, tuple[float, float]] = field(default_factory=dict)
    """Of pairs that are suggested, that of the larger cluster, and merged."""


class Suggestions:
    """Pairs of clusters that may be one unit, by decreasing evidence.

    Each cluster is scored with its most similar ones. What is known of a pair stays true as long
    as both clusters live, and comes back when an undo brings them back; an edit leaves nothing
    to do but the clusters that it makes.

    Parameters
    ----------
    clustering : Clustering
    knowledge : Knowledge
        Of the same clusters; a cluster is paired once its stats are computed.

    Attributes
    ----------
    rejected : set of frozenset of str
        Pairs that the user has turned down, by the fingerprints of their spikes.
    """

    def __init__(self, clustering: Clustering, knowledge: Knowledge) -> None:
        self._clustering = clustering
        self._knowledge = knowledge
        self._scores: dict[Pair, MergeScore] = {}
        self._reach: dict[int, float] = {}
        self._order: list[tuple[float, Pair]] = []
        self._basis: _Basis | None = None
        self.rejected: set[frozenset[str]] = set()

    def forget(self) -> None:
        """Other data has come in: all pairs are to be scored again."""
        self._scores = {}
        self._reach = {}
        self._order = []
        self._basis = None

    def _is_based(self) -> bool:
        """Whether similarity is what it was: a registered function that fails is dropped."""
        basis = self._basis
        return basis is None or basis.similarity is self._knowledge.measures.similarity

    # -- what is still to be done ------------------------------------------------------------

    def missing(self) -> list[int]:
        """Living clusters that have not been paired yet."""
        return [c for c in self._clustering.spikes_per_cluster if c not in self._reach]

    def progress(self) -> tuple[int, int]:
        """Number of living clusters that have been paired, and of all."""
        n = len(self._clustering)
        return n - len(self.missing()), n

    def job(self, snapshot: Snapshot, n_clusters: int = 12) -> Callable[[Cancel], Found] | None:
        """The next piece of what is to be done, for any thread; None if nothing is.

        Nothing is as long as stats are missing: candidates would be passed over.
        """
        if not self._is_based():
            self.forget()
        missing = self.missing()
        if not missing or self._knowledge.missing_stats():
            return None
        chosen = [c for c in snapshot.cluster_ids if c in missing]
        ids = (chosen + [c for c in missing if c not in chosen])[:n_clusters]
        stats = {c: self._knowledge.stats[c] for c in snapshot.spikes_per_cluster}
        if self._basis is None:
            self._basis = _Basis(_Features(snapshot.shank), self._knowledge.measures.similarity)
        known, reach, basis = set(self._scores), dict(self._reach), self._basis
        return lambda cancelled: self._look(snapshot, ids, stats, (known, reach), basis, cancelled)

    def isolation_job(self, snapshot: Snapshot) -> Callable[[Cancel], Found] | None:
        """What tells how isolated suggested pairs would be as one; None if all of it is known.

        A pair has to wait for the metrics of its larger cluster.
        """
        if ISOLATION not in self._knowledge.measures.metrics.names or self._basis is None:
            return None
        source, metrics, basis = (
            self._knowledge.source(snapshot),
            self._knowledge.metrics,
            self._basis,
        )
        before: dict[Pair, float] = {}
        for suggestion in self.ranked():
            known = metrics.get(suggestion.clusters[0], {}).get(ISOLATION)
            if known is not None and suggestion.evidence.isolation is None:
                before[_pair(*suggestion.clusters)] = known.value
            if len(before) == source.n_clusters({ISOLATION}):
                break
        if not before:
            return None

        def look(cancelled: Cancel) -> Found:
            found = merged_metrics(snapshot, before, source, {ISOLATION}, cancelled)
            isolation = {}
            for pair, of_larger in before.items():
                if pair in found or not cancelled():
                    # What cannot be told counts as told: it is not asked for again.
                    merged = found.get(pair, {}).get(ISOLATION, Metric(math.nan))
                    isolation[pair] = (of_larger, merged.value)
            return Found(self, {}, {}, basis, isolation)

        return look

    def _look(
        self,
        snapshot: Snapshot,
        cluster_ids: list[int],
        stats: Mapping[int, ClusterStats],
        before: tuple[set[Pair], Mapping[int, float]],
        basis: _Basis,
        cancelled: Cancel,
    ) -> Found:
        known, reach_before = before
        others = list(stats)
        summaries = [stats[c].summary for c in others]
        reach: dict[int, float] = {}
        scores: dict[Pair, MergeScore] = {}
        for cluster_id in cluster_ids:
            mine = stats[cluster_id].summary
            values = np.asarray(basis.similarity([mine], summaries))[0].copy()
            values[others.index(cluster_id)] = -1.0
            values[~np.isfinite(values)] = -1.0
            first = np.argsort(-values, kind="stable")[:N_CANDIDATES]
            least = float(values[first[-1]]) if len(first) == N_CANDIDATES else -1.0
            # Where this cluster is nearer than the last candidate of another, it becomes one.
            reached = np.array([reach_before.get(c, math.inf) for c in others])
            for place in np.union1d(first, np.flatnonzero(values > reached)).tolist():
                value, pair = float(values[place]), _pair(cluster_id, others[place])
                if value < LEAST_SIMILARITY or pair in known or pair in scores:
                    continue
                if cancelled():
                    return Found(self, reach, scores, basis)
                both = (stats[pair[0]].summary, stats[pair[1]].summary)
                scores[pair] = _score(snapshot, pair, both, value, basis.features)
            reach[cluster_id] = least
        return Found(self, reach, scores, basis)

    def add(self, found: Found) -> bool:
        """Take over what was found out; returns whether there are other suggestions now."""
        if found.basis is not self._basis or not self._is_based():
            # It was found out from other data, or with another similarity.
            return False
        self._reach.update(found.reach)
        new = {pair: score for pair, score in found.scores.items() if pair not in self._scores}
        self._scores.update(new)
        for pair, score in new.items():
            if score.score >= LEAST_SCORE:
                insort(self._order, (-score.score, pair))
        for pair, isolation in found.isolation.items():
            self._scores[pair] = self._scores[pair]._replace(isolation=isolation)
        return bool(new or found.isolation)

    # -- what is suggested -------------------------------------------------------------------

    def ranked(
        self,
        skips: Callable[[int], bool] = lambda _: False,
        *,
        rejected: bool = False,
        limit: int = 200,
        among: Mapping[int, NDArray[np.int64]] | None = None,
    ) -> list[Suggestion]:
        """Pairs of clusters by decreasing score, none of which contradicts those before it.

        Parameters
        ----------
        skips : callable
            Whether a cluster is passed over, as noise is.
        rejected : bool
            Also those that were turned down.
        limit : int
            Most pairs to return.
        among : mapping of int to array of int, optional
            The clusters with their spikes; by default those that live now.
        """
        found: list[Suggestion] = []
        spikes = self._clustering.spikes_per_cluster if among is None else among
        units = _Units(self._scores)
        for _, (a, b) in self._order:
            if a not in spikes or b not in spikes or skips(a) or skips(b):
                continue
            if self._scores[a, b].costs_isolation:
                continue
            is_rejected = bool(self.rejected) and self.is_rejected((a, b))
            if is_rejected and not rejected:
                continue
            if not is_rejected and not units.join(a, b):
                continue
            clusters = (a, b) if len(spikes[a]) >= len(spikes[b]) else (b, a)
            found.append(Suggestion(clusters, self._scores[a, b], is_rejected))
            if len(found) == limit:
                break
        return found

    def is_rejected(self, clusters: Iterable[int]) -> bool:
        """Whether the user has turned a pair down."""
        return self._key(clusters) in self.rejected

    def reject(self, clusters: Iterable[int], *, rejected: bool = True) -> None:
        """Do not suggest a pair any more, or suggest it again."""
        key = self._key(clusters)
        if key is not None and rejected:
            self.rejected.add(key)
        elif key is not None:
            self.rejected.discard(key)

    def _key(self, clusters: Iterable[int]) -> frozenset[str] | None:
        prints = self._knowledge.prints
        ids = tuple(clusters)
        return frozenset(prints[c] for c in ids) if all(c in prints for c in ids) else None


class _Units:
    """What would be one unit, were all pairs merged that are suggested, best ones first.

    A pair says of two clusters that they are one; merged, they are one with all that either of
    them has been joined to by better pairs. Each of the pairs that this brings together and that
    does not look like one unit counts against it. So a cluster between two units, each of which
    it resembles, is not suggested with both.
    """

    def __init__(self, scores: Mapping[Pair, MergeScore]) -> None:
        self._scores = scores
        self._members: dict[int, tuple[int, ...]] = {}

    def join(self, a: int, b: int) -> bool:
        """Take two clusters for one unit, unless what is joined to them speaks against it."""
        one, other = (self._members.get(c, (c,)) for c in (a, b))
        if one == other:
            return True
        evidence = _log_odds(self._scores[_pair(a, b)])
        for x, y in product(one, other):
            score = self._scores.get(_pair(x, y))
            if score is None:
                evidence -= NOT_LOOKED_AT
            elif (x, y) != (a, b):
                evidence += max(min(_log_odds(score), 0.0), -MOST_AGAINST)
            if evidence < 0:
                return False
        together = one + other
        self._members |= dict.fromkeys(together, together)
        return True


def _log_odds(score: MergeScore) -> float:
    return math.log(max(score.score, 1e-12)) - math.log(max(1 - score.score, 1e-12))


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def _score(
    snapshot: Snapshot,
    pair: Pair,
    summaries: tuple[ClusterSummary, ClusterSummary],
    similarity: float,
    features: _Features,
) -> MergeScore:
    """The evidence that two clusters are one unit."""
    shank = snapshot.shank
    trains = [shank.clock.pair_train(snapshot.spikes(c)) for c in pair]
    together = coincidences(trains[0], trains[1], shank.sample_rate)
    continuity = similarity
    if all(len(snapshot.spikes(c)) > FEW_SPIKES for c in pair):
        # A fragment's spikes hold those of others as well: they look different at any time.
        continuity = _continuity(snapshot, pair, summaries, features)
    rates = [
        refractory_violations(train, shank.sample_rate).rate
        for train in (max(trains, key=len), np.sort(np.concatenate(trains)))
    ]
    refractoriness = merged_refractoriness(together)
    return merge_score(similarity, refractoriness, continuity, together, (rates[0], rates[1]))


def _continuity(
    snapshot: Snapshot,
    pair: Pair,
    summaries: tuple[ClusterSummary, ClusterSummary],
    features: _Features,
) -> float:
    """Whether the spikes of two clusters look alike at the times when both are there."""
    shank = snapshot.shank
    times, parts, means = [], [], []
    for cluster_id, summary in zip(pair, summaries, strict=True):
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


@dataclass(frozen=True)
class _Basis:
    """What pairs are scored by."""

    features: _Features
    similarity: Similarity


class _Features:
    """Masked features of samples of spikes, the last used ones at hand; for any thread."""

    def __init__(self, shank: ShankData, max_bytes: int = 64 * 2**20) -> None:
        self._shank = shank
        self._cache = ByteCache(max_bytes)

    def of(self, spike_ids: NDArray[np.int64], sample: NDArray[np.int64]) -> NDArray[Any] | None:
        """Masked features, or without them waveforms, of a sample of the spikes of a cluster."""
        known: NDArray[Any] | None = self._cache.get((spike_ids,), "sample")
        if known is None:
            known = self._read(sample)
            if known is not None:
                self._cache.put((spike_ids,), "sample", known, known.nbytes)
        return known

    def _read(self, sample: NDArray[np.int64]) -> NDArray[Any] | None:
        shank = self._shank
        if shank.features is not None:
            values, masks = shank.features.read(sample)
            masked = np.nan_to_num(values) * np.nan_to_num(masks)[:, :, None]
            rows: NDArray[Any] = masked.reshape(len(sample), -1)
            return rows
        if shank.waveforms is not None:
            return np.asarray(shank.waveforms[sample]).reshape(len(sample), -1)
        return None
