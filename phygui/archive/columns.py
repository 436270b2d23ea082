"""What a table of sessions shows: one declaration a column, and the filter line over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from phygui.archive.archive import Session
from phygui.archive.overview import Overview
from phygui.curation.navigation.row_filter import Filter

Value = float | str | None
UNKNOWN = "–"
"""What stands where something is not known."""
_COMPARES = re.compile(r"[<>=]|\b(in|not|and|or)\b")


@dataclass(frozen=True)
class SessionColumn:
    """One column.

    Attributes
    ----------
    name : str
        What filters call it.
    title, help : str
        Its heading, and one sentence on it.
    value : callable
        What it sorts and filters by; None where it is not known.
    text : callable, optional
        What it shows of a value that is known; by default the number, or the text.
    is_number : bool
        Whether it stands at the right.
    """

    name: str
    title: str
    help: str
    value: Callable[[Session], Value]
    text: Callable[[Session, Any], str] = lambda session, value: _plain(value)
    is_number: bool = True

    def shown(self, session: Session) -> str:
        """What a cell says."""
        value = self.value(session)
        return UNKNOWN if value is None else self.text(session, value)


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _of(take: Callable[[Overview], Value]) -> Callable[[Session], Value]:
    """What an overview says, where there is one that could be read."""

    def value(session: Session) -> Value:
        of = session.overview
        return None if of is None or session.problem else take(of)

    return value


def _share_decided(of: Overview) -> float | None:
    return of.n_decided / of.n_clusters if of.n_clusters else None


def _decided(session: Session, value: float) -> str:
    of = session.overview
    assert of is not None
    return f"{of.n_decided:,} ({round(100 * value)}%)"


def _prepared(session: Session, share: float) -> str:
    # Nearly all is not all.
    return {0.0: "no", 1.0: "yes"}.get(share, f"{int(100 * share)}%")


def length_text(seconds: float) -> str:
    """Seconds as people say them: ``43 s``, ``12:05``, ``1:02:07``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _probe(of: Overview) -> str | None:
    channels = "" if of.n_channels is None else f"{of.n_channels} ch"
    return ", ".join(filter(None, [of.probe, channels])) or None


def _note(session: Session) -> str | None:
    """What is particular about a session, the most pressing first."""
    of = session.overview
    # Which file it is, the row says already.
    notes = [session.problem.removeprefix(f"{session.path} ")] if session.problem else []
    if session.found.holder:
        notes.append(f"open: {session.found.holder}")
    if of is not None and of.has_unsaved and not session.found.holder:
        notes.append("edits that are not saved")
    if of is not None and len(of.clusterings) > 1:
        notes.append(f"{len(of.clusterings)} clusterings")
    if of is None and not session.problem:
        notes.append("not read yet")
    return "; ".join(notes) or None


COLUMNS: tuple[SessionColumn, ...] = (
    SessionColumn("name", "session", "its place in the archive", lambda s: s.name, is_number=False),
    SessionColumn("date", "date", "when it was recorded, or its oldest file was written",
        lambda s: s.date or None, is_number=False),
    SessionColumn("length", "length", "recorded time, in seconds for filters",
        _of(lambda of: of.duration), lambda s, value: length_text(value)),
    SessionColumn("probe", "probe", "its name, where the files tell it, and its channels",
        _of(_probe), is_number=False),
    SessionColumn("shanks", "shanks", "shanks that have clusters",
        _of(lambda of: len(of.shanks))),
    SessionColumn("clusters", "clusters", "clusters of all shanks",
        _of(lambda of: of.n_clusters)),
    SessionColumn("decided", "decided",
        "clusters in another group than Unsorted; for filters their share, such as 50%",
        _of(_share_decided), _decided),
    SessionColumn("good", "good", "clusters in the group Good", _of(lambda of: of.n_good)),
    SessionColumn("suggestions", "suggested",
        "suggestions that nobody has decided about, where some were looked for",
        _of(lambda of: of.n_suggestions)),
    SessionColumn("prepared", "prepared",
        "clusters whose statistics are kept, so that they are there when it opens; for filters "
        "their share, such as 100%",
        _of(lambda of: of.prepared), _prepared),
    SessionColumn("saved", "saved", "when its clusters were last written",
        _of(lambda of: of.saved[:16].replace("T", " ") or None), lambda s, value: value[:10],
        is_number=False),
    SessionColumn("by", "by", "who has written them",
        _of(lambda of: of.saved_by or None), is_number=False),
    SessionColumn("note", "", "who has it open, what is not saved, why it cannot be read",
        _note, lambda s, value: value, is_number=False),
)  # fmt: skip
BY_NAME = {column.name: column for column in COLUMNS}


def session_filter(text: str) -> Callable[[Session], bool]:
    """Which sessions a filter line lets pass.

    A line with a comparison is an expression over the columns, as those of clusters are:
    ``good > 10 and decided < 50%``; any other one is words, all of which a row has to show.

    Raises
    ------
    FilterError
        If an expression makes no sense; what is returned raises it for a value that does not fit.
    """
    if not _COMPARES.search(text):
        words = text.casefold().split()
        return lambda session: all(word in row_text(session) for word in words)
    headings = {column.title: column.name for column in COLUMNS if column.title}
    passes = Filter(text, BY_NAME, headings)
    return lambda session: passes({c.name: c.value(session) for c in COLUMNS})


def row_text(session: Session) -> str:
    """All that a row shows, in small letters."""
    return "\n".join(column.shown(session) for column in COLUMNS).casefold()


def in_order(sessions: Iterable[Session], name: str, *, descending: bool = False) -> list[Session]:
    """Sessions sorted by a column, what is not known last either way, alike ones by their name."""
    value_of = BY_NAME[name].value

    def key(session: Session) -> Any:
        value = value_of(session)
        return value.casefold() if isinstance(value, str) else value

    by_name = sorted(sessions, key=lambda session: session.name.casefold())
    known = [each for each in by_name if value_of(each) is not None]
    known.sort(key=key, reverse=descending)
    return [*known, *(each for each in by_name if value_of(each) is None)]
