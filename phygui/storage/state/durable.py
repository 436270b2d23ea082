"""Changing a file so that it is, at every moment and after any failure, entirely old or new.

The system calls are made through the modules' own names (``os.fsync``, ``os.replace``,
``shutil.copyfileobj``...), so that tests can make each of them fail.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from phygui.errors import DatasetError
from phygui.storage.files import check_regular_file, reason
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.system import replace, sync_file, sync_folder

Edit = Callable[[Path], None]

#: Seconds after which a temporary copy is taken for that of a save that was killed.
_ABANDONED = 3600.0


def edit_copy(
    path: Path | str, edit: Edit, verify: Edit | None = None, *, target: Path | str | None = None
) -> None:
    """Edit a file through a temporary copy that replaces it at once.

    The copy is made in the target's folder, edited, flushed to the disk, opened again and
    verified, given the original's mode and owner, renamed over the target, and the folder is
    flushed. Before a file is first written, ``NAME.bak`` is made from it, once.

    Parameters
    ----------
    path : the file to edit; a symbolic link is followed
    edit : changes the copy at a path
    verify : raises ``DatasetError`` if the copy at a path is not as it should be
    target : where the result goes instead of over ``path``

    Raises
    ------
    DatasetError
        If anything at all fails. What was at the target before is then still there.
    """
    real = Path(os.path.realpath(path))
    goal = real if target is None else Path(os.path.realpath(target))
    before = check_regular_file(real)
    if goal == real:
        _refuse_hard_links(real, before)
    temporary: Path | None = None
    try:
        if goal == real:
            _back_up(real)
        temporary = _copy(real, goal)
        edit(temporary)
        if verify is not None:
            verify(temporary)
        _keep_owner(temporary, before)
        sync_file(temporary)
        if goal == real and FileStamp.of(real) != FileStamp.of_status(before):
            raise DatasetError(f"{real} was changed by another program while it was being saved.")
        replace(temporary, goal)
        temporary = None
    except DatasetError as error:
        if str(goal) in str(error):
            raise
        raise type(error)(f"{goal}: {error}") from error
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise DatasetError(_sentence(goal, error)) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    try:
        sync_folder(goal.parent)
    except OSError as error:
        raise DatasetError(
            f"{goal} was saved, but its folder could not be flushed to the disk "
            f"({error.strerror or error}): save again, or a power cut may lose it."
        ) from error


def remove_leftovers(path: Path | str) -> None:
    """Remove temporary copies that saves of a file left when they were killed.

    Only copies that nobody has written to for an hour: another one may be under way.
    """
    real = Path(os.path.realpath(path))
    for name in glob.glob(f".{glob.escape(real.name[:100])}.*.tmp", root_dir=real.parent):
        with contextlib.suppress(OSError):
            if time.time() - os.stat(real.parent / name).st_mtime > _ABANDONED:
                os.unlink(real.parent / name)


def backup_path(path: Path) -> Path:
    """Where the file from before the first write is kept."""
    return path.with_name(f"{path.name}.bak")


def _refuse_hard_links(path: Path, status: os.stat_result) -> None:
    if status.st_nlink > 1:
        raise DatasetError(
            f"{path} has {status.st_nlink} hard links, and saving would separate them; copy it "
            "to a new file first."
        )


def why_not_written(error: BaseException) -> str:
    """Why something could not be written, in half a sentence."""
    code = getattr(error, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full" if code == errno.ENOSPC else "the disk quota is used up"
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "this user may not write there"
    return reason(error)


def _sentence(path: Path, error: BaseException) -> str:
    why = why_not_written(error)
    if getattr(error, "errno", None) is None:
        if _is_full(path):
            # HDF5 hides what the system said.
            why = "the disk is full"
        elif isinstance(error, OSError | RuntimeError):
            why = f"HDF5 could not write the temporary copy ({why})"
    return f"{path} could not be saved and is unchanged: {why}."


def _is_full(path: Path) -> bool:
    """Whether there is no room left for a copy of a file beside it."""
    try:
        return shutil.disk_usage(path.parent).free < path.stat().st_size
    except OSError:
        return False


def _new_file(goal: Path) -> tuple[int, Path]:
    """An empty temporary file beside the goal, open for writing."""
    handle, name = tempfile.mkstemp(prefix=f".{goal.name[:100]}.", suffix=".tmp", dir=goal.parent)
    return handle, Path(name)


def _copy(source: Path, goal: Path) -> Path:
    """A temporary copy of a file beside the goal, not yet flushed."""
    handle, temporary = _new_file(goal)
    try:
        with os.fdopen(handle, "wb") as copy, open(source, "rb") as original:
            # Larger pieces than this fall out of the processor's cache, and take twice as long.
            shutil.copyfileobj(original, copy, 2**18)
        if os.stat(temporary).st_size != os.stat(source).st_size:
            raise OSError(errno.EIO, "the copy is shorter than the file")
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return temporary


def _back_up(path: Path) -> None:
    """``NAME.bak``, made once from before the first write and never overwritten."""
    backup = backup_path(path)
    if os.path.lexists(backup):
        return
    temporary = _copy(path, backup)
    try:
        shutil.copystat(path, temporary)
        sync_file(temporary)
        try:
            os.link(temporary, backup)  # fails where a backup has come to be meanwhile
        except FileExistsError:
            return
        except OSError:
            # A file system without hard links.
            if not os.path.lexists(backup):
                replace(temporary, backup)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _keep_owner(path: Path, status: os.stat_result) -> None:
    """Give a file the mode and, where this user may, the owner that another had."""
    now = os.stat(path)
    if hasattr(os, "chown") and (now.st_uid, now.st_gid) != (status.st_uid, status.st_gid):
        with contextlib.suppress(PermissionError):
            os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, stat.S_IMODE(status.st_mode))
