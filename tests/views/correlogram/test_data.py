"""The numbers of the correlogram view against their plain meaning."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from phygui.curation.statistics.snapshot import Snapshot
from phygui.views.core.base import Cancelled, Empty
from phygui.views.correlogram import data as correlogram_data
from phygui.views.correlogram.data import CorrelogramParams, bin_edges, load
from phygui.views.correlogram.view import CorrelogramView
from tests.views.correlogram.snapshots import DURATION, RATE, make_snapshot, naive, never


def test_counts_are_those_of_every_pair_of_spikes():
    snapshot = make_snapshot()
    data = load(snapshot, CorrelogramParams(bin_ms=1, window_ms=50), never)
    assert data.counts.shape == (3, 3, 50)
    for i in range(3):
        for j in range(3):
            expected = naive(snapshot, i, j, 20, 25)
            assert data.counts[i, j].tolist() == expected


def test_counts_equal_the_public_correlograms():
    from phygui.analysis import correlograms

    snapshot = make_snapshot(5, 3000)
    data = load(snapshot, CorrelogramParams(bin_ms=0.5, window_ms=100), never)
    expected = correlograms(
        snapshot.shank.spike_samples, snapshot.spike_clusters, range(5), 1.0, 10, 2000
    )
    # One bar for each side of lag zero, and none beyond the window.
    np.testing.assert_array_equal(data.counts[..., :99], expected[..., 1:100])
    np.testing.assert_array_equal(data.counts[..., 101:], expected[..., 101:200])
    np.testing.assert_array_equal(data.counts[..., 99:101].max(axis=-1), expected[..., 100])


def test_wide_windows():
    from phygui.analysis import correlograms

    snapshot = make_snapshot(2)
    data = load(snapshot, CorrelogramParams(bin_ms=50, window_ms=20_000), never)
    expected = correlograms(
        (snapshot.shank.spike_samples + 0.25) / RATE,
        snapshot.spike_clusters,
        [0, 1],
        RATE,
        0.05,
        20.0,
    )
    assert data.counts.shape == (2, 2, 400)
    np.testing.assert_array_equal(data.counts[..., 201:], expected[..., 201:400])


def test_logarithmic_lags():
    snapshot = make_snapshot(2)
    params = CorrelogramParams(log_lag=True, window_ms=1000)
    data = load(snapshot, params, never)
    samples = snapshot.shank.spike_samples.astype(float)
    lags = samples[snapshot.spikes(1)][None, :] - samples[snapshot.spikes(0)][:, None]
    n_half = len(data.edges_ms) // 2
    right = np.r_[data.edges_ms[n_half:, 0], data.edges_ms[-1, 1]] / 1000 * RATE
    first = np.ceil(right - 1e-6)
    expected = [np.sum((lags >= a) & (lags < b)) for a, b in pairwise(first)]
    assert data.counts[0, 1, n_half:].tolist() == expected
    assert data.edges_ms[n_half, 0] == pytest.approx(0.5)
    assert data.edges_ms[-1, 1] == pytest.approx(500)
    np.testing.assert_allclose(data.edges_ms, -data.edges_ms[::-1, ::-1])
    np.testing.assert_array_equal(data.counts[1, 0], data.counts[0, 1, ::-1])


def test_bars_stand_where_their_lags_are():
    edges = bin_edges(CorrelogramParams(bin_ms=1, window_ms=50), RATE)
    np.testing.assert_allclose(edges[:, 0], np.arange(-25, 25))
    np.testing.assert_allclose(np.diff(edges, axis=1), 1)


@pytest.mark.parametrize("rate", [20_000.0, 24_414.0625, 29_999.95, 30_000.0])
@pytest.mark.parametrize("bin_ms", [0.3, 1.0])
@pytest.mark.parametrize("log_lag", [False, True])
def test_every_pair_lies_under_the_bar_that_counts_it(rate, bin_ms, log_lag):
    snapshot = make_snapshot(2)
    snapshot.shank.sample_rate = rate
    params = CorrelogramParams(bin_ms=bin_ms, window_ms=40, log_lag=log_lag)
    data = load(snapshot, params, never)
    assert data.edges_ms[-1, 1] == pytest.approx(20, abs=bin_ms)
    samples = snapshot.shank.spike_samples.astype(np.int64)
    a, b = snapshot.spikes(0), snapshot.spikes(1)
    lags = (samples[b][None, :] - samples[a][:, None]) / rate * 1000
    half, near = len(data.edges_ms) // 2, 1e-9
    for k in range(half):
        low, high = data.edges_ms[half + k]
        after = (lags > low - near) & (lags < high - near)
        before = (lags > -high + near) & (lags < -low + near)
        if k == 0 and not log_lag:
            # Of two spikes at the same time, the file tells which comes first.
            after &= b[None, :] > a[:, None]
            before &= b[None, :] < a[:, None]
        assert data.counts[0, 1, half + k] == after.sum()
        assert data.counts[0, 1, half - 1 - k] == before.sum()


def test_the_number_of_bars_is_bounded():
    params = CorrelogramParams(bin_ms=0.05, window_ms=100_000)
    data = load(make_snapshot(2), params, never)
    assert data.counts.shape[2] <= 2001
    np.testing.assert_allclose(data.edges_ms[0, 0], -50_000, rtol=0.01)


def test_scales():
    snapshot = make_snapshot(2)
    counts = load(snapshot, CorrelogramParams(), never)
    rate = load(snapshot, CorrelogramParams(scale="rate"), never)
    normalised = load(snapshot, CorrelogramParams(scale="normalised"), never)
    n_a, n_b = (len(snapshot.spikes(c)) for c in (0, 1))
    np.testing.assert_allclose(rate.heights[0, 1], counts.counts[0, 1] / n_a / 0.001)
    np.testing.assert_allclose(rate.baseline[0, 1], n_b / DURATION)
    np.testing.assert_allclose(counts.baseline[0, 1], n_a * n_b * 0.001 / DURATION)
    np.testing.assert_allclose(normalised.baseline, 1)
    np.testing.assert_allclose(normalised.heights[0, 1], rate.heights[0, 1] / (n_b / DURATION))
    assert (counts.unit, rate.unit, normalised.unit) == ("pairs", "spikes/s", "× mean")


def test_independent_trains_lie_on_the_baseline():
    snapshot = make_snapshot(2, 60_000, seed=3)
    data = load(snapshot, CorrelogramParams(bin_ms=5, window_ms=100, scale="normalised"), never)
    far = np.abs(data.edges_ms.mean(axis=1)) > 10
    assert data.heights[0, 1, far].mean() == pytest.approx(1, abs=0.02)


def test_violations_are_the_share_of_short_intervals():
    snapshot = make_snapshot()
    data = load(snapshot, CorrelogramParams(refractory_ms=3), never)
    for c in range(3):
        samples = snapshot.shank.spike_samples[snapshot.spikes(c)].astype(int)
        expected = np.mean(np.r_[False, np.diff(samples) < 60])
        assert data.violations[c] == pytest.approx(expected)


def test_an_edit_recounts_only_the_pairs_it_touched(monkeypatch):
    counted = []
    plain = correlogram_data.two_sided_correlogram

    def counting(a, b=None, **kwargs):
        counted.append(1)
        return plain(a, b, **kwargs)

    monkeypatch.setattr(correlogram_data, "two_sided_correlogram", counting)
    before = make_snapshot(4)
    load(before, CorrelogramParams(), never)
    assert len(counted) == 10
    load(before, CorrelogramParams(scale="rate"), never)
    assert len(counted) == 10, "another scale needs no count"

    spikes = dict(before.spikes_per_cluster)
    spikes[4] = np.sort(np.concatenate([spikes.pop(2), spikes.pop(3)]))
    after = Snapshot(2, before.shank, (0, 1, 4), spikes, before.spike_clusters, {})
    data = load(after, CorrelogramParams(), never)
    assert len(counted) == 13, "only the pairs of the new cluster"
    load(before, CorrelogramParams(), never)
    assert len(counted) == 13, "an undo needs no count"
    assert data.counts[2, 2].tolist() == naive(after, 4, 4, 20, 25)


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(correlogram_data._cache, "max_bytes", 2000)
    load(make_snapshot(8), CorrelogramParams(), never)
    assert correlogram_data._cache.n_bytes <= 2000


def test_up_to_twenty_clusters():
    data = load(make_snapshot(23), CorrelogramParams(), never)
    assert data.counts.shape[:2] == (20, 20)
    assert data.n_left_out == 3


def test_only_the_correlograms_that_are_shown_are_counted(monkeypatch):
    snapshot, counted = make_snapshot(20, 4000), []
    pair = correlogram_data._pair
    monkeypatch.setattr(
        correlogram_data, "_pair", lambda *args: counted.append(args) or pair(*args)
    )
    ids = snapshot.cluster_ids
    params = CorrelogramView.in_room(CorrelogramParams(), (450.0, 330.0), ids)
    some = load(snapshot, params, never)
    assert len(counted) == 21
    assert not some.has_all_pairs
    params = CorrelogramView.in_room(CorrelogramParams(), (1900.0, 1000.0), ids)
    every = load(snapshot, params, never)
    assert len(counted) == 21 + 210
    assert every.has_all_pairs
    for k in range(20):
        np.testing.assert_array_equal(some.counts[k, k], every.counts[k, k])
    np.testing.assert_array_equal(some.counts[0, 1], every.counts[0, 1])


def test_cancelled_between_pairs():
    calls = []

    def soon() -> bool:
        calls.append(1)
        return len(calls) > 3

    with pytest.raises(Cancelled):
        load(make_snapshot(5), CorrelogramParams(), soon)
    assert len(calls) == 4


def test_nothing_selected():
    assert isinstance(load(make_snapshot(selected=()), CorrelogramParams(), never), Empty)


def test_clusters_of_one_spike():
    snapshot = make_snapshot()
    spikes = {0: np.array([5]), 1: np.array([9])}
    lonely = Snapshot(1, snapshot.shank, (0, 1), spikes, snapshot.spike_clusters, {})
    data = load(lonely, CorrelogramParams(), never)
    assert data.counts.shape == (2, 2, 50)
    assert data.violations.tolist() == [0, 0]
    assert np.isfinite(data.heights).all()
