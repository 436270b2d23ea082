"""What the sessions of one dataset know of pairs and parts of clusters, from one to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from phygui.curation.announcements import Announcements
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.statistics.ranking_spec import SIMILARITY
from phygui.curation.statistics.session_statistics import SessionStatistics
from phygui.curation.suggestions.kept import Kept, SuggestionsFile
from phygui.curation.workspace import Workspace


class SuggestionsMemory:
    """Reads and writes what was found out about the active clustering."""

    def __init__(
        self,
        workspace: Workspace,
        statistics: SessionStatistics,
        keeper: Keeper,
        tell: Announcements,
    ) -> None:
        self._workspace = workspace
        self._statistics = statistics
        self._keeper = keeper
        self._files: dict[int, SuggestionsFile] = {}
        self._size = 0
        tell.located.connect(self._forget)

    def reader(self) -> Callable[[], Kept] | None:
        """What reads what is kept, for any thread; None before the clusters are known by it."""
        if self._statistics.knowledge.missing_stats():
            return None
        return self._file().read

    def keep_job(self) -> Callable[[], None] | None:
        """What writes all that is known, for any thread; None if nothing is new since."""
        curation = self._workspace.active
        merges, splits = curation.suggestions, curation.splits
        # What is found out by a similarity of the user's own is not that of the next session.
        is_own = self._statistics.measures.similarity_spec is not SIMILARITY
        knows_pairs, knows_parts = merges.is_recalled and not is_own, splits.is_recalled
        known = merges.known() if knows_pairs else Kept()
        known = replace(known, parts=splits.known().parts if knows_parts else {})
        if self._keeper.read_only or known.size <= self._size:
            return None
        self._size = known.size
        file = self._file()

        def write() -> None:
            kept = known
            if not knows_pairs or not knows_parts:
                # What nobody has asked for in this session is left as it is.
                before = file.read()
                pairs, parts = known if knows_pairs else before, known if knows_parts else before
                kept = replace(pairs, parts=parts.parts)
            file.write(kept)

        return write

    def _forget(self) -> None:
        """Other data is there: what was found out without it is void."""
        self._files.clear()
        self._size = 0

    def _file(self) -> SuggestionsFile:
        group = self._workspace.active.channel_group
        if group not in self._files:
            cache = self._statistics.cache(group)
            self._files[group] = SuggestionsFile(
                self._keeper.folder, group, cache.data_print, cache.places
            )
        return self._files[group]
