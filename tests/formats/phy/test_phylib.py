"""What is read of a folder is what phylib reads of it, of every spike.

Waveforms are cut by phylib from the raw data that it reads, filtered as ours are.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from phylib.io.model import load_model
from phylib.io.traces import extract_waveforms
from scipy.signal import butter, filtfilt

from phygui import open_dataset

from .folders import make

INTEROP = ("phy_sparse", "phy_dense", "ks4_imitation")


@pytest.fixture(params=["kilosort2", "kilosort4", "spikeinterface"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make(tmp_path, request.param).path


@pytest.fixture(params=INTEROP)
def written_by_others(request: pytest.FixtureRequest, data_folder: Path, tmp_path: Path) -> Path:
    # One of them has the raw data of another one.
    shutil.copytree(data_folder / "interop", tmp_path / "interop")
    return tmp_path / "interop" / request.param


def assert_same(folder: Path) -> None:
    """Compare all that both read."""
    dataset = open_dataset(folder)
    shank, state = dataset.open(), dataset.clusterings.read((0, "main"))
    model = load_model(folder / "params.py")
    every, channels = np.arange(model.n_spikes), np.arange(model.n_channels)
    np.testing.assert_array_equal(shank.spike_samples, model.spike_samples)
    np.testing.assert_array_equal(shank.spike_times, model.spike_times)
    np.testing.assert_array_equal(state.spike_clusters, model.spike_clusters)
    np.testing.assert_array_equal(shank.spike_templates, model.spike_templates)
    np.testing.assert_array_equal(shank.channels, model.channel_mapping)
    np.testing.assert_array_equal(shank.channel_positions, model.channel_positions)
    assert shank.features is not None
    features, masks = shank.features.read(every)
    np.testing.assert_array_equal(features, np.nan_to_num(model.get_features(every, channels)))
    assert masks.any(axis=1).all()
    assert shank.templates is not None
    assert set(model.template_ids.tolist()) == set(shank.templates)
    for number in shank.templates:
        of = model.get_template(number)
        template = shank.templates[number]
        limit = 1e-6 * np.abs(of.template).max()
        np.testing.assert_allclose(template[:, of.channel_ids], of.template, atol=limit)
        # Elsewhere phylib leaves out what is small.
        heights = np.ptp(template, axis=0)
        assert int(heights.argmax()) == of.best_channel
    assert (shank.waveforms is None) == (model.traces is None)
    if shank.waveforms is not None:
        filtered = np.asarray(model.traces[:], np.float64)
        if not model.hp_filtered:
            band = np.array([shank.filter.low, shank.filter.high]) * 2 / shank.sample_rate
            filtered = filtfilt(*butter(shank.filter.order, band, "bandpass"), filtered, axis=0)
        n = model.n_samples_waveforms
        theirs = extract_waveforms(filtered, model.spike_samples, channels, n)
        ours = shank.waveforms[0 : model.n_spikes]
        assert ours.shape == theirs.shape
        # phylib's begin half a waveform before a spike, ours where its template begins.
        shift = n // 2 - shank.n_samples_before
        ours, theirs = ours[:, max(-shift, 0) : n - max(shift, 0)], theirs[:, max(shift, 0) :]
        theirs = theirs[:, : ours.shape[1]]
        assert ours.shape[1] >= n // 2
        if model.hp_filtered:
            # Neither filters; an offset that there may be is not shown here.
            ours, theirs = (of - of.mean(axis=1, keepdims=True) for of in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * np.abs(theirs).max())
    shank.close()


def test_all_is_what_phylib_reads(made: Path) -> None:
    assert_same(made)


@pytest.mark.genuine
def test_all_of_folders_of_others_is_what_phylib_reads(written_by_others: Path) -> None:
    assert_same(written_by_others)


def test_raw_data_that_is_filtered_already_is_not_filtered_again(made: Path) -> None:
    params = made / "params.py"
    params.write_text(params.read_text() + "\nhp_filtered = True\n")
    assert_same(made)
