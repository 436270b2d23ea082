"""What of a session reaches the disk: recovery, saving, and the states that were saved before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from psygnal import Signal

from phygui.curation.curation import Curation
from phygui.curation.entries import Key
from phygui.curation.outbox import Action, Outbox
from phygui.curation.persistence import Keeper
from phygui.curation.recovery import UnsavedEdit
from phygui.curation.saving import Saved, SaveJob, Saver, read_curation, read_state, state_in
from phygui.curation.state import State
from phygui.curation.stats_cache import StatsCache
from phygui.io.backups import Backup, list_backups
from phygui.io.errors import KwikError
from phygui.io.kwik import KwikModel


class Storage:
    """The curations of one dataset, and what keeps them safe; the lower half of a session."""

    selection_changed = Signal(tuple)
    switched = Signal()
    saved = Signal(Saved)
    failed = Signal(str)

    def __init__(self, model: KwikModel, *, keeper: Keeper | None = None) -> None:
        self._keeper = keeper or Keeper(model.path, journal=False, lock=False)
        self._saver = Saver(Path(model.path), self._keeper)
        self._outbox = Outbox(self._fail)
        self._generation = 0
        self._models: dict[int, KwikModel] = {model.channel_group: model}
        self._curations: dict[Key, Curation] = {}
        self._stats_caches: dict[int, StatsCache] = {}
        self._rejected: dict[int, set[frozenset[str]]] = {}
        self._active = self._curation_of(model.channel_group, model.clustering)

    def close(self, *, discard: bool = False) -> None:
        """Close the files.

        Unsaved edits stay in the journal, and the next session offers them again.

        Parameters
        ----------
        discard : bool
            They are not wanted: keep them aside instead.
        """
        self._outbox.deliver(wait=True)
        modified = self.is_modified
        states = None if modified else {k: c.state(copy=False) for k, c in self._curations.items()}
        self._keeper.close(states, discard=discard)
        for model in self._models.values():
            model.close()

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

    @property
    def is_announcing(self) -> bool:
        """Whether something is still to be announced."""
        return bool(len(self._outbox))

    @property
    def read_only(self) -> bool:
        """Whether nothing may be edited or saved."""
        return self._keeper.read_only

    @property
    def read_only_reason(self) -> str:
        """Why, in half a sentence: opened so, or open elsewhere, by whom and since when."""
        return self._keeper.reason

    # -- where we are ----------------------------------------------------------------------

    @property
    def model(self) -> KwikModel:
        """The data of the active channel group."""
        return self._models[self._active.channel_group]

    @property
    def path(self) -> Path:
        """The ``.kwik`` file."""
        return Path(self.model.path)

    @property
    def channel_group(self) -> int:
        """The active channel group."""
        return self._active.channel_group

    @property
    def clustering(self) -> str:
        """The active clustering."""
        return self._active.name

    def switch(self, channel_group: int | None = None, clustering: str | None = None) -> None:
        """Make another channel group or clustering the active one; each keeps its own edits.

        Raises
        ------
        KwikError
            If the file has no such channel group or clustering.
        """
        group = self.channel_group if channel_group is None else channel_group
        name = self.clustering if clustering is None else clustering
        if clustering is None and name not in self._model_of(group).clusterings:
            name = self._model_of(group).clusterings[0]
        self._activate(self._curation_of(group, name))

    def _activate(self, curation: Curation) -> None:
        self._active = curation
        self._generation += 1

        def shown() -> None:
            self.switched.emit()
            self.selection_changed.emit(self._active.selection.clusters)

        self._outbox.post(shown)

    # -- what an earlier session left ----------------------------------------------------------

    @property
    def unsaved_edits(self) -> list[UnsavedEdit]:
        """Edits of an earlier session that are not in the file, oldest first."""
        return self._keeper.unsaved_edits

    @property
    def recovery_problem(self) -> str:
        """Why such edits cannot be brought back, or not all; empty if nothing is wrong."""
        return self._keeper.problem

    def recover(self) -> list[UnsavedEdit]:
        """Bring back the edits that an earlier session did not save; returns them.

        Raises
        ------
        KwikError
            If that is impossible; its journal is then kept aside.
        """
        edits = self.unsaved_edits
        curations = self._keeper.recover(self._fresh)
        self._curations.update(curations)
        if curations:
            self._activate(self._curation_of(self.channel_group, self.clustering))
        return edits

    def decline_recovery(self) -> None:
        """Keep the journal of an earlier session aside, under another name."""
        self._keeper.set_aside("it was declined")

    # -- saving ----------------------------------------------------------------------------

    @property
    def is_modified(self) -> bool:
        """Whether any clustering has edits that are not in the file."""
        return any(c.history.is_modified for c in self._curations.values())

    @property
    def n_unsaved(self) -> int:
        """Number of edits that are not in the file."""
        return sum(c.history.n_unsaved for c in self._curations.values())

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
        KwikError
            If the file cannot be written; it is then as it was before.
        """
        done = []
        for job in self.save_jobs(overwrite=overwrite):
            job.run()
            done.append(job.finish())
        return done

    def save_jobs(self, *, overwrite: bool = False) -> list[SaveJob]:
        """The work of a save, to be run in order by any one thread, then finished by this one."""
        if self.read_only:
            raise KwikError(f"{self.path}: nothing is saved, since {self.read_only_reason}.")
        # What is not on the disk yet may still have to be taken back.
        self._outbox.deliver(wait=True)
        modified = {key: c for key, c in self._curations.items() if c.history.is_modified}
        if not modified:
            return []
        job = self._saver.job(modified, overwrite)

        def finish() -> Saved:
            saved = job.finish()
            for model in self._models.values():
                model.follow()
            self.saved.emit(saved)
            return saved

        return [SaveJob(job.run, finish)]

    def save_copy(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the file with all edits in it to another place; nothing here counts as saved.

        Raises
        ------
        KwikError
            If that fails, or something is there and is not to be overwritten.
        """
        modified = {key: c for key, c in self._curations.items() if c.history.is_modified}
        return self._saver.save_copy(path, modified, overwrite)

    def changed_on_disk(self) -> bool:
        """Whether another program has changed what is edited here since it was read or saved.

        Raises
        ------
        KwikError
            If the file is gone.
        """
        return self._saver.changed_on_disk(
            {key: c.clustering.n_spikes for key, c in self._curations.items()}
        )

    # -- what was saved before -----------------------------------------------------------------

    def backups(self) -> list[Backup]:
        """The last saved states, newest first."""
        return list_backups(self._keeper.folder)

    def state(self, backup: Backup | None = None) -> State:
        """The active clustering as it is, or as it was in a backup.

        Raises
        ------
        KwikError
            If the backup is damaged, or holds nothing of this clustering.
        """
        if backup is None:
            return self._active.state(copy=False)
        return state_in(backup, (self.channel_group, self.clustering))

    def state_in_file(self) -> State:
        """The active clustering as the file holds it now.

        Raises
        ------
        KwikError
            If it cannot be read.
        """
        key, n_spikes = (self.channel_group, self.clustering), self._active.clustering.n_spikes
        return read_state(self.path, key, n_spikes)

    # -- helpers ---------------------------------------------------------------------------

    def _fail(self, problem: str) -> None:
        self._keeper.resume()
        self.failed.emit(problem)

    def _model_of(self, channel_group: int) -> KwikModel:
        if channel_group not in self._models:
            self._models[channel_group] = KwikModel(self.path, channel_group)
        return self._models[channel_group]

    def _curation_of(self, channel_group: int, name: str) -> Curation:
        key = (channel_group, name)
        if key not in self._curations:
            model = self._model_of(channel_group)
            opened = model.clustering == name
            self._curations[key] = (
                self._reserved(Curation.of(model)) if opened else self._fresh(key)
            )
        return self._curations[key]

    def _fresh(self, key: Key) -> Curation:
        """A clustering as the file holds it."""
        return self._reserved(read_curation(self.path, key))

    def _reserved(self, curation: Curation) -> Curation:
        """Ids that an earlier session has used are not used again."""
        largest = self._keeper.largest_id((curation.channel_group, curation.name))
        curation.clustering.reserve(largest)
        return curation
