"""Small things that later sessions are to know, kept beside the dataset as JSON.

None of them is needed: what cannot be read is as if it were not there, and what cannot be written
is only logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from phygui.curation.durability.journal_entries import Key
from phygui.storage.state.state_files import make_folder, read_json, write_whole

log = logging.getLogger(__name__)


def read_rejections(folder: Path, channel_group: int) -> set[frozenset[str]]:
    """Merge suggestions that were turned down: pairs of fingerprints of spikes."""
    told = _read(folder / f"rejected-{channel_group}.json")
    try:
        return {frozenset((str(a), str(b))) for a, b in told["pairs"]}
    except (KeyError, TypeError, ValueError, RecursionError):
        return set()


def write_rejections(folder: Path, channel_group: int, pairs: Iterable[frozenset[str]]) -> None:
    """Keep the merge suggestions that were turned down."""
    told = {"pairs": sorted(sorted(pair) for pair in pairs)}
    _write(folder / f"rejected-{channel_group}.json", told)


def read_rejected_clusters(folder: Path, channel_group: int, what: str) -> set[str]:
    """Suggestions of one cluster each that were turned down: fingerprints of spikes.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    channel_group : int
    what : str
        A word for the kind of suggestion, such as ``groups``.
    """
    told = _read(folder / f"rejected-{what}-{channel_group}.json")
    try:
        return {str(key) for key in told["clusters"]}
    except (KeyError, TypeError, ValueError, RecursionError):
        return set()


def write_rejected_clusters(
    folder: Path, channel_group: int, what: str, prints: Iterable[str]
) -> None:
    """Keep the suggestions of one cluster each that were turned down."""
    _write(folder / f"rejected-{what}-{channel_group}.json", {"clusters": sorted(prints)})


def read_locked(folder: Path) -> set[Key]:
    """Clusterings that the user has made read-only."""
    told = _read(folder / "clusterings.json")
    try:
        return {(int(group), str(name)) for group, name in told["read_only"]}
    except (KeyError, TypeError, ValueError, RecursionError):
        return set()


def write_locked(folder: Path, keys: Iterable[Key]) -> None:
    """Keep which clusterings the user has made read-only."""
    _write(folder / "clusterings.json", {"read_only": sorted(map(list, keys))})


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        log.warning("%s is not used: %s", path, error)
        return None


def _write(path: Path, told: Any) -> None:
    try:
        make_folder(path.parent)
        write_whole(path, json.dumps(told, indent=1).encode(), lasts=False)
    except OSError as error:
        log.warning("%s could not be written: %s", path, error)
