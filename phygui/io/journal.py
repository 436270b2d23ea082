"""The journal: an append-only file of records, each flushed to the disk by a thread of its own."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from phygui.io.disk import DISK, Disk
from phygui.io.records import Record, decode_all, encode, has_record_after
from phygui.io.state_files import make_folder, read_whole, sync_folder

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
    size : int
        Bytes that they take; what follows is not valid.
    torn : bool
        The last record was cut short, as a crash in the midst of writing leaves it.
    damage : str
        Why records in the midst of the file are unreadable; empty if they are not.
    """

    records: tuple[Record, ...]
    size: int
    torn: bool
    damage: str


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
    records, size, problem = decode_all(data)
    damaged = bool(problem) and has_record_after(data, size)
    damage = f"record {len(records) + 1} of {path} is unreadable: {problem}" if damaged else ""
    return JournalContent(tuple(records), size, bool(problem) and not damaged, damage)


@dataclass(frozen=True)
class _Item:
    source: Source
    future: Future[None]
    optional: bool

    def record(self) -> Record:
        return self.source() if callable(self.source) else self.source


class Journal:
    """Appends records to a file.

    :meth:`append` returns at once; a thread encodes, writes and flushes, all
    that waits in one go, in order. When that fails, what was being written is
    cut off again and every record is refused until :meth:`resume`: nothing is
    ever in the file behind a gap.

    Parameters
    ----------
    path : path
        The file; its folder is created with it, at the first record.
    size : int
        Bytes of the file to keep; what lies behind is cut off. 0 starts a new file.
    disk : Disk
        System calls.
    """

    def __init__(self, path: str | os.PathLike[str], size: int = 0, disk: Disk = DISK) -> None:
        self.path = Path(path)
        self._size = size
        self._disk = disk
        self._fd = -1
        self._clean = False
        self._failure: BaseException | None = None
        self._queue: SimpleQueue[_Item | str] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def append(self, record: Source, *, optional: bool = False) -> Future[None]:
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
            Done when the record is on the disk; its exception is a
            :class:`JournalError` when it is not and never will be.
        """
        if self._thread is None:
            # A daemon: a program that forgets to close must still end. What it was told is
            # on the disk is there; only what it was not told yet can be missing.
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        future: Future[None] = Future()
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
        if not group:
            return
        failure = self._failure
        if failure is None:
            try:
                self._write(b"".join(encode(item.record()) for item in group))
            except Exception as error:
                failure = error
                if not all(item.optional for item in group):
                    self._failure = error
        for item in group:
            if failure is None:
                item.future.set_result(None)
            else:
                problem = f"{self.path} cannot be written: {_why(failure)}"
                item.future.set_exception(JournalError(problem))

    def _write(self, data: bytes) -> None:
        try:
            self._prepare()
            done = 0
            while done < len(data):
                written = self._disk.write_at(self._fd, data[done:], self._size + done)
                if written <= 0:
                    raise OSError("the disk takes no more")
                done += written
            self._disk.sync(self._fd)
            self._size += len(data)
        except BaseException:
            self._clean = False
            self._cut()
            raise

    def _prepare(self) -> None:
        """Open the file, and cut off what a crash or a failure left behind the last record."""
        if self._fd < 0:
            created = not os.path.lexists(self.path)
            if created and self._size:
                raise FileNotFoundError(errno.ENOENT, "the file has been removed")
            if created:
                make_folder(self.path.parent)
            self._fd = self._disk.open(self.path, os.O_RDWR | os.O_CREAT)
            if created:
                sync_folder(self.path.parent)
                sync_folder(self.path.parent.parent)
        elif not os.fstat(self._fd).st_nlink:
            raise FileNotFoundError(errno.ENOENT, "the file has been removed")
        if not self._clean:
            self._disk.truncate(self._fd, self._size)
            self._clean = True

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


def _why(error: BaseException) -> str:
    text: Any = error.strerror if isinstance(error, OSError) else None
    return str(text or error or type(error).__name__)
