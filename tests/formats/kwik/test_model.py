"""``KwikModel`` on files of both generations, against what h5py reads from them."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.errors import DatasetError, DatasetWarning

from .conftest import GROUP, N_SPIKES, Tiny, write_kwik


def told(path: Path) -> tuple[KwikModel, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = KwikModel(path)
    return model, [str(w.message) for w in caught if issubclass(w.category, DatasetWarning)]


# -- figures of genuine datasets -------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What a genuine dataset of klusta holds."""

    shape: tuple[int, int, int]
    """Spikes, clusters, channels."""
    samples: list[int]
    clusters: list[int]
    features: list[float]
    duration: float
    missing: dict[str, str]
    positions: list[list[int]]
    adjacent: dict[int, tuple[int, ...]]


FACTS = {
    "small": Facts(
        (408, 15, 32),
        [13, 147, 542],
        [5, 15, 4],
        [-5.0957017, 37.353878, 17.728987],
        2.5,
        {},
        [[0, 0], [0, 20]],
        {0: (1, 2, 16, 17, 18), 2: (0, 1, 3, 4, 16, 17, 18, 19, 20)},
    ),
    "hybrid": Facts(
        (1653, 17, 32),
        [35, 795, 812],
        [14, 10, 7],
        [-179.9919, 134.63054, 52.180725],
        10,
        {"traces": "hybrid_10sec.dat"},
        [[35, 310], [-34, 300]],
        {0: (1, 2), 2: (0, 1, 3, 4)},
    ),
}


@pytest.fixture(params=["small", pytest.param("hybrid", marks=pytest.mark.genuine)])
def genuine(request: pytest.FixtureRequest) -> tuple[KwikModel, Facts]:
    return KwikModel(request.getfixturevalue(request.param)), FACTS[request.param]


def test_the_figures_of_a_genuine_dataset(genuine: tuple[KwikModel, Facts]) -> None:
    model, facts = genuine
    assert model.name.endswith(model.path.stem)
    assert (model.n_spikes, model.n_clusters, model.n_channels) == facts.shape
    assert model.cluster_ids.tolist() == [0, *range(2, facts.shape[1] + 1)]
    assert model.spike_samples[:3].tolist() == facts.samples
    assert model.spike_samples.dtype == np.int64
    assert model.spike_clusters[:3].tolist() == facts.clusters
    assert model.spike_clusters.dtype == np.int32
    assert (model.sample_rate, model.n_features_per_channel) == (20000.0, 3)
    assert 0.9 * facts.duration < model.duration <= facts.duration
    assert set(model.cluster_groups.values()) == {3}
    assert model.clusterings == ["main", "original"]
    assert model.features is not None
    assert model.masks is not None
    np.testing.assert_array_equal(model.features[0, :3], np.array(facts.features, dtype=np.float32))
    masks = model.masks[:]
    assert masks.shape == (facts.shape[0], 32)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert model.has_kwx()
    assert model.missing == facts.missing
    assert model.has_traces() == (not facts.missing)
    assert (model.traces is None) == (model.waveforms is None) == bool(facts.missing)
    main = model.spike_clusters
    model.clustering = "original"
    np.testing.assert_array_equal(model.spike_clusters, main)
    assert model.warnings == []


def test_the_probe_of_a_genuine_dataset(genuine: tuple[KwikModel, Facts]) -> None:
    model, facts = genuine
    probe = model.probe
    assert probe.channels.tolist() == list(range(32)) == model.channels.tolist()
    assert model.channel_positions[:2].tolist() == facts.positions
    assert model.channel_positions.dtype == np.float64
    assert {channel: probe.adjacency[channel] for channel in facts.adjacent} == facts.adjacent
    assert probe.groups == {0: tuple(range(32))}
    assert probe.names[:2] == ("0", "1")
    assert not model.positions_assumed


# -- every layout ---------------------------------------------------------------------------


@pytest.fixture(params=["small", "hybrid_10sec", "simulated_20sec", "spikedetekt2_4sec"])
def dataset(request: pytest.FixtureRequest) -> Path:
    if request.param == "small":
        return request.getfixturevalue("small")
    return request.getfixturevalue("copy_dataset")(request.param)


