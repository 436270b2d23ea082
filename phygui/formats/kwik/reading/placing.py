"""From what a file says of its spikes to one clock for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.errors import DatasetError
from phygui.formats.kwik.reading.spikes import StoredSpikes

MOST_BACK = 0.05
"""Seconds by which a spike may be listed too late; detection in overlapping chunks, of which
SpikeDetekt's overlap by 15 ms, does not do more."""
CLEAR = 0.75
"""Part of the spikes with a trough that must agree on how recordings are counted."""
LEAST_EVIDENCE = 20
"""Spikes below which they tell nothing."""

Warn = Callable[[str], None]
Sizes = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""How large the waveforms of some spikes are at their times, if they are in some recordings."""


@dataclass(frozen=True)
class Placed:
    """The spikes of a channel group in their recordings and in time.

    Attributes
    ----------
    time_samples : (n_spikes,) uint64, from the start of each spike's recording
    recordings : (n_spikes,) integers, index of that recording by ascending number
    clock : SpikeClock
    """

    time_samples: np.ndarray
    recordings: np.ndarray
    clock: SpikeClock


class MisfitError(DatasetError):
    """Raw data that cannot be that of the spikes."""


def place_spikes(
    stored: StoredSpikes,
    starts: list[Any],
    lengths: list[int] | None,
    sizes: Sizes | None,
    sample_rate: float,
    warn: Warn,
) -> Placed:
    """Put spikes on the clock that is the same with and without the raw data.

    Parameters
    ----------
    stored : StoredSpikes
    starts : ``start_sample`` of each recording, None where it is missing
    lengths : samples in each recording's raw data, or None when it is not there
    sizes : to compare two ways to count recordings, or None where no waveforms can be had
    sample_rate : hertz
    warn : called with a sentence for each thing that is unusual

    Raises
    ------
    MisfitError
        If the raw data is of another number of recordings, or if one that is followed by
        another is shorter than its spikes say.
    DatasetError
        If the spikes are not in the order of time.
    """
    stored = count_recordings(stored, sizes, warn)
    times, recordings = in_recordings(stored, starts, lengths, warn)
    if not starts and len(recordings):
        starts = [None] * (int(recordings.max()) + 1)
    n_recordings = max(1, len(starts))
    if lengths is not None:
        check_lengths(times, recordings, lengths, n_recordings, stored.where, warn)
    check_order(times, recordings, int(MOST_BACK * sample_rate), stored, warn)
    timeline = make_timeline(times, recordings, starts, lengths, stored.where, warn)
    samples = times
    if n_recordings > 1:
        samples = times + timeline.starts.astype(np.uint64)[recordings]
    return Placed(times, recordings, SpikeClock(samples, timeline, sample_rate))


# -- which recording -------------------------------------------------------------------------


def count_recordings(stored: StoredSpikes, sizes: Sizes | None, warn: Warn) -> StoredSpikes:
    """Read ``recording`` as numbers or as places in text order, whichever is right.

    The writer decides; the spikes' own troughs decide against it where they are clear.
    """
    if stored.by_text is None or stored.recordings is None or not len(stored.recordings):
        return stored
    by_number = stored.recordings
    by_text = stored.by_text[by_number]
    if np.array_equal(by_text, by_number):
        return stored
    is_text, share = stored.is_klusta, None
    if sizes is not None:
        share = share_for(by_text, by_number, sizes)
    how = "without raw data this could not be checked"
    if share is not None:
        how = "the troughs of the spikes do not tell which is right"
        if share >= CLEAR or share <= 1 - CLEAR:
            how = "as the troughs of the spikes tell"
            if is_text != (share >= CLEAR):
                how += ", although the program that wrote the file does otherwise"
            is_text = share >= CLEAR
    order = (
        "counts recordings by their names in text order (0, 1, 10, 11, 2, ...), as klusta 3 does"
        if is_text
        else "counts recordings by number"
    )
    warn(f"{stored.where}/recording {order}; {how}.")
    return replace(stored, recordings=by_text) if is_text else stored


def share_for(a: np.ndarray, b: np.ndarray, sizes: Sizes) -> float | None:
    """Part of a sample of spikes that are larger in the recordings ``a`` than in ``b``.

    It is near 1 if those are right, near 0 if these are, and near one half if neither are. None
    where too few spikes tell.
    """
    some = _some_of_each(a, np.flatnonzero(a != b))
    in_a, in_b = sizes(some, a[some]), sizes(some, b[some])
    told = in_a != in_b
    if np.count_nonzero(told) < LEAST_EVIDENCE:
        return None
    return float(np.mean(in_a[told] > in_b[told]))


def _some_of_each(recordings: np.ndarray, spike_ids: np.ndarray) -> np.ndarray:
    """At most 240 spikes, from up to 24 recordings, spread evenly over each."""
    numbers = np.unique(recordings[spike_ids])
    numbers = numbers[np.unique(np.linspace(0, len(numbers) - 1, 24).astype(int))]
    chosen = []
    for number in numbers.tolist():
        own = spike_ids[recordings[spike_ids] == number]
        chosen.append(own[np.unique(np.linspace(0, len(own) - 1, 10).astype(int))])
    return np.sort(np.concatenate(chosen))


def in_recordings(
    stored: StoredSpikes, starts: list[Any], lengths: list[int] | None, warn: Warn
) -> tuple[np.ndarray, np.ndarray]:
    """Times from the start of each spike's recording, and the index of that recording.

    Where no recording is told but the first, and the times do not fit it, they may run on over
    all recordings.
    """
    times, recordings = stored.time_samples, stored.recordings
    first_only = recordings is None or (len(starts) > 1 and not recordings.any())
    timeline = _running_on(times, starts, lengths) if first_only and len(times) else None
    if timeline is not None:
        told = "is missing" if recordings is None else "is 0 throughout"
        warn(
            f"{stored.where}/recording {told}, but the times reach {times.max()} samples "
            f"and the second recording starts at {timeline.starts[1]}: they are assumed to "
            "continue over all recordings, as phy 0.2 wrote them."
        )
        places = timeline.recording_of(times.astype(np.int64)).astype(np.int32)
        return times - timeline.starts.astype(np.uint64)[places], places
    if recordings is None:
        raise DatasetError(
            f"{stored.where}/recording is missing, expected the recording of each spike, "
            f"since there are {len(starts)} recordings."
        )
    return times, recordings


def _running_on(times: np.ndarray, starts: list[Any], lengths: list[int] | None) -> Timeline | None:
    """Recordings that times of spikes run through, or None if they fit the first one."""
    n_recordings, last = len(starts), int(times.max())
    told = usable_starts(starts, np.zeros(n_recordings, np.int64))
    if lengths is None:
        if told is None or last < told[1]:
            return None
        return Timeline(told, np.diff(told, append=max(last + 1, int(told[-1]))))
    if len(lengths) != n_recordings or not lengths[0] <= last:
        return None
    told = usable_starts(starts, np.array(lengths))
    if told is not None:
        timeline = Timeline(told, np.array(lengths))
        samples = times.astype(np.int64)
        if np.all(samples < timeline.stops[timeline.recording_of(samples)]):
            return timeline
    return Timeline.joined(lengths) if last < sum(lengths) else None


def check_lengths(
    time_samples: np.ndarray,
    recordings: np.ndarray,
    lengths: list[int],
    n_recordings: int,
    where: str,
    warn: Warn,
) -> None:
    """Compare the lengths of the recordings in the raw data with their last spikes.

    Raises
    ------
    MisfitError
        If there is raw data of another number of recordings, or if one that is followed by
        another is shorter than its spikes say.
    """
    where = f"{where}/time_samples"
    if len(lengths) != n_recordings:
        raise MisfitError(
            f"{where}: there is raw data of {len(lengths)} recordings, expected {n_recordings}."
        )
    if not len(time_samples):
        return
    ends = last_spikes(time_samples, recordings, n_recordings)
    short = [i for i, (end, n) in enumerate(zip(ends, lengths, strict=True)) if end > n]
    if short:
        first = short[0]
        text = (
            f"{where}: the raw data of recording {first} ends at sample {lengths[first]}, but "
            f"there is a spike at {ends[first] - 1}: it is truncated, or belongs to another "
            "dataset."
        )
        if first < n_recordings - 1:
            raise MisfitError(text)
        warn(text)


def last_spikes(time_samples: np.ndarray, recordings: np.ndarray, n_recordings: int) -> np.ndarray:
    """One more than the time of the last spike of each recording: (n_recordings,) int64."""
    ends = np.zeros(n_recordings, dtype=np.int64)
    if n_recordings == 1:
        ends[0] = int(time_samples.max()) + 1 if len(time_samples) else 0
    else:
        np.maximum.at(ends, recordings, time_samples.astype(np.int64) + 1)
    return ends


def check_order(
    time_samples: np.ndarray, recordings: np.ndarray, most: int, stored: StoredSpikes, warn: Warn
) -> None:
    """Say where the times of a recording go back, by at most some samples.

    Raises
    ------
    DatasetError
        If they go back farther.
    """
    order = None
    if np.any(recordings[1:] < recordings[:-1]):
        order = np.argsort(recordings, kind="stable")
        time_samples, recordings = time_samples[order], recordings[order]
    same = recordings[1:] == recordings[:-1]
    late = np.flatnonzero(same & (time_samples[1:] < time_samples[:-1])) + 1
    if not len(late):
        return
    where = f"{stored.where}/time_samples"
    back = time_samples.astype(np.int64)
    for part in np.split(back, np.flatnonzero(~same) + 1):
        # These are views of the whole.
        np.subtract(np.maximum.accumulate(part), part, out=part)
    if back.max() > most:
        spike = int(late[np.argmax(back[late])])
        told = spike if order is None else int(order[spike])
        raise DatasetError(
            f"{where} decreases at spike {told} (to {time_samples[spike]}, {back[spike]} samples "
            f"before one listed earlier), expected spikes in the order of time, or at most "
            f"{most} samples out of it."
        )
    spikes, times = ("spike", "time") if len(late) == 1 else ("spikes", "times")
    warn(
        f"{where} goes back at {len(late):,} {spikes}, by {back.max()} samples at most; the "
        f"{times} are used unchanged, and spike ids keep the order of the file."
    )


# -- when recordings start -------------------------------------------------------------------


def usable_starts(starts: list[Any], reach: np.ndarray) -> np.ndarray | None:
    """Where recordings start, from the first on, or None if ``start_sample`` cannot be right.

    Parameters
    ----------
    starts : ``start_sample`` of each recording
    reach : (n_recordings,) samples that are known to be in each
    """
    if not all(isinstance(s, int | float) and 0 <= s < 2**53 and s == int(s) for s in starts):
        return None
    found = np.array(starts, dtype=np.int64)
    found -= found[:1]
    if len(found) > 1 and not found.any():
        return None
    return found if np.all(found[:-1] + reach[:-1] <= found[1:]) else None


def make_timeline(
    time_samples: np.ndarray,
    recordings: np.ndarray,
    starts: list[Any],
    lengths: list[int] | None,
    where: str,
    warn: Warn,
) -> Timeline:
    """When each recording starts and how long it is.

    Starts are ``start_sample`` wherever that is usable, else the lengths of the recordings before,
    else such that time increases.
    """
    n_recordings = max(1, len(starts))
    ends = last_spikes(time_samples, recordings, n_recordings)
    if n_recordings == 1:
        return Timeline.joined(ends if lengths is None else lengths)
    told = usable_starts(starts, ends if lengths is None else np.array(lengths))
    path = where.rpartition(": ")[0]
    if lengths is not None:
        if told is not None:
            return Timeline(told, np.array(lengths))
        if any(starts):
            warn(
                f"{path}: the recordings cannot start at {_listed(starts)} samples, as "
                f"start_sample says, since they last {_listed(lengths)}; they are assumed to "
                "follow one another."
            )
        return Timeline.joined(lengths)
    if told is None:
        warn(
            f"{path}: the lengths of the recordings are unknown (no raw data, and no usable "
            "start_sample); each is assumed to end with its last spike."
        )
        return Timeline.joined(ends)
    silences = told[1:] - told[:-1] - ends[:-1]
    gaps = (ends[:-1] > 0) & (silences > _longest_interval(time_samples, recordings))
    if gaps.any():
        warn(
            f"{path}: no raw data tells when recording "
            f"{', '.join(map(str, np.flatnonzero(gaps)[:8]))} ends; it has no spikes long before "
            "the next one starts, and is assumed to end with its last spike."
        )
    return Timeline(told, np.append(np.where(gaps, ends[:-1], np.diff(told)), ends[-1]))


def _longest_interval(time_samples: np.ndarray, recordings: np.ndarray) -> int:
    """Samples between two spikes of a recording that follow one another."""
    intervals = np.diff(time_samples.astype(np.int64))
    return int(intervals[recordings[1:] == recordings[:-1]].max(initial=0))


def _listed(values: list[Any]) -> str:
    return ", ".join(map(str, values[:4])) + (", ..." if len(values) > 4 else "")
