"""Where the user is: the selected clusters, those in sight, and the order in which they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from phygui.curation.announcements import Announcements
from phygui.curation.edits.update import Selection
from phygui.curation.navigation.cluster_list import ClusterList
from phygui.curation.navigation.columns import SIMILARITY, ClusterSource, columns
from phygui.curation.navigation.wizard import Wizard
from phygui.curation.publishing import Outbox
from phygui.curation.turns import Turns
from phygui.curation.workspace import Workspace


class SessionNavigation:
    """Selection and wizard of the active clustering, and what of it is in sight.

    Attributes
    ----------
    clusters : ClusterList
        All clusters; the walk over the best ones passes over what its filter hides.
    matches : ClusterList
        The candidates for the first best cluster.
    """

    def __init__(
        self,
        workspace: Workspace,
        outbox: Outbox,
        tell: Announcements,
        turns: Turns,
        now: ClusterSource,
    ) -> None:
        self.turns = turns
        self._workspace = workspace
        self._outbox = outbox
        self._tell = tell
        known = columns(workspace.measures.metrics.specs.values())
        self.clusters = ClusterList(lambda: outbox.shown, known, ("quality", False))
        # What is compared goes by its similarity: its quality shows only when asked for.
        others = (replace(c, hidden=c.hidden or c.name == "quality") for c in known[1:])
        self.matches = ClusterList(
            lambda: outbox.shown, (known[0], SIMILARITY, *others), ("similarity", False)
        )
        # A key goes on from the last edit, whether that is published or not. Another clustering's
        # wizard takes this over from the one before.
        self.wizard.is_in_sight = lambda cluster_id: self.clusters.passes(cluster_id, now)

    @property
    def wizard(self) -> Wizard:
        """The order in which clusters come."""
        return self._workspace.active.wizard

    @property
    def selection(self) -> Selection:
        """Selected clusters, best and match apart."""
        return self._workspace.active.selection

    @property
    def selected(self) -> list[int]:
        """Selected clusters, best then match."""
        return list(self.selection.clusters)

    def select(self, best: Iterable[int], match: Iterable[int] = ()) -> None:
        """Select clusters.

        Raises
        ------
        EditError
            If one of them does not exist.
        """
        chosen = tuple(dict.fromkeys(int(c) for c in best))
        others = tuple(c for c in dict.fromkeys(int(c) for c in match) if c not in chosen)
        for cluster_id in chosen + others:
            self._workspace.active.clustering.spikes(cluster_id)
        self._set(Selection(chosen, others))

    def next_best(self) -> None:
        """Select the next best cluster and its first match."""
        self._set(self.wizard.step_best(self.selection, 1))

    def previous_best(self) -> None:
        """Select the previous best cluster and its first match."""
        self._set(self.wizard.step_best(self.selection, -1))

    def next_match(self) -> None:
        """Select the next match of the best cluster."""
        self._set(self.wizard.step_match(self.selection, 1))

    def previous_match(self) -> None:
        """Select the previous match of the best cluster."""
        self._set(self.wizard.step_match(self.selection, -1))

    def first_best(self) -> None:
        """Select the first best cluster."""
        self._set(self.wizard.end(self.selection, first=True))

    def last_best(self) -> None:
        """Select the last best cluster."""
        self._set(self.wizard.end(self.selection, first=False))

    def drop_match(self) -> None:
        """Select the best clusters only."""
        self._set(Selection(self.selection.best))

    def go_on(self, cluster_ids: Iterable[int]) -> None:
        """Select what would be selected after a move of some clusters to a group."""
        self._set(self.wizard.after_move(cluster_ids, self.selection))

    def _set(self, selection: Selection) -> None:
        with self.turns:
            active, before = self._workspace.active, self._workspace.active.selection
            if selection == before:
                return
            active.selection = selection
            self._workspace.grow()

            def take_back() -> None:
                active.selection = before

            self._outbox.post(
                lambda: self._tell.selection_changed.emit(selection.clusters), take_back=take_back
            )
