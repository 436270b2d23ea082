"""Attributes of spikes: against their plain meaning in numpy."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from phygui.curation.statistics.spike_attributes import axis_label, feature_key, parse_key
from phygui.curation.time_range.within import TimeRange
from phygui.formats.kwik.shank import KwikShank
from phygui.views.core.base import Cancelled
from phygui.views.data.attributes import (
    amplitude_range,
    amplitudes,
    best_channels,
    channel_strengths,
    in_groups,
    robust_range,
    spans,
    spikes_inside,
    values_and_masks,
)
from phygui.views.data.cluster_values import stats_of
from phygui.views.data.spike_rows import rows_of


def never():
    return False


@pytest.fixture
def within(small_model, snapshot_of):
    """Two clusters in the middle third of the recording, of which other stats are known there."""
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    clusters = [int(c) for c in ids[np.argsort(-counts)][:4]]
    whole = snapshot_of(small_model, clusters[:2])
    span = whole.shank.span
    found = TimeRange(span / 3, 2 * span / 3).snapshot(whole)
    other = stats_of(whole, clusters[2:], never)
    return replace(found, stats=dict(zip(clusters, other.values(), strict=False)))


def test_keys_and_labels(small_model):
    assert parse_key(feature_key(3, 1)) == (3, 1)
    assert parse_key("time") is None
    name = int(small_model.channel_order[3])
    assert axis_label(KwikShank(small_model), "3:1") == f"ch {name} PC2"
    assert axis_label(KwikShank(small_model), "time") == "time (s)"


def test_values_and_masks_are_those_of_the_model(small_model, snapshot_of):
    spikes = np.array([0, 5, 17, 100])
    snapshot = snapshot_of(small_model, [])
    found = values_and_masks(snapshot, ["time", "2:1", "0:0", "2:0", "30:2"], spikes, never)
    n = small_model.n_features_per_channel
    features, masks = small_model.features[...], small_model.masks[...]
    np.testing.assert_array_equal(found["2:1"][0], features[spikes, 2 * n + 1])
    np.testing.assert_array_equal(found["2:0"][0], features[spikes, 2 * n])
    np.testing.assert_array_equal(found["2:1"][1], masks[spikes, 2])
    np.testing.assert_array_equal(found["0:0"][1], masks[spikes, 0])
    np.testing.assert_array_equal(found["30:2"][0], features[spikes, 30 * n + 2])
    np.testing.assert_array_equal(found["30:2"][1], masks[spikes, 30])
    np.testing.assert_array_equal(found["time"][0], small_model.spike_times[spikes])
    assert found["time"][1] is None
    assert set(found) == {"time", "2:1", "0:0", "2:0", "30:2"}


def test_only_the_columns_asked_for_are_read(small_model, snapshot_of, monkeypatch):
    asked = []

    class Spy:
        def read(self, spike_ids, channels):
            asked.append(channels.tolist())
            return np.zeros((2, 1, 3), np.float32), np.zeros((2, 1), np.float32)

    monkeypatch.setattr("phygui.views.data.attributes.features_of", lambda shank: Spy())
    values_and_masks(snapshot_of(small_model, []), ["3:0", "3:1"], np.array([1, 2]), never)
    assert asked == [[3]]


def test_what_is_stored_together_for_each_spike_is_read_once(small_model, snapshot_of, monkeypatch):
    """Also for channels that are far from one another."""
    asked = []

    class Sparse:
        reads_whole_rows = True

        def read(self, spike_ids, channels):
            asked.append(channels.tolist())
            values = np.add.outer(spike_ids, channels).astype(np.float32)
            return np.repeat(values[:, :, None], 2, axis=2), np.ones_like(values)

    monkeypatch.setattr("phygui.views.data.attributes.features_of", lambda shank: Sparse())
    found = values_and_masks(snapshot_of(small_model, []), ["0:1", "39:1"], np.array([3, 5]), never)
    assert asked == [[0, 39]]
    values = {key: value.tolist() for key, (value, _) in found.items()}
    assert values == {"0:1": [3.0, 5.0], "39:1": [42.0, 44.0]}


def test_near_channels_are_read_together():
    assert spans([]) == []
    assert spans([7]) == [(7, 7)]
    assert spans([30, 2, 5, 18, 80]) == [(2, 30), (80, 80)]
    assert spans([0, 17, 40]) == [(0, 0), (17, 17), (40, 40)]


def test_spikes_are_measured_as_their_own_selected_cluster_is(small_model, snapshot_of):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    first, second, other = (int(c) for c in ids[np.argsort(-counts)][:3])
    snapshot = snapshot_of(small_model, [first, second])
    spikes = np.arange(small_model.n_spikes)
    found = amplitudes(snapshot, spikes, never)
    waveforms = small_model.waveforms[...].astype(np.float64) * small_model.voltage_gain
    for cluster, ruled_by in ((first, first), (second, second), (other, first)):
        mean = waveforms[small_model.spike_clusters == ruled_by].mean(axis=0)
        sample, channel = np.unravel_index(np.argmax(np.abs(mean)), mean.shape)
        own = small_model.spike_clusters == cluster
        wanted = np.sign(mean[sample, channel]) * waveforms[own, sample, channel]
        np.testing.assert_allclose(found[own], wanted, atol=0.01)


@pytest.mark.slow
def test_best_channels_are_those_of_the_largest_mean_masked_feature(small_model, snapshot_of):
    for cluster in np.unique(small_model.spike_clusters):
        snapshot = snapshot_of(small_model, [int(cluster)])
        spikes = snapshot.spikes(int(cluster))[:200]
        if len(snapshot.spikes(int(cluster))) > 200:
            continue
        n = small_model.n_features_per_channel
        strengths = np.zeros(small_model.n_channels)
        for spike in spikes:
            for channel in range(small_model.n_channels):
                values = small_model.features[spike, channel * n : (channel + 1) * n]
                strengths[channel] += np.abs(values).max() * small_model.masks[spike, channel]
        assert best_channels(snapshot, never)[0] == np.argmax(strengths)


def test_features_that_are_no_numbers_and_masked_ones_make_no_channel_strong(
    small_model, snapshot_of, monkeypatch
):
    """Nor do infinite ones."""
    values = np.array([[[1, -3], [np.nan, 2], [np.inf, -np.inf], [9, 9]]], np.float32)
    masks = np.array([[0.5, 1, 1, 0]], np.float32)
    features = SimpleNamespace(read=lambda spike_ids: (values, masks))
    monkeypatch.setattr("phygui.views.data.attributes.features_of", lambda shank: features)
    cluster = int(small_model.spike_clusters[0])
    found = channel_strengths(snapshot_of(small_model, [cluster]), [cluster], never)
    assert found[0].tolist() == [1.5, 2, 0, 0]


def test_clusters_take_turns_for_the_best_channels(small_model, snapshot_of):
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:3]]
    orders = [best_channels(snapshot_of(small_model, [c]), never) for c in ids]
    together = best_channels(snapshot_of(small_model, ids), never)
    assert sorted(together) == list(range(small_model.n_channels))
    firsts = list(dict.fromkeys(order[0] for order in orders))
    assert together[: len(firsts)] == firsts


def test_strengths_of_clusters_are_read_at_once(small_model, snapshot_of, monkeypatch):
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:4]]
    snapshot, read = snapshot_of(small_model, ids), []
    source = type(snapshot.shank.features)
    original = source.read
    monkeypatch.setattr(source, "read", lambda self, *a: read.append(a) or original(self, *a))
    together = channel_strengths(snapshot, ids, never)
    assert len(read) == 1
    again = channel_strengths(snapshot, ids[::-1], never)[::-1]
    assert len(read) == 1
    for one, other in zip(together, again, strict=True):
        np.testing.assert_array_equal(one, other)
    for cluster_id, one in zip(ids, together, strict=True):
        other = snapshot_of(small_model, ids)
        np.testing.assert_allclose(channel_strengths(other, [cluster_id], never)[0], one, rtol=1e-6)


def test_robust_range_shows_each_group_and_ignores_outliers():
    rng = np.random.default_rng(0)
    large, small = rng.normal(0, 1, 5000), rng.normal(50, 1, 30)
    low, high = robust_range([large, small])
    assert low < -2.0
    assert high > 51
    spoilt = np.append(large, [1e9, -1e9, np.nan, np.inf])
    low, high = robust_range([spoilt, small])
    assert -20 < low < -2
    assert 51 < high < 70


def test_values_in_groups_are_those_of_each_cluster_or_of_very_many_all_as_one():
    rng = np.random.default_rng(0)
    colors = rng.integers(0, 5, 300)
    colors[colors == 3] = 4
    values = rng.normal(size=300)
    found = in_groups(values, colors)
    assert len(found) == 5
    for k, own in enumerate(found):
        np.testing.assert_array_equal(np.sort(own), np.sort(values[colors == k]))
    assert [len(a) for a in in_groups(values, np.arange(300))] == [300]
    assert sum(map(len, in_groups(values[:0], colors[:0]))) == 0


def test_robust_range_of_nothing_and_of_one_value():
    assert robust_range([]) == (-1, 1)
    assert robust_range([np.array([np.nan])]) == (-1, 1)
    assert robust_range([np.array([3.0])]) == (2.5, 3.5)


@pytest.mark.parametrize(
    ("n", "n_outliers"), [(6, 1), (12, 1), (12, 2), (20, 1), (20, 2), (50, 2), (99, 2), (150, 2)]
)
@pytest.mark.parametrize("side", [1, -1])
def test_robust_range_of_few_values_is_not_spoilt_by_one_or_two(n, side, n_outliers):
    values = np.random.default_rng(n).normal(100, 10, n)
    low, high = robust_range([values])
    spoilt = values.copy()
    spoilt[:n_outliers] *= 300 * side
    found = robust_range([spoilt])
    assert found[0] > low - 20
    assert found[1] < high + 20
    # Nor does a small cluster spoil the range of a large one.
    large = np.random.default_rng(0).normal(100, 10, 5000)
    found = robust_range([large, spoilt])
    assert found[0] > 0
    assert found[1] < 200


@pytest.mark.parametrize("n", [2, 3, 5, 12, 20, 40, 99])
def test_robust_range_shows_few_ordinary_values_whole(n):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for values in (rng.uniform(-5, 5, n), np.linspace(0, 1, n), np.repeat([3.0, 800.0], n)):
            low, high = robust_range([values])
            assert np.all((values > low) & (values < high))
        two_clusters = np.concatenate([rng.normal(0, 1, 3 * n), rng.normal(300, 1, n + 1)])
        low, high = robust_range([two_clusters])
        assert low < -1
        assert high > 301


@pytest.mark.parametrize("n", [1, 2, 3, 20, 500])
def test_robust_range_of_constant_values(n):
    assert robust_range([np.full(n, 3.0)]) == (2.5, 3.5)
    assert robust_range([np.full(n, np.float32(7)), np.full(n, 7.0)]) == (6.5, 7.5)
    # Silent but for a few spikes: they are what there is to see.
    low, high = robust_range([np.append(np.zeros(min(n, 90)), 900.0)])
    assert low < 0
    assert high > 900


def test_robust_range_of_three_values_shows_all():
    low, high = robust_range([np.array([1.0, 1.1, 300.0])])
    assert low < 1
    assert high > 300


def test_spikes_inside_takes_all_spikes_of_the_selection(small_model, snapshot_of, monkeypatch):
    monkeypatch.setattr("phygui.views.data.attributes._CHUNK", 50)
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:3]]
    snapshot = snapshot_of(small_model, ids)
    features = small_model.features[...]
    n = small_model.n_features_per_channel
    x, y = features[:, 0], features[:, 2 * n]
    x0, x1 = np.percentile(x, [30, 90])
    y0, y1 = np.percentile(y, [10, 80])
    polygon = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    wanted = np.flatnonzero(inside & np.isin(small_model.spike_clusters, ids))
    found = spikes_inside(snapshot, "0:0", "2:0", polygon, never)
    assert len(wanted) > 15
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.int64


def test_spikes_inside_can_be_cancelled(small_model, snapshot_of):
    snapshot = snapshot_of(small_model, [int(small_model.spike_clusters[0])])
    polygon = np.array([(0, 0), (1, 0), (1, 1)], np.float64)
    with pytest.raises(Cancelled):
        spikes_inside(snapshot, "0:0", "time", polygon, lambda: True)


def test_a_large_cluster_does_not_cling_to_the_end_of_the_amplitudes():
    values = np.random.default_rng(0).normal(1000, 10, 500)
    low, high = amplitude_range([values])
    assert low == 0
    assert np.mean(values < 0.9 * high) == 1
    values[0] = 1e9
    assert amplitude_range([values])[1] < 1300
    assert amplitude_range([])[1] > 0


def test_amplitudes_around_zero_are_on_the_axis():
    noise = np.random.default_rng(0).normal(5, 10, 500)
    low, high = amplitude_range([noise, np.full(20, 80.0)])
    assert np.mean(noise < low) < 0.02
    assert high > 80


@pytest.mark.parametrize("key", ["amplitude", "interval"])
def test_a_lasso_in_a_time_range_holds_the_spikes_that_a_split_takes(within, key):
    spikes = np.sort(np.concatenate([within.spikes(c) for c in within.cluster_ids]))
    values = values_and_masks(within, [key], spikes, never)[key][0]
    whole = values_and_masks(within.whole, [key], spikes, never)[key][0]
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values, whole)
    low, high = within.time_range[0] - 1, float(np.median(values))
    box = np.array([(low, high), (1e9, high), (1e9, 1e9), (low, 1e9)])
    inside = spikes_inside(within, "time", key, box, never)
    taken = spikes_inside(within.whole, "time", key, box, never)
    assert 0 < len(inside) < len(spikes)
    np.testing.assert_array_equal(inside, taken[within.holds(taken)])


def test_the_spike_list_of_a_time_range_has_the_intervals_of_the_recording(within):
    rows, whole = rows_of(within, never), rows_of(within.whole, never)
    since = dict(zip(whole.spike_ids.tolist(), whole.intervals.tolist(), strict=True))
    assert rows.intervals.tolist() == [since[spike] for spike in rows.spike_ids.tolist()]