def test_against_h5py(dataset: Path) -> None:
    model, _ = told(dataset)
    with h5py.File(dataset) as file, h5py.File(dataset.with_suffix(".kwx")) as kwx:
        group = file[GROUP]
        clusters = group["spikes/clusters/main"][...]
        recording = group["spikes/recording"][...]
        starts = [0, 40037] if "spikedetekt2" in dataset.name else [0]
        samples = group["spikes/time_samples"][...] + np.array(starts, np.uint64)[recording]
        both = kwx[GROUP]["features_masks"][...]
        groups = {
            int(c): int(group[f"clusters/main/{c}"].attrs["cluster_group"])
            for c in np.unique(clusters)
        }
    np.testing.assert_array_equal(model.spike_samples, samples.astype(np.int64), strict=True)
    np.testing.assert_array_equal(model.spike_clusters, clusters, strict=True)
    np.testing.assert_array_equal(model.spike_recordings, recording)
    np.testing.assert_array_equal(model.spike_times, samples / 20000.0, strict=True)
    np.testing.assert_array_equal(model.spike_ids, np.arange(len(samples)))
    np.testing.assert_array_equal(model.cluster_ids, np.unique(clusters))
    assert model.cluster_ids.dtype == np.int64
    assert model.cluster_groups == groups
    assert model.features is not None
    assert model.masks is not None
    assert model.features_masks is not None
    np.testing.assert_array_equal(model.features[:], both[:, :, 0], strict=True)
    np.testing.assert_array_equal(model.masks[:], both[:, ::3, 1], strict=True)
    np.testing.assert_array_equal(model.features_masks[5:9], both[5:9], strict=True)
    rows = np.random.default_rng(0).integers(0, len(samples), 50)
    np.testing.assert_array_equal(model.masks[rows, [7] * 50], both[rows, 21, 1])
    np.testing.assert_array_equal(model.masks[rows][:, [7, 2]], both[rows][:, [21, 6], 1])
    np.testing.assert_array_equal(model.masks[::-9, 30:3:-4], both[::-9, 90:9:-12, 1])
    np.testing.assert_array_equal(model.features[rows, 9:15], both[rows, 9:15, 0])


def test_clusters_against_numpy(dataset: Path) -> None:
    model, _ = told(dataset)
    assert sorted(model.spikes_per_cluster) == model.cluster_ids.tolist()
    for cluster, spikes in model.spikes_per_cluster.items():
        np.testing.assert_array_equal(spikes, np.flatnonzero(model.spike_clusters == cluster))
        np.testing.assert_array_equal(model.spike_train(cluster), model.spike_times[spikes])
    for absent in (1, 10_000, -1, "a"):
        with pytest.raises(KeyError):
            model.spike_train(absent)  # type: ignore[arg-type]
    assert model.largest_cluster_id >= model.cluster_ids.max()
    metadata = model.cluster_metadata
    assert list(metadata) == model.cluster_ids.tolist()
    for cluster, name in metadata.items():
        found = metadata.attributes(cluster)
        assert found["cluster_group"] == model.cluster_groups[cluster] == metadata.group(cluster)
        assert model.cluster_group_names[metadata.group(cluster)].lower() == name
        assert isinstance(found["color"], int)
    # What has no spikes has no group yet.
    assert (metadata[10_000], metadata.group(10_000), 10_000 in metadata) == ("unsorted", 3, False)
    assert model.describe().count("\n") >= 10


def test_metadata_is_plain_and_under_both_names(dataset: Path) -> None:
    model, _ = told(dataset)
    metadata = model.metadata
    assert all(type(value) in (int, float, str) for value in metadata.values())
    assert metadata["n_channels"] == metadata["nchannels"] == 32
    assert metadata["n_features_per_channel"] == metadata["nfeatures_per_channel"] == 3
    assert metadata["filter_high"] == 9500
    assert metadata["filter_high_factor"] == 0.475
    assert metadata["waveforms_nsamples"] == 32 == model.n_samples_waveforms
    assert metadata["detect_spikes"] == "negative"
    assert metadata["nbits"] == 16
    assert metadata["dtype"] == "int16"
    assert (model.filter.low, model.filter.high, model.filter.order) == (500, 9500, 3)
    metadata.clear()
    assert model.metadata


