"""One writer per dataset: a lock file that says who holds it, taken over from the dead."""

from __future__ import annotations

import errno
import getpass
import json
import os
import platform
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from phygui.io.state_folder import remove_if_empty

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = "lock"

HEARTBEAT = 60.0
"""Seconds between two signs of life of a holder."""
STALE_AFTER = 600.0
"""Seconds without one after which a holder on another computer counts as dead."""

_TRIES = 10
_PAUSE = 0.02


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
            user=_user(),
            boot=_boot(),
            started=_started(process) or "",
            token=uuid.uuid4().hex,
        )

    @property
    def is_here(self) -> bool:
        """Whether it ran on this computer, perhaps before it was started anew."""
        return self.host == platform.node()

    def is_alive(self) -> bool:
        """Whether its process still runs; only known for this computer."""
        if self.boot != _boot():
            return False
        started = _started(self.process)
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

    The file is locked with ``flock`` as long as the holder lives: the system
    frees it when the process dies, also over NFS. Its text says who that is.
    Where the file system has no such locks, or they do not reach other
    computers, the text decides alone: a holder on this computer is dead if
    its process is gone, one on another computer if it has given no sign of
    life (the time of the file) for ten minutes.

    Parameters
    ----------
    folder : path
        Where the file lies; created with it, and removed again when left empty.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.path = Path(folder) / NAME
        self._fd = -1
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
        holder: Holder | None = UNKNOWN
        for _ in range(_TRIES):
            holder = self._try()
            # A holder that has just begun has not said yet who it is.
            if holder is not UNKNOWN:
                break
            time.sleep(_PAUSE)
        if holder is None:
            self._stop.clear()
            threading.Thread(target=self._beat, name="lock", daemon=True).start()
        return holder

    def still_held(self) -> bool:
        """Whether nobody has taken the lock over, as after a long sleep of the computer."""
        return self.is_held and (_read(self.path) or UNKNOWN).token == self._me.token

    def release(self) -> None:
        """Give the lock up; does nothing if it is not held."""
        if not self.is_held:
            return
        self._stop.set()
        if self.still_held():
            self.path.unlink(missing_ok=True)
        fd, self._fd = self._fd, -1
        os.close(fd)
        remove_if_empty(self.path.parent)

    # -- helpers ---------------------------------------------------------------------------

    def _try(self) -> Holder | None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except FileNotFoundError:  # the folder has been removed by its last user meanwhile
            return UNKNOWN
        taken = False
        try:
            if not _lock(fd):
                return _read(self.path) or UNKNOWN
            if not _same_file(fd, self.path):  # released by its holder meanwhile
                return UNKNOWN
            holder = _read(self.path)
            if holder is not None and not self._is_stale(holder, fd):
                return holder
            me = Holder.me()
            data = json.dumps(asdict(me)).encode()
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, data)
            os.fsync(fd)
            # Without working locks somebody else may have done the same at the same time.
            if (_read(self.path) or UNKNOWN).token != me.token:
                return UNKNOWN
            self._fd, self._me, taken = fd, me, True
            return None
        finally:
            if not taken:
                os.close(fd)

    def _is_stale(self, holder: Holder, fd: int) -> bool:
        if holder.is_here:
            return not holder.is_alive()
        return _file_system_now(self.path.parent) - os.fstat(fd).st_mtime > STALE_AFTER

    def _beat(self) -> None:
        stop = self._stop
        while not stop.wait(HEARTBEAT):
            try:
                os.utime(self._fd)
            except OSError:
                continue


def holder_of(folder: str | os.PathLike[str]) -> Holder | None:
    """Who is named in a lock file; None where there is none. Nothing is written."""
    return _read(Path(folder) / NAME)


def _lock(fd: int) -> bool:
    """Lock a file without waiting; True also where the file system has no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN)
    return True


def _same_file(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except OSError:
        return False


def _read(path: Path) -> Holder | None:
    """The holder named in a file; None if the file is empty, absent or no such text."""
    try:
        told = json.loads(path.read_bytes()[:10_000])
        texts = {k: str(told.get(k, "")) for k in ("user", "boot", "started", "token")}
        return Holder(str(told["host"]), int(told["process"]), str(told["since"]), **texts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _file_system_now(folder: Path) -> float:
    """The time by the clock of the file system, which may be another computer's."""
    probe = folder / f".clock.{os.getpid()}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _boot() -> str:
    """What differs each time this computer is started, where the system tells."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(process: int) -> str | None:
    """When a process was started, to tell it from a later one of the same number; None if gone."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
        state, *rest = status.rpartition(")")[2].split()
        return None if state in "ZX" else rest[18]
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
    except (OSError, IndexError):
        return ""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""
