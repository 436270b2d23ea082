"""Several files replaced as one: whatever happens, all of them are the old ones or the new.

New contents are staged beside the files that they replace. Then a record of what replaces what is
written, and from that moment on they count: what was not renamed yet when a program was killed or
the power failed is renamed by whoever opens the folder next. The record lies in the folder itself,
so that a copy of the folder is whole too.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from phygui.errors import DatasetError
from phygui.storage.files import reason
from phygui.storage.state.state_files import read_json, write_whole
from phygui.storage.system import sync_file, sync_folder

RECORD = ".phygui-save.json"
STAGED = ".phygui-new"
"""What the names of staged files end in."""
_MOST_FILES = 10_000


def replace_together(
    folder: Path, contents: Mapping[str, Callable[[Path], None]], ready: Callable[[], None]
) -> None:
    """Replace some files of a folder by new ones.

    Parameters
    ----------
    folder : Path
    contents : mapping of str to callable
        What writes the new content of each file to a path.
    ready : callable
        Called when all is staged, last before it counts; if it raises, nothing has changed.

    Raises
    ------
    OSError, DatasetError
        If that fails. Before the record is written everything is as it was; afterwards all counts,
        and the sentence says that it was saved.
    """
    staged = [staged_path(folder, name) for name in contents]
    try:
        for path, (name, write) in zip(staged, contents.items(), strict=True):
            # What a killed save left, or a stranger: nothing is written through a link.
            path.unlink(missing_ok=True)
            write(path)
            _keep_mode(folder / name, path)
            sync_file(path)
        sync_folder(folder)
        ready()
        write_whole(folder / RECORD, json.dumps(sorted(contents)).encode())
    except BaseException as error:
        # It may be there, although it could not be made to last.
        with contextlib.suppress(OSError):
            (folder / RECORD).unlink(missing_ok=True)
        if os.path.lexists(folder / RECORD):
            raise _counts_all_the_same(folder, error) from error
        for path in staged:
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    try:
        finish(folder)
    except (OSError, DatasetError) as error:
        raise _counts_all_the_same(folder, error) from error


def _counts_all_the_same(folder: Path, error: BaseException) -> DatasetError:
    return DatasetError(
        f"{folder} was saved, but not all of its files are in place and flushed to the disk "
        f"({reason(error)}): save again, or open it again, which puts them there."
    )


def pending(folder: Path) -> list[str]:
    """The files of a save that counts, but is not finished.

    Raises
    ------
    DatasetError
        If its record cannot be read.
    """
    path = folder / RECORD
    if not os.path.lexists(path):
        return []
    try:
        told = read_json(path)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error
    if not isinstance(told, list) or len(told) > _MOST_FILES or not all(map(_is_name, told)):
        raise DatasetError(f"{path} is no list of files of this folder, as a save leaves it.")
    return [str(name) for name in told]


def _is_name(name: object) -> bool:
    """Whether a name is that of a file in the folder itself, and one of those that saves write."""
    return (
        isinstance(name, str)
        and os.path.basename(name) == name
        and (name == "spike_clusters.npy" or name.startswith("cluster_"))
    )


def finish(folder: Path) -> None:
    """Finish a save that counts, if there is one; by whomever it was begun.

    Raises
    ------
    OSError, DatasetError
        If that fails: it counts all the same, see :func:`current`.
    """
    names = pending(folder)
    for name in names:
        # Somebody else may be doing the same.
        with contextlib.suppress(FileNotFoundError):
            os.replace(staged_path(folder, name), folder / name)
    if names:
        sync_folder(folder)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(folder / RECORD)
        sync_folder(folder)


def current(folder: Path, name: str) -> Path:
    """Where a file is now: of a save that counts but could not be finished, the staged one."""
    if name in pending(folder):
        staged = staged_path(folder, name)
        if staged.exists():
            return staged
    return folder / name


def staged_path(folder: Path, name: str) -> Path:
    """Where the new content of a file is until it counts."""
    return folder / f".{name}{STAGED}"


def _keep_mode(before: Path, path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.chmod(path, stat.S_IMODE(os.stat(before).st_mode))
