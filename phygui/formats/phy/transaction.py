"""Several files replaced as one: whatever happens, all of them are the old ones or the new.

New contents are staged beside the files that they replace. Then a record of what replaces what is
written, and from that moment on they count: what was not renamed yet when a program was killed or
the power failed is renamed by whoever opens the folder next. The record lies in the folder itself,
so that a copy of the folder is whole too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from phygui.errors import DatasetError
from phygui.storage.files import reason
from phygui.storage.state.state_files import read_json, write_whole
from phygui.storage.system import sync_file, sync_folder

_RECORD = re.compile(r"\.phygui-save(|-[0-9a-f]{16})\.json")
"""Names of records. What tells saves from one another stands in those of staged files too."""
STAGED = ".phygui-new"
"""What the names of staged files end in."""
_MOST_FILES = 10_000
_LONGEST = 200
"""Bytes of a name that is used in another one; a file's may have 255."""


def replace_together(
    folder: Path,
    contents: Mapping[str, Callable[[Path], None]],
    ready: Callable[[Mapping[str, Path]], None],
) -> None:
    """Replace some files of a folder by new ones.

    Parameters
    ----------
    folder : Path
    contents : mapping of str to callable
        What writes the new content of each file to a path.
    ready : callable
        Called with the path of each staged file when all are there, last before they count; if it
        raises, nothing has changed.

    Raises
    ------
    OSError, DatasetError
        If that fails. Before the record is written everything is as it was; afterwards all counts,
        and the sentence says that it was saved.
    """
    # No two saves share a name: whoever is still finishing an earlier one touches nothing of this.
    save = f"-{secrets.token_hex(8)}"
    record = folder / f".phygui-save{save}.json"
    staged = {name: staged_path(folder, name, save) for name in contents}
    _remove_abandoned(folder)
    try:
        for name, write in contents.items():
            write(staged[name])
            _keep_mode(folder / name, staged[name])
            sync_file(staged[name])
        sync_folder(folder)
        ready(staged)
        write_whole(record, json.dumps(sorted(contents)).encode())
    except BaseException as error:
        # It may be there, although it could not be made to last.
        with contextlib.suppress(OSError):
            record.unlink(missing_ok=True)
        if os.path.lexists(record):
            raise _counts_all_the_same(folder, error) from error
        for path in staged.values():
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    try:
        finish(folder)
    except (OSError, DatasetError) as error:
        raise _counts_all_the_same(folder, error) from error


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed saves have staged; where it cannot be removed it is in nobody's way."""
    counting = {path for files in pending(folder).values() for path in files.values()}
    for name in os.listdir(folder):
        if name.startswith(".") and name.endswith(STAGED) and folder / name not in counting:
            with contextlib.suppress(OSError):
                os.unlink(folder / name)


def _counts_all_the_same(folder: Path, error: BaseException) -> DatasetError:
    return DatasetError(
        f"{folder} was saved, but not all of its files are in place and flushed to the disk "
        f"({reason(error)}): save again, or open it again, which puts them there."
    )


def pending(folder: Path) -> dict[Path, dict[str, Path]]:
    """Saves that count, but are not finished: by the record of each, where its files are staged.

    Raises
    ------
    DatasetError
        If a record cannot be read.
    """
    found = {}
    for match in filter(None, map(_RECORD.fullmatch, _names(folder))):
        path = folder / match[0]
        try:
            told = read_json(path)
        except FileNotFoundError:
            continue  # somebody else has just finished it
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error
        if not isinstance(told, list) or len(told) > _MOST_FILES or not all(map(_is_name, told)):
            raise DatasetError(f"{path} is no list of files of this folder, as a save leaves it.")
        found[path] = {name: staged_path(folder, name, match[1]) for name in told}
    return found


def _names(folder: Path) -> list[str]:
    # Where a folder cannot be listed, its arrays tell what is wrong.
    with contextlib.suppress(OSError):
        return os.listdir(folder)
    return []


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
    for record, staged in pending(folder).items():
        for name, path in staged.items():
            # Somebody else may be doing the same.
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, folder / name)
        sync_folder(folder)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(record)
        sync_folder(folder)


def current(folder: Path, name: str) -> Path:
    """Where a file is now: of a save that counts but could not be finished, the staged one."""
    for staged in pending(folder).values():
        if name in staged and staged[name].exists():
            return staged[name]
    return folder / name


def staged_path(folder: Path, name: str, save: str) -> Path:
    """Where the new content of a file is until it counts; ``save`` tells saves from one another.

    A name for which systems have no room once more is added to it stands there as its digest.
    """
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.blake2b(os.fsencode(name), digest_size=8).hexdigest()
    return folder / f".{name}{save}{STAGED}"


def _keep_mode(before: Path, path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.chmod(path, stat.S_IMODE(os.stat(before).st_mode))
