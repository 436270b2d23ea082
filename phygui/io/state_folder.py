"""Where what belongs to a dataset but not into its files is kept: journal, lock, backups."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import platformdirs

SUFFIX = ".phygui"

_NOT_OFFERED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)


def state_folder(kwik_path: str | os.PathLike[str]) -> Path:
    """The folder of a dataset's state: ``NAME.phygui`` beside the ``.kwik``.

    Where that cannot be written to, it is a folder in the user's state
    directory whose name holds a digest of the dataset's path. Symbolic links
    are followed, so that all names of one file share one folder. Nothing is
    created.

    Parameters
    ----------
    kwik_path : path
        The ``.kwik`` file.
    """
    real = Path(kwik_path).resolve()
    beside = real.with_name(real.stem + SUFFIX)
    if os.access(beside if beside.is_dir() else real.parent, os.W_OK | os.X_OK):
        return beside
    digest = hashlib.blake2b(str(real).encode(errors="surrogateescape"), digest_size=6)
    name = f"{real.stem}-{digest.hexdigest()}{SUFFIX}"
    return platformdirs.user_state_path("phygui", appauthor=False) / "datasets" / name


def may_write_beside(kwik_path: str | os.PathLike[str]) -> bool:
    """Whether the ``.kwik`` could be replaced: a save makes a new file in its folder."""
    return os.access(Path(kwik_path).resolve().parent, os.W_OK | os.X_OK)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing; else leave it."""
    try:
        folder.rmdir()
    except OSError:
        return


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder last a power cut.

    Raises
    ------
    OSError
        If the disk fails. File systems that cannot do it are passed over.
    """
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network file systems have no such operation on folders.
        if error.errno not in _NOT_OFFERED:
            raise
    finally:
        os.close(fd)


def write_whole(path: Path, data: bytes, *, lasts: bool = True) -> None:
    """Write a small file that is afterwards either entirely there or not at all.

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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            if lasts:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if lasts:
            sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
