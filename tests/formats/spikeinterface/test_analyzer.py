"""What an analyzer holds, as the program sees it, against what SpikeInterface says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import phygui.formats.spikeinterface.format as of_format
from phygui import open_dataset
from phygui.curation.statistics.cache import data_print
from phygui.dataset import DatasetError, DatasetWarning
from phygui.formats.spikeinterface.shank import AnalyzerShank
from phygui.storage.state import locations

from .analyzers import (
    GAIN,
    N_CHANNELS,
    N_UNITS,
    PLAIN,
    SECONDS,
    SOME,
    SUFFIXES,
    WITH_ZARR,
    as_zarr,
    make,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "locations_file", lambda: tmp_path / "own" / "locations.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = make(tmp_path_factory.mktemp("all"))
    as_zarr(path)
    return path


@pytest.fixture(scope="module")
def partial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("some"), SOME, n_shanks=2)


def opened(path: Path, channel_group: int | None = None) -> AnalyzerShank:
    shank = open_dataset(path).open(channel_group)
    assert isinstance(shank, AnalyzerShank)
    return shank


@pytest.fixture
def filtered(made: Path) -> Iterator[Path]:
    """The same, as if its recording had been filtered before it was stored."""
    told = made / "recording_info" / "recording_attributes.json"
    text = told.read_text()
    told.write_text(json.dumps({**json.loads(text), "is_filtered": True}))
    yield made
    told.write_text(text)


@pytest.mark.slow
def test_a_recording_that_was_filtered_before_is_not_filtered_again(
    filtered: Path, partial: Path
) -> None:
    assert opened(partial).filter.order == 3
    shank = opened(filtered)
    assert shank.filter.order == 0
    assert shank.waveforms is not None
    assert shank.traces is not None
    inside = np.flatnonzero(shank.spike_samples > 2_000)[:20]
    firsts = shank.spike_samples[inside] - shank.n_samples_before
    stored = np.stack([shank.traces[at : at + shank.n_samples_waveforms] for at in firsts])
    found = shank.waveforms[inside]
    differences = (stored - found).reshape(len(inside), shank.n_samples_waveforms, -1)
    # An offset is taken away, the same at all samples of a waveform.
    assert np.ptp(differences, axis=1).max() < 0.01
    shank.close()


def test_flat_files_that_the_user_points_to_are_filtered(filtered: Path, tmp_path: Path) -> None:
    """They may be what was recorded, before any filter."""
    shank = opened(filtered)
    assert shank.traces is not None
    flat, starts = [], np.cumsum([0, *shank.timeline.lengths])
    for k, (start, stop) in enumerate(pairwise(starts.tolist())):
        flat.append(tmp_path / f"segment_{k}.dat")
        np.asarray(shank.traces[start:stop]).tofile(flat[-1])
    before = data_print(shank)
    shank.locate("traces", flat)
    assert shank.filter.order == 3
    # What was computed of the other voltages is void.
    assert data_print(shank) != before
    shank.close()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_everything_is_what_spikeinterface_says(
    made: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numcodecs
    import spikeinterface.core as si

    # It reads models from pickles, of this test's own.
    # Older releases of numcodecs always do, and have no such switch.
    monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    path = made.with_suffix(suffix)
    truth = si.load_sorting_analyzer(path)
    spikes = truth.sorting.to_spike_vector()
    shank = opened(path)
    assert shank.warnings == []
    assert dict(shank.absent) == {}
    assert shank.voltage_unit == "µV"
    np.testing.assert_array_equal(shank.channel_gains, np.full(N_CHANNELS, GAIN))
    np.testing.assert_array_equal(shank.channel_positions, truth.get_channel_locations())
    starts = np.array([0, int(SECONDS[0] * shank.sample_rate)])
    samples = spikes["sample_index"] + starts[spikes["segment_index"]]
    np.testing.assert_array_equal(shank.spike_samples, samples)
    np.testing.assert_array_equal(shank.spike_recordings, spikes["segment_index"])
    assert shank.duration == sum(SECONDS)
    assert shank.traces is not None
    second = truth.recording.get_traces(segment_index=1)
    np.testing.assert_array_equal(shank.traces[starts[1] + 100 : starts[1] + 200], second[100:200])
    rows = np.array([starts[1] + 9000, 5, 70_000, 5])
    whole = np.concatenate([truth.recording.get_traces(segment_index=i) for i in (0, 1)])
    np.testing.assert_array_equal(shank.traces[rows][:, [1, 6]], whole[rows][:, [1, 6]])
    templates = truth.get_extension("templates")
    assert shank.templates is not None
    assert shank.n_samples_before == templates.nbefore
    for cluster, template in enumerate(templates.get_data()):
        np.testing.assert_allclose(shank.templates[cluster] * GAIN, template, atol=1e-3)
    amplitudes = truth.get_extension("spike_amplitudes").get_data()
    ids = np.array([40, 3, 3, 7])
    attribute = shank.attributes["sorter_amplitude"]
    np.testing.assert_allclose(attribute.read(ids), amplitudes[ids])
    assert attribute.unit == "µV"
    features = shank.features
    assert features is not None
    assert features.n_features == 4
    values, masks = features.read(np.arange(shank.n_spikes))
    components = truth.get_extension("principal_components")
    for place, unit in enumerate(truth.unit_ids):
        own, channels = components.get_projections_one_unit(unit, sparse=True)
        of_unit = np.flatnonzero(spikes["unit_index"] == place)
        np.testing.assert_allclose(values[of_unit][:, channels], own.transpose(0, 2, 1))
        assert (masks[of_unit].sum(axis=1) == len(channels)).all()
    state = open_dataset(path).clusterings.read((0, "main"))
    metrics = truth.get_extension("quality_metrics").get_data()
    for cluster, unit in enumerate(truth.unit_ids):
        assert float(state.labels[cluster]["snr"]) == pytest.approx(metrics["snr"][unit])
        assert int(state.labels[cluster]["num_spikes"]) == metrics["num_spikes"][unit]
    assert "quality metrics" in open_dataset(path).describe()


def test_components_of_some_spikes_make_room_for_those_of_all_waveforms(partial: Path) -> None:
    shanks = [opened(partial, group) for group in (0, 1)]
    assert sum(shank.n_channels for shank in shanks) == N_CHANNELS
    for shank in shanks:
        assert shank.features is not None
        assert shank.waveforms is not None
        ids = np.arange(0, shank.n_spikes, 3)
        values, masks = shank.features.read(ids)
        assert values.shape == (len(ids), shank.n_channels, 3)
        assert np.isfinite(values).all()
        assert (values[masks == 0] == 0).all()
        assert (masks > 0).any(axis=1).all()
        again, _ = shank.features.read(ids[5:9], np.array([1]))
        np.testing.assert_allclose(again, values[5:9, [1]], rtol=1e-4, atol=1e-3)
        # The first component has most of what a waveform is.
        waveforms = shank.waveforms[ids]
        there = masks > 0
        heights = np.ptp(waveforms, axis=1)[there]
        found = np.corrcoef(heights, np.abs(values[..., 0])[there])[0, 1]
        assert found > 0.8
    states = [open_dataset(partial).clusterings.read((group, "main")) for group in (0, 1)]
    units = [set(state.cluster_groups) for state in states]
    assert not units[0] & units[1]
    assert sum(map(len, units)) == N_UNITS


def test_without_the_recording_some_spikes_have_components(partial: Path, tmp_path: Path) -> None:
    path = tmp_path / "moved"
    shutil.copytree(partial, path)
    shank = opened(path)
    assert shank.traces is None
    assert "cannot be opened" in shank.absent["traces"].reason
    assert shank.features is not None
    _, masks = shank.features.read(np.arange(shank.n_spikes))
    assert 0 < np.count_nonzero(masks.any(axis=1)) < shank.n_spikes
    flat = sorted((partial.parent / "recording").glob("*.raw"))
    with pytest.raises(DatasetError, match="2 segments"):
        shank.locate("traces", flat[0])
    with pytest.raises(DatasetError, match="expected 60000 samples"):
        shank.locate("traces", list(reversed(flat)))
    shank.locate("traces", partial.parent / "recording")
    assert shank.traces is not None
    assert shank.n_located == 1
    shank.locate("traces", list(flat))
    wanted = opened(partial).traces
    assert wanted is not None
    np.testing.assert_array_equal(opened(path).traces[70_000:70_010], wanted[70_000:70_010])


def test_spikes_of_components_that_are_no_row_of_numbers_are_told_of(
    partial: Path, tmp_path: Path
) -> None:
    path = tmp_path / "hostile"
    shutil.copytree(partial, path)
    indices = path / "extensions" / "random_spikes" / "random_spikes_indices.npy"
    np.save(indices, np.load(indices)[:, None])
    with pytest.warns(DatasetWarning, match="along 2 axes, expected 1. They are left out"):
        assert opened(path).features is None


def test_an_analyzer_without_sparsity_and_with_units_of_other_names(tmp_path: Path) -> None:
    path = make(tmp_path, PLAIN, unit_ids=list("abcde"), sparse=False)
    shank = opened(path)
    assert shank.features is not None
    _, masks = shank.features.read(np.arange(5))
    assert masks.all()
    assert "features" not in shank.absent
    state = open_dataset(path).clusterings.read((0, "main"))
    assert [state.labels[c]["unit_id"] for c in range(5)] == list("abcde")


def test_without_spikeinterface_the_sentence_names_the_command(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_format, "find_spec", lambda _: None)
    with pytest.raises(DatasetError, match=r'pip install "phygui\[spikeinterface\]"'):
        open_dataset(made)


def change_json(*names: str, **values: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        place = path.joinpath(*names)
        place.write_text(json.dumps(json.loads(place.read_text()) | values))

    return change


def spikes_of(**values: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        place = path / "sorting" / "spikes.npy"
        spikes = np.load(place)
        for name, value in values.items():
            spikes[name][3] = value
        np.save(place, spikes)

    return change


def pickled(path: Path) -> None:
    np.save(path / "sorting" / "spikes.npy", np.array([{}], object), allow_pickle=True)


ATTRIBUTES = ("recording_info", "recording_attributes.json")


def in_a_column(path: Path) -> None:
    """Spikes in rows and columns."""
    spikes = path / "sorting" / "spikes.npy"
    np.save(spikes, np.load(spikes)[:, None])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pickled, "cannot be read"),
        (in_a_column, "a sample, a unit and a segment"),
        (spikes_of(unit_index=9), "spike 3"),
        (spikes_of(sample_index=-1), "sample -1"),
        (spikes_of(segment_index=2), "segment 2"),
        (change_json(*ATTRIBUTES, channel_ids=[]), "no channels"),
        (change_json(*ATTRIBUTES, sampling_frequency="x"), "frequency"),
        (change_json(*ATTRIBUTES, num_samples=[0.5]), "num_samples"),
        (change_json(*ATTRIBUTES, dtype="O"), "type of the recording"),
        (change_json("sorting", "numpysorting_info.json", unit_ids=[1, "1"]), "unit ids"),
        (lambda path: np.save(path / "sparsity_mask.npy", np.ones((2, 2))), "sparsity"),
        (
            lambda path: np.save(
                path / "sparsity_mask.npy", np.zeros((5, 8), [("a", "i4"), ("b", "f8")])
            ),
            "sparsity_mask.npy",
        ),
        (lambda path: (path / "settings.json").unlink(), "only a part"),
    ],
)
def test_hostile_folders_are_told_in_one_sentence(
    made: Path, tmp_path: Path, change: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "hostile"
    shutil.copytree(made, path)
    change(path)
    with pytest.raises(DatasetError, match=words) as raised:
        open_dataset(path).open()
    assert "\n" not in str(raised.value)


@pytest.fixture
def ran(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "ran"
    assert not (tmp_path / "ran").exists()


class Runs:
    """What runs when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_no_class_of_others_is_made_and_no_pickle_read(
    made: Path, tmp_path: Path, ran: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pickle

    import numcodecs

    # Whatever the user has allowed other programs.
    monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    path = tmp_path / "analyzer"
    shutil.copytree(made, path)
    told = json.loads((path / "recording.json").read_text())
    for name in ("pathlib.Path", "spikeinterface.core.core_tools.check_json", "os.system", 3):
        change_json("recording.json", **{"class": name})(path)
        assert "not opened" in opened(path).absent["traces"].reason
    nested = {**told, "kwargs": {"recording": {"class": "os.system", "kwargs": {}}}}
    (path / "recording.json").write_text(json.dumps(nested))
    assert "os.system" in opened(path).absent["traces"].reason
    (path / "recording.json").unlink()
    (path / "recording.pickle").write_bytes(pickle.dumps(Runs(ran)))
    assert opened(path).traces is None
    if not WITH_ZARR:
        return
    import zarr

    packed = tmp_path / "packed.zarr"
    shutil.copytree(made.with_suffix(".zarr"), packed)
    root = zarr.open_group(str(packed), mode="a")
    value = np.array([Runs(ran)], object)
    codec = numcodecs.Pickle()
    root.create_dataset("recording", data=value, object_codec=codec, overwrite=True)
    assert "pickle" in opened(packed).absent["traces"].reason
    units = "sorting/spikes/unit_index"
    root.create_dataset(units, data=value, object_codec=codec, overwrite=True)
    with pytest.raises(DatasetError, match="pickle"):
        open_dataset(packed)
