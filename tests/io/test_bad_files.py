"""Damaged and hostile files: each is read with a warning of what was assumed, or refused.

Every case names the file and the place in it, what was found and what was expected; what is read
all the same is compared with what it should be.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.io import hdf5
from phygui.io.errors import KwikError, KwikWarning

from .conftest import GROUP, N_FEATURES, N_RAW, N_SAMPLES, N_SPIKES, Tiny

SPIKES = f"{GROUP}/spikes"
MAIN = f"{SPIKES}/clusters/main"
CLUSTERS = f"{GROUP}/clusters/main"
TOLD = "application_data/spikedetekt"

Damage = Callable[[Tiny], object]


def opened(tiny: Tiny) -> tuple[KwikModel, str]:
    """The model, and all it warned about."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = KwikModel(tiny.kwik)
    texts = [str(w.message) for w in caught if issubclass(w.category, KwikWarning)]
    assert texts == model.warnings
    return model, "\n".join(texts)


def with_values(name: str, change: Callable[[np.ndarray], Any], path: str = "kwik") -> Damage:
    """Replace a dataset by a function of its values."""

    def damage(tiny: Tiny) -> None:
        file = getattr(tiny, path)
        with h5py.File(file) as h5:
            values = h5[name][...]
        tiny.replace(name, change(values), file)

    return damage


def with_item(name: str, index: int, value: Any) -> Damage:
    """Change one value of a dataset of integers."""

    def change(values: np.ndarray) -> np.ndarray:
        values = values.astype(np.int64)
        values[index] = value
        return values

    return with_values(name, change)


def without(name: str) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            del file[name]

    return damage


def adding(name: str) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            file.create_group(name)

    return damage


def moving(old: str, new: str) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            file.move(old, new)

    return damage


def as_link(name: str, link: Any) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            if name in file:
                del file[name]
            file[name] = link

    return damage


def truncated(path: str, part: float) -> Damage:
    def damage(tiny: Tiny) -> None:
        file = getattr(tiny, path)
        os.truncate(file, int(file.stat().st_size * part))

    return damage


def low_level(name: str, make: Callable[[h5py.Group, bytes], Any]) -> Damage:
    def damage(tiny: Tiny) -> None:
        with tiny.edit() as file:
            parent, _, last = name.rpartition("/")
            del file[name]
            make(file[parent], last.encode())

    return damage


def huge(shape: tuple[int, ...], dtype: Any, **options: Any) -> Callable[[h5py.Group, bytes], Any]:
    """A dataset of an absurd size of which nothing was ever written."""

    def make(parent: h5py.Group, name: bytes) -> None:
        parent.create_dataset(name.decode(), shape, dtype, **options)

    return make


