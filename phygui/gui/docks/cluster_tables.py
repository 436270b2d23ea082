"""The cluster table and the similarity table, following the session row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtGui import QColor

from phygui.curation.edits.update import Update
from phygui.curation.session import Session
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import current_theme
from phygui.gui.docks.dock import Dock
from phygui.gui.tables.cluster_table import ClusterTable
from phygui.views.core.colors import cluster_color

NONE_SELECTED = "select a cluster to see what is similar to it"
Attempt = Callable[[Callable[[], object]], None]


class Tables:
    """Keeps two tables up to date with a session, and the session's selection with the user's.

    An edit changes the rows that it names. The similarity table is filled anew
    only when another cluster is the first best one.
    """

    def __init__(self, session: Session, attempt: Attempt) -> None:
        self._session = session
        self._similar_to: int | None = None
        self._matches: tuple[int, ...] = ()
        """Selected matches, when they were last shown."""
        navigation = session.navigation
        self.clusters = ClusterTable(
            session, navigation.clusters, self._color_of, hint="no clusters in this clustering"
        )
        self.matches = ClusterTable(
            session,
            navigation.matches,
            self._color_of,
            hint=NONE_SELECTED,
            with_filter=False,
        )
        self.docks = {
            "clusters": Dock("clusters", "Clusters", self.clusters),
            "similarity": Dock("similarity", "Similar clusters", self.matches, tab="Similar"),
        }
        self.clusters.chosen.connect(lambda ids: attempt(lambda: session.select(ids)))
        self.matches.chosen.connect(
            lambda ids: attempt(lambda: session.select(session.selection.best, ids))
        )

    def _color_of(self, cluster_id: int) -> QColor | None:
        shown = self._session.shown
        selected = shown.selection.clusters
        in_parts = shown.proposal is not None and shown.proposal.parts.n_parts > 1
        # The colours are those of the parts, as long as these are shown.
        if cluster_id not in selected or in_parts:
            return None
        if own := shown.color_of(cluster_id):
            return QColor(own)
        return QColor(*cluster_color(selected.index(cluster_id), current_theme()))

    # -- following the session ---------------------------------------------------------------

    def reload(self) -> None:
        """Another clustering, or anything may have changed."""
        self._set_labels()
        self.clusters.set_clusters(self._session.shown.spikes_per_cluster)
        self._fill_matches()
        self.select()

    def update(self, update: Update) -> None:
        """An edit has been made; what is selected after it is told by :meth:`select`."""
        self.clusters.replace(update.deleted, update.added, update.changed)
        if update.labels_before or update.labels_after:
            self._set_labels()
        if self._best == self._similar_to:
            self._replace_matches(update.deleted, (*update.added, *update.changed))

    def _set_labels(self) -> None:
        """A column for each key of a label that any cluster has."""
        keys = [column.title for column in self._session.navigation.clusters.label_columns()]
        self.clusters.set_labels(keys, shown=True)
        self.matches.set_labels(keys, shown=False)

    def learn(self, cluster_ids: Iterable[int]) -> None:
        """Something new is known of some clusters."""
        ids = tuple(cluster_ids)
        self.clusters.replace((), (), ids)
        if self._best in ids or self._best != self._similar_to:
            self._fill_matches()
            self.matches.set_selected(self._session.shown.selection.match)
        else:
            self._replace_matches((), ids)
            self._say_how_far()

    def _say_how_far(self) -> None:
        """Say why clusters are not listed, and how far it is with what is needed to do so."""
        knowledge, best = self._session.shown.knowledge, self._best
        n, missing = len(self._session.shown.spikes_per_cluster), len(knowledge.missing_stats())
        how_far = f"statistics {round(100 * (n - missing) / max(n, 1))}%"
        if best is None:
            self.matches.set_hint(NONE_SELECTED)
        elif n < 2:
            self.matches.set_hint("there is no other cluster")
        elif missing:
            self.matches.set_hint(f"{how_far}: what is similar to {best} is to come", how_far)
        elif knowledge.is_awaited:
            self.matches.set_hint(f"what is similar to {best} is being computed")
        else:
            self.matches.set_hint(f"nothing can be compared with {best}")

    def select(self) -> None:
        """The selection has changed."""
        selection = self._session.shown.selection
        # A match has its colour in the table of all clusters too, and loses it there.
        self.clusters.model.refresh_color({*self._matches, *selection.match})
        self._matches = selection.match
        self.clusters.set_selected(selection.best)
        if self._best != self._similar_to:
            self._fill_matches()
            # The most similar ones are to be seen, wherever the list of another one was.
            self.matches.view.scrollToTop()
        self.matches.set_selected(selection.match)

    @property
    def _best(self) -> int | None:
        best = self._session.shown.selection.best
        return best[0] if best else None

    def _fill_matches(self) -> None:
        """Rows of the similarity table: the candidates for the first best cluster."""
        self._similar_to = self._best
        self.matches.set_clusters(c for c, _ in self._session.shown.similar())
        self._say_how_far()
        best = self._similar_to
        title = "Similar clusters" if best is None else f"Similar to {best}"
        self.docks["similarity"].title_bar.label.setText(title)

    def _replace_matches(self, deleted: Iterable[int], changed: Iterable[int]) -> None:
        """Rewrite some rows: clusters whose similarity is known have one, the others none."""
        shown = self._session.shown
        candidates = [
            c
            for c in changed
            if c in shown.spikes_per_cluster and shown.similarity_of(c) is not None
        ]
        self.matches.replace(deleted, candidates, ())

    # -- what is remembered ------------------------------------------------------------------

    def remember(self, settings: Settings) -> None:
        """Keep columns for the next start, and filter and order for the next of this dataset."""
        lists = {}
        for name, table in self._named:
            settings.set(f"tables/{name}", table.columns.state())
            lists[name] = table.list_state()
        settings.set_of_dataset("lists", self._session.path, lists)

    def restore(self, settings: Settings) -> None:
        """Bring back what :meth:`remember` kept."""
        self._set_labels()
        lists = settings.of_dataset("lists", self._session.path)
        for name, table in self._named:
            columns = settings.get(f"tables/{name}")
            if isinstance(columns, dict):
                table.columns.restore(columns)
            if name in lists:
                table.restore_list(lists[name])

    @property
    def _named(self) -> tuple[tuple[str, ClusterTable], ...]:
        return ("clusters", self.clusters), ("similarity", self.matches)
