"""Saving: everything that was edited goes into the file at once, or nothing does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.durability.journal_entries import Key, key_of
from phygui.curation.opened import Curation
from phygui.dataset import ClusteringState, Dataset
from phygui.errors import DatasetChanged, DatasetError
from phygui.storage.files import reason
from phygui.storage.state.backups import Backup, drop_backup, write_backup
from phygui.storage.state.records import RecordError, n_values
from phygui.words import error_in_words


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
    dataset : Dataset
    keeper : Keeper
        What is told of every save.
    """

    def __init__(self, dataset: Dataset, keeper: Keeper) -> None:
        self.path = dataset.path
        self._store = dataset.clusterings
        self._keeper = keeper
        self._stamp = self._store.stamp()
        self._tried: dict[Key, str] = {}

    # -- has something else written the file? ------------------------------------------------

    def changed_on_disk(self, keys: Iterable[Key]) -> bool:
        """Whether the file holds other clusters than when it was read or last saved.

        Parameters
        ----------
        keys : iterable of Key
            The clusterings that matter.

        Raises
        ------
        DatasetError
            If the file is gone.
        """
        stamp = self._store.stamp()
        if stamp == self._stamp:
            return False
        for key in keys:
            expected = self._keeper.print_in_file(key)
            try:
                found = self._store.read(key).fingerprint
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
        is_known = self._store.stamp() == self._stamp
        yield
        if is_known:
            self._stamp = self._store.stamp()

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
        marks = {key: curation.history.state() for key, curation in curations.items()}
        tallies = {key: c.groups.tally(states[key].cluster_groups) for key, c in curations.items()}
        n_edits = sum(curation.history.n_unsaved for curation in curations.values())
        saving = self._keeper.saving(states, n_edits)
        problems: list[str] = []

        def run() -> None:
            try:
                self._keeper.check_held()
                if not overwrite and self.changed_on_disk(states):
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
                        self._store.write(states, ready=ready)
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
            self._stamp = self._store.stamp()
            self._keeper.saved(saving)

        def finish() -> Saved:
            for key, curation in curations.items():
                curation.history.mark_saved(marks[key])
            return Saved(self.path, n_edits, "; ".join(problems))

        return SaveJob(run, finish)

    def _back_up(
        self,
        n_edits: int,
        tallies: dict[Key, dict[str, int]],
        states: Mapping[Key, ClusteringState],
    ) -> Path:
        records = [state.record(key) for key, state in states.items()]
        return write_backup(self._keeper.folder, n_edits, tallies, records)

    def copy_job(
        self, target: str | os.PathLike[str], curations: Mapping[Key, Curation], overwrite: bool
    ) -> Callable[[], Path]:
        """A function that writes the file with the edits in it to another place, in any thread."""
        goal = Path(target).expanduser().absolute()
        states = {key: curation.state() for key, curation in curations.items()}

        def run() -> Path:
            if os.path.realpath(goal) == os.path.realpath(self.path):
                raise DatasetError(
                    f"{goal} is the dataset itself: save it instead, or choose another place."
                )
            if os.path.lexists(goal) and not overwrite:
                raise DatasetError(f"{goal} exists already.")
            self._store.write(states, target=goal)
            return goal

        return run


def state_in(backup: Backup, key: Key, n_spikes: int) -> ClusteringState:
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
                    raise RecordError(f"it names more than the {n_spikes} spikes of the dataset")
                return ClusteringState.of_record(record)
    except RecordError as error:
        raise DatasetError(f"{backup.path} is a damaged backup: {error}.") from error
    held = " and ".join(f"shank {group}, {name}" for group, name in backup.tallies)
    raise DatasetError(f"this backup does not hold shank {key[0]}, {key[1]}, but {held}.")


def _failure(note: Future[Any], words: str) -> list[str]:
    """Why a note about a save is not on the disk, if it is not: the file matters more than it."""
    problem = note.exception()
    if problem is None:
        return []
    if not isinstance(problem, Exception):
        raise problem
    why = reason(problem) if isinstance(problem, OSError) else error_in_words(problem)
    return [f"{words}: {why}"]