def virtual(parent: h5py.Group, name: bytes) -> None:
    layout = h5py.VirtualLayout((N_SPIKES,), "u8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (N_SPIKES,), "u8")
    parent.create_virtual_dataset(name.decode(), layout)


def stored_outside(parent: h5py.Group, name: bytes) -> None:
    parent.create_dataset(name.decode(), (N_SPIKES,), "u8", external="/etc/passwd")


def huge_attribute(tiny: Tiny) -> None:
    """An attribute whose stated length is 10 GB, in a file of some kilobytes."""
    tiny.set(TOLD, "prb_file", np.zeros(23_456, dtype=np.int8))
    content = tiny.kwik.read_bytes()
    before, after = ((n).to_bytes(8, "little") for n in (23_456, 10 * 2**30))
    assert content.count(before) >= 1
    tiny.kwik.write_bytes(content.replace(before, after))


def named_type(parent: h5py.Group, name: bytes) -> None:
    parent[name.decode()] = np.dtype("f8")


REFUSED: dict[str, tuple[Damage, str]] = {
    # the file itself
    "missing file": (lambda t: t.kwik.unlink(), r"tiny\.kwik does not exist"),
    "a folder": (
        lambda t: (t.kwik.unlink(), t.kwik.mkdir()),
        r"is a folder, not a file",
    ),
    "a fifo": (lambda t: (t.kwik.unlink(), os.mkfifo(t.kwik)), "is not a regular file"),
    "empty file": (lambda t: t.kwik.write_bytes(b""), r"is empty \(0 bytes\)"),
    "text file": (lambda t: t.kwik.write_text("# Kwik\n"), "not an HDF5 file"),
    "half a file": (truncated("kwik", 0.5), "truncated"),
    "last byte gone": (lambda t: os.truncate(t.kwik, t.kwik.stat().st_size - 1), "truncated"),
    "zeros": (lambda t: t.kwik.write_bytes(bytes(9000)), "not an HDF5 file"),
    # the layout
    "not a Kwik file": (without("channel_groups"), "/channel_groups is missing"),
    "version 1": (lambda t: t.set("/", "kwik_version", 1), "kwik_version is 1, expected 2"),
    "version 3": (lambda t: t.set("/", "kwik_version", 3), "kwik_version is 3, expected 2"),
    "version in words": (lambda t: t.set("/", "kwik_version", "two"), "'two', expected 2"),
    "channel groups are a dataset": (
        lambda t: t.replace("channel_groups", [1, 2]),
        "/channel_groups is a dataset, expected a group",
    ),
    "no channel group": (without(GROUP), "channel_groups is missing or empty"),
    "no spikes": (without(SPIKES), "spikes/time_samples is missing"),
    "spikes are a dataset": (lambda t: t.replace(SPIKES, [1]), "time_samples is missing"),
    # times
    "no times": (without(f"{SPIKES}/time_samples"), "spikes/time_samples is missing"),
    "times are a group": (
        low_level(f"{SPIKES}/time_samples", lambda g, n: g.create_group(n)),
        "time_samples is a group, expected a dataset",
    ),
    "times are a type": (
        low_level(f"{SPIKES}/time_samples", named_type),
        "time_samples is a named type, expected a dataset",
    ),
    "times of rank 2": (
        with_values(f"{SPIKES}/time_samples", lambda x: x[:, None]),
        r"time_samples has shape \(60, 1\), expected 1 dimension",
    ),
    "a single time": (
        with_values(f"{SPIKES}/time_samples", lambda x: x[0]),
        r"time_samples has shape \(\), expected 1 dimension",
    ),
    "times in words": (
        with_values(f"{SPIKES}/time_samples", lambda x: x.astype("S")),
        "time_samples holds .*S.*, expected numbers",
    ),
    "complex times": (
        with_values(f"{SPIKES}/time_samples", lambda x: x.astype(complex)),
        "time_samples holds complex128, expected numbers",
    ),
    "times with a fraction": (
        with_values(f"{SPIKES}/time_samples", lambda x: x + 0.5),
        "at index 0, expected whole samples",
    ),
    "NaN times": (
        with_values(f"{SPIKES}/time_samples", lambda x: np.where(x == x[7], np.nan, x)),
        "holds nan at index 7, expected whole samples",
    ),
    "negative time": (
        with_values(f"{SPIKES}/time_samples", lambda x: x.astype(np.int64) - 1000),
        "time_samples is negative .* at index 0",
    ),
    "decreasing times": (
        with_values(f"{SPIKES}/time_samples", lambda x: np.r_[x[:20], x[20:40][::-1], x[40:]]),
        "time_samples decreases at spike 21",
    ),
    "absurd time": (
        with_item(f"{SPIKES}/time_samples", -1, 2**60),
        r"reaches 1152921504606846976 samples, expected less than 2\*\*53",
    ),
    "times never written": (
        low_level(f"{SPIKES}/time_samples", huge((N_SPIKES,), "u8")),
        "should hold 480 bytes, but only 0 are in the file",
    ),
    "2**60 times": (
        low_level(f"{SPIKES}/time_samples", huge((2**60,), "u1", chunks=(1024,))),
        "has 1152921504606846976 rows, expected at most",
    ),
    "2**60 times, compressed": (
        low_level(f"{SPIKES}/time_samples", huge((2**60,), "u8", chunks=(64,), compression=9)),
        "has 1152921504606846976 rows, expected at most",
    ),
    "a billion compressed times": (
        low_level(f"{SPIKES}/time_samples", huge((10**9,), "u8", chunks=(10**6,), compression=9)),
        "should hold 8000000000 bytes, but only 0 are in the file",
    ),
    "virtual times": (
        low_level(f"{SPIKES}/time_samples", virtual),
        "time_samples is a virtual dataset, which is not followed",
    ),
    "times stored outside": (
        low_level(f"{SPIKES}/time_samples", stored_outside),
        "time_samples keeps its data in another file",
    ),
    "external link to times": (
        as_link(f"{SPIKES}/time_samples", h5py.ExternalLink("/etc/passwd", "/x")),
        "time_samples is an HDF5 external link, which is not followed",
    ),
    "soft link to an external link": (
        lambda t: (
            as_link("elsewhere", h5py.ExternalLink("other.h5", "/x"))(t),
            as_link(f"{SPIKES}/time_samples", h5py.SoftLink("/elsewhere"))(t),
        ),
        "is an HDF5 external link, which is not followed",
    ),
    "soft link to itself": (
        as_link(f"{SPIKES}/time_samples", h5py.SoftLink(f"/{SPIKES}/time_samples")),
        "soft link that leads to itself",
    ),
    "dangling soft link": (
        as_link(f"{SPIKES}/time_samples", h5py.SoftLink("/nowhere")),
        "time_samples is missing",
    ),
    # recordings
    "recordings of another length": (
        with_values(f"{SPIKES}/recording", lambda x: x[:-1]),
        "recording has 59 values, expected 60",
    ),
    "negative recording": (
        with_item(f"{SPIKES}/recording", 3, -1),
        r"recording is negative \(-1\)",
    ),
    "recording that is not there": (
        with_item(f"{SPIKES}/recording", 3, 7),
        "recording reaches 7, expected less than 1",
    ),
    "recordings are floats": (
        with_values(f"{SPIKES}/recording", lambda x: x.astype(float)),
        "recording holds float64, expected integers",
    ),
    "two recordings, which is whose?": (
        lambda t: (
            adding("recordings/1")(t),
            without(f"{SPIKES}/recording")(t),
        ),
        "recording is missing, expected the recording of each spike",
    ),
    # clusterings
    "no clusterings": (without(f"{SPIKES}/clusters"), "spikes/clusters is missing"),
    "clusterings are empty": (
        lambda t: (without(MAIN)(t), without(f"{SPIKES}/clusters/original")(t)),
        "holds no clustering",
    ),
    "main of another length": (
        with_values(MAIN, lambda x: x[:-3]),
        "main has 57 values, expected 60",
    ),
    "main of rank 2": (with_values(MAIN, lambda x: x[None]), r"main has shape \(1, 60\)"),
    "main is a group": (
        low_level(MAIN, lambda g, n: g.create_group(n)),
        "main is a group, expected a dataset",
    ),
    "main has fractions": (
        with_values(MAIN, lambda x: x + 0.25),
        "main holds float64, expected whole numbers",
    ),
    "main is in words": (with_values(MAIN, lambda x: x.astype("S")), "expected numbers"),
    "main is compound": (
        with_values(MAIN, lambda x: np.zeros(N_SPIKES, dtype=[("a", "i4"), ("b", "f4")])),
        "expected numbers",
    ),
    "negative cluster": (with_item(MAIN, 5, -2), "main holds -2 at spike 5"),
    "absurd cluster": (with_item(MAIN, 5, 2**40), r"main holds 1099511627776, .* below 2\*\*31"),
    "external link to main": (
        as_link(MAIN, h5py.ExternalLink("other.h5", "/x")),
        "main is an HDF5 external link",
    ),
    "clusters are external": (
        as_link(CLUSTERS, h5py.ExternalLink("other.h5", "/x")),
        "external link",
    ),
    # channels
    "no channels": (
        lambda t: (t.set(GROUP, "channel_order", None), without(f"{GROUP}/channels")(t)),
        "channel_order is missing, and .* lists no channel",
    ),
    "a channel twice": (
        lambda t: t.set(GROUP, "channel_order", np.array([0, 1, 1, 3])),
        r"channel_order is \[0, 1, 1, 3\], expected channel numbers from 0 up, each once",
    ),
    "negative channel": (
        lambda t: t.set(GROUP, "channel_order", np.array([0, -1, 1, 3])),
        r"channel_order is \[0, -1, 1, 3\]",
    ),
    "channels are floats": (
        lambda t: t.set(GROUP, "channel_order", np.array([0.0, 1.5])),
        "channel_order has shape .* and type float64",
    ),
    # metadata
    "no sample rate": (
        lambda t: (t.set(TOLD, "sample_rate", None), t.set("recordings/0", "sample_rate", None)),
        "sample_rate is missing, and no recording says its own",
    ),
    "10 GB attribute": (huge_attribute, "10737418240 bytes, expected at most|is damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(name: str, tiny: Tiny) -> None:
    damage, message = REFUSED[name]
    damage(tiny)
    with pytest.raises(KwikError, match=message) as caught:
        KwikModel(tiny.kwik)
    text = str(caught.value)
    assert str(tiny.folder) in text, "the sentence names the file"
    assert "\n" not in text
    assert text.endswith(".")


def spoil(place: str, name: str, value: Any) -> Damage:
    return lambda tiny: tiny.set(place, name, value)


class Explodes:
    """Unpickling it would say so in a file."""

    def __reduce__(self) -> Any:
        return (os.system, ("touch /tmp/phygui-was-here",))


def pickled(value: Any, protocol: int) -> np.bytes_:
    """As PyTables stores what is no number, text or array."""
    return np.bytes_(pickle.dumps(value, protocol=protocol))


def samples(model: KwikModel) -> bool:
    return model.n_samples_waveforms == 22


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
        lambda m: m.spike_samples.dtype == np.uint64,
    ),
    "clusters are floats": (
        with_values(MAIN, lambda x: x.astype(float)),
        "main holds float64; its whole numbers are read as int32",
        lambda m: m.spike_clusters.dtype == np.int32 and m.cluster_ids.tolist() == [2, 3, 5, 9],
    ),
    "another clustering of another length": (
        with_values(f"{SPIKES}/clusters/original", lambda x: x[:-1]),
        "original has 59 values, expected 60, one a spike. The clustering is left out",
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
        r"cluster_group of clusters 2 \(missing\) is no cluster group; Unsorted is assumed",
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
        "the recordings say 30000 Hz and .* says 20000 Hz; the latter is taken",
        lambda m: m.sample_rate == 20000,
    ),
    "two numbers of channels": (
        spoil(TOLD, "nchannels", 7),
        "says both n_channels = 6 and nchannels = 7; the first is taken",
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
        r"_factor gives 200\.0 Hz, expected 500 to less than 10000 Hz; 9500 Hz is assumed",
        lambda m: m.filter.high == 9500,
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
        spoil(TOLD, "raw_data_files", np.void(pickle.dumps(Explodes(), protocol=2))),
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
        lambda m: m.features is None and m.missing == {"features": "tiny.kwx"},
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
        "features_masks has 59 rows, expected 60, one a spike",
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
        "no multiple of 6 channels of int16; its last 7 bytes are left out",
        lambda m: m.traces.shape == (N_SAMPLES - 1, N_RAW),
    ),
    "an empty .dat": (
        lambda t: t.dat.write_bytes(b""),
        "is empty .* Raw data is left out",
        lambda m: m.traces is None and m.missing == {"traces": "tiny.dat"},
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


def test_a_pickle_is_never_opened(tiny: Tiny) -> None:
    witness = Path("/tmp/phygui-was-here")
    witness.unlink(missing_ok=True)
    for place in ("/", TOLD, GROUP, "recordings/0", f"{CLUSTERS}/2", f"{GROUP}/channels/1"):
        tiny.set(place, "note", pickled(Explodes(), 0))
    model, text = opened(tiny)
    _ = model.cluster_metadata, model.clustering_metadata, model.metadata
    assert "pickled" in text
    assert not witness.exists()


def test_nan_features_are_given_and_said_once(tiny: Tiny) -> None:
    with_values(
        f"{GROUP}/features_masks",
        lambda x: np.where(np.arange(N_SPIKES)[:, None, None] == 7, np.nan, x),
        "kwx",
    )(tiny)
    model = KwikModel(tiny.kwik)
    assert model.features is not None
    with pytest.warns(KwikWarning, match="holds NaN or infinite values, first seen at spike 7"):
        assert np.isnan(model.features[7]).all()
    assert np.isnan(model.features[7]).all()
    assert np.isfinite(model.features[6]).all()


def test_spikes_beyond_a_truncated_dat_give_zeros_and_a_warning(tiny: Tiny) -> None:
    whole = KwikModel(tiny.kwik)
    assert whole.waveforms is not None
    inside = whole.spike_samples < 2500
    expected = whole.waveforms[inside]
    os.truncate(tiny.dat, 3000 * N_RAW * 2)
    model = KwikModel(tiny.kwik)
    assert model.waveforms is not None
    n_outside = int((model.spike_samples >= 3000).sum())
    with pytest.warns(KwikWarning, match=f"{n_outside} of the spikes asked for lie outside"):
        found = model.waveforms[:]
    assert (found[model.spike_samples >= 3000] == 0).all()
    np.testing.assert_allclose(found[inside], expected, atol=1e-3)


@pytest.mark.parametrize("told", ["/etc/passwd", "../outside.dat", "a/../../outside.dat", "x\0y"])
def test_a_path_out_of_the_folder_is_not_followed(tiny: Tiny, told: str) -> None:
    outside = tiny.folder.parent / "outside.dat"
    outside.write_bytes(tiny.dat.read_bytes())
    tiny.dat.unlink()
    with tiny.edit() as file:
        file["recordings/0/raw"].attrs["dat_path"] = np.bytes_(told.encode())
    model = KwikModel(tiny.kwik)
    assert model.traces is None
    assert "traces" in model.missing
    model.locate("traces", outside)
    assert model.traces is not None


def test_a_fifo_as_raw_data_does_not_block(tiny: Tiny) -> None:
    tiny.dat.unlink()
    os.mkfifo(tiny.dat)
    assert KwikModel(tiny.kwik).traces is None


def test_a_file_open_for_writing_elsewhere_is_refused(tiny: Tiny) -> None:
    code = "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); print('open', flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tiny.kwik)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(KwikError, match="is open for writing in another program"):
            KwikModel(tiny.kwik)
    finally:
        other.communicate(b"\n")
    assert KwikModel(tiny.kwik).n_spikes == N_SPIKES


def test_absurdly_many_members_are_refused_unread(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny.edit() as file:
        for cluster in range(1000, 1060):
            file.create_group(f"{CLUSTERS}/{cluster}")
    monkeypatch.setattr(hdf5, "MAX_MEMBERS", 50)
    with pytest.raises(KwikError, match="clusters/main holds 65 members, expected at most 50"):
        KwikModel(tiny.kwik)


def test_a_large_attribute_is_refused_unread(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.set(TOLD, "prb_file", np.zeros(2000, dtype=np.int8))
    monkeypatch.setattr(hdf5, "MAX_ATTRIBUTE_BYTES", 1999)
    with pytest.raises(KwikError, match=r"prb_file of .* holds 2000 bytes, expected at most 1999"):
        KwikModel(tiny.kwik)


@pytest.mark.parametrize(
    "name", ["été", "кластеры", "聚类", "🧠", "a b", "..", "-x", "a\nb", "%s{0}<b>", "e\u0301"]
)
def test_names_in_any_unicode(tiny: Tiny, name: str) -> None:
    with tiny.edit() as file:
        file.copy(MAIN, f"{SPIKES}/clusters/{name}")
        file[GROUP].create_group(f"cluster_groups/{name}/4").attrs["name"] = name
        file[GROUP].create_group(f"clusters/{name}/2").attrs["cluster_group"] = 4
        file["recordings/0"].attrs["name"] = name
        file.create_dataset(f"event_types/{name}/events/time_samples", data=np.array([20000]))
    model = KwikModel(tiny.kwik, clustering=name)
    assert model.clustering == name
    assert model.cluster_group_names[4] == name
    assert model.cluster_groups[2] == 4
    assert model.recordings[0]["name"] == name
    assert {key: times.tolist() for key, times in model.events.items()} == {name: [1.0]}
    values = np.asarray(model.spike_clusters).copy()
    values[:3] = 40
    model.save(values, {40: 4})
    again = KwikModel(tiny.kwik, clustering=name)
    assert again.cluster_groups[40] == 4


def test_names_that_are_no_unicode_are_still_read(tiny: Tiny) -> None:
    with tiny.edit() as file:
        parent = file[f"{SPIKES}/clusters"].id
        parent.links.create_hard(b"caf\xe9", parent, b"main")
        file[f"{CLUSTERS}/2"].attrs["cluster_group"] = np.bytes_(b"caf\xe9")
    model, text = opened(tiny)
    assert len(model.clusterings) == 3
    assert "cluster_group of clusters 2" in text
    model.clustering = model.clusterings[1]
    assert model.n_clusters == 4


def test_what_was_wrong_is_said_again_in_the_description(tiny: Tiny) -> None:
    spoil("/", "kwik_version", None)(tiny)
    tiny.kwx.unlink()
    model, text = opened(tiny)
    assert text in model.describe()
    assert "tiny.kwx was looked for" in model.describe()


def test_there_are_at_least_sixty_cases() -> None:
    assert len(REFUSED) + len(WARNED) >= 60
    assert N_FEATURES == 3
