"""Small datasets with spikes that are known, as programs in the field write them; h5py only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

RATE = 20_000.0
ORDER = (0, 1, 2, 3)
GROUP_NAMES = ("Noise", "MUA", "Good", "Unsorted")
TROUGH = -200
"""Above this, a filtered waveform holds no spike of :func:`raw_data`."""


def raw_data(
    n_samples: int, times: ArrayLike, channels: ArrayLike, n_channels: int = 4, seed: int = 0
) -> NDArray[np.int16]:
    """Noise with a negative spike at each time: (n_samples, n_channels) int16.

    Parameters
    ----------
    n_samples : int
    times, channels : array of int (n_spikes,)
        Where each spike's trough is, in samples and in columns.
    """
    rng = np.random.default_rng(seed)
    data = rng.normal(0, 8, (n_samples, n_channels))
    lags = np.arange(-12, 13)
    shape = -400 * np.exp(-0.5 * (lags / 3) ** 2)
    for time, channel in zip(np.asarray(times), np.asarray(channels), strict=True):
        inside = (time + lags >= 0) & (time + lags < n_samples)
        data[(time + lags)[inside], channel] += shape[inside]
    return np.round(data).astype(np.int16)


def write_kwik(
    path: Path,
    times: ArrayLike | None,
    recordings: ArrayLike | None,
    clusters: ArrayLike,
    raw: Mapping[int, Mapping[str, Any]],
    *,
    order: Sequence[int] = ORDER,
    n_channels: int = 4,
    metadata: Mapping[str, Any] | None = None,
    creator: str | None = None,
    channel_group: int = 0,
    clusterings: Sequence[str] = ("main", "original"),
    with_features: bool = True,
) -> Path:
    """Write ``NAME.kwik`` and ``NAME.kwx`` as klusta 3 does; once more adds a channel group.

    Parameters
    ----------
    path : Path
    times, recordings, clusters : array of int (n_spikes,)
        What the file says of each spike; without times there is no ``spikes`` group, without
        recordings no ``spikes/recording``.
    raw : mapping
        Attributes of each recording by its number; those that end in ``_path`` are written to
        ``raw``.
    order : sequence of int
        The channels of the channel group.
    metadata : mapping, optional
        Detection parameters beyond the usual ones, or instead of them; None leaves one out.
    creator : str, optional
        ``creator_version``, such as ``klusta 3.0.16``.
    """
    told: dict[str, Any] = {
        "sample_rate": RATE,
        "n_channels": n_channels,
        "dtype": "int16",
        "voltage_gain": 1.0,
        "n_features_per_channel": 3,
        "extract_s_before": 16,
        "extract_s_after": 16,
        "filter_low": 500.0,
        "filter_high_factor": 0.475,
        "filter_butter_order": 3,
        **(metadata or {}),
    }
    with h5py.File(path, "a") as file:
        file.attrs["kwik_version"] = 2
        file.attrs["name"] = path.stem
        if creator is not None:
            file.attrs["creator_version"] = creator
        parameters = file.require_group("application_data/spikedetekt").attrs
        for name, value in told.items():
            if value is not None:
                parameters[name] = value
        for number, attributes in raw.items():
            recording = file.require_group(f"recordings/{number}")
            for name, value in {"sample_rate": RATE, **attributes}.items():
                of_raw = name.endswith("_path")
                (recording.require_group("raw") if of_raw else recording).attrs[name] = value
        group = file.create_group(f"channel_groups/{channel_group}")
        group.attrs["channel_order"] = np.asarray(order, np.int32)
        graph = [(a, b) for a in order for b in order if a < b]
        group.attrs["adjacency_graph"] = np.array(graph, np.int32).reshape(-1, 2)
        for k, channel in enumerate(order):
            of_channel = group.create_group(f"channels/{channel}").attrs
            of_channel["name"] = str(channel)
            of_channel["position"] = np.array([0, 20 * k], np.float32)
        if times is None:
            return path
        spikes = group.create_group("spikes")
        spikes["time_samples"] = np.asarray(times, np.uint64)
        if recordings is not None:
            spikes["recording"] = np.asarray(recordings, np.int32)
        for name in clusterings:
            spikes[f"clusters/{name}"] = np.asarray(clusters, np.int32)
            for cluster in np.unique(clusters):
                group.create_group(f"clusters/{name}/{cluster}").attrs["cluster_group"] = 3
            for number, text in enumerate(GROUP_NAMES):
                group.create_group(f"cluster_groups/{name}/{number}").attrs["name"] = text
    if with_features:
        rng = np.random.default_rng(channel_group)
        block = np.ones((np.size(times), 3 * len(order), 2), np.float32)
        block[..., 0] = rng.normal(0, 100, block.shape[:2]) + 50 * np.asarray(clusters)[:, None]
        with h5py.File(path.with_suffix(".kwx"), "a") as file:
            file.create_dataset(f"channel_groups/{channel_group}/features_masks", data=block)
    return path


def depths(model: Any, channels: ArrayLike) -> NDArray[np.float32]:
    """How deep the waveform of each spike is at its time, on a channel of each: (n_spikes,)."""
    waveforms = model.waveforms[:]
    places = [model.channel_order.tolist().index(c) for c in np.asarray(channels).tolist()]
    middle = model.n_samples_before
    near = waveforms[:, middle - 2 : middle + 3].min(axis=1)
    return near[np.arange(len(places)), places]
