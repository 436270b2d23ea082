"""Which plugins the user has switched off, kept in the user's configuration."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

NO_PLUGINS = "PHYGUI_NO_PLUGINS"
"""Set in the environment, no plugin is used, also not in processes that this one starts."""
LARGEST = 1 << 20
"""Bytes that the file may have."""


def plugins_are_used() -> bool:
    """Whether plugins are used at all."""
    return not os.environ.get(NO_PLUGINS)


def configuration_folder() -> Path:
    """The folder of the user's configuration."""
    import platformdirs

    return Path(platformdirs.user_config_dir("phygui", appauthor=False))


def _file() -> Path:
    return configuration_folder() / "plugins.json"


def switched_off() -> frozenset[str]:
    """Keys of the plugins that the user has switched off."""
    path = _file()
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return frozenset()
        found = json.loads(path.read_text("utf-8"))
        off = found.get("off", []) if isinstance(found, dict) else []
        return frozenset(key for key in off if isinstance(key, str))
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s is not used: %s", path, error)
        return frozenset()


def is_switched_off(key: str) -> bool:
    """Whether the user has switched a plugin off."""
    return key in switched_off()


def switch(key: str, on: bool) -> None:
    """Remember whether a plugin is to be used.

    Raises
    ------
    OSError
        If that cannot be written.
    """
    off = switched_off() - {key} if on else switched_off() | {key}
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(json.dumps({"off": sorted(off)}, indent=1), "utf-8")
    os.replace(beside, path)
