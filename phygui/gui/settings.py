"""What the window remembers per user: layout, recent files, keys, parameters of the views."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from PyQt5.QtCore import QByteArray, QSettings

log = logging.getLogger(__name__)

N_RECENT = 12


class Settings:
    """A small store in the user's configuration folder.

    Values are JSON texts, so nothing in the file can be more than data; a
    value that cannot be read is taken as absent.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_config_path("phygui") / "phygui.ini"
        self._store = QSettings(str(self.path), QSettings.IniFormat)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        text = self._store.value(key)
        if not isinstance(text, str):
            return default
        try:
            return json.loads(text)
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

    # -- recent files ------------------------------------------------------------------------

    def recent(self) -> list[Path]:
        """Files opened lately, newest first, as far as they still exist."""
        stored = self.get("recent", [])
        names = stored if isinstance(stored, list) else []
        # That of pathlib raises where a folder or drive is out of reach.
        return [Path(name) for name in names if isinstance(name, str) and os.path.exists(name)]

    def add_recent(self, path: Path) -> None:
        """A file has been opened."""
        paths = [str(path.absolute()), *(str(p) for p in self.recent())]
        self.set("recent", list(dict.fromkeys(paths))[:N_RECENT])
