"""Which clusters of a session may be several units, and how any of them may be split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from phygui.curation.announcements import Announcements
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.sidecar import read_rejected_clusters, write_rejected_clusters
from phygui.curation.statistics.session_statistics import SessionStatistics
from phygui.curation.statistics.stats import Cancel
from phygui.curation.suggestions.memory import SuggestionsMemory
from phygui.curation.suggestions.splitting.parts import Parts, find_parts
from phygui.curation.suggestions.splitting.splits import (
    FoundSplits,
    SplitSuggestion,
    SplitSuggestions,
)
from phygui.curation.suggestions.splitting.where import where_parts
from phygui.curation.workspace import Workspace


class SessionSplits:
    """Split suggestions for the active clustering; rejections are kept for later sessions."""

    def __init__(
        self,
        workspace: Workspace,
        statistics: SessionStatistics,
        keeper: Keeper,
        tell: Announcements,
        memory: SuggestionsMemory,
    ) -> None:
        self._workspace = workspace
        self._statistics = statistics
        self._keeper = keeper
        self._tell = tell
        self._memory = memory
        self._rejected: dict[int, set[str]] = {}
        tell.located.connect(self._forget)

    @property
    def active(self) -> SplitSuggestions:
        """Those of the active clustering."""
        group = self._workspace.active.channel_group
        if group not in self._rejected:
            self._rejected[group] = read_rejected_clusters(self._keeper.folder, group, "splits")
        splits = self._workspace.active.splits
        # What was rejected is known by its spikes, whichever clustering it is in.
        splits.rejected = self._rejected[group]
        return splits

    def _forget(self) -> None:
        """Other data is there: all clusters are to be looked at again."""
        for curation in self._workspace.curations.values():
            curation.splits.forget()

    # -- the search --------------------------------------------------------------------------

    def missing_splits(self) -> list[int]:
        """Clusters of which it is not known yet whether they look like several."""
        return self.active.missing()

    def split_progress(self) -> tuple[int, int]:
        """Number of clusters that have been looked at for splits, and of all."""
        return self.active.progress()

    def split_job(self) -> Callable[[Cancel], FoundSplits] | None:
        """The next piece of the search for splits, for any thread; None if none is left."""
        snapshot, active, read = self._statistics.snapshot(), self.active, self._memory.reader()
        if read is not None and not active.is_recalled:
            active.is_recalled = True
            return lambda _: active.recall(read(), snapshot)
        return active.job(snapshot)

    def add_split(self, found: FoundSplits) -> None:
        """Take over what a split job has computed, even if that is nothing."""
        found.splits.add(found)
        if found.splits is self._workspace.active.splits:
            self._tell.suggestions_changed.emit()

    def suggest_splits(self) -> None:
        """Compute stats and split suggestions here and now; the window does it in a worker."""
        self._statistics.learn_stats()
        while job := self.split_job():
            self.add_split(job(lambda: False))

    # -- asking ------------------------------------------------------------------------------

    def ranked_splits(
        self,
        skips: Callable[[int], bool] = lambda _: False,
        *,
        rejected: bool = False,
        limit: int = 200,
        among: Mapping[int, NDArray[np.int64]] | None = None,
    ) -> list[SplitSuggestion]:
        """Clusters to split by decreasing score, as :meth:`SplitSuggestions.ranked` gives them."""
        return self.active.ranked(skips, rejected=rejected, limit=limit, among=among)

    def is_split_rejected(self, cluster_id: int) -> bool:
        """Whether the user has rejected the split of a cluster."""
        return self.active.is_rejected(cluster_id)

    def reject_split(self, cluster_id: int, *, rejected: bool = True) -> None:
        """Do not suggest to split a cluster any more, or do so again; kept for later sessions.

        That is no edit: nothing of the clustering changes.
        """
        splits = self.active
        splits.reject(cluster_id, rejected=rejected)
        if not self._keeper.read_only:
            group = self._workspace.active.channel_group
            write_rejected_clusters(self._keeper.folder, group, "splits", splits.rejected)
        self._tell.suggestions_changed.emit()

    # -- proposals ---------------------------------------------------------------------------

    def parts_job(
        self, cluster_ids: Iterable[int], n_parts: int | None = None
    ) -> Callable[[Cancel], Parts | None]:
        """What proposes parts of some clusters by their features, for any thread.

        It returns None when cancelled, and raises
        :class:`~phygui.curation.edits.update.EditError` where nothing can be proposed.

        Parameters
        ----------
        cluster_ids : iterable of int
            Their spikes are taken together.
        n_parts : int, optional
            How many parts there are to be; by default as many as look like units, maybe one.

        Raises
        ------
        EditError
            If one of them does not exist.
        """
        ids = self._existing(cluster_ids)
        snapshot, knowledge = self._statistics.snapshot(), self._statistics.knowledge
        stats = {c: knowledge.stats[c] for c in ids if knowledge.is_computed(c)}
        return lambda cancelled: find_parts(snapshot, ids, stats, n_parts, cancelled)

    def where_job(self, text: str, cluster_ids: Iterable[int]) -> Callable[[Cancel], Parts | None]:
        """What splits clusters by a condition on attributes of spikes, for any thread.

        The spikes for which it holds are one part, and the others of each cluster another one.
        It returns None when cancelled, and raises
        :class:`~phygui.curation.edits.update.EditError` where nothing would be split.

        Parameters
        ----------
        text : str
            Such as ``amplitude < 120``, with the names that
            :func:`~phygui.curation.statistics.spike_attributes.attribute_words` gives.
        cluster_ids : iterable of int

        Raises
        ------
        FilterError
            If the condition makes no sense.
        EditError
            If one of the clusters does not exist.
        """
        ids = self._existing(cluster_ids)
        knowledge = self._statistics.knowledge
        stats = {c: knowledge.stats[c] for c in ids if knowledge.is_computed(c)}
        return where_parts(self._statistics.snapshot(), text, ids, stats)

    def _existing(self, cluster_ids: Iterable[int]) -> tuple[int, ...]:
        ids = tuple(dict.fromkeys(int(c) for c in cluster_ids))
        for cluster_id in ids:
            self._workspace.active.clustering.spikes(cluster_id)
        return ids
