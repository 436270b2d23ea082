"""Unusual files are read, with a warning of what was assumed where anything was."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest

from phygui import KwikModel

from .conftest import GROUP, N_RAW, N_SAMPLES, N_SPIKES, Tiny
from .damage import (
    CLUSTERS,
    MAIN,
    SPIKES,
    TOLD,
    Damage,
    Explodes,
    adding,
    as_link,
    huge,
    low_level,
    moving,
    opened,
    pickled,
    spoil,
    truncated,
    with_values,
    without,
)

WARNED: dict[str, tuple[Damage, str, Callable[[KwikModel], Any]]] = {
    "no version": (
        spoil("/", "kwik_version", None),
        "kwik_version is missing; version 2 is assumed",
        lambda m: m.n_spikes == N_SPIKES,
    ),
    "a channel group with a name": (
        adding("channel_groups/left"),
        "/channel_groups/left is left out",
        lambda m: m.channel_groups == [0],
    ),
    "times are floats": (
        with_values(f"{SPIKES}/time_samples", lambda x: x.astype(float)),
        "time_samples holds float64; its whole numbers are read as uint64",
        lambda m: m.spike_samples.dtype == np.int64,
    ),
    "clusters are floats": (
        with_values(MAIN, lambda x: x.astype(float)),
        "main holds float64; its whole numbers are read as int32",
        lambda m: m.spike_clusters.dtype == np.int32 and m.cluster_ids.tolist() == [2, 3, 5, 9],
    ),
    "another clustering of another length": (
        with_values(f"{SPIKES}/clusters/original", lambda x: x[:-1]),
        "original has 59 values, expected 60, one per spike. The clustering is left out",
        lambda m: m.clusterings == ["main"],
    ),
    "another clustering is a group": (
        low_level(f"{SPIKES}/clusters/original", lambda g, n: g.create_group(n)),
        "original is a group, expected a dataset. The clustering is left out",
        lambda m: m.clusterings == ["main"],
    ),
    "another clustering is an external link": (
        as_link(f"{SPIKES}/clusters/original", h5py.ExternalLink("other.h5", "/x")),
        "external link, .* The clustering is left out",
        lambda m: m.clusterings == ["main"],
    ),
    "a cluster without its group": (
        spoil(f"{CLUSTERS}/2", "cluster_group", None),
        r"cluster_group of clusters 2 \(missing\) is not a cluster group; Unsorted is assumed",
        lambda m: m.cluster_groups == {2: 3, 3: 1, 5: 3, 9: 0},
    ),
    "an unknown group's name": (
        spoil(f"{CLUSTERS}/2", "cluster_group", "splendid"),
        r"clusters 2 \('splendid'\)",
        lambda m: m.cluster_groups[2] == 3,
    ),
    "a negative group": (
        spoil(f"{CLUSTERS}/2", "cluster_group", -1),
        r"clusters 2 \(-1\)",
        lambda m: m.cluster_groups[2] == 3,
    ),
    "a NaN group": (
        spoil(f"{CLUSTERS}/2", "cluster_group", np.nan),
        r"clusters 2 \(nan\)",
        lambda m: m.cluster_groups[2] == 3,
    ),
    "a pickled group": (
        spoil(f"{CLUSTERS}/2", "cluster_group", pickled(Explodes(), 0)),
        r"clusters 2 \(UNREADABLE\)",
        lambda m: m.cluster_groups[2] == 3,
    ),
    "a group with no name": (
        spoil(f"{CLUSTERS}/2", "cluster_group", 6),
        "in group 6, which has no name; 'Group 6' is assumed",
        lambda m: m.cluster_groups[2] == 6 and m.cluster_group_names[6] == "Group 6",
    ),
    "a custom group without its name": (
        adding(f"{GROUP}/cluster_groups/main/5"),
        "cluster_groups/main/5/@name is missing; 'Group 5' is assumed",
        lambda m: m.cluster_group_names[5] == "Group 5",
    ),
    "no channel order": (
        spoil(GROUP, "channel_order", None),
        "channel_order is missing or unreadable; .* ascending order are assumed",
        lambda m: m.channel_order.tolist() == [0, 1, 3, 4],
    ),
    "a pickled channel order": (
        spoil(GROUP, "channel_order", pickled([4, 1, 0, 3], 0)),
        "channel_order is missing or unreadable",
        lambda m: m.channel_order.tolist() == [0, 1, 3, 4],
    ),
    "a channel that is not listed": (
        spoil(GROUP, "channel_order", np.array([4, 1, 2, 3])),
        r"names channels \[2\] that .*/channels does not list",
        lambda m: m.channel_order.tolist() == [4, 1, 2, 3],
    ),
    "a channel that was not recorded": (
        spoil(GROUP, "channel_order", np.array([4, 1, 99, 3])),
        "names channel 99, but the raw data has 6 channels; waveforms are left out",
        lambda m: m.waveforms is None and m.traces.shape == (N_SAMPLES, N_RAW),
    ),
    "a channel without a position": (
        spoil(f"{GROUP}/channels/1", "position", None),
        r"channels \[1\] of .* have no usable position",
        lambda m: np.isfinite(m.channel_positions).all() and m.positions_assumed,
    ),
    "a NaN position": (
        spoil(f"{GROUP}/channels/1", "position", np.array([np.nan, 3])),
        r"channels \[1\] of .* have no usable position",
        lambda m: np.isfinite(m.channel_positions).all(),
    ),
    "a pickled position": (
        spoil(f"{GROUP}/channels/1", "position", pickled(None, 0)),
        r"channels \[1\] of .* have no usable position",
        lambda m: np.isfinite(m.channel_positions).all(),
    ),
    "a position of three lists": (
        spoil(f"{GROUP}/channels/1", "position", np.zeros((3, 2))),
        r"channels \[1\] of .* have no usable position",
        lambda m: m.channel_positions[0].tolist() == [4, 40],
    ),
    "no positions at all": (
        without(f"{GROUP}/channels"),
        "all channels of .* have no usable position",
        lambda m: (
            np.ptp(m.channel_positions[:, 0]) == 0 and len(set(m.channel_positions[:, 1])) == 4
        ),
    ),
    # metadata
    "no metadata": (
        without("application_data"),
        "spikedetekt is missing; the documented defaults are assumed",
        lambda m: m.sample_rate == 20000 and m.n_samples_waveforms == 32 and m.filter.high == 9500,
    ),
    "a negative sample rate": (
        spoil(TOLD, "sample_rate", -1.0),
        r"sample_rate is -1\.0, expected 1 to 1e9 hertz; 20000 is assumed",
        lambda m: m.sample_rate == 20000,
    ),
    "a NaN sample rate": (
        spoil(TOLD, "sample_rate", np.nan),
        "sample_rate is nan, expected 1 to 1e9 hertz; 20000 is assumed",
        lambda m: m.sample_rate == 20000,
    ),
    "a sample rate in words": (
        spoil(TOLD, "sample_rate", "fast"),
        "sample_rate is 'fast'",
        lambda m: m.sample_rate == 20000,
    ),
    "two sample rates": (
        spoil("recordings/0", "sample_rate", 30000.0),
        "the recordings say 30000 Hz and .* says 20000 Hz; 20000 Hz is used",
        lambda m: m.sample_rate == 20000,
    ),
    "two numbers of channels": (
        spoil(TOLD, "nchannels", 7),
        "says both n_channels = 6 and nchannels = 7; the first is used",
        lambda m: m.traces.shape[1] == 6,
    ),
    "no channels recorded": (
        spoil(TOLD, "n_channels", 0),
        "n_channels is 0, expected a number of channels",
        lambda m: m.traces is None and "traces" in m.missing,
    ),
    "n_features is missing and not 3": (
        lambda t: (
            t.set(TOLD, "n_features_per_channel", None),
            with_values(f"{GROUP}/features_masks", lambda x: x[:, :8], "kwx")(t),
        ),
        "2 are assumed, from the 8 columns",
        lambda m: m.n_features_per_channel == 2 and m.features.shape == (N_SPIKES, 8),
    ),
    "negative waveforms": (
        spoil(TOLD, "extract_s_before", -10),
        "extract_s_before is -10, expected a number of samples",
        lambda m: m.n_samples_waveforms == 28,
    ),
    "the filter's edges are crossed": (
        spoil(TOLD, "filter_high_factor", 0.01),
        r"_factor is 0\.01, expected one of 500 to less than 10000 Hz; 9500 Hz is assumed",
        lambda m: m.filter.high == 9500,
    ),
    "the filter's upper edge is no number": (
        spoil(TOLD, "filter_high_factor", "half"),
        "filter_high_factor is 'half', expected one of 500 to less than 10000 Hz",
        lambda m: m.filter.high == 9500,
    ),
    "the filter's lower edge is above the upper": (
        lambda t: (t.set(TOLD, "filter_low", 9900.0), t.set(TOLD, "filter_high_factor", None)),
        "filter_low is 9900 Hz, above the upper one of 9500 Hz; 4750 Hz is assumed",
        lambda m: (m.filter.low, m.filter.high) == (4750, 9500),
    ),
    "waveforms of a million samples": (
        spoil(TOLD, "extract_s_after", 1_000_000),
        "extract_s_after is 1000000, expected a number of samples up to 2000",
        lambda m: m.n_samples_waveforms == 26,
    ),
    "the filter's edge is above Nyquist": (
        spoil(TOLD, "filter_low", 1e6),
        "filter_low is 1000000.0, expected a frequency from 0.2 to 10000 Hz; 500 is assumed",
        lambda m: m.filter.low == 500,
    ),
    "the filter's order is absurd": (
        spoil(TOLD, "filter_butter_order", 4000),
        "filter_butter_order is 4000, expected an order from 1 to 20; 3 is assumed",
        lambda m: m.filter.order == 3,
    ),
    "the gain is NaN": (
        spoil(TOLD, "voltage_gain", np.nan),
        "voltage_gain is nan, expected microvolts per unit",
        lambda m: m.voltage_gain == 1,
    ),
    "raw data of objects": (
        spoil(TOLD, "dtype", "object"),
        "dtype is 'object', expected an integer or float type",
        lambda m: m.traces.dtype == np.int16,
    ),
    "raw data of code": (
        spoil(TOLD, "dtype", "__import__('os').system('true')"),
        "dtype is .* int16 is assumed",
        lambda m: m.traces.dtype == np.int16,
    ),
    "raw data of 12 bits": (
        lambda t: (t.set(TOLD, "dtype", None), t.set(TOLD, "nbits", 12)),
        "nbits is 12, expected 8, 16, 32 or 64; 16 is assumed",
        lambda m: m.traces.dtype == np.int16,
    ),
    "a pickle, protocol 0": (
        spoil(TOLD, "raw_data_files", pickled([Explodes()], 0)),
        "the attributes raw_data_files of .* are pickled",
        lambda m: "raw_data_files" not in m.metadata,
    ),
    "a pickle, protocol 2": (
        spoil(TOLD, "raw_data_files", np.void(bytes(pickled(Explodes(), 2)))),
        "the attributes raw_data_files of .* are pickled",
        lambda m: "raw_data_files" not in m.metadata,
    ),
    "a pickled recording": (
        spoil("recordings/0", "band_high", pickled(None, 0)),
        "/recordings/0/@band_high are pickled",
        lambda m: "band_high" not in m.recordings[0],
    ),
    # features
    "half a .kwx": (
        truncated("kwx", 0.5),
        r"tiny\.kwx is truncated: .* Features and masks are left out",
        lambda m: m.features is None and "kwx is truncated" in m.missing["features"],
    ),
    "the last byte of the .kwx": (
        lambda t: os.truncate(t.kwx, t.kwx.stat().st_size - 1),
        "truncated",
        lambda m: m.masks is None,
    ),
    "the .kwx is text": (
        lambda t: t.kwx.write_text("hello"),
        "not an HDF5 file, .* Features and masks are left out",
        lambda m: m.features_masks is None,
    ),
    "the .kwx is empty": (
        lambda t: t.kwx.write_bytes(b""),
        "is empty",
        lambda m: not m.has_kwx(),
    ),
    "the .kwx is a folder": (
        lambda t: (t.kwx.unlink(), t.kwx.mkdir()),
        "is a folder",
        lambda m: not m.has_kwx(),
    ),
    "the .kwx is of another dataset": (
        with_values(f"{GROUP}/features_masks", lambda x: x[:-1], "kwx"),
        "features_masks has 59 rows, expected 60, one per spike",
        lambda m: m.features is None,
    ),
    "the .kwx has no such channel group": (
        lambda t: t.replace(f"{GROUP}/features_masks", None, t.kwx),
        "features_masks is missing",
        lambda m: m.features is None,
    ),
    "too few columns": (
        with_values(f"{GROUP}/features_masks", lambda x: x[:, :11], "kwx"),
        "has 11 columns, expected at least 12 .3 features of 4 channels",
        lambda m: m.features is None,
    ),
    "features in words": (
        with_values(f"{GROUP}/features_masks", lambda x: x.astype("S"), "kwx"),
        "expected numbers",
        lambda m: m.features is None,
    ),
    "features of rank 4": (
        with_values(f"{GROUP}/features_masks", lambda x: x[..., None], "kwx"),
        "expected 3 dimensions",
        lambda m: m.features is None,
    ),
    "five planes": (
        with_values(f"{GROUP}/features_masks", lambda x: np.repeat(x, 3, axis=2)[..., :5], "kwx"),
        r"has shape \(60, 12, 5\), expected \(spikes, columns, 2\)",
        lambda m: m.features is None,
    ),
    "absurdly many features": (
        lambda t: (
            t.replace(f"{GROUP}/features_masks", None, t.kwx),
            huge((2**60, 12, 2), "f4", chunks=(64, 12, 2))(
                h5py.File(t.kwx, "r+")[GROUP], b"features_masks"
            ),
        ),
        "rows, expected at most",
        lambda m: m.features is None,
    ),
    # raw data
    "a .dat that is no multiple of its channels": (
        lambda t: t.dat.write_bytes(t.dat.read_bytes()[:-5]),
        "not a multiple of 6 channels of int16; its last 7 bytes are left out",
        lambda m: m.traces.shape == (N_SAMPLES - 1, N_RAW),
    ),
    "an empty .dat": (
        lambda t: t.dat.write_bytes(b""),
        "is empty .* Raw data is left out",
        lambda m: m.traces is None and "is empty" in m.missing["traces"],
    ),
    "a .dat shorter than a sample": (
        lambda t: t.dat.write_bytes(b"12345"),
        "expected at least one sample of 6 channels",
        lambda m: m.traces is None,
    ),
    "the number of channels is not told": (
        spoil(TOLD, "n_channels", None),
        "the metadata does not say how many channels it has",
        lambda m: m.traces is None,
    ),
    # events
    "events that are negative": (
        lambda t: t.replace("event_types/stim/events/time_samples", np.array([-5, 3])),
        "is negative .* The event type is left out",
        lambda m: m.events == {},
    ),
    "events of recordings that are not there": (
        lambda t: (
            t.replace("event_types/stim/events/time_samples", np.array([5, 9])),
            t.replace("event_types/stim/events/recording", np.array([0, 4])),
        ),
        "recording goes from 0 to 4, expected 0 to 0",
        lambda m: m.events == {},
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_read_with_a_warning(name: str, tiny: Tiny) -> None:
    damage, message, holds = WARNED[name]
    before = KwikModel(tiny.kwik)
    expected = (before.spike_samples, before.spike_clusters)
    damage(tiny)
    model, text = opened(tiny)
    assert re.search(message, text), text
    assert holds(model)
    assert all(str(tiny.folder) in text and text.endswith(".") for text in model.warnings)
    np.testing.assert_array_equal(model.spike_samples, expected[0])
    np.testing.assert_array_equal(model.spike_clusters, expected[1])
    assert model.describe()


QUIET: dict[str, tuple[Damage, Callable[[KwikModel], Any]]] = {
    "a valid file": (lambda t: None, lambda m: m.cluster_groups == {2: 2, 3: 1, 5: 3, 9: 0}),
    "clusters without groups": (
        without(CLUSTERS),
        lambda m: m.cluster_groups == dict.fromkeys((2, 3, 5, 9), 3),
    ),
    "one cluster without its group": (
        without(f"{CLUSTERS}/9"),
        lambda m: m.cluster_groups == {2: 2, 3: 1, 5: 3, 9: 3},
    ),
    "groups without clusters": (
        adding(f"{CLUSTERS}/700"),
        lambda m: 700 not in m.cluster_ids and m.largest_cluster_id == 700,
    ),
    "members that are no numbers": (
        adding(f"{CLUSTERS}/notes"),
        lambda m: m.cluster_ids.tolist() == [2, 3, 5, 9],
    ),
    "groups by name": (
        spoil(f"{CLUSTERS}/3", "cluster_group", "Good"),
        lambda m: m.cluster_groups[3] == 2,
    ),
    "groups by name, as the repr of bytes": (
        spoil(f"{CLUSTERS}/3", "cluster_group", "b'noise'"),
        lambda m: m.cluster_groups[3] == 0,
    ),
    "groups in an array of one": (
        spoil(f"{CLUSTERS}/3", "cluster_group", np.array([2])),
        lambda m: m.cluster_groups[3] == 2,
    ),
    "no recordings at all": (
        lambda t: (without("recordings")(t), without(f"{SPIKES}/recording")(t)),
        lambda m: m.n_recordings == 1 and m.has_traces(),
    ),
    "no .kwx": (lambda t: t.kwx.unlink(), lambda m: m.missing == {"features": "tiny.kwx"}),
    "no .dat": (lambda t: t.dat.unlink(), lambda m: m.missing == {"traces": "tiny.dat"}),
    "no masks": (
        with_values(f"{GROUP}/features_masks", lambda x: x[..., 0], "kwx"),
        lambda m: (m.masks[:] == 1).all() and m.features_masks.shape == (N_SPIKES, 12, 2),
    ),
    "columns of time at the end": (
        with_values(
            f"{GROUP}/features_masks", lambda x: np.pad(x, ((0, 0), (0, 1), (0, 0))), "kwx"
        ),
        lambda m: m.features.shape == (N_SPIKES, 12),
    ),
    "a soft link within the file": (
        lambda t: (moving(MAIN, "moved")(t), as_link(MAIN, h5py.SoftLink("/moved"))(t)),
        lambda m: m.cluster_ids.tolist() == [2, 3, 5, 9],
    ),
    "unknown objects": (
        lambda t: (t.replace("unknown/x", np.arange(3)), t.set("unknown", "y", pickled({}, 0))),
        lambda m: m.n_spikes == N_SPIKES,
    ),
    "text that ends with a full stop": (
        spoil(TOLD, "prb_file", "made by N. N."),
        lambda m: m.metadata["prb_file"] == "made by N. N.",
    ),
    "no spikes, but all that belongs to them": (
        lambda t: [
            with_values(name, lambda x: x[:0], path)(t)
            for name, path in (
                (f"{SPIKES}/time_samples", "kwik"),
                (f"{SPIKES}/recording", "kwik"),
                (MAIN, "kwik"),
                (f"{SPIKES}/clusters/original", "kwik"),
                (f"{GROUP}/features_masks", "kwx"),
            )
        ],
        lambda m: (m.n_spikes, m.n_clusters, m.features[:].shape) == (0, 0, (0, 12)),
    ),
}


@pytest.mark.parametrize("name", QUIET)
def test_unusual_but_right(name: str, tiny: Tiny) -> None:
    damage, holds = QUIET[name]
    damage(tiny)
    model = KwikModel(tiny.kwik)
    assert holds(model)
    assert model.warnings == []
    assert model.describe()