def test_the_first_generation(copy_dataset: Callable[[str], Path]) -> None:
    model, texts = told(copy_dataset("spikedetekt2_4sec"))
    assert len(texts) == 3
    assert "prm_extra, raw_data_files" in texts[1]
    assert "prm_extra" not in model.metadata
    assert "channels [0]" in texts[2]
    assert model.positions_assumed
    assert np.isfinite(model.channel_positions).all()
    assert model.spike_clusters.dtype == np.uint32
    assert model.spike_recordings.dtype == np.uint16
    assert model.n_recordings == 2
    assert model.recording_offsets.tolist() == [0, 40037, 80000]
    assert model.recordings[1]["name"] == "recording_1"
    assert model.cluster_group_names[4] == "Interneurons"
    assert {name: t.tolist() for name, t in model.events.items()} == {"stimulus": [1.0, 1.7, 2.4]}
    assert model.voltage_gain == 10
    assert model.duration == 4


def test_the_first_generation_without_raw_data(copy_dataset: Callable[..., Path]) -> None:
    """``start_sample`` stands in for the lengths of the recordings."""
    path = copy_dataset("spikedetekt2_4sec", raw=False)
    model, _ = told(path)
    assert model.missing == {"traces": "spikedetekt2_4sec.raw.kwd"}
    assert model.recording_offsets[:2].tolist() == [0, 40037]
    whole, _ = told(copy_dataset("spikedetekt2_4sec"))
    np.testing.assert_array_equal(model.spike_samples, whole.spike_samples)


# -- recordings, channel groups --------------------------------------------------------------


