"""The journal: an append-only file of records, each flushed to the disk by a thread of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from phygui.storage.state.damage import Damage, examine
from phygui.storage.state.disk import DISK, Disk
from phygui.storage.state.records import Record, RecordError, decode, encode
from phygui.storage.state.scratch import Place, Scratch
from phygui.storage.state.state_files import make_folder, read_whole, write_whole
from phygui.storage.system import sync_folder

NAME = "journal"
LARGEST = 1 << 32
"""Bytes that a journal may have to be read."""

Source = Record | Callable[[], Record]


class JournalError(OSError):
    """The journal could not be written; the text is one sentence."""


@dataclass(frozen=True)
class JournalContent:
    """What a journal file holds.

    Attributes
    ----------
    records : tuple of Record
        Valid records from the start.
    ends : tuple of int
        Where each of them ends, in bytes from the start.
    damage : str
        What behind them is unreadable, why, and how many edits that concerns; empty if nothing is.
    data : bytes
        All of the file.
    """

    records: tuple[Record, ...] = ()
    ends: tuple[int, ...] = ()
    damage: str = ""
    data: bytes = b""

    @property
    def size(self) -> int:
        """Bytes that the valid records take; what follows is not valid."""
        return self.ends[-1] if self.ends else 0


def read_journal(path: str | os.PathLike[str]) -> JournalContent:
    """Read a journal; one that is not there is empty.

    Raises
    ------
    OSError
        If the file is there and cannot be read, or is not one that a journal can be.
    """
    try:
        data = read_whole(Path(path), LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        data = b""
    records: list[Record] = []
    ends: list[int] = []
    damage = ""
    while not damage and (not ends or ends[-1] < len(data)) and data:
        start = ends[-1] if ends else 0
        try:
            record, end = decode(data, start)
        except RecordError as error:
            damage = _in_words(path, len(records) + 1, str(error), examine(data, start))
        else:
            records.append(record)
            ends.append(end)
    return JournalContent(tuple(records), tuple(ends), damage, data)


def _in_words(path: str | os.PathLike[str], number: int, reason: str, lost: Damage) -> str:
    if lost.zeros:
        return f"from record {number} on, {path} holds {lost.zeros} bytes that are zero: {lost}"
    return f"record {number} of {path} is unreadable, since {reason}: {lost}"


@dataclass(frozen=True)
class _Item:
    source: Source
    future: Future[Place | None]
    optional: bool

    def record(self) -> Record:
        return self.source() if callable(self.source) else self.source


class Journal:
    """Appends records to a file.

    :meth:`append` returns at once; a thread encodes, writes and flushes, all
    that waits in one go, in order. When that fails, what was being written is
    cut off again and every record is refused until :meth:`resume`: nothing is
    ever in the file behind a gap. When something else has cut, moved or
    replaced the file, the next record is refused, and the file is written
    anew with all that it held.

    Parameters
    ----------
    path : path
        The file; its folder is created with it, at the first record.
    earlier : bytes
        What the file holds and is to keep; what lies behind is cut off. Nothing starts a new file.
    disk : Disk
        System calls.
    keep_aside : callable
        Called with half a sentence before a file that something else has changed is replaced.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        earlier: bytes = b"",
        disk: Disk = DISK,
        keep_aside: Callable[[str], object] = lambda reason: None,
    ) -> None:
        self.path = Path(path)
        self._earlier = earlier
        self._size = len(earlier)
        self._disk = disk
        self._keep_aside = keep_aside
        self._scratch: Scratch | None = None
        self._has_scratch = True
        self._inodes_tell = True
        self._fd = -1
        self._clean = False
        self._failure: BaseException | None = None
        self._queue: SimpleQueue[_Item | str] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def append(self, record: Source, *, optional: bool = False) -> Future[Place | None]:
        """Add a record, or what a function returns; it is called in the journal's thread.

        Parameters
        ----------
        record : Record or callable
            What is added.
        optional : bool
            What comes after makes sense without it: its failure does not refuse the rest.

        Returns
        -------
        Future
            Done when the record is on the disk; tells where it can be read again as long as
            the session lasts, if it can. Its exception is a :class:`JournalError` when the
            record is not on the disk and never will be.
        """
        if self._thread is None:
            # A daemon: a program that forgets to close must still end. What it was told is
            # on the disk is there; only what it was not told yet can be missing.
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        future: Future[Place | None] = Future()
        self._queue.put(_Item(record, future, optional))
        return future

    def resume(self) -> None:
        """Accept records again after a failure; those appended before this stay refused."""
        if self._thread is not None:
            self._queue.put("resume")

    def close(self) -> None:
        """Finish what waits, and close the file."""
        if self._thread is not None:
            self._queue.put("close")
            self._thread.join()
            self._thread = None

    # -- in the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            items = [self._queue.get()]
            while not self._queue.empty():
                items.append(self._queue.get())
            group: list[_Item] = []
            for item in items:
                if not isinstance(item, str):
                    group.append(item)
                    continue
                self._write_group(group)
                group = []
                if item == "resume":
                    self._failure = None
                else:
                    self._close_file()
                    return
            self._write_group(group)

    def _write_group(self, group: Sequence[_Item]) -> None:
        items: list[_Item] = []
        pieces: list[bytes] = []
        for item in group:
            try:
                piece = b"" if self._failure is not None else encode(item.record())
            except Exception as error:
                if item.optional:
                    self._refuse([item], error)
                    continue
                self._failure = error
                piece = b""
            items.append(item)
            pieces.append(piece)
        if not items:
            return
        failure = self._failure
        places: list[Place | None] = []
        if failure is None:
            try:
                self._write(b"".join(pieces))
                places = self._remember(pieces)
            except Exception as error:
                failure = error
                if not all(item.optional for item in items):
                    self._failure = error
        if failure is not None:
            self._refuse(items, failure)
            return
        for item, place in zip(items, places, strict=True):
            item.future.set_result(place)

    def _refuse(self, items: Sequence[_Item], failure: BaseException) -> None:
        problem = f"{self.path} cannot be written: {_why(failure)}"
        if isinstance(failure, JournalError):
            problem = str(failure)
        for item in items:
            item.future.set_exception(JournalError(problem))

    def _write(self, data: bytes) -> None:
        try:
            self._prepare()
            done = 0
            while done < len(data):
                written = self._disk.write_at(self._fd, data[done:], self._size + done)
                if written <= 0:
                    raise OSError("the disk accepts no more data")
                done += written
            self._disk.sync(self._fd)
            self._size += len(data)
        except BaseException:
            self._clean = False
            self._cut()
            raise

    def _prepare(self) -> None:
        """Open the file, and cut off what a crash or a failure left behind the last record."""
        self._start_scratch()
        problem = self._opened() if self._fd < 0 else self._changed()
        if problem:
            self._write_anew(problem)
        if not self._clean:
            self._disk.truncate(self._fd, self._size)
            self._clean = True

    def _opened(self) -> str:
        """Open the file; returns why it is not the one that it was, if it is not."""
        created = not os.path.lexists(self.path)
        if created and self._size:
            return "has been removed"
        if created:
            make_folder(self.path.parent)
        self._fd = self._disk.open(self.path, os.O_RDWR | os.O_CREAT)
        if created:
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
        # Some file systems number a file anew whenever it is opened.
        self._inodes_tell = os.path.samestat(os.fstat(self._fd), os.lstat(self.path))
        n_bytes = os.fstat(self._fd).st_size
        if n_bytes < self._size:
            return f"has been cut from {self._size} to {n_bytes} bytes"
        if self._size and self._scratch is not None:
            os.lseek(self._fd, 0, os.SEEK_SET)
            if _read_all(self._fd, self._size) != self._scratch.read():
                return "has been replaced"
        return ""

    def _changed(self) -> str:
        """What something else has done to the open file; empty if nothing."""
        mine = os.fstat(self._fd)
        try:
            there = os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return "has been moved or removed"
        if not mine.st_nlink:
            return "has been removed, and a new one is in its place"
        if self._inodes_tell and not os.path.samestat(mine, there):
            return "has been replaced"
        if mine.st_size < self._size or (self._clean and mine.st_size != self._size):
            return f"has been changed from {self._size} to {mine.st_size} bytes"
        return ""

    def _write_anew(self, problem: str) -> None:
        """Write a whole new file with all that the journal held; always ends in a JournalError."""
        told = f"{self.path} {problem} while it was in use"
        try:
            data = self._held()
            if os.path.lexists(self.path):
                self._keep_aside(told)
            self._close_file()
            make_folder(self.path.parent)
            write_whole(self.path, data)
        except Exception as error:
            raise JournalError(f"{told}, and cannot be written again: {_why(error)}") from error
        raise JournalError(f"{told}; it was written again with all edits of this session")

    def _held(self) -> bytes:
        """All that the journal held, whatever has become of its file."""
        if self._scratch is not None:
            return self._scratch.read()
        if self._fd >= 0 and os.fstat(self._fd).st_size >= self._size:
            # Wherever it has been moved to.
            os.lseek(self._fd, 0, os.SEEK_SET)
            return _read_all(self._fd, self._size)
        raise OSError("what it held is lost: save now")

    def scratch(self) -> Scratch | None:
        """Where what the journal holds can be read again; to be asked before the first record."""
        self._start_scratch()
        return self._scratch

    def _start_scratch(self) -> None:
        if self._scratch is None and self._has_scratch:
            try:
                make_folder(self.path.parent)
                self._scratch = Scratch(self.path.parent)
                self._scratch.append(self._earlier)
            except OSError:
                self._drop_scratch()
            self._earlier = b""

    def _remember(self, pieces: Sequence[bytes]) -> list[Place | None]:
        """Keep what has just been written where only this session reaches it."""
        if self._scratch is None:
            return [None] * len(pieces)
        places: list[Place | None] = []
        try:
            for piece in pieces:
                start = self._scratch.size
                self._scratch.append(piece)
                places.append(Place(self._scratch, start, len(piece)))
        except OSError:
            # The edits are on the disk, and that is what counts.
            self._drop_scratch()
            places += [None] * (len(pieces) - len(places))
        return places

    def _drop_scratch(self) -> None:
        """Do without: undo stacks stay in memory, and a journal that was cut is lost."""
        self._scratch, self._has_scratch = None, False

    def _cut(self) -> None:
        """Take back what was written of a record that failed; else the next one cuts it."""
        try:
            if self._fd >= 0:
                self._disk.truncate(self._fd, self._size)
                self._disk.sync(self._fd)
        except Exception:
            # The file may be gone for good, with its drive: open it anew next time.
            self._close_file()

    def _close_file(self) -> None:
        fd, self._fd = self._fd, -1
        self._clean = False
        if fd >= 0:
            try:
                self._disk.close(fd)
            except OSError:
                return


def _read_all(fd: int, size: int) -> bytes:
    parts = []
    while size > 0 and (part := os.read(fd, min(size, 1 << 24))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _why(error: BaseException) -> str:
    text: Any = error.strerror if isinstance(error, OSError) else None
    return str(text or str(error) or type(error).__name__)
