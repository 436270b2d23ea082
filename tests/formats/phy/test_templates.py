"""A folder without its raw data: the sorter's templates tell what clusters look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.dataset import mean_template
from phygui.storage.state import locations
from phygui.views.waveform.data import WaveformData, WaveformParams
from phygui.views.waveform.view import WaveformView

from .folders import Folder, make


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "locations_file", lambda: tmp_path / "own" / "locations.json")


def without(tmp_path: Path, *names: str) -> Folder:
    truth = make(tmp_path, "spikeinterface")
    for name in names:
        (truth.path / name).unlink()
    return truth


def test_clusters_are_compared_and_placed_by_templates(tmp_path: Path) -> None:
    truth = without(tmp_path, "recording.dat", "pc_features.npy", "pc_feature_ind.npy")
    with Session.open(truth.path) as session:
        session.learn_all()
        shank = session.shank
        for cluster in range(4):
            of = session.stats[cluster]
            peak = np.abs(truth.shapes[cluster]).max(axis=0)
            assert of.best_channel == shank.channels[peak.argmax()]
            assert of.depth == shank.channel_positions[peak.argmax(), 1]
            assert of.size == pytest.approx(peak.max(), rel=1e-4)
            assert of.amplitude is None, "a template need not have the size of waveforms"
            np.testing.assert_allclose(of.summary.mean_waveform, truth.shapes[cluster], atol=1e-3)
        session.select([4])
        assert session.similar()[0][0] == 7, "two halves of one template"
        # A cluster that was merged is between its parts, as many spikes of each as there are.
        merged = session.merge([0, 1]).added[0]
        session.learn_all()
        counts = [np.count_nonzero(truth.templates == t) for t in (0, 1)]
        mean = np.average(truth.shapes[:2], axis=0, weights=counts)
        found = session.stats[merged].summary.mean_waveform
        np.testing.assert_allclose(found, mean, atol=1e-3)


def test_amplitudes_are_still_those_of_features(tmp_path: Path) -> None:
    truth = without(tmp_path, "recording.dat")
    with Session.open(truth.path) as session:
        session.learn_all()
        assert session.metrics[0]
        assert session.stats[0].summary.mean is not None


@pytest.mark.parametrize("has_raw", [False, True])
def test_the_waveform_view_shows_templates(tmp_path: Path, has_raw: bool) -> None:
    truth = without(tmp_path, *([] if has_raw else ["recording.dat"]))
    with Session.open(truth.path) as session:
        session.select([2, 3])
        snapshot = session.snapshot()
        params = WaveformParams(templates=has_raw, show="spikes")
        data = WaveformView.load(snapshot, params, lambda: False)
        assert isinstance(data, WaveformData)
        assert data.are_templates
        np.testing.assert_allclose(data.means, truth.shapes[2:4], atol=1e-3)
        assert data.form(params) == "mean"
        assert data.shown is not None
        assert data.shown.form == "mean"
        assert WaveformView.load_highlight(snapshot, data, np.arange(9), lambda: False) is None
        usual = WaveformView.load(snapshot, WaveformParams(), lambda: False)
        assert isinstance(usual, WaveformData)
        assert usual.are_templates is not has_raw


def test_without_templates_nothing_is_told(small: Path) -> None:
    with Session.open(small) as session:
        assert mean_template(session.shank, np.arange(9)) is None
