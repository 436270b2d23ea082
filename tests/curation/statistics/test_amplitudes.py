"""The amplitude of spikes and clusters, and the noise they are compared with, by plain numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, filtfilt

from phygui.curation.session import Session
from phygui.curation.statistics import stats as module
from phygui.curation.statistics.amplitudes import amplitude_unit, ruler_of, spike_amplitudes
from phygui.curation.statistics.measuring import noise
from phygui.curation.statistics.measuring.noise import noise_pieces
from phygui.curation.statistics.stats import QualitySource, compute_stats
from phygui.formats.kwik.shank import KwikShank
from phygui.storage.arrays.bandpass import BandPass
from tests.formats.phy import folders


def whole(session: Session) -> np.ndarray:
    """The recording, filtered by scipy, in microvolts."""
    model = session.model
    assert model.traces is not None
    low, high = model.filter.low, model.filter.high
    b, a = butter(
        model.filter.order, [low * 2 / model.sample_rate, high * 2 / model.sample_rate], "bandpass"
    )
    raw = np.asarray(model.traces[:])[:, model.channel_order].astype(np.float64)
    return filtfilt(b, a, raw, axis=0) * model.voltage_gain


def test_the_amplitude_of_a_cluster_is_the_mean_of_those_of_its_spikes(small: Path) -> None:
    with Session.open(small) as session:
        model, snapshot = session.model, session.snapshot()
        filtered, before = whole(session), model.n_samples_before
        for cluster, of in compute_stats(snapshot, snapshot.spikes_per_cluster).items():
            times = model.spike_samples[snapshot.spikes(cluster)].astype(np.int64)
            around = times[:, None] + np.arange(-before, model.n_samples_waveforms - before)
            inside = (around >= 0) & (around < len(filtered))
            snippets = filtered[np.clip(around, 0, len(filtered) - 1)] * inside[:, :, None]
            mean = snippets.mean(axis=0)
            sample, channel = np.unravel_index(np.argmax(np.abs(mean)), mean.shape)
            assert of.best_channel == model.channel_order[channel]
            assert of.amplitude == pytest.approx(np.abs(mean).max(), rel=1e-3)
            found = spike_amplitudes(
                KwikShank(model), snapshot.spikes(cluster), ruler_of(KwikShank(model), of.summary)
            )
            wanted = snippets[:, sample, channel] * np.sign(mean[sample, channel])
            np.testing.assert_allclose(found, wanted, atol=1e-3 * np.abs(wanted).max())
            assert found.mean() == pytest.approx(of.amplitude, rel=1e-4)
        assert amplitude_unit(KwikShank(model)) == "µV"


def test_without_raw_data_it_is_the_projection_on_the_mean_features(small: Path) -> None:
    small.with_suffix(".dat").unlink()
    with Session.open(small) as session:
        model, snapshot = session.model, session.snapshot()
        assert model.features is not None
        assert model.masks is not None
        features = model.features[:].astype(np.float64)
        n = model.n_features_per_channel
        for cluster, of in compute_stats(snapshot, snapshot.spikes_per_cluster).items():
            spikes = snapshot.spikes(cluster)
            assert of.summary.mean is not None
            mean = of.summary.mean.astype(np.float64)
            largest = np.argsort(-np.linalg.norm(mean.reshape(-1, n), axis=1))[:8]
            mean = mean.reshape(-1, n)[largest].ravel()
            own = features[spikes].reshape(len(spikes), -1, n)[:, largest].reshape(len(spikes), -1)
            found = spike_amplitudes(
                KwikShank(model), spikes, ruler_of(KwikShank(model), of.summary)
            )
            np.testing.assert_allclose(found, own @ mean / np.linalg.norm(mean), rtol=1e-3)
            assert of.amplitude is None
        assert amplitude_unit(KwikShank(model)) == ""


def test_spikes_without_features_have_no_amplitude(tmp_path: Path) -> None:
    truth = folders.make(tmp_path)
    (truth.path / "recording.dat").unlink()
    some = np.arange(0, len(truth.samples), 3)
    np.save(truth.path / "pc_features.npy", np.load(truth.path / "pc_features.npy")[some])
    np.save(truth.path / "pc_feature_spike_ids.npy", some)
    with Session.open(truth.path) as session:
        snapshot, shank = session.snapshot(), session.shank
        for cluster, of in compute_stats(snapshot, snapshot.spikes_per_cluster).items():
            spikes = snapshot.spikes(cluster)
            found = spike_amplitudes(shank, spikes, ruler_of(shank, of.summary))
            np.testing.assert_array_equal(np.isfinite(found), np.isin(spikes, some))


@pytest.mark.parametrize("piece_s", [0.1, 0.5, 30.0])
def test_the_noise_is_that_of_the_whole_recording(
    small: Path, piece_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "NOISE_PIECE_S", piece_s)
    monkeypatch.setattr(noise, "NOISE_CHANNELS", 5)
    with Session.open(small) as session:
        filtered = whole(session) / session.model.voltage_gain
        deviation = np.median(np.abs(filtered - np.median(filtered, axis=0)), axis=0) / 0.6744898
        source = QualitySource(session.shank)
        found = [source.noise(channel) for channel in range(session.model.n_channels)]
        np.testing.assert_allclose(found, deviation, rtol=0.02)


def test_snr_is_the_amplitude_over_the_noise_of_the_best_channel(small: Path) -> None:
    with Session.open(small) as session:
        model = session.model
        session.learn_all()
        source = session.knowledge.source(session.snapshot())
        for cluster, metrics in session.metrics.items():
            of, n_spikes = session.stats[cluster], len(session.spikes_per_cluster[cluster])
            assert metrics["snr"].is_defined == (n_spikes >= 10)
            assert not metrics["amplitude_cutoff"].is_defined
            if n_spikes >= 10:
                best = model.channel_order.tolist().index(of.best_channel)
                level = source.noise(best) * model.channel_gains[best]
                assert metrics["snr"].value == pytest.approx(of.amplitude / level, rel=1e-5)


@given(
    st.lists(st.integers(0, 50_000), min_size=1, max_size=12),
    st.integers(1, 60_000),
    st.integers(100, 5_000),
    st.integers(0, 2_000),
)
def test_noise_comes_from_enough_pieces_all_over_the_recordings(
    lengths: list[int], n_samples: int, most: int, margin: int
) -> None:
    pieces = noise_pieces(lengths, n_samples, most, margin)
    assert sum(stop - start for _, start, stop in pieces) >= min(n_samples, sum(lengths))
    assert {recording for recording, *_ in pieces} == {i for i, n in enumerate(lengths) if n}
    for recording, length in enumerate(lengths):
        own = [(start, stop) for of, start, stop in pieces if of == recording]
        assert all(0 <= start < stop <= length and stop - start <= most for start, stop in own)
        has_room = sum(stop - start for start, stop in own) + 2 * margin <= length
        left_out = margin if has_room else 0
        assert all(left_out <= start and stop <= length - left_out for start, stop in own)
        if len(own) > 1:
            assert (own[0][0], own[-1][1]) == (left_out, length - left_out)
            steps = np.diff([start for start, _ in own])
            assert steps.max() - steps.min() <= 1
        # In proportion, up to a rounding of each piece.
        taken = sum(stop - start for start, stop in own)
        assert taken <= length * min(1, n_samples / max(1, sum(lengths))) + 1 + len(own)


def test_noise_is_filtered_at_once_where_the_recording_has_room(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(small) as session:
        expected = noise.Noise(session.model).level(3)
        monkeypatch.setattr(noise, "NOISE_S", 1.0)
        monkeypatch.setattr(BandPass, "apply", lambda *_: pytest.fail("filtered there and back"))
        assert noise.Noise(session.model).level(3) == pytest.approx(expected, rel=0.05)


def test_sixteen_seconds_of_an_hour_are_read() -> None:
    pieces = noise_pieces([60_000_000, 48_000_000], noise.NOISE_S * 30_000, 0.5 * 30_000)
    assert sum(stop - start for _, start, stop in pieces) == pytest.approx(480_000, rel=0.001)
    assert len(pieces) <= 34


def test_a_cluster_is_looked_at_by_1000_spikes_at_least_however_many_channels(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(small) as session:
        model = session.model
        each = (model.n_samples_waveforms + 2 * model.filter.margin) * 32 * 2
        assert module._affordable(model, *module.N_SPIKES_WAVEFORMS) == 5_000
        monkeypatch.setattr(module, "WAVEFORM_BYTES", 1_200 * each)
        assert module._affordable(model, *module.N_SPIKES_WAVEFORMS) == 1_200
        monkeypatch.setattr(module, "WAVEFORM_BYTES", 1)
        assert module._affordable(model, *module.N_SPIKES_WAVEFORMS) == 1_000
