"""Small files that somebody else may have put there: opened without following anything.

The folder beside a dataset may be one that others write in, or have come out of a stranger's
archive. Whatever is read from or written to it goes through here: a link is never followed, what
is not a regular file of a plausible size is refused before a byte of it is read, new files have
names that nobody can foresee, and what belongs to two names is never written to.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from phygui.storage import system

SMALL = 1 << 20
"""Bytes that a file of settings or notes may have."""
_DENSE = 1 << 24
"""Bytes up to which a file may be full of holes."""

# Neither does opening a pipe wait for somebody to write into it.
_CAREFULLY = (
    system.CLOEXEC
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | system.BINARY
)
_FOLDER = (
    os.O_RDONLY | system.CLOEXEC | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
)
_HAS_DIR_FD = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


def read_whole(path: Path, largest: int) -> bytes:
    """What a file holds.

    Parameters
    ----------
    path : Path
        The file; neither it nor its folder may be a link.
    largest : int
        Bytes that it may have.

    Raises
    ------
    OSError
        If there is none, it cannot be read, or it is not a regular file of such a size.
    """
    with open_for_reading(path, largest) as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise OSError(errno.EFBIG, _too_large(len(data), largest), str(path))
    return data


@contextlib.contextmanager
def open_for_reading(path: Path, largest: int) -> Iterator[BinaryIO]:
    """A file open for reading; as :func:`read_whole`."""
    with _within(path) as (folder, name):
        fd = _open(path, os.O_RDONLY, folder, name)
    with os.fdopen(fd, "rb") as file:
        _check_size(os.fstat(fd), largest, path)
        _check_holes(fd, path)
        yield file


def read_json(path: Path, largest: int = SMALL) -> Any:
    """What a file of JSON holds.

    Raises
    ------
    OSError
        As :func:`read_whole`.
    ValueError
        If it is not JSON, or what no file of this program holds.
    """
    return parse_json(read_whole(path, largest))


def parse_json(text: str | bytes) -> Any:
    """What a JSON text says; numbers are finite, and its depth is bounded.

    Raises
    ------
    ValueError
        If it is not such a text.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_plain(path: Path) -> bool:
    """Whether a file is there that has no other kind or name than a file of this program."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def check_file(path: Path, largest: int = SMALL) -> None:
    """Make sure that a file which a library is about to open is harmless; it may be absent.

    Raises
    ------
    OSError
        If it is a link, a pipe, a device, a folder, or larger than that.
    """
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    _check_kind(status, path)
    _check_size(status, largest, path)


def write_whole(path: Path, data: bytes, *, lasts: bool = True) -> None:
    """Write a small file that is afterwards either entirely there or not at all.

    What was there under its name is replaced, be it a link: its target is left alone.

    Parameters
    ----------
    path : Path
    data : bytes
    lasts : bool
        Wait until it would survive a power cut. What can be computed again need not.

    Raises
    ------
    OSError
        If the disk fails or is full.
    """
    with _within(path) as (folder, name):
        _put(path, [data], folder, name, lasts=lasts)
    if lasts:
        system.sync_folder(path.parent)


def open_for_writing(path: Path, flags: int, *, replace: bool = True) -> int:
    """A descriptor of a file that is written in place; ``flags`` as those of ``os.open``.

    Parameters
    ----------
    path : Path
    flags : int
    replace : bool
        Whether a file that this user may not write to, or that has another name as well, is
        replaced by a copy first, as everybody may do who may write in the folder.

    Raises
    ------
    OSError
        If it is not a regular file, or cannot be written.
    """
    with _within(path) as (folder, name):
        try:
            fd = _open(path, flags, folder, name)
        except PermissionError:
            if not replace:
                raise
            fd = -1
        if fd >= 0 and os.fstat(fd).st_nlink <= 1:
            return fd
        if fd >= 0:
            os.close(fd)
        source = _open(path, os.O_RDONLY, folder, name)
        with os.fdopen(source, "rb") as file:
            _put(path, iter(lambda: file.read(_DENSE), b""), folder, name)
        return _open(path, flags, folder, name)


def make_folder(path: Path, owner: int | None = None) -> None:
    """Make a folder for all who may write in the one it lies in; does nothing if it is there.

    It takes the group of that one and what the group may do there, whatever the umask.

    Parameters
    ----------
    path : Path
    owner : int, optional
        The user it is to belong to, where this one may give it away.

    Raises
    ------
    OSError
        If that fails, or something else has its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path):
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise OSError(errno.ENOTDIR, "it is not a folder", str(path))
        return
    # Made under another name: nobody is to find it before it is for all.
    made = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")
    made.mkdir(mode=0o700)
    try:
        if _HAS_DIR_FD:
            fd = os.open(made, _FOLDER)
            try:
                _give(fd, os.stat(path.parent), owner)
            finally:
                os.close(fd)
        os.rename(made, path)
    except OSError:
        with contextlib.suppress(OSError):
            made.rmdir()
        # Somebody else has been faster.
        if not os.path.lexists(path):
            raise


