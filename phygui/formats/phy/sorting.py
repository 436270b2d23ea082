"""What a sorter left in a folder: spikes, templates, and the channels they are on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.formats.phy.params import Params, read_params
from phygui.storage.arrays.npy import (
    exists,
    first_outside,
    open_rows,
    read_array,
    read_header,
    read_integers,
)

_TEMPLATES_AT_ONCE = 64
_MOST_TEMPLATES = 1 << 24
"""Numbers of templates are small: a larger one is damage, for which no table is made."""

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Sorting:
    """The spikes of a folder, of all shanks.

    Attributes
    ----------
    folder : Path
    params : Params
    spike_samples : (n_spikes,) int64
        Samples from the start of the first file of raw data.
    spike_templates : (n_spikes,) int32
        Row of the sorter's templates that each spike was found with.
    channels : (n_channels,) int64
        Column of each channel in the raw data.
    positions : (n_channels, 2) float64
        Micrometres.
    shanks : (n_channels,) int64
        Shank of each channel.
    template_shanks : (n_templates,) int64, optional
        Shank of each template, that of its largest channel; None where there is one shank.
    """

    folder: Path
    params: Params
    spike_samples: NDArray[np.int64]
    spike_templates: NDArray[np.int32]
    channels: NDArray[np.int64]
    positions: NDArray[np.float64]
    shanks: NDArray[np.int64]
    template_shanks: NDArray[np.int64] | None

    @property
    def n_spikes(self) -> int:
        """Number of spikes of all shanks."""
        return len(self.spike_samples)

    @property
    def channel_groups(self) -> list[int]:
        """Numbers of the shanks, ascending."""
        return [int(shank) for shank in np.unique(self.shanks)]

    def spikes_of(self, channel_group: int) -> NDArray[np.int64] | None:
        """The spikes of a shank, ascending; None if it is the only one, and has all."""
        if self.template_shanks is None:
            return None
        return np.flatnonzero(self.template_shanks[self.spike_templates] == channel_group)


def read_sorting(folder: Path, warn: Warn) -> Sorting:
    """Read the spikes and channels of a folder.

    Parameters
    ----------
    folder : Path
    warn : callable
        Told what is unusual, one sentence each.

    Raises
    ------
    DatasetError
        If something is missing without which nothing can be shown, or makes no sense.
    """
    params = read_params(folder)
    for remark in params.remarks:
        warn(remark)
    samples = _times(folder, params)
    path = folder / "spike_templates.npy"
    templates = read_integers(_needed(path), length=len(samples))
    _check_range(path, templates, _MOST_TEMPLATES)
    channels, positions = _channels(folder, params)
    shanks = _shanks(folder, len(channels), warn)
    several = len(np.unique(shanks)) > 1
    return Sorting(
        folder,
        params,
        samples,
        templates.astype(np.int32),
        channels,
        positions,
        shanks,
        _template_shanks(folder, templates, shanks) if several else None,
    )


def _needed(path: Path) -> Path:
    if not exists(path):
        is_alf = exists(path.with_name("spikes.times.npy"))
        more = " An ALF folder is laid out otherwise, and not read." if is_alf else ""
        raise DatasetError(f"{path.parent} holds no {path.name}, which is needed.{more}")
    return path


def _times(folder: Path, params: Params) -> NDArray[np.int64]:
    path = _needed(folder / "spike_times.npy")
    samples = read_integers(path)
    if not len(samples):
        raise DatasetError(f"{path} holds no spikes.")
    wrong = first_outside(samples, 0, 1 << 60)
    if wrong is not None:
        raise DatasetError(
            f"{path}: spike {wrong} is at sample {samples[wrong]}, expected one from 0 up."
        )
    return samples


def _check_range(path: Path, values: NDArray[np.int64], most: int) -> None:
    wrong = first_outside(values, 0, most - 1)
    if wrong is not None:
        raise DatasetError(
            f"{path}: number {wrong} is {values[wrong]}, expected 0 to {most - 1:,d}."
        )


def _channels(folder: Path, params: Params) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    path = _needed(folder / "channel_map.npy")
    channels = read_integers(path)
    if not len(channels):
        raise DatasetError(f"{path} names no channels.")
    _check_range(path, channels, params.n_channels or int(np.iinfo(np.int32).max))
    path = _needed(folder / "channel_positions.npy")
    positions = read_array(path, 2, length=len(channels)).astype(np.float64)
    if positions.shape[1] < 2:
        raise DatasetError(f"{path} has {positions.shape[1]} columns, expected x and y.")
    positions = np.ascontiguousarray(positions[:, :2])
    wrong = np.flatnonzero(~np.isfinite(positions).all(axis=1))
    if len(wrong):
        raise DatasetError(f"{path}: channel {wrong[0]} has no place, expected micrometres.")
    return channels, positions


def _shanks(folder: Path, n_channels: int, warn: Warn) -> NDArray[np.int64]:
    """Shank of each channel; all are on one where the folder does not say, or says nonsense."""
    path = folder / "channel_shanks.npy"
    if exists(path):
        try:
            shanks = read_integers(path, length=n_channels)
            _check_range(path, shanks, 1 << 16)
            return shanks
        except DatasetError as error:
            warn(f"{error} All channels are taken to be on one shank.")
    return np.zeros(n_channels, np.int64)


def _template_shanks(
    folder: Path, spike_templates: NDArray[np.int64], shanks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Shank of each template: that of the channel on which it is largest."""
    found = np.full(int(spike_templates.max()) + 1, shanks.min())
    path = _needed(folder / "templates.npy")
    shape = read_header(path).shape
    columns = template_channels(folder, shape[0] if shape else 0, len(shanks))
    check_templates(path, shape, columns, len(shanks))
    n_templates = shape[0]
    store = open_rows(path)
    try:
        for start in range(0, min(n_templates, len(found)), _TEMPLATES_AT_ONCE):
            stop = min(start + _TEMPLATES_AT_ONCE, n_templates, len(found))
            values = store.read([slice(start, stop, 1), *map(_all, store.shape[1:])])
            largest = np.nan_to_num(np.abs(values)).max(axis=1).argmax(axis=1)
            if columns is not None:
                largest = columns[np.arange(start, stop), largest]
            found[start:stop] = shanks[np.maximum(largest, 0)]
    finally:
        store.close()
    return found