def two_recordings(tiny: Tiny, starts: list[Any]) -> None:
    """The spikes of the second half belong to a second recording, and start over."""
    with h5py.File(tiny.kwik) as file:
        times = file[f"{GROUP}/spikes/time_samples"][...].astype(np.int64)
    late = np.arange(N_SPIKES) >= N_SPIKES // 2
    times[late] -= times[N_SPIKES // 2] - 10
    tiny.replace(f"{GROUP}/spikes/time_samples", times.astype(np.uint64))
    tiny.replace(f"{GROUP}/spikes/recording", late.astype(np.int32))
    with tiny.edit() as file:
        file.create_group("recordings/1/raw").attrs["dat_path"] = np.bytes_("second.dat")
        for i, start in enumerate(starts):
            attributes = file[f"recordings/{i}"].attrs
            attributes.pop("start_sample", None)
            if start is not None:
                attributes["start_sample"] = start


@pytest.mark.parametrize("first", [0, 500])
def test_start_samples_when_there_is_no_raw_data(tiny: Tiny, first: int) -> None:
    two_recordings(tiny, [first, first + 6000])
    model, texts = told(tiny.kwik)
    assert model.missing["traces"] == "second.dat"
    assert model.recording_offsets[:2].tolist() == [0, 6000]
    later = model.spike_recordings == 1
    assert model.spike_samples[later][0] == 6010
    assert model.span * 20000 == model.spike_samples[-1] + 1
    # Far longer than between any two spikes: the first recording has ended before.
    last = int(model.spike_samples[~later][-1])
    assert any("no raw data tells when recording 0 ends" in text for text in texts)
    assert model.timeline.gaps.tolist() == [[last + 1, 6000]]
    assert model.duration == pytest.approx(model.span - (6000 - last - 1) / 20000)


@pytest.mark.parametrize("starts", [[0, 0], [0, 700], [None, None], [0, None], [0, "late"], [9, 3]])
def test_unusable_start_samples_still_keep_time_increasing(tiny: Tiny, starts: list[Any]) -> None:
    two_recordings(tiny, starts)
    model, texts = told(tiny.kwik)
    assert any("each is assumed to end with its last spike" in text for text in texts)
    assert np.all(np.diff(model.spike_samples.astype(np.int64)) >= 0)
    first = model.spike_recordings == 0
    assert model.recording_offsets[1] == model.spike_samples[first][-1] + 1


def test_raw_data_says_how_long_recordings_are(tiny: Tiny) -> None:
    two_recordings(tiny, [0, 5900])
    (tiny.folder / "second.dat").write_bytes(tiny.dat.read_bytes()[: 5000 * 12])
    model, texts = told(tiny.kwik)
    assert any("cannot start at 0, 5900 samples" in text for text in texts)
    assert model.recording_offsets.tolist() == [0, 6000, 11000]
    assert model.traces is not None
    assert model.traces.shape == (11000, 6)
    assert model.duration == model.span == 11000 / 20000
    assert model.spike_samples[model.spike_recordings == 1][0] == 6010


@pytest.mark.parametrize("what", ["truncated", "one for two"])
def test_raw_data_that_would_put_spikes_at_wrong_times_is_left_out(tiny: Tiny, what: str) -> None:
    two_recordings(tiny, [0, 6000])
    (tiny.folder / "second.dat").write_bytes(tiny.dat.read_bytes())
    if what == "truncated":
        tiny.dat.write_bytes(tiny.dat.read_bytes()[: 1000 * 12])
        message = "the raw data of recording 0 ends at sample 1000, but there is a spike at"
    else:
        with tiny.edit() as file:
            del file["recordings"]
        message = "there is raw data of 1 recordings, expected 2"
    model, texts = told(tiny.kwik)
    assert any(message in text and "Raw data is left out." in text for text in texts), texts
    assert model.traces is None
    assert message in model.missing["traces"]
    assert f"none: {model.missing['traces'][:-1]}" in model.describe()
    assert np.all(np.diff(model.spike_samples.astype(np.int64)) >= 0)
    assert model.n_recordings == 2


def test_arrays_of_the_model_may_not_be_written_to(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    for array in (
        model.spike_samples,
        model.spike_times,
        model.spike_clusters,
        model.spike_recordings,
        model.cluster_ids,
        model.channel_order,
        model.channel_positions,
        model.recording_offsets,
        model.spikes_per_cluster[2],
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert model.spike_times is model.spike_times


def test_recordings_that_are_named_rather_than_counted(tiny: Tiny) -> None:
    two_recordings(tiny, [0, 6000])
    with tiny.edit() as file:
        file.move("recordings/1", "recordings/4")
        file.move("recordings/0", "recordings/2")
        recording = file[f"{GROUP}/spikes/recording"]
        recording[...] = np.array([2, 4])[recording[...]]
    model, texts = told(tiny.kwik)
    assert "taken to hold their names" in "".join(texts)
    assert np.unique(model.spike_recordings).tolist() == [0, 1]
    assert list(model.recordings) == [2, 4]


def test_channel_groups(tiny: Tiny) -> None:
    with tiny.edit() as file, h5py.File(tiny.kwx, "r+") as kwx:
        for number in (10, 2):
            file.copy(GROUP, f"channel_groups/{number}")
            kwx.copy(GROUP, f"channel_groups/{number}")
            kwx[f"channel_groups/{number}/features_masks"][...] += number
        file["channel_groups/10/spikes/clusters"].move("original", "other")
        file["channel_groups/2"].attrs["channel_order"] = np.array([0, 1, 3, 4])
        file["channel_groups/10/spikes/clusters/main"][:] = 5
    model = KwikModel(tiny.kwik)
    assert (model.channel_groups, model.channel_group) == ([0, 2, 10], 0)
    assert model.probe.groups == {0: (4, 1, 0, 3), 2: (0, 1, 3, 4), 10: (4, 1, 0, 3)}
    before = model.features[3]  # type: ignore[index]
    model.clustering = "original"
    model.channel_group = 2
    assert (model.channel_group, model.clustering) == (2, "original")
    assert model.channel_order.tolist() == [0, 1, 3, 4]
    np.testing.assert_array_equal(model.features[3], before + 2)  # type: ignore[index]
    model.channel_group = 10
    assert model.clustering == "main"  # which has no clustering of that name
    assert model.cluster_ids.tolist() == [5]
    assert model.clusterings == ["main", "other"]
    opened = KwikModel(tiny.kwik, channel_group=10, clustering="other")
    assert (opened.channel_group, opened.clustering) == (10, "other")


def test_what_fails_to_switch_leaves_the_model_as_it_was(tiny: Tiny) -> None:
    with tiny.edit() as file:
        file.create_group("channel_groups/1")
    with pytest.warns(DatasetWarning, match="shank 1 has no spikes"):
        model = KwikModel(tiny.kwik)
    with pytest.raises(Exception, match="time_samples is missing"):
        model.channel_group = 1
    assert model.channel_group == 0
    assert model.features is not None
    assert model.features[0].shape == (12,)


def test_without_main_the_first_that_is_not_original(tiny: Tiny) -> None:
    with tiny.edit() as file:
        clusters = file[f"{GROUP}/spikes/clusters"]
        clusters.move("main", "sorted")
    model = KwikModel(tiny.kwik)
    assert (model.clusterings, model.clustering) == (["original", "sorted"], "sorted")


# -- the object ------------------------------------------------------------------------------


def test_context_manager_and_use_after_closing(tiny: Tiny) -> None:
    with KwikModel(str(tiny.kwik)) as model:
        assert "tiny.kwik" in repr(model)
        features = model.features
        assert features is not None
    model.close()
    assert model.n_spikes == N_SPIKES
    assert model.features is None
    assert model.waveforms is None


def test_closing_gives_the_maps_back_though_arrays_are_kept(tiny: Tiny) -> None:
    def mapped() -> set[str]:
        maps = Path("/proc/self/maps")
        text = maps.read_text() if maps.exists() else ""
        return {file.name for file in (tiny.dat, tiny.kwx) if str(file) in text}

    model = KwikModel(tiny.kwik)
    kept = model.features, model.traces, model.waveforms
    for array in kept:
        assert array is not None
        assert array[0].size
    # A system without such a list of maps tells nothing of them.
    assert mapped() in (set(), {tiny.dat.name, tiny.kwx.name})
    model.close()
    assert not mapped()
    for array in kept:
        with pytest.raises(DatasetError, match="was closed"):
            array[0]  # type: ignore[index]


def test_switching_names_the_error_that_it_met(tiny: Tiny) -> None:
    with tiny.edit() as file:
        file.copy(GROUP, "channel_groups/1")
        file["channel_groups/1/spikes/clusters/original"][0] = -3
    model = KwikModel(tiny.kwik, clustering="original")
    # The clustering is there and damaged: another one in its place would hide that.
    with pytest.raises(DatasetError, match="clusters/original holds -3"):
        model.channel_group = 1
    with pytest.raises(DatasetError, match="no shank 42, expected one of"):
        model.channel_group = 42
    assert (model.channel_group, model.clustering) == (0, "original")


def test_the_kwik_file_is_closed_once_it_is_read(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    with h5py.File(tiny.kwik, "r+") as file:
        file.attrs["note"] = 1
    assert model.changed_on_disk


def test_samples_from_metadata(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    assert (model.n_samples_waveforms, model.n_samples_before) == (22, 10)
    assert (model.voltage_gain, model.voltage_unit) == (0.5, "µV")
    assert model.n_raw_channels == 6
    assert model.name == "tiny"


def test_defaults_where_the_metadata_is_silent(tiny: Tiny) -> None:
    with tiny.edit() as file:
        attributes = file["application_data/spikedetekt"].attrs
        for key in list(attributes):
            if key not in ("sample_rate", "n_channels"):
                del attributes[key]
    model = KwikModel(tiny.kwik)
    assert model.warnings == []
    assert (model.n_samples_waveforms, model.n_features_per_channel) == (32, 3)
    assert (model.filter.low, model.filter.high, model.filter.order) == (500, 9500, 3)
    assert (model.voltage_gain, model.voltage_unit) == (1, "units")
    assert model.traces is not None
    assert model.traces.dtype == np.int16


def test_importing_loads_no_toolkit() -> None:
    code = (
        "import phygui; phygui.KwikModel; import sys; "
        "slow = ('PyQt5', 'qtpy', 'vispy', 'numba', 'scipy.signal'); "
        "print([name for name in slow if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.stdout.strip() == "[]", done.stderr


def test_opening_does_not_change_the_files(tiny: Tiny) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tiny.folder.iterdir()}
    model = KwikModel(tiny.kwik)
    assert model.features is not None
    assert model.waveforms is not None
    model.features[:], model.waveforms[:], model.cluster_metadata
    model.clustering = "original"
    assert before == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in tiny.folder.iterdir()}


def test_memory_is_a_few_bytes_a_spike(tmp_path: Path) -> None:
    """What the model keeps: times, clusters, and no more than it must."""
    path = tmp_path / "big.kwik"
    write_kwik(path)
    n = 200_000
    with h5py.File(path, "r+") as file:
        spikes = file[f"{GROUP}/spikes"]
        for name in ("time_samples", "recording", "clusters/main", "clusters/original"):
            dtype = spikes[name].dtype
            del spikes[name]
            spikes[name] = np.sort(np.arange(n) % (50 if "clusters" in name else 1)).astype(dtype)
    model = KwikModel(path)
    shank = model._shank
    kept = (shank.samples, shank.clustering.spike_clusters, shank.placed.recordings)
    owned = {id(a): a.nbytes for a in kept if a.flags.owndata or a.base is None}
    assert np.shares_memory(shank.stored.time_samples, shank.samples)
    assert shank.placed.clock.sorted_samples is shank.samples
    assert sum(owned.values()) <= 16 * n
