"""What keeps the edits of a session: the lock, the journal, and what an earlier one left."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path

from phygui.curation.durability.adoption import take_over, unsaved_in
from phygui.curation.durability.aside import drop_old_journals, keep_aside
from phygui.curation.durability.journal_entries import Key, now, step_record, used_by
from phygui.curation.durability.recovery import (
    Leftover,
    UnsavedEdit,
    base_record,
    saved_record,
    saving_record,
    used_record,
)
from phygui.curation.edits.update import Update
from phygui.curation.edits.used import Used
from phygui.curation.opened import Curation
from phygui.dataset import ClusteringState
from phygui.errors import DatasetError
from phygui.storage.state.disk import DISK, Disk
from phygui.storage.state.durable import remove_leftovers
from phygui.storage.state.journal import NAME, Journal
from phygui.storage.state.lock import Holder, Lock, living_holder
from phygui.storage.state.records import Record, encode
from phygui.storage.state.scratch import Place
from phygui.storage.state.state_files import write_whole
from phygui.storage.state.state_folder import find_place, remove_if_empty
from phygui.words import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saving:
    """A save that has begun.

    Attributes
    ----------
    states : mapping
        What is written.
    note : Future or None
        Done when the journal says so; None without a journal.
    record : callable
        What the journal says.
    """

    states: Mapping[Key, ClusteringState]
    note: Future[Place | None] | None
    record: Callable[[], Record]


class Keeper:
    """Holds a dataset for one session and writes down what it does.

    Parameters
    ----------
    path : path
        The dataset's file or folder.
    read_only : bool
        Write nothing anywhere, and take no lock.
    journal, lock : bool
        Whether edits are journalled, and other sessions are kept from writing.
    disk : Disk
        System calls of the journal.

    Attributes
    ----------
    holder : Holder or None
        Who else has the dataset open for writing.
    reason : str
        Why the dataset is open for reading only; empty if it is not.
    on_aside : callable
        Called with one sentence when the first edit sets those of an earlier session aside.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        journal: bool = True,
        lock: bool = True,
        disk: Disk = DISK,
    ) -> None:
        self.path = Path(path)
        self._place = find_place(path)
        self.folder = self._place.folder
        self.holder: Holder | None = None
        self.reason = "it was opened read-only" if read_only else ""
        self.on_aside: Callable[[str], None] = lambda sentence: None
        self._journals = journal and not read_only
        self._disk = disk
        self._journal: Journal | None = None
        # Of each clustering that is in the journal: the fingerprint of what the file holds.
        self._prints: dict[Key, str] = {}
        # When the journal tells of it; None if it did so before this session.
        self._bases: dict[Key, Future[Place | None] | None] = {}
        self._n_steps: dict[Key, int] = {}
        self._used: dict[Key, Used] = {}
        self._settled = True
        self._lock = Lock(self.folder, self._place.make)
        self._leftover: Leftover | None = None
        self._remark = ""
        self._locks = lock and not read_only
        if self._locks and self._place.reason:
            self._use_unwritable()
        elif self._locks:
            self._take_lock()
        try:
            if self.holder is None and journal:
                self._leftover = self._find_leftover()
                self._used = dict(self._leftover.used) if self._leftover else {}
        except BaseException:
            self._release()
            raise

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written."""
        return bool(self.reason)

    @property
    def has_journal(self) -> bool:
        """Whether edits are written down."""
        return self._journals

    @property
    def journal_path(self) -> Path:
        """Where the journal is."""
        return self.folder / NAME

    # -- what an earlier session left ---------------------------------------------------------

    @property
    def unsaved_edits(self) -> list[UnsavedEdit]:
        """Edits of an earlier session that are not in the file."""
        return self._leftover.unsaved if self._leftover else []

    @property
    def problem(self) -> str:
        """Why the edits of an earlier session cannot be brought back, or not all of them."""
        if self._leftover is None:
            return ""
        found = (self._leftover.problem, self._leftover.damage, self._remark)
        return "; ".join(filter(None, found))

    def compare(self, state_of: Callable[[Key], ClusteringState]) -> None:
        """Find out what an earlier session has left that the file does not hold."""
        leftover = self._leftover
        if leftover is None or leftover.is_settled:
            return
        leftover.compare(lambda key: state_of(key).fingerprint)

    def used(self, key: Key) -> Used:
        """The largest numbers that are known to have been used."""
        return self._used.get(key, Used())

    def recover(self, fresh: Callable[[Key], Curation]) -> dict[Key, Curation]:
        """Bring the edits of an earlier session back; its journal goes on.

        Raises
        ------
        DatasetError
            If that is impossible; the journal is then kept aside.
        """
        leftover = self._leftover
        if leftover is None or not (leftover.has_unsaved_steps or self.problem):
            return {}
        if self.read_only:
            raise DatasetError(f"{self.path}: nothing is brought back, since {self.reason}.")
        if leftover.problem:
            problem = self.problem
            self.set_aside(problem)
            raise DatasetError(f"{self.path}: {problem}.")
        leftover.compare(lambda key: fresh(key).state(copy=False).fingerprint)
        journal = self._journal_after(leftover)
        try:
            curations = leftover.replay(fresh, journal.scratch())
        except DatasetError as error:
            self.set_aside(str(error))
            raise
        if leftover.damage:
            self._keep_aside(leftover.damage, copy=True)
        self._journal = journal
        self._prints, self._n_steps = leftover.prints(), leftover.n_steps()
        self._bases = dict.fromkeys(self._prints)
        self._settled = False
        self._leftover = None
        return curations

    def look(self, fresh: Callable[[Key], Curation]) -> dict[Key, Curation]:
        """What :meth:`recover` would bring back, for whoever only reads; nothing is written.

        Raises
        ------
        DatasetError
            If that is impossible.
        """
        leftover = self._leftover
        if leftover is None or not leftover.has_unsaved_steps:
            return {}
        leftover.compare(lambda key: fresh(key).state(copy=False).fingerprint)
        return leftover.replay(fresh)

    def set_aside(self, reason: str) -> None:
        """Keep what an earlier session left under another name, with the reason."""
        leftover = self._leftover
        if leftover is not None and not leftover.is_settled and not self.read_only:
            self._begin_anew(reason)

    def _find_leftover(self) -> Leftover | None:
        found = unsaved_in(self.folder)
        # What lies elsewhere has come here by now, if anything may be written here.
        for other in self._place.others if self.read_only else ():
            if found is None or found.is_settled:
                found = unsaved_in(other) or found
        return found

    def _begin_anew(self, reason: str = "") -> Path:
        """Keep the journal under another name, and begin one that knows the numbers in use."""
        aside = self._keep_aside(reason)
        data = encode(used_record(self._used, now())) if self._used else b""
        try:
            # It takes the place of the other at once: there is a journal at every moment.
            write_whole(self.journal_path, data)
        except OSError as error:
            raise DatasetError(
                f"{self.journal_path} cannot be written: {error.strerror or error}."
            ) from error
        self._leftover = None
        self._journal = self._journal_of(data)
        return aside

    def _journal_of(self, earlier: bytes = b"") -> Journal:
        return Journal(self.journal_path, earlier, self._disk, self._keep_aside)

    def _journal_after(self, leftover: Leftover) -> Journal:
        """The journal of an earlier session, to be gone on with."""
        return self._journal_of(leftover.content.data[: leftover.size])

    def _keep_aside(self, reason: str, *, copy: bool = False) -> Path:
        return keep_aside(self.journal_path, reason, self.unsaved_edits, copy=copy)

    # -- edits -----------------------------------------------------------------------------

    def begin(self, curation: Curation) -> None:
        """Note what a clustering is like before the first edit of this session."""
        key = (curation.channel_group, curation.name)
        if not self._journals or self._is_known(key):
            return
        # The spikes are copied here, and hashed in the thread of the journal.
        state, used = curation.state(), curation.used

        def record() -> Record:
            self._prints[key] = state.fingerprint
            return base_record(key, state.fingerprint, len(state.spike_clusters), used, now())

        self._bases[key] = self._started().append(record)
        self._n_steps[key] = 0
        self._used[key] = self.used(key) | used

    def _is_known(self, key: Key) -> bool:
        """Whether the journal tells, or is about to tell, what a clustering was like at first."""
        base = self._bases.get(key)
        failed = base is not None and base.done() and base.exception() is not None
        return key in self._bases and not failed

    def print_in_file(self, key: Key) -> str:
        """The fingerprint of what the file is known to hold of a clustering; empty if unknown."""
        base = self._bases.get(key)
        if base is not None:
            wait([base])
        return self._prints.get(key, "")

    def record(self, curation: Curation, update: Update) -> Future[Place | None] | None:
        """Write an edit down; the result is done when it is on the disk."""
        if not self._journals:
            return None
        self._settled = False
        key = (curation.channel_group, curation.name)
        self._used[key] = self.used(key) | used_by(update)
        self._n_steps[key] += 1
        return self._started().append(lambda: step_record(key, update))

    def taken_back(self, curation: Curation) -> None:
        """An edit has not come to the disk, and has been undone in memory."""
        if self._journals:
            self._n_steps[curation.channel_group, curation.name] -= 1

    def resume(self) -> None:
        """Try again after the journal could not be written."""
        if self._journal is not None:
            self._journal.resume()

    def _started(self) -> Journal:
        """The journal, begun anew if need be; that of an earlier session is kept."""
        if self._journal is None:
            leftover = self._leftover
            if leftover is None:
                self._journal = self._journal_of()
            elif not leftover.is_settled:
                n, problem = len(self.unsaved_edits), self.problem
                aside = self._begin_anew(
                    problem or "it was not brought back before new edits were made"
                )
                if n or problem:
                    self.on_aside(
                        f"{self.path}: the journal of an earlier session, with "
                        f"{counted(n, 'edit')} not in the file, is kept aside as {aside}, since it "
                        "was not brought back before the first new edit"
                    )
            elif leftover.has_steps:
                self._begin_anew()
                drop_old_journals(self.folder)
            else:
                self._journal = self._journal_after(leftover)
            self._leftover = None
        assert self._journal is not None
        return self._journal

    # -- saves -----------------------------------------------------------------------------

    def saving(self, states: Mapping[Key, ClusteringState], n_edits: int) -> Saving:
        """Write down what the file will hold; to be called where the states are taken."""
        self._settled = True
        time, n_steps = now(), {key: self._n_steps[key] for key in states if self._is_known(key)}

        def record() -> Record:
            prints = {key: states[key].fingerprint for key in n_steps}
            return saving_record(prints, n_steps, n_edits, time)

        journal = self._journal
        note = None if journal is None else journal.append(record, optional=True)
        return Saving(states, note, record)

    def saved(self, saving: Saving) -> None:
        """Write down that the file holds it now."""
        if self._journal is None:
            return
        known = [key for key in saving.states if self._is_known(key)]
        self._prints |= {key: saving.states[key].fingerprint for key in known}
        if saving.note is not None and saving.note.exception() is not None:
            self._journal.append(saving.record, optional=True)
        self._journal.append(saved_record(known, now()), optional=True)

    def not_saved(self) -> None:
        """The save that had begun has failed."""
        self._settled = False

    # -- the end ---------------------------------------------------------------------------

    def close(
        self, states: Mapping[Key, ClusteringState] | None = None, *, discard: bool = False
    ) -> None:
        """Finish the journal and give up the lock.

        Parameters
        ----------
        states : mapping, optional
            The state of every clustering, if the file holds all of it.
        discard : bool
            Keep the unsaved edits aside: they are not wanted.
        """
        try:
            if self._journal is not None:
                if states is not None and not self._settled:
                    self.saved(self.saving({k: states[k] for k in states if self._is_known(k)}, 0))
                self._journal.close()
                if discard and states is None:
                    self._begin_anew("the edits were discarded")
        except DatasetError as error:
            # Nothing can be done about it any more, and all edits are in the journal.
            if getattr(error.__cause__, "errno", None) != errno.EROFS:
                raise
            log.warning("%s", error)
        finally:
            self._journal = None
            self._release()

    def _release(self) -> None:
        if self._lock.is_held:
            self._lock.release()
            remove_if_empty(self.folder)

    def check_held(self) -> None:
        """Make sure that no other computer has taken the dataset over meanwhile.

        Raises
        ------
        DatasetError
            If one has.
        """
        if self._locks and not self._lock.still_held():
            raise DatasetError(
                f"{self.path}: another computer has taken the dataset over; save a copy instead."
            )

    def _take_lock(self) -> None:
        try:
            self.holder = self._lock.acquire()
        except OSError as error:
            self.reason = f"{self.folder} cannot be written: {error.strerror or error}"
            self._journals = False
            return
        if self.holder is None:
            remove_leftovers(self.path)
            self._take_over()
        if self.holder is not None:
            self.reason = f"it is open elsewhere ({self.holder})"
            self._journals = False

    def _take_over(self) -> None:
        """Bring here what was kept elsewhere while this folder could not be used."""
        for other in self._place.others:
            try:
                keep = other.parent == self._place.dataset.parent
                self.holder, remark = take_over(self.folder, other, keep=keep)
            except OSError as error:
                self._remark = f"{other} cannot be taken over: {error.strerror or error}"
            else:
                self._remark = self._remark or remark
            if self.holder is not None:
                self._release()
                return

    def _use_unwritable(self) -> None:
        """Work beside nobody unseen: read what is there, and say why no more than that."""
        self.holder = living_holder(self.folder)
        self.reason = self._place.reason
        if self.holder is not None:
            self.reason = f"it is open elsewhere ({self.holder}), and {self.reason}"
        self._journals = self._locks = False
