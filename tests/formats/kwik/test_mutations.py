"""Random damage to a valid file: never a crash, and never a wrong number without a warning.

Two kinds. Structural: objects and attributes of a valid file are deleted, replaced, moved and
exchanged through h5py; what the model then says is compared with a plain reading of the damaged
file. Bytes: bits are flipped and pieces cut out, in a process of its own, where a crash shows.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phygui import KwikModel
from phygui.errors import DatasetError

from .conftest import GROUP, N_RAW, Tiny

DATASETS = [
    f"{GROUP}/spikes/{name}"
    for name in ("time_samples", "recording", "clusters/main", "clusters/original")
]
GROUPS = [
    "application_data",
    "application_data/spikedetekt",
    "channel_groups",
    GROUP,
    f"{GROUP}/spikes",
    f"{GROUP}/spikes/clusters",
    f"{GROUP}/channels",
    f"{GROUP}/channels/1",
    f"{GROUP}/clusters",
    f"{GROUP}/clusters/main",
    f"{GROUP}/clusters/main/2",
    f"{GROUP}/clusters/main/9",
    f"{GROUP}/cluster_groups",
    f"{GROUP}/cluster_groups/main/2",
    "recordings",
    "recordings/0",
    "recordings/0/raw",
]
TOLD = "application_data/spikedetekt"
ATTRIBUTES = [
    ("/", "kwik_version"),
    *(
        (TOLD, name)
        for name in (
            "sample_rate",
            "n_channels",
            "n_features_per_channel",
            "extract_s_before",
            "extract_s_after",
            "filter_butter_order",
            "filter_low",
            "filter_high_factor",
            "voltage_gain",
            "dtype",
        )
    ),
    (GROUP, "channel_order"),
    (GROUP, "adjacency_graph"),
    (f"{GROUP}/channels/1", "position"),
    (f"{GROUP}/clusters/main/2", "cluster_group"),
    (f"{GROUP}/clusters/main/9", "cluster_group"),
    (f"{GROUP}/cluster_groups/main/2", "name"),
    ("recordings/0", "sample_rate"),
    ("recordings/0", "start_sample"),
    ("recordings/0/raw", "dat_path"),
]

numbers = st.one_of(
    st.integers(-3, 10),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=True, allow_infinity=True),
)
arrays = st.one_of(
    hnp.arrays(
        st.sampled_from(["u8", "i8", "i4", "u1", "f4", "f8", "S3"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=70),
    ),
    # The right length, so that more gets past the first check.
    hnp.arrays(st.sampled_from(["u8", "i4", "u1", "f8"]), (60,)),
    hnp.arrays(np.int64, (60,), elements=st.integers(0, 9)).map(np.sort),
)
values = st.one_of(
    numbers,
    st.text(max_size=12).filter(lambda text: "\0" not in text),
    st.sampled_from(["good", "NOISE", "b'mua'", "int32", "float32", ">i2", "V2", "N.", "..", "/"]),
    st.binary(max_size=12).map(np.bytes_),
    hnp.arrays(
        st.sampled_from(["i4", "f8", "u1"]),
        hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5),
    ),
)
mutations = st.one_of(
    st.tuples(st.just("delete"), st.sampled_from(DATASETS + GROUPS)),
    st.tuples(st.just("delete attribute"), st.sampled_from(ATTRIBUTES)),
    st.tuples(st.just("set attribute"), st.sampled_from(ATTRIBUTES), values),
    st.tuples(st.just("replace"), st.sampled_from(DATASETS), arrays),
    st.tuples(st.just("set item"), st.sampled_from(DATASETS), st.integers(0, 59), numbers),
    st.tuples(st.just("exchange"), st.sampled_from(DATASETS), st.sampled_from(DATASETS)),
    st.tuples(st.just("to group"), st.sampled_from(DATASETS)),
    st.tuples(st.just("to dataset"), st.sampled_from(GROUPS), arrays),
    st.tuples(st.just("link"), st.sampled_from(DATASETS + GROUPS), st.sampled_from(DATASETS)),
    st.tuples(st.just("external"), st.sampled_from(DATASETS + GROUPS)),
)


def mutate(file: h5py.File, mutation: tuple[Any, ...]) -> None:
    """Apply one mutation; one that makes no sense after those before it is skipped."""
    kind, place, *rest = mutation
    try:
        if kind == "delete":
            del file[place]
        elif kind == "delete attribute":
            del file[place[0]].attrs[place[1]]
        elif kind == "set attribute":
            file[place[0]].attrs[place[1]] = rest[0]
        elif kind == "set item":
            file[place][rest[0]] = rest[1]
        elif kind == "exchange":
            file.move(place, "aside")
            file.move(rest[0], place)
            file.move("aside", rest[0])
        else:
            del file[place]
            if kind in ("replace", "to dataset"):
                file[place] = rest[0]
            elif kind == "to group":
                file.create_group(place)
            elif kind == "link":
                file[place] = h5py.SoftLink(f"/{rest[0]}")
            elif kind == "external":
                file[place] = h5py.ExternalLink("elsewhere.h5", "/x")
    except (LookupError, ValueError, TypeError, OSError, RuntimeError, ArithmeticError):
        return
    except AttributeError:  # a group's attribute asked of a dataset
        return


def number_of(file: h5py.File, place: str, name: str) -> float | None:
    """A plain reading of a number: None if it is none."""
    try:
        value = np.asarray(file[place].attrs[name])
    except (KeyError, OSError, TypeError, AttributeError):
        return None
    if value.size != 1 or value.dtype.kind not in "iuf":
        return None
    return float(value.reshape(()))


def check(tiny: Tiny) -> None:
    """Open the file; what is read without a warning must be what is in it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = KwikModel(tiny.kwik)
    except DatasetError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert str(tiny.kwik) in refused
        assert "\n" not in refused
        return
    told = "\n".join(model.warnings)
    channel_group = model.channel_group
    with h5py.File(tiny.kwik) as file:
        group = file[f"channel_groups/{channel_group}"]
        times = group["spikes/time_samples"][...]
        clusters = group[f"spikes/clusters/{model.clustering}"][...]
        # With one recording, times are absolute.
        if model.n_recordings == 1:
            np.testing.assert_array_equal(model.spike_samples, times)
        np.testing.assert_array_equal(model.spike_clusters, clusters)
        assert model.spike_samples.dtype == np.int64
        assert np.all(np.diff(model.clock.sorted_samples.astype(np.int64)) >= 0)
        # Spikes may be listed by recording in any order; within one, going back is said.
        in_order = bool(np.all(np.diff(np.asarray(model.spike_recordings, np.int64)) >= 0))
        assert model.clock.is_ascending or not in_order or "goes back" in told
        assert model.cluster_ids.tolist() == sorted(set(clusters.tolist()))
        for cluster, found in model.cluster_groups.items():
            expected = plain_group(group, model, cluster)
            assert found == expected or "cluster_group" in told, (cluster, found, expected)
        check_settings(model, file, told)
        order = group.attrs.get("channel_order")
        if "channel_order is missing" not in told:
            assert model.channel_order.tolist() == np.atleast_1d(order).tolist()
    check_data(model, tiny, told)
    assert model.describe()
    assert model.cluster_metadata.keys() == model.cluster_groups.keys()


