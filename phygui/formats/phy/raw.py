"""The flat files of raw data: where the folder says, beside it, or where the user pointed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from phygui.dataset.absent import Absent
from phygui.errors import DatasetError
from phygui.formats.phy.params import Params
from phygui.storage.arrays.stores import ContiguousStore, Store
from phygui.storage.arrays.traces import Traces
from phygui.storage.files import check_regular_file
from phygui.storage.state.locations import remembered

Warn = Callable[[str], None]
LOOKED_FOR = "recording.dat"
"""What is missing where the folder names nothing."""


def open_traces(folder: Path, params: Params, least: int, warn: Warn) -> Traces | Absent:
    """The raw data, or why it is not there.

    Looked up in this order: where the user once said it is; where `params.py` says; the same name
    beside `params.py`, since folders are moved and paths in them are mostly absolute.

    Parameters
    ----------
    folder : Path
    params : Params
    least : int
        Columns that it needs.
    warn : callable
    """
    places = places_of(folder, params)
    if not places:
        return Absent(LOOKED_FOR, f"{folder / 'params.py'} names no raw data")
    for place in places:
        if not os.path.exists(place):
            return Absent(place.name)
    try:
        return traces_at(places, params, least, warn)
    except DatasetError as error:
        return Absent(places[0].name, str(error))


def places_of(folder: Path, params: Params) -> list[Path]:
    """Where the files of raw data are, or would be."""
    told = [_found(folder, written) for written in params.dat_paths]
    return remembered(folder, "traces") or told


def recorded_samples(folder: Path, params: Params) -> int | None:
    """Samples in the files of raw data by their sizes; None where one is not there."""
    width = params.n_channels * params.dtype.itemsize
    try:
        sizes = [os.stat(place).st_size - params.offset for place in places_of(folder, params)]
    except OSError:
        return None
    return sum(size // width for size in sizes) if sizes and width else None


def _found(folder: Path, written: str) -> Path:
    """Where a file is that is named in `params.py`, on whichever system that was written."""
    # A name that no system takes, or of nobody's home, is one of a file that is not there.
    told = folder / os.path.expanduser(written)
    if os.path.exists(told):
        return told
    return folder / written.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def traces_at(paths: Sequence[Path], params: Params, least: int, warn: Warn) -> Traces:
    """Raw data in flat files, one after the other in time.

    Raises
    ------
    DatasetError
        If one cannot be read, or is not as `params.py` says.
    """
    n_channels = params.n_channels or least
    if n_channels < least:
        raise DatasetError(
            f"{params.path} says that the raw data has {n_channels} channels, but channel_map.npy "
            f"names column {least - 1}."
        )
    stores: list[Store] = []
    width = n_channels * params.dtype.itemsize
    try:
        for path in paths:
            size = check_regular_file(path).st_size - params.offset
            n_samples, rest = divmod(max(size, 0), width)
            if not n_samples:
                raise DatasetError(
                    f"{path} holds {size} bytes, expected at least one sample of {n_channels} "
                    "channels."
                )
            if rest:
                warn(
                    f"{path} does not hold a whole number of samples of {n_channels} channels "
                    f"({rest} bytes are left over): params.py may say a wrong number."
                )
            stores.append(
                ContiguousStore(path, params.offset, (n_samples, n_channels), params.dtype)
            )
    except BaseException:
        for store in stores:
            store.close()
        raise
    return Traces(stores)
