"""Which channel group and clustering is the active one of a session, and how that changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from phygui.curation.durability.copying import copy_clustering
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.journal_entries import Key
from phygui.curation.durability.sidecar import read_locked, write_locked
from phygui.curation.durability.writer import Saved, read_curation, read_state
from phygui.curation.edits.update import EditError
from phygui.curation.opened import Curation
from phygui.curation.publishing import Action, Outbox
from phygui.curation.remarks import warn_caller
from phygui.curation.signals import Signal
from phygui.curation.state import State
from phygui.curation.statistics.cache import StatsCache
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.turns import Turns, in_turn
from phygui.errors import DatasetError
from phygui.formats.kwik.model import KwikModel
from phygui.formats.kwik.writing.editing import check_clustering_name

READ_ONLY_CLUSTERING = "original"

SwitchJob = Callable[[], Callable[[], None]]
"""Reads in any thread, and returns what is then to be called in this one."""


@dataclass(frozen=True)
class CopyJob:
    """The copying of a clustering: to be run by any thread, then finished by this one."""

    run: Callable[[], None]
    finish: Callable[[], None]


class Places:
    """The curations of one dataset, one of them active; the foundation of a session.

    Attributes
    ----------
    measures : Measures
        What quality and similarity are, in all of them.
    turns : Turns
        Whose turn it is to change something.
    """

    selection_changed = Signal(tuple)
    switched = Signal()
    saved = Signal(Saved)
    failed = Signal(str)
    warned = Signal(str)

    def __init__(self, model: KwikModel, *, keeper: Keeper | None = None) -> None:
        self.turns = Turns()
        self._keeper = keeper or Keeper(model.path, journal=False, lock=False)
        self._keeper.on_aside = self._kept_aside
        self._outbox = Outbox(self._fail)
        self._generation = 0
        self._models: dict[int, KwikModel] = {model.channel_group: model}
        self._curations: dict[Key, Curation] = {}
        self._stats_caches: dict[int, StatsCache] = {}
        self._rejected: dict[int, set[frozenset[str]]] = {}
        self._locked = read_locked(self._keeper.folder)
        self._last_name: dict[int, str] = {}
        self.measures = Measures(self.warned.emit)
        # Held by whoever writes the file.
        self._writing = threading.Lock()
        self._active = self._curation_of(model.channel_group, model.clustering)

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

    @property
    def is_closed(self) -> bool:
        """Whether the session has been closed; it can be looked at, and not edited or saved."""
        return self.turns.is_closed

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

        Without a name, a channel group opens with the clustering that was active there last, or
        with that of the same name as the active one.

        Raises
        ------
        DatasetError
            If the file has no such channel group or clustering.
        """
        self.switch_job(channel_group, clustering)()()

    def change_channel_group(self, channel_group: int) -> None:
        """Switch to a channel group."""
        self.switch(channel_group=channel_group)

    def change_clustering(self, clustering: str) -> None:
        """Switch to a clustering."""
        self.switch(clustering=clustering)

    def switch_job(
        self, channel_group: int | None = None, clustering: str | None = None
    ) -> SwitchJob:
        """The work of a switch: reads in any thread, and returns what switches in this one."""
        group = self.channel_group if channel_group is None else channel_group
        known_model, known = self._models.get(group), dict(self._curations)
        wanted = (self._last_name.get(group), self.clustering)

        def read() -> Callable[[], None]:
            model = known_model or KwikModel(self.path, group)
            names = [*(n for n in wanted if n in model.clusterings), model.clusterings[0]]
            name = clustering or str(names[0])
            curation = known.get((group, name)) or self._read_curation(model, name)

            def finish() -> None:
                with self.turns:
                    if self._models.setdefault(group, model) is not model:
                        model.close()
                    self._activate(self._curations.setdefault((group, name), curation))

            return finish

        return read

    def _activate(self, curation: Curation) -> None:
        curation.wizard.walk_like(self._active.wizard)
        self._active = curation
        self._last_name[curation.channel_group] = curation.name
        self._generation += 1

        def shown() -> None:
            self.switched.emit()
            self.selection_changed.emit(self._active.selection.clusters)

        self._outbox.post(shown)

    # -- editable or not -------------------------------------------------------------------

    @property
    def is_editable(self) -> bool:
        """Whether the active clustering may be edited; ``original`` never is."""
        key = (self.channel_group, self.clustering)
        return self.clustering != READ_ONLY_CLUSTERING and key not in self._locked

    @in_turn
    def set_editable(self, editable: bool) -> None:
        """Let the active clustering be edited, or protect it; kept for later sessions.

        Raises
        ------
        EditError
            If it is ``original``, or nothing may be edited.
        """
        if self.read_only:
            raise EditError(f"nothing can be edited: {self.read_only_reason}")
        if self.clustering == READ_ONLY_CLUSTERING:
            raise EditError("original is always read-only: copy it to edit the copy")
        key = (self.channel_group, self.clustering)
        (self._locked.discard if editable else self._locked.add)(key)
        write_locked(self._keeper.folder, self._locked)

    @property
    def locked_reason(self) -> str:
        """Why the active clustering may not be edited, in one sentence; empty if it may."""
        if self.turns.problem:
            return f"nothing can be edited: {self.turns.problem}"
        if self.read_only:
            return f"nothing can be edited: {self.read_only_reason}"
        if self.is_editable:
            return ""
        instead = "" if self.clustering == READ_ONLY_CLUSTERING else ", or make it editable"
        return f"the clustering '{self.clustering}' is read-only: copy it to edit the copy{instead}"

    def _editable(self) -> Curation:
        if self.locked_reason:
            raise EditError(self.locked_reason)
        return self._active

    # -- other clusterings -------------------------------------------------------------------

    def state_job(self, clustering: str) -> Callable[[], State]:
        """What gives a clustering of the channel group as it is now, for any thread.

        Where it has been edited that is with its edits; where it has not been opened, as the
        file holds it.
        """
        key, n_spikes = (self.channel_group, clustering), self.model.n_spikes
        known = self._curations.get(key)
        if known is None:
            return lambda: read_state(self.path, key, n_spikes)
        state = known.state()
        return lambda: state

    # -- copying ---------------------------------------------------------------------------

    @in_turn
    def copy_job(self, new_name: str) -> CopyJob:
        """The work of copying the active clustering as it is now, unsaved edits included.

        Raises
        ------
        DatasetError
            If the name is impossible, or nothing may be written.
        """
        if self.read_only:
            raise DatasetError(f"{self.path}: nothing is copied, since {self.read_only_reason}.")
        active, model = self._active, self.model
        check_clustering_name(self.path, new_name, model.clusterings)
        state, key, names = active.state(), (active.channel_group, active.name), active.groups.names

        def run() -> None:
            with self._writing:
                self._keeper.check_held()
                copy_clustering(self.path, key, new_name, state, names)

        def finish() -> None:
            for each in self._models.values():
                each.follow()
            model.list_clusterings()

        return CopyJob(run, finish)

    def copy_clustering(self, new_name: str) -> None:
        """Write the active clustering as it is now under another name, durably.

        Raises
        ------
        DatasetError
            If the name is impossible, or the file cannot be written; it is then as it was.
        """
        job = self.copy_job(new_name)
        job.run()
        job.finish()

    # -- helpers ---------------------------------------------------------------------------

    def _kept_aside(self, sentence: str) -> None:
        """Edits of an earlier session were not asked for before new ones were made."""
        if self.dispatch is None:
            warn_caller(sentence)
        else:
            self.warned.emit(sentence)

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
            self._curations[key] = self._read_curation(self._model_of(channel_group), name)
        return self._curations[key]

    def _read_curation(self, model: KwikModel, name: str) -> Curation:
        """A clustering as the model has read it, or as the file holds it."""
        opened = model.clustering == name
        return self._joined(Curation.of(model) if opened else Curation.read(model, name))

    def _fresh(self, key: Key) -> Curation:
        """A clustering as the file holds it."""
        return self._joined(read_curation(self.path, key))

    def _joined(self, curation: Curation) -> Curation:
        """Make a clustering one of this session; ids that an earlier one used stay unused."""
        curation.knowledge.measures = self.measures
        largest = self._keeper.largest_id((curation.channel_group, curation.name))
        curation.clustering.reserve(largest)
        return curation
