"""What is kept of the clusters of a shank, as a list asks for it that opens no session."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics import cache
from phygui.curation.statistics.cache import UNREADABLE, Basis
from phygui.storage.state.prepared import PreparedPlaces
from phygui.storage.state.state_files import open_for_reading, parse_json


class KeptStatistics:
    """The files of statistics of one shank: that of sessions, and those of preparations.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    shank : int
    places : PreparedPlaces
        Where a preparation leaves its files.
    """

    def __init__(self, folder: Path, shank: int, places: PreparedPlaces) -> None:
        name = f"statistics-{shank}"
        self._files = [*places.pieces(name, ".npz"), folder / f"{name}.npz"]

    def __bool__(self) -> bool:
        """Whether anything is kept, be it true or not."""
        return len(self._files) > 1 or self._files[-1].is_file()

    def prints(self, basis: Callable[[], Basis]) -> set[str]:
        """Fingerprints of the clusters of which a session finds all that it computes.

        These are the statistics and every metric, as they are computed now and of the data as they
        are. A metric that has failed where it was computed is not waited for.

        Parameters
        ----------
        basis : callable
            Only called where anything is kept, be it of other data.
        """
        told = [info for path in self._files if (info := _info(path))]
        of_now = basis() if told else Basis()
        # The metrics of each cluster, from all files.
        found: dict[str, set[str]] = {}
        for info in told:
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                # Files of before it was told were told apart by the data alone.
                version = info.get("version", cache.VERSION)
                if version != cache.VERSION or not of_now.data or info["data"] != of_now.data:
                    continue
                names = list(map(str, info["metrics"]))
                are_current = cache.are_current(info, of_now.versions)
                failed = {
                    str(n) for n, of in info.get("failed", ()) if of_now.versions.get(n) == of
                }
                for key, reasons in zip(info["keys"], info["reasons"], strict=True):
                    rows = zip(names, reasons, are_current, strict=True)
                    known = {n for n, reason, valid in rows if valid and reason is not None}
                    found.setdefault(str(key), set()).update(known, failed)
        wanted = of_now.versions.keys()
        return {key for key, known in found.items() if known >= wanted}

    def waveforms(self) -> dict[str, NDArray[np.float32]]:
        """Mean waveforms, (n_samples, n_channels) each, by the fingerprints of the clusters.

        Whether the data is still that which they are of is not asked: they are for pictures only.
        """
        found: dict[str, NDArray[np.float32]] = {}
        for path in self._files:
            found |= _waveforms_in(path)
        return found


def _info(path: Path) -> dict[str, Any]:
    """What a file tells of itself; nothing where it is damaged."""
    try:
        told = parse_json(small_arrays(path, ("info",))["info"].tobytes())
    except (ValueError, KeyError):
        return {}
    return told if isinstance(told, dict) else {}


def _waveforms_in(path: Path) -> dict[str, NDArray[np.float32]]:
    arrays = small_arrays(path, ("info", "mean_waveform", "mean_waveform_of"))
    try:
        keys = [str(key) for key in parse_json(arrays["info"].tobytes())["keys"]]
        places = arrays["mean_waveform_of"].tolist()
        return {keys[i]: part for i, part in zip(places, arrays["mean_waveform"], strict=True)}
    except (*UNREADABLE, TypeError):
        return {}


def small_arrays(path: Path, names: Container[str] | None = None) -> dict[str, NDArray[Any]]:
    """Arrays of numbers that a file of such arrays holds, by name; none where it is damaged."""
    try:
        with open_for_reading(path, cache.LARGEST) as file:
            return cache.unpacked(file, names)
    except UNREADABLE:
        return {}
