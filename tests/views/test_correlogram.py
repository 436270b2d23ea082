"""The correlogram view: its numbers against their plain meaning, its picture, its interactions."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from phygui.curation.snapshot import Snapshot
from phygui.views import correlogram_data
from phygui.views.base import Cancelled, Empty
from phygui.views.correlogram_data import CorrelogramParams, bin_edges, load

RATE = 20_000.0
DURATION = 30.0


def never() -> bool:
    return False


def make_snapshot(
    n_clusters: int = 3, n_spikes: int = 600, seed: int = 0, selected: tuple[int, ...] | None = None
) -> Snapshot:
    rng = np.random.default_rng(seed)
    samples = np.sort(rng.integers(0, int(DURATION * RATE), n_spikes)).astype(np.uint64)
    # Some spikes close to one another, and some in the very same sample.
    samples[1::7] = samples[:-1:7]
    samples[2::9] = samples[1:-1:9] + np.uint64(15)
    samples = np.sort(samples)
    clusters = rng.integers(0, n_clusters, n_spikes).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(n_clusters)}
    model = SimpleNamespace(sample_rate=RATE, duration=DURATION, spike_samples=samples)
    ids = tuple(range(n_clusters)) if selected is None else selected
    return Snapshot(1, model, ids, spikes, clusters, dict.fromkeys(ids, 3))  # type: ignore[arg-type]


def naive(snapshot: Snapshot, a: int, b: int, bin_size: int, n_half: int) -> list[int]:
    """Lags of every pair of spikes, one by one."""
    samples = snapshot.model.spike_samples.astype(int)
    after, before = [0] * n_half, [0] * n_half
    for i in snapshot.spikes(a):
        for j in snapshot.spikes(b):
            k = abs(samples[j] - samples[i]) // bin_size
            if k < n_half and j > i:
                after[k] += 1
            elif k < n_half and j < i:
                before[k] += 1
    return [*before[:0:-1], max(after[0], before[0]), *after[1:]]


@pytest.fixture(autouse=True)
def _fresh_cache():
    correlogram_data._cache.clear()


def test_counts_are_those_of_every_pair_of_spikes():
    snapshot = make_snapshot()
    data = load(snapshot, CorrelogramParams(bin_ms=1, window_ms=50), never)
    assert data.counts.shape == (3, 3, 51)
    for i in range(3):
        for j in range(3):
            expected = naive(snapshot, i, j, 20, 26)
            assert data.counts[i, j].tolist() == expected


def test_counts_equal_the_public_correlograms():
    from phygui.analysis import correlograms

    snapshot = make_snapshot(5, 3000)
    data = load(snapshot, CorrelogramParams(bin_ms=0.5, window_ms=100), never)
    expected = correlograms(
        snapshot.model.spike_samples, snapshot.spike_clusters, range(5), 1.0, 10, 2000
    )
    np.testing.assert_array_equal(data.counts, expected)


def test_logarithmic_lags():
    snapshot = make_snapshot(2)
    params = CorrelogramParams(log_lag=True, window_ms=1000)
    data = load(snapshot, params, never)
    samples = snapshot.model.spike_samples.astype(float)
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


def test_bars_stand_around_whole_bins():
    edges = bin_edges(CorrelogramParams(bin_ms=1, window_ms=50), RATE)
    np.testing.assert_allclose(edges.mean(axis=1), np.arange(-25, 26))
    np.testing.assert_allclose(np.diff(edges, axis=1), 1)


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
    assert (counts.unit, rate.unit, normalised.unit) == ("pairs", "spikes/s", "x mean rate")


def test_independent_trains_lie_on_the_baseline():
    snapshot = make_snapshot(2, 60_000, seed=3)
    data = load(snapshot, CorrelogramParams(bin_ms=5, window_ms=100, scale="normalised"), never)
    far = np.abs(data.edges_ms.mean(axis=1)) > 10
    assert data.heights[0, 1, far].mean() == pytest.approx(1, abs=0.02)


def test_violations_are_the_share_of_short_intervals():
    snapshot = make_snapshot()
    data = load(snapshot, CorrelogramParams(refractory_ms=3), never)
    for c in range(3):
        samples = snapshot.model.spike_samples[snapshot.spikes(c)].astype(int)
        expected = np.mean(np.r_[False, np.diff(samples) < 60])
        assert data.violations[c] == pytest.approx(expected)


def test_an_edit_recounts_only_the_pairs_it_touched(monkeypatch):
    counted = []
    plain = correlogram_data.cross_correlogram

    def counting(a, b=None, **kwargs):
        counted.append(1)
        return plain(a, b, **kwargs)

    monkeypatch.setattr(correlogram_data, "cross_correlogram", counting)
    before = make_snapshot(4)
    load(before, CorrelogramParams(), never)
    assert len(counted) == 10
    load(before, CorrelogramParams(scale="rate"), never)
    assert len(counted) == 10, "another scale needs no count"

    spikes = dict(before.spikes_per_cluster)
    spikes[4] = np.sort(np.concatenate([spikes.pop(2), spikes.pop(3)]))
    after = Snapshot(2, before.model, (0, 1, 4), spikes, before.spike_clusters, {})
    data = load(after, CorrelogramParams(), never)
    assert len(counted) == 13, "only the pairs of the new cluster"
    load(before, CorrelogramParams(), never)
    assert len(counted) == 13, "an undo needs no count"
    assert data.counts[2, 2].tolist() == naive(after, 4, 4, 20, 26)


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(correlogram_data._cache, "max_bytes", 2000)
    load(make_snapshot(8), CorrelogramParams(), never)
    assert correlogram_data._cache.n_bytes <= 2000


def test_up_to_twenty_clusters():
    data = load(make_snapshot(23), CorrelogramParams(), never)
    assert data.counts.shape[:2] == (20, 20)
    assert data.n_left_out == 3


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
    lonely = Snapshot(1, snapshot.model, (0, 1), spikes, snapshot.spike_clusters, {})
    data = load(lonely, CorrelogramParams(), never)
    assert data.counts.shape == (2, 2, 51)
    assert data.violations.tolist() == [0, 0]
    assert np.isfinite(data.heights).all()
