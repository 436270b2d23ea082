"""Where the raw data of a dataset is for another one: named where it is, or copied beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from phygui.dataset.protocol import ShankData
from phygui.storage.arrays.stores import ContiguousStore
from phygui.storage.arrays.traces import Traces

RawChoice = Literal["auto", "copy", "none"]
"""Named where flat files hold it, and copied otherwise; always copied; left out."""

_AT_ONCE = 1 << 24
"""Bytes that are copied at once."""


@dataclass(frozen=True)
class RawFiles:
    """Where the raw data is.

    Attributes
    ----------
    paths : list of Path
        Flat files, one for each recording; empty where there is none.
    n_channels : int
        Columns of each.
    dtype : numpy.dtype
    offset : int
        Bytes before the first sample of each.
    is_copied : bool
        Whether they are to be written.
    """

    paths: list[Path]
    n_channels: int
    dtype: np.dtype[Any]
    offset: int = 0
    is_copied: bool = False

    def names(self, folder: Path) -> list[str]:
        """The files, relative to a folder if they are in it."""
        return [
            str(path.relative_to(folder) if path.is_relative_to(folder) else path)
            for path in self.paths
        ]


def find_raw(
    shanks: Sequence[ShankData],
    copies: Sequence[Path],
    choice: RawChoice,
    *,
    takes_headers: bool = False,
    suffixes: Sequence[str] | None = None,
) -> RawFiles:
    """Where the raw data of a dataset is, or will be, for another dataset.

    Parameters
    ----------
    shanks : sequence of ShankData
        Of one dataset; all have the same raw data.
    copies : sequence of Path
        Where copies would be, one for each recording.
    choice : {"auto", "copy", "none"}
    takes_headers : bool
        Whether the other dataset can name files that have something before the samples.
    suffixes : sequence of str, optional
        Of files that the other dataset can name; by default any.
    """
    data = shanks[0]
    traces = data.traces
    if traces is None or choice == "none":
        least = max(int(shank.channels.max()) for shank in shanks) + 1
        return RawFiles([], least, np.dtype(np.int16))
    flat = [store for store in traces.stores if isinstance(store, ContiguousStore)]
    can_be_named = (
        choice == "auto"
        and len(flat) == len(traces.stores) == data.timeline.n_recordings
        and all(map(_ends_with_file, flat))
        and len({store.offset for store in flat}) == 1
        and (takes_headers or not flat[0].offset)
        and (suffixes is None or all(store.path.suffix in suffixes for store in flat))
    )
    if can_be_named:
        paths = [Path(os.path.abspath(store.path)) for store in flat]
        return RawFiles(paths, flat[0].shape[1], flat[0].dtype, flat[0].offset)
    return RawFiles(list(copies), traces.shape[1], traces.dtype, is_copied=True)


def _ends_with_file(store: ContiguousStore) -> bool:
    """Whether nothing is behind an array in its file, but for less than a sample."""
    row = store.nbytes // max(1, store.shape[0])
    return os.stat(store.path).st_size - store.offset - store.nbytes < row


def copy_raw(
    data: ShankData, traces: Traces, paths: Sequence[Path], report: Callable[[float], None]
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
