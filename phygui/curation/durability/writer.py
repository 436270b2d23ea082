"""Saving: everything that was edited goes into the file at once, or nothing does."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from phygui.curation.durability.edit_journal import Keeper, stamp_of
from phygui.curation.durability.journal_entries import Key, key_of
from phygui.curation.opened import Curation
from phygui.curation.state import State
from phygui.errors import DatasetChanged, DatasetError
from phygui.formats.kwik.hdf5.file import open_hdf5
from phygui.formats.kwik.model import KwikModel
from phygui.formats.kwik.reading.clusters import read_clustering
from phygui.formats.kwik.reading.labels import read_labels, verify_labels, write_labels
from phygui.formats.kwik.writing.save import verify_clustering, write_clustering
from phygui.storage.state.backups import Backup, drop_backup, write_backup
from phygui.storage.state.durable import durable_edit
from phygui.storage.state.journal import JournalError
from phygui.storage.state.records import RecordError, n_values


class ChangedOnDisk(DatasetChanged):
    """The file was changed by another program since it was read; saving would undo that."""


@dataclass(frozen=True)
class Saved:
    """What a save wrote, and what went wrong besides."""

    path: Path
    n_edits: int
    warning: str = ""


@dataclass(frozen=True)
class SaveJob:
    """Everything unsaved as it was at one moment, ready to be written by any thread."""

    run: Callable[[], None]
    finish: Callable[[], Saved]


class Saver:
    """Writes the curations of a session into its file.

    Parameters
    ----------
    path : Path
        The ``.kwik`` file.
    keeper : Keeper
        What is told of every save.
    """

    def __init__(self, path: Path, keeper: Keeper) -> None:
        self.path = path
        self._keeper = keeper
        self._stamp = stamp_of(path)
        self._tried: dict[Key, str] = {}

    # -- has something else written the file? ------------------------------------------------

    def changed_on_disk(self, n_spikes: Mapping[Key, int]) -> bool:
        """Whether the file holds other clusters than when it was read or last saved.

        Parameters
        ----------
        n_spikes : mapping of Key to int
            The clusterings that matter, with their numbers of spikes.

        Raises
        ------
        DatasetError
            If the file is gone.
        """
        stamp = stamp_of(self.path)
        if stamp == self._stamp:
            return False
        for key, n in n_spikes.items():
            expected = self._keeper.print_in_file(key)
            try:
                found = read_state(self.path, key, n).fingerprint
            except DatasetError:
                return True
            if found not in (expected, self._tried.get(key)):
                return True
        # Something else was written, or nothing at all: what is edited here is as it was.
        self._stamp = stamp
        return False

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While this session itself writes into the file what is not edited in it."""
        is_known = stamp_of(self.path) == self._stamp
        yield
        if is_known:
            self._stamp = stamp_of(self.path)

    # -- writing ---------------------------------------------------------------------------

    def job(self, curations: Mapping[Key, Curation], overwrite: bool) -> SaveJob:
        """The work of a save; to be made where the edits are made.

        Parameters
        ----------
        curations : mapping
            The curations to write.
        overwrite : bool
            Write also if something else has changed the file.
        """
        states = {key: curation.state() for key, curation in curations.items()}
        names = {key: curation.groups.names for key, curation in curations.items()}
        marks = {key: curation.history.state() for key, curation in curations.items()}
        tallies = {key: c.groups.tally(states[key].cluster_groups) for key, c in curations.items()}
        n_spikes = {key: len(state.spike_clusters) for key, state in states.items()}
        n_edits = sum(curation.history.n_unsaved for curation in curations.values())
        saving = self._keeper.saving(states, n_edits)
        problems: list[str] = []

        def run() -> None:
            try:
                self._keeper.check_held()
                if not overwrite and self.changed_on_disk(n_spikes):
                    raise ChangedOnDisk(
                        f"{self.path} was changed by another program since it was read."
                    )
                with ThreadPoolExecutor(1, "backup") as executor:
                    backup = executor.submit(self._back_up, n_edits, tallies, states)

                    def ready() -> None:
                        # What the file is about to hold must be known before it holds it.
                        if saving.note is not None:
                            problems.extend(_failure(saving.note, "the journal has a gap"))

                    try:
                        write_states(self.path, states, names, ready=ready)
                    except BaseException:
                        if backup.exception() is None:
                            drop_backup(backup.result())
                        raise
                    problems.extend(_failure(backup, "no backup was kept"))
            except BaseException:
                self._keeper.not_saved()
                # The file may have been replaced before something went wrong.
                self._tried = {key: state.fingerprint for key, state in states.items()}
                raise
            self._stamp = stamp_of(self.path)
            self._keeper.saved(saving)

        def finish() -> Saved:
            for key, curation in curations.items():
                curation.history.mark_saved(marks[key])
            return Saved(self.path, n_edits, "; ".join(problems))

        return SaveJob(run, finish)

    def _back_up(
        self, n_edits: int, tallies: dict[Key, dict[str, int]], states: Mapping[Key, State]
    ) -> Path:
        records = [state.record(key) for key, state in states.items()]
        return write_backup(self._keeper.folder, n_edits, tallies, records)

    def copy_job(
        self, target: str | os.PathLike[str], curations: Mapping[Key, Curation], overwrite: bool
    ) -> Callable[[], Path]:
        """A function that writes the file with the edits in it to another place, in any thread."""
        goal = Path(target).expanduser().absolute()
        states = {key: curation.state() for key, curation in curations.items()}
        names = {key: curation.groups.names for key, curation in curations.items()}

        def run() -> Path:
            if os.path.realpath(goal) == os.path.realpath(self.path):
                raise DatasetError(
                    f"{goal} is the dataset itself: save it, or choose another place."
                )
            if goal.suffix.lower() != ".kwik":
                # Features, raw data and the backup stand beside the dataset under its name.
                raise DatasetError(f"{goal} does not end in .kwik, as a copy of the dataset must.")
            if os.path.lexists(goal) and not overwrite:
                raise DatasetError(f"{goal} exists already.")
            write_states(self.path, states, names, target=goal)
            return goal

        return run


