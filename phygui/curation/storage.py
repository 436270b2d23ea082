"""What of a session reaches the disk: recovery, saving, and the states that were saved before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.journal_entries import Key
from phygui.curation.durability.original import original_of
from phygui.curation.durability.recovery import UnsavedEdit
from phygui.curation.durability.writer import Saved, SaveJob, Saver, state_in
from phygui.curation.opened import Curation
from phygui.curation.turns import in_turn
from phygui.curation.workspace import CopyJob, Places
from phygui.dataset import ClusteringState, Dataset
from phygui.errors import DatasetError
from phygui.storage.state.backups import Backup, list_backups
from phygui.storage.state.state_folder import may_write_beside


class Storage(Places):
    """What keeps the curations of a session safe."""

    def __init__(
        self,
        dataset: Dataset,
        channel_group: int | None = None,
        clustering: str | None = None,
        *,
        keeper: Keeper | None = None,
    ) -> None:
        super().__init__(dataset, channel_group, clustering, keeper=keeper)
        self._saver = Saver(dataset, self._keeper)
        # Looked at here, where a worker opens the file, and not by the window.
        self._unwritable = ""
        if not may_write_beside(self.path):
            self._unwritable = f"this user may not write in {self.path.resolve().parent}"
        # Saves that are in the file, and not yet in the history.
        self._written: list[SaveJob] = []

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
                    self._close_journal(discard)
        finally:
            for shank in self._shanks.values():
                shank.close()

    def _close_journal(self, discard: bool) -> None:
        if self.is_closed:
            return
        self._outbox.deliver(wait=True)
        # A save may have ended when nobody was there any more to be told.
        for job in self._written:
            job.finish()
        self.turns.is_closed = True
        modified = self.is_modified
        states = None if modified else {k: c.state(copy=False) for k, c in self._curations.items()}
        self._keeper.close(states, discard=discard)

    # -- what an earlier session left ----------------------------------------------------------

    @property
    def unsaved_edits(self) -> list[UnsavedEdit]:
        """Edits of an earlier session that are not in the file, oldest first."""
        return self._keeper.unsaved_edits

    @property
    def recovery_problem(self) -> str:
        """Why such edits cannot be brought back, or not all; empty if nothing is wrong."""
        return self._keeper.problem

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
        """The work of :meth:`recover`, for any thread; it returns what shows them in this one.

        Nothing may be edited before that.

        Raises
        ------
        DatasetError
            As :meth:`recover`, where it reads.
        """
        edits = self.unsaved_edits

        def read() -> Callable[[], list[UnsavedEdit]]:
            self.turns.check()
            curations = self._keeper.recover(self._fresh)
            return lambda: show(curations)

        def show(curations: dict[Key, Curation]) -> list[UnsavedEdit]:
            with self.turns:
                self._curations.update(curations)
                if curations:
                    self._activate(self._curation_of(self.channel_group, self.clustering))
                return edits

        return read

    @in_turn
    def decline_recovery(self) -> None:
        """Keep the journal of an earlier session aside, under another name."""
        self._keeper.set_aside("it was declined")

    # -- saving ----------------------------------------------------------------------------

    @property
    def is_modified(self) -> bool:
        """Whether any clustering has edits that are not in the file."""
        return any(c.history.is_modified for c in self._curations.values())

    has_unsaved_changes = is_modified

    @property
    def n_unsaved(self) -> int:
        """Number of edits that are not in the file."""
        return sum(c.history.n_unsaved for c in self._curations.values())

    @property
    def edits_to_save(self) -> list[UnsavedEdit]:
        """Edits of this session that are not in the file, or that were undone since they were.

        By the time at which they were made, oldest first.
        """
        now = datetime.now().astimezone()
        found = []
        for key, curation in self._curations.items():
            history = curation.history
            if history.saved_position is None:
                found.append(UnsavedEdit(now, "undid what is in the file", *key))
            for update, undone in history.unsaved():
                words = f"undid: {update.description}" if undone else update.description
                found.append(UnsavedEdit(update.time or now, words, *key))
        return sorted(found, key=lambda edit: edit.time)

    @property
    def unwritable_reason(self) -> str:
        """Why a save would fail although edits are possible; empty if nothing is known of it."""
        return "" if self.read_only else self._unwritable

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
        for job in self.save_jobs(overwrite=overwrite):
            job.run()
            done.append(job.finish())
        return done

    @in_turn
    def save_jobs(self, *, overwrite: bool = False) -> list[SaveJob]:
        """The work of a save, to be run in order by any one thread, then finished by this one.

        Raises
        ------
        DatasetError
            If nothing may be written, or the last edits have just been taken back.
        """
        if self.read_only:
            raise DatasetError(f"{self.path}: nothing is saved, since {self.read_only_reason}.")
        self._wait_for_journal()
        modified = {key: c for key, c in self._curations.items() if c.history.is_modified}
        if not modified:
            return []
        job = self._saver.job(modified, overwrite)

        def finish() -> Saved:
            with self.turns:
                if job in self._written:
                    self._written.remove(job)
                saved = job.finish()
                self.dataset.clusterings.follow()
                self.saved.emit(saved)
                return saved

        def run() -> None:
            with self._writing:
                self.turns.check()
                job.run()
                self._written.append(job)

        return [SaveJob(run, finish)]

    def save_copy(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the file with all edits in it to another place; nothing here counts as saved.

        Raises
        ------
        DatasetError
            If that fails, or something is there and is not to be overwritten.
        """
        return self.save_copy_job(path, overwrite=overwrite)()

    @in_turn
    def save_copy_job(self, path: str | Path, *, overwrite: bool = False) -> Callable[[], Path]:
        """The work of :meth:`save_copy`, on the edits made so far, for any thread."""
        self._wait_for_journal()
        modified = {key: c for key, c in self._curations.items() if c.history.is_modified}
        return self._saver.copy_job(path, modified, overwrite)

    def _wait_for_journal(self) -> None:
        """What is not on the disk yet may still have to be taken back: that is to be read first."""
        problem = self._outbox.deliver(wait=True)
        if problem:
            raise DatasetError(problem)

    def changed_on_disk(self) -> bool:
        """Whether another program has changed what is edited here since it was read or saved.

        Raises
        ------
        DatasetError
            If the file is gone.
        """
        return self._saver.changed_on_disk(self._curations)

    def copy_job(self, new_name: str) -> CopyJob:
        """The work of copying the active clustering as it is now, unsaved edits included.

        Raises
        ------
        DatasetError
            If the name is impossible, or nothing may be written.
        """
        job = super().copy_job(new_name)

        def run() -> None:
            with self._saver.aside():
                job.run()

        return CopyJob(run, job.finish)

    # -- what was saved before -----------------------------------------------------------------

    def backups(self) -> list[Backup]:
        """The last saved states, newest first, and the original as the last of them."""
        original = original_of(self.dataset.clusterings)
        return [*list_backups(self._keeper.folder), *([original] if original else [])]

    def state(self, backup: Backup | None = None) -> ClusteringState:
        """The active clustering as it is now, whatever edits follow, or as it was in a backup.

        Raises
        ------
        DatasetError
            If the backup is damaged, or holds nothing of this clustering.
        """
        if backup is None:
            return self._active.state()
        key, n_spikes = (self.channel_group, self.clustering), self._active.clustering.n_spikes
        return state_in(backup, key, n_spikes)

    def state_in_file(self) -> ClusteringState:
        """The active clustering as the file holds it now.

        Raises
        ------
        DatasetError
            If it cannot be read.
        """
        return self.state_in_file_job()()

    def state_in_file_job(self) -> Callable[[], ClusteringState]:
        """The work of :meth:`state_in_file`, for any thread."""
        key = (self.channel_group, self.clustering)
        return lambda: self.dataset.clusterings.read(key)