def plain_group(group: h5py.Group, model: KwikModel, cluster: int) -> int:
    try:
        value = group[f"clusters/{model.clustering}/{cluster}"].attrs["cluster_group"]
    except (KeyError, OSError, AttributeError):
        return 3
    value = np.asarray(value).reshape(-1)
    if len(value) == 1 and value.dtype.kind in "iuf" and math.isfinite(value[0]):
        return int(value[0])
    first = value[0] if len(value) else ""
    text = first.decode(errors="replace") if isinstance(first, bytes) else str(first)
    names = {name.lower(): number for number, name in model.cluster_group_names.items()}
    bare = text.removeprefix("b").strip("'").lower()
    return names.get(bare, int(text) if text.isdecimal() else -1)


def check_settings(model: KwikModel, file: h5py.File, told: str) -> None:
    for found, name, default in (
        (model.sample_rate, "sample_rate", number_of(file, "recordings/0", "sample_rate")),
        (model.filter.order, "filter_butter_order", 3),
        (model.filter.low, "filter_low", 500),
        (model.voltage_gain, "voltage_gain", 1),
        (model.n_samples_before, "extract_s_before", 16),
        (model.filter.high / model.sample_rate, "filter_high_factor", 0.475),
    ):
        expected = number_of(file, TOLD, name)
        unset = TOLD not in file or np.size(file[TOLD].attrs.get(name, [])) == 0
        if expected is None and unset:
            expected = default
        # A gain of 0 means that it is unknown.
        known = name == "voltage_gain" and expected == 0
        right = expected is not None and np.isclose(found, expected, rtol=1e-12)
        assert right or known or name in told or "is missing" in told, (name, found, expected)
    assert 0 < model.filter.low < model.filter.high < model.sample_rate / 2


