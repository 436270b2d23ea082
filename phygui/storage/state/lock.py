"""One writer per dataset: a lock file that says who holds it, taken over from the dead."""

from __future__ import annotations

import contextlib
import errno
import getpass
import json
import logging
import os
import platform
import stat
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from phygui.storage import system
from phygui.storage.state.state_files import (
    make_folder,
    open_for_writing,
    parse_json,
    read_whole,
    write_all,
)
from phygui.storage.state.state_folder import remove_if_empty

log = logging.getLogger(__name__)

NAME = "lock"

HEARTBEAT = 60.0
"""Seconds between two signs of life of a holder."""
STALE_AFTER = 600.0
"""Seconds without one after which a holder on another computer counts as dead."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.ENOLCK)
_LARGEST = 10_000
# Tokens of the locks that this process has: a text may outlive its lock where a disk fails.
_held: set[str] = set()
_open: weakref.WeakSet[Lock] = weakref.WeakSet()
_TRIES = 10
_PAUSE = 0.02
_LAST_BREATH = 5.0
"""Seconds that a killed process may take to let go: its last thread may wait for a disk."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    host: str
    process: int
    since: str
    user: str = ""
    boot: str = ""
    started: str = ""
    token: str = ""

    @classmethod
    def me(cls) -> Holder:
        """This process, now."""
        process = os.getpid()
        return cls(
            host=platform.node(),
            process=process,
            since=datetime.now().astimezone().isoformat(timespec="seconds"),
            user=current_user(),
            boot=system.boot(),
            started=system.started(process) or "",
            token=uuid.uuid4().hex,
        )

    @property
    def is_here(self) -> bool:
        """Whether it runs or ran on this computer since that was started.

        Another computer may have the same name.
        """
        return self.host == platform.node() and self.boot == system.boot()

    def is_alive(self) -> bool:
        """Whether its process still runs; only known for this computer."""
        if self.process == os.getpid() and self.token:
            return self.token in _held
        started = system.started(self.process)
        return started is not None and (not self.started or started == self.started)

    def __str__(self) -> str:
        try:
            since = f"{datetime.fromisoformat(self.since):%Y-%m-%d %H:%M}"
        except ValueError:
            since = self.since
        if self.is_here and self.process == os.getpid():
            return f"in this program itself, since {since}"
        who = f" of {self.user}" if self.user else ""
        return f"process {self.process}{who} on {self.host}, since {since}"


UNKNOWN = Holder(host="an unknown computer", process=0, since="an unknown time")


