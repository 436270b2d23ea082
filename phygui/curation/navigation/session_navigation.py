"""Where the user is: the selected clusters, those in sight, and the order in which they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from phygui.curation.announcements import Announcements
from phygui.curation.edits.update import EditError, Selection
from phygui.curation.navigation.cluster_list import ClusterList
from phygui.curation.navigation.columns import SIMILARITY, ClusterSource, columns
from phygui.curation.navigation.wizard import Ranking, Wizard
from phygui.curation.publishing import Outbox
from phygui.curation.turns import Turns
from phygui.curation.workspace import Workspace
from phygui.guards import cluster_ids_of


class SessionNavigation:
    """Selection and wizard of the active clustering, and what of it is in sight.

    Attributes
    ----------
    clusters : ClusterList
        All clusters; the walk over the best ones goes by its order and its filter.
    matches : ClusterList
        The candidates for the first best cluster, likewise.
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
        # Another clustering's wizard takes this over from the one before.
        self.wizard.lists = ListsNow(self.clusters, self.matches, now)

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
        chosen = tuple(dict.fromkeys(cluster_ids_of(best, EditError)))
        known = frozenset(chosen)
        others = tuple(c for c in dict.fromkeys(cluster_ids_of(match, EditError)) if c not in known)
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

    def first_matches(self, n: int) -> int:
        """Select the most similar clusters, without those that are passed over; how many."""
        best = self.selection.best
        queue = self.wizard.match_queue(best[0]) if best else []
        found = tuple([c for c in queue if c not in best][:n])
        if found:
            self._set(Selection(best, found))
        return len(found)

    def send(self, cluster_id: int) -> None:
        """Make a best cluster a match, or any other one of the best.

        The only best cluster changes places with the first match.

        Raises
        ------
        EditError
            If it does not exist, or there is no other cluster to be best.
        """
        self._workspace.active.clustering.spikes(cluster_id)
        best, match = self.selection.best, self.selection.match
        if cluster_id not in best:
            others = tuple(c for c in match if c != cluster_id)
            self._set(Selection((*best, cluster_id), others))
        elif len(best) > 1:
            self._set(Selection(tuple(c for c in best if c != cluster_id), (cluster_id, *match)))
        elif match:
            self._set(Selection(match[:1], (cluster_id, *match[1:])))
        else:
            raise EditError(f"{cluster_id} is all that is selected: one cluster has to be best")

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


class ListsNow:
    """The lists as the tables show them, of the clusters as the last edit left them.

    A key goes on from the last edit, whether that is published or not.

    Parameters
    ----------
    clusters, matches : ClusterList
    now : ClusterSource
        The session itself, which can be ahead of what is shown.
    """

    def __init__(self, clusters: ClusterList, matches: ClusterList, now: ClusterSource) -> None:
        self._clusters, self._matches, self._now = clusters, matches, now

    def clusters(self) -> list[int]:
        """All living clusters in their order, also those that are hidden."""
        keys = self._clusters.keys(list(self._now.spikes_per_cluster), self._now)
        return [key[-1] for key in sorted(keys)]

    def matches(self, ranking: Ranking) -> list[int]:
        """The candidates of a ranking in their order, without those that are hidden."""
        now, rows, similarity = self._now, self._matches, dict(ranking)
        ids = [c for c in similarity if rows.passes(c, now)]
        keys = rows.keys(ids, now, {SIMILARITY.name: similarity})
        return [key[-1] for key in sorted(keys)]

    def is_in_sight(self, cluster_id: int) -> bool:
        """Whether a living cluster is not hidden."""
        return self._clusters.passes(cluster_id, self._now)

    def has_place(self, cluster_id: int) -> bool:
        """Whether it is known where a living cluster stands."""
        return self._clusters.has_place(cluster_id, self._now)
