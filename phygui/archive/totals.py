"""All sessions of an archive together: decisions, units, and agreement."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from phygui.archive.archive import Archive, Session
from phygui.archive.curators import Agreed, agreements
from phygui.errors import DatasetError
from phygui.exports.work import Work
from phygui.storage.state.backups import backup_heads
from phygui.storage.state.state_folder import find_place


@dataclass(frozen=True)
class Saves:
    """What one person has saved, as far as saved states are kept.

    Attributes
    ----------
    n_saves, n_edits : int
    last : datetime
    sessions : set of str
        Names of the sessions.
    """

    n_saves: int = 0
    n_edits: int = 0
    last: datetime | None = None
    sessions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Totals:
    """An archive at one moment.

    Attributes
    ----------
    folder : Path
    sessions : list of Session
        Those that could be read.
    unread : list of Session
        Those that could not.
    people : dict of str to Saves
        By name; empty where it is not known.
    agreed : list of (Session, Agreed)
        Of sessions with more than one clustering.
    """

    folder: Path
    sessions: list[Session]
    unread: list[Session]
    people: dict[str, Saves]
    agreed: list[tuple[Session, Agreed]] = field(default_factory=list)

    @property
    def groups(self) -> Counter[str]:
        """Clusters in each group."""
        found: Counter[str] = Counter()
        for session in self.sessions:
            if session.overview is not None:
                found.update(session.overview.groups)
        return found


def gather(folder: str | os.PathLike[str], work: Work) -> Totals:
    """Look at an archive; what the index knows is not read again.

    Raises
    ------
    DatasetError
        If it cannot be read.
    Cancelled
        If it is not wanted any more.
    """
    archive = Archive(folder)
    work.step(0.0, "looking for datasets")
    sessions = archive.scan(work.cancelled)
    n_new = sum(not session.is_current for session in sessions)
    reading = work.part(0.0, 0.8)
    for i, session in enumerate(archive.read_missing(work.cancelled)):
        reading.step((i + 1) / n_new, session.name)
    work.step(0.8, "decisions")
    sessions = archive.sessions()
    read = [s for s in sessions if s.overview is not None and not s.problem]
    totals = Totals(archive.folder, read, [s for s in sessions if s not in read], _people(read))
    several = [s for s in read if s.overview is not None and len(s.overview.clusterings) > 1]
    for session in work.part(0.8, 1.0).through(several, "agreement"):
        try:
            totals.agreed.extend((session, each) for each in agreements(session.path))
        except DatasetError:
            # It has changed since it was read: the next report says more.
            continue
    return totals


def _people(sessions: list[Session]) -> dict[str, Saves]:
    kept: dict[str, Saves] = defaultdict(Saves)
    for session in sessions:
        for backup in backup_heads(find_place(session.path).folder):
            of = kept[backup.user]
            time = backup.time.astimezone()
            last = time if of.last is None else max(of.last, time)
            kept[backup.user] = Saves(
                of.n_saves + 1, of.n_edits + backup.n_edits, last, of.sessions | {session.name}
            )
    return dict(sorted(kept.items()))
