"""The states that saves keep, as the command line shows them and brings them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phygui.curation.edits.comparison import compare
from phygui.curation.edits.update import EditError
from phygui.errors import DatasetError
from phygui.storage.state.backups import Backup

if TYPE_CHECKING:
    from phygui.curation.session import Session


def differences(session: Session, first: Backup | None, second: Backup | None) -> list[str]:
    """How the second state differs from the first; None is the present one.

    A save keeps what was edited: that may be any channel group and clustering, or several.
    """
    held = [list(backup.tallies) for backup in (first, second) if backup is not None]
    keys = [key for key in held[0] if key in held[-1]] if held else [None]
    if not keys:
        raise DatasetError(
            "these two states hold different shanks or clusterings: nothing to compare."
        )
    lines = []
    for key in keys:
        if key is not None:
            session.switch(*key)
        found = compare(session.state(first), session.state(second)).lines(session.group_names)
        if len(keys) > 1:
            lines.append(f"shank {session.channel_group}, {session.clustering}:")
        lines += found
    return lines


def bring_back(session: Session, backup: Backup) -> str:
    """Bring back all that a save kept; what was done, in words."""
    words, refusal = "", None
    for key in backup.tallies:
        session.switch(*key)
        if not session.is_editable:
            continue
        try:
            update = session.restore(backup)
        except EditError as error:
            refusal = error
            continue
        # One of several may be as it was.
        words = words if update.is_empty else update.description
    if not words:
        raise refusal or EditError("nothing would change: this is the current state")
    return words
