"""Which datasets a folder tree holds: found by their names, none of them opened."""

from __future__ import annotations

import bisect
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from phygui.dataset import Format, format_of, formats
from phygui.errors import DatasetError
from phygui.storage.files import reason
from phygui.storage.state.lock import NAME as LOCK
from phygui.storage.state.lock import living_holder
from phygui.storage.state.state_folder import OTHER_SUFFIX, SUFFIX, find_place

MOST_FOLDERS = 200_000
"""Folders that are looked into."""
_UNTOLD = (LOCK,)
"""Files in a state folder that say nothing of what a list shows."""


@dataclass(frozen=True)
class Found:
    """A dataset, or a folder that could not be looked into.

    Attributes
    ----------
    path : Path
        Its file or folder.
    identity : str
        Changes when any of its files is written or replaced, or what is kept of it.
    oldest : float
        When the oldest of its files was written, in seconds since 1970.
    holder : str
        Who has it open for writing; empty if nobody has.
    problem : str
        Why it cannot be looked into, in one sentence.
    real_path : str
        Of the dataset, without links; empty of a folder that could not be looked into.
    """

    path: Path
    identity: str = ""
    oldest: float = 0.0
    holder: str = ""
    problem: str = ""
    real_path: str = ""


def find(folder: str | os.PathLike[str]) -> Iterator[Found]:
    """Datasets of all formats in a folder and those below it, by their paths.

    What lies in a dataset that is a folder itself belongs to it, and is not looked into. Links
    to folders are followed, each folder once. Hidden folders and those of states are passed over.

    Raises
    ------
    DatasetError
        If there is no such folder, or it cannot be read.
    """
    root = Path(folder).expanduser().absolute()
    try:
        next(os.scandir(root), None)
    except OSError as error:
        raise DatasetError(f"{root} cannot be read: {reason(error)}.") from error
    seen: set[tuple[int, int]] = set()
    listings: dict[Path, list[os.DirEntry[str]]] = {}
    waiting = [root]
    known = formats()
    while waiting:
        here = waiting.pop()
        try:
            status = os.stat(here)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            if len(seen) > MOST_FOLDERS:
                yield Found(root, problem=f"{root} holds more than {MOST_FOLDERS:,} folders: those "
                            f"from {here} on were not looked into.")  # fmt: skip
                return
            with os.scandir(here) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Found(here, problem=f"{here} cannot be read: {reason(error)}.")
            continue
        listings[here] = listed
        yield from _files(here, listed, known)
        if _is_dataset(here, known):
            above = listings.get(here.parent) or _listing(here.parent)
            yield _found(here, [*listed, *_called(f"{here.name}.", above)])
            continue
        below = [Path(entry.path) for entry in listed if _is_entered(entry)]
        waiting += reversed(below)


def holds_datasets(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder is none of a dataset itself, but holds some."""
    place = Path(folder).expanduser().absolute()
    if not os.path.isdir(place):
        return False
    try:
        # Formats after that of a dataset are not loaded to open it.
        format_of(place)
        return False
    except DatasetError:
        pass
    try:
        return any(not each.problem for each in find(place))
    except DatasetError:
        return False


def _is_entered(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    if name.startswith(".") or name.endswith((SUFFIX, OTHER_SUFFIX)):
        return False
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_dataset(folder: Path, known: Iterable[Format]) -> bool:
    return any(each.is_folder and supports(each, folder) for each in known)


def supports(known: Format, path: Path) -> bool:
    """Whether a format knows a file or folder; what cannot be looked into, none does."""
    try:
        return known.supports(path)
    except OSError:
        return False


def _files(
    folder: Path, listed: list[os.DirEntry[str]], known: Iterable[Format]
) -> Iterator[Found]:
    """Datasets that are files."""
    patterns = [pattern for each in known if not each.is_folder for pattern in each.patterns]
    for entry in listed:
        name = entry.name
        if not name.startswith(".") and any(fnmatch(name, pattern) for pattern in patterns):
            # What belongs to it has its name, but for the end.
            stem = name[: -len(Path(name).suffix)] + "."
            yield _found(folder / name, _called(stem, listed))


def _listing(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _called(start: str, listed: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """The entries, sorted by name, whose names start so."""
    first = bisect.bisect_left(listed, start, key=lambda entry: entry.name)
    found = []
    for entry in listed[first:]:
        if not entry.name.startswith(start):
            break
        found.append(entry)
    return found


def _found(path: Path, files: Iterable[os.DirEntry[str]]) -> Found:
    state = find_place(path).folder
    stamps, oldest = [], float("inf")
    for entry in files:
        stamp = _stamp(entry)
        if stamp and not entry.name.endswith((SUFFIX, OTHER_SUFFIX)):
            stamps.append(stamp)
            oldest = min(oldest, stamp[2] / 1e9)
    holder = None
    try:
        with os.scandir(state) as entries:
            kept = list(entries)
    except OSError:
        kept = []
    if any(entry.name == LOCK for entry in kept):
        holder = living_holder(state)
    # While somebody works with it, edits are written down all the time, and are not looked at.
    passed = (*_UNTOLD, "journal") if holder is not None else _UNTOLD
    stamps += [s for e in kept if e.name not in passed and (s := _stamp(e))]
    digest = hashlib.blake2b(repr(sorted(stamps)).encode(errors="backslashreplace"), digest_size=12)
    user = "" if holder is None else holder.user or holder.host
    return Found(
        path,
        digest.hexdigest(),
        oldest if stamps else 0.0,
        user,
        real_path=os.path.realpath(path),
    )


def _stamp(entry: os.DirEntry[str]) -> tuple[str, int, int, int] | None:
    try:
        status = entry.stat()
    except OSError:
        return (entry.name, 0, 0, 0)
    return entry.name, status.st_size, status.st_mtime_ns, status.st_ino
