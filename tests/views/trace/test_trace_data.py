"""The stretch that the trace view shows: its channels, spikes and events."""

from __future__ import annotations

import warnings

import h5py
import numpy as np
import pytest

from phygui.curation.session import Session
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.absent import Absent
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.views.core.base import Empty
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
from tests.views.trace.models import (
    RATE,
    Masks,
    make_model,
    make_snapshot,
    never,
)


@pytest.fixture(autouse=True)
def _fresh_cache():
    trace_signal._cache.clear()


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


def test_masks_of_a_stretch_are_read_once_for_all_selections(monkeypatch):
    model, read = make_model(), []
    original, params = Masks.read, TraceParams(duration=1)
    monkeypatch.setattr(Masks, "read", lambda self, *a: read.append(a) or original(self, *a))
    first, second = (load(make_snapshot(model, ids), params, never) for ids in ((2, 0), (1, 4, 3)))
    assert len(read) == 1
    np.testing.assert_array_equal(first.spike_rows, second.spike_rows)
    assert not np.array_equal(first.labels, second.labels)
    other = load(make_snapshot(model), TraceParams(duration=1, order="index"), never)
    assert not np.array_equal(first.spike_rows, other.spike_rows)
    load(make_snapshot(model), TraceParams(duration=0.5), never)
    model.n_located += 1
    load(make_snapshot(model), TraceParams(duration=1), never)
    assert len(read) == 4


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
