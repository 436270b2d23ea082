"""What is known of the datasets of an archive, kept in one small file: none need be read again.

A dataset is known by its place below the folder and by the identity of its files. The file lies in
the folder itself, for all who work there; where this user may not write, in the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import platformdirs

from phygui.archive.finding import Found
from phygui.archive.overview import Overview
from phygui.curation.statistics.cache import computing
from phygui.storage.state.prepared import folders_there
from phygui.storage.state.state_files import make_folder, read_json, write_whole

log = logging.getLogger(__name__)

NAME = ".phygui-archive.json"
VERSION = 4
"""To be raised whenever an overview is read differently."""
LARGEST = 1 << 28
"""Bytes that the file may have: some 500 of each dataset."""

Entry = tuple[str, Overview]
"""The identity of a dataset's files, and what was read of them: see :meth:`Index.put`."""


class Index:
    """The index of one folder.

    Parameters
    ----------
    folder : Path
        The archive.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_new = False
        self.look_for_folders()
        self._kept = [_read(path) for path in self.places()]
        self._entries: dict[str, Entry] = {}
        for entries in self._kept:
            self._entries |= entries

    def places(self) -> tuple[Path, Path]:
        """Where it may be: in the folder, and in the user's cache."""
        real = os.path.realpath(self.folder)
        digest = hashlib.blake2b(os.fsencode(real), digest_size=8).hexdigest()
        cache = platformdirs.user_cache_path("phygui", appauthor=False)
        own = Path(os.path.realpath(cache)) / "archives" / f"{digest}.json"
        return Path(real) / NAME, own

    def get(self, found: Found) -> Overview | None:
        """What is known of a dataset, if its files are still those that were read."""
        key = self._key(found.path)
        # Either file may be the older one: the folder may not always have been writable.
        for entries in (self._entries, *self._kept):
            entry = entries.get(key)
            if entry is not None and entry[0] == self._identity(found, entry[1]):
                self._entries[key] = entry
                return entry[1]
        return None

    def last_known(self, path: Path) -> Overview | None:
        """What was known of a dataset before its files changed, if anything was."""
        entry = self._entries.get(self._key(path))
        return None if entry is None else entry[1]

    def put(self, found: Found, overview: Overview) -> None:
        """Know a dataset from now on."""
        self._entries[self._key(found.path)] = (self._identity(found, overview), overview)
        self._is_new = True

    def _identity(self, found: Found, of: Overview) -> str:
        """What an entry is true of: its files, and what is prepared of it and what that means."""
        parts = [found.identity, *([self._computing] if of.prepared else [])]
        if self._folders:
            # Where the data was not asked for, nothing can have been found there.
            parts += [self._elsewhere(data) for data in of.data] or ["not looked for"]
        return " ".join(parts)

    def _elsewhere(self, data: str) -> str:
        """What tells whether anything has come to what is prepared elsewhere."""
        times = [_written(folder / data) for folder in self._folders] if data else []
        return (
            hashlib.blake2b(repr(times).encode(), digest_size=6).hexdigest() if any(times) else "-"
        )

    def look_for_folders(self) -> None:
        """Ask anew which folders there are where preparations of this user may lie."""
        self._folders = folders_there()

    @cached_property
    def _computing(self) -> str:
        # Metrics are looked up for it, which takes a while the first time.
        return computing()

    def write(self, living: set[Path]) -> None:
        """Keep what is known of the datasets that are there, if anything of it is new."""
        if not self._is_new:
            return
        self._is_new = False
        keys = {self._key(path) for path in living}
        for path in self.places():
            # Somebody else may have looked at others meanwhile.
            entries = {**_read(path), **self._entries}
            data = _encoded({key: entry for key, entry in entries.items() if key in keys})
            try:
                if path.name != NAME:
                    make_folder(path.parent)
                elif not os.access(path.parent, os.W_OK):
                    continue
                write_whole(path, data, lasts=False)
                return
            except OSError as error:
                log.info("%s could not be written: %s", path, error)

    def _key(self, path: Path) -> str:
        return os.path.relpath(path, self.folder)


def _written(folder: Path) -> int:
    """When a file came into a folder last; 0 where there is none."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _encoded(entries: Mapping[str, Entry]) -> bytes:
    told = {key: [identity, of.as_json()] for key, (identity, of) in sorted(entries.items())}
    return json.dumps({"version": VERSION, "datasets": told}).encode()


def _read(path: Path) -> dict[str, Entry]:
    """What a file holds; an entry that makes no sense is left out."""
    try:
        told = read_json(path, LARGEST)
        if told["version"] != VERSION:
            return {}
        listed = told["datasets"].items()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s is not used: %s", path, error)
        return {}
    entries: dict[str, Entry] = {}
    for key, entry in listed:
        try:
            identity, of = entry
            entries[key] = (str(identity), Overview.of_json(of))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return entries
