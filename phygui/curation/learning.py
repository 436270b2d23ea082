"""What a session knows of its clusters: statistics, metrics, rankings, and their cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from phygui.analysis import Metric
from phygui.curation.durability.sidecar import read_rejections, write_rejections
from phygui.curation.edits.update import Selection
from phygui.curation.navigation.wizard import Ranking
from phygui.curation.signals import Signal
from phygui.curation.statistics.cache import StatsCache
from phygui.curation.statistics.cluster_statistics import Knowledge, Learnt
from phygui.curation.statistics.preview import Preview, preview
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.stats import Cancel, ClusterStats
from phygui.curation.statistics.suggestions import Found, Suggestions
from phygui.curation.storage import Storage
from phygui.errors import DatasetError


class Learning(Storage):
    """The part of a session that learns what clusters look like and how good they are."""

    stats_changed = Signal(tuple)
    suggestions_changed = Signal()

    @property
    def selected(self) -> list[int]:
        """Selected clusters, best then match."""
        return list(self._active.selection.clusters)

    @property
    def selection(self) -> Selection:
        """Selected clusters, best and match apart."""
        return self._active.selection

    # -- for the views ---------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Grows with every edit and every selection."""
        return self._generation

    def snapshot(self) -> Snapshot:
        """What a worker thread may see of the session as it is now."""
        active = self._active
        selected = active.selection.clusters
        return Snapshot(
            generation=self._generation,
            shank=self.shank,
            cluster_ids=selected,
            spikes_per_cluster=dict(active.clustering.spikes_per_cluster),
            spike_clusters=active.clustering.spike_clusters,
            cluster_groups={c: active.groups[c] for c in selected},
            stats=active.knowledge.stats,
            metrics=active.knowledge.metrics,
            similarity=active.knowledge.measures.similarity,
        )

    def locate(self, what: str, path: str | Path | list[str | Path]) -> None:
        """Say where data is that was not found; it is remembered, and not written into the file.

        Parameters
        ----------
        what : ``"traces"`` or ``"features"``
        path : path
            The ``.kwx``; or the ``.kwd``, the flat file, or the folder of the raw data. A list of
            files, one a recording, where there are several.

        Raises
        ------
        DatasetError
            If what is there does not fit the active channel group; nothing has changed then.
        """
        self.locate_job(what, path)()()

    def locate_job(
        self, what: str, path: str | Path | list[str | Path]
    ) -> Callable[[], Callable[[], None]]:
        """The work of :meth:`locate`: opens in any thread, and returns what shows it in this one.

        Raises
        ------
        DatasetError
            As :meth:`locate`, where it opens.
        """
        first = self.shank
        others = [shank for shank in self._shanks.values() if shank is not first]

        def read() -> Callable[[], None]:
            first.locate(what, path)
            for shank in others:
                # What does not fit another channel group is missing there as before.
                with suppress(DatasetError):
                    shank.locate(what, path)
            return self._show_located

        return read

    def _show_located(self) -> None:
        """What was computed without the data that is there now is void."""
        for curation in self._curations.values():
            curation.knowledge.forget()
            curation.suggestions.forget()
        self._stats_caches.clear()
        self._generation += 1
        self.switched.emit()
        self.selection_changed.emit(self.selection.clusters)

    # -- what is known of the clusters ---------------------------------------------------------

    @property
    def stats(self) -> Mapping[int, ClusterStats]:
        """What is known of each cluster; grows as it is computed."""
        return self._active.knowledge.stats

    @property
    def metrics(self) -> Mapping[int, Mapping[str, Metric]]:
        """Quality metrics of each cluster by name; grows as they are computed."""
        return self._active.knowledge.metrics

    @property
    def knowledge(self) -> Knowledge:
        """Statistics and metrics of the active clustering, and the rankings they give."""
        return self._active.knowledge

    def knowledge_job(self) -> Callable[[Cancel], Learnt] | None:
        """The next piece of what is still to be computed, for any thread; None if nothing is.

        The first piece is what is known already: from an earlier session, by the file that it
        has left beside the dataset, or from other clusterings.
        """
        knowledge, snapshot = self._active.knowledge, self.snapshot()
        job: Callable[[Cancel], Learnt] | None
        if not knowledge.is_recalled:
            cache = self._stats_cache(self.channel_group)
            others = [k for k in self._knowledges(self.channel_group) if k is not knowledge]
            known = {key: of for other in others for key, of in other.known().items()}
            job = partial(cache.recall, knowledge, snapshot, known)
        else:
            job = knowledge.job(snapshot)
        if job is None:
            return None
        epoch = knowledge.epoch
        return lambda cancelled: replace(job(cancelled), epoch=epoch)

    def learn(self, learnt: Learnt) -> None:
        """Take over what a job has computed."""
        clusters = learnt.knowledge.add(learnt)
        if clusters and learnt.knowledge is self._active.knowledge:
            self.stats_changed.emit(clusters)

    def recall(self) -> None:
        """Take over what is known of the clusters already: the first piece, here and now."""
        if not self.knowledge.is_recalled and (job := self.knowledge_job()) is not None:
            self.learn(job(lambda: False))

    def learn_stats(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Compute stats here and now, cluster by cluster, until `stop` returns true."""
        while not stop() and self.knowledge.missing_stats() and (job := self.knowledge_job()):
            self.learn(job(stop))

    def learn_all(self) -> None:
        """Compute all stats and metrics here and now; the window does it in a worker."""
        while job := self.knowledge_job():
            self.learn(job(lambda: False))

    def remember_job(self) -> Callable[[], None] | None:
        """What keeps all that is known beside the dataset, for any thread.

        None if nothing new is known, or nothing may be written.
        """
        if self.read_only:
            return None
        jobs = [self._stats_cache(g).keep(self._knowledges(g)) for g in self._shanks]
        found = [job for job in jobs if job is not None]

        def keep() -> None:
            for job in found:
                job()

        return keep if found else None

    def _knowledges(self, group: int) -> list[Knowledge]:
        """What is known of the clusters of a channel group, clustering by clustering."""
        return [c.knowledge for (g, _), c in self._curations.items() if g == group]

    def similar(self) -> Ranking:
        """Candidates for the first best cluster, most similar first."""
        best = self.selection.best
        return self._active.knowledge.similar(best[0]) if best else ()

    def similarity_of(self, cluster_id: int) -> float | None:
        """Similarity of a cluster to the first best one, 0 to 1; None where it is not known."""
        best = self.selection.best
        return self._active.knowledge.similarity(best[0], cluster_id) if best else None

    # -- merge suggestions ---------------------------------------------------------------------

    @property
    def suggestions(self) -> Suggestions:
        """Pairs of clusters that may be one unit."""
        group = self.channel_group
        if group not in self._rejected:
            self._rejected[group] = read_rejections(self._keeper.folder, group)
        suggestions = self._active.suggestions
        # What was turned down is known by its spikes, whichever clustering it is in.
        suggestions.rejected = self._rejected[group]
        return suggestions

    def suggestions_job(self) -> Callable[[Cancel], Found] | None:
        """The next piece of the search for suggestions, for any thread; None if none is left."""
        return self.suggestions.job(self.snapshot())

    def learn_suggestions(self, found: Found) -> None:
        """Take over what a job has found out, be it nothing."""
        found.suggestions.add(found)
        if found.suggestions is self._active.suggestions:
            self.suggestions_changed.emit()

    def suggest_all(self) -> None:
        """Compute all stats and suggestions here and now; the window does it in a worker."""
        self.learn_all()
        while job := self.suggestions_job():
            self.learn_suggestions(job(lambda: False))

    def reject(self, clusters: Iterable[int], *, rejected: bool = True) -> None:
        """Do not suggest to merge two clusters any more, or do so again; kept for later sessions.

        That is no edit: nothing of the clustering changes.
        """
        suggestions = self.suggestions
        suggestions.reject(clusters, rejected=rejected)
        if not self.read_only:
            write_rejections(self._keeper.folder, self.channel_group, suggestions.rejected)
        self.suggestions_changed.emit()

    def preview_job(self, clusters: tuple[int, ...]) -> Callable[[Cancel], Preview | None]:
        """What computes how some clusters would look as one, for any thread.

        Raises
        ------
        EditError
            If one of them does not exist.
        """
        for cluster_id in clusters:
            self._active.clustering.spikes(cluster_id)
        knowledge, snapshot = self._active.knowledge, self.snapshot()
        source = knowledge.source(snapshot)
        stats = {c: knowledge.stats[c] for c in clusters if knowledge.is_computed(c)}
        metrics = {c: knowledge.metrics[c] for c in stats if c in knowledge.metrics}
        return lambda cancelled: preview(snapshot, clusters, source, stats, metrics, cancelled)

    def _stats_cache(self, channel_group: int) -> StatsCache:
        if channel_group not in self._stats_caches:
            shank = self._shanks[channel_group]
            self._stats_caches[channel_group] = StatsCache(self._keeper.folder, shank)
        return self._stats_caches[channel_group]
