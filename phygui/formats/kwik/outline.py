"""What a list of datasets says of a ``.kwik``: a few attributes and the lengths of the raw data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import h5py

from phygui.dataset.protocol import Outline
from phygui.errors import DatasetError
from phygui.formats.kwik.files.data_files import DataFiles
from phygui.formats.kwik.hdf5.file import File, open_hdf5
from phygui.formats.kwik.reading.metadata import read_metadata, read_settings, recording_rate
from phygui.formats.kwik.reading.probe import channel_order, n_channels_needed, read_channel_groups
from phygui.formats.kwik.reading.spikes import read_recordings

_TAIL = 4_096
"""Spikes at the end of a shank's whose times are looked at: they are in order, or nearly."""
_EARLIEST = datetime(1970, 1, 2)


def _silent(text: str) -> None:
    """What is odd about a dataset is said when it is opened."""


def outline(path: Path) -> Outline:
    """The outline of a file.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    with open_hdf5(path) as file:
        recordings = read_recordings(file, _silent)
        metadata = read_metadata(file, _silent)
        rate = recording_rate(recordings, str(path), _silent)
        settings = read_settings(metadata, rate, str(path), _silent)
        groups = read_channel_groups(file, _silent)
        n_channels = sum(_n_channels(file, group) for group in groups)
        data = DataFiles(path, settings, recordings, n_channels_needed(file, groups), _silent)
        data.open_traces()
        try:
            n_samples = None if data.traces is None else sum(data.traces.lengths)
        finally:
            data.close()
        if n_samples is None:
            n_samples = _up_to_last_spike(file, groups, recordings)
    duration = None if n_samples is None else n_samples / settings.sample_rate
    return Outline(duration, n_channels, _probe(metadata), _recorded(recordings))


def _n_channels(file: File, group: int) -> int:
    try:
        return len(channel_order(file, group, _silent))
    except DatasetError:
        return 0


def _up_to_last_spike(
    file: File, groups: list[int], recordings: Mapping[int, Mapping[str, Any]]
) -> int | None:
    """Samples up to the last spike; times count from the start of their recording."""
    starts = [of.get("start_sample") for of in recordings.values()]
    start = max(
        (int(s) for s in starts if isinstance(s, int | float) and 0 <= s < 2**53), default=0
    )
    last = [_last(file, f"/channel_groups/{group}/spikes/time_samples") for group in groups]
    known = [sample for sample in last if sample is not None]
    return start + max(known) + 1 if known else None


def _last(file: File, path: str) -> int | None:
    try:
        dataset = file.dataset(path)
        if dataset is None or not dataset.shape or not dataset.shape[0]:
            return None
        file.check_numbers(dataset, path, rank=1)
        return int(h5py.Dataset(dataset)[-_TAIL:].max())
    except (DatasetError, OSError):
        return None


def _probe(metadata: Mapping[str, Any]) -> str:
    told = metadata.get("prb_file")
    return PurePosixPath(told.replace("\\", "/")).stem if isinstance(told, str) else ""


def _recorded(recordings: Mapping[int, Mapping[str, Any]]) -> datetime | None:
    """When the first recording began, where a writer says it in seconds since 1970."""
    for of in recordings.values():
        told = of.get("start_time")
        if isinstance(told, int | float) and not isinstance(told, bool):
            try:
                time = datetime(1970, 1, 1) + timedelta(seconds=float(told))
            except (OverflowError, ValueError):
                return None
            return time if _EARLIEST < time < datetime(2200, 1, 1) else None
    return None