class Lock:
    """A lock file; :meth:`acquire` takes it or says who holds it.

    The system locks the file as long as the holder lives, and frees it when the process dies,
    also over NFS. Its text says who that is. Where the file system has no such locks, or they do
    not reach other computers, the text decides alone: a holder on this computer is dead if its
    process is gone, any other one if it has given no sign of life (the time of the file) for ten
    minutes.

    Parameters
    ----------
    folder : path
        Where the file lies; created with it, and removed again when left empty.
    make : callable, optional
        Makes the folder.
    """

    def __init__(
        self, folder: str | os.PathLike[str], make: Callable[[], None] | None = None
    ) -> None:
        self.path = Path(folder) / NAME
        self._make = make or partial(make_folder, self.path.parent)
        self._fd = -1
        self._is_locked = False
        self._me = UNKNOWN
        self._stop = threading.Event()

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock, as far as it knows."""
        return self._fd >= 0

    def acquire(self) -> Holder | None:
        """Take the lock.

        Returns
        -------
        Holder or None
            Who holds it; None when it has been taken.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        holder, n_tries = self._try(), 1
        deadline = time.monotonic() + _LAST_BREATH
        while holder is not None:
            # A holder that has just begun has not said yet who it is.
            is_new = holder is UNKNOWN and n_tries < _TRIES
            is_gone = holder.is_here and not holder.is_alive() and time.monotonic() < deadline
            if not is_new and not is_gone:
                break
            time.sleep(_PAUSE)
            holder, n_tries = self._try(), n_tries + 1
        if holder is None:
            self._stop.clear()
            threading.Thread(target=self._beat, name="lock", daemon=True).start()
        return holder

    def still_held(self) -> bool:
        """Whether nobody has taken the lock over, as after a long sleep of the computer."""
        return self.is_held and (_read(self.path) or UNKNOWN).token == self._me.token

    def release(self) -> None:
        """Give the lock up; does nothing if it is not held.

        Whatever has become of the folder or its disk meanwhile, this process has it no longer.
        """
        if not self.is_held:
            return
        self._stop.set()
        with contextlib.suppress(OSError):
            if self.still_held():
                # Nobody is named any more, though the name may have to stay.
                os.ftruncate(self._fd, 0)
                if system.may_remove_open():
                    self.path.unlink()
        self._let_go()
        if not system.may_remove_open():
            # Where somebody else has it by now, this fails.
            with contextlib.suppress(OSError):
                self.path.unlink()
        remove_if_empty(self.path.parent)

    # -- helpers ---------------------------------------------------------------------------

    def _try(self) -> Holder | None:
        self._make()
        try:
            self._clear_odd()
            try:
                is_locked = self._lock()
            except PermissionError:
                return self._succeed_another_user()
            if not is_locked:
                return _read(self.path) or UNKNOWN
            # Released by its holder meanwhile?
            if not _same_file(self._fd, self.path):
                return self._let_go(UNKNOWN)
            holder = _read(self.path)
            if holder is not None and not self._is_stale(holder):
                return self._let_go(holder)
            me = Holder.me()
            _write(self._fd, json.dumps(asdict(me)).encode())
            # Without working locks somebody else may have done the same at the same time.
            if (_read(self.path) or UNKNOWN).token != me.token:
                return self._let_go(UNKNOWN)
            self._me = me
            _held.add(me.token)
            return None
        except FileNotFoundError:  # the folder has been removed by its last user meanwhile
            return self._let_go(UNKNOWN)
        except BaseException:
            self._let_go()
            raise

    def _lock(self) -> bool:
        """Open the file and lock it without waiting; True also where the system has no locks."""
        self._fd = open_for_writing(self.path, os.O_RDWR | os.O_CREAT, replace=False)
        _open.add(self)
        try:
            # Of filelock's classes some releases empty the file, which may name another computer.
            self._is_locked = lock_descriptor(self._fd, blocking=False)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return True
        if not self._is_locked:
            self._let_go()
            return False
        return True

    def _let_go(self, holder: Holder = UNKNOWN) -> Holder:
        """Give up what was opened and locked; returns who has it instead."""
        _held.discard(self._me.token)
        _open.discard(self)
        is_locked, self._is_locked = self._is_locked, False
        fd, self._fd = self._fd, -1
        with contextlib.suppress(OSError):
            # A process that was forked meanwhile has the descriptor as well.
            if is_locked:
                unlock_descriptor(fd)
        with contextlib.suppress(OSError):
            if fd >= 0:
                os.close(fd)
        return holder

    def _clear_odd(self) -> None:
        """Remove a link, a pipe or a second name of another file that stands in the way.

        Raises
        ------
        OSError
            If it cannot be removed.
        """
        try:
            status = os.lstat(self.path)
        except FileNotFoundError:
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if not is_folder and (not stat.S_ISREG(status.st_mode) or status.st_nlink > 1):
            log.warning("%s is not a lock of phygui and is removed", self.path)
            self.path.unlink()

    def _succeed_another_user(self) -> Holder:
        """Remove a lock that this user may not write, if nobody holds it any more.

        Raises
        ------
        PermissionError
            If nothing may be written in the folder.
        """
        self._let_go()
        holder = _read(self.path)
        if holder is not None and not self._is_stale(holder):
            return holder
        self.path.unlink()
        return UNKNOWN

    def _is_stale(self, holder: Holder) -> bool:
        if holder.is_here:
            return not holder.is_alive()
        age = _file_system_now(self.path.parent) - os.lstat(self.path).st_mtime
        return age > STALE_AFTER

    def _beat(self) -> None:
        stop = self._stop
        while not stop.wait(HEARTBEAT):
            with contextlib.suppress(OSError):
                system.touch(self._fd, self.path)


def _leave_to_parent() -> None:
    """In a process that was forked: the locks are the parent's, and end with it."""
    for lock in list(_open):
        with contextlib.suppress(OSError):
            os.close(lock._fd)
        lock._fd, lock._is_locked = -1, False
    _open.clear()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def living_holder(folder: Path) -> Holder | None:
    """Who holds a lock in a folder where nothing can be written, as far as that can be told."""
    holder = holder_of(folder)
    if holder is None:
        return None
    if holder.is_here:
        return holder if holder.is_alive() else None
    try:
        age = time.time() - os.lstat(folder / NAME).st_mtime
    except OSError:
        return None
    return holder if age < STALE_AFTER else None


def holder_of(folder: str | os.PathLike[str]) -> Holder | None:
    """Who is named in a lock file; None where there is none. Nothing is written."""
    return _read(Path(folder) / NAME)


def _write(fd: int, data: bytes) -> None:
    """Replace what an open file holds; when that fails, it names nobody."""
    try:
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        write_all(fd, data)
        system.sync(fd)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
        raise


def _same_file(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except OSError:
        return False


def _read(path: Path) -> Holder | None:
    """The holder named in a file; None if the file is empty, absent or no such text."""
    try:
        told = parse_json(read_whole(path, _LARGEST))
        texts = {k: str(told.get(k, "")) for k in ("user", "boot", "started", "token")}
        return Holder(str(told["host"]), int(told["process"]), str(told["since"]), **texts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _file_system_now(folder: Path) -> float:
    """The time by the clock of the file system, which may be another computer's."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"now")
        probe.flush()
        return os.fstat(probe.fileno()).st_mtime


def current_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
