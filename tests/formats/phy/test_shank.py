"""What a folder holds, as the program sees it, against what was written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from phygui import open_dataset
from phygui.dataset import DatasetError
from phygui.errors import DatasetWarning
from phygui.formats.phy.shank import PhyShank
from phygui.storage.state import locations

from .folders import N_CHANNELS, N_PCS, N_RAW, TROUGH, WIDTH, make

GENERATIONS = ("kilosort2", "kilosort4", "spikeinterface")


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "locations_file", lambda: tmp_path / "own" / "locations.json")


def opened(path: Path, channel_group: int | None = None) -> PhyShank:
    shank = open_dataset(path).open(channel_group)
    assert isinstance(shank, PhyShank)
    return shank


@pytest.mark.parametrize("like", GENERATIONS)
def test_all_arrays_are_what_was_written(tmp_path: Path, like: str) -> None:
    truth = make(tmp_path, like)
    shank = opened(truth.path / "params.py" if like == "kilosort2" else truth.path)
    assert shank.path == truth.path
    assert shank.warnings == []
    assert (shank.n_spikes, shank.n_channels) == (len(truth.samples), N_CHANNELS)
    np.testing.assert_array_equal(shank.spike_samples, truth.samples)
    assert shank.duration == pytest.approx(1.5)
    features = shank.features
    assert features is not None
    assert features.n_features == N_PCS
    values, masks = features.read(np.arange(shank.n_spikes))
    np.testing.assert_array_equal(values, truth.features)
    np.testing.assert_array_equal(masks, truth.has_features)
    some, channels = np.array([200, 3, 3, 77]), np.array([6, 1, 2])
    values, masks = features.read(some, channels)
    np.testing.assert_array_equal(values, truth.features[some][:, channels])
    np.testing.assert_array_equal(masks, truth.has_features[some][:, channels])
    assert features.read(some[:0])[0].shape == (0, N_CHANNELS, N_PCS)
    assert shank.templates is not None
    for template, shape in enumerate(truth.shapes):
        np.testing.assert_allclose(shank.templates[template], shape, atol=1e-3)
    assert 99 not in shank.templates
    assert (shank.n_samples_before, shank.n_samples_waveforms) == (TROUGH, WIDTH)
    assert shank.traces is not None
    assert shank.traces.shape == truth.raw.shape
    np.testing.assert_array_equal(shank.traces[500:600], truth.raw[500:600])
    assert shank.waveforms is not None
    spike = int(np.flatnonzero(truth.templates == 4)[0])
    mean = shank.waveforms.mean(np.flatnonzero(truth.templates == 4))
    assert mean[:, np.ptp(truth.shapes[4], axis=0).argmax()].argmin() == TROUGH
    assert shank.waveforms[spike : spike + 1].shape == (1, WIDTH, N_CHANNELS)
    sizes = shank.attributes["sorter_amplitude"]
    np.testing.assert_allclose(sizes.read(some), 50.0 + truth.templates[some])
    shank.close()


def test_amplitudes_are_named_for_what_they_are(tmp_path: Path) -> None:
    titles = [
        opened(make(tmp_path, like).path).attributes["sorter_amplitude"].title
        for like in GENERATIONS
    ]
    assert titles == ["factor of the template", "norm of the components", "sorter's amplitude"]
    shank = opened(tmp_path / "kilosort4")
    assert {"sorter_depth", "sorter_x"} < set(shank.attributes)
    assert "kept_spikes" not in shank.attributes, "it has more rows than there are spikes"


def test_features_of_some_spikes_only(tmp_path: Path) -> None:
    truth = make(tmp_path)
    kept = np.arange(0, len(truth.samples), 3)
    stored = np.load(truth.path / "pc_features.npy")
    np.save(truth.path / "pc_features.npy", stored[kept])
    np.save(truth.path / "pc_feature_spike_ids.npy", kept)
    features = opened(truth.path).features
    assert features is not None
    values, masks = features.read(np.arange(len(truth.samples)))
    np.testing.assert_array_equal(values[kept], truth.features[kept])
    assert not masks[1::3].any()


def test_several_shanks_have_the_spikes_of_their_templates(tmp_path: Path) -> None:
    truth = make(tmp_path, n_shanks=2)
    dataset = open_dataset(truth.path)
    assert list(dataset.channel_groups) == [0, 1]
    largest = np.ptp(truth.shapes, axis=1).argmax(axis=1)[truth.templates]
    for group in (0, 1):
        shank = dataset.open(group)
        spikes = np.flatnonzero(largest // 4 == group)
        np.testing.assert_array_equal(shank.spike_samples, truth.samples[spikes])
        assert shank.n_channels == 4
        assert shank.features is not None
        values, _ = shank.features.read(np.arange(shank.n_spikes))
        of_shank = slice(4 * group, 4 * group + 4)
        np.testing.assert_array_equal(values, truth.features[spikes][:, of_shank])
        np.testing.assert_allclose(
            shank.attributes["sorter_amplitude"].read(np.arange(9)),
            50.0 + truth.templates[spikes[:9]],
        )
    with pytest.raises(DatasetError, match="no shank 5"):
        dataset.open(5)


def test_several_files_of_raw_data_follow_one_another(tmp_path: Path) -> None:
    truth = make(tmp_path)
    whole = (truth.path / "recording.dat").read_bytes()
    cut = 12_345 * N_RAW * 2
    (truth.path / "recording.dat").write_bytes(whole[:cut])
    (truth.path / "second.dat").write_bytes(whole[cut:])
    text = (truth.path / "params.py").read_text()
    (truth.path / "params.py").write_text(
        text.replace("[r'recording.dat']", "['recording.dat', 'second.dat']")
    )
    shank = opened(truth.path)
    assert shank.timeline.n_recordings == 2
    assert shank.traces is not None
    np.testing.assert_array_equal(shank.traces[12_000:13_000], truth.raw[12_000:13_000])
    np.testing.assert_array_equal(shank.spike_recordings, truth.samples >= 12_345)


def test_raw_data_is_found_beside_a_folder_that_was_moved_and_located_elsewhere(
    tmp_path: Path,
) -> None:
    truth = make(tmp_path, "spikeinterface")
    text = (truth.path / "params.py").read_text()
    gone = text.replace("r'recording.dat'", r"r'D:\data\gone\recording.dat'")
    (truth.path / "params.py").write_text(gone)
    assert opened(truth.path).traces is not None
    (tmp_path / "far").mkdir()
    shutil.move(truth.path / "recording.dat", tmp_path / "far" / "other.bin")
    shank = opened(truth.path)
    assert shank.traces is None
    assert shank.waveforms is None
    assert shank.absent["traces"].looked_for == "recording.dat"
    shank.locate("traces", tmp_path / "far" / "other.bin")
    assert shank.waveforms is not None
    assert "traces" not in shank.absent
    assert opened(truth.path).traces is not None, "it is remembered"
    with pytest.raises(DatasetError, match="features are in the folder"):
        shank.locate("features", tmp_path)


def test_the_word_none_is_no_path(tmp_path: Path) -> None:
    truth = make(tmp_path, "spikeinterface")
    text = (truth.path / "params.py").read_text()
    (truth.path / "params.py").write_text(text.replace("recording.dat", "None"))
    shank = opened(truth.path)
    assert "names no raw data" in str(shank.absent["traces"])
    assert shank.duration == pytest.approx((truth.samples.max() + 1) / 20_000)


def test_spikes_after_the_end_of_the_raw_data_are_told_of(tmp_path: Path) -> None:
    truth = make(tmp_path)
    with open(truth.path / "recording.dat", "r+b") as file:
        file.truncate(20_000 * N_RAW * 2)
    with pytest.warns(DatasetWarning, match="ends at sample 20000"):
        shank = opened(truth.path)
    assert shank.waveforms is not None
    assert not np.asarray(shank.waveforms[-1:]).any()


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    truth = make(tmp_path)
    for name in ("pc_features", "templates", "amplitudes", "spike_positions", "spike_clusters"):
        (truth.path / f"{name}.npy").unlink()
    dataset = open_dataset(truth.path)
    shank = dataset.open()
    assert shank.features is None
    assert shank.templates is None
    assert shank.attributes == {}
    clusters = dataset.clusterings.read((0, "main")).spike_clusters
    np.testing.assert_array_equal(clusters, truth.templates)
