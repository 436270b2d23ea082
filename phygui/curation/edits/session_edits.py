"""The edits of a session: what each asks of the active clustering, and hands to the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from phygui.curation.durability.session_journal import SessionJournal
from phygui.curation.durability.session_saves import SessionSaves
from phygui.curation.edits.comparison import change_to
from phygui.curation.edits.doubles import without_doubles_of
from phygui.curation.edits.history import History
from phygui.curation.edits.update import EditError, Update, in_words
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.curation.suggestions.splitting.where import where_parts
from phygui.curation.turns import Turns, in_turn
from phygui.curation.workspace import Workspace
from phygui.dataset import ClusteringState
from phygui.guards import cluster_ids_of
from phygui.storage.state.backups import Backup


class SessionEdits:
    """Makes edits of the active clustering, and takes them back.

    All of them return the :class:`~phygui.curation.edits.update.Update` that they made, and raise
    :class:`~phygui.curation.edits.update.EditError` when the edit makes no sense.
    """

    def __init__(
        self, workspace: Workspace, journal: SessionJournal, saves: SessionSaves, turns: Turns
    ) -> None:
        self.turns = turns
        self._workspace = workspace
        self._journal = journal
        self._saves = saves

    @in_turn
    def merge(
        self, cluster_ids: Iterable[int] | None = None, *, without_doubles: bool = False
    ) -> Update:
        """Make one new cluster of two or more; by default of the selected ones.

        The new cluster takes the group that was decided for some of them, if it is only one, else
        that of the largest; and the labels of the first one named.

        Parameters
        ----------
        cluster_ids : iterable of int, optional
        without_doubles : bool
            Whether spikes that were detected twice (:func:`phygui.analysis.doubles`) are in it
            once: the later ones become a cluster of noise, by the same edit.
        """
        selected = self._workspace.active.selection.clusters
        ids = selected if cluster_ids is None else cluster_ids_of(cluster_ids, EditError)
        curation, aside = self._workspace.editable(), None
        if without_doubles:
            parts = [curation.clustering.spikes(c) for c in dict.fromkeys(ids)]
            if parts:
                _, aside = without_doubles_of(self._workspace.shank, parts)
        return self._journal.make(curation.merge(ids, aside))

    @in_turn
    def set_doubles_aside(self, cluster_ids: Iterable[int] | None = None) -> Update:
        """Make one cluster of noise of the spikes that follow another of their cluster at once.

        Those are the same spikes, detected twice (:func:`phygui.analysis.doubles`). What is left
        of each cluster becomes a new one, which keeps its group and labels.

        Parameters
        ----------
        cluster_ids : iterable of int, optional
            By default the selected ones.

        Raises
        ------
        EditError
            If no spike of them was detected twice.
        """
        curation = self._workspace.editable()
        selected = curation.selection.clusters
        ids = list(selected) if cluster_ids is None else self._existing(cluster_ids)
        if not ids:
            raise EditError("no cluster is selected")
        told = [
            without_doubles_of(self._workspace.shank, [curation.clustering.spikes(c)])
            for c in dict.fromkeys(ids)
        ]
        found = [(kept, again) for kept, again in told if len(again)]
        if not found:
            whose = f"{'cluster' if len(ids) == 1 else 'clusters'} {in_words(ids)}"
            raise EditError(f"no spike of {whose} was detected twice")
        aside = np.sort(np.concatenate([again for _, again in found]))
        return self._journal.make(curation.set_aside([kept for kept, _ in found], aside))

    @in_turn
    def split(self, spike_ids: ArrayLike) -> Update:
        """Make one new cluster of some spikes, and another of the rest of each touched cluster."""
        curation = self._workspace.editable()
        return self._journal.make(curation.inherit(curation.clustering.split(spike_ids)))

    @in_turn
    def assign(self, spike_ids: ArrayLike, labels: ArrayLike) -> Update:
        """Make one new cluster of the spikes of each label, and of the rest of each touched one."""
        curation = self._workspace.editable()
        return self._journal.make(curation.inherit(curation.clustering.assign(spike_ids, labels)))

    @in_turn
    def split_into(self, parts: Parts) -> Update:
        """Make one new cluster of each part of a proposal; the clusters it is made of vanish.

        Raises
        ------
        EditError
            If there is only one part, or the clusters have changed since they were looked at.
        """
        return self._journal.make(self._workspace.editable().split_into(parts))

    def split_where(self, text: str, cluster_ids: Iterable[int] | None = None) -> Update:
        """Split clusters by a condition on their spikes; by default the selected ones.

        The spikes for which it holds become one new cluster, and the rest of each cluster that
        has such spikes another one. What is read is read here and now.

        Parameters
        ----------
        text : str
            Such as ``amplitude < 120 and time > 60``: attributes as they stand at axes.
        cluster_ids : iterable of int, optional

        Raises
        ------
        FilterError
            If the condition makes no sense.
        EditError
            If it would split nothing.
        """
        active = self._workspace.editable()
        ids = active.selection.clusters if cluster_ids is None else self._existing(cluster_ids)
        snapshot = self._workspace.state_now().snapshot()
        parts = where_parts(snapshot, text, tuple(ids), snapshot.stats)(lambda: False)
        assert parts is not None
        return self.split_into(parts)

    @in_turn
    def move(self, cluster_ids: Iterable[int], group: str | int, *, add: bool = False) -> Update:
        """Put clusters into a group, given by name or number.

        With `add`, a group of this name that is not there yet is added, by the same edit.
        Where all of them are in it, nothing is done: :meth:`go_on` selects what a move would have.
        """
        if isinstance(cluster_ids, str) and not isinstance(group, str):
            raise EditError(f"clusters come first, then their group: move([8], {cluster_ids!r})")
        ids = self._existing(cluster_ids)
        update = self._workspace.editable().groups.move(ids, group, add=add)
        return self._journal.make(update, moved=ids)

    @in_turn
    def move_each(self, groups: Mapping[int, str | int]) -> Update:
        """Put each cluster into a group of its own, given by name or number, as one edit."""
        if not isinstance(groups, Mapping):
            raise EditError("move_each takes the group of each cluster: move_each({8: 'good'})")
        ids = self._existing(groups)
        wanted = dict(zip(ids, groups.values(), strict=True))
        return self._journal.make(self._workspace.editable().groups.move_each(wanted), moved=ids)

    @in_turn
    def add_group(self, name: str) -> Update:
        """Add a group that clusters can be moved to; where there is one, nothing is done."""
        return self._journal.make(self._workspace.editable().groups.add(name))

    @in_turn
    def remove_group(self, name: str) -> Update:
        """Remove a group that was added, once no cluster is in it.

        Raises
        ------
        EditError
            If there is no such group, every dataset has it, or a cluster is in it.
        """
        curation = self._workspace.editable()
        return self._journal.make(curation.groups.remove(name, curation.cluster_ids.tolist()))

    @in_turn
    def become(self, state: ClusteringState, description: str = "changed to a state") -> Update:
        """Make the active clustering what a state says, ids included; an edit like any other.

        Raises
        ------
        EditError
            If it is about other spikes.
        """
        return self._journal.make(change_to(self._workspace.editable(), state, description))

    @in_turn
    def reserve(self, largest_id: int) -> None:
        """Never give a new cluster an id up to this one."""
        self._workspace.editable().clustering.reserve(largest_id)

    @in_turn
    def label(self, cluster_ids: Iterable[int], key: str, value: str | None) -> Update:
        """Set a label of some clusters; None removes it.

        Raises
        ------
        EditError
            If there is no such cluster, or key and value are no texts.
        """
        if isinstance(cluster_ids, str):
            raise EditError(
                f"clusters come first, then the label: label([8], {cluster_ids!r}, 'yes')"
            )
        for text in (key, "" if value is None else value):
            if not isinstance(text, str):
                raise EditError(f"a label is text: write {str(text)!r}, not {text!r}")
        ids = self._existing(cluster_ids)
        return self._journal.make(self._workspace.editable().labels.label(ids, key, value))

    def _existing(self, cluster_ids: Iterable[int]) -> list[int]:
        ids = cluster_ids_of(cluster_ids, EditError)
        for cluster_id in ids:
            self._workspace.active.clustering.spikes(cluster_id)
        return ids

    @in_turn
    def restore(self, backup: Backup) -> Update:
        """Make the active clustering what it was in a backup; an edit like any other.

        Raises
        ------
        DatasetError
            If the backup is damaged, or holds nothing of this clustering.
        """
        return self.restore_job(backup)()()

    @in_turn
    def restore_job(self, backup: Backup) -> Callable[[], Callable[[], Update]]:
        """The work of :meth:`restore`, for any thread; it returns what makes the edit in this one.

        Raises
        ------
        DatasetError
            As :meth:`restore`, where it reads.
        EditError
            If something else was edited before the edit is made.
        """
        if not isinstance(backup, Backup):
            raise EditError(f"{backup!r} was given, expected one of session.backups()")
        curation = self._workspace.editable()
        done = curation.history.in_effect

        def read() -> Callable[[], Update]:
            update = change_to(curation, self._saves.state(backup), f"restored {backup.words}")
            return lambda: make(update)

        def make(update: Update) -> Update:
            with self.turns:
                same = self._workspace.editable() is curation
                if not same or curation.history.in_effect != done:
                    raise EditError("nothing was restored: the clustering was edited meanwhile")
                return self._journal.make(update)

        return read

    # -- history -----------------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self._history.can_undo and self._workspace.is_editable

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to make again."""
        return self._history.can_redo and self._workspace.is_editable

    @property
    def history(self) -> tuple[Update, ...]:
        """All edits of the active clustering, oldest first, undone ones at the end."""
        return self._history.updates

    @property
    def history_position(self) -> int:
        """Number of edits in effect."""
        return self._history.position

    @property
    def saved_position(self) -> int | None:
        """Number of edits in effect in the file; None where undo and redo cannot lead."""
        return self._history.saved_position

    @property
    def _history(self) -> History:
        return self._workspace.active.history

    def tally_at(self, position: int) -> Mapping[int, int]:
        """Number of clusters in each group after so many edits; empty where it is not known."""
        return self._workspace.active.tally_at(position)

    @in_turn
    def undo(self) -> Update:
        """Take the last edit back, selection included."""
        return self._journal.undo()

    @in_turn
    def redo(self) -> Update:
        """Make the last undone edit again."""
        return self._journal.redo()

    @in_turn
    def jump_to(self, position: int) -> None:
        """Undo or redo until so many edits are in effect; it is announced as one change.

        Raises
        ------
        EditError
            If the history does not go there.
        """
        self._journal.jump(position)
