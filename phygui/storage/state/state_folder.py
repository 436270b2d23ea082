"""Where what belongs to a dataset but not into its files is kept: journal, lock, backups."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from phygui.storage.state.state_files import make_folder

SUFFIX = ".phygui"
OTHER_SUFFIX = ".phygui_state"
"""Of the folder of a dataset that is not called ``.kwik``: no ``.kwik`` can have it as well."""


@dataclass(frozen=True)
class Place:
    """Where the state of a dataset is.

    Attributes
    ----------
    folder : Path
        The folder.
    reason : str
        Why nothing may be written there, in one sentence without its full stop; empty if all may.
    others : tuple of Path
        Folders that hold state of the same dataset from when this one could not be used.
    dataset : Path
        The file, with links followed.
    """

    folder: Path
    reason: str
    others: tuple[Path, ...]
    dataset: Path

    def make(self) -> None:
        """Make the folder, if it is not there.

        Raises
        ------
        OSError
            If that is impossible.
        """
        beside = self.folder.parent == self.dataset.parent
        make_folder(self.folder, owner=os.stat(self.dataset).st_uid if beside else None)


def find_place(kwik_path: str | os.PathLike[str]) -> Place:
    """Where the state of a dataset is, or would be; nothing is created.

    It is in ``NAME.phygui`` beside ``NAME.kwik``. If there is no such folder and none can be
    made, it is in a folder in the user's state directory whose name holds a digest of the
    dataset's path. Links to the dataset are followed, so that all its names share one folder.

    A folder beside the dataset is the one that everybody uses who works on it. Where this user may
    not write in it, nobody who does would see what is kept elsewhere: then nothing is written.

    Parameters
    ----------
    kwik_path : path
        The ``.kwik`` file.
    """
    real = Path(kwik_path).resolve()
    beside, of_user = _beside(real), _of_user(real)
    others = (of_user,) if _is_dir(of_user) else ()
    if os.path.lexists(beside):
        folder, reason = _trusted(beside, real)
        if folder is None:
            return Place(of_user, reason, (), real)
        return Place(folder, reason or _refusal(folder), others, real)
    former = _former(real)
    formers = (former,) if former is not None and _is_dir(former) else ()
    if may_write_beside(real):
        return Place(beside, "", formers + others, real)
    return Place(of_user, "", formers, real)


def state_folder(kwik_path: str | os.PathLike[str]) -> Path:
    """The folder of a dataset's state; see :func:`find_place`."""
    return find_place(kwik_path).folder


def may_write_beside(kwik_path: str | os.PathLike[str]) -> bool:
    """Whether the ``.kwik`` could be replaced: a save makes a new file in its folder."""
    return os.access(Path(kwik_path).resolve().parent, os.W_OK | os.X_OK)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing; else leave it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def user_name(uid: int) -> str:
    """What a user is called, where the system tells; else the number."""
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"user {uid}"


# -- helpers ------------------------------------------------------------------------------------


def _beside(real: Path) -> Path:
    if real.suffix == ".kwik":
        return real.with_name(real.stem + SUFFIX)
    return real.with_name(real.name + OTHER_SUFFIX)


def _of_user(real: Path) -> Path:
    digest = hashlib.blake2b(os.fsencode(real), digest_size=6).hexdigest()
    name = f"{real.stem[:100]}-{digest}{SUFFIX}"
    states = platformdirs.user_state_path("phygui", appauthor=False)
    return Path(os.path.realpath(states)) / "datasets" / name


def _former(real: Path) -> Path | None:
    """The folder that a dataset which is not called ``.kwik`` had before it had one of its own.

    Where a ``.kwik`` of the same name is there, that folder is taken to be its own.
    """
    if real.suffix == ".kwik" or os.path.lexists(real.with_name(f"{real.stem}.kwik")):
        return None
    return real.with_name(real.stem + SUFFIX)


def _is_dir(folder: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(folder).st_mode)
    except OSError:
        return False


def _trusted(beside: Path, real: Path) -> tuple[Path | None, str]:
    """The folder that has the name of the state folder, if it is safe to look into it, or why not.

    A link is followed if this user or root has made it, to a folder that can only be one of state:
    else a link in a stranger's archive would let the program write wherever it leads. In a folder
    that everybody may write in, the state is to belong to somebody whom the dataset belongs to.
    """
    folder = beside
    try:
        status = os.lstat(beside)
        if stat.S_ISLNK(status.st_mode):
            folder = Path(os.path.realpath(beside))
            if not _is_ours(status) or not folder.name.endswith((SUFFIX, OTHER_SUFFIX)):
                return None, (
                    f"{beside} is a link to {folder}, which may belong to another dataset: remove "
                    "the link, or save a copy"
                )
            status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode):
            return None, f"{beside} is not a folder: remove it, or save a copy"
        dataset, above = os.stat(real), os.stat(beside.parent)
    except OSError as error:
        return None, f"{beside} cannot be used: {error.strerror or error}"
    is_known = _is_ours(status) or status.st_uid in (dataset.st_uid, above.st_uid)
    if not is_known and (above.st_mode & stat.S_IWOTH or folder != beside):
        return None, (
            f"{folder} belongs to {user_name(status.st_uid)}, who does not own the dataset, in a "
            "folder that everybody may write in: remove it, or save a copy"
        )
    return folder, ""


def _is_ours(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid in (os.geteuid(), 0)


def _refusal(folder: Path) -> str:
    """Why this user cannot write in a folder, and what helps; empty if nothing is in the way."""
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return ""
    try:
        flags = os.statvfs(folder).f_flag
        if flags & os.ST_RDONLY:
            return f"{folder} is on a read-only file system: save a copy"
        owner = os.stat(folder).st_uid
    except (OSError, AttributeError):
        return f"this user may not write in {folder}: save a copy"
    if hasattr(os, "geteuid") and owner == os.geteuid():
        return f"this user may not write in {folder}: chmod u+rwx it, or save a copy"
    return (
        f"{folder} belongs to {user_name(owner)} and this user may not write in it: ask for "
        "chmod g+w, or save a copy"
    )
