"""What the trace view shows, against plain numpy."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from phygui.curation.session import Session
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.absent import Absent
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.storage.arrays.bandpass import BandPass
from phygui.views.core.base import Cancelled, Empty
from phygui.views.data.spike_walk import Trains
from phygui.views.trace import signal as trace_signal
from phygui.views.trace.data import (
    MOST_EVENTS,
    OTHER,
    TraceParams,
    channel_rows,
    interval_of,
    load,
)
from phygui.views.trace.signal import Kind, calibration, envelope, read

RATE = 20_000.0
GAIN = 0.5


def never() -> bool:
    return False


class Model(SimpleNamespace):
    """What the trace view asks of a model, without a file."""

    @property
    def clock(self) -> SpikeClock:
        return SpikeClock(self.spike_samples, self.timeline, RATE)

    @property
    def features(self) -> Masks | None:
        return None if self.masks is None else Masks(self.masks)


class Masks:
    """Masks of spikes, as features come with them; the features do not matter here."""

    n_features = 1
    has_masks = True

    def __init__(self, masks: np.ndarray) -> None:
        self.masks = masks

    def read(self, spike_ids: Any, channels: Any) -> tuple[np.ndarray, np.ndarray]:
        masks = self.masks[np.ix_(spike_ids, channels)]
        return np.zeros((*masks.shape, 1), np.float32), masks


class CountingTraces:
    """An array that remembers how much of it was read."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.shape = values.shape
        self.n_read = 0

    def __getitem__(self, item: Any) -> np.ndarray:
        found = self.values[item]
        self.n_read += len(found)
        return found


