"""What a session knows of its clusters: statistics, metrics, rankings, and their cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from phygui.analysis import Metric, Quality
from phygui.curation.announcements import Announcements
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.navigation.wizard import Ranking
from phygui.curation.statistics.cache import StatsCache
from phygui.curation.statistics.cluster_statistics import Knowledge, Known, Learnt
from phygui.curation.statistics.measuring.kept_similarity import KeptSimilarity
from phygui.curation.statistics.preview import Preview, preview
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.statistics.ranking_spec import QUALITY, SIMILARITY, Kind, find_ranking
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.stats import Cancel
from phygui.curation.workspace import Workspace
from phygui.heap import reuse_large

_MANY = 100
"""Statistics and metrics of clusters that are still to be computed: more take long."""


class SessionStatistics:
    """Statistics and metrics of the clusters of all opened clusterings.

    Nothing is computed before somebody runs a job, in any thread, and adds what it returns.
    """

    def __init__(self, workspace: Workspace, keeper: Keeper, tell: Announcements) -> None:
        self._workspace = workspace
        self._keeper = keeper
        self._tell = tell
        self._caches: dict[int, StatsCache] = {}
        tell.located.connect(self._forget)
        # An undo may leave nothing to compute, and yet the clusters that stay have other partners.
        tell.clustered.connect(lambda _: self.tell_news())

    @property
    def knowledge(self) -> Knowledge:
        """Statistics and metrics of the active clustering, and the rankings they give."""
        return self._workspace.active.knowledge

    @property
    def stats(self) -> Mapping[int, ClusterStats]:
        """What is known of each cluster; grows as it is computed."""
        return self.knowledge.stats

    @property
    def metrics(self) -> Mapping[int, Mapping[str, Metric]]:
        """Quality metrics of each cluster by name; grows as they are computed."""
        return self.knowledge.metrics

    @property
    def measures(self) -> Measures:
        """What quality and similarity are, in all clusterings."""
        return self._workspace.measures

    def snapshot(self) -> Snapshot:
        """What a worker thread may see of the session as it is now, published or not."""
        return self._workspace.state_now().snapshot()

    # -- computing ---------------------------------------------------------------------------

    def job(self) -> Callable[[Cancel], Learnt] | None:
        """The next piece of what is still to be computed, for any thread; None if nothing is.

        The first piece is what is known already: from an earlier session, by the file that it
        has left beside the dataset, or from other clusterings.
        """
        knowledge, snapshot = self.knowledge, self.snapshot()
        group = self._workspace.active.channel_group
        job: Callable[[Cancel], Learnt] | None
        if not knowledge.is_recalled:
            others = [k for k in self._of_group(group) if k is not knowledge]
            known = {key: of for other in others for key, of in other.known().items()}
            job = partial(_recall, self.cache(group), self.measures, snapshot, knowledge, known)
        else:
            job = knowledge.job(snapshot)
        if job is None:
            return None
        done, total = knowledge.progress()
        # What a few clusters take is not worth the memory that is then kept.
        reuse_large(total - done > _MANY)
        epoch = knowledge.epoch
        return lambda cancelled: replace(job(cancelled), epoch=epoch)

    def add(self, learnt: Learnt) -> None:
        """Take over what a job has computed."""
        learnt.knowledge.add(learnt)
        if learnt.knowledge is self.knowledge:
            self.tell_news()

    def tell_news(self) -> None:
        """Announce the clusters of which more is known than was told."""
        clusters = self.knowledge.take_news()
        if clusters:
            self._tell.stats_changed.emit(clusters)

    def recall(self) -> None:
        """Take over what is known of the clusters already: the first piece, here and now."""
        if not self.knowledge.is_recalled and (job := self.job()) is not None:
            self.add(job(lambda: False))

    def learn_stats(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Compute stats here and now, cluster by cluster, until `stop` returns true."""
        while not stop() and self.knowledge.missing_stats() and (job := self.job()):
            self.add(job(stop))

    def learn_all(self) -> None:
        """Compute all stats and metrics here and now; the window does it in a worker."""
        while job := self.job():
            self.add(job(lambda: False))
        self.rest()

    def rest(self) -> None:
        """Nothing is to be computed for a while: give back the memory that it takes."""
        self.knowledge.rest()
        reuse_large(False)

    def remember_job(self) -> Callable[[], None] | None:
        """What keeps all that is known beside the dataset, for any thread.

        None if nothing new is known, or nothing may be written.
        """
        if self._keeper.read_only:
            return None
        jobs = [self.cache(g).keep(self._of_group(g)) for g in self._workspace.shanks]
        needed = [job for job in jobs if job is not None]

        def keep() -> None:
            for job in needed:
                job()

        return keep if needed else None

    def _forget(self) -> None:
        """Other data is there: what was computed without it is void."""
        for curation in self._workspace.curations.values():
            curation.knowledge.forget()
        self._caches.clear()

    def cache(self, channel_group: int) -> StatsCache:
        """What is remembered of the clusters of a channel group."""
        if channel_group not in self._caches:
            shank = self._workspace.shanks[channel_group]
            self._caches[channel_group] = StatsCache(self._keeper.folder, shank)
        return self._caches[channel_group]

    def _of_group(self, channel_group: int) -> list[Knowledge]:
        """What is known of the clusters of a channel group, clustering by clustering."""
        curations = self._workspace.curations.items()
        return [c.knowledge for (group, _), c in curations if group == channel_group]

    def choose_ranking(self, kind: Kind, name: str | None) -> None:
        """Rank the clusters of this session otherwise from now on.

        Parameters
        ----------
        kind : ``"quality"`` or ``"similarity"``
        name : str or None
            One of :func:`phygui.curation.rankings`; None is that of the program.

        Raises
        ------
        ValueError
            If there is none with this name, or what it takes is not installed.
        """
        usual = QUALITY if kind == "quality" else SIMILARITY
        self.measures.choose(usual if name is None else find_ranking(kind, name))
        self.knowledge.weigh_again(self._workspace.active.spikes_per_cluster)
        self.tell_news()

    # -- asking ------------------------------------------------------------------------------

    def quality(self, cluster_id: int) -> Quality | None:
        """Quality of a cluster, 0 to 1, with the parts it is made of; None until it is known.

        It grows with what is known: `learn_all` computes the metrics, `suggest_all` finds the
        clusters that may be parts of the same unit as well.
        """
        return self.knowledge.quality_of(cluster_id)

    def similar(self, cluster_id: int | None = None) -> Ranking:
        """The clusters most similar to one, each with its similarity; by default to the first best.

        Raises
        ------
        EditError
            If there is no such cluster.
        """
        if cluster_id is not None:
            self._workspace.active.clustering.spikes(cluster_id)
            return self.knowledge.similar(cluster_id)
        best = self._workspace.active.selection.best
        return self.knowledge.similar(best[0]) if best else ()

    def similarity_of(self, cluster_id: int) -> float | None:
        """Similarity of a cluster to the first best one, 0 to 1; None where it is not known."""
        best = self._workspace.active.selection.best
        return self.knowledge.similarity(best[0], cluster_id) if best else None

    def preview_job(
        self, clusters: tuple[int, ...], *, without_doubles: bool = False
    ) -> Callable[[Cancel], Preview | None]:
        """What computes how some clusters would look as one, for any thread.

        Parameters
        ----------
        clusters : tuple of int
        without_doubles : bool
            Whether spikes that were detected twice would be set aside.

        Raises
        ------
        EditError
            If one of them does not exist.
        """
        for cluster_id in clusters:
            self._workspace.active.clustering.spikes(cluster_id)
        knowledge, snapshot = self.knowledge, self._workspace.in_sight(self.snapshot())
        source = knowledge.source(snapshot)
        if snapshot.time_range is not None:
            selected = frozenset(clusters).intersection(snapshot.cluster_ids)
            stats = {c: snapshot.stats[c] for c in selected if c in snapshot.stats}
            metrics = {c: snapshot.metrics[c] for c in stats if c in snapshot.metrics}
        else:
            stats = {c: knowledge.stats[c] for c in clusters if knowledge.is_computed(c)}
            metrics = {c: knowledge.metrics[c] for c in stats if c in knowledge.metrics}
        known = source, stats, metrics
        return lambda cancelled: preview(
            snapshot, clusters, *known, cancelled, without_doubles=without_doubles
        )


def _recall(
    cache: StatsCache,
    measures: Measures,
    snapshot: Snapshot,
    knowledge: Knowledge,
    known: Mapping[str, Known],
    cancelled: Cancel,
) -> Learnt:
    """What is kept of the clusters that are there, and of their similarities."""
    learnt = cache.recall(knowledge, snapshot, known, cancelled)
    files = KeptSimilarity(snapshot.shank.channel_group, cache.data_print, cache.places)
    spec, function = measures.similarity_spec, measures.similarity
    kept = files.read(spec, {key: c for c, key in learnt.prints.items()})
    if kept is not None:
        ids, values = kept
        knowledge.matrix.adopt({c: learnt.stats[c].summary for c in ids}, function, values)
    return learnt
