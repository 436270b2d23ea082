"""What of a session is shown in parts, as a split that is not made yet."""

from __future__ import annotations

from collections.abc import Callable

from phygui.curation.announcements import Announcements
from phygui.curation.edits.update import EditError, in_words
from phygui.curation.publishing import Outbox
from phygui.curation.statistics.preview import MERGED, Preview, preview
from phygui.curation.statistics.session_statistics import SessionStatistics
from phygui.curation.statistics.stats import Cancel
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.curation.suggestions.splitting.proposal import Proposal
from phygui.curation.turns import Turns, in_turn
from phygui.curation.workspace import Workspace


class SessionProposal:
    """Shows parts of the selected clusters as if they were clusters.

    That is no edit, and nothing that has to be taken back: it ends with whatever the session does
    next, be it a selection, an edit, an undo or a switch; a time range alone leaves it as it is.
    """

    def __init__(
        self,
        workspace: Workspace,
        statistics: SessionStatistics,
        outbox: Outbox,
        tell: Announcements,
        turns: Turns,
    ) -> None:
        self.turns = turns
        self._workspace = workspace
        self._statistics = statistics
        self._outbox = outbox
        self._tell = tell

    @property
    def proposal(self) -> Proposal | None:
        """The parts that are shown; None for the clusters as they are."""
        return self._outbox.shown.proposal

    @in_turn
    def propose(self, parts: Parts | None) -> None:
        """Show parts of the selected clusters in their place, or with None these again.

        Raises
        ------
        EditError
            If other clusters are selected, or these have changed since they were looked at.
        """
        workspace = self._workspace
        if parts is None:
            if self._outbox.proposal is None:
                return
            workspace.grow()
            self._outbox.proposal = None
        else:
            if set(parts.clusters) != set(workspace.active.selection.clusters):
                raise EditError(
                    f"these are parts of {in_words(parts.clusters)}: select just that to see them"
                )
            workspace.active.check_parts(parts)
            workspace.grow()
            next_id = workspace.active.clustering.next_id
            self._outbox.proposal = Proposal(parts, next_id, workspace.generation)
        self._outbox.post(self._tell.proposed.emit)

    def preview_job(self) -> Callable[[Cancel], Preview | None] | None:
        """What computes how each part would look, for any thread; None if there are no parts."""
        proposal = self.proposal
        if proposal is None or proposal.parts.n_parts < 2:
            return None
        knowledge, clusters = self._statistics.knowledge, proposal.parts.clusters
        snapshot = self._workspace.in_sight(proposal.snapshot(self._statistics.snapshot()))
        source = knowledge.source(snapshot)
        # Of a single cluster all is known already; several would have to be taken together.
        is_known = len(clusters) == 1 and snapshot.time_range is None
        whole = clusters[0] if is_known else -1
        stats = {MERGED: knowledge.stats[whole]} if knowledge.is_computed(whole) else {}
        metrics = {MERGED: knowledge.metrics[whole]} if whole in knowledge.metrics else {}

        def compute(cancelled: Cancel) -> Preview | None:
            ids = proposal.ids
            return preview(snapshot, ids, source, stats, metrics, cancelled, is_split=True)

        return compute