def make_model(n_samples: int = 40_000, n_channels: int = 4, bounds=None, seed: int = 0) -> Model:
    rng = np.random.default_rng(seed)
    traces = rng.normal(0, 30, (n_samples, n_channels + 1)).astype(np.int16) + 200
    samples = np.sort(rng.integers(0, n_samples, n_samples // 200)).astype(np.uint64)
    masks = (rng.random((len(samples), n_channels)) < 0.5).astype(np.float32)
    masks[:, n_channels // 4] = 1
    timeline = Timeline.joined(np.diff([0, n_samples] if bounds is None else bounds))
    return Model(
        sample_rate=RATE,
        traces=CountingTraces(traces),
        channels=np.arange(n_channels)[::-1] + 1,
        channel_positions=np.column_stack([np.zeros(n_channels), [30.0, 10.0, 20.0, 0.0]])
        if n_channels == 4
        else np.zeros((n_channels, 2)),
        channel_gains=np.full(n_channels, GAIN),
        voltage_unit="µV",
        filter=BandPass(RATE, 500, 9500),
        timeline=timeline,
        spike_samples=samples,
        masks=masks,
        n_samples_before=10,
        n_samples_waveforms=30,
        events={"stimulus": np.array([0.3, 1.1])},
        absent={},
        path=Path("myexperiment.kwik"),
    )


def make_snapshot(model: Model, selected: tuple[int, ...] = (2, 0), seed: int = 1) -> Snapshot:
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, 5, len(model.spike_samples)).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(5)}
    return Snapshot(1, model, selected, spikes, clusters, {})  # type: ignore[arg-type]


def plain(model: Model) -> np.ndarray:
    """All the samples of the channels of the group, in microvolts."""
    return model.traces.values[:, model.channels].astype(np.float32) * GAIN


@pytest.fixture(autouse=True)
def _fresh_cache():
    trace_signal._cache.clear()


# -- the signal --------------------------------------------------------------------------------


def test_raw_samples_are_those_stored_less_the_offset_of_each_channel():
    model = make_model()
    values = read(model, 100, 300, Kind(filtered=False))
    offsets, _ = calibration(model, Kind(filtered=False))
    np.testing.assert_allclose(values, plain(model)[100:300] - offsets, rtol=1e-5)
    np.testing.assert_allclose(offsets, 100, atol=1)


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


def make_model_with_a_gap() -> tuple[Model, np.ndarray]:
    """Recordings of 15,000 and 25,000 samples, 30,000 apart; all samples, filtered, NaN between."""
    model = make_model()
    model.timeline = Timeline(np.array([0, 45_000]), np.array([15_000, 25_000]))
    rows = model.spike_samples.astype(np.int64)
    model.spike_samples = model.timeline.from_rows(rows).astype(np.uint64)
    parts = [
        BandPass(RATE, 500, 9500).apply(plain(model)[a:b])
        for a, b in [(0, 15_000), (15_000, 40_000)]
    ]
    nothing = np.full((30_000, 4), np.nan)
    return model, np.concatenate([parts[0], nothing, parts[1]])


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


# -- the stretch -------------------------------------------------------------------------------


def test_the_stretch_stays_within_the_recording():
    assert interval_of(TraceParams(time=5, duration=2), 10) == (4, 6)
    assert interval_of(TraceParams(time=0, duration=2), 10) == (0, 2)
    assert interval_of(TraceParams(time=99, duration=2), 10) == (8, 10)
    assert interval_of(TraceParams(time=5, duration=99), 10) == (0, 10)


def test_channels_by_depth_or_index():
    model = make_model()
    assert channel_rows(model, "depth").tolist() == [0, 2, 1, 3]
    assert channel_rows(model, "index").tolist() == [0, 1, 2, 3]
    data = load(make_snapshot(model), TraceParams(order="depth"), never)
    assert data.channel_labels == ("4", "2", "3", "1")
    plain_order = load(make_snapshot(model), TraceParams(order="index"), never)
    np.testing.assert_array_equal(data.envelope.values[1], plain_order.envelope.values[2])


@pytest.mark.parametrize("duration", [0.1, 0.7, 2.0])
def test_spikes_of_the_selection_are_on_their_unmasked_channels(duration):
    model = make_model()
    snapshot = make_snapshot(model)
    data = load(snapshot, TraceParams(time=1, duration=duration, order="index"), never)
    times = model.spike_samples / RATE
    low, high = data.interval
    for cluster, color in ((2, 0), (0, 1)):
        ids = snapshot.spikes(cluster)
        sure = ids[(times[ids] >= low) & (times[ids] < high)]
        assert set(sure) <= set(data.spike_ids)
        assert (data.spike_colors[np.isin(data.spike_ids, ids)] == color).all()
    unmasked = model.masks[data.spike_ids] > 0
    assert not (data.spike_rows & ~unmasked).any()
    assert data.spike_rows.any(axis=1).all()
    partial = ~unmasked.all(axis=1)
    np.testing.assert_array_equal(data.spike_rows[partial], unmasked[partial])
    np.testing.assert_allclose(data.spike_times, times[data.spike_ids])


def test_in_long_bins_spikes_are_only_where_they_are_largest():
    model = make_model(n_samples=200_000)
    model.spike_samples = np.array([60_000], dtype=np.uint64)
    model.masks = np.ones((1, 4), dtype=np.float32)
    for channel, depth in enumerate((500, 4000, 3000, 300)):
        model.traces.values[59_998:60_003, model.channels[channel]] -= depth
    snapshot = Snapshot(1, model, (0,), {0: np.array([0])}, np.zeros(1, np.int32), {})
    data = load(snapshot, TraceParams(time=5, duration=10, order="index"), never)
    assert data.envelope.bin_size > 32
    assert data.spike_rows.tolist() == [[False, True, True, False]]


def test_points_of_a_spike_carry_its_colour():
    model = make_model()
    model.spike_samples = np.array([1000, 3000], dtype=np.uint64)
    model.masks = np.array([[1, 0, 0.5, 0], [0, 1, 0, 0]], dtype=np.float32)
    spikes = {7: np.array([0]), 8: np.array([1])}
    snapshot = Snapshot(1, model, (8, 7), spikes, np.array([7, 8], np.int32), {})
    data = load(snapshot, TraceParams(time=0.1, duration=0.15, order="index"), never)
    assert data.envelope.bin_size == 1
    expected = np.zeros((4, len(data.envelope.samples)), int)
    start = int(data.envelope.samples[0])
    expected[[0, 2], 1000 - 10 - start : 1000 + 20 - start] = 2
    expected[1, 3000 - 10 - start : 3000 + 20 - start] = 1
    np.testing.assert_array_equal(data.labels, expected)

    wide = load(snapshot, TraceParams(time=1, duration=2, order="index"), never)
    bins = np.arange((1000 - 10) // 32, (1000 + 19) // 32 + 1)
    points = np.r_[bins * 2, bins * 2 + 1]
    assert set(np.flatnonzero(wide.labels[0])) == set(points)
    assert set(wide.labels[0][points]) == {2}


def test_the_first_of_the_selection_is_seen_where_spikes_overlap():
    model = make_model()
    model.spike_samples = np.array([1000, 1000, 1001], dtype=np.uint64)
    model.masks = np.tile(np.float32([1, 1, 0, 1]), (3, 1))
    spikes = {7: np.array([0]), 8: np.array([1]), 9: np.array([2])}
    snapshot = Snapshot(1, model, (8, 7), spikes, np.array([7, 8, 9], np.int32), {})
    data = load(snapshot, TraceParams(time=0.05, duration=0.1, spikes="all"), never)
    shown = data.channels != 2
    assert (data.labels[shown, 1000] == 1).all()
    assert (data.labels[shown, 1020] == -1).all()
    assert not data.labels[~shown].any()


def test_where_samples_are_skipped_spikes_are_in_the_middle_of_their_channels(monkeypatch):
    monkeypatch.setattr(trace_signal, "MOST_VALUES", 1000)
    monkeypatch.setattr(trace_signal, "SAMPLED_VALUES", 1000)
    model = make_model(n_samples=200_000)
    model.spike_samples = np.array([60_000, 90_000], dtype=np.uint64)
    model.masks = np.array([[1, 1, 0.2, 0], [0, 0, 1, 0]], dtype=np.float32)
    spikes = {0: np.array([0, 1])}
    snapshot = Snapshot(1, model, (0,), spikes, np.zeros(2, np.int32), {})
    data = load(snapshot, TraceParams(time=5, duration=10, order="index"), never)
    assert data.envelope.sampled < 1
    assert data.spike_rows.tolist() == [[False, True, False, False], [False, False, True, False]]


def test_all_other_spikes_on_demand():
    model = make_model()
    snapshot = make_snapshot(model)
    selected = load(snapshot, TraceParams(time=1, duration=0.5), never)
    data = load(snapshot, TraceParams(time=1, duration=0.5, spikes="all"), never)
    assert not (selected.labels == OTHER).any()
    np.testing.assert_array_equal(selected.spike_ids, data.spike_ids)
    clusters = snapshot.spike_clusters[data.spike_ids]
    np.testing.assert_array_equal(data.spike_colors == OTHER, ~np.isin(clusters, [0, 2]))
    times = model.spike_samples / RATE
    assert set(np.flatnonzero((times >= 0.75) & (times < 1.25))) <= set(data.spike_ids)
    assert (data.labels == OTHER).any()
    none = load(snapshot, TraceParams(time=1, duration=0.5, spikes="none"), never)
    assert not none.labels.any()


def test_too_many_spikes_are_thinned_to_one_a_bin():
    model = make_model(n_samples=400_000)
    model.spike_samples = np.arange(0, 400_000, 5, dtype=np.uint64)
    model.masks = np.tile(np.float32([0, 1, 0, 0]), (80_000, 1))
    spikes = {0: np.arange(0, 80_000, 2), 1: np.arange(1, 80_000, 2)}
    clusters = (np.arange(80_000) % 2).astype(np.int32)
    snapshot = Snapshot(1, model, (0,), spikes, clusters, {})
    data = load(snapshot, TraceParams(time=10, duration=20), never)
    n_bins = len(data.envelope.samples) // 2
    assert n_bins - 1 <= np.sum(data.spike_colors == 0) <= n_bins + 2
    assert n_bins - 1 <= np.sum(data.spike_colors == OTHER) <= n_bins + 2
    assert data.n_spikes == 80_000
    assert (data.labels[data.channels == 1, ::2] == 1).mean() > 0.99
    assert not data.labels[data.channels != 1].any()


def test_without_masks_spikes_are_where_they_are_large():
    model = make_model()
    model.masks = None
    model.spike_samples = np.array([1000], dtype=np.uint64)
    model.traces.values[998:1003, model.channels[2]] -= 2000
    snapshot = Snapshot(1, model, (0,), {0: np.array([0])}, np.zeros(1, np.int32), {})
    data = load(snapshot, TraceParams(time=0.05, duration=0.1, order="index"), never)
    assert data.spike_rows.tolist() == [[False, False, True, False]]


def test_the_nearest_spike_of_a_row_is_found():
    model = make_model()
    data = load(make_snapshot(model), TraceParams(time=1, duration=1, order="index"), never)
    k = 3
    row = int(np.flatnonzero(data.spike_rows[k])[0])
    assert data.spike_at(data.spike_times[k] + 1e-6, row, 1e-4) == k
    assert data.spike_at(5.0, row, 1e-4) is None


def test_recordings_and_events_are_marked():
    model = make_model(bounds=[0, 16_000, 40_000])
    data = load(make_snapshot(model), TraceParams(time=1, duration=2), never)
    assert data.marks == (
        (0.8, "recording", "recording 1"),
        (0.3, "event", "stimulus"),
        (1.1, "event", "stimulus"),
    )
    assert load(make_snapshot(model), TraceParams(time=0.5, duration=0.1), never).marks == ()


def test_of_very_many_events_some_are_marked_all_over_the_stretch():
    model = make_model(bounds=[0, 40_000])
    model.events = {"frame": np.sort(np.random.default_rng(0).uniform(0, 2, 100_000))}
    data = load(make_snapshot(model), TraceParams(time=1, duration=2), never)
    times = np.array([time for time, _, _ in data.marks])
    assert MOST_EVENTS / 2 < len(times) <= MOST_EVENTS
    assert np.diff(times).max() < 0.01
    assert times[0] < 0.01
    assert times[-1] > 1.99


def test_without_raw_data_the_file_looked_for_is_named():
    model = make_model()
    model.traces, model.absent = None, {"traces": Absent("myexperiment.dat")}
    found = load(make_snapshot(model), TraceParams(), never)
    assert isinstance(found, Empty)
    assert found.reason == (
        "No raw data: myexperiment.dat was not found beside myexperiment.kwik. "
        "Choose the file with Dataset > Locate."
    )


def test_raw_data_of_too_few_channels_is_refused():
    model = make_model()
    model.channels = np.array([0, 1, 2, 9])
    found = load(make_snapshot(model), TraceParams(), never)
    assert isinstance(found, Empty)
    assert "5 channels" in found.reason
    assert "needs 10" in found.reason


def test_without_a_selection_the_traces_are_shown():
    data = load(make_snapshot(make_model(), selected=()), TraceParams(), never)
    assert data.envelope.values.shape[0] == 4
    assert (data.spike_colors == OTHER).all()
    assert not data.labels.any()
    assert data.trains.next_spike(0) is None


# -- walking along the spikes ------------------------------------------------------------------


@pytest.mark.parametrize("stride", [3, 65_536])
def test_next_and_previous_spikes_and_violations(stride, monkeypatch):
    from phygui.views.data import spike_walk as module

    monkeypatch.setattr(module, "STRIDE", stride)
    rng = np.random.default_rng(5)
    samples = np.sort(rng.integers(0, 20_000, 400)).astype(np.uint64)
    clusters = rng.integers(0, 3, 400)
    ids = tuple(np.flatnonzero(clusters == c) for c in (0, 2))
    trains = Trains(SpikeClock(samples, Timeline.joined([20_000]), RATE), ids)
    whole = np.sort(np.concatenate([samples[i] for i in ids])).astype(int)
    short = []
    for i in ids:
        train = samples[i].astype(int)
        short += train[1:][np.diff(train) < 40].tolist()
    assert len(short) > 5
    for t in [-1.0, 0.0, 5.5, *whole[::40], 10_000.2, 19_999.0, 25_000.0]:
        assert trains.next_spike(t) == min((s for s in whole if s > t), default=None)
        assert trains.previous_spike(t) == max((s for s in whole if s < t), default=None)
        assert trains.next_violation(t, 40) == min((s for s in short if s > t), default=None)
        assert trains.previous_violation(t, 40) == max((s for s in short if s < t), default=None)


@pytest.mark.parametrize(
    "told", [{"extract_s_before": "ten", "extract_s_after": 16}, {"waveforms_nsamples": 20}]
)
def test_a_spike_is_as_long_as_its_waveform_whatever_the_file_says(small, told) -> None:
    with h5py.File(small, "r+") as file:
        attributes = file["application_data/spikedetekt"].attrs
        del attributes["extract_s_before"], attributes["extract_s_after"]
        attributes.update(told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = Session.open(small)
    with session:
        spike = session.spikes_per_cluster[4][1]
        session.select([4])
        model = session.model
        params = TraceParams(time=float(model.spike_times[spike]), duration=0.05)
        data = load(session.snapshot(), params, never)
        first, last = data.spike_points[data.spike_ids.tolist().index(spike)]
        sample = int(model.spike_samples[spike])
        assert data.envelope.bin_size == 1
        assert data.envelope.samples[first] == sample - model.n_samples_before
        assert last - first + 1 == model.n_samples_waveforms
