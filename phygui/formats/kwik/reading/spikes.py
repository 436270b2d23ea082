"""Spike times and recordings, as the file holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File
from phygui.formats.kwik.hdf5.values import UNREADABLE

#: Samples above this cannot be told apart as float64, and no recording is that long.
_MAX_SAMPLE = 2**53

Warn = Callable[[str], None]


def read_recordings(file: File, warn: Warn) -> dict[int, dict[str, Any]]:
    """Attributes of every recording, ``{recording: {name: value}}``, by ascending number."""
    recordings: dict[int, dict[str, Any]] = {}
    unreadable = []
    names = [n for n in file.members("/recordings") if n.isascii() and n.isdecimal()]
    for name in sorted(names, key=int):
        path = f"/recordings/{name}"
        group = file.group(path)
        found = {} if group is None else file.attributes(group, path)
        raw = file.group(f"{path}/raw")
        if raw is not None:
            for key in ("hdf5_path", "dat_path"):
                value = file.attribute(raw, key, f"{path}/raw")
                if value is not None:
                    found[key] = value
            # Open Ephys: the .kwd of each processor.
            processors = file.group(f"{path}/raw/hdf5_paths")
            if processors is not None:
                told = file.attributes(processors, f"{path}/raw/hdf5_paths")
                found["hdf5_paths"] = [v for _, v in sorted(told.items()) if isinstance(v, str)]
        unreadable += [f"{path}/@{key}" for key, value in found.items() if value is UNREADABLE]
        recordings[int(name)] = {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in sorted(found.items())
            if value is not UNREADABLE and key == key.lower()
        }
    if unreadable:
        warn(
            f"{file.path}: the attributes {', '.join(unreadable[:4])} are pickled or of an "
            "unknown type, and were not read."
        )
    return recordings


def read_time_samples(file: File, path: str, warn: Warn) -> np.ndarray:
    """``time_samples``: (n_spikes,) uint64, relative to the start of each spike's recording."""
    values = file.vector(f"{path}/time_samples")
    assert values is not None
    return checked_samples(values, f"{file.path}: {path}/time_samples", warn)


def checked_samples(values: np.ndarray, where: str, warn: Warn) -> np.ndarray:
    """Times as uint64; negative, fractional and absurd ones are refused."""
    if not len(values):
        return values.astype(np.uint64)
    if values.dtype.kind == "f":
        bad = np.flatnonzero(~(values == np.floor(values)))
        if len(bad):
            raise DatasetError(
                f"{where} holds {values[bad[0]]} at index {bad[0]}, expected whole samples."
            )
        warn(f"{where} holds {values.dtype}; its whole numbers are read as uint64.")
    low, high = values.min(), values.max()
    if low < 0:
        bad = np.flatnonzero(values < 0)
        raise DatasetError(
            f"{where} is negative ({values[bad[0]]}) at index {bad[0]}, expected times from 0 up."
        )
    if high >= _MAX_SAMPLE:
        raise DatasetError(f"{where} reaches {high} samples, expected less than 2**53.")
    return values.astype(np.uint64, copy=False)


@dataclass(frozen=True)
class StoredSpikes:
    """When the spikes of a channel group happen, as the file says it.

    Attributes
    ----------
    where : the file and the ``spikes`` group, for messages
    time_samples : (n_spikes,) uint64
    recordings : (n_spikes,) integers, index of each spike's recording by ascending number; None
        where the file does not say it
    by_text : (n_recordings,) integers, where the recordings may be counted by their names in text
        order (0, 1, 10, 11, 2, ...): the index by number of each; None where that is the same
    is_klusta : whether klusta 3 wrote the file, which counts in text order
    """

    where: str
    time_samples: np.ndarray
    recordings: np.ndarray | None
    by_text: np.ndarray | None = None
    is_klusta: bool = False


def read_spikes(file: File, path: str, recordings: list[int], warn: Warn) -> StoredSpikes:
    """What a ``spikes`` group says: the times, and which recording each spike is in."""
    times = read_time_samples(file, path, warn)
    where = f"{file.path}: {path}"
    numbers, counted = _read_recordings_of(file, path, len(times), recordings, warn)
    by_text = np.array(sorted(range(len(recordings)), key=lambda i: str(recordings[i])), np.int32)
    in_doubt = counted and numbers is not None and not np.array_equal(by_text, np.sort(by_text))
    creator = file.attribute(file.group("/"), "creator_version", "/")
    return StoredSpikes(
        where=where,
        time_samples=times,
        recordings=numbers,
        by_text=by_text if in_doubt else None,
        is_klusta=isinstance(creator, str) and creator.startswith("klusta 3"),
    )


def _read_recordings_of(
    file: File, path: str, n_spikes: int, recordings: list[int], warn: Warn
) -> tuple[np.ndarray | None, bool]:
    """The index of each spike's recording, (n_spikes,) integers, and whether these are counted.

    They are not where the file gives the names of the recordings.
    """
    n_recordings = max(1, len(recordings))
    where = f"{path}/recording"
    values = file.vector(where, required=False)
    if values is None:
        one = np.broadcast_to(np.int32(0), (n_spikes,))
        return (None if n_recordings > 1 else one), True
    if len(values) != n_spikes:
        raise DatasetError(
            f"{file.path}: {where} has {len(values)} values, expected {n_spikes}, one per spike."
        )
    if values.dtype.kind not in "iu":
        raise DatasetError(f"{file.path}: {where} holds {values.dtype}, expected integers.")
    if not n_spikes:
        return values, True
    low, high = int(values.min()), int(values.max())
    if low < 0:
        raise DatasetError(f"{file.path}: {where} is negative ({low}), expected 0 or more.")
    if high >= n_recordings:
        numbers = np.unique(values)
        if np.isin(numbers, recordings).all():
            warn(
                f"{file.path}: {where} reaches {high} with {n_recordings} recordings; it is "
                "taken to hold their names rather than their indices."
            )
            return np.searchsorted(recordings, values).astype(np.int32), False
        if len(recordings) == 0:
            warn(
                f"{file.path}: /recordings is missing, but {where} reaches {high}; "
                f"{high + 1} recordings are assumed."
            )
            return values, True
        raise DatasetError(
            f"{file.path}: {where} reaches {high}, expected less than {n_recordings}, the "
            "number of recordings."
        )
    if high == 0:
        # One recording, or all spikes in the first: nothing to keep in memory.
        return np.broadcast_to(values.dtype.type(0), (n_spikes,)), True
    return values, True
