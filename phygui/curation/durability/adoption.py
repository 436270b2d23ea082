"""Edits that were kept in another folder, from when the dataset's own could not be used."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from phygui.curation.durability.recovery import Leftover
from phygui.storage.state import backups, journal, lock
from phygui.storage.state.journal import read_journal
from phygui.storage.state.lock import Holder, Lock
from phygui.storage.state.state_files import make_folder, read_whole, write_whole
from phygui.storage.state.state_folder import remove_if_empty

log = logging.getLogger(__name__)

JOURNAL = journal.NAME


def take_over(folder: Path, other: Path, *, keep: bool) -> tuple[Holder | None, str]:
    """Bring what another folder holds of a dataset into the one that is used; that is locked.

    A journal with edits that are not saved becomes the journal; where both folders have one, the
    newer does, and the other is kept aside.

    Parameters
    ----------
    folder, other : Path
        The folder that is used, and the other one.
    keep : bool
        Leave the other one as it is: it may be of another dataset as well.

    Returns
    -------
    holder : Holder or None
        Who is working with the other folder, if anybody is: nothing has been done then.
    remark : str
        What the user ought to know, in one sentence; else empty.

    Raises
    ------
    OSError
        If something cannot be read or written; nothing has been removed then.
    """
    other_lock = Lock(other)
    if keep:
        holder = lock.living_holder(other)
    else:
        holder = other_lock.acquire()
    if holder is not None:
        return holder, ""
    try:
        remark = _take_journal(folder, other)
        taken = list(_take_rest(folder, other))
        if not keep:
            for path in (other / JOURNAL, *taken):
                path.unlink(missing_ok=True)
            remove_if_empty(other / backups.FOLDER)
    finally:
        other_lock.release()
    return None, remark


def unsaved_in(folder: Path) -> Leftover | None:
    """What the journal in a folder tells, if that is more than nothing.

    A journal that cannot be used at all is one with a problem.
    """
    path = folder / JOURNAL
    try:
        content = read_journal(path)
    except OSError as error:
        leftover = Leftover(journal.JournalContent())
        leftover.problem = f"{path} cannot be used: {error.strerror or error}"
        return leftover
    leftover = Leftover(content)
    return leftover if content.data else None


def _take_journal(folder: Path, other: Path) -> str:
    source, goal = other / JOURNAL, folder / JOURNAL
    theirs, ours = unsaved_in(other), unsaved_in(folder)
    if theirs is None:
        return ""
    data = read_whole(source, journal.LARGEST)
    if ours is None:
        write_whole(goal, data)
        return ""
    mine = read_whole(goal, journal.LARGEST)
    if mine == data:
        return ""
    newer = os.lstat(source).st_mtime > os.lstat(goal).st_mtime
    if not theirs.is_settled and (ours.is_settled or newer):
        older, loser = mine, ours
    else:
        older, loser = data, theirs
    aside = folder / f"{JOURNAL}-{datetime.now():%Y%m%d-%H%M%S-%f}"
    remark = ""
    if not loser.is_settled:
        remark = (
            f"edits were kept in {folder} and in {other}: the older ones are kept aside in {aside}"
        )
        write_whole(aside.with_suffix(".txt"), f"{remark}.\n".encode())
    write_whole(aside, older)
    if older is mine:
        write_whole(goal, data)
    return remark


def _take_rest(folder: Path, other: Path) -> Iterator[Path]:
    """Copy what the folder lacks; yields each file that it has then."""
    for part in ("", backups.FOLDER):
        here, there = folder / part, other / part
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for name in sorted(os.listdir(there)):
                path = there / name
                is_file = stat.S_ISREG(os.lstat(path).st_mode)
                if not is_file or name in (JOURNAL, lock.NAME) or name.startswith("."):
                    continue
                if not os.path.lexists(here / name):
                    make_folder(here)
                    write_whole(here / name, read_whole(path, backups.LARGEST))
                yield path
