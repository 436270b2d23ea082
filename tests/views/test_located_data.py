"""What was computed before other data was located is not shown any more."""

from __future__ import annotations

import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.curation.session import Session
from phygui.views.amplitude.view import AmplitudeParams, AmplitudeView
from phygui.views.correlogram.data import CorrelogramParams
from phygui.views.correlogram.data import load as load_correlograms
from phygui.views.data.attributes import channel_strengths
from phygui.views.data.cluster_values import column, stats_of
from phygui.views.feature.view import FeatureParams, FeatureView
from phygui.views.isi.view import IsiParams
from phygui.views.isi.view import load as load_intervals
from phygui.views.trace.signal import Kind, read
from phygui.views.waveform.data import WaveformParams, load_waveforms


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "phygui.storage.state.locations.locations_file", lambda: tmp_path / "locations.json"
    )


def never() -> bool:
    return False


def test_clusters_have_amplitudes_as_soon_as_there_is_raw_data(small: Path) -> None:
    raw = small.with_suffix(".dat")
    elsewhere = raw.rename(raw.with_name("elsewhere.dat"))
    with Session.open(small) as session:
        ids = session.cluster_ids.tolist()
        stats = stats_of(session.snapshot(), ids, never)
        assert all(of.amplitude is None for of in stats.values())
        session.locate("traces", elsewhere)
        stats = stats_of(session.snapshot(), ids, never)
        assert all(of.amplitude for of in stats.values())


def test_waveforms_are_those_of_the_raw_data_located_last(small: Path) -> None:
    raw = small.with_suffix(".dat")
    louder = raw.with_name("louder.dat")
    (2 * np.fromfile(raw, np.int16)).tofile(louder)
    with Session.open(small) as session:
        session.select([4])
        before = load_waveforms(session.snapshot(), WaveformParams(), never)
        session.locate("traces", louder)
        after = load_waveforms(session.snapshot(), WaveformParams(), never)
    np.testing.assert_allclose(after.waveforms, 2 * before.waveforms, atol=0.05)
    assert after.full_scale == pytest.approx(2 * before.full_scale, rel=1e-3)


def test_each_channel_is_shown_with_the_gain_that_its_raw_data_says(small: Path) -> None:
    raw = small.with_suffix(".dat")
    with KwikModel(small) as model:
        order, n_channels = model.channel_order, model.n_raw_channels
        raw_units = model.waveforms[:]
        stored = model.traces[100:200][:, order]
    gains = 0.1 * (1 + np.arange(n_channels))
    kwd = small.with_suffix(".raw.kwd")
    with h5py.File(kwd, "w") as file:
        file["recordings/0/data"] = np.fromfile(raw, np.int16).reshape(-1, n_channels)
        file["recordings/0/application_data/channel_bit_volts"] = gains
    with Session.open(small) as session, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.locate("traces", kwd)
        assert session.model.voltage_unit == "µV"
        session.select([4])
        found = load_waveforms(session.snapshot(), WaveformParams(channels="all"), never)
        signal = read(session.model, 100, 200, Kind(filtered=False))
    expected = raw_units[found.spike_ids] * gains[order]
    np.testing.assert_allclose(
        found.waveforms, expected[:, :, found.channels], rtol=1e-4, atol=0.01
    )
    # Traces are centred.
    steps = np.diff(stored * gains[order], axis=0)
    np.testing.assert_allclose(np.diff(signal, axis=0), steps, atol=0.01)


def test_features_are_those_of_the_file_located_last(small: Path) -> None:
    larger = small.with_name("larger.kwx")
    larger.write_bytes(small.with_suffix(".kwx").read_bytes())
    with h5py.File(larger, "r+") as file:
        found = next(iter(file["channel_groups"].values()))["features_masks"]
        found[:, :, 0] = 2 * found[:, :, 0]
    small.with_suffix(".dat").unlink()  # with raw data amplitudes are those of the voltage
    with Session.open(small) as session:
        session.select([4])

        def told() -> list[np.ndarray]:
            snapshot = session.snapshot()
            features = FeatureView.load(snapshot, FeatureParams(), never)
            return [
                AmplitudeView.load(snapshot, AmplitudeParams(), never).amplitudes,
                channel_strengths(snapshot, [4], never)[0],
                *(features.values[key] for key in features.values if ":" in key),
            ]

        before = told()
        session.locate("features", larger)
        for old, new in zip(before, told(), strict=True):
            np.testing.assert_allclose(new, 2 * old, rtol=1e-5)


def test_no_pair_spans_a_border_whatever_is_known_of_the_recordings(small: Path) -> None:
    raw = small.with_suffix(".dat")
    both = raw.with_name("both")
    both.mkdir()
    values = np.fromfile(raw, np.int16).reshape(-1, 32)
    with h5py.File(small, "r+") as file:
        spikes = next(iter(file["channel_groups"].values()))["spikes"]
        times = spikes["time_samples"][...]
        half = int(times[len(times) // 2])
        spikes["recording"][...] = times >= half
        spikes["time_samples"][...] = np.where(times >= half, times - half, times)
        clusters = spikes["clusters/main"]
        last = np.flatnonzero(times < half)[-1]
        # The last spike of the first recording, and the first two of the second.
        clusters[last : last + 3] = 999
        for k, start in enumerate((0, half)):
            recording = file.require_group(f"recordings/{k}")
            recording.attrs["start_sample"] = start
            recording.attrs["sample_rate"] = 20_000.0
            path = np.array([f"{k}.dat".encode()])
            recording.require_group("raw").attrs["dat_path"] = path
    raw.unlink()
    values[:half].tofile(both / "0.dat")
    values[half:].tofile(both / "1.dat")
    with Session.open(small) as session:
        session.select([999])

        def told() -> list[float]:
            snapshot = session.snapshot()
            correlograms = load_correlograms(snapshot, CorrelogramParams(window_ms=2000), never)
            intervals = load_intervals(snapshot, IsiParams(longest_ms=1000), never)
            return [
                float(correlograms.counts.sum()),
                float(intervals.heights.sum()),
                float(column(snapshot, "violations", [999], never)[0]),
                *correlograms.violations.tolist(),
                *intervals.violations.tolist(),
            ]

        samples = session.model.spike_samples[session.spikes_per_cluster[999]].astype(int)
        assert np.diff(samples)[0] < 1000
        is_violation = float(np.diff(samples)[1] < 40)
        expected = [2, 1, 100 * is_violation / 3, is_violation / 3, is_violation / 3]
        assert session.model.traces is None
        assert told() == pytest.approx(expected)
        session.locate("traces", both)
        found = session.model.spike_samples[session.spikes_per_cluster[999]]
        assert found.tolist() == samples.tolist()
        assert told() == pytest.approx(expected)
