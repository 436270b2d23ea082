"""Journals that are kept under another name: those that were not wanted, or not readable."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from phygui.errors import DatasetError
from phygui.storage.state.journal import LARGEST, NAME
from phygui.storage.state.state_files import is_plain, read_whole, write_whole

KEPT_JOURNALS = 20
"""Journals of which everything was saved that are kept as history."""


def keep_aside(journal: Path, reason: str, edits: Iterable[object], *, copy: bool = False) -> Path:
    """Give a journal another name as well, or copy it: then it can be written to.

    Parameters
    ----------
    journal : Path
        The journal.
    reason : str
        Why, in half a sentence; a text of that name says so. Nothing for one that is history.
    edits : iterable
        What the text lists.
    copy : bool
        Whether the journal itself goes on.

    Returns
    -------
    Path
        The other name.

    Raises
    ------
    DatasetError
        If the disk fails.
    """
    aside = journal.with_name(f"{NAME}-{datetime.now():%Y%m%d-%H%M%S-%f}")
    lines = [f"{reason[:1].upper()}{reason[1:]}.", "", *map(str, edits)]
    try:
        if reason:
            write_whole(aside.with_suffix(".txt"), "\n".join(lines).encode(errors="replace"))
        if not is_plain(journal):
            # What is no journal is not read, only put out of the way.
            os.rename(journal, aside)
        elif copy or not _linked(journal, aside):
            write_whole(aside, read_whole(journal, LARGEST))
    except OSError as error:
        raise DatasetError(f"{journal} cannot be kept aside: {error.strerror or error}.") from error
    return aside


def drop_old_journals(folder: Path) -> None:
    """Keep the newest of the journals of which everything was saved, and all others."""
    old = sorted(folder.glob(f"{NAME}-*[0-9]"))
    settled = [path for path in old if not path.with_suffix(".txt").exists()]
    for path in settled[:-KEPT_JOURNALS]:
        # One that cannot be removed is in nobody's way.
        with contextlib.suppress(OSError):
            path.unlink()


def _linked(path: Path, name: Path) -> bool:
    """Give a file another name; False where the file system has no such thing."""
    try:
        os.link(path, name, follow_symlinks=False)
    except OSError:
        return False
    return True
