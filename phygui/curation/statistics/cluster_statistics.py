"""What is known of the clusters of one clustering, and how they rank by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from phygui.analysis import ClusterSummary, Metric, Quality, cluster_quality, similarity
from phygui.curation.edits.clustering import Clustering
from phygui.curation.edits.update import Update
from phygui.curation.navigation.wizard import Ranking
from phygui.curation.statistics.measuring.ahead import with_files_read_ahead
from phygui.curation.statistics.measuring.pieces import Cancel, Turn, Work
from phygui.curation.statistics.measuring.under_way import UnderWay
from phygui.curation.statistics.partners import Partners
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.statistics.ranking_spec import QUALITY
from phygui.curation.statistics.similarity_rows import Matrix, Ranked, Row, Rows, Similarity
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot, spikes_print
from phygui.curation.statistics.stats import QualitySource, estimate_merged, stats_steps

Clusters = Mapping[int, object]
FIRST_METRICS = frozenset({"purity"})
"""Metrics that all clusters get before any gets the others: what ranks them, and takes no time."""
N_NEXT = 24
"""Clusters, the most similar to the best one, that come before the others."""
Known = tuple[ClusterStats, dict[str, Metric]]
"""Stats and metrics of one cluster; without those metrics that are not computed yet."""


@dataclass(frozen=True)
class Learnt:
    """What a worker has computed of some clusters."""

    knowledge: Knowledge
    stats: Mapping[int, ClusterStats] = field(default_factory=dict)
    metrics: Mapping[int, dict[str, Metric]] = field(default_factory=dict)
    prints: Mapping[int, str] = field(default_factory=dict)
    """Fingerprints of the spikes of the clusters whose stats these are."""
    similarities: Mapping[int, Ranked] = field(default_factory=dict)
    """Of some clusters, what their similarities to others are."""
    is_recalled: bool = False
    """Whether this is all that an earlier session knew."""
    epoch: int = 0
    """That of the knowledge when the work began."""

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return self.is_recalled or any((self.stats, self.metrics, self.similarities))


class Knowledge:
    """Statistics and metrics of clusters as they are computed, and the rankings they give.

    What is known of a cluster that is gone is kept: an undo brings the cluster
    back, and its id is never given to another one.

    Attributes
    ----------
    stats : dict of int to ClusterStats
    metrics : dict of int to dict of str to Metric
    prints : dict of int to str
        Fingerprint of the spikes of each cluster whose stats are computed.
    is_recalled : bool
        Whether what an earlier session knew has been taken over.
    epoch : int
        Grows when other data comes in: what is still computed from the old ones is dropped.
    measures : Measures
        What quality and similarity are.
    partners : Partners
        Which clusters may be parts of one unit.
    matrix : Matrix
        Similarities of every two clusters, once somebody has looked at all.
    """

    def __init__(self, clustering: Clustering) -> None:
        self._clustering = clustering
        self.stats: dict[int, ClusterStats] = {}
        self.metrics: dict[int, dict[str, Metric]] = {}
        self.prints: dict[int, str] = {}
        self.is_recalled = False
        self.epoch = 0
        self.measures = Measures()
        # Every step through the clusters goes by the quality of all.
        self.partners = Partners()
        self._qualities: dict[int, Quality] = {}
        self._qualities_by: object = None
        self._expected: dict[int, dict[str, Metric]] = {}
        self._news: dict[int, None] = {}
        self._estimated: set[int] = set()
        self._quality: QualitySource | None = None
        self._under_way = UnderWay()
        self._version = 0
        self._ranked: tuple[int, int, Similarity] | None = None
        self._ranked_among: Clusters = {}
        self._compared: tuple[Clusters, int, bool] = ({}, -1, False)
        self._ranking: Ranking = ()
        self._similarities: dict[int, float] = {}
        self._rows = Rows()
        self.matrix = Matrix()
        # Clusters whose similarities are too slow to compute where they are asked for.
        self._awaited: dict[int, None] = {}

    def missing_stats(self) -> list[int]:
        """Living clusters whose stats are still to be computed."""
        known = self.stats
        return [
            c for c in self._clustering.spikes_per_cluster if c not in known or c in self._estimated
        ]

    def missing_metrics(self) -> list[int]:
        """Living clusters whose stats are computed and of whose metrics one is not."""
        return [
            c
            for c in self._clustering.spikes_per_cluster
            if c in self.stats and c not in self._estimated and not self._is_measured(c)
        ]

    def _is_measured(self, cluster_id: int) -> bool:
        """Whether all metrics of a cluster are computed."""
        known = self.metrics.get(cluster_id)
        return known is not None and self.measures.metrics.names <= known.keys()

    def job(self, snapshot: Snapshot) -> Callable[[Cancel], Learnt] | None:
        """The next piece of what is still to be computed, for any thread; None if nothing is.

        Stats come before metrics, selected clusters before those most similar to them, and these
        before the others. A piece takes a tenth of a second; the next goes on where it ended.
        """
        if missing := self.missing_stats():
            return self._piece_of("stats", snapshot, missing)
        if (ranking := self._ranking_job()) is not None:
            return ranking
        if missing := self.missing_metrics():
            return self._piece_of("metrics", snapshot, missing)
        self._under_way.clear()
        return None

    def rest(self) -> None:
        """Nothing is to be computed for a while: give back the memory that it takes."""
        if self._quality is not None:
            self._quality.rest()

    def _piece_of(
        self, what: str, snapshot: Snapshot, missing: list[int]
    ) -> Callable[[Cancel], Learnt]:
        """A piece of the work that is under way, or of new work where others come first now."""
        lacking = set(missing)
        work = self._under_way.next(
            what,
            [c for c in snapshot.cluster_ids if c in lacking],
            lacking,
            lambda: self._in_order(snapshot, missing),
            partial(self._stats_work if what == "stats" else self._metrics_work, snapshot),
        )
        return partial(self._advance, what, snapshot, work)

    def _in_order(self, snapshot: Snapshot, cluster_ids: Sequence[int]) -> Sequence[int]:
        """Clusters that may be looked at next come first: those most similar to the best one."""
        best = snapshot.cluster_ids[:1]
        if not best or self.missing_stats():
            return cluster_ids
        ranks = {c: i for i, (c, _) in enumerate(self.similar(best[0])[:N_NEXT])}
        return sorted(cluster_ids, key=lambda c: ranks.get(c, N_NEXT))

    def _stats_work(self, snapshot: Snapshot, cluster_ids: Sequence[int]) -> Work[Any]:
        turn = Turn()
        steps = stats_steps(snapshot, cluster_ids, turn)
        return Work(cluster_ids, with_files_read_ahead(snapshot, cluster_ids, steps), turn=turn)

    def _metrics_work(self, snapshot: Snapshot, cluster_ids: Sequence[int]) -> Work[Any]:
        ranks = FIRST_METRICS & self.measures.metrics.names
        missing = self.missing_metrics()
        if lacking := [c for c in missing if not ranks <= self.metrics.get(c, {}).keys()]:
            chosen = [c for c in snapshot.cluster_ids if c in lacking]
            cluster_ids = chosen + [c for c in lacking if c not in chosen]
        # Of clusters that an earlier session knew, only what is new may be missing.
        names = self._missing_of(cluster_ids[0])
        names = names & ranks or names
        alike = {c: self.stats[c] for c in cluster_ids if names <= self._missing_of(c)}

        def is_wanted(cluster_id: int) -> bool:
            return self.is_living(cluster_id) and bool(names & self._missing_of(cluster_id))

        turn = Turn()
        steps = self.source(snapshot).steps(snapshot, alike, names, is_wanted, turn)
        return Work(alike, with_files_read_ahead(snapshot, alike, steps), turn=turn)

    def _advance(self, what: str, snapshot: Snapshot, work: Work[Any], cancelled: Cancel) -> Learnt:
        found: dict[int, Any] = {}
        if any(map(self.is_living, work.cluster_ids)):
            found = dict(work.advance(self._while_living(work.cluster_ids, cancelled)))
        if what == "metrics":
            return Learnt(self, metrics=found)
        return Learnt(self, found, prints={c: spikes_print(snapshot.spikes(c)) for c in found})

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for similarities that a job will compute."""
        return bool(self._awaited)

    def _ranking_job(self) -> Callable[[Cancel], Learnt] | None:
        """What computes the similarities that somebody waits for; None if nobody does."""
        function = self.measures.similarity
        while self._awaited:
            cluster_id = next(iter(self._awaited))
            mine = self.stats.get(cluster_id)
            others = [(c, self.stats[c].summary) for c in self._living if c in self.stats]
            if mine is not None:
                row = self._rows.of(cluster_id, mine.summary, function)
                lacking = set(row.lacking([(c, s) for c, s in others if c != cluster_id]))
                if lacking and self.measures.similarity_spec.is_slow:
                    some = [(c, s) for c, s in others if c in lacking]
                    return partial(self._rank_slowly, cluster_id, mine.summary, some, function)
            del self._awaited[cluster_id]
        return None

    def _rank_slowly(
        self,
        cluster_id: int,
        mine: ClusterSummary,
        others: list[tuple[int, ClusterSummary]],
        function: Similarity,
        _: Cancel,
    ) -> Learnt:
        values = np.asarray(function([mine], [s for _, s in others]))[0].tolist()
        found = {c: (s, value) for (c, s), value in zip(others, values, strict=True)}
        return Learnt(self, similarities={cluster_id: Ranked(mine, function, found)})

    def _while_living(self, cluster_ids: Iterable[int], cancelled: Cancel) -> Cancel:
        """Cancelled as well once all these clusters are gone, as an undo takes a merged one.

        Otherwise what the views show after that edit would wait for what nobody asks for any more.
        """
        return lambda: cancelled() or not any(map(self.is_living, cluster_ids))

    def _missing_of(self, cluster_id: int) -> frozenset[str]:
        """The metrics of a cluster that are still to be computed."""
        return self.measures.metrics.names.difference(self.metrics.get(cluster_id, ()))

    def source(self, snapshot: Snapshot) -> QualitySource:
        """What metrics are computed with."""
        if self._quality is None:
            self._quality = QualitySource(snapshot.shank, self.measures.metrics)
        return self._quality

    def is_computed(self, cluster_id: int) -> bool:
        """Whether the stats of a cluster are computed, and not only estimated."""
        return cluster_id in self.stats and cluster_id not in self._estimated

    def is_living(self, cluster_id: int) -> bool:
        """Whether a cluster is there now."""
        return cluster_id in self._clustering

    def known(self) -> dict[str, Known]:
        """What is computed of all clusters, by the fingerprints of their spikes."""
        return {key: (self.stats[c], self.metrics.get(c, {})) for c, key in self.prints.items()}

    def progress(self) -> tuple[int, int]:
        """How many stats and metrics of living clusters are computed, and how many there are."""
        n = len(self._clustering)
        missing = len(self.missing_stats())
        n_metrics = sum(map(self._is_measured, self._clustering.spikes_per_cluster))
        return n - missing + n_metrics, 2 * n

    def add(self, learnt: Learnt) -> None:
        """Take over what was computed."""
        if learnt.epoch != self.epoch:
            return
        self.is_recalled = self.is_recalled or learnt.is_recalled
        self.prints.update(learnt.prints)
        self.stats.update(learnt.stats)
        self._estimated.difference_update(learnt.stats)
        for cluster_id, found in learnt.metrics.items():
            # Replaced, not written to: a worker may be reading what there was.
            self.metrics[cluster_id] = {**self.metrics.get(cluster_id, {}), **found}
            self._expected.pop(cluster_id, None)
        for cluster_id, ranked in learnt.similarities.items():
            self._rows.of(cluster_id, ranked.mine, ranked.function).learn(ranked.others)
            self._awaited.pop(cluster_id, None)
        self.weigh_again((*learnt.stats, *learnt.metrics, *learnt.similarities))
        self._version += bool(learnt.stats or learnt.similarities)

    def learn_partners(
        self, searched: Iterable[int], chances: Mapping[tuple[int, int], float]
    ) -> None:
        """Take over which clusters may be parts of one unit.

        Parameters
        ----------
        searched : iterable of int
            Clusters of which all partners are known now.
        chances : mapping of (int, int) to float
            How likely two clusters are one unit.
        """
        self.weigh_again(self.partners.learn(searched, chances))

    def weigh_again(self, cluster_ids: Iterable[int]) -> None:
        """The quality of some clusters is another one now."""
        for cluster_id in cluster_ids:
            self._qualities.pop(cluster_id, None)
            self._news[cluster_id] = None

    def take_news(self) -> tuple[int, ...]:
        """The living clusters of which something is known that this has not told before."""
        news, self._news = self._news, {}
        return tuple(c for c in news if c in self._clustering)

    def expect(self, update: Update) -> None:
        """A change is about to be made: estimate what a merged cluster will look like."""
        # Groups and labels do not change how clusters rank.
        self._version += bool(update.before)
        # Their qualities are others now, which is told with what is computed next.
        if update.before:
            # Those that go keep the quality that they have now: it is where the walk is.
            for cluster_id in update.before:
                self.quality_of(cluster_id)
            self.weigh_again(sorted(self.partners.touched_by(update)))
        if update.kind != "merge" or update.cause == "undo":
            return
        new = update.added[0]
        if new not in self.stats and all(c in self.stats for c in update.before):
            parts = [(self.stats[c], len(spikes)) for c, spikes in update.before.items()]
            estimate = estimate_merged(parts)
            if estimate is not None:
                self.stats[new] = estimate
                self._estimated.add(new)
                largest = max(update.before, key=lambda c: len(update.before[c]))
                self._expected[new] = self.metrics.get(largest, {})

    def forget(self) -> None:
        """Other data has come in: all is to be computed again."""
        self.stats.clear()
        self.metrics.clear()
        self.prints.clear()
        self._estimated.clear()
        self._expected.clear()
        self._qualities.clear()
        self.partners.forget()
        self._quality = None
        self._under_way.clear()
        self._rows, self.matrix = Rows(), Matrix()
        self._awaited.clear()
        self.is_recalled = False
        self._version += 1
        self.epoch += 1

    # -- rankings --------------------------------------------------------------------------

    def quality(self, cluster_id: int) -> float:
        """Quality of a cluster; as long as nothing is known of it, below 0 and by its spikes."""
        found = self.quality_of(cluster_id)
        return -1.0 / (1.0 + self._n_spikes(cluster_id)) if found is None else found.value

    def quality_of(self, cluster_id: int) -> Quality | None:
        """Quality of a cluster and what it is made of; None as long as nothing is known of it."""
        measures = self.measures
        if self._qualities_by != measures.quality:
            self._qualities, self._qualities_by = {}, measures.quality
        stats, metrics = self.stats.get(cluster_id), self.metrics.get(cluster_id, {})
        known = self._qualities.get(cluster_id)
        if stats is None or known is not None:
            return None if stats is None else known
        if measures.quality_spec is not QUALITY:
            value = measures.quality(stats, metrics)
            # A function that has just failed is not the quality any more.
            if measures.quality_spec is not QUALITY:
                self._qualities[cluster_id] = Quality(value)
                return self._qualities[cluster_id]
        found = cluster_quality(
            metrics or self._expected.get(cluster_id, {}),
            self._n_spikes(cluster_id),
            self.partners.of(cluster_id, self._clustering.spikes_per_cluster),
        )
        if found is not None and self._qualities_by == measures.quality:
            self._qualities[cluster_id] = found
        return found

    def _n_spikes(self, cluster_id: int) -> int:
        return len(self._clustering.spikes_per_cluster.get(cluster_id, ()))

    def similar(self, cluster_id: int, among: Clusters | None = None) -> Ranking:
        """Other clusters by decreasing similarity to one, as far as both are known.

        Parameters
        ----------
        cluster_id : int
        among : mapping from int, optional
            The clusters; by default those that live now.
        """
        others = self._living if among is None or self._are_living(among) else among
        # Similarity is another one once a function that was registered has failed: maybe half-way.
        while True:
            wanted = (cluster_id, self._version, self.measures.similarity)
            if self._ranked == wanted and self._ranked_among is others:
                return self._ranking
            self._rank(cluster_id, others)
            self._ranked, self._ranked_among = wanted, others

    def similarity(
        self, cluster_id: int, other: int, among: Clusters | None = None
    ) -> float | None:
        """Similarity of two clusters, None where it is not known."""
        self.similar(cluster_id, among)
        return self._similarities.get(other)

    @property
    def _living(self) -> Clusters:
        return self._clustering.spikes_per_cluster

    def _are_living(self, among: Clusters) -> bool:
        """Whether some clusters, which never change, are those that live now."""
        known, version, are_living = self._compared
        if known is not among or version != self._version:
            are_living = among.keys() == self._living.keys()
            self._compared = among, self._version, are_living
        return are_living

    def _rank(self, cluster_id: int, among: Clusters) -> None:
        self._ranking, self._similarities = (), {}
        mine = self.stats.get(cluster_id)
        if mine is None:
            return
        row = self._rows.of(cluster_id, mine.summary, self.measures.similarity)
        others = [c for c in among if c in self.stats and c != cluster_id]
        pairs = [(c, self.stats[c].summary) for c in others]
        values = self._values(cluster_id, row, pairs)
        order = np.argsort(-np.array(values), kind="stable").tolist()
        self._ranking = [(others[i], values[i]) for i in order]
        self._similarities = dict(self._ranking)

    def _values(
        self, cluster_id: int, row: Row, pairs: list[tuple[int, ClusterSummary]]
    ) -> list[float]:
        """Similarities in a row; as far as they are known, where they take too long."""
        if lacking := set(row.lacking(pairs)):
            row.learn(self.matrix.known(cluster_id, row, [p for p in pairs if p[0] in lacking]))
        if not self.measures.is_out_of_reach:
            return row.values(pairs)
        if row.lacking(pairs):
            self._awaited[cluster_id] = None
        known = row.known(pairs)
        if known is None:
            meanwhile = similarity([row.mine], [s for _, s in pairs])
            known = np.asarray(meanwhile)[0].tolist()
        return known
