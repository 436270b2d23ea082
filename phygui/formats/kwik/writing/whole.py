"""Whole Kwik datasets from what they hold: a `.kwik`, and its `.kwx` piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ClusteringState
from phygui.dataset.groups import GROUP_TITLES, UNSORTED
from phygui.formats.kwik.reading.labels import write_labels
from phygui.formats.kwik.writing.klusta import Klusta

N_COLORS = 35
"""Colours that KlustaViewa gives to clusters are numbered from 1 to this."""

Features = Iterable[tuple[int, NDArray[np.float32], NDArray[np.float32]]]
"""Pieces: the first spike, features (n, n_columns), and masks (n, n_channels)."""


@dataclass(frozen=True)
class Moments:
    """Samples on the clock of the experiment, and the index of the recording that each is in."""

    samples: NDArray[Any]
    recordings: NDArray[Any]


@dataclass(frozen=True)
class ChannelGroup:
    """A shank as it is written.

    Attributes
    ----------
    number : int
    channels : (n_channels,) integers
        Columns of the raw data.
    positions : (n_channels, 2) float
        Micrometres.
    edges : (n_edges, 2) int32
        Channels that are neighbours.
    spikes : Moments
    clusterings : mapping of str to ClusteringState
        By name.
    fractions : (n_spikes,) uint8, optional
        Of a sample, in 1/255.
    colors : mapping of int to int
        Of clusters; those that are not in it get one by their number.
    settings : mapping of str to mapping
        Attributes of clusterings, by name.
    gains : sequence of float, optional
        Microvolts per unit of each channel, where they are known.
    """

    number: int
    channels: NDArray[Any]
    positions: NDArray[Any]
    edges: NDArray[np.int32]
    spikes: Moments
    clusterings: Mapping[str, ClusteringState]
    fractions: NDArray[np.uint8] | None = None
    colors: Mapping[int, int] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gains: Sequence[float] | None = None


@dataclass(frozen=True)
class Experiment:
    """What a `.kwik` holds.

    Attributes
    ----------
    name : str
    sample_rate : float
        Hertz.
    starts : (n_recordings,) int64
        First sample of each recording, on the clock of the experiment.
    raw : sequence of mapping
        Where the raw data of each recording is: attributes such as ``dat_path``.
    metadata : mapping of str to value
        Parameters of the detection, `application_data/spikedetekt`.
    groups : sequence of ChannelGroup
    events : mapping of str to Moments
        By type.
    """

    name: str
    sample_rate: float
    starts: NDArray[Any]
    raw: Sequence[Mapping[str, str]]
    metadata: Mapping[str, Any]
    groups: Sequence[ChannelGroup]
    events: Mapping[str, Moments] = field(default_factory=dict)
    first_recording: int = 0
    """The number in the name of the first recording; spikes count recordings from 0."""


def write_kwik(file: h5py.File, how: Klusta, told: Experiment) -> None:
    """Everything of the `.kwik`: metadata, probe, spikes, clusterings, recordings, events."""
    how.root(file, told.name)
    how.group(file, "application_data/spikedetekt", told.metadata)
    for group in told.groups:
        _write_channel_group(file, how, group, told.starts)
    rate = told.sample_rate
    for r, (start, raw) in enumerate(zip(told.starts.tolist(), told.raw, strict=True)):
        values = {
            "name": f"recording_{r}",
            "sample_rate": float(rate),
            "start_sample": int(start),
            "start_time": float(start / rate),
            **how.recording(),
        }
        path = f"recordings/{told.first_recording + r}"
        how.group(file, path, values)
        how.group(file, f"{path}/raw", raw)
    for name, moments in told.events.items():
        events = how.group(file, f"event_types/{name}/events")
        _write_times(events, how, moments, told.starts)


def _write_times(
    group: h5py.Group, how: Klusta, moments: Moments, starts: NDArray[np.int64]
) -> None:
    """``time_samples``, from the start of its recording, and ``recording`` of every moment."""
    times = how.array(group, "time_samples", moments.samples.shape, np.uint64)
    times[...] = moments.samples.astype(np.int64) - starts[moments.recordings]
    recordings = how.array(group, "recording", moments.samples.shape, how.recording_dtype)
    recordings[...] = moments.recordings


def _write_channel_group(
    file: h5py.File, how: Klusta, told: ChannelGroup, starts: NDArray[np.int64]
) -> None:
    values = {"adjacency_graph": told.edges, "channel_order": told.channels}
    path = f"channel_groups/{told.number}"
    group = how.group(file, path, {**values, **how.channel_group(told.number)})
    for n, (channel, position) in enumerate(
        zip(told.channels.tolist(), told.positions, strict=True)
    ):
        of: dict[str, Any] = {**how.channel(channel), "position": position.astype(np.float32)}
        if told.gains is not None:
            of["voltage_gain"] = float(told.gains[n])
        how.group(group, f"channels/{channel}", of)
    spikes = how.group(group, "spikes")
    _write_times(spikes, how, told.spikes, starts)
    if told.fractions is not None:
        fractions = how.array(spikes, "time_fractional", told.fractions.shape, np.uint8)
        fractions[...] = told.fractions
    how.group(spikes, "clusters")
    for name, state in told.clusterings.items():
        array = how.array(spikes["clusters"], name, state.spike_clusters.shape, how.cluster_dtype)
        array[...] = state.spike_clusters
        parent = how.group(group, f"clusters/{name}", told.settings.get(name, {}))
        for cluster in np.unique(state.spike_clusters).tolist():
            of = {"cluster_group": int(state.cluster_groups.get(cluster, UNSORTED))}
            color = told.colors.get(cluster, cluster % N_COLORS + 1)
            how.cluster(how.group(parent, str(cluster), of), color)
        for number, title in {**GROUP_TITLES, **_own(state)}.items():
            where = how.group(group, f"cluster_groups/{name}/{number}", {"name": title})
            how.cluster_group(where, number)
        if state.labels:
            write_labels(file, told.number, name, state.labels)


def _own(state: ClusteringState) -> dict[int, str]:
    """Names of the groups that the lab has added."""
    return {n: text for n, text in state.group_names.items() if n not in GROUP_TITLES}


def write_features(
    file: h5py.File, how: Klusta, number: int, shape: tuple[int, int], pieces: Features
) -> None:
    """The ``features_masks`` of a channel group.

    Parameters
    ----------
    file : h5py.File
        The `.kwx`.
    how : Klusta
    number : int
        Of the channel group.
    shape : (int, int)
        Spikes, and columns: channels times features of each.
    pieces : iterable
        See `Features`.
    """
    group = how.group(file, f"channel_groups/{number}")
    target = how.array(group, "features_masks", (*shape, 2), np.float32)
    for start, features, masks in pieces:
        block = np.empty((*features.shape, 2), np.float32)
        block[..., 0] = features
        block[..., 1] = np.repeat(masks, features.shape[1] // max(1, masks.shape[1]), axis=1)
        target[start : start + len(block)] = block
