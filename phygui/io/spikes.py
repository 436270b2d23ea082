"""Spike times, recordings and the absolute time axis that joins them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phygui.io.errors import KwikError
from phygui.io.hdf5 import File
from phygui.io.values import UNREADABLE

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
            raise KwikError(
                f"{where} holds {values[bad[0]]} at index {bad[0]}, expected whole samples."
            )
        warn(f"{where} holds {values.dtype}; its whole numbers are read as uint64.")
    low, high = values.min(), values.max()
    if low < 0:
        bad = np.flatnonzero(values < 0)
        raise KwikError(
            f"{where} is negative ({values[bad[0]]}) at index {bad[0]}, expected times from 0 up."
        )
    if high >= _MAX_SAMPLE:
        raise KwikError(f"{where} reaches {high} samples, expected less than 2**53.")
    return values.astype(np.uint64, copy=False)


def read_spike_recordings(
    file: File, path: str, n_spikes: int, recordings: list[int], warn: Warn
) -> np.ndarray:
    """The index of each spike's recording among the recordings: (n_spikes,) integers."""
    n_recordings = max(1, len(recordings))
    where = f"{path}/recording"
    values = file.vector(where, required=False)
    if values is None:
        if n_recordings > 1:
            raise KwikError(
                f"{file.path}: {where} is missing, expected the recording of each spike, "
                f"since there are {n_recordings} recordings."
            )
        return np.broadcast_to(np.int32(0), (n_spikes,))
    if len(values) != n_spikes:
        raise KwikError(
            f"{file.path}: {where} has {len(values)} values, expected {n_spikes}, one a spike."
        )
    if values.dtype.kind not in "iu":
        raise KwikError(f"{file.path}: {where} holds {values.dtype}, expected integers.")
    if not n_spikes:
        return values
    low, high = int(values.min()), int(values.max())
    if low < 0:
        raise KwikError(f"{file.path}: {where} is negative ({low}), expected 0 or more.")
    if high >= n_recordings:
        numbers = np.unique(values)
        if np.isin(numbers, recordings).all():
            warn(
                f"{file.path}: {where} reaches {high} with {n_recordings} recordings; it is "
                "taken to hold their names rather than their indices."
            )
            return np.searchsorted(recordings, values).astype(np.int32)
        if len(recordings) == 0:
            warn(
                f"{file.path}: /recordings is missing, but {where} reaches {high}; "
                f"{high + 1} recordings are assumed."
            )
            return values
        raise KwikError(
            f"{file.path}: {where} reaches {high}, expected less than {n_recordings}, the "
            "number of recordings."
        )
    if high == 0:
        # One recording, or all spikes in the first: nothing to keep in memory.
        return np.broadcast_to(values.dtype.type(0), (n_spikes,))
    return values


class MisfitError(KwikError):
    """Raw data that cannot be that of the spikes."""


def check_lengths(
    time_samples: np.ndarray,
    spike_recordings: np.ndarray,
    lengths: list[int],
    n_recordings: int,
    where: str,
    warn: Warn,
) -> None:
    """Compare the lengths of the recordings in the raw data with their last spikes.

    Raises
    ------
    MisfitError
        If the raw data is of another number of recordings, or if one that is followed by
        another is shorter than its spikes say: the time of those that follow would be wrong.
    """
    if len(lengths) != n_recordings:
        raise MisfitError(
            f"{where}: there is raw data of {len(lengths)} recordings, expected {n_recordings}."
        )
    if not len(time_samples):
        return
    ends = last_spikes(time_samples, spike_recordings, n_recordings)
    short = [i for i, (end, n) in enumerate(zip(ends, lengths, strict=True)) if end > n]
    if short:
        first = short[0]
        text = (
            f"{where}: the raw data of recording {first} ends at sample {lengths[first]}, but "
            f"there is a spike at {ends[first] - 1}: it is truncated, or that of another dataset."
        )
        if first < n_recordings - 1:
            raise MisfitError(text)
        warn(text)


def last_spikes(
    time_samples: np.ndarray, spike_recordings: np.ndarray, n_recordings: int
) -> np.ndarray:
    """One more than the time of the last spike of each recording: (n_recordings,) int64."""
    ends = np.zeros(n_recordings, dtype=np.int64)
    if n_recordings == 1:
        ends[0] = int(time_samples.max()) + 1 if len(time_samples) else 0
    else:
        np.maximum.at(ends, spike_recordings, time_samples.astype(np.int64) + 1)
    return ends


def recording_offsets(
    time_samples: np.ndarray,
    spike_recordings: np.ndarray,
    lengths: list[int] | None,
    start_samples: list[Any],
    path: str,
    warn: Warn,
) -> np.ndarray:
    """Where each recording starts and the last one ends, in absolute samples.

    Parameters
    ----------
    time_samples, spike_recordings : of every spike
    lengths : samples in each recording's raw data, or None when it is not there
    start_samples : ``start_sample`` of each recording, None where it is missing

    Returns
    -------
    offsets : (n_recordings + 1,) int64. The first is 0.
    """
    n_recordings = max(1, len(start_samples))
    if lengths is not None:
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ends = last_spikes(time_samples, spike_recordings, n_recordings)
    if n_recordings == 1:
        return np.append(0, ends)
    if all(isinstance(start, int) and start >= 0 for start in start_samples):
        starts = np.array(start_samples, dtype=np.int64)
        starts -= starts[0]
        if np.all(starts[:-1] + ends[:-1] <= starts[1:]) and np.all(np.diff(starts) > 0):
            return np.append(starts, starts[-1] + ends[-1])
    warn(
        f"{path}: the lengths of the recordings are unknown (no raw data, and no usable "
        "start_sample); each is assumed to end with its last spike."
    )
    return np.concatenate([[0], np.cumsum(ends)]).astype(np.int64)


def absolute_samples(
    time_samples: np.ndarray, spike_recordings: np.ndarray, offsets: np.ndarray, where: str
) -> np.ndarray:
    """Spike times from the start of the first recording: (n_spikes,) uint64, never decreasing."""
    if len(offsets) == 2:
        samples = time_samples
    else:
        samples = time_samples + offsets.astype(np.uint64)[spike_recordings]
    if len(samples) > 1:
        later = samples[1:] >= samples[:-1]
        if not later.all():
            i = int(np.argmin(later)) + 1
            raise KwikError(
                f"{where} decreases at spike {i} (from {samples[i - 1]} to {samples[i]} "
                "samples), expected spikes in the order of time."
            )
    return samples
