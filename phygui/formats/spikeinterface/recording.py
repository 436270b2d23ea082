"""Raw data of an analyzer: its recording as SpikeInterface makes it again, or flat files.

A recording is a chain of classes with arguments, told in JSON. Only SpikeInterface's own classes of
recordings are made of it, from files of this machine; one that is kept as a pickle is not read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.absent import Absent
from phygui.errors import DatasetError
from phygui.storage.arrays.lazy import Selection, indices_of, length_of
from phygui.storage.arrays.stores import ContiguousStore, Store
from phygui.storage.arrays.traces import Traces
from phygui.storage.files import check_regular_file, reason

_NEAR = 2_000
"""Samples between two that are asked for up to which they are read together."""
LOOKED_FOR = "recording.json"


class RecordingStore(Store):
    """A segment of a recording: (n_samples, n_channels), filtered as it is read if it is lazy.

    Parameters
    ----------
    recording : spikeinterface.BaseRecording
    segment : int
    lock : threading.Lock
        One for all segments: a recording need not be safe to use from several threads.
    """

    def __init__(self, recording: Any, segment: int, lock: threading.Lock) -> None:
        self._recording = recording
        self._segment = segment
        self._lock = lock
        self.shape = (int(recording.get_num_samples(segment)), int(recording.get_num_channels()))
        self.dtype = np.dtype(recording.get_dtype())

    def _read(self, start: int, stop: int, channels: NDArray[Any]) -> NDArray[Any]:
        ids = None
        if len(channels) < self.shape[1]:
            ids = self._recording.channel_ids[channels]
        try:
            with self._lock:
                return np.asarray(self._recording.get_traces(self._segment, start, stop, ids))
        except Exception as error:
            raise DatasetError(f"the recording cannot be read: {reason(error)}.") from error

    def read(self, selections: list[Selection]) -> np.ndarray:
        """See :class:`~phygui.storage.arrays.stores.Store`."""
        rows, columns = selections
        channels = indices_of(columns)
        found = np.zeros((length_of(rows), len(channels)), self.dtype)
        if not found.size:
            return found
        if isinstance(rows, slice):
            found[:] = self._read(rows.start, rows.stop, channels)[:: rows.step]
            return found
        unique, back = np.unique(rows, return_inverse=True)
        read = np.zeros((len(unique), len(channels)), self.dtype)
        borders = np.flatnonzero(np.diff(unique) > _NEAR) + 1
        for places in np.split(np.arange(len(unique)), borders):
            some = unique[places]
            block = self._read(int(some[0]), int(some[-1]) + 1, channels)
            read[places] = block[some - some[0]]
        return read[back]


def open_recording(
    told: Any, folder: Path, channel_ids: Sequence[Any], lengths: Sequence[int]
) -> Traces | Absent:
    """The recording of an analyzer, or why it is not there.

    Parameters
    ----------
    told : mapping or None
        How it is made.
    folder : Path
        The analyzer's: relative paths start there.
    channel_ids : sequence
    lengths : sequence of int
        Samples of each segment, as the analyzer knows them.
    """
    if told is None:
        return Absent(LOOKED_FOR, f"{folder} does not tell how its recording is made")
    refused = _refused(told)
    if refused:
        return Absent(LOOKED_FOR, f"the recording of {folder} is not opened: {refused}")
    from spikeinterface.core import BaseRecording, load

    try:
        recording = load(told, base_folder=folder)
    except Exception as error:
        return Absent(_name_in(told), f"the recording of {folder} cannot be opened: "
                      f"{reason(error)[:300]}")  # fmt: skip
    if not isinstance(recording, BaseRecording):
        return Absent(LOOKED_FOR, f"what {folder} calls its recording is none")
    ids = [str(each) for each in recording.channel_ids]
    found = [int(recording.get_num_samples(i)) for i in range(recording.get_num_segments())]
    if ids != [str(each) for each in channel_ids] or found != list(lengths):
        return Absent(
            LOOKED_FOR,
            f"the recording of {folder} has {len(ids)} channels and segments of {found} samples, "
            f"expected {len(channel_ids)} and {list(lengths)}",
        )
    lock = threading.Lock()
    return Traces([RecordingStore(recording, i, lock) for i in range(len(found))])


def _nested(told: Any, depth: int = 0) -> Iterator[Any]:
    """All values in nested mappings and lists."""
    if depth > 100:
        raise DatasetError("a recording is nested too deeply.")
    yield told
    inner = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    for each in inner:
        yield from _nested(each, depth + 1)


def _refused(told: Any) -> str:
    """Why a recording is not made as it is told; empty if it may be."""
    if not isinstance(told, dict) or not isinstance(told.get("class"), str):
        return "it is told otherwise than SpikeInterface tells it"
    for each in _nested(told):
        if isinstance(each, dict) and "class" in each and not _is_own(each["class"]):
            return f"{str(each['class'])[:100]!r} is no recording of SpikeInterface"
        if isinstance(each, str) and "://" in each:
            return f"{each[:100]!r} is not on this machine"
    return ""


def _is_own(name: Any) -> bool:
    """Whether a class is one of SpikeInterface's recordings."""
    if not isinstance(name, str) or not name.startswith("spikeinterface."):
        return False
    from importlib import import_module

    from spikeinterface.core import BaseRecording

    module, _, own = name.rpartition(".")
    if not all(part.isidentifier() for part in module.split(".")):
        return False
    try:
        found = getattr(import_module(module), own, None)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, BaseRecording)


def _name_in(told: Any) -> str:
    """The name of the file or folder that a recording starts from."""
    for each in _nested(told):
        for key in ("file_paths", "file_path", "folder_path"):
            place = each.get(key) if isinstance(each, dict) else None
            place = place[0] if isinstance(place, list) and place else place
            if isinstance(place, str):
                return place.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return LOOKED_FOR


def located(
    paths: Sequence[Path],
    folder: Path,
    channel_ids: Sequence[Any],
    lengths: Sequence[int],
    dtype: str,
) -> Traces:
    """Raw data where a user has pointed to: flat files, one a segment, or a saved recording.

    Raises
    ------
    DatasetError
        If it does not fit the analyzer.
    """
    if len(paths) == 1 and paths[0].is_dir():
        name = "ZarrRecordingExtractor" if (paths[0] / ".zgroup").exists() else ""
        told = {
            "class": f"spikeinterface.core.zarrextractors.{name}" if name
            else "spikeinterface.core.binaryfolder.BinaryFolderRecording",
            "module": "spikeinterface", "version": "0", "annotations": {}, "properties": {},
            "kwargs": {"folder_path": str(paths[0])},
        }  # fmt: skip
        found = open_recording(told, folder, channel_ids, lengths)
        if isinstance(found, Absent):
            raise DatasetError(f"{paths[0]}: {found.reason}.")
        return found
    if len(paths) != len(lengths):
        raise DatasetError(
            f"{folder} has {len(lengths)} segments, expected as many files and not {len(paths)}."
        )
    wanted = np.dtype(dtype)
    width = len(channel_ids) * wanted.itemsize
    for path, n_samples in zip(paths, lengths, strict=True):
        size = check_regular_file(path).st_size
        if size != n_samples * width:
            raise DatasetError(
                f"{path} holds {size} bytes, expected {n_samples} samples of {len(channel_ids)} "
                f"channels of type {wanted}: {n_samples * width}."
            )
    return Traces(
        [
            ContiguousStore(path, 0, (n, len(channel_ids)), wanted)
            for path, n in zip(paths, lengths, strict=True)
        ]
    )
