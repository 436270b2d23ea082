"""The controller: everything that the window can do, as a Python API."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.analysis import Metric
from phygui.curation.announcements import Announcements
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.recovery import UnsavedEdit
from phygui.curation.durability.session_journal import SessionJournal
from phygui.curation.durability.session_saves import SessionSaves
from phygui.curation.durability.writer import Saved
from phygui.curation.edits.comparison import change_to
from phygui.curation.edits.update import EditError, Selection, Update
from phygui.curation.navigation.session_navigation import SessionNavigation
from phygui.curation.navigation.wizard import Ranking, Wizard
from phygui.curation.publishing import Action, Outbox
from phygui.curation.remarks import warn_caller
from phygui.curation.shown import Shown
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.statistics.session_statistics import SessionStatistics
from phygui.curation.statistics.session_suggestions import SessionSuggestions
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.turns import Turns, in_turn
from phygui.curation.workspace import Workspace
from phygui.dataset import ClusteringState, Dataset, ShankData, open_dataset
from phygui.storage.state.backups import Backup


class Session:
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

    What it is made of can be read, tested and replaced alone. The methods here are
    those of its public API; the window uses the parts too.

    Attributes
    ----------
    workspace : Workspace
        Channel groups and clusterings, and which is active.
    journal : SessionJournal
        The way of an edit to the disk, and what an earlier session left.
    saves : SessionSaves
        Saving, copies and backups.
    statistics : SessionStatistics
        What is known of the clusters.
    suggestions : SessionSuggestions
        Pairs of clusters that may be one unit.
    navigation : SessionNavigation
        Selection, and the order in which clusters come.
    turns : Turns
        Whose turn it is to change something.
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

    def __init__(
        self,
        dataset: Dataset,
        channel_group: int | None = None,
        clustering: str | None = None,
        *,
        keeper: Keeper | None = None,
    ) -> None:
        keeper = keeper or Keeper(dataset.path, journal=False, lock=False)
        keeper.on_aside = self._kept_aside
        self._outbox = outbox = Outbox(self._fail)
        self._tell = tell = Announcements()
        self.turns = turns = Turns()
        self.workspace = Workspace(
            dataset,
            channel_group,
            clustering,
            keeper=keeper,
            outbox=outbox,
            tell=tell,
            turns=turns,
        )
        outbox.begin(self.workspace.state_now)
        self.journal = SessionJournal(self.workspace, keeper, outbox, tell, turns)
        self.saves = SessionSaves(self.workspace, self.journal, tell, turns)
        self.statistics = SessionStatistics(self.workspace, keeper, tell)
        self.suggestions = SessionSuggestions(self.workspace, self.statistics, keeper, tell)
        self.navigation = SessionNavigation(self.workspace, outbox, tell, turns, self)
        self.clustered, self.selection_changed = tell.clustered, tell.selection_changed
        self.switched, self.saved = tell.switched, tell.saved
        self.failed, self.warned = tell.failed, tell.warned
        self.stats_changed = tell.stats_changed
        self.suggestions_changed = tell.suggestions_changed

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
        """Open a dataset of any known format.

        One session at a time may write: if another one has the dataset open, this one is
        read-only, and ``read_only_reason`` tells who it is.

        Parameters
        ----------
        path : path
            Its file or folder.
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
            keeper.compare(lambda key: session.workspace.fresh(key).state(copy=False))
            if recover:
                session.recover()
            elif recover is False:
                session.decline_recovery()
        except BaseException:
            keeper.close()
            raise
        return session

    def close(self, *, discard: bool = False) -> None:
        """Close the files; edits and saves are refused from then on.

        Unsaved edits stay in the journal, and the next session offers them again.

        Parameters
        ----------
        discard : bool
            They are not wanted: keep them aside instead.
        """
        try:
            # A forked child has files of its own to close, and nothing else.
            if self.turns.is_ours:
                with self.turns:
                    if not self.is_closed:
                        self._outbox.deliver(wait=True)
                        self.saves.finish()
                        self.turns.is_closed = True
                        self.journal.close(discard=discard)
        finally:
            self.workspace.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        is_open, n = not self.turns.problem, self.n_unsaved
        self.close()
        if is_open and n:
            where = "they are in its journal: open it with recover=True to bring them back"
            if not self.journal.keeper.has_journal:
                where = "they are lost, since it was opened without a journal"
            edits = "1 edit was" if n == 1 else f"{n} edits were"
            warn_caller(f"{self.path}: {edits} not saved; {where}")

    # -- where we are ----------------------------------------------------------------------

    @property
    def dispatch(self) -> Callable[[Action], None] | None:
        """Runs a function later in the thread of the window; set by the window.

        With it, edits return before they are on the disk, and are announced when they are.
        Without it they wait.
        """
        return self._outbox.dispatch

    @dispatch.setter
    def dispatch(self, dispatch: Callable[[Action], None] | None) -> None:
        self._outbox.dispatch = dispatch
        # What is announced reaches the widgets of that thread.
        self.turns.thread = None if dispatch is None else threading.get_ident()

    @property
    def shown(self) -> Shown:
        """The state that was published last; the session can be ahead of it by some edits."""
        return self._outbox.shown

    @property
    def dataset(self) -> Dataset:
        """What is curated."""
        return self.workspace.dataset

    @property
    def path(self) -> Path:
        """The dataset's file or folder."""
        return self.workspace.path

    kwik_path = path

    @property
    def shank(self) -> ShankData:
        """The data of the active channel group."""
        return self.workspace.shank

    @property
    def model(self) -> Any:
        """The format's own reader of the active channel group, for scripts."""
        return self.workspace.shank.reader

    @property
    def channel_group(self) -> int:
        """The active channel group."""
        return self.workspace.active.channel_group

    @property
    def clustering(self) -> str:
        """The active clustering."""
        return self.workspace.active.name

    @property
    def clusterings(self) -> list[str]:
        """Clusterings of the active channel group, the usual one first."""
        return self.workspace.clusterings

    @property
    def generation(self) -> int:
        """Grows with every edit and every selection."""
        return self.workspace.generation

    @property
    def read_only(self) -> bool:
        """Whether nothing may be edited or saved."""
        return self.journal.keeper.read_only

    @property
    def read_only_reason(self) -> str:
        """Why, in half a sentence: opened so, or open elsewhere, by whom and since when."""
        return self.journal.keeper.reason

    @property
    def is_closed(self) -> bool:
        """Whether the session is closed; it can be looked at, and not edited or saved."""
        return self.turns.is_closed

    @property
    def is_editable(self) -> bool:
        """Whether the active clustering may be edited; the sorter's own never is."""
        return self.workspace.is_editable

    @property
    def locked_reason(self) -> str:
        """Why the active clustering may not be edited, in one sentence; empty if it may."""
        return self.workspace.locked_reason

    def set_editable(self, editable: bool) -> None:
        """Let the active clustering be edited, or protect it; kept for later sessions."""
        self.workspace.set_editable(editable)

    def switch(self, channel_group: int | None = None, clustering: str | None = None) -> None:
        """Make another channel group or clustering the active one; each keeps its own edits.

        Without a name, a channel group opens with the clustering that was active there last, or
        with that of the same name as the active one.

        Raises
        ------
        DatasetError
            If the file has no such channel group or clustering.
        """
        self.workspace.switch_job(channel_group, clustering)()()

    def change_channel_group(self, channel_group: int) -> None:
        """Switch to a channel group."""
        self.switch(channel_group=channel_group)

    def change_clustering(self, clustering: str) -> None:
        """Switch to a clustering."""
        self.switch(clustering=clustering)

    def copy_clustering(self, new_name: str) -> None:
        """Write the active clustering as it is now under another name, durably.

        Raises
        ------
        DatasetError
            If the name is impossible, or the file cannot be written; it is then as it was.
        """
        job = self.saves.clustering_copy_job(new_name)
        job.run()
        job.finish()

    def locate(self, what: str, path: str | Path | list[str | Path]) -> None:
        """Say where data is that was not found; it is remembered, and not written into the file.

        Parameters
        ----------
        what : ``"traces"`` or ``"features"``
        path : path
            The file, or the folder of the raw data. A list of files, one a recording, where
            there are several.

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
        opens = self.workspace.locate_job(what, path)

        def read() -> Callable[[], None]:
            opens()
            return self._show_located

        return read

    def _show_located(self) -> None:
        """What was computed without the data that is there now is void."""
        self.statistics.forget()
        self.suggestions.forget()
        self.workspace.generation += 1
        self._outbox.refresh()
        self.workspace.tell_switched()

    # -- clusters --------------------------------------------------------------------------

    @property
    def cluster_ids(self) -> NDArray[np.int64]:
        """Ids of the clusters that hold spikes, ascending, int64."""
        return self.workspace.active.clustering.cluster_ids

    @property
    def n_clusters(self) -> int:
        """Number of clusters that hold spikes."""
        return len(self.workspace.active.clustering.spikes_per_cluster)

    @property
    def spike_clusters(self) -> NDArray[np.int32]:
        """Cluster of each spike, (n_spikes,) int32, read-only."""
        return self.workspace.active.clustering.spike_clusters

    @property
    def cluster_groups(self) -> dict[int, str]:
        """Name of the group of every cluster: good, mua, noise, unsorted, or a custom one."""
        groups = self.workspace.active.groups
        return {int(c): groups.name_of(int(c)) for c in self.cluster_ids}

    @property
    def group_names(self) -> dict[int, str]:
        """Names of all cluster groups by number."""
        return self.workspace.active.groups.names

    @property
    def spikes_per_cluster(self) -> Mapping[int, NDArray[np.int64]]:
        """Sorted spike ids of every cluster; not to be written to."""
        return self.workspace.active.clustering.spikes_per_cluster

    def group_of(self, cluster_id: int) -> str:
        """Name of the group of one cluster."""
        return self.workspace.active.groups.name_of(cluster_id)

    def labels_of(self, cluster_id: int) -> Mapping[str, str]:
        """Labels of one cluster."""
        return self.workspace.active.labels[cluster_id]

    # -- what is known of the clusters -----------------------------------------------------

    @property
    def stats(self) -> Mapping[int, ClusterStats]:
        """What is known of each cluster; grows as it is computed."""
        return self.workspace.active.knowledge.stats

    @property
    def metrics(self) -> Mapping[int, Mapping[str, Metric]]:
        """Quality metrics of each cluster by name; grows as they are computed."""
        return self.workspace.active.knowledge.metrics

    @property
    def knowledge(self) -> Knowledge:
        """Statistics and metrics of the active clustering, and the rankings they give."""
        return self.workspace.active.knowledge

    @property
    def measures(self) -> Measures:
        """What quality and similarity are, in all clusterings."""
        return self.workspace.measures

    def snapshot(self) -> Snapshot:
        """What a worker thread may see of the session as it is now."""
        return self.statistics.snapshot()

    def similar(self) -> Ranking:
        """Candidates for the first best cluster, most similar first."""
        return self.statistics.similar()

    def similarity_of(self, cluster_id: int) -> float | None:
        """Similarity of a cluster to the first best one, 0 to 1; None where it is not known."""
        return self.statistics.similarity_of(cluster_id)

    def learn_stats(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Compute stats here and now, cluster by cluster, until `stop` returns true."""
        self.statistics.compute_stats(stop)

    def learn_all(self) -> None:
        """Compute all stats and metrics here and now; the window does it in a worker."""
        self.statistics.compute_all()

    def suggest_all(self) -> None:
        """Compute all stats and suggestions here and now; the window does it in a worker."""
        self.suggestions.compute_all()

    def reject(self, clusters: Iterable[int], *, rejected: bool = True) -> None:
        """Do not suggest to merge two clusters any more, or do so again; kept for later sessions.

        That is no edit: nothing of the clustering changes.
        """
        self.suggestions.reject(clusters, rejected=rejected)

    # -- selection -------------------------------------------------------------------------

    @property
    def wizard(self) -> Wizard:
        """The order in which clusters come."""
        return self.navigation.wizard

    @property
    def selection(self) -> Selection:
        """Selected clusters, best and match apart."""
        return self.navigation.selection

    @property
    def selected(self) -> list[int]:
        """Selected clusters, best then match."""
        return list(self.navigation.selection.clusters)

    def select(self, best: Iterable[int], match: Iterable[int] = ()) -> None:
        """Select clusters.

        Raises
        ------
        EditError
            If one of them does not exist.
        """
        self.navigation.select(best, match)

    def next_best(self) -> None:
        """Select the next best cluster and its first match."""
        self.navigation.step_best(1)

    def previous_best(self) -> None:
        """Select the previous best cluster and its first match."""
        self.navigation.step_best(-1)

    def next_match(self) -> None:
        """Select the next match of the best cluster."""
        self.navigation.step_match(1)

    def previous_match(self) -> None:
        """Select the previous match of the best cluster."""
        self.navigation.step_match(-1)

    def first_best(self) -> None:
        """Select the first best cluster."""
        self.navigation.end(first=True)

    def last_best(self) -> None:
        """Select the last best cluster."""
        self.navigation.end(first=False)

    def drop_match(self) -> None:
        """Select the best clusters only."""
        self.navigation.drop_match()

    def go_on(self, cluster_ids: Iterable[int]) -> None:
        """Select what would be selected after a move of some clusters to a group."""
        self.navigation.go_on(cluster_ids)

    # -- edits -----------------------------------------------------------------------------

    @in_turn
    def merge(self, cluster_ids: Iterable[int] | None = None) -> Update:
        """Make one new cluster of two or more; by default of the selected ones.

        The new cluster takes the group that was decided for some of them, if it is only one, else
        that of the largest; and the labels of the first one named.
        """
        ids = self.selected if cluster_ids is None else [int(c) for c in cluster_ids]
        return self.journal.make(self.workspace.editable().merge(ids))

    @in_turn
    def split(self, spike_ids: ArrayLike) -> Update:
        """Make one new cluster of some spikes, and another of the rest of each touched cluster."""
        update = self.workspace.editable().clustering.split(spike_ids)
        return self.journal.make(self.workspace.active.inherit(update))

    @in_turn
    def assign(self, spike_ids: ArrayLike, labels: ArrayLike) -> Update:
        """Make one new cluster of the spikes of each label, and of the rest of each touched one."""
        update = self.workspace.editable().clustering.assign(spike_ids, labels)
        return self.journal.make(self.workspace.active.inherit(update))

    @in_turn
    def move(self, cluster_ids: Iterable[int], group: str | int) -> Update:
        """Put clusters into a group, given by name or number.

        Where all of them are in it, nothing is done: :meth:`go_on` selects what a move would have.
        """
        ids = self._existing(cluster_ids)
        return self.journal.make(self.workspace.editable().groups.move(ids, group), moved=ids)

    @in_turn
    def label(self, cluster_ids: Iterable[int], key: str, value: str | None) -> Update:
        """Set a label of some clusters; None removes it."""
        return self.journal.make(
            self.workspace.editable().labels.label(self._existing(cluster_ids), key, value)
        )

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
        curation, done = self.workspace.editable(), self.history[: self.history_position]

        def read() -> Callable[[], Update]:
            update = change_to(curation, self.state(backup), text)
            return lambda: make(update)

        def make(update: Update) -> Update:
            with self.turns:
                same = self.workspace.editable() is curation
                if not same or self.history[: self.history_position] != done:
                    raise EditError("nothing was restored: the clustering was edited meanwhile")
                return self.journal.make(update)

        return read

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self.workspace.active.history.can_undo and self.is_editable

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to make again."""
        return self.workspace.active.history.can_redo and self.is_editable

    @property
    def history(self) -> tuple[Update, ...]:
        """All edits of the active clustering, oldest first, undone ones at the end."""
        return self.workspace.active.history.updates

    @property
    def history_position(self) -> int:
        """Number of edits in effect."""
        return self.workspace.active.history.position

    @property
    def saved_position(self) -> int | None:
        """Number of edits in effect in the file; None where undo and redo cannot lead."""
        return self.workspace.active.history.saved_position

    def tally_at(self, position: int) -> Mapping[int, int]:
        """Number of clusters in each group after so many edits; empty where it is not known."""
        return self.history[position - 1].tally if position else self.workspace.active.first_tally

    @in_turn
    def undo(self) -> Update:
        """Take the last edit back, selection included."""
        return self.journal.undo()

    @in_turn
    def redo(self) -> Update:
        """Make the last undone edit again."""
        return self.journal.redo()

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
            self.workspace.active.clustering.spikes(cluster_id)
        return ids

    # -- saving ----------------------------------------------------------------------------

    @property
    def is_modified(self) -> bool:
        """Whether any clustering has edits that are not in the file."""
        return bool(self.workspace.modified())

    has_unsaved_changes = is_modified

    @property
    def n_unsaved(self) -> int:
        """Number of edits that are not in the file."""
        return self.journal.n_unsaved

    @in_turn
    def save(self, *, overwrite: bool = False) -> list[Saved]:
        """Write every modified clustering into the file, all at once.

        Parameters
        ----------
        overwrite : bool
            Write also if another program has changed the file.

        Raises
        ------
        ChangedOnDisk
            If another program has changed the file since it was read.
        DatasetError
            If the file cannot be written; it is then as it was before.
        """
        done = []
        for job in self.saves.jobs(overwrite=overwrite):
            job.run()
            done.append(job.finish())
        return done

    def save_copy(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the file with all edits in it to another place; nothing here counts as saved.

        Raises
        ------
        DatasetError
            If that fails, or something is there and is not to be overwritten.
        """
        return self.saves.file_copy_job(path, overwrite=overwrite)()

    def changed_on_disk(self) -> bool:
        """Whether another program has changed what is edited here since it was read or saved."""
        return self.saves.changed_on_disk()

    def backups(self) -> list[Backup]:
        """The last saved states, newest first, and the unedited one as the last of them."""
        return self.saves.backups()

    def state(self, backup: Backup | None = None) -> ClusteringState:
        """The active clustering as it is now, whatever edits follow, or as it was in a backup.

        Raises
        ------
        DatasetError
            If the backup is damaged, or holds nothing of this clustering.
        """
        return self.workspace.active.state() if backup is None else self.saves.state(backup)

    def state_in_file(self) -> ClusteringState:
        """The active clustering as the file holds it now.

        Raises
        ------
        DatasetError
            If it cannot be read.
        """
        return self.workspace.state_in_file_job()()

    # -- what an earlier session left ------------------------------------------------------

    @property
    def unsaved_edits(self) -> list[UnsavedEdit]:
        """Edits of an earlier session that are not in the file, oldest first."""
        return self.journal.keeper.unsaved_edits

    @property
    def recovery_problem(self) -> str:
        """Why such edits cannot be brought back, or not all; empty if nothing is wrong."""
        return self.journal.keeper.problem

    @in_turn
    def recover(self) -> list[UnsavedEdit]:
        """Bring back the edits that an earlier session did not save; returns them.

        Raises
        ------
        DatasetError
            If that is impossible; its journal is then kept aside.
        """
        return self.journal.recover_job()()()

    def decline_recovery(self) -> None:
        """Keep the journal of an earlier session aside, under another name."""
        self.journal.decline_recovery()

    # -- helpers ---------------------------------------------------------------------------

    def _kept_aside(self, sentence: str) -> None:
        """Edits of an earlier session were not asked for before new ones were made."""
        if self.dispatch is None:
            warn_caller(sentence)
        else:
            self.warned.emit(sentence)

    def _fail(self, problem: str) -> None:
        self.journal.keeper.resume()
        self.failed.emit(problem)

    def __repr__(self) -> str:
        return f"<Session {self.path.name}, group {self.channel_group}, {self.clustering}>"
