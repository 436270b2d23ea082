"""What a user has said of a dataset that its files do not tell: where data is, and the gain."""

from __future__ import annotations

import json
import logging
import math
import os
from pathlib import Path
from typing import Any

from phygui.storage.state.state_files import make_folder, read_json, write_whole

log = logging.getLogger(__name__)
_GAIN = "gain"


def locations_file() -> Path:
    """The file, in the user's configuration, that remembers where data was found."""
    import platformdirs

    folder = platformdirs.user_config_dir("phygui", appauthor=False)
    return Path(os.path.realpath(folder)) / "locations.json"


def _all_locations() -> dict[str, Any]:
    try:
        found = read_json(locations_file())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        log.warning("%s is not used: %s", locations_file(), error)
        return {}
    return found if isinstance(found, dict) else {}


def remembered(dataset: Path, what: str) -> list[Path]:
    """Where the user said that the ``traces`` or ``features`` of a dataset are."""
    of_dataset = _all_locations().get(str(dataset.resolve()), {})
    paths = of_dataset.get(what, []) if isinstance(of_dataset, dict) else []
    if not isinstance(paths, list):
        return []
    found = [Path(path) for path in paths if isinstance(path, str)]
    return found if all(map(os.path.exists, found)) else []


def remember(dataset: Path, what: str, paths: list[Path]) -> None:
    """Remember where data is, for this user and this dataset; an empty list forgets it."""
    _remember(dataset, what, [str(path.resolve()) for path in paths] or None)


def remembered_gain(dataset: Path) -> float | None:
    """How many microvolts the user said that a raw unit of a dataset is; None if nobody did."""
    of_dataset = _all_locations().get(str(dataset.resolve()), {})
    gain = of_dataset.get(_GAIN) if isinstance(of_dataset, dict) else None
    if isinstance(gain, bool) or not isinstance(gain, int | float):
        return None
    return float(gain) if math.isfinite(gain) and gain > 0 else None


def remember_gain(dataset: Path, gain: float | None) -> None:
    """Remember the gain, for this user and this dataset; None forgets it."""
    _remember(dataset, _GAIN, gain)


def _remember(dataset: Path, what: str, value: Any) -> None:
    locations, key = _all_locations(), str(dataset.resolve())
    if not isinstance(locations.get(key), dict):
        locations[key] = {}
    of_dataset = locations[key]
    if value is not None:
        of_dataset[what] = value
    else:
        of_dataset.pop(what, None)
    path = locations_file()
    make_folder(path.parent)
    write_whole(path, json.dumps(locations, indent=1).encode(), lasts=False)
