"""Which pairs of clusters may well be one unit: scored in pieces, kept true after every edit."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import MergeScore, Metric
from phygui.curation.edits.clustering import Clustering
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.stats import Cancel
from phygui.curation.suggestions.kept import Kept
from phygui.curation.suggestions.merging.ahead import (
    Join,
    Members,
    join_evidence,
    side_prints,
)
from phygui.curation.suggestions.merging.listed import (
    LEAST_SCORE,
    Listed,
    Lists,
    State,
    Suggestion,
    in_order_of_scores,
    list_pairs,
)
from phygui.curation.suggestions.merging.merged_metrics import merged_metrics
from phygui.curation.suggestions.merging.pair_evidence import (
    Basis,
    Features,
    Pair,
    in_order,
    pair_evidence,
)

N_CANDIDATES = 5
"""Clusters, the most similar ones, that each cluster is paired with."""
LEAST_SIMILARITY = 0.04
"""Pairs less similar than this are not looked at: hardly any parts of a unit lay as far apart."""
N_JOINS = 4
"""Joins of what better pairs would make that are looked at in one piece."""
PAIRS_AT_ONCE = 4
"""Pairs of which is told in one piece how isolated they would be as one."""
ISOLATION = "isolation_distance"
"""The metric that tells how isolated a pair would be as one."""


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
    joins: Mapping[Join, MergeScore] = field(default_factory=dict)
    """The evidence for what pairs would join after better ones."""
    sides: Mapping[Members, str] = field(default_factory=dict)
    """Fingerprints of the spikes of either side of these joins."""
    listed: tuple[State, Listed] | None = None
    """What is suggested now, if that was looked at anew."""


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
    is_recalled : bool
        Whether what an earlier session found out has been asked for.
    rejected : set of frozenset of str
        Pairs that the user has turned down, by the fingerprints of their spikes.
    """

    def __init__(self, clustering: Clustering, knowledge: Knowledge) -> None:
        self._clustering = clustering
        self._knowledge = knowledge
        self._scores: dict[Pair, MergeScore] = {}
        self._reach: dict[int, float] = {}
        self._order: list[tuple[float, Pair]] = []
        self._joins: dict[Join, MergeScore] = {}
        self._sides: dict[Members, str] = {}
        self._lists = Lists()
        self._basis: Basis | None = None
        self.is_recalled = False
        self.rejected: set[frozenset[str]] = set()
        knowledge.partners.is_rejected = self.is_rejected

    def forget(self) -> None:
        """Other data has come in: all pairs are to be scored again."""
        self._knowledge.partners.forget()
        self._scores = {}
        self._reach = {}
        self._order = []
        self._joins = {}
        self._sides = {}
        self._lists.forget()
        self._basis = None
        self.is_recalled = False

    def _is_based(self) -> bool:
        """Whether similarity is what it was: a registered function that fails is dropped."""
        basis = self._basis
        return basis is None or basis.similarity is self._knowledge.measures.merging

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
            self._basis = Basis(Features(snapshot.shank), self._knowledge.measures.merging)
        reach, basis, ahead = dict(self._reach), self._basis, self._weighed_ahead(ids)
        known = set(self._scores) | set(ahead)

        def look(cancelled: Cancel) -> Found:
            found = self._look(snapshot, ids, stats, (known, reach), basis, cancelled)
            return replace(found, scores={**ahead, **found.scores})

        return look

    def _weighed_ahead(self, cluster_ids: Iterable[int]) -> dict[Pair, MergeScore]:
        """Of clusters that merges have made, the evidence by which those merges were looked at.

        What an accepted pair makes is judged as it was in the list, where a chain holds together.
        """
        if not self._joins:
            return {}
        prints, chosen = self._knowledge.prints, set(cluster_ids)
        living = {prints.get(c): c for c in self._clustering.spikes_per_cluster}
        found = {}
        for join, evidence in self._joins.items():
            a, b = (living.get(self._sides[side]) for side in join)
            if a is not None and b is not None and not chosen.isdisjoint((a, b)):
                found[in_order(a, b)] = evidence
        return found

    def join_job(
        self, snapshot: Snapshot, skips: Callable[[int], bool] = lambda _: False
    ) -> Callable[[Cancel], Found] | None:
        """What tells whether pairs go together with better ones; None if all of it is known."""
        if self._basis is None or self.missing():
            return None
        state, basis = self.state(skips), self._basis
        listed = self._lists[state]
        if listed is not None and listed.is_current:
            if not listed.pending:
                return None
            listed.search()
        if listed is not None and listed.n_left:
            joins = listed.pending[: min(N_JOINS, listed.n_left)]
            nearest = {join: self._nearest(join, self._scores) for join in joins}
            return lambda cancelled: self._join(snapshot, nearest, basis, cancelled)
        scores, make = dict(self._scores), self._listing(state)

        def look(cancelled: Cancel) -> Found:
            listed = make()
            listed.search()
            nearest = {join: self._nearest(join, scores) for join in listed.pending[:N_JOINS]}
            found = self._join(snapshot, nearest, basis, cancelled)
            listed.learn(found.joins)
            return replace(found, listed=(state, listed))

        return look

    def _join(
        self,
        snapshot: Snapshot,
        nearest: Mapping[Join, MergeScore | None],
        basis: Basis,
        cancelled: Cancel,
    ) -> Found:
        """The evidence for joins, each with that of its most similar clusters."""
        found = {}
        for join, pair in nearest.items():
            evidence = join_evidence(snapshot, join, basis, pair, cancelled)
            if evidence is None:
                break
            found[join] = evidence
        return Found(self, {}, {}, basis, joins=found, sides=side_prints(snapshot, found))

    @staticmethod
    def _nearest(join: Join, scores: Mapping[Pair, MergeScore]) -> MergeScore | None:
        """The evidence of the most similar clusters of a join, of those that were paired."""
        pairs = [scores.get(in_order(a, b)) for a in join[0] for b in join[1]]
        known = [pair for pair in pairs if pair is not None]
        return max(known, key=lambda pair: pair.similarity, default=None)

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
                before[in_order(*suggestion.clusters)] = known.value
            if len(before) == PAIRS_AT_ONCE:
                break
        if not before:
            return None
        twice = {pair for pair in before if self._scores[pair].n_doubles}

        def look(cancelled: Cancel) -> Found:
            found = merged_metrics(
                snapshot, before, source, {ISOLATION}, cancelled, without_doubles=twice
            )
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
        basis: Basis,
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
                value, pair = float(values[place]), in_order(cluster_id, others[place])
                if value < LEAST_SIMILARITY or pair in known or pair in scores:
                    continue
                if cancelled():
                    return Found(self, reach, scores, basis)
                both = (stats[pair[0]].summary, stats[pair[1]].summary)
                scores[pair] = pair_evidence(snapshot, pair, both, value, basis.features)
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
        self._joins.update(found.joins)
        self._sides.update(found.sides)
        for pair, score in new.items():
            if score.score >= LEAST_SCORE:
                insort(self._order, (-score.score, pair))
        for pair, isolation in found.isolation.items():
            self._scores[pair] = self._scores[pair]._replace(isolation=isolation)
        told = {pair: self._scores[pair] for pair in (*new, *found.isolation)}
        costly = (pair for pair in found.isolation if self._scores[pair].costs_isolation)
        self._lists.learn([*new, *costly], found.joins)
        if found.listed is not None:
            self._lists.keep(*found.listed)
        chances = {p: 0.0 if of.costs_isolation else of.score for p, of in told.items()}
        self._knowledge.learn_partners(found.reach, chances)
        return bool(new or found.isolation or found.joins)

    # -- what is kept ------------------------------------------------------------------------

    def known(self) -> Kept:
        """What was found out, by the fingerprints of spikes."""
        prints = self._knowledge.prints

        def of(clusters: tuple[int, ...]) -> tuple[str, ...]:
            return tuple(prints[c] for c in clusters)

        return Kept(
            {prints[c]: value for c, value in self._reach.items() if c in prints},
            {of(pair): s for pair, s in self._scores.items() if all(c in prints for c in pair)},
            {
                (of(a), of(b)): score
                for (a, b), score in self._joins.items()
                if all(c in prints for c in a + b)
            },
        )

    def recall(self, kept: Kept, snapshot: Snapshot, state: State | None = None) -> Found:
        """What an earlier session has found out; for any thread.

        Parameters
        ----------
        kept : Kept
        snapshot : Snapshot
            With the clusters that live now.
        state : State, optional
            Of these: what is suggested of them is told too.
        """
        if self._basis is None:
            self._basis = Basis(Features(snapshot.shank), self._knowledge.measures.similarity)
        living = {self._knowledge.prints.get(c, ""): c for c in snapshot.spikes_per_cluster}

        def of(prints: tuple[str, ...]) -> tuple[int, ...]:
            return tuple(sorted(living[key] for key in prints))

        scores: dict[Pair, MergeScore] = {}
        for keys, score in kept.scores.items():
            if all(key in living for key in keys):
                a, b = of(keys)
                scores[a, b] = score
        joins: dict[Join, MergeScore] = {}
        for (one, other), score in kept.joins.items():
            if all(key in living for key in one + other):
                first, second = sorted((of(one), of(other)))
                joins[first, second] = score
        reach = {living[key]: value for key, value in kept.reach.items() if key in living}
        sides = side_prints(snapshot, joins)
        found = Found(self, reach, scores, self._basis, joins=joins, sides=sides)
        if state is None or self._scores or state.rejected:
            return found
        listed = list_pairs(in_order_of_scores(scores), scores, joins, state, ())
        return replace(found, listed=(state, listed))

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
        spikes = self._clustering.spikes_per_cluster if among is None else among
        state = self.state(skips, spikes)
        listed = self._lists[state]
        if listed is None or not listed.holds:
            listed = self._lists.keep(state, self._listing(state)())
        best = listed.best(self._order, rejected=rejected, limit=limit)
        return [
            Suggestion(
                (a, b) if len(spikes[a]) >= len(spikes[b]) else (b, a),
                self._scores[a, b],
                (a, b) in listed.turned_down,
            )
            for a, b in best
        ]

    def state(self, skips: Callable[[int], bool], clusters: Collection[int] | None = None) -> State:
        """What is suggested depends on, of some clusters or those that live now."""
        living = frozenset(self._clustering.spikes_per_cluster if clusters is None else clusters)
        return State(living, frozenset(filter(skips, living)), frozenset(self.rejected))

    def _listing(self, state: State) -> Callable[[], Listed]:
        """What makes the list from what is known now, for any thread."""
        order, scores, joins = list(self._order), dict(self._scores), dict(self._joins)
        turned_down = {p for _, p in order if self.is_rejected(p)} if self.rejected else set()
        return lambda: list_pairs(order, scores, joins, state, turned_down)

    def n_doubles(self, clusters: Iterable[int]) -> int:
        """Spikes that were detected twice among some clusters, in the pairs that were scored."""
        ids = set(clusters)
        return sum(s.n_doubles for pair, s in self._scores.items() if ids.issuperset(pair))

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
