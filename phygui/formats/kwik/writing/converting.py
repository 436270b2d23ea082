"""A dataset of any format as a new Kwik dataset, in klusta's own layout."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from phygui._version import __version__
from phygui.dataset import MICROVOLTS, ClusteringState, Dataset, FeatureSource, Key, ShankData
from phygui.dataset.joined_shank import usual_filter
from phygui.dataset.raw_files import RawChoice, RawFiles, copy_raw, find_raw
from phygui.errors import DatasetError
from phygui.formats.kwik.writing.klusta import Klusta
from phygui.formats.kwik.writing.parameters import prm_text, probe_text
from phygui.formats.kwik.writing.whole import (
    ChannelGroup,
    Experiment,
    Moments,
    write_features,
    write_kwik,
)

_AT_ONCE = 1 << 22
"""Numbers of features that are read at once."""
_NEIGHBOURS = 8
"""Channels that each is a neighbour of at least, where there are as many: the nearest ones."""


def convert_to_kwik(
    dataset: Dataset,
    folder: Path,
    target: Path,
    *,
    edited: Mapping[Key, ClusteringState] | None = None,
    raw: RawChoice = "auto",
    features: bool = True,
    report: Callable[[float, str], None] = lambda _, __: None,
) -> tuple[list[Path], list[Path]]:
    """Write what a dataset holds as files of a new Kwik dataset.

    Parameters
    ----------
    dataset : Dataset
        Of any format.
    folder : Path
        Where the files are made.
    target : Path
        Where the `.kwik` will be; the others are named like it.
    edited : mapping, optional
        Clusterings that are other than what is stored.
    raw : {"auto", "copy", "none"}
        See `RawChoice`.
    features : bool
        Whether features and masks are written.
    report : callable
        Told what part is done, in [0, 1], and what is done now; what it raises ends the work.

    Returns
    -------
    made, outside : list of Path
        The files, the `.kwik` last, and those of raw data that the `.kwik` names elsewhere.

    Raises
    ------
    DatasetError, OSError
        If the dataset cannot be read, or the files not written.
    """
    edited = edited or {}
    groups = [group for group in dataset.channel_groups if group not in dataset.incomplete]
    shanks: list[ShankData] = []
    stem = target.name.removesuffix(".kwik")
    how = Klusta(f"phygui {__version__}")
    try:
        shanks += (dataset.open(group) for group in groups)
        first = shanks[0]
        found = find_raw(shanks, _copies(first, target), raw)
        made: list[Path] = []
        if features and any(shank.features is not None for shank in shanks):
            _check_room(shanks, target)
            made.append(folder / f"{stem}.kwx")
            with h5py.File(made[-1], "w") as file:
                how.root(file, stem)
                _write_features(file, how, shanks, lambda f: report(f / 2, "features"))
        if found.is_copied and first.traces is not None:
            paths = [folder / path.name for path in found.paths]
            made += paths
            copy_raw(first, first.traces, paths, lambda f: report(0.5 + f / 2.5, "raw data"))
        report(0.9, "spikes and clusters")
        told = _experiment(dataset, shanks, edited, found, target)
        texts = {"prm": prm_text(told, found.names(target.parent)), "prb": probe_text(told)}
        for suffix, text in texts.items():
            made.append(folder / f"{stem}.{suffix}")
            made[-1].write_text(text, encoding="utf-8")
        made.append(folder / target.name)
        with h5py.File(made[-1], "w") as file:
            write_kwik(file, how, told)
    finally:
        for shank in shanks:
            shank.close()
    beside = target.parent
    is_outside = any(not path.is_relative_to(beside) for path in found.paths)
    return made, found.paths if is_outside else []


def _check_room(shanks: list[ShankData], target: Path) -> None:
    """Make sure that there is room for features: of all spikes on all channels, with masks."""
    size = sum(
        2 * np.dtype(np.float32).itemsize * n.n_spikes * n.n_channels * n.features.n_features
        for n in shanks
        if n.features is not None
    )
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise DatasetError(
            f"{target}: features of all spikes on all channels, as Kwik holds them, take "
            f"{size / 2**30:.1f} GB, and {free / 2**30:.1f} GB are free; they can be left out."
        )


def _copies(data: ShankData, target: Path) -> list[Path]:
    """What copies of the raw data of each recording are called."""
    stem, n = target.name.removesuffix(".kwik"), data.timeline.n_recordings
    return [target.with_name(f"{stem}.dat" if n == 1 else f"{stem}_{r}.dat") for r in range(n)]


def _write_features(
    file: h5py.File, how: Klusta, shanks: list[ShankData], report: Callable[[float], None]
) -> None:
    n_all = sum(shank.n_spikes for shank in shanks)
    n_done = 0

    def pieces(
        source: FeatureSource, n_spikes: int, size: int
    ) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
        nonlocal n_done
        for start in range(0, n_spikes, size):
            report(n_done / n_all)
            some = np.arange(start, min(start + size, n_spikes))
            values, masks = source.read(some)
            yield start, values.reshape(len(some), -1), masks
            n_done += len(some)

    for shank in shanks:
        if (source := shank.features) is not None:
            n, n_columns = shank.n_spikes, shank.n_channels * source.n_features
            parts = pieces(source, n, max(1, _AT_ONCE // n_columns))
            write_features(file, how, shank.channel_group, (n, n_columns), parts)


def _experiment(
    dataset: Dataset,
    shanks: list[ShankData],
    edited: Mapping[Key, ClusteringState],
    raw: RawFiles,
    target: Path,
) -> Experiment:
    first = shanks[0]
    starts, rate = first.timeline.starts, first.sample_rate
    events = {
        name: _moments(np.rint(times * rate).astype(np.int64), first)
        for name, times in first.events.items()
    }
    groups = [_channel_group(dataset, shank, edited) for shank in shanks]
    return Experiment(
        target.name.removesuffix(".kwik"),
        rate,
        starts,
        [{"dat_path": n} for n in raw.names(target.parent)] or [{} for _ in starts],
        _metadata(shanks, raw, target),
        groups,
        events,
        _first_recording(len(starts)),
    )


def _first_recording(n_recordings: int) -> int:
    """A number from which on all numbers are in one order, be they sorted as such or as text.

    klusta sorts the names of recordings as text, others as numbers.
    """
    first = 0
    while n_recordings > 10 and first + n_recordings > 10 * first:
        first = max(10, 10 * first)
    return first


def _moments(samples: NDArray[np.int64], data: ShankData) -> Moments:
    return Moments(samples, data.timeline.recording_of(samples))


def _channel_group(
    dataset: Dataset, shank: ShankData, edited: Mapping[Key, ClusteringState]
) -> ChannelGroup:
    store, group = dataset.clusterings, shank.channel_group
    keys = [(group, name) for name in store.names(group)]
    states = {key[1]: edited.get(key) or store.read(key) for key in keys}
    for name, state in states.items():
        if state.spike_clusters.shape != (shank.n_spikes,):
            raise DatasetError(
                f"{dataset.path}: the clustering {name} of shank {group} has "
                f"{len(state.spike_clusters)} spikes, expected {shank.n_spikes}."
            )
    return ChannelGroup(
        number=group,
        channels=shank.channels,
        positions=shank.channel_positions,
        edges=_edges(shank),
        spikes=Moments(shank.spike_samples, shank.spike_recordings),
        clusterings=states,
        gains=shank.channel_gains.tolist() if shank.voltage_unit == MICROVOLTS else None,
    )


def _edges(shank: ShankData) -> NDArray[np.int32]:
    """Pairs of channels that are neighbours: each with those that are nearest, all of them once."""
    positions = shank.channel_positions
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1, kind="stable")[:, : min(_NEIGHBOURS, len(positions) - 1)]
    here = np.repeat(np.arange(len(positions)), order.shape[1])
    pairs = np.unique(np.sort(np.column_stack([here, order.ravel()]), axis=1), axis=0)
    edges: NDArray[np.int32] = shank.channels[pairs].astype(np.int32).reshape(-1, 2)
    return edges


def _metadata(shanks: list[ShankData], raw: RawFiles, target: Path) -> dict[str, Any]:
    first = shanks[0]
    stem = target.name.removesuffix(".kwik")
    n_features = {shank.features.n_features for shank in shanks if shank.features is not None}
    # A Kwik file has no word for raw data that is filtered already: it is filtered again there.
    band = first.filter if first.filter.order else usual_filter(first.sample_rate)
    before = first.n_samples_before
    told = {
        "detect_spikes": "negative",
        "dtype": raw.dtype.name if raw.dtype.isnative else raw.dtype.str,
        "experiment_name": f"{stem}.kwik",
        "extract_s_after": first.n_samples_waveforms - before,
        "extract_s_before": before,
        "filter_butter_order": band.order,
        "filter_high_factor": band.high / first.sample_rate,
        "filter_low": band.low,
        "n_channels": raw.n_channels,
        "n_features_per_channel": max(n_features, default=3),
        "prb_file": f"{stem}.prb",
        "raw_data_files": raw.names(target.parent) or [f"{stem}.dat"],
        "sample_rate": float(first.sample_rate),
    }
    if first.voltage_unit == MICROVOLTS:
        told["voltage_gain"] = float(np.median(first.channel_gains))
    return told