def check_data(model: KwikModel, tiny: Tiny, told: str) -> None:
    if model.features is None:
        assert "features" in model.missing
    else:
        with h5py.File(tiny.kwx) as kwx:
            both = kwx[f"{GROUP}/features_masks"][...]
        n = model.n_channels * model.n_features_per_channel
        assert model.n_features_per_channel == 3 or "features" in told or n == 12 or n <= 12
        np.testing.assert_array_equal(model.features[:], both[:, :n, 0])
        step = model.n_features_per_channel
        np.testing.assert_array_equal(model.masks[:], both[:, :n:step, 1])  # type: ignore[index]
    if model.traces is None:
        assert "traces" in model.missing
        return
    dtype, n_channels = model.traces.dtype, model.traces.shape[1]
    big_endian = model.metadata.get("dtype") == ">i2"
    flat = np.fromfile(tiny.dat, dtype=">i2" if big_endian else "<i2")
    if dtype == np.int16 and n_channels == N_RAW:
        np.testing.assert_array_equal(model.traces[:], flat.reshape(-1, N_RAW))
    if model.waveforms is not None and model.waveforms.size < 10**6:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert model.waveforms[:3].shape[1:] == model.waveforms.shape[1:]


@given(st.lists(mutations, min_size=1, max_size=3))
def test_structural_mutations(
    make_tiny: Callable[[Path], Tiny], tmp_path: Path, chosen: list[tuple[Any, ...]]
) -> None:
    tiny = make_tiny(tmp_path)
    with tiny.edit() as file:
        for mutation in chosen:
            mutate(file, mutation)
    check(tiny)


# -- bytes ----------------------------------------------------------------------------------


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Flipped bits, overwritten and exchanged pieces, or the end cut off."""
    found = bytearray(content)
    kind = rng.random()
    if kind < 0.6:
        for _ in range(rng.choice([1, 1, 2, 5, 20])):
            # Half of them where the structure of the file is.
            at = rng.randrange(len(found) if rng.random() < 0.5 else min(len(found), 8192))
            found[at] ^= 1 << rng.randrange(8)
    elif kind < 0.75:
        at, n = rng.randrange(len(found)), rng.choice([1, 4, 8, 64])
        found[at : at + n] = bytes(rng.choice([0, 255]) for _ in range(n))
    elif kind < 0.85:
        del found[rng.randrange(len(found)) :]
    else:
        a, b = rng.randrange(len(found) - 512), rng.randrange(len(found) - 512)
        found[a : a + 512], found[b : b + 512] = found[b : b + 512], found[a : a + 512]
    return bytes(found)


def same_as_h5py(model: KwikModel) -> bool:
    """Whether spikes, clusters and features are what h5py reads from the same bytes."""
    with h5py.File(model.path) as file:
        group = file[f"channel_groups/{model.channel_group}"]
        same = np.array_equal(model.spike_clusters, group[f"spikes/clusters/{model.clustering}"])
        if model.n_recordings == 1:
            same &= np.array_equal(model.spike_samples, group["spikes/time_samples"])
    if model.features is not None:
        with h5py.File(model.path.with_suffix(".kwx")) as kwx:
            block = kwx[f"channel_groups/{model.channel_group}/features_masks"][:, :, 0]
        found = model.features[:]
        same &= np.array_equal(found, block[:, : found.shape[1]], equal_nan=True)
    return bool(same)


def open_damaged(folder: Path, content: bytes, suffix: str, seeds: list[int], told: Any) -> None:
    """What a process of its own does: open one damaged file after the other."""
    warnings.simplefilter("ignore")
    path = folder / "tiny.kwik"
    for seed in seeds:
        told.send(("opening", seed))
        path.with_suffix(suffix).write_bytes(damaged(content, random.Random(seed)))
        try:
            model = KwikModel(path)
            result = "same" if same_as_h5py(model) else "wrong numbers"
            model.describe()
            if model.waveforms is not None and model.waveforms.size < 10**7:
                model.waveforms[::9]
        except DatasetError:
            result = "refused"
        except BaseException as error:
            result = repr(error)
        told.send((result, seed))
    told.send(("done", -1))


@pytest.mark.parametrize("suffix", [".kwik", ".kwx"])
def test_damaged_bytes(suffix: str, tmp_path: Path, make_tiny: Callable[[Path], Tiny]) -> None:
    tiny = make_tiny(tmp_path)
    content = tiny.kwik.with_suffix(suffix).read_bytes()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    seeds = list(range(settings.default.max_examples))
    process = context.Process(target=open_damaged, args=(tmp_path, content, suffix, seeds, theirs))
    process.start()
    theirs.close()
    results: dict[str, list[int]] = {}
    last = ("nothing", -1)
    try:
        while last[0] != "done":
            assert ours.poll(30), f"hangs at {last}"
            last = ours.recv()
            results.setdefault(last[0], []).append(last[1])
    except EOFError:
        pytest.fail(f"the process died at {last}")
    finally:
        process.kill()
        process.join()
    assert results.pop("opening") == seeds
    assert results.pop("done") == [-1]
    assert set(results) <= {"same", "refused"}, {k: v[:5] for k, v in results.items()}
    assert len(results["same"]) > len(seeds) // 20