def write_all(fd: int, data: bytes) -> None:
    """Write all of some bytes.

    Raises
    ------
    OSError
        If the disk takes fewer.
    """
    view = memoryview(data)
    while len(view):
        written = os.write(fd, view)
        if written <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[written:]


# -- helpers ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _within(path: Path) -> Iterator[tuple[int | None, str]]:
    """The folder of a file, held open so that nobody can exchange it, and the file's name in it."""
    if not _HAS_DIR_FD:
        yield None, path.name
        return
    try:
        folder = os.open(path.parent, _FOLDER)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and path.parent.is_symlink():
            _refuse_link(path.parent)
        raise
    try:
        yield folder, path.name
    finally:
        os.close(folder)


def _open(path: Path, flags: int, folder: int | None, name: str) -> int:
    """Open a regular file in a folder, and nothing else; a new one is for all who may write."""
    where = path.with_name(name) if folder is None else name
    try:
        # Opening a device may do something; what is put in its place now is seen below.
        _check_kind(os.stat(where, dir_fd=folder, follow_symlinks=False), path)
        created = False
    except FileNotFoundError:
        created = bool(flags & os.O_CREAT)
    try:
        fd = os.open(where, flags | _CAREFULLY, 0o600, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            _refuse_link(path)
        raise
    try:
        _check_kind(os.fstat(fd), path)
        if created and folder is not None:
            _give(fd, os.fstat(folder))
    except BaseException:
        os.close(fd)
        raise
    return fd


def _check_kind(status: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(status.st_mode):
        _refuse_link(path)
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "it is a folder, not a file", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def _refuse_link(path: Path) -> NoReturn:
    raise OSError(errno.ELOOP, "it is a link, which is not followed", str(path))


def _check_size(status: os.stat_result, largest: int, path: Path) -> None:
    if status.st_size > largest:
        raise OSError(errno.EFBIG, _too_large(status.st_size, largest), str(path))


def _check_holes(fd: int, path: Path) -> None:
    """A large file that takes hardly any room on the disk would only take it in memory."""
    status = os.fstat(fd)
    if status.st_size <= _DENSE or not hasattr(os, "SEEK_HOLE"):
        return
    hole = os.lseek(fd, 0, os.SEEK_HOLE)
    os.lseek(fd, 0, os.SEEK_SET)
    # One that is compressed by its file system takes little room as well, and has no holes.
    if hole < status.st_size and status.st_blocks * 512 < status.st_size // 2:
        raise OSError(errno.EFBIG, f"its {status.st_size} bytes are mostly holes", str(path))


def _too_large(size: int, largest: int) -> str:
    return f"it has {size} bytes, expected at most {largest}"


def _give(fd: int, above: os.stat_result, owner: int | None = None) -> None:
    """Give a new file or folder to the group of the folder it lies in; root gives it away."""
    if not hasattr(os, "fchown"):
        return
    if owner is None:
        owner = above.st_uid
    is_root = os.geteuid() == 0
    with contextlib.suppress(OSError):
        os.fchown(fd, owner if is_root else -1, above.st_gid)
    status = os.fstat(fd)
    is_folder = stat.S_ISDIR(status.st_mode)
    mode = 0o700 if is_folder else 0o600
    if status.st_gid == above.st_gid:
        mode |= above.st_mode & (0o2070 if is_folder else 0o060)
    mode |= above.st_mode & (0o005 if is_folder else 0o004) & ~_umask()
    with contextlib.suppress(OSError):
        os.fchmod(fd, mode)


def _umask() -> int:
    """What new files are not to allow: read, since asking the system changes it for a moment."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except (OSError, ValueError, IndexError):
        pass
    return 0o022


def _put(
    path: Path, pieces: Iterable[bytes], folder: int | None, name: str, *, lasts: bool = True
) -> None:
    """Put a new file in the place of what has its name, if anything has."""
    temporary = f".{name[:100]}.{secrets.token_hex(8)}.part"
    fd = _open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, folder, temporary)
    new, old = (path.with_name(temporary), path) if folder is None else (temporary, name)
    try:
        try:
            for piece in pieces:
                write_all(fd, piece)
            if lasts:
                system.sync(fd)
        finally:
            os.close(fd)
        if folder is None:
            system.replace(new, old)
        else:
            os.replace(new, old, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=folder)
        raise


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a number that can be stored")
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")
