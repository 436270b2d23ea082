"""The last saved states of a dataset, compressed, in its state folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phygui.io.errors import KwikError
from phygui.io.records import Record, decode_all, encode
from phygui.io.state_files import make_folder, read_whole, write_whole
from phygui.io.state_folder import remove_if_empty

FOLDER = "backups"
SUFFIX = ".backup"
KEPT = 10
LARGEST = 1 << 30
"""Bytes that a backup may have."""


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
    """

    path: Path
    time: datetime
    n_edits: int
    tallies: dict[tuple[int, str], dict[str, int]]

    def records(self) -> list[Record]:
        """What it holds: one record per clustering.

        Raises
        ------
        KwikError
            If the file is damaged or gone.
        """
        return _read(self.path)[1:]

    def __str__(self) -> str:
        parts = []
        for (group, name), tally in self.tallies.items():
            counts = ", ".join(f"{n} {word}" for word, n in tally.items())
            parts.append(f"channel group {group}, {name}: {counts or 'no clusters'}")
        edits = "1 edit" if self.n_edits == 1 else f"{self.n_edits} edits"
        return f"{self.time:%Y-%m-%d %H:%M:%S}, {edits}; {'; '.join(parts)}"


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
        "tallies": [[group, name, tally] for (group, name), tally in tallies.items()],
    }
    data = b"".join(encode(record) for record in (Record(head), *records))
    place = folder / FOLDER
    make_folder(place)
    # Sorted by name, they are sorted by time.
    path = place / f"{time:%Y%m%d-%H%M%S-%f}{SUFFIX}"
    write_whole(path, data)
    for old in sorted(place.glob(f"*{SUFFIX}"))[:-KEPT]:
        drop_backup(old)
    return path


def drop_backup(path: Path) -> None:
    """Remove the backup of a state that was not saved after all, if that is possible."""
    with contextlib.suppress(OSError):
        path.unlink()
    remove_if_empty(path.parent)


def list_backups(folder: Path) -> list[Backup]:
    """The saved states that are kept, newest first; damaged ones are passed over.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    """
    found = []
    for path in sorted((folder / FOLDER).glob(f"*{SUFFIX}"), reverse=True):
        try:
            head = _read(path)[0].text
            tallies = {
                (int(group), str(name)): {str(word): int(n) for word, n in tally.items()}
                for group, name, tally in head["tallies"]
            }
            time = datetime.fromisoformat(head["time"])
            found.append(Backup(path, time, int(head["n_edits"]), tallies))
        except (KwikError, KeyError, ValueError, TypeError, AttributeError):
            continue
    return found


def _read(path: str | os.PathLike[str]) -> list[Record]:
    try:
        data = read_whole(Path(path), LARGEST)
    except OSError as error:
        raise KwikError(f"{path} cannot be read: {error.strerror or error}.") from error
    records, _, problem = decode_all(data)
    if problem or not records:
        raise KwikError(f"{path} is a damaged backup: {problem or 'it is empty'}.")
    return records
