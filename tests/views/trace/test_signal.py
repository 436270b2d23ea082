"""The samples that the trace view shows, against plain numpy."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.storage.arrays.bandpass import BandPass
from phygui.views.core.base import Cancelled
from phygui.views.data.spike_walk import Trains
from phygui.views.trace import signal as trace_signal
from phygui.views.trace.data import (
    TraceParams,
    load,
)
from phygui.views.trace.signal import Kind, calibration, envelope, read
from tests.views.trace.models import (
    GAIN,
    RATE,
    CountingTraces,
    make_model,
    make_model_with_a_gap,
    make_snapshot,
    never,
    plain,
)


@pytest.fixture(autouse=True)
def _fresh_cache():
    trace_signal._cache.clear()


def test_raw_samples_are_those_stored_less_the_offset_of_each_channel():
    model = make_model()
    values = read(model, 100, 300, Kind(filtered=False))
    offsets, _ = calibration(model, Kind(filtered=False))
    np.testing.assert_allclose(values, plain(model)[100:300] - offsets, rtol=1e-5)
    np.testing.assert_allclose(offsets, 100, atol=1)


@pytest.mark.parametrize("duration", [0.02, 1.0])
def test_once_a_gain_is_said_the_signal_has_it(duration):
    model, params = make_model(), TraceParams(duration=duration)
    before = load(make_snapshot(model), params, never)
    model.channel_gains = 3 * model.channel_gains
    model.n_located += 1
    after = load(make_snapshot(model), params, never)
    np.testing.assert_allclose(after.envelope.values, 3 * before.envelope.values, rtol=1e-4)
    assert after.noise == pytest.approx(3 * before.noise)


def test_what_lies_inside_a_recording_is_filtered_at_once(monkeypatch):
    monkeypatch.setattr(BandPass, "apply", lambda *_: pytest.fail("filtered there and back"))
    model = make_model()
    _ = trace_signal._read(model, 1000, 3000, filtered=True)


def test_filtered_samples_are_those_of_the_whole_recording_filtered():
    model = make_model()
    whole = BandPass(RATE, 500, 9500).apply(plain(model))
    for start, stop in [(0, 500), (10_000, 10_400), (39_000, 40_000)]:
        values = read(model, start, stop, Kind())
        np.testing.assert_allclose(values, whole[start:stop], atol=0.05)


def test_recordings_are_filtered_apart():
    model = make_model(bounds=[0, 12_345, 40_000])
    model.traces.values[12_345:] += 5000
    whole = np.concatenate(
        [
            BandPass(RATE, 500, 9500).apply(plain(model)[:12_345]),
            BandPass(RATE, 500, 9500).apply(plain(model)[12_345:]),
        ]
    )
    np.testing.assert_allclose(read(model, 12_000, 13_000, Kind()), whole[12_000:13_000], atol=0.05)


@pytest.mark.parametrize("limits", [(0, 400), (14_900, 15_200), (44_000, 46_000), (10_000, 60_000)])
def test_what_was_not_recorded_is_not_a_number(limits):
    model, whole = make_model_with_a_gap()
    found = read(model, *limits, Kind())
    np.testing.assert_allclose(found, whole[slice(*limits)], atol=0.05)
    raw = read(model, *limits, Kind(filtered=False, referenced=True))
    np.testing.assert_array_equal(np.isnan(raw), np.isnan(found))


@pytest.mark.parametrize("sampled", [False, True])
def test_an_envelope_over_a_gap(sampled, monkeypatch):
    if sampled:
        monkeypatch.setattr(trace_signal, "MOST_VALUES", 40_000)
        monkeypatch.setattr(trace_signal, "SAMPLED_VALUES", 100_000)
    model, whole = make_model_with_a_gap()
    found = envelope(model, 0, 70_000, Kind(), never)
    assert (found.sampled < 1) == sampled
    size = found.bin_size
    for k in range(found.values.shape[1] // 2):
        part = whole[k * size : (k + 1) * size]
        low, high = found.values[:, 2 * k], found.values[:, 2 * k + 1]
        if np.isnan(part).all():
            assert np.isnan(low).all()
            assert np.isnan(high).all()
        elif sampled:
            assert (low >= np.nanmin(part, axis=0) - 0.05).all()
            assert (low <= high).all()
            assert (high <= np.nanmax(part, axis=0) + 0.05).all()
        else:
            np.testing.assert_allclose(low, np.nanmin(part, axis=0), atol=0.05)
            np.testing.assert_allclose(high, np.nanmax(part, axis=0), atol=0.05)


def test_spikes_beyond_a_gap_are_where_the_signal_is():
    model, _ = make_model_with_a_gap()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(model.spike_samples))
    model.spike_samples, model.masks = model.spike_samples[order], model.masks[order]
    snapshot = make_snapshot(model)
    data = load(snapshot, TraceParams(time=2.3, duration=0.2), never)
    assert data.span == 3.5
    assert data.gaps == ((0.75, 2.25),)
    inside = np.flatnonzero(np.abs(model.spike_samples / RATE - 2.3) < 0.1)
    assert set(inside) <= set(data.spike_ids.tolist())
    assert (np.diff(data.spike_times) >= 0).all()
    np.testing.assert_array_equal(data.spike_times, model.spike_samples[data.spike_ids] / RATE)
    np.testing.assert_array_equal(data.spike_clusters, snapshot.clusters_of(data.spike_ids))
    assert data.marks == ((2.25, "recording", "recording 1"),)
    assert np.isnan(data.envelope.values[:, data.envelope.samples < 45_000]).all()
    nothing = load(snapshot, TraceParams(time=1.5, duration=0.2), never)
    assert len(nothing.spike_ids) == 0


def test_no_violation_spans_two_recordings():
    """Each cluster has spikes at the border, and a pair listed the wrong way round."""
    samples = np.array([100, 90, 19_990, 20_010, 20_030, 30_000], np.uint64)
    clock = SpikeClock(samples, Timeline.joined([20_000, 20_000]), RATE)
    trains = Trains(clock, (clock.ranks(np.arange(6)),))
    found, at = [], -1.0
    while (sample := trains.next_violation(at, 40)) is not None:
        found.append(sample)
        at = sample
    assert found == [100, 20_030]
    assert trains.previous_violation(20_020, 40) == 100
    assert trains.next_spike(50) == 90
    assert trains.next_spike(90) == 100
    assert trains.previous_spike(100) == 90


def test_common_median_reference():
    model = make_model()
    common = np.arange(40_000) % 700
    model.traces.values[:] += common[:, None].astype(np.int16)
    raw = read(model, 0, 2000, Kind(filtered=False))
    values = read(model, 0, 2000, Kind(filtered=False, referenced=True))
    np.testing.assert_allclose(values, raw - np.median(raw, axis=1, keepdims=True), rtol=1e-5)
    assert np.abs(values).max() < 100 < np.abs(raw).max()


def test_one_channel_is_no_reference_for_itself():
    model = make_model(n_channels=1)
    raw = read(model, 0, 500, Kind(filtered=False))
    np.testing.assert_array_equal(read(model, 0, 500, Kind(False, referenced=True)), raw)


def test_the_noise_is_the_standard_deviation():
    model = make_model()
    assert calibration(model, Kind(filtered=False))[1] == pytest.approx(30 * GAIN, rel=0.05)


@pytest.mark.parametrize("referenced", [False, True])
def test_a_raw_signal_is_as_tall_as_the_filtered_one(referenced):
    model = make_model()
    wave = np.sin(2 * np.pi * 8 * np.arange(40_000) / RATE)
    model.traces.values[:] += (200 * wave[:, None]).astype(np.int16)
    params = TraceParams(time=1, duration=0.2, common_median=referenced)
    filtered = load(make_snapshot(model), params, never)
    raw = load(make_snapshot(model), replace(params, signal="raw"), never)
    assert raw.noise == filtered.noise
    # A signal that would leave the picture is made smaller.
    model = make_model()
    model.traces.values[:] += (6000 * wave[:, None]).astype(np.int16)
    huge = load(make_snapshot(model), replace(params, signal="raw", common_median=False), never)
    n_rows = len(huge.channels)
    assert huge.noise > 3 * filtered.noise
    rows = huge.envelope.values / (10 * huge.noise)
    assert n_rows / 4 < np.ptp(rows) < n_rows


def test_a_short_stretch_is_shown_sample_by_sample():
    model = make_model()
    found = envelope(model, 500, 2500, Kind(), never)
    assert found.bin_size == 1
    np.testing.assert_array_equal(found.samples, np.arange(500, 2500))
    np.testing.assert_array_equal(found.values, read(model, 500, 2500, Kind()).T)


@pytest.mark.parametrize("filtered", [False, True])
def test_a_long_stretch_is_shown_by_its_extrema(filtered):
    model = make_model()
    start, stop = 1234, 39_876
    found = envelope(model, start, stop, Kind(filtered), never)
    size = found.bin_size
    assert size == 32
    assert found.sampled == 1
    first, last = start // size, -(-stop // size)
    assert found.values.shape == (4, 2 * (last - first))
    whole = BandPass(RATE, 500, 9500).apply(plain(model)) if filtered else plain(model)
    if not filtered:
        whole = whole - calibration(model, Kind(False))[0]
    for k in (first, first + 1, first + 700, last - 1):
        bin_values = whole[k * size : (k + 1) * size]
        points = found.values[:, 2 * (k - first) : 2 * (k - first) + 2]
        np.testing.assert_allclose(points[:, 0], bin_values.min(axis=0), atol=0.05)
        np.testing.assert_allclose(points[:, 1], bin_values.max(axis=0), atol=0.05)
        assert k * size < found.samples[2 * (k - first)] < (k + 1) * size


def test_the_cost_of_a_very_long_stretch_is_bounded(monkeypatch):
    monkeypatch.setattr(trace_signal, "MOST_VALUES", 200_000)
    monkeypatch.setattr(trace_signal, "SAMPLED_VALUES", 200_000)
    model = make_model(n_samples=2_000_000)
    calibration(model, Kind(False))
    model.traces.n_read = 0
    found = envelope(model, 0, 2_000_000, Kind(False), never)
    assert found.values.shape[1] < 2 * 1600
    assert model.traces.n_read < 100_000
    assert found.sampled == 31 / 2048
    bins = slice(500 * 2048 + (2048 - 31) // 2, 500 * 2048 + (2048 - 31) // 2 + 31)
    values = plain(model)[bins] - calibration(model, Kind(False))[0]
    np.testing.assert_allclose(found.values[:, 1000], values.min(axis=0))
    np.testing.assert_allclose(found.values[:, 1001], values.max(axis=0))


def test_the_parts_that_stand_for_bins_are_filtered_with_their_surroundings(monkeypatch):
    monkeypatch.setattr(trace_signal, "MOST_VALUES", 200_000)
    monkeypatch.setattr(trace_signal, "SAMPLED_VALUES", 200_000)
    model = make_model(n_samples=300_000, bounds=[0, 150_050, 300_000])
    found = envelope(model, 0, 300_000, Kind(), never)
    bounds = [*model.timeline.starts.tolist(), model.timeline.n_samples]
    whole = np.concatenate(
        [BandPass(RATE, 500, 9500).apply(plain(model)[a:b]) for a, b in pairwise(bounds)]
    )
    size, part = found.bin_size, 31
    assert found.sampled == part / size
    for k in (0, 1, 150_000 // size, 150_000 // size + 1, found.values.shape[1] // 2 - 1):
        first = min(k * size + (size - part) // 2, 300_000 - part)
        values = whole[first : first + part]
        np.testing.assert_allclose(found.values[:, 2 * k], values.min(axis=0), atol=0.1)
        np.testing.assert_allclose(found.values[:, 2 * k + 1], values.max(axis=0), atol=0.1)


def test_a_neighbouring_stretch_reads_only_what_is_new():
    model = make_model(n_samples=400_000)
    envelope(model, 0, 40_000, Kind(False), never)
    model.traces.n_read = 0
    envelope(model, 4000, 44_000, Kind(False), never)
    assert model.traces.n_read <= 2 * 128 * 32
    model.traces.n_read = 0
    envelope(model, 0, 40_000, Kind(False), never)
    assert model.traces.n_read == 0


def test_another_selection_reads_nothing_again():
    model = make_model()
    first = load(make_snapshot(model), TraceParams(time=1, duration=0.1), never)
    model.traces.n_read = 0
    second = load(make_snapshot(model, (1,)), TraceParams(time=1, duration=0.1), never)
    assert model.traces.n_read == 0
    np.testing.assert_array_equal(first.envelope.values, second.envelope.values)


def test_other_raw_data_is_read_anew():
    model = make_model()
    load(make_snapshot(model), TraceParams(time=1, duration=2), never)
    model.traces = CountingTraces(model.traces.values * 2)
    found = read(model, 0, 100, Kind(False))
    np.testing.assert_allclose(found, plain(model)[:100] - 200, atol=2)
    assert calibration(model, Kind(False))[1] == pytest.approx(60 * GAIN, rel=0.05)


def test_reading_can_be_cancelled():
    with pytest.raises(Cancelled):
        envelope(make_model(), 0, 40_000, Kind(), lambda: True)
