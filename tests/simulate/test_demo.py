"""The simulated recording: what it claims about its units is true of its files."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from phygui import KwikModel
from phygui.simulate import Demo, make_demo

SMALL = {"n_spikes": 3000, "n_channels": 16, "n_clusters": 8, "duration": 25.0}
DATA = Path(__file__).parent.parent / "data"
GENUINE = DATA / "simulated_small.kwik"
# What _places finds in the files of a genuine dataset of the first generation.
SPIKEDETEKT2_PLACES = DATA / "spikedetekt2_places.json"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return make_demo(tmp_path_factory.mktemp("demo"), **SMALL)


def _spikes(demo: Demo, group: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Absolute samples and clusters of a channel group, straight from the file."""
    with h5py.File(demo.kwik_path, "r") as file:
        spikes = file[f"channel_groups/{group}/spikes"]
        recordings = file["recordings"]
        starts = np.array(
            [recordings[str(r)].attrs["start_sample"] for r in range(len(recordings))]
        )
        samples = spikes["time_samples"][:].astype(np.int64) + starts[spikes["recording"][:]]
        return samples, spikes["clusters/main"][:]


def _features_masks(
    demo: Demo, group: int = 0, n_features: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    with h5py.File(demo.kwik_path.with_suffix(".kwx"), "r") as file:
        both = file[f"channel_groups/{group}/features_masks"][:]
    assert both.dtype == np.float32
    return both[..., 0], both[:, ::n_features, 1]


def _filtered(demo: Demo, n_channels: int) -> np.ndarray:
    raw = np.fromfile(demo.kwik_path.with_suffix(".dat"), dtype=np.int16).reshape(-1, n_channels)
    sections = butter(3, [500.0, 9500.0], "bandpass", fs=20_000.0, output="sos")
    return sosfiltfilt(sections, raw.astype(np.float64), axis=0)


def _places(file: h5py.File) -> dict[str, dict[str, tuple]]:
    """Every kind of place in a file: its attributes and their types, and the dataset's type.

    Numbers in paths become N, so that files with other clusters and channels compare.
    """
    places: dict[str, dict[str, tuple]] = {}

    def visit(path: str, item: h5py.Group | h5py.Dataset) -> None:
        place = places.setdefault(re.sub(r"(?<=/)\d+", "N", path), {})
        for name in item.attrs:
            kind = item.attrs.get_id(name)
            place[name] = (kind.dtype.kind, None if kind.shape is None else len(kind.shape))
        if isinstance(item, h5py.Dataset):
            growing = item.maxshape[0] is None
            place[":data"] = (item.dtype.str, len(item.shape), growing, item.chunks is not None)

    visit("/", file)
    file.visititems(visit)
    return places


def test_the_files_of_the_default_layout(demo: Demo):
    folder = demo.kwik_path.parent
    names = {"demo.kwik", "demo.kwx", "demo.dat", "demo.ground_truth.npz"}
    assert {path.name for path in folder.iterdir()} == names
    assert (folder / "demo.dat").stat().st_size == 25 * 20_000 * 16 * 2


def test_klusta_files_are_laid_out_as_genuine_ones(demo: Demo):
    with h5py.File(demo.kwik_path, "r") as ours, h5py.File(GENUINE, "r") as genuine:
        expected, found = _places(genuine), _places(ours)
    new = {path for path in found if path.startswith("event_types")}
    assert {path: found[path] for path in found if path not in new} == expected | {
        "application_data/spikedetekt": expected["application_data/spikedetekt"]
        | {"threshold_weak_std_factor": ("f", 0)}
    }
    with (
        h5py.File(demo.kwik_path.with_suffix(".kwx"), "r") as ours,
        h5py.File(GENUINE.with_suffix(".kwx"), "r") as genuine,
    ):
        assert _places(ours) == _places(genuine)


def test_spikedetekt2_files_are_laid_out_as_genuine_ones(tmp_path: Path):
    demo = make_demo(tmp_path, **SMALL, raw="kwd", generation="spikedetekt2")
    for suffix, genuine in json.loads(SPIKEDETEKT2_PLACES.read_text()).items():
        with h5py.File(demo.kwik_path.with_suffix(suffix), "r") as ours:
            found = json.loads(json.dumps(_places(ours)))
        assert set(found) == set(genuine)
        # Attributes that PyTables pickled are left out; those of KlustaKwik are added.
        pickled = {"band_high", "prm_extra"}
        for path, place in genuine.items():
            kept = {k: v for k, v in place.items() if k not in pickled | {"name", "position"}}
            assert kept.items() <= found[path].items(), path
    with h5py.File(demo.kwik_path, "r") as file:
        values = file["application_data/spikedetekt"].attrs
        assert values["detect_spikes"] == b"b'negative'"
        assert values["nchannels"] == 16
        assert values["filter_high"] == 9500.0
        assert file["channel_groups/0/spikes/clusters/main"].dtype == np.uint32


@pytest.mark.genuine
def test_the_places_of_genuine_spikedetekt2_files_are_those_that_are_kept(data_folder: Path):
    for suffix, kept in json.loads(SPIKEDETEKT2_PLACES.read_text()).items():
        with h5py.File(data_folder / f"spikedetekt2_4sec{suffix}", "r") as genuine:
            assert json.loads(json.dumps(_places(genuine))) == kept


@pytest.mark.parametrize("raw", ["dat", "kwd", None])
def test_spikes_and_clusters_are_as_many_as_asked_for(tmp_path: Path, raw: str | None):
    demo = make_demo(tmp_path, **SMALL, n_channel_groups=2, n_recordings=3, raw=raw)
    for group in (0, 1):
        samples, clusters = _spikes(demo, group)
        assert len(samples) == len(clusters) == len(demo.truth[group].units) == 3000
        assert (np.diff(samples) >= 0).all()
        assert samples[0] >= 0
        assert samples[-1] < 25 * 20_000
        assert np.unique(clusters).tolist() == list(range(2, 10))
        features, masks = _features_masks(demo, group)
        assert features.shape == (3000, 48)
        assert masks.shape == (3000, 16)
    assert (_spikes(demo, 0)[0] != _spikes(demo, 1)[0]).any()
    with h5py.File(demo.kwik_path, "r") as file:
        for group in ("0", "1"):
            clusters = file["channel_groups"][group]["clusters/main"]
            assert {int(c.attrs["cluster_group"]) for c in clusters.values()} == {3}
        assert file["channel_groups/1"].attrs["channel_order"].tolist() == list(range(16, 32))
        starts = [int(file[f"recordings/{r}"].attrs["start_sample"]) for r in range(3)]
        assert np.unique(np.diff([*starts, 25 * 20_000])).size == 3


@pytest.mark.slow
def test_raw_files_are_where_the_kwik_file_says(tmp_path: Path):
    for raw, generation in [("dat", "klusta"), ("kwd", "klusta"), ("kwd", "spikedetekt2")]:
        name = f"{raw}_{generation}"
        demo = make_demo(
            tmp_path, name=name, **SMALL, n_recordings=2, raw=raw, generation=generation
        )
        with h5py.File(demo.kwik_path, "r") as file:
            second = file["recordings/1"]
            start = int(second.attrs["start_sample"])
            where = second["raw"].attrs[f"{'dat' if raw == 'dat' else 'hdf5'}_path"]
        text = (where if isinstance(where, bytes) else where[0]).decode()
        length = 25 * 20_000 - start
        if raw == "dat":
            assert (tmp_path / text).stat().st_size == length * 16 * 2
        else:
            expected = f"{name}.raw.kwd" if generation == "klusta" else "{raw.kwd}/recordings/1"
            assert text == expected
            with h5py.File(tmp_path / f"{name}.raw.kwd", "r") as file:
                assert file["recordings/1/data"].shape == (length, 16)
                assert file["recordings/1/data"].dtype == np.int16


def test_units_have_a_refractory_period_and_noise_and_mua_have_none(demo: Demo):
    samples, clusters = _spikes(demo)
    truth = demo.truth[0]
    for unit in np.unique(truth.units):
        shortest = np.diff(samples[truth.units == unit]).min() / 20_000
        assert shortest < 0.002 if unit == -1 else shortest >= 0.0019, unit
    assert (truth.units == -1).tolist() == (clusters == truth.roles["noise"]).tolist()
    assert np.unique(truth.units[clusters == truth.roles["mua"]]).size >= 5
    assert np.diff(samples[clusters == truth.roles["mua"]]).min() < 0.002 * 20_000


def test_merging_the_pair_gives_the_exact_spikes_of_one_unit(demo: Demo):
    _, clusters = _spikes(demo)
    truth = demo.truth[0]
    units = np.unique(truth.units[np.isin(clusters, truth.roles["merge"])])
    assert len(units) == 1
    merged = np.isin(clusters, truth.roles["merge"])
    assert np.array_equal(np.flatnonzero(merged), np.flatnonzero(truth.units == units[0]))


def test_every_other_cluster_is_one_unit(demo: Demo):
    _, clusters = _spikes(demo)
    truth = demo.truth[0]
    special = {*truth.roles["merge"], truth.roles["split"], truth.roles["mua"]}
    for cluster in set(np.unique(clusters).tolist()) - special:
        units = np.unique(truth.units[clusters == cluster])
        assert len(units) == 1
        assert np.array_equal(clusters == cluster, truth.units == units[0])


@pytest.mark.parametrize("raw", ["dat", None])
def test_the_two_units_of_one_cluster_are_apart_in_feature_space(tmp_path: Path, raw: str | None):
    demo = make_demo(tmp_path, **SMALL, raw=raw)
    _, clusters = _spikes(demo)
    features, _ = _features_masks(demo)
    truth = demo.truth[0]
    mine = clusters == truth.roles["split"]
    units = truth.units[mine]
    assert len(np.unique(units)) == 2
    x = features[mine]
    is_first = units == units[0]
    # Projected on the line through the two means, hardly a spike is on the wrong side.
    axis = x[is_first].mean(0) - x[~is_first].mean(0)
    along = x @ axis
    middle = (along[is_first].mean() + along[~is_first].mean()) / 2
    assert ((along > middle) == is_first).mean() > 0.97


def test_spikes_are_in_the_traces_where_the_file_says(demo: Demo):
    samples, clusters = _spikes(demo)
    filtered = _filtered(demo, 16)
    truth = demo.truth[0]
    noise = np.median(np.abs(filtered), axis=0) / 0.6745
    small = {truth.roles["noise"], truth.roles["mua"], truth.roles["split"]}
    for cluster in set(np.unique(clusters).tolist()) - small:
        mean = filtered[samples[clusters == cluster][:, None] + np.arange(-16, 16)].mean(axis=0)
        best = mean.min(axis=0).argmin()
        assert abs(int(mean[:, best].argmin()) - 16) <= 1
        assert mean[:, best].min() < -4.5 * noise[best]
        assert mean[:, best].max() > 0.1 * -mean[:, best].min()  # a hump follows the trough


def test_features_are_projections_of_the_filtered_waveforms(demo: Demo):
    samples, _ = _spikes(demo)
    features, _ = _features_masks(demo)
    filtered = _filtered(demo, 16)
    inside = (samples > 200) & (samples < len(filtered) - 200)
    for channel in (0, 7, 15):
        waveforms = filtered[samples[inside][:, None] + np.arange(-16, 16), channel]
        found = features[inside, 3 * channel : 3 * channel + 3]
        axes, *_ = np.linalg.lstsq(waveforms, found, rcond=None)
        assert np.abs(waveforms @ axes - found).max() < 0.02 * np.abs(found).max()
        assert np.allclose(axes.T @ axes, np.eye(3), atol=0.02)  # principal axes are orthonormal


@pytest.mark.parametrize("raw", ["dat", None])
def test_masks_are_between_0_and_1_and_local(tmp_path: Path, raw: str | None):
    demo = make_demo(tmp_path, n_spikes=4000, n_channels=32, n_clusters=12, duration=20, raw=raw)
    _, clusters = _spikes(demo)
    _, masks = _features_masks(demo)
    assert masks.min() == 0
    assert masks.max() == 1
    assert ((masks > 0) & (masks < 1)).any()
    truth = demo.truth[0]
    neurons = ~np.isin(clusters, [truth.roles["noise"]])
    assert (masks[neurons] > 0).sum(axis=1).mean() < 16
    assert (masks[~neurons] > 0.5).sum(axis=1).mean() > 28  # an artefact is everywhere
    distances = np.abs(np.arange(32) - masks[neurons].argmax(axis=1)[:, None])
    assert masks[neurons][distances > 20].mean() < 0.05


@pytest.mark.parametrize("how", ["amplitude", "drift", "position"])
def test_units_are_oversplit_as_sorters_do_it(tmp_path: Path, how: str):
    demo = make_demo(tmp_path, **SMALL, oversplit=[how])
    samples, clusters = _spikes(demo)
    (pair,) = demo.truth[0].siblings
    assert pair == (*demo.truth[0].roles["merge"], how)
    first, second = (samples[clusters == cluster] for cluster in pair[:2])
    filtered = _filtered(demo, 16)
    depths = [-filtered[s].min(axis=1).mean() for s in (first, second)]
    troughs = [np.maximum(-filtered[s].mean(axis=0), 0) for s in (first, second)]
    centres = [(t**2) @ np.arange(16) * 10.0 / (t**2).sum() for t in troughs]
    if how == "amplitude":
        assert depths[1] > 1.2 * depths[0]
    elif how == "drift":
        assert first.max() <= second.min()
        assert centres[1] - centres[0] > 3.0  # micrometres
    else:
        assert first.max() > second.min()
        assert centres[1] - centres[0] > 3.0


def test_several_units_can_be_oversplit(tmp_path: Path):
    how = ["drift", "amplitude", "amplitude", "position"]
    demo = make_demo(tmp_path, n_spikes=2000, n_clusters=14, duration=20, raw=None, oversplit=how)
    assert [pair[2] for pair in demo.truth[0].siblings] == how
    assert len({c for pair in demo.truth[0].siblings for c in pair[:2]}) == 8


def test_all_units_can_drift(tmp_path: Path):
    demo = make_demo(tmp_path, **SMALL, drift=60.0)
    samples, clusters = _spikes(demo)
    truth = demo.truth[0]
    filtered = _filtered(demo, 16)
    cluster = np.bincount(clusters[~np.isin(truth.units, [-1])]).argmax()
    mine = samples[clusters == cluster]
    early, late = (np.maximum(-filtered[s].mean(axis=0), 0) for s in (mine[:40], mine[-40:]))
    assert abs(int(early.argmax()) - int(late.argmax())) >= 2


def test_some_units_answer_the_stimulus(tmp_path: Path):
    demo = make_demo(tmp_path, n_spikes=20_000, n_clusters=20, raw=None, features=False)
    samples, clusters = _spikes(demo)
    with h5py.File(demo.kwik_path, "r") as file:
        events = file["event_types/stimulus/events/time_samples"][:].astype(np.int64)
    since = samples - events[(np.searchsorted(events, samples) - 1).clip(0)]
    answers = (since >= 0.02 * 20_000) & (since < 0.12 * 20_000)
    share = [answers[clusters == cluster].mean() for cluster in np.unique(clusters)]
    assert max(share) > 2 * min(share)


@pytest.mark.slow
def test_columns_of_the_raw_data_in_another_order(tmp_path: Path):
    demo = make_demo(tmp_path, **SMALL, n_channel_groups=2, shuffled_channels=True)
    with h5py.File(demo.kwik_path, "r") as file:
        orders = [file[f"channel_groups/{g}"].attrs["channel_order"] for g in (0, 1)]
        group = file["channel_groups/1"]
        assert set(group["channels"]) == {str(c) for c in orders[1]}
        depths = [group[f"channels/{c}"].attrs["position"][1] for c in orders[1]]
        assert set(np.unique(group.attrs["adjacency_graph"])) <= set(orders[1])
    assert sorted(np.concatenate(orders)) == list(range(32))
    assert depths == [10.0 * i for i in range(16)]
    samples, clusters = _spikes(demo, 1)
    filtered = _filtered(demo, 32)
    cluster = demo.truth[1].roles["merge"][1]
    mean = filtered[samples[clusters == cluster]].mean(axis=0)
    assert mean.argmin() in orders[1]
    _, masks = _features_masks(demo, 1)
    best = np.argmin(mean[orders[1]])
    assert masks[clusters == cluster].mean(axis=0)[best] > 0.9


@pytest.mark.parametrize("generation", ["klusta", "spikedetekt2"])
@pytest.mark.parametrize("raw", ["dat", "kwd", None])
def test_the_reader_reads_it_without_a_warning(tmp_path: Path, raw: str | None, generation: str):
    demo = make_demo(
        tmp_path,
        **SMALL,
        n_channel_groups=2,
        n_recordings=2,
        raw=raw,
        generation=generation,
        shuffled_channels=True,
    )
    samples, clusters = _spikes(demo, 1)
    features, masks = _features_masks(demo, 1)
    with KwikModel(demo.kwik_path, channel_group=1) as model:
        assert model.channel_groups == [0, 1]
        assert model.n_recordings == 2
        assert np.array_equal(model.spike_samples, samples)
        assert np.array_equal(model.spike_clusters, clusters)
        assert np.array_equal(model.features[:], features)
        assert np.array_equal(model.masks[:], masks)
        assert model.channel_positions[:, 1].tolist() == [10.0 * i for i in range(16)]
        assert (np.diff(model.events["stimulus"]) > 0).all()
        if raw is None:
            assert model.traces is None
            return
        assert model.traces.shape == (25 * 20_000, 32)
        pair = demo.truth[1].roles["merge"]
        mean = model.waveforms[np.flatnonzero(np.isin(clusters, pair))].mean(axis=0)
        sample, best = np.unravel_index(mean.argmin(), mean.shape)
        assert sample == 16
        assert masks[np.isin(clusters, pair), best].mean() > 0.9


def test_the_same_seed_gives_the_same_dataset(tmp_path: Path):
    datasets = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        demo = make_demo(tmp_path / name, n_spikes=500, n_clusters=6, duration=4.0, seed=seed)
        arrays = (*_spikes(demo), *_features_masks(demo))
        raw = demo.kwik_path.with_suffix(".dat").read_bytes()
        datasets.append((raw, *(array.tobytes() for array in arrays)))
    assert datasets[0] == datasets[1]
    assert all(one != other for one, other in zip(datasets[0], datasets[2], strict=True))


def test_the_truth_is_written_beside_the_dataset(demo: Demo):
    truth = demo.truth[0]
    with np.load(demo.truth_path) as stored:
        assert np.array_equal(stored["units_0"], truth.units)
        assert tuple(stored["merge_0"]) == truth.roles["merge"]
        for role in ("split", "noise", "mua"):
            assert stored[f"{role}_0"] == truth.roles[role]
        assert stored["siblings_0"].tolist() == [list(truth.roles["merge"])]
        assert stored["siblings_how_0"].tolist() == ["amplitude"]


def test_many_spikes_do_not_fill_the_memory(tmp_path: Path):
    n_spikes, n_channels = 200_000, 16
    tracemalloc.start()
    demo = make_demo(tmp_path, n_spikes=n_spikes, n_channels=n_channels, raw=None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = demo.kwik_path.with_suffix(".kwx").stat().st_size
    assert size > n_spikes * n_channels * 3 * 8
    assert peak < size / 2


@pytest.mark.parametrize("sample_rate", [10_000.0, 30_000.0])
@pytest.mark.parametrize("n_channels", [1, 4, 64])
def test_other_probes_and_sample_rates(tmp_path: Path, sample_rate: float, n_channels: int):
    demo = make_demo(
        tmp_path,
        n_spikes=400,
        n_clusters=6,
        duration=3.0,
        n_channels=n_channels,
        sample_rate=sample_rate,
        n_features_per_channel=2,
    )
    features, masks = _features_masks(demo, n_features=2)
    assert features.shape == (400, 2 * n_channels)
    assert np.isfinite(features).all()
    assert masks.shape == (400, n_channels)
