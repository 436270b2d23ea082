"""The raw data of recordings, opened: the samples, and what their files say of gain and rate."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from h5py import h5g

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File, open_hdf5
from phygui.formats.kwik.hdf5.layouts import open_store
from phygui.formats.kwik.reading.metadata import same_rate
from phygui.storage.arrays.stores import ContiguousStore, MemoryStore, Store
from phygui.storage.arrays.traces import Traces
from phygui.storage.files import check_regular_file
from phygui.words import hertz

Warn = Callable[[str], None]

#: A channel behind those of the probe is auxiliary if its gain is below this part of theirs: a
#: ``.kwd`` of Open Ephys gives the gain of an accelerometer or of an analog input in volts.
_AUXILIARY = 0.01


@dataclass(frozen=True)
class Source:
    """Where the samples of one recording are: a flat file, or a dataset of an HDF5 file."""

    path: Path
    dataset: str | None = None

    def __str__(self) -> str:
        return str(self.path) if self.dataset is None else f"{self.path}: {self.dataset}"


class NothingThereError(DatasetError):
    """A file exists, but holds nothing of a recording: as good as no file."""


@dataclass(frozen=True)
class Recorded:
    """The samples of one recording.

    Attributes
    ----------
    source : where they are
    store : (n_samples, n_columns) array; may have no samples
    gains : (n_columns,) float64, microvolts per raw unit; None if the file does not say
    rate : sample rate in hertz; None if the file does not say
    """

    source: Source
    store: Store
    gains: np.ndarray | None = None
    rate: float | None = None

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return self.store.shape[0]

    @property
    def emptiness(self) -> str:
        """What is there instead of samples, in a sentence."""
        if self.source.dataset is not None:
            return f"{self.source} holds no samples."
        size = os.path.getsize(self.source.path)
        return (
            f"{self.source} holds {size} bytes, expected at least one sample of "
            f"{self.store.shape[1]} channels."
        )


@dataclass(frozen=True)
class RawData:
    """The raw data of all recordings.

    Attributes
    ----------
    traces : (n_samples, n_raw_channels) array, auxiliary channels left out
    gains : (n_raw_channels,) float64, microvolts per raw unit; None if the files do not say
    source : where the first recording is
    """

    traces: Traces
    gains: np.ndarray | None
    source: Source


def close_all(recorded: Sequence[Recorded]) -> None:
    """Let go of the files."""
    for each in recorded:
        each.store.close()


# -- one recording ---------------------------------------------------------------------------


def open_recording(source: Source, dtype: np.dtype, n_channels: int | None, warn: Warn) -> Recorded:
    """The samples of one recording, read-only.

    Parameters
    ----------
    dtype, n_channels : type and number of channels of a flat file, which says neither

    Raises
    ------
    NothingThereError
        If the file does not hold this recording.
    DatasetError
        If it cannot be read.
    """
    if source.dataset is not None:
        return _open_kwd(source.path, source.dataset, warn)
    return Recorded(source, _open_flat(source.path, dtype, n_channels, warn))


def _open_flat(path: Path, dtype: np.dtype, n_channels: int | None, warn: Warn) -> Store:
    _refuse_empty(path)
    size = check_regular_file(path).st_size
    if h5py.is_hdf5(path):
        raise DatasetError(f"{path} is an HDF5 file, expected flat samples of {dtype}.")
    if n_channels is None:
        raise DatasetError(
            f"{path} cannot be read, since the metadata does not say how many channels it has."
        )
    n_samples, rest = divmod(size, n_channels * dtype.itemsize)
    if not n_samples:
        return MemoryStore(np.empty((0, n_channels), dtype))
    if rest:
        warn(
            f"{path} holds {size} bytes, not a multiple of {n_channels} channels of "
            f"{dtype}; its last {rest} bytes are left out."
        )
    return ContiguousStore(path, 0, (n_samples, n_channels), dtype)


def _refuse_empty(path: Path) -> None:
    if os.path.isfile(path) and os.path.getsize(path) == 0:
        raise NothingThereError(f"{path} is empty (0 bytes).")


def _open_kwd(path: Path, dataset: str, warn: Warn) -> Recorded:
    """A recording at a path that names its dataset, or the group that the dataset is in."""
    _refuse_empty(path)
    with open_hdf5(path) as file:
        if isinstance(file.find(dataset), h5g.GroupID):
            dataset = f"{dataset}/data"
        store = open_store(file, dataset, 2, warn)
        if store is None:
            raise NothingThereError(
                f"{path}: {dataset} is missing, expected the samples of a recording."
            )
        try:
            if store.shape[1] == 0:
                raise DatasetError(f"{path}: {dataset} has no channels.")
            group = dataset.rpartition("/")[0]
            gains = _gains(file, group, store.shape[1], warn)
            rate = _rate(file, group)
        except BaseException:
            store.close()
            raise
        return Recorded(Source(path, dataset), store, gains, rate)


def _gains(file: File, recording: str, n_columns: int, warn: Warn) -> np.ndarray | None:
    """``channel_bit_volts`` of a recording, which Open Ephys writes as a dataset or attribute."""
    place = f"{recording}/application_data"
    where = f"{file.path}: {place}/channel_bit_volts"
    try:
        group = file.group(place)
        values = file.vector(f"{place}/channel_bit_volts", required=False)
        if values is None and group is not None:
            values = file.attribute(group, "channel_bit_volts", place)
        if values is None:
            return None
        # As decimal numbers are meant: 0.195 rather than the nearest float32.
        gains = np.array([float(str(v)) for v in np.atleast_1d(values)])
    except (DatasetError, ValueError, TypeError) as error:
        warn(f"{where} cannot be read ({error}); it is ignored.")
        return None
    if len(gains) == 1:
        gains = np.repeat(gains, n_columns)
    if len(gains) != n_columns:
        warn(f"{where} has {len(gains)} values, expected {n_columns}, one per channel; ignored.")
        return None
    if not (np.isfinite(gains) & (gains > 0)).all():
        bad = gains[~(np.isfinite(gains) & (gains > 0))][0]
        warn(f"{where} holds {bad:g}, expected microvolts per unit, above 0; it is ignored.")
        return None
    return gains


def _rate(file: File, recording: str) -> float | None:
    group = file.find(recording)
    told = None if group is None else file.attribute(group, "sample_rate", recording)
    return float(told) if isinstance(told, int | float) and 1 <= told <= 1e9 else None


# -- all of them -----------------------------------------------------------------------------


def join(
    recorded: Sequence[Recorded], n_channels: int | None, n_needed: int, warn: Warn
) -> RawData:
    """All recordings as one array.

    Parameters
    ----------
    n_channels : how many channels the metadata says
    n_needed : how many of the first channels belong to the probe, by the channel groups

    Raises
    ------
    DatasetError
        If they do not fit one another, or hold no samples.
    """
    first = recorded[0]
    for each in recorded[1:]:
        if first.store.shape[1] != each.store.shape[1] or first.store.dtype != each.store.dtype:
            raise DatasetError(
                f"{each.source.path} has {each.store.shape[1]} channels of {each.store.dtype}, "
                f"expected {first.store.shape[1]} of {first.store.dtype}, as in "
                f"{first.source.path}."
            )
    if not any(each.n_samples for each in recorded):
        raise DatasetError(first.emptiness)
    n_columns, gains = first.store.shape[1], _common_gains(recorded, warn)
    n_kept = n_columns if gains is None else _n_neural(gains, n_needed)
    if n_kept < n_columns:
        which = f"channels {n_kept} to {n_columns - 1} are"
        which = which if n_columns - n_kept > 1 else f"channel {n_kept} is"
        warn(
            f"{first.source.path}: {which} auxiliary, with a gain in volts, and left out of the "
            "raw data."
        )
    if n_channels not in (None, n_columns, n_kept):
        warn(
            f"{first.source.path} has {n_columns} channels and the metadata says "
            f"{n_channels}; {n_columns} is used."
        )
    traces = Traces([each.store for each in recorded], n_kept)
    return RawData(traces, None if gains is None else gains[:n_kept], first.source)


def _common_gains(recorded: Sequence[Recorded], warn: Warn) -> np.ndarray | None:
    """The gains of the first recording that says them."""
    told = [(each.source, each.gains) for each in recorded if each.gains is not None]
    if not told:
        return None
    first, gains = told[0]
    for source, others in told[1:]:
        if not np.allclose(others, gains, rtol=1e-6, atol=0):
            warn(
                f"{source}: channel_bit_volts differs from that of {first}; that one is used "
                "for all recordings."
            )
            break
    return gains


def _n_neural(gains: np.ndarray, n_needed: int) -> int:
    """How many channels there are without the auxiliary ones behind those of the probe."""
    neural = gains >= _AUXILIARY * np.median(gains[: max(1, n_needed)])
    return max(n_needed, 1 + int(np.flatnonzero(neural).max(initial=0)))


def compare_rates(recorded: Sequence[Recorded], rate: float, path: Path, warn: Warn) -> None:
    """Say that raw data was sampled at another rate than the ``.kwik`` says."""
    others = [each for each in recorded if each.rate is not None and not same_rate(each.rate, rate)]
    if others and others[0].rate is not None:
        warn(
            f"{others[0].source} says {hertz(others[0].rate)} and {path} says {hertz(rate)}; "
            f"{hertz(rate)} is used."
        )
