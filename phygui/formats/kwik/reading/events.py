"""Stimulus events of an experiment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phygui.dataset.timeline import Timeline
from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File
from phygui.formats.kwik.reading.spikes import checked_samples


@dataclass(frozen=True)
class Events:
    """One type of event: times from the start of each event's recording, and which it is."""

    samples: np.ndarray
    recordings: np.ndarray

    def times(self, timeline: Timeline, sample_rate: float) -> np.ndarray:
        """Times from the start of the first recording: (n_events,) float64, seconds, ascending."""
        return np.sort(self.samples + timeline.starts[self.recordings]) / sample_rate


def read_events(file: File, n_recordings: int, warn: Callable[[str], None]) -> dict[str, Events]:
    """The events of each type, ``{name: events}``; an unreadable type is left out, and said."""
    events = {}
    for name in sorted(file.members("/event_types")):
        path = f"/event_types/{name}/events"
        try:
            events[name] = _read_type(file, path, n_recordings, warn)
        except DatasetError as error:
            warn(f"{error} The event type is left out.")
    return events


def _read_type(file: File, path: str, n_recordings: int, warn: Callable[[str], None]) -> Events:
    values = file.vector(f"{path}/time_samples", required=False)
    if values is None:
        values = np.zeros(0, dtype=np.uint64)
    where = f"{file.path}: {path}/time_samples"
    samples = checked_samples(values, where, warn).astype(np.int64)
    recordings = file.vector(f"{path}/recording", required=False)
    if recordings is None:
        return Events(samples, np.zeros(len(samples), dtype=np.int64))
    if len(recordings) != len(samples):
        raise DatasetError(
            f"{file.path}: {path}/recording has {len(recordings)} values, expected "
            f"{len(samples)}, one per event."
        )
    numbers = recordings.astype(np.int64)
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < n_recordings:
        raise DatasetError(
            f"{file.path}: {path}/recording goes from {numbers.min()} to {numbers.max()}, "
            f"expected 0 to {n_recordings - 1}."
        )
    return Events(samples, numbers)
