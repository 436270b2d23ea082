"""The channel groups and clusterings of a session, and which of them is the active one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.announcements import Announcements
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.sidecar import read_locked, write_locked
from phygui.curation.edits.update import EditError
from phygui.curation.opened import Curation
from phygui.curation.publishing import Outbox
from phygui.curation.shown import Shown
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.turns import Turns, in_turn
from phygui.dataset import ClusteringState, Dataset, Key, ShankData
from phygui.errors import DatasetError

SwitchJob = Callable[[], Callable[[], None]]
"""Reads in any thread, and returns what is then to be called in this one."""


class Workspace:
    """The clusterings of one dataset that have been opened; one of them is active.

    Parameters
    ----------
    dataset : Dataset
    channel_group : int, optional
        The active one; by default the first one that has clusters.
    clustering : str, optional
        The active one; by default the first one that can be edited.
    keeper : Keeper
        Knows the state folder, and whether anything may be written.
    outbox : Outbox
        Announces a switch after the edits that came before it.
    tell : Announcements
    turns : Turns

    Attributes
    ----------
    active : Curation
        The active clustering.
    shanks : dict
        Data of each opened channel group.
    curations : dict
        Each opened clustering by its key.
    measures : Measures
        What quality and similarity are, in all of them.
    """

    def __init__(
        self,
        dataset: Dataset,
        channel_group: int | None,
        clustering: str | None,
        *,
        keeper: Keeper,
        outbox: Outbox,
        tell: Announcements,
        turns: Turns,
    ) -> None:
        self.turns = turns
        self._dataset = dataset
        self._keeper = keeper
        self._outbox = outbox
        self._tell = tell
        self._locked = read_locked(keeper.folder)
        self._last_name: dict[int, str] = {}
        self._generation = 0
        self.curations: dict[Key, Curation] = {}
        shank = dataset.open(channel_group)
        self.shanks: dict[int, ShankData] = {shank.channel_group: shank}
        try:
            self.measures = Measures(tell.warned.emit, shank.attributes, turns.in_window)
            names = dataset.clusterings.names(shank.channel_group)
            self._names: dict[int, list[str]] = {shank.channel_group: names}
            name = clustering or self._usual(shank.channel_group)
            self.active = self._open((shank.channel_group, name))
        except BaseException:
            shank.close()
            raise

    @property
    def dataset(self) -> Dataset:
        """What is curated."""
        return self._dataset

    @property
    def path(self) -> Path:
        """The dataset's file or folder."""
        return self.dataset.path

    @property
    def shank(self) -> ShankData:
        """The data of the active channel group."""
        return self.shanks[self.active.channel_group]

    @property
    def model(self) -> Any:
        """The format's own reader of the active channel group, for scripts."""
        return self.shank.reader

    @property
    def channel_group(self) -> int:
        """The active channel group."""
        return self.active.channel_group

    @property
    def clustering(self) -> str:
        """The active clustering."""
        return self.active.name

    @property
    def key(self) -> Key:
        """Channel group and name of the active clustering."""
        return self.active.channel_group, self.active.name

    @property
    def clusterings(self) -> list[str]:
        """Clusterings of the active channel group, the usual one first."""
        return list(self._names[self.active.channel_group])

    def set_names(self, channel_group: int, names: list[str]) -> None:
        """A channel group has other clusterings now."""
        self._names[channel_group] = names

    def modified(self) -> dict[Key, Curation]:
        """The clusterings with edits that are not in the file."""
        return {key: c for key, c in self.curations.items() if c.history.is_modified}

    @property
    def is_modified(self) -> bool:
        """Whether any clustering has edits that are not in the file."""
        return bool(self.modified())

    @property
    def generation(self) -> int:
        """Grows with every edit, every selection and every switch."""
        return self._generation

    def grow(self) -> None:
        """Something is otherwise than before."""
        self._generation += 1

    def state_now(self) -> Shown:
        """All that is shown of the active clustering, as it is at this moment."""
        return Shown.of(
            self.active,
            self.curations.values(),
            shank=self.shank,
            generation=self.generation,
            is_editable=self.is_editable,
        )

    def spike_train(self, cluster_id: int) -> NDArray[np.float64]:
        """Times of the spikes of one cluster as it is now: (n,) float64, seconds, ascending."""
        return self.spike_train_samples(cluster_id) / self.shank.sample_rate

    def spike_train_samples(self, cluster_id: int) -> NDArray[np.int64]:
        """The same in samples, as the functions of ``phygui.analysis`` take it: (n,) int64."""
        return self.shank.clock.train(self.active.clustering.spikes(cluster_id))

    def in_sight(self, snapshot: Snapshot) -> Snapshot:
        """What of a snapshot lies within the time range, or all of it if there is none."""
        chosen = self._outbox.time_range
        return snapshot if chosen is None else chosen.snapshot(snapshot)

    def close(self) -> None:
        """Close the files."""
        for shank in self.shanks.values():
            shank.close()

    # -- switching ---------------------------------------------------------------------------

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
        """The work of a switch: reads in any thread, and returns what switches in this one.

        Raises
        ------
        DatasetError
            Where it reads, if there is no such channel group or clustering.
        """
        group = self.active.channel_group if channel_group is None else channel_group
        known_shank, known = self.shanks.get(group), dict(self.curations)
        known_names = self._names.get(group)
        usual = (self._last_name.get(group), self.active.name)

        def read() -> Callable[[], None]:
            shank = known_shank or self.dataset.open(group)
            names = known_names or self.dataset.clusterings.names(group)
            name = clustering or next((n for n in usual if n in names), names[0])
            curation = known.get((group, name)) or self.fresh((group, name))

            def finish() -> None:
                with self.turns:
                    if self.shanks.setdefault(group, shank) is not shank:
                        shank.close()
                    self._names.setdefault(group, names)
                    self._activate(self.curations.setdefault((group, name), curation))

            return finish

        return read

    def adopt(self, curations: dict[Key, Curation]) -> None:
        """Take over clusterings as an earlier session left them; the active one is shown."""
        self.curations.update(curations)
        if curations:
            self._activate(self._open(self.key))

    def _activate(self, curation: Curation) -> None:
        curation.wizard.walk_like(self.active.wizard)
        self.active = curation
        self._last_name[curation.channel_group] = curation.name
        self.grow()
        self._outbox.post(self._tell_switched)

    def _tell_switched(self) -> None:
        """Another clustering, or other data, is there."""
        self._tell.switched.emit()
        self._tell.selection_changed.emit(self.active.selection.clusters)

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

    def locate_job(self, what: str, path: str | Path | list[str | Path]) -> SwitchJob:
        """The work of :meth:`locate`: opens in any thread, and returns what shows it in this one.

        Raises
        ------
        DatasetError
            As :meth:`locate`, where it opens.
        """
        first = self.shank
        others = [shank for shank in self.shanks.values() if shank is not first]

        def read() -> Callable[[], None]:
            first.locate(what, path)
            for shank in others:
                # What does not fit another channel group is missing there as before.
                with suppress(DatasetError):
                    shank.locate(what, path)
            return self._show_located

        return read

    def set_gain(self, microvolts: float | None) -> None:
        """Say how many microvolts a raw unit is, where no file tells: all units are then of these.

        It is remembered for this user and this dataset, and not written into its files.

        Parameters
        ----------
        microvolts : float or None
            Such as 0.195; None takes back what was said.

        Raises
        ------
        DatasetError
            If the files tell it, or it makes no sense; nothing has changed then.
        """
        self.gain_job(microvolts)()()

    def gain_job(self, microvolts: float | None) -> SwitchJob:
        """The work of :meth:`set_gain`: remembers in any thread, returns what shows it in this one.

        Raises
        ------
        DatasetError
            As :meth:`set_gain`, where it remembers.
        """
        shanks = list(self.shanks.values())

        def remember() -> Callable[[], None]:
            for shank in shanks:
                shank.set_gain(microvolts)
            return self._show_located

        return remember

    def _show_located(self) -> None:
        # What was computed without the data that is there now is void.
        self._tell.located.emit()
        self.grow()
        self._outbox.refresh()
        self._tell_switched()

    # -- editable or not ---------------------------------------------------------------------

    @property
    def is_editable(self) -> bool:
        """Whether the active clustering may be edited; the sorter's own never is."""
        return not self.is_protected and self.key not in self._locked

    @property
    def is_protected(self) -> bool:
        """Whether the active clustering can never be edited: it is the sorter's own."""
        return self.dataset.clusterings.is_protected(self.key)

    @in_turn
    def set_editable(self, editable: bool) -> None:
        """Let the active clustering be edited, or protect it; kept for later sessions.

        Raises
        ------
        EditError
            If it is protected for ever, or nothing may be edited.
        """
        if self._keeper.read_only:
            raise EditError(f"nothing can be edited: {self._keeper.reason}")
        if self.is_protected:
            raise EditError(f"{self.active.name} is always read-only: copy it to edit the copy")
        (self._locked.discard if editable else self._locked.add)(self.key)
        write_locked(self._keeper.folder, self._locked)
        self._outbox.refresh()

    @property
    def locked_reason(self) -> str:
        """Why the active clustering may not be edited, in one sentence; empty if it may."""
        if self.turns.problem:
            return f"nothing can be edited: {self.turns.problem}"
        if self._keeper.read_only:
            return f"nothing can be edited: {self._keeper.reason}"
        if self.is_editable:
            return ""
        instead = "" if self.is_protected else ", or make it editable"
        return (
            f"the clustering '{self.active.name}' is read-only: copy it to edit the copy{instead}"
        )

    def editable(self) -> Curation:
        """The active clustering, to be edited.

        Raises
        ------
        EditError
            If it may not be edited.
        """
        if self.locked_reason:
            raise EditError(self.locked_reason)
        return self.active

    # -- states ------------------------------------------------------------------------------

    def state_job(self, clustering: str) -> Callable[[], ClusteringState]:
        """What gives a clustering of the channel group as it is shown, for any thread.

        Where it has been edited that is with its edits; where it has not been opened, as the
        file holds it.
        """
        shown = self._outbox.shown
        if clustering == shown.clustering:
            return shown.state
        key = (shown.channel_group, clustering)
        known = self.curations.get(key)
        if known is None:
            return lambda: self.dataset.clusterings.read(key)
        state = known.state()
        return lambda: state

    def state_in_file(self) -> ClusteringState:
        """The active clustering as the file holds it now.

        Raises
        ------
        DatasetError
            If it cannot be read.
        """
        return self.state_in_file_job()()

    def state_in_file_job(self) -> Callable[[], ClusteringState]:
        """What reads the active clustering as the file holds it, for any thread."""
        key = self.key
        return lambda: self.dataset.clusterings.read(key)

    def fresh(self, key: Key) -> Curation:
        """A clustering as it is stored; numbers that an earlier session used stay unused."""
        curation = Curation.of(key, self.dataset.clusterings.read(key))
        curation.knowledge.measures = self.measures
        curation.reserve(self._keeper.used(key))
        return curation

    def _open(self, key: Key) -> Curation:
        if key not in self.curations:
            self.curations[key] = self.fresh(key)
        return self.curations[key]

    def _usual(self, channel_group: int) -> str:
        """The first clustering that can be edited; of a channel group that is open."""
        names = self._names[channel_group]
        is_protected = self.dataset.clusterings.is_protected
        return next((n for n in names if not is_protected((channel_group, n))), names[0])
