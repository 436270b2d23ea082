"""The way of an edit: into memory, onto the disk, and then to those who listen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from phygui.curation.announcements import Announcements
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.recovery import UnsavedEdit
from phygui.curation.edits.history import Memento
from phygui.curation.edits.parts import Parts
from phygui.curation.edits.update import EditError, Update, joined
from phygui.curation.opened import Curation
from phygui.curation.publishing import Outbox
from phygui.curation.turns import Turns, in_turn
from phygui.curation.workspace import Workspace
from phygui.dataset import Key
from phygui.errors import DatasetError
from phygui.storage.state.state_folder import may_write_beside


class SessionJournal:
    """The edits of a session: made, recorded, announced; and those that an earlier one left.

    Attributes
    ----------
    keeper : Keeper
        Writes the journal's file, and holds the lock.
    outbox : Outbox
        What is not announced yet.
    """

    def __init__(
        self,
        workspace: Workspace,
        keeper: Keeper,
        outbox: Outbox,
        tell: Announcements,
        turns: Turns,
    ) -> None:
        self.turns = turns
        self.keeper = keeper
        self.outbox = outbox
        self._workspace = workspace
        self._tell = tell
        # Looked at here, where a worker opens the file, and not by the window.
        self._unwritable = ""
        if not may_write_beside(workspace.path):
            folder = workspace.path.resolve().parent
            self._unwritable = f"this user may not write in {folder}"

    @property
    def read_only(self) -> bool:
        """Whether nothing may be edited or saved."""
        return self.keeper.read_only

    @property
    def read_only_reason(self) -> str:
        """Why, in half a sentence: opened so, or open elsewhere, by whom and since when."""
        return self.keeper.reason

    @property
    def unwritable_reason(self) -> str:
        """Why a save would fail although edits are possible; empty if nothing is known of it."""
        return "" if self.keeper.read_only else self._unwritable

    @property
    def is_ahead(self) -> bool:
        """Whether the session is ahead of what is shown, by what is still to be published."""
        return self.outbox.is_busy

    # -- edits -------------------------------------------------------------------------------

    def make(self, update: Update, moved: Iterable[int] = ()) -> Update:
        """Make a new edit: apply it, choose what is selected next, remember it, announce it."""
        if update.is_empty:
            return update
        active, before = self._workspace.active, self._workspace.active.selection
        memento = active.history.memento()
        self.keeper.begin(active)
        active.wizard.begin()
        active.apply(update)
        after = active.wizard.after(update, before, moved)
        update = replace(
            active.dated(update),
            before=Parts(update.before),
            after=Parts(update.after),
            selection_before=before,
            selection_after=after,
        )
        active.history.record(update)
        return self._announce(update, memento)

    def undo(self) -> Update:
        """Take the last edit back, selection included."""
        history = self._workspace.editable().history
        memento = history.memento()
        return self._apply(history.undo(), memento)

    def redo(self) -> Update:
        """Make the last undone edit again."""
        history = self._workspace.editable().history
        memento = history.memento()
        return self._apply(history.redo(), memento)

    def jump(self, position: int) -> None:
        """Undo or redo until so many edits are in effect: recorded step by step, announced once.

        Raises
        ------
        EditError
            If the history does not go there, or spikes cannot be read.
        """
        active = self._workspace.editable()
        memento = active.history.memento()
        steps = active.history.go(position)
        if len(steps) < 2:
            for step in steps:
                self._apply(step, memento)
            return
        try:
            update = joined(steps, active.clustering.spikes_per_cluster)
        except EditError:
            active.history.take_back(memento)
            raise
        self.keeper.begin(active)
        active.apply(update)
        self._announce(update, memento, steps)

    def _apply(self, update: Update, memento: Memento) -> Update:
        """Apply a stored edit, forwards or backwards, and announce it."""
        active = self._workspace.active
        try:
            # From the disk, if need be: before anything is changed.
            update = replace(update, after=dict(update.after.items()))
        except EditError:
            active.history.take_back(memento)
            raise
        self.keeper.begin(active)
        active.apply(update)
        return self._announce(update, memento)

    def _announce(self, update: Update, memento: Memento, steps: Sequence[Update] = ()) -> Update:
        """Tell of an edit as soon as it is on the disk; take it back if it cannot get there.

        Where it does what several steps did, each of them is written down.
        """
        workspace, active = self._workspace, self._workspace.active
        before, active.selection = active.selection, update.selection_after
        workspace.grow()

        def shown() -> None:
            place = notes[-1].result() if notes else None
            if place is not None and update.cause == "edit":
                active.history.on_disk(update, place)
            self._tell.clustered.emit(update)
            self._tell.selection_changed.emit(update.selection_after.clusters)

        def take_back() -> None:
            active.apply(update.reversed("undo"))
            active.history.take_back(memento)
            active.selection = before
            # Of several steps some may be on the disk; a single edit is not waited for.
            failed = [note.exception() is not None for note in notes] if steps else []
            for _ in range(sum(failed) if steps else 1):
                self.keeper.taken_back(active)
            if steps and (n := failed.count(False)):
                # As far as the journal tells of the jump, it has been made.
                way = -n if update.cause == "undo" else n
                done = active.history.go(active.history.position + way)
                active.apply(joined(done, active.clustering.spikes_per_cluster))
                active.selection = done[-1].selection_after
            workspace.grow()

        found = [self.keeper.record(active, each) for each in steps or (update,)]
        notes = [note for note in found if note is not None]
        self.outbox.post(shown, notes[-1] if notes else None, take_back)
        return update

    def wait(self) -> None:
        """Wait until all edits are on the disk: what is not there may still be taken back.

        Raises
        ------
        DatasetError
            If the last edits have just been taken back.
        """
        problem = self.outbox.deliver(wait=True)
        if problem:
            raise DatasetError(problem)

    def close(self, *, discard: bool = False) -> None:
        """Release the journal; unsaved edits stay in it, or are kept aside."""
        curations = self._workspace.curations
        is_modified = bool(self._workspace.modified())
        states = None if is_modified else {k: c.state(copy=False) for k, c in curations.items()}
        self.keeper.close(states, discard=discard)

    # -- what is not in the file -------------------------------------------------------------

    @property
    def n_unsaved(self) -> int:
        """Number of edits that are not in the file."""
        return sum(c.history.n_unsaved for c in self._workspace.curations.values())

    @property
    def edits_to_save(self) -> list[UnsavedEdit]:
        """Edits of this session that are not in the file, or that were undone since they were.

        By the time at which they were made, oldest first.
        """
        now = datetime.now().astimezone()
        edits = []
        for key, curation in self._workspace.curations.items():
            history = curation.history
            if history.saved_position is None:
                edits.append(UnsavedEdit(now, "undid edits that are saved in the file", *key))
            for update, undone in history.unsaved():
                words = f"undid: {update.description}" if undone else update.description
                edits.append(UnsavedEdit(update.time or now, words, *key))
        return sorted(edits, key=lambda edit: edit.time)

    # -- what an earlier session left --------------------------------------------------------

    @property
    def unsaved_edits(self) -> list[UnsavedEdit]:
        """Edits of an earlier session that are not in the file, oldest first."""
        return self.keeper.unsaved_edits

    @property
    def recovery_problem(self) -> str:
        """Why such edits cannot be brought back, or not all; empty if nothing is wrong."""
        return self.keeper.problem

    @in_turn
    def recover(self) -> list[UnsavedEdit]:
        """Bring back the edits that an earlier session did not save; returns them.

        Raises
        ------
        DatasetError
            If that is impossible; its journal is then kept aside.
        """
        return self.recover_job()()()

    @in_turn
    def recover_job(self) -> Callable[[], Callable[[], list[UnsavedEdit]]]:
        """The work of :meth:`recover`: reads in any thread, then shows in this one.

        Nothing may be edited before that.

        Raises
        ------
        DatasetError
            Where it reads, if that is impossible; the journal is then kept aside.
        """
        edits = self.keeper.unsaved_edits

        def read() -> Callable[[], list[UnsavedEdit]]:
            self.turns.check()
            curations = self.keeper.recover(self._workspace.fresh)
            return lambda: show(curations)

        def show(curations: dict[Key, Curation]) -> list[UnsavedEdit]:
            with self.turns:
                self._workspace.adopt(curations)
                return edits

        return read

    @in_turn
    def look(self) -> None:
        """Have the edits that an earlier session did not save in effect, without taking them over.

        For a session that is read-only: they stay where they are.

        Raises
        ------
        DatasetError
            If that is impossible.
        """
        self._workspace.adopt(self.keeper.look(self._workspace.fresh))

    @in_turn
    def decline_recovery(self) -> None:
        """Keep the journal of an earlier session aside, under another name."""
        self.keeper.set_aside("the user chose not to bring it back")