def _all(length: int) -> slice:
    return slice(0, length, 1)


def template_channels(folder: Path, n_templates: int, n_channels: int) -> NDArray[np.int64] | None:
    """Channel of each column of sparse templates, -1 for none; None where they are dense.

    Raises
    ------
    DatasetError
        If it cannot be read, or names channels that there are not.
    """
    return read_columns(folder / "template_ind.npy", n_templates, n_channels)


def check_templates(
    path: Path, shape: tuple[int, ...], columns: NDArray[np.int64] | None, n_channels: int
) -> None:
    """Make sure that templates of a shape fit the channels.

    Raises
    ------
    DatasetError
        If they do not.
    """
    if len(shape) != 3:
        raise DatasetError(f"{path} has {len(shape)} axes, expected 3.")
    n_columns = n_channels if columns is None else columns.shape[1]
    if shape[2] != n_columns:
        raise DatasetError(f"{path} has {shape[2]} channels, expected {n_columns}.")
    if not (shape[1] and shape[2]):
        raise DatasetError(f"{path} has the shape {shape}, expected samples on channels.")


def read_columns(path: Path, n_rows: int, n_channels: int) -> NDArray[np.int64] | None:
    """The channels that columns of a sparse array belong to: (n_rows, n_columns), -1 for none.

    Parameters
    ----------
    path : Path
        The file; where it is absent, the array is dense.
    n_rows, n_channels : int
        How many rows it has at least, and how many channels there are.

    Raises
    ------
    DatasetError
        If it cannot be read, or names channels that there are not.
    """
    if not exists(path):
        return None
    columns = read_integers(path, 2)
    if len(columns) < n_rows:
        raise DatasetError(f"{path} has {len(columns)} rows, expected {n_rows}.")
    # SpikeInterface pads with -1, MATLAB with whatever lies beyond.
    columns[(columns < 0) | (columns >= n_channels)] = -1
    return columns
