"""The controller: everything that the window can do, as a Python API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.edits.comparison import change_to
from phygui.curation.edits.history import Memento
from phygui.curation.edits.parts import Parts
from phygui.curation.edits.update import EditError, Selection, Update
from phygui.curation.learning import Learning
from phygui.curation.navigation.wizard import Wizard
from phygui.curation.remarks import warn_caller
from phygui.curation.signals import Signal
from phygui.curation.turns import in_turn
from phygui.dataset import open_dataset
from phygui.storage.state.backups import Backup


class Session(Learning):
    """One dataset being curated.

    Open one with :meth:`open`. The methods that edit return the
    :class:`~phygui.curation.edits.update.Update` that they made; it is empty
    (``update.is_empty``) where all was so already. They raise
    :class:`~phygui.curation.edits.update.EditError` when the edit makes no sense.

    Several threads may edit a session: they take turns. Once a window shows
    it, it belongs to the thread of the window. A forked child may look at the
    session of its parent, and neither edit nor save it.

    What a listener of a signal raises is reported, and stops neither the edit
    nor the other listeners.

    Attributes
    ----------
    clustered : Signal
        Emitted with the update after every edit, undo and redo.
    selection_changed : Signal
        Emitted with the tuple of selected clusters.
    switched : Signal
        Emitted when another channel group or clustering has become the active one.
    saved : Signal
        Emitted with a :class:`Saved`.
    failed : Signal
        Emitted with one sentence when edits were taken back, since they cannot reach the disk.
    warned : Signal
        Emitted with one sentence, in any thread, when a quality or similarity function of a script
        is not used any more.
    stats_changed : Signal
        Emitted with the tuple of clusters of which something new is known.
    suggestions_changed : Signal
        Emitted when other merges are suggested.
    """

    clustered = Signal(Update)

    @classmethod
    def open(
        cls,
        path: str | Path,
        channel_group: int | None = None,
        clustering: str | None = None,
        *,
        read_only: bool = False,
        recover: bool | None = None,
        journal: bool = True,
    ) -> Session:
        """Open a ``.kwik`` file.

        One session at a time may write: if another one has the file open, this one is
        read-only, and ``read_only_reason`` tells who it is.

        Parameters
        ----------
        path : path
            The ``.kwik`` file.
        channel_group : int, optional
            The shank to start with; by default the first one that has clusters.
        clustering : str, optional
            The clustering to start with; by default ``main``.
        read_only : bool
            Never write anything near the dataset.
        recover : bool, optional
            Bring back the edits that an earlier session did not save (True), or keep them
            aside (False). By default they are only listed in ``unsaved_edits``, until the
            first edit: what was not asked for by then is kept aside, with a warning.
        journal : bool
            Write every edit to the disk before it is announced. Without it, what is not
            saved is lost with the process.

        Raises
        ------
        DatasetError
            If the file cannot be read, or edits cannot be brought back.
        """
        path = Path(path).expanduser().absolute()
        dataset = open_dataset(path)
        keeper = Keeper(path, read_only=read_only, journal=journal)
        try:
            session = cls(dataset, channel_group, clustering, keeper=keeper)
            keeper.compare(lambda key: session._fresh(key).state(copy=False))
            if recover:
                session.recover()
            elif recover is False:
                session.decline_recovery()
        except BaseException:
            keeper.close()
            raise
        return session

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        is_open, n = not self.turns.problem, self.n_unsaved
        self.close()
        if is_open and n:
            where = "they are in its journal: open it with recover=True to bring them back"
            if not self._keeper.has_journal:
                where = "they are lost, since it was opened without a journal"
            edits = "1 edit was" if n == 1 else f"{n} edits were"
            warn_caller(f"{self.path}: {edits} not saved; {where}")

    # -- clusters --------------------------------------------------------------------------

    @property
    def cluster_ids(self) -> NDArray[np.int64]:
        """Ids of the clusters that hold spikes, ascending, int64."""
        return self._active.clustering.cluster_ids

    @property
    def n_clusters(self) -> int:
        """Number of clusters that hold spikes."""
        return len(self._active.clustering.spikes_per_cluster)

    @property
    def spike_clusters(self) -> NDArray[np.int32]:
        """Cluster of each spike, (n_spikes,) int32, read-only."""
        return self._active.clustering.spike_clusters

    @property
    def cluster_groups(self) -> dict[int, str]:
        """Name of the group of every cluster: good, mua, noise, unsorted, or a custom one."""
        groups = self._active.groups
        return {int(c): groups.name_of(int(c)) for c in self.cluster_ids}

    @property
    def group_names(self) -> dict[int, str]:
        """Names of all cluster groups by number."""
        return self._active.groups.names

    @property
    def spikes_per_cluster(self) -> Mapping[int, NDArray[np.int64]]:
        """Sorted spike ids of every cluster; not to be written to."""
        return self._active.clustering.spikes_per_cluster

    def group_of(self, cluster_id: int) -> str:
        """Name of the group of one cluster."""
        return self._active.groups.name_of(cluster_id)

    def labels_of(self, cluster_id: int) -> Mapping[str, str]:
        """Labels of one cluster."""
        return self._active.labels[cluster_id]

    @property
    def wizard(self) -> Wizard:
        """The order in which clusters come."""
        return self._active.wizard

    # -- selection -------------------------------------------------------------------------

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
            self._active.clustering.spikes(cluster_id)
        self._set_selection(Selection(chosen, others))

    def next_best(self) -> None:
        """Select the next best cluster and its first match."""
        self._set_selection(self.wizard.step_best(self.selection, 1))

    def previous_best(self) -> None:
        """Select the previous best cluster and its first match."""
        self._set_selection(self.wizard.step_best(self.selection, -1))

    def next_match(self) -> None:
        """Select the next match of the best cluster."""
        self._set_selection(self.wizard.step_match(self.selection, 1))

    def previous_match(self) -> None:
        """Select the previous match of the best cluster."""
        self._set_selection(self.wizard.step_match(self.selection, -1))

    def first_best(self) -> None:
        """Select the first best cluster."""
        self._set_selection(self.wizard.end(self.selection, first=True))

    def last_best(self) -> None:
        """Select the last best cluster."""
        self._set_selection(self.wizard.end(self.selection, first=False))

    def drop_match(self) -> None:
        """Select the best clusters only."""
        self._set_selection(Selection(self.selection.best))

    def go_on(self, cluster_ids: Iterable[int]) -> None:
        """Select what would be selected after a move of some clusters to a group."""
        self._set_selection(self.wizard.after_move(cluster_ids, self.selection))

    def _set_selection(self, selection: Selection) -> None:
        with self.turns:
            active, before = self._active, self._active.selection
            if selection == before:
                return
            active.selection = selection
            self._generation += 1

            def take_back() -> None:
                active.selection = before

            self._outbox.post(
                lambda: self.selection_changed.emit(selection.clusters), take_back=take_back
            )

    # -- edits -----------------------------------------------------------------------------

    @in_turn
    def merge(self, cluster_ids: Iterable[int] | None = None) -> Update:
        """Make one new cluster of two or more; by default of the selected ones.

        The new cluster takes the group that was decided for some of them, if it is only one, else
        that of the largest; and the labels of the first one named.
        """
        ids = self.selected if cluster_ids is None else [int(c) for c in cluster_ids]
        return self._make(self._editable().merge(ids))

    @in_turn
    def split(self, spike_ids: ArrayLike) -> Update:
        """Make one new cluster of some spikes, and another of the rest of each touched cluster."""
        update = self._editable().clustering.split(spike_ids)
        return self._make(self._active.inherit(update))

    @in_turn
    def assign(self, spike_ids: ArrayLike, labels: ArrayLike) -> Update:
        """Make one new cluster of the spikes of each label, and of the rest of each touched one."""
        update = self._editable().clustering.assign(spike_ids, labels)
        return self._make(self._active.inherit(update))

    @in_turn
    def move(self, cluster_ids: Iterable[int], group: str | int) -> Update:
        """Put clusters into a group, given by name or number.

        Where all of them are in it, nothing is done: :meth:`go_on` selects what a move would have.
        """
        ids = self._existing(cluster_ids)
        return self._make(self._editable().groups.move(ids, group), moved=ids)

    @in_turn
    def label(self, cluster_ids: Iterable[int], key: str, value: str | None) -> Update:
        """Set a label of some clusters; None removes it."""
        return self._make(self._editable().labels.label(self._existing(cluster_ids), key, value))

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
        text = f"restored {backup.words}"
        curation, done = self._editable(), self.history[: self.history_position]

        def read() -> Callable[[], Update]:
            update = change_to(curation, self.state(backup), text)
            return lambda: make(update)

        def make(update: Update) -> Update:
            with self.turns:
                same = self._editable() is curation
                if not same or self.history[: self.history_position] != done:
                    raise EditError("nothing was restored: the clustering was edited meanwhile")
                return self._make(update)

        return read

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self._active.history.can_undo and self.is_editable

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to make again."""
        return self._active.history.can_redo and self.is_editable

    @property
    def history(self) -> tuple[Update, ...]:
        """All edits of the active clustering, oldest first, undone ones at the end."""
        return self._active.history.updates

    @property
    def history_position(self) -> int:
        """Number of edits in effect."""
        return self._active.history.position

    @property
    def saved_position(self) -> int | None:
        """Number of edits in effect in the file; None where undo and redo cannot lead."""
        return self._active.history.saved_position

    def tally_at(self, position: int) -> Mapping[int, int]:
        """Number of clusters in each group after so many edits; empty where it is not known."""
        return self.history[position - 1].tally if position else self._active.first_tally

    @in_turn
    def undo(self) -> Update:
        """Take the last edit back, selection included."""
        history = self._editable().history
        memento = history.memento()
        return self._apply(history.undo(), memento)

    @in_turn
    def redo(self) -> Update:
        """Make the last undone edit again."""
        history = self._editable().history
        memento = history.memento()
        return self._apply(history.redo(), memento)

    @in_turn
    def jump_to(self, position: int) -> None:
        """Undo or redo, step by step, until so many edits are in effect.

        Raises
        ------
        EditError
            If the history does not go there.
        """
        if not 0 <= position <= len(self.history):
            raise EditError(f"the history has {len(self.history)} edits, not {position}")
        while self.history_position > position:
            self.undo()
        while self.history_position < position:
            self.redo()

    def _existing(self, cluster_ids: Iterable[int]) -> list[int]:
        ids = [int(c) for c in cluster_ids]
        for cluster_id in ids:
            self._active.clustering.spikes(cluster_id)
        return ids

    def _make(self, update: Update, moved: Iterable[int] = ()) -> Update:
        """Make a new edit: apply it, choose what is selected next, remember it, announce it."""
        if update.is_empty:
            return update
        active, before = self._active, self._active.selection
        memento = active.history.memento()
        self._keeper.begin(active)
        active.apply(update)
        after = self.wizard.after(update, before, moved)
        update = replace(
            active.dated(update),
            before=Parts(update.before),
            after=Parts(update.after),
            selection_before=before,
            selection_after=after,
        )
        active.history.record(update)
        return self._announce(update, memento)

    def _apply(self, update: Update, memento: Memento) -> Update:
        """Apply a stored edit, forwards or backwards, and announce it."""
        try:
            # From the disk, if need be: before anything is changed.
            update = replace(update, after=dict(update.after.items()))
        except EditError:
            self._active.history.take_back(memento)
            raise
        self._keeper.begin(self._active)
        self._active.apply(update)
        return self._announce(update, memento)

    def _announce(self, update: Update, memento: Memento) -> Update:
        """Tell of an edit as soon as it is on the disk; take it back if it cannot get there."""
        active, before = self._active, self._active.selection
        active.selection = update.selection_after
        self._generation += 1

        def shown() -> None:
            place = note.result() if note is not None else None
            if place is not None and update.cause == "edit":
                active.history.on_disk(update, place)
            self.clustered.emit(update)
            self.selection_changed.emit(update.selection_after.clusters)

        def take_back() -> None:
            active.apply(update.reversed("undo"))
            active.history.take_back(memento)
            active.selection = before
            self._keeper.taken_back(active)
            self._generation += 1

        note = self._keeper.record(active, update)
        self._outbox.post(shown, note, take_back)
        return update

    def __repr__(self) -> str:
        return f"<Session {self.path.name}, group {self.channel_group}, {self.clustering}>"
