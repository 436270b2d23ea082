"""Which channel group and clustering is the active one of a session, and how that changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.journal_entries import Key
from phygui.curation.durability.sidecar import read_locked, write_locked
from phygui.curation.durability.writer import Saved
from phygui.curation.edits.update import EditError
from phygui.curation.opened import Curation
from phygui.curation.publishing import Action, Outbox
from phygui.curation.remarks import warn_caller
from phygui.curation.signals import Signal
from phygui.curation.statistics.cache import StatsCache
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.turns import Turns, in_turn
from phygui.dataset import ClusteringState, Dataset, ShankData
from phygui.errors import DatasetError

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

    def __init__(
        self,
        dataset: Dataset,
        channel_group: int | None = None,
        clustering: str | None = None,
        *,
        keeper: Keeper | None = None,
    ) -> None:
        shank = dataset.open(channel_group)
        self.turns = Turns()
        self._keeper = keeper or Keeper(dataset.path, journal=False, lock=False)
        self._keeper.on_aside = self._kept_aside
        self._outbox = Outbox(self._fail)
        self._generation = 0
        self.dataset = dataset
        self._shanks: dict[int, ShankData] = {shank.channel_group: shank}
        names = dataset.clusterings.names(shank.channel_group)
        self._names: dict[int, list[str]] = {shank.channel_group: names}
        self._curations: dict[Key, Curation] = {}
        self._stats_caches: dict[int, StatsCache] = {}
        self._rejected: dict[int, set[frozenset[str]]] = {}
        self._locked = read_locked(self._keeper.folder)
        self._last_name: dict[int, str] = {}
        self.measures = Measures(self.warned.emit)
        # Held by whoever writes the file.
        self._writing = threading.Lock()
        try:
            name = clustering or self._usual(shank.channel_group)
            self._active = self._curation_of(shank.channel_group, name)
        except BaseException:
            shank.close()
            raise

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
    def shank(self) -> ShankData:
        """The data of the active channel group."""
        return self._shanks[self._active.channel_group]

    @property
    def model(self) -> Any:
        """The format's own reader of the active channel group: of Kwik files a ``KwikModel``."""
        return self.shank.reader

    @property
    def path(self) -> Path:
        """The dataset's file or folder."""
        return self.dataset.path

    @property
    def channel_group(self) -> int:
        """The active channel group."""
        return self._active.channel_group

    @property
    def clustering(self) -> str:
        """The active clustering."""
        return self._active.name

    @property
    def clusterings(self) -> list[str]:
        """Clusterings of the active channel group, the usual one first."""
        return list(self._names[self.channel_group])

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
        known_shank, known = self._shanks.get(group), dict(self._curations)
        known_names = self._names.get(group)
        wanted = (self._last_name.get(group), self.clustering)

        def read() -> Callable[[], None]:
            shank = known_shank or self.dataset.open(group)
            names = known_names or self.dataset.clusterings.names(group)
            name = clustering or next((n for n in wanted if n in names), names[0])
            curation = known.get((group, name)) or self._fresh((group, name))

            def finish() -> None:
                with self.turns:
                    if self._shanks.setdefault(group, shank) is not shank:
                        shank.close()
                    self._names.setdefault(group, names)
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
        return not self.is_protected and key not in self._locked

    @property
    def is_protected(self) -> bool:
        """Whether the active clustering can never be edited: it is the sorter's own."""
        return self.dataset.clusterings.is_protected((self.channel_group, self.clustering))

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
        if self.is_protected:
            raise EditError(f"{self.clustering} is always read-only: copy it to edit the copy")
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
        instead = "" if self.is_protected else ", or make it editable"
        return f"the clustering '{self.clustering}' is read-only: copy it to edit the copy{instead}"

    def _editable(self) -> Curation:
        if self.locked_reason:
            raise EditError(self.locked_reason)
        return self._active

    # -- other clusterings -------------------------------------------------------------------

    def state_job(self, clustering: str) -> Callable[[], ClusteringState]:
        """What gives a clustering of the channel group as it is now, for any thread.

        Where it has been edited that is with its edits; where it has not been opened, as the
        file holds it.
        """
        key = (self.channel_group, clustering)
        known = self._curations.get(key)
        if known is None:
            return lambda: self.dataset.clusterings.read(key)
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
        active, store = self._active, self.dataset.clusterings
        store.check_name(self.channel_group, new_name, self.clusterings)
        state, key = active.state(), (active.channel_group, active.name)
        names: list[str] = []

        def run() -> None:
            with self._writing:
                self._keeper.check_held()
                store.copy(key, new_name, state)
                names.extend(store.names(key[0]))

        def finish() -> None:
            self._names[key[0]] = names

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

    def _usual(self, channel_group: int) -> str:
        """The first clustering that can be edited; of a channel group that is open."""
        names = self._names[channel_group]
        is_protected = self.dataset.clusterings.is_protected
        return next((n for n in names if not is_protected((channel_group, n))), names[0])

    def _curation_of(self, channel_group: int, name: str) -> Curation:
        key = (channel_group, name)
        if key not in self._curations:
            self._curations[key] = self._fresh(key)
        return self._curations[key]

    def _fresh(self, key: Key) -> Curation:
        """A clustering as it is stored."""
        return self._joined(Curation.of(key, self.dataset.clusterings.read(key)))

    def _joined(self, curation: Curation) -> Curation:
        """Make a clustering one of this session; ids that an earlier one used stay unused."""
        curation.knowledge.measures = self.measures
        largest = self._keeper.largest_id((curation.channel_group, curation.name))
        curation.clustering.reserve(largest)
        return curation