def write_states(
    path: Path,
    states: Mapping[Key, State],
    group_names: Mapping[Key, Mapping[int, str]],
    *,
    target: Path | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Write clusters, groups and labels into a file, all at once and durably.

    Parameters
    ----------
    path : Path
        The file.
    states, group_names : mapping
        What is written, and the names of the cluster groups.
    target : Path, optional
        Where the result goes instead of over the file.
    ready : callable
        Called last of all before the file is replaced.

    Raises
    ------
    DatasetError
        If that fails; the file is then as it was.
    """

    def each() -> Iterator[tuple[Key, State, dict[int, Mapping[str, str]]]]:
        for key, state in states.items():
            yield key, state, {c: state.labels.get(c, {}) for c in state.cluster_groups}

    def edit(file: h5py.File) -> None:
        for key, state, labels in each():
            groups, names = state.cluster_groups, group_names[key]
            write_clustering(file, *key, state.spike_clusters, groups, names)
            write_labels(file, *key, labels)

    def verify(file: h5py.File) -> None:
        for key, state, labels in each():
            groups, names = state.cluster_groups, group_names[key]
            verify_clustering(file, *key, state.spike_clusters, groups, names)
            verify_labels(file, *key, labels)
        ready()

    durable_edit(path, edit, verify, target=target)


def read_state(path: Path, key: Key, n_spikes: int) -> State:
    """A clustering as a file holds it now.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    group, name = key
    with open_hdf5(path) as file:
        where = f"/channel_groups/{group}"
        found = read_clustering(file, where, name, n_spikes, lambda text: None)
    labels = read_labels(path, group, name, found.cluster_groups)
    return State(found.spike_clusters, found.cluster_groups, labels)


def read_curation(path: Path, key: Key) -> Curation:
    """A clustering as a file holds it now, ready to be edited.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    with warnings.catch_warnings():
        # They were given when the dataset was opened.
        warnings.simplefilter("ignore")
        model = KwikModel(path, *key)
    try:
        return Curation.of(model)
    finally:
        model.close()


def state_in(backup: Backup, key: Key, n_spikes: int) -> State:
    """A clustering of so many spikes as it was in a backup.

    Raises
    ------
    DatasetError
        If the backup is damaged, or holds nothing of this clustering.
    """
    try:
        for record in backup.records():
            if key_of(record.text) == key:
                if n_values(record) > n_spikes:
                    raise RecordError(f"it is of more than the {n_spikes} spikes that there are")
                return State.of_record(record)
    except RecordError as error:
        raise DatasetError(f"{backup.path} is a damaged backup: {error}.") from error
    held = " and ".join(f"channel group {group}, {name}" for group, name in backup.tallies)
    raise DatasetError(f"this backup does not hold channel group {key[0]}, {key[1]}, but {held}.")


def _failure(note: Future[Any], words: str) -> list[str]:
    """Why a note about a save is not on the disk, if it is not: the file matters more than it."""
    problem = note.exception()
    if problem is None:
        return []
    if not isinstance(problem, OSError):
        raise problem
    reason = str(problem) if isinstance(problem, JournalError) else problem.strerror or problem
    return [f"{words}: {reason}"]
