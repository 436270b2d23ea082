"""What operating systems do differently, each in one place.

The rest of the program opens, flushes and touches files, and asks whether a process lives, by the
functions here. `os` and `sys` are used by their names, so that a test can put another system's in
their place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

BINARY: int = getattr(os, "O_BINARY", 0)
"""Windows changes line ends in what is read and written without it."""
CLOEXEC: int = getattr(os, "O_CLOEXEC", 0)

_NOT_OFFERED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS, errno.ENOTTY)
_TRIES, _PAUSE = 20, 0.05
"""Other programs (indexers, scanners for viruses) open a file for a moment on Windows."""


# -- reading ---------------------------------------------------------------------------------


def open_to_read(path: str | os.PathLike[str]) -> int:
    """A descriptor of a file, for bytes."""
    return os.open(path, os.O_RDONLY | CLOEXEC | BINARY)


def read_at(fd: int, into: memoryview, offset: int) -> int:
    """Fill the beginning of a buffer from a place in a file; how many bytes were read.

    Threads do not disturb one another. Where the system has no call for it, they take turns.
    """
    if hasattr(os, "preadv"):
        return os.preadv(fd, [into], offset)
    if hasattr(os, "pread"):
        found = os.pread(fd, len(into), offset)
    else:
        with _seeking:
            os.lseek(fd, offset, os.SEEK_SET)
            found = os.read(fd, len(into))
    into[: len(found)] = found
    return len(found)


def is_in_memory(fd: int, places: Iterable[int]) -> bool:
    """Whether the bytes of a file at some places are in memory; False if none can tell."""
    try:
        for at in places:
            os.preadv(fd, [bytearray(1)], at, os.RWF_NOWAIT)
    except (AttributeError, OSError):  # not there, or no such question on this system
        return False
    return True


def memory_available() -> int:
    """Bytes of memory that the system could give away, or hold files in; 0 if none can tell."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(1024 * int(s.split()[1]) for s in lines if s.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return 0


def write_at(fd: int, data: memoryview | bytes, offset: int) -> int:
    """Write bytes at a place in a file; how many were written."""
    if hasattr(os, "pwrite"):
        return os.pwrite(fd, data, offset)
    with _seeking:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)


# -- forked processes ------------------------------------------------------------------------

_locks: weakref.WeakSet[threading.Lock] = weakref.WeakSet()


def new_lock() -> threading.Lock:
    """A lock that a forked child finds open, whichever thread of its parent holds it.

    What it guards is then as that thread left it: it has to be set in one step.
    """
    lock = threading.Lock()
    _locks.add(lock)
    return lock


_seeking = new_lock()


def _open_locks() -> None:
    for lock in _locks:
        if lock.locked():
            lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_locks)


# -- flushing --------------------------------------------------------------------------------


def sync(fd: int, *, only_data: bool = False) -> None:
    """Wait until what was written to an open file is on the disk.

    On macOS `fsync` leaves it in the memory of the drive; only `F_FULLFSYNC` does not.

    Parameters
    ----------
    fd : int
        Open for writing: Windows flushes no other.
    only_data : bool
        Its times may be lost.

    Raises
    ------
    OSError
        If the disk fails.
    """
    if sys.platform == "darwin" and _full_sync(fd):
        return
    if only_data and hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:
        os.fsync(fd)


def _full_sync(fd: int) -> bool:
    import fcntl

    command = getattr(fcntl, "F_FULLFSYNC", None)
    if command is None:
        return False
    try:
        fcntl.fcntl(fd, command)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        return False  # drives over the network know no such command
    return True


def sync_file(path: str | os.PathLike[str]) -> None:
    """Wait until a file is on the disk.

    Raises
    ------
    OSError
        If the disk fails.
    """
    flags = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY
    fd = os.open(path, flags | CLOEXEC | BINARY)
    try:
        sync(fd)
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder last a power cut.

    Raises
    ------
    OSError
        If the disk fails. Systems and file systems that cannot do it are passed over.
    """
    if sys.platform == "win32":
        return  # it opens no folders, and keeps a journal of their names
    try:
        fd = os.open(folder, os.O_RDONLY | CLOEXEC | getattr(os, "O_DIRECTORY", 0))
    except PermissionError:
        # A folder may be one to write in and not to list.
        return
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network file systems have no such operation on folders.
        if error.errno not in _NOT_OFFERED:
            raise
    finally:
        os.close(fd)


# -- names and times ---------------------------------------------------------------------------


def replace(source: str | os.PathLike[str], goal: str | os.PathLike[str]) -> None:
    """Rename a file over another, also where that is open for a moment elsewhere.

    Raises
    ------
    OSError
        If that fails.
    """
    _patiently(lambda: os.replace(source, goal))


def unlink(path: str | os.PathLike[str]) -> None:
    """Remove a file, also where it is open for a moment elsewhere.

    Raises
    ------
    OSError
        If that fails.
    """
    _patiently(lambda: os.unlink(path))


def _patiently(call: Callable[[], None]) -> None:
    for left in range(_TRIES, -1, -1):
        try:
            return call()
        except PermissionError:
            # Elsewhere an open file can be renamed and removed: a refusal is one for good.
            if sys.platform != "win32" or not left:
                raise
        time.sleep(_PAUSE)
    return None


def may_remove_open() -> bool:
    """Whether a file that this process has open can be renamed and removed."""
    return sys.platform != "win32"


def touch(fd: int, path: Path) -> None:
    """Set the time of an open file to now.

    Raises
    ------
    OSError
        If that fails.
    """
    os.utime(fd if os.utime in os.supports_fd else path)


# -- memory ------------------------------------------------------------------------------------


def total_memory() -> int | None:
    """Bytes of memory of this computer; None where the system does not tell."""
    # Windows has no such call, and other systems may lack the names, or answer -1.
    with contextlib.suppress(AttributeError, ValueError, OSError):
        n_pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        return n_pages * size if n_pages > 0 and size > 0 else None
    return None


# -- processes ---------------------------------------------------------------------------------


def boot() -> str:
    """What differs each time this computer is started; empty where the system does not tell."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def started(process: int) -> str | None:
    """When a process was started, to tell it from a later one of the same number.

    Returns
    -------
    str or None
        None if it is gone; empty where it lives and the system does not tell more.
    """
    if sys.platform.startswith("linux"):
        found = _told_by_proc(process)
        if found is not _UNKNOWN:
            return found
    if sys.platform == "win32":
        # `os.kill` ends the process there, whatever the signal.
        return _told_by_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


_UNKNOWN = "unknown"


def _told_by_proc(process: int) -> str | None:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
        state, *rest = status.rpartition(")")[2].split()
        return None if state in "ZX" else rest[18]
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _UNKNOWN
    except (OSError, IndexError):
        return ""


def _kernel32() -> Any:  # pragma: no cover  only Windows has it
    import ctypes

    return ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]


_MAY_ASK = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_STILL_ACTIVE = 259


def _told_by_windows(process: int) -> str | None:
    import ctypes

    kernel = _kernel32()
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(_MAY_ASK, False, process)
    if not handle:
        # Of another user it is there and may not be asked.
        return "" if ctypes.get_last_error() == 5 else None  # type: ignore[attr-defined]
    try:
        code = ctypes.c_ulong()
        asked = ctypes.c_void_p(handle)
        if kernel.GetExitCodeProcess(asked, ctypes.byref(code)) and code.value != _STILL_ACTIVE:
            return None
        times = [ctypes.c_ulonglong() for _ in range(4)]
        if kernel.GetProcessTimes(asked, *map(ctypes.byref, times)):
            return str(times[0].value)
        return ""
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))
