"""The controller: everything that the window can do, as a Python API."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from phygui.curation.announcements import Announcements
from phygui.curation.delegation import method_of, value_of
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.session_journal import SessionJournal
from phygui.curation.durability.session_saves import SessionSaves
from phygui.curation.edits.session_edits import SessionEdits
from phygui.curation.navigation.session_navigation import SessionNavigation
from phygui.curation.opened import Curation
from phygui.curation.publishing import Action, Outbox
from phygui.curation.remarks import warn_caller
from phygui.curation.shown import Shown
from phygui.curation.statistics.session_statistics import SessionStatistics
from phygui.curation.suggestions.grouping.session_groups import SessionGroups
from phygui.curation.suggestions.session_suggestions import SessionSuggestions
from phygui.curation.suggestions.splitting.session_proposal import SessionProposal
from phygui.curation.table import html_of, table_of
from phygui.curation.time_range.session_time_range import SessionTimeRange
from phygui.curation.turns import Turns
from phygui.curation.workspace import Workspace
from phygui.dataset import ClusteringStore, Dataset, open_dataset
from phygui.guards import Sealed, as_path


class Session(Sealed):
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
    edits : SessionEdits
        Merges, splits, moves and labels of the active clustering, undo and redo.
    saves : SessionSaves
        Saving, copies and backups.
    statistics : SessionStatistics
        What is known of the clusters.
    suggestions : SessionSuggestions
        Pairs of clusters that may be one unit, clusters that may be several, and clusters that
        may be noise or MUA.
    proposals : SessionProposal
        Parts that are shown in place of the selected clusters.
    ranging : SessionTimeRange
        The range of time that views are restricted to.
    navigation : SessionNavigation
        Selection, filter and order of the clusters, and the walk through them.
    shown : Shown
        The state that was published last, which tables and views read.
    turns : Turns
        Whose turn it is to change something.
    clustered : Signal
        Emitted with the update after every edit, undo and redo.
    selection_changed : Signal
        Emitted with the tuple of selected clusters.
    proposed : Signal
        Emitted when parts are shown in place of the selected clusters, and when they no longer
        are though the selection is the same.
    time_range_changed : Signal
        Emitted when another range of time is looked at, or all of the recording again.
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
        Emitted when other merges, splits or groups are suggested.
    """

    _read_only = MappingProxyType(
        {
            "channel_group": "use switch(channel_group)",
            "clustering": "use switch(clustering=...)",
            "cluster_groups": "use move(cluster_ids, group)",
            "spike_clusters": "use merge, split or assign",
            "selection": "use select(cluster_ids)",
            "selected": "use select(cluster_ids)",
        }
    )

    def __init__(
        self,
        dataset: Dataset,
        channel_group: int | None = None,
        clustering: str | None = None,
        *,
        keeper: Keeper | None = None,
    ) -> None:
        if not isinstance(getattr(dataset, "clusterings", None), ClusteringStore):
            raise TypeError("a Session is opened by the path of its dataset: Session.open(path)")
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
        self.edits = SessionEdits(self.workspace, self.journal, self.saves, turns)
        self.statistics = SessionStatistics(self.workspace, keeper, tell)
        groups = SessionGroups(self.workspace, self.edits, keeper, tell, self)
        self.suggestions = SessionSuggestions(self.workspace, self.statistics, keeper, tell, groups)
        self.proposals = SessionProposal(self.workspace, self.statistics, outbox, tell, turns)
        self.ranging = SessionTimeRange(self.workspace, outbox, tell, turns)
        self.navigation = SessionNavigation(self.workspace, outbox, tell, turns, self)
        self.clustered, self.selection_changed = tell.clustered, tell.selection_changed
        self.switched, self.saved = tell.switched, tell.saved
        self.proposed, self.time_range_changed = tell.proposed, tell.time_range_changed
        self.failed, self.warned = tell.failed, tell.warned
        self.stats_changed = tell.stats_changed
        self.suggestions_changed = tell.suggestions_changed
        self._is_sealed = True

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
        path = as_path(path)
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
    def is_closed(self) -> bool:
        """Whether the session is closed; it can be looked at, and not edited or saved."""
        return self.turns.is_closed

    dataset = value_of("workspace", Workspace.dataset)
    path = value_of("workspace", Workspace.path)
    kwik_path = path
    shank = value_of("workspace", Workspace.shank)
    model = value_of("workspace", Workspace.model)
    channel_group = value_of("workspace", Workspace.channel_group)
    clustering = value_of("workspace", Workspace.clustering)
    clusterings = value_of("workspace", Workspace.clusterings)
    generation = value_of("workspace", Workspace.generation)
    is_ahead = value_of("journal", SessionJournal.is_ahead)
    read_only = value_of("journal", SessionJournal.read_only)
    read_only_reason = value_of("journal", SessionJournal.read_only_reason)
    is_editable = value_of("workspace", Workspace.is_editable)
    locked_reason = value_of("workspace", Workspace.locked_reason)
    set_editable = method_of("workspace", Workspace.set_editable)
    switch = method_of("workspace", Workspace.switch)
    copy_clustering = method_of("saves", SessionSaves.copy_clustering)
    locate = method_of("workspace", Workspace.locate)
    locate_job = method_of("workspace", Workspace.locate_job)
    set_gain = method_of("workspace", Workspace.set_gain)
    gain_job = method_of("workspace", Workspace.gain_job)
    change_channel_group = method_of("workspace", Workspace.change_channel_group)
    change_clustering = method_of("workspace", Workspace.change_clustering)

    # -- clusters --------------------------------------------------------------------------

    cluster_ids = value_of("workspace.active", Curation.cluster_ids)
    n_clusters = value_of("workspace.active", Curation.n_clusters)
    spike_clusters = value_of("workspace.active", Curation.spike_clusters)
    spikes_per_cluster = value_of("workspace.active", Curation.spikes_per_cluster)
    cluster_groups = value_of("workspace.active", Curation.cluster_groups)
    group_names = value_of("workspace.active", Curation.group_names)
    group_of = method_of("workspace.active", Curation.group_of)
    clusters_in = method_of("workspace.active", Curation.clusters_in)
    labels_of = method_of("workspace.active", Curation.labels_of)

    spike_train = method_of("workspace", Workspace.spike_train)
    spike_train_samples = method_of("workspace", Workspace.spike_train_samples)

    # -- what is known of the clusters -----------------------------------------------------

    snapshot = method_of("shown", Shown.snapshot)
    stats = value_of("statistics", SessionStatistics.stats)
    metrics = value_of("statistics", SessionStatistics.metrics)
    knowledge = value_of("statistics", SessionStatistics.knowledge)
    measures = value_of("statistics", SessionStatistics.measures)
    quality = method_of("statistics", SessionStatistics.quality)
    choose_ranking = method_of("statistics", SessionStatistics.choose_ranking)
    similar = method_of("statistics", SessionStatistics.similar)
    similarity_of = method_of("statistics", SessionStatistics.similarity_of)
    learn_stats = method_of("statistics", SessionStatistics.learn_stats)
    learn_all = method_of("statistics", SessionStatistics.learn_all)
    suggest_all = method_of("suggestions", SessionSuggestions.suggest_all)
    reject = method_of("suggestions", SessionSuggestions.reject)
    suggest_splits = method_of("suggestions", SessionSuggestions.suggest_splits)
    propose = method_of("proposals", SessionProposal.propose)
    proposal = value_of("proposals", SessionProposal.proposal)

    time_range = value_of("ranging", SessionTimeRange.time_range)
    set_time_range = method_of("ranging", SessionTimeRange.set_time_range)
    clear_time_range = method_of("ranging", SessionTimeRange.clear_time_range)

    # -- selection -------------------------------------------------------------------------

    wizard = value_of("navigation", SessionNavigation.wizard)
    selection = value_of("navigation", SessionNavigation.selection)
    selected = value_of("navigation", SessionNavigation.selected)
    select = method_of("navigation", SessionNavigation.select)
    next_best = method_of("navigation", SessionNavigation.next_best)
    previous_best = method_of("navigation", SessionNavigation.previous_best)
    next_match = method_of("navigation", SessionNavigation.next_match)
    previous_match = method_of("navigation", SessionNavigation.previous_match)
    first_best = method_of("navigation", SessionNavigation.first_best)
    last_best = method_of("navigation", SessionNavigation.last_best)
    drop_match = method_of("navigation", SessionNavigation.drop_match)
    go_on = method_of("navigation", SessionNavigation.go_on)

    # -- edits -----------------------------------------------------------------------------

    merge = method_of("edits", SessionEdits.merge)
    set_doubles_aside = method_of("edits", SessionEdits.set_doubles_aside)
    split = method_of("edits", SessionEdits.split)
    split_into = method_of("edits", SessionEdits.split_into)
    split_where = method_of("edits", SessionEdits.split_where)
    assign = method_of("edits", SessionEdits.assign)
    move = method_of("edits", SessionEdits.move)
    move_each = method_of("edits", SessionEdits.move_each)
    label = method_of("edits", SessionEdits.label)
    add_group = method_of("edits", SessionEdits.add_group)
    remove_group = method_of("edits", SessionEdits.remove_group)
    become = method_of("edits", SessionEdits.become)
    reserve = method_of("edits", SessionEdits.reserve)
    restore = method_of("edits", SessionEdits.restore)
    restore_job = method_of("edits", SessionEdits.restore_job)
    undo = method_of("edits", SessionEdits.undo)
    redo = method_of("edits", SessionEdits.redo)
    jump_to = method_of("edits", SessionEdits.jump_to)
    can_undo = value_of("edits", SessionEdits.can_undo)
    can_redo = value_of("edits", SessionEdits.can_redo)
    history = value_of("edits", SessionEdits.history)
    history_position = value_of("edits", SessionEdits.history_position)
    saved_position = value_of("edits", SessionEdits.saved_position)
    tally_at = method_of("edits", SessionEdits.tally_at)

    def table(self) -> Any:
        """All clusters of the active clustering with the columns of the window's table.

        What is to be computed first is computed by :meth:`learn_all`.

        Returns
        -------
        pandas.DataFrame, or dict of str to array where pandas is not installed
            One row a cluster, by its id; numbers that are not known, or not yet, are NaN.
        """
        return table_of(self.shown)

    # -- saving ----------------------------------------------------------------------------

    is_modified = value_of("workspace", Workspace.is_modified)
    has_unsaved_changes = is_modified
    n_unsaved = value_of("journal", SessionJournal.n_unsaved)
    save = method_of("saves", SessionSaves.save)
    save_copy = method_of("saves", SessionSaves.save_copy)
    changed_on_disk = method_of("saves", SessionSaves.changed_on_disk)
    backups = method_of("saves", SessionSaves.backups)
    state = method_of("saves", SessionSaves.state)
    state_in_file = method_of("workspace", Workspace.state_in_file)

    # -- what an earlier session left ------------------------------------------------------

    unsaved_edits = value_of("journal", SessionJournal.unsaved_edits)
    recovery_problem = value_of("journal", SessionJournal.recovery_problem)
    recover = method_of("journal", SessionJournal.recover)
    decline_recovery = method_of("journal", SessionJournal.decline_recovery)

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

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Session is not pickled, since one process at a time edits a dataset: send its path, "
            "and open that where it is needed"
        )

    def __repr__(self) -> str:
        return f"<Session {self.path.name}, group {self.channel_group}, {self.clustering}>"

    def _repr_html_(self) -> str:
        return html_of(self.shown, self.path, self.is_modified)
