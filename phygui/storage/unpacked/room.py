"""The folder of the user's cache where unpacked arrays are kept, and the room in it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

import platformdirs

from phygui.storage import system
from phygui.storage.files import reason
from phygui.words import in_bytes

#: All that is kept there, at most; what was not used for longest goes first.
TOTAL_BYTES = 20 * 2**30
#: What stays free on the disk for everybody else.
RESERVE_BYTES = 2**30
#: The values begin here, behind what tells whose they are.
HEADER_BYTES = 4096
_KEPT, _BEING_MADE = ".rows", ".part"
#: Files of another program that was killed are removed after so long, where locks tell nothing.
_STALE_S = 7 * 24 * 3600
#: One that is this new may be about to be locked.
_NEW_S = 60


class NoRoomError(Exception):
    """Nothing can be kept there now; says why, without a full stop."""


def folder() -> Path:
    """Where unpacked arrays are kept."""
    return platformdirs.user_cache_path("phygui", appauthor=False) / "unpacked"


def place_of(key: str) -> Path:
    """The file of the array that has this key, once it is complete."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=16)
    return folder() / f"{digest.hexdigest()}{_KEPT}"


def header(key: str) -> bytes:
    """The beginning of a complete file."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=32)
    told = json.dumps({"phygui": "unpacked", "version": 1, "key": digest.hexdigest()})
    return told.encode().ljust(HEADER_BYTES, b"\0")


def find(key: str, n_bytes: int) -> Path | None:
    """The complete file of an array, if it is there; it counts as used now."""
    place = place_of(key)
    try:
        with open(place, "rb") as file:
            whole = os.fstat(file.fileno()).st_size == HEADER_BYTES + n_bytes
            if not whole or file.read(HEADER_BYTES) != header(key):
                return None
        os.utime(place)
    except OSError:
        return None
    return place


class Making:
    """A file that is being made, under a name of its own, and that is kept once it is complete.

    Parameters
    ----------
    key : str
        What tells the array from all others.
    n_bytes : int
        Size of its values. The disk is asked for all of it at once.

    Raises
    ------
    NoRoomError
        If there is no room for it, or the folder cannot be written.
    """

    def __init__(self, key: str, n_bytes: int) -> None:
        self.key = key
        place = place_of(key)
        self.path = place.with_name(f"{place.stem}.{secrets.token_hex(6)}{_BEING_MADE}")
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_room(HEADER_BYTES + n_bytes)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | system.CLOEXEC | system.BINARY
            self._fd = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise NoRoomError(f"{place.parent} cannot be written ({reason(error)})") from error
        self._is_open = True
        try:
            _lock(self._fd)
            os.ftruncate(self._fd, HEADER_BYTES + n_bytes)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._fd, 0, HEADER_BYTES + n_bytes)
        except OSError as error:
            self.drop()
            raise NoRoomError(f"{place.parent} has no room for it ({reason(error)})") from error

    def write(self, at: int, values: memoryview) -> None:
        """Put bytes at a place among the values.

        Raises
        ------
        OSError
            If the disk does not take them.
        """
        done = 0
        while done < len(values):
            n = system.write_at(self._fd, values[done:], HEADER_BYTES + at + done)
            if not n:
                raise OSError("the disk accepts no more data")
            done += n

    def keep(self) -> Path:
        """The file is complete: keep it for later. The header is written when all else is safe.

        Raises
        ------
        OSError
            If that fails; the file then stays as it is.
        """
        system.sync(self._fd, only_data=True)
        system.write_at(self._fd, header(self.key), 0)
        system.sync(self._fd, only_data=True)
        place = place_of(self.key)
        if not system.may_remove_open():
            self._close()
        system.replace(self.path, place)
        self._close()
        return place

    def drop(self) -> None:
        """The file is not wanted any more."""
        if self._is_open:
            if not system.may_remove_open():
                self._close()
            with suppress(OSError):
                os.unlink(self.path)
            self._close()

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self._fd)


def make_room(n_bytes: int) -> None:
    """Remove what was not used for longest, until there is room for so many bytes.

    Raises
    ------
    NoRoomError
        If there is none.
    """
    where = folder()
    _remove_stale(where)
    if n_bytes > TOTAL_BYTES:
        raise NoRoomError(
            f"it would take {in_bytes(n_bytes)}, and at most {in_bytes(TOTAL_BYTES)} are kept in "
            f"{where}"
        )
    kept = sorted(_entries(where, _KEPT), key=lambda entry: entry[1].st_mtime)
    others = sum(status.st_size for _, status in _entries(where, _BEING_MADE))
    total = others + sum(status.st_size for _, status in kept)
    while True:
        free = shutil.disk_usage(where).free
        if total + n_bytes <= TOTAL_BYTES and n_bytes + RESERVE_BYTES <= free:
            return
        if not kept:
            break
        path, status = kept.pop(0)
        path.unlink(missing_ok=True)
        total -= status.st_size
    raise NoRoomError(
        f"it takes {in_bytes(n_bytes)}, and {where} has {in_bytes(max(0, free - RESERVE_BYTES))} "
        "to spare"
    )


def _entries(where: Path, suffix: str) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in where.glob(f"*{suffix}"):
        with suppress(OSError):
            found.append((path, path.stat()))
    return found


def _remove_stale(where: Path) -> None:
    """Remove what programs were making that are no more."""
    for path, status in _entries(where, _BEING_MADE):
        with suppress(OSError):
            fd = os.open(path, os.O_RDWR)
            try:
                age = time.time() - status.st_mtime
                is_stale = age > (_NEW_S if _lock(fd) else _STALE_S)
                if is_stale and system.may_remove_open():
                    path.unlink()
            finally:
                os.close(fd)
            if is_stale and not system.may_remove_open():
                path.unlink()


def _lock(fd: int) -> bool:
    """Lock a file for as long as it is open; False if another has, or locks are not known here."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
