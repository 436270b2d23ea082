"""The last saved states of a dataset, compressed, in its state folder."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from phygui.errors import DatasetError
from phygui.storage.state.lock import current_user
from phygui.storage.state.records import Record, decode, decode_all, encode, frame_at
from phygui.storage.state.state_files import (
    make_folder,
    open_for_reading,
    read_whole,
    write_whole,
)
from phygui.storage.state.state_folder import remove_if_empty
from phygui.words import counted

log = logging.getLogger(__name__)

FOLDER = "backups"
SUFFIX = ".backup"
KEPT = 10
_STAMP = "%Y%m%d-%H%M%S-%f"
LARGEST = 1 << 30
"""Bytes that a backup may have."""
_HEAD = 1 << 16
"""Bytes in which its first record is, nearly always."""
_DAMAGE = (KeyError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True)
class Backup:
    """One saved state.

    Attributes
    ----------
    path : Path
        Its file.
    time : datetime
        When it was saved, in local time.
    n_edits : int
        Number of edits since the save before.
    tallies : dict
        Number of clusters per cluster group, of each channel group and clustering in it.
    user : str
        Who saved it; empty where that is not known.
    """

    path: Path
    time: datetime
    n_edits: int
    tallies: dict[tuple[int, str], dict[str, int]]
    user: str = field(default="", kw_only=True)

    def records(self) -> Iterable[Record]:
        """What it holds: one record per clustering.

        Raises
        ------
        DatasetError
            If the file is damaged or gone.
        """
        return _read(self.path)[1:]

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return f"{self.time:%Y-%m-%d %H:%M:%S}"

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return f"the state saved {self.time:%Y-%m-%d %H:%M}"

    @property
    def clusters(self) -> str:
        """How many clusters of each group it has, by channel group and clustering."""
        parts = []
        for (group, name), tally in self.tallies.items():
            counts = ", ".join(f"{n} {word}" for word, n in tally.items())
            parts.append(f"shank {group}, {name}: {counts or 'no clusters'}")
        return "; ".join(parts)

    def __str__(self) -> str:
        return f"{self.title}, {counted(self.n_edits, 'edit')}; {self.clusters}"


def write_backup(
    folder: Path,
    n_edits: int,
    tallies: dict[tuple[int, str], dict[str, int]],
    records: Iterable[Record],
) -> Path:
    """Keep one saved state, and drop those that are too many.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    n_edits, tallies
        See :class:`Backup`.
    records : iterable of Record
        What is to be kept.

    Raises
    ------
    OSError
        If the disk fails or is full; nothing is left half-written.
    """
    time = datetime.now().astimezone()
    head = {
        "time": time.isoformat(),
        "n_edits": n_edits,
        "user": current_user(),
        "tallies": [[group, name, tally] for (group, name), tally in tallies.items()],
    }
    data = b"".join(encode(record) for record in (Record(head), *records))
    place = folder / FOLDER
    make_folder(place)
    # Sorted by name, they are in the order of the saves, also where the clock was set back.
    stamp = max(time.replace(tzinfo=None), _newest(place) + timedelta(microseconds=1))
    path = place / f"{stamp:{_STAMP}}{SUFFIX}"
    write_whole(path, data)
    for old in sorted(place.glob(f"*{SUFFIX}"))[:-KEPT]:
        drop_backup(old)
    return path


def _newest(place: Path) -> datetime:
    """The latest time in a name; no later than makes room for others behind it."""
    times = [datetime.min]
    for path in place.glob(f"*{SUFFIX}"):
        with contextlib.suppress(ValueError):
            time = datetime.strptime(path.name.removesuffix(SUFFIX), _STAMP)
            times += [time] if time.year < datetime.max.year else []
    return max(times)


def drop_backup(path: Path) -> None:
    """Remove the backup of a state that was not saved after all, if that is possible."""
    with contextlib.suppress(OSError):
        path.unlink()
    remove_if_empty(path.parent)


def backup_heads(folder: Path, most: int = KEPT) -> list[Backup]:
    """The saved states, newest first, by what stands at the start of their files alone.

    Whether the rest of one is whole is not known: a list of many datasets takes no longer for it.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    most : int
        How many are listed.
    """
    found = []
    for path in _paths(folder)[:most]:
        try:
            with open_for_reading(path, LARGEST) as file:
                data = file.read(_HEAD)
                frame = frame_at(data, 0)
                if frame is not None and _HEAD < frame.size < LARGEST:
                    data += file.read(frame.size - _HEAD)
            found.append(_of_head(path, decode(data)[0].text))
        except (OSError, *_DAMAGE) as error:
            log.warning("the saved state %s cannot be listed: %s", path, error)
    return found


def list_backups(folder: Path) -> list[Backup]:
    """The saved states that are kept, newest first; of damaged ones the log says that they are.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    """
    found = []
    for path in _paths(folder):
        try:
            found.append(_of_head(path, _read(path)[0].text))
        except (DatasetError, *_DAMAGE) as error:
            log.warning("the saved state %s cannot be listed: %s", path, error)
    return found


def _paths(folder: Path) -> list[Path]:
    try:
        return sorted((folder / FOLDER).glob(f"*{SUFFIX}"), reverse=True)
    except OSError:
        # Python asks some questions about a folder that it cannot look into by raising.
        return []


def _of_head(path: Path, head: Mapping[str, Any]) -> Backup:
    tallies = {
        (int(group), str(name)): {str(word): int(n) for word, n in tally.items()}
        for group, name, tally in head["tallies"]
    }
    time, user = datetime.fromisoformat(head["time"]), str(head.get("user", ""))
    return Backup(path, time, int(head["n_edits"]), tallies, user=user)


def _read(path: str | os.PathLike[str]) -> list[Record]:
    try:
        data = read_whole(Path(path), LARGEST)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
    records, _, problem = decode_all(data)
    if problem or not records:
        raise DatasetError(f"{path} is a damaged backup: {problem or 'it is empty'}.")
    return records
