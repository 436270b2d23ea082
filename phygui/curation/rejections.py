"""The merge suggestions that the user has turned down, kept beside the dataset as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path

from phygui.io.state_folder import write_whole

log = logging.getLogger(__name__)


def rejections_path(folder: Path, channel_group: int) -> Path:
    """Where those of a channel group are, in the state folder of the dataset."""
    return folder / f"rejected-{channel_group}.json"


def read_rejections(path: Path) -> set[frozenset[str]]:
    """Pairs of fingerprints of spikes; none if there is no such file, or it makes no sense."""
    try:
        told = json.loads(path.read_text("utf-8"))
        return {frozenset((str(a), str(b))) for a, b in told["pairs"]}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is not used: %s", path, error)
        return set()


def write_rejections(path: Path, pairs: Iterable[frozenset[str]]) -> None:
    """Keep pairs of fingerprints of spikes; what cannot be written is only logged."""
    text = json.dumps({"pairs": sorted(sorted(pair) for pair in pairs)}, indent=1)
    try:
        write_whole(path, text.encode(), lasts=False)
    except OSError as error:
        log.warning("%s could not be written: %s", path, error)
