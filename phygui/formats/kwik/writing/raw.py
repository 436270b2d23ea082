"""The raw data of a new `.kwik`: named where it is, or copied into flat files beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from phygui.dataset import ShankData
from phygui.storage.arrays.stores import ContiguousStore
from phygui.storage.arrays.traces import Traces

RawChoice = Literal["auto", "copy", "none"]
"""Named where flat files hold nothing else, copied otherwise; always copied; left out."""

_AT_ONCE = 1 << 24
"""Bytes that are copied at once."""


@dataclass(frozen=True)
class Raw:
    """Where the raw data of each recording is.

    Attributes
    ----------
    paths : list of Path
        The flat files; empty where there is none.
    n_channels : int
        Columns of each.
    dtype : numpy.dtype
    is_copied : bool
        Whether they are to be written beside the `.kwik`.
    """

    paths: list[Path]
    n_channels: int
    dtype: np.dtype[Any]
    is_copied: bool = False

    def attributes(self, folder: Path, n_recordings: int) -> list[dict[str, str]]:
        """What each recording says of it; within a folder, relative to that."""
        if not self.paths:
            return [{} for _ in range(n_recordings)]
        return [{"dat_path": name} for name in self.names(folder)]

    def names(self, folder: Path) -> list[str]:
        """The files, relative to a folder if they are in it."""
        return [
            str(path.relative_to(folder) if path.is_relative_to(folder) else path)
            for path in self.paths
        ]


def find_raw(data: ShankData, target: Path, choice: RawChoice) -> Raw:
    """Where the raw data of a dataset is, or will be, for a `.kwik`.

    Parameters
    ----------
    data : ShankData
    target : Path
        The `.kwik`.
    choice : str
        See `RawChoice`.
    """
    traces = data.traces
    if traces is None or choice == "none":
        return Raw([], int(data.channels.max()) + 1, np.dtype(np.int16))
    n_recordings = data.timeline.n_recordings
    flat = [s for s in traces.stores if isinstance(s, ContiguousStore) and _is_flat(s)]
    if choice == "auto" and len(flat) == len(traces.stores) == n_recordings:
        paths = [Path(os.path.abspath(store.path)) for store in flat]
        return Raw(paths, flat[0].shape[1], flat[0].dtype)
    stem = target.name.removesuffix(".kwik")
    names = [f"{stem}.dat" if n_recordings == 1 else f"{stem}_{r}.dat" for r in range(n_recordings)]
    paths = [target.with_name(name) for name in names]
    return Raw(paths, traces.shape[1], traces.dtype, is_copied=True)


def _is_flat(store: ContiguousStore) -> bool:
    """Whether an array is all that a file holds, but for less than a sample."""
    row = store.nbytes // max(1, store.shape[0])
    return not store.offset and os.stat(store.path).st_size - store.nbytes < row


def copy_raw(
    data: ShankData, traces: Traces, paths: list[Path], report: Callable[[float], None]
) -> None:
    """Write the samples of each recording to a flat file.

    Parameters
    ----------
    data : ShankData
    traces : Traces
    paths : list of Path
        One for each recording.
    report : callable
        Told the part that is done.
    """
    rows, lengths = data.timeline.rows.tolist(), data.timeline.lengths.tolist()
    size = max(1, _AT_ONCE // (traces.shape[1] * traces.dtype.itemsize))
    for path, first, length in zip(paths, rows, lengths, strict=True):
        stop = min(first + length, traces.shape[0])
        with open(path, "wb") as file:
            for start in range(first, stop, size):
                report(start / traces.shape[0])
                file.write(np.ascontiguousarray(traces[start : min(start + size, stop)]).data)
