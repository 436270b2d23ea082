"""What the window remembers per user: layout, recent files, keys, parameters of the views."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from qtpy.QtCore import QByteArray, QLockFile, QSettings

from phygui.storage.state.state_files import check_file, parse_json, read_whole

log = logging.getLogger(__name__)

N_RECENT = 12
N_DATASETS = 50
"""Datasets of which something is kept, the last ones opened."""
LARGEST = 1 << 22
"""Bytes that the file may have: it holds some ten thousand in years of use."""
_OBJECT = b"@Variant("
_PATIENCE = 200
"""Milliseconds that another program may take to write the file."""


class Settings:
    """A small store in the user's configuration folder.

    Values are JSON texts, so nothing in the file can be more than data; a
    value that cannot be read is taken as absent. A file that cannot be one
    of settings is left alone, and what is set is forgotten with the program.

    Attributes
    ----------
    problem : str
        Why the file is not used, in one sentence; else empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_config_path("phygui") / "phygui.ini"
        self.problem = _problem(self.path)
        if self.problem:
            log.warning("%s", self.problem)
        self._store = (
            _Memory() if self.problem else QSettings(str(self.path), QSettings.Format.IniFormat)
        )

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        text = self._store.value(key)
        if not isinstance(text, str):
            return default
        try:
            return parse_json(text)
        except ValueError:
            log.warning("%s: the value of %s is not JSON and is ignored", self.path, key)
            return default

    def set(self, key: str, value: Any) -> None:
        """Remember a value that JSON can express; None forgets the key."""
        if value is None:
            self._store.remove(key)
        else:
            self._store.setValue(key, json.dumps(value))

    def get_bytes(self, key: str) -> QByteArray | None:
        """Bytes kept with :meth:`set_bytes`."""
        text = self.get(key)
        return QByteArray.fromBase64(text.encode()) if isinstance(text, str) else None

    def set_bytes(self, key: str, value: QByteArray) -> None:
        """Remember bytes, such as the state of a window."""
        self.set(key, bytes(value.toBase64()).decode())

    def forget(self, prefix: str) -> None:
        """Forget all keys below a prefix."""
        self._store.remove(prefix)

    # -- one dataset -------------------------------------------------------------------------

    def of_dataset(self, key: str, path: Path) -> dict[str, dict[str, Any]]:
        """What is kept under a key for one dataset, by names."""
        stored = self._of_datasets(key).get(str(path))
        known = stored if isinstance(stored, dict) else {}
        return {name: of for name, of in known.items() if isinstance(of, dict)}

    def set_of_dataset(self, key: str, path: Path, values: dict[str, dict[str, Any]]) -> None:
        """Keep something for one dataset; beyond :data:`N_DATASETS`, the oldest is forgotten."""
        datasets = self._of_datasets(key)
        datasets.pop(str(path), None)
        if values:
            datasets[str(path)] = values
        self.set(key, dict(list(datasets.items())[-N_DATASETS:]) or None)

    def _of_datasets(self, key: str) -> dict[str, Any]:
        stored = self.get(key, {})
        return stored if isinstance(stored, dict) else {}

    # -- recent files ------------------------------------------------------------------------

    def recent(self) -> list[Path]:
        """Files opened lately, newest first; whether they still exist is not looked at here.

        On a drive that is gone, that would take minutes:
        see :class:`~phygui.gui.base.recent.Lookout`.
        """
        stored = self.get("recent", [])
        names = stored if isinstance(stored, list) else []
        return [Path(name) for name in names if isinstance(name, str)]

    def add_recent(self, path: Path) -> None:
        """A file has been opened."""
        paths = [path.absolute(), *self.recent()]
        self.set("recent", list(dict.fromkeys(map(str, paths)))[:N_RECENT])


class _Memory:
    """The part of ``QSettings`` that is used here, without a file."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def value(self, key: str) -> Any:
        return self._values.get(key)

    def setValue(self, key: str, value: Any) -> None:
        self._values[key] = value

    def remove(self, prefix: str) -> None:
        of_it = [key for key in self._values if key == prefix or key.startswith(f"{prefix}/")]
        for key in of_it:
            del self._values[key]


def _problem(path: Path) -> str:
    """Why Qt had better not open a file of settings; empty if it may."""
    try:
        # Beside the file, Qt makes one that keeps other programs from writing at the same time.
        # It would wait for half a minute for one that nobody removes.
        beside = path.with_name(f"{path.name}.lock")
        check_file(beside)
        if beside.exists():
            lock = QLockFile(str(beside))
            if not lock.tryLock(_PATIENCE):
                return f"{path} is not used: {beside} says that another program writes it"
            lock.unlock()
        check_file(path, LARGEST)
        if path.exists() and _OBJECT in read_whole(Path(os.path.realpath(path)), LARGEST):
            return f"{path} is not used: it holds objects of Qt, expected text"
    except OSError as error:
        return f"{path} is not used: {error.strerror or error}"
    return ""
