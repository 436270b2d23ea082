"""What a session suggests: pairs of clusters that may be one unit, clusters that may be several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from phygui.curation.announcements import Announcements
from phygui.curation.delegation import method_of
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.sidecar import read_rejections, write_rejections
from phygui.curation.statistics.ranking_spec import SIMILARITY
from phygui.curation.statistics.session_statistics import SessionStatistics
from phygui.curation.statistics.stats import Cancel
from phygui.curation.suggestions.grouping.session_groups import SessionGroups
from phygui.curation.suggestions.memory import SuggestionsMemory
from phygui.curation.suggestions.merging.listed import Suggestion
from phygui.curation.suggestions.merging.merges import Found, Suggestions
from phygui.curation.suggestions.splitting.session_splits import SessionSplits
from phygui.curation.workspace import Workspace


class SessionSuggestions:
    """What is suggested for the active clustering; rejections are kept for later sessions.

    Attributes
    ----------
    splits : SessionSplits
        Split suggestions, and proposals of parts; its methods are offered here too.
    groups : SessionGroups
        Candidates for Noise and MUA, and the rules that they go by; likewise.
    """

    def __init__(
        self,
        workspace: Workspace,
        statistics: SessionStatistics,
        keeper: Keeper,
        tell: Announcements,
        groups: SessionGroups,
    ) -> None:
        self._workspace = workspace
        self._statistics = statistics
        self._keeper = keeper
        self._tell = tell
        self.groups = groups
        self._rejected: dict[int, set[frozenset[str]]] = {}
        self._skips: Callable[[int], bool] = lambda _: False
        self._memory = SuggestionsMemory(workspace, statistics, keeper, tell)
        self.splits = SessionSplits(workspace, statistics, keeper, tell, self._memory)
        tell.located.connect(self._forget)

    @property
    def active(self) -> Suggestions:
        """Those of the active clustering."""
        group = self._workspace.active.channel_group
        if group not in self._rejected:
            self._rejected[group] = read_rejections(self._keeper.folder, group)
        suggestions = self._workspace.active.suggestions
        # What was rejected is known by its spikes, whichever clustering it is in.
        suggestions.rejected = self._rejected[group]
        return suggestions

    # -- computing ---------------------------------------------------------------------------

    def missing(self) -> list[int]:
        """Clusters that have not been paired yet."""
        return self.active.missing()

    def progress(self) -> tuple[int, int]:
        """Number of clusters that have been paired, and of all."""
        return self.active.progress()

    def job(self) -> Callable[[Cancel], Found] | None:
        """The next piece of the search for suggestions, for any thread; None if none is left."""
        snapshot, active, read = self._statistics.snapshot(), self.active, self._memory.reader()
        is_own = self._statistics.measures.similarity_spec is not SIMILARITY
        if read is not None and not active.is_recalled and not is_own:
            active.is_recalled = True
            state = active.state(self._skips)
            return lambda _: active.recall(read(), snapshot, state)
        return (
            active.job(snapshot)
            or active.join_job(snapshot, self._skips)
            or active.isolation_job(snapshot)
        )

    def add(self, found: Found) -> None:
        """Take over what a job has computed, even if that is nothing."""
        found.suggestions.add(found)
        if found.suggestions is self._workspace.active.suggestions:
            self._tell.suggestions_changed.emit()
            self._statistics.tell_news()

    def suggest_all(self) -> None:
        """Compute all stats and suggestions here and now; the window does it in a worker."""
        self._statistics.learn_all()
        while job := self.job():
            self.add(job(lambda: False))

    def remember_job(self) -> Callable[[], None] | None:
        """What keeps all that was found out beside the dataset, for any thread.

        None if nothing new is known, or nothing may be written.
        """
        return self._memory.keep_job()

    def _forget(self) -> None:
        """Other data is there: all pairs are to be scored again."""
        for curation in self._workspace.curations.values():
            curation.suggestions.forget()

    # -- asking ------------------------------------------------------------------------------

    def ranked(
        self,
        skips: Callable[[int], bool] = lambda _: False,
        *,
        rejected: bool = False,
        limit: int = 200,
        among: Mapping[int, NDArray[np.int64]] | None = None,
    ) -> list[Suggestion]:
        """Pairs of clusters by decreasing score, as :meth:`Suggestions.ranked` gives them."""
        # Which pairs go together depends on it: the next job looks at those.
        self._skips = skips
        return self.active.ranked(skips, rejected=rejected, limit=limit, among=among)

    def n_doubles(self, clusters: Iterable[int]) -> int:
        """Spikes that were detected twice among some clusters, as far as that is known."""
        return self.active.n_doubles(clusters)

    def is_rejected(self, clusters: Iterable[int]) -> bool:
        """Whether the user has rejected a pair."""
        return self.active.is_rejected(clusters)

    def reject(self, clusters: Iterable[int], *, rejected: bool = True) -> None:
        """Do not suggest to merge two clusters any more, or do so again; kept for later sessions.

        That is no edit: nothing of the clustering changes.
        """
        suggestions, ids = self.active, tuple(clusters)
        suggestions.reject(ids, rejected=rejected)
        if not self._keeper.read_only:
            group = self._workspace.active.channel_group
            write_rejections(self._keeper.folder, group, suggestions.rejected)
        self._statistics.knowledge.weigh_again(ids)
        self._statistics.tell_news()
        self._tell.suggestions_changed.emit()

    # -- splits ------------------------------------------------------------------------------

    missing_splits = method_of("splits", SessionSplits.missing_splits)
    split_progress = method_of("splits", SessionSplits.split_progress)
    split_job = method_of("splits", SessionSplits.split_job)
    add_split = method_of("splits", SessionSplits.add_split)
    suggest_splits = method_of("splits", SessionSplits.suggest_splits)
    ranked_splits = method_of("splits", SessionSplits.ranked_splits)
    is_split_rejected = method_of("splits", SessionSplits.is_split_rejected)
    reject_split = method_of("splits", SessionSplits.reject_split)
    parts_job = method_of("splits", SessionSplits.parts_job)
    where_job = method_of("splits", SessionSplits.where_job)

    # -- candidates for groups ---------------------------------------------------------------

    group_candidates = method_of("groups", SessionGroups.group_candidates)
    accept_candidates = method_of("groups", SessionGroups.accept_candidates)
    reject_candidates = method_of("groups", SessionGroups.reject_candidates)
