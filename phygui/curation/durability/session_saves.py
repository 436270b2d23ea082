"""Saving: into the file, into a copy of it, under another name; and what was saved before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from phygui.curation.announcements import Announcements
from phygui.curation.durability.session_journal import SessionJournal
from phygui.curation.durability.unedited import unedited_of
from phygui.curation.durability.writer import Saved, SaveJob, Saver, state_in
from phygui.curation.turns import Turns, in_turn
from phygui.curation.workspace import Workspace
from phygui.dataset import ClusteringState
from phygui.errors import DatasetError
from phygui.storage.state.backups import Backup, list_backups


@dataclass(frozen=True)
class CopyJob:
    """The copying of a clustering: to be run by any thread, then finished by this one."""

    run: Callable[[], None]
    finish: Callable[[], None]


class SessionSaves:
    """Writes the clusterings of a session into the file, in one thread at a time."""

    def __init__(
        self, workspace: Workspace, journal: SessionJournal, tell: Announcements, turns: Turns
    ) -> None:
        self.turns = turns
        self._workspace = workspace
        self._journal = journal
        self._keeper = journal.keeper
        self._tell = tell
        self._saver = Saver(workspace.dataset, journal.keeper)
        # Held by whoever writes the file.
        self._writing = threading.Lock()
        # Saves that are in the file, and not yet in the history.
        self._written: list[SaveJob] = []

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
        for job in self.jobs(overwrite=overwrite):
            job.run()
            done.append(job.finish())
        return done

    @in_turn
    def jobs(self, *, overwrite: bool = False) -> list[SaveJob]:
        """The work of a save, to be run in order by any one thread, then finished by this one.

        Raises
        ------
        DatasetError
            If nothing may be written, or the last edits have just been taken back.
        """
        workspace = self._workspace
        if self._keeper.read_only:
            raise DatasetError(f"{workspace.path}: nothing is saved, since {self._keeper.reason}.")
        self._journal.wait()
        modified = workspace.modified()
        if not modified:
            return []
        job = self._saver.job(modified, overwrite)

        def finish() -> Saved:
            with self.turns:
                if job in self._written:
                    self._written.remove(job)
                saved = job.finish()
                workspace.dataset.clusterings.follow()
                self._journal.outbox.refresh()
                self._tell.saved.emit(saved)
                return saved

        def run() -> None:
            with self._writing:
                self.turns.check()
                job.run()
                self._written.append(job)

        return [SaveJob(run, finish)]

    def finish(self) -> None:
        """Finish saves that ended when nobody was there any more to be told."""
        for job in self._written:
            job.finish()

    def changed_on_disk(self) -> bool:
        """Whether another program has changed what is edited here since it was read or saved.

        Raises
        ------
        DatasetError
            If the file is gone.
        """
        return self._saver.changed_on_disk(self._workspace.curations)

    # -- copies ------------------------------------------------------------------------------

    def save_copy(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the file with all edits in it to another place; nothing here counts as saved.

        Raises
        ------
        DatasetError
            If that fails, or something is there and is not to be overwritten.
        """
        return self.file_copy_job(path, overwrite=overwrite)()

    @in_turn
    def file_copy_job(self, path: str | Path, *, overwrite: bool = False) -> Callable[[], Path]:
        """The work of :meth:`save_copy`, on the edits made so far, for any thread."""
        self._journal.wait()
        return self._saver.copy_job(path, self._workspace.modified(), overwrite)

    def copy_clustering(self, new_name: str) -> None:
        """Write the active clustering as it is now under another name, durably.

        Raises
        ------
        DatasetError
            If the name is impossible, or the file cannot be written; it is then as it was.
        """
        job = self.clustering_copy_job(new_name)
        job.run()
        job.finish()

    @in_turn
    def clustering_copy_job(self, new_name: str) -> CopyJob:
        """The work of copying the active clustering as it is now, unsaved edits included.

        Raises
        ------
        DatasetError
            If the name is impossible, or nothing may be written.
        """
        workspace, store = self._workspace, self._workspace.dataset.clusterings
        if self._keeper.read_only:
            raise DatasetError(f"{workspace.path}: nothing is copied, since {self._keeper.reason}.")
        key, state = workspace.key, workspace.active.state()
        store.check_name(key[0], new_name, workspace.clusterings)
        names: list[str] = []

        def run() -> None:
            with self._saver.aside(), self._writing:
                self._keeper.check_held()
                store.copy(key, new_name, state)
                names.extend(store.names(key[0]))

        return CopyJob(run, lambda: workspace.set_names(key[0], names))

    # -- what was saved before ---------------------------------------------------------------

    def backups(self) -> list[Backup]:
        """The last saved states, newest first, and the unedited one as the last of them."""
        unedited = unedited_of(self._workspace.dataset.clusterings)
        return [*list_backups(self._keeper.folder), *([unedited] if unedited else [])]

    def state(self, backup: Backup | None = None) -> ClusteringState:
        """The active clustering as it is now, whatever edits follow, or as it was in a backup.

        Raises
        ------
        DatasetError
            If the backup is damaged, or holds nothing of this clustering.
        """
        workspace = self._workspace
        if backup is None:
            return workspace.active.state()
        return state_in(backup, workspace.key, workspace.active.clustering.n_spikes)
