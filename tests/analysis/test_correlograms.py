"""Correlograms against their plain meaning."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import (
    correlograms,
    cross_correlogram,
    lag_correlogram,
    lag_edges,
    log_lag_edges,
    two_sided_correlogram,
)

trains = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 4)), min_size=0, max_size=60).map(
    lambda spikes: sorted(spikes, key=lambda spike: spike[0])
)


def naive(samples, clusters, ids, bin_size, n_half, symmetrize):
    """Every pair of spikes, one by one."""
    counts = np.zeros((len(ids), len(ids), n_half), dtype=int)
    place = {cluster: k for k, cluster in enumerate(ids)}
    for i in range(len(samples)):
        for j in range(i + 1, len(samples)):
            k = (samples[j] - samples[i]) // bin_size
            if k < n_half and clusters[i] in place and clusters[j] in place:
                counts[place[clusters[i]], place[clusters[j]], k] += 1
    if not symmetrize:
        return counts
    full = np.zeros((len(ids), len(ids), 2 * n_half - 1), dtype=int)
    for a in range(len(ids)):
        for b in range(len(ids)):
            full[a, b, n_half:] = counts[a, b, 1:]
            full[a, b, : n_half - 1] = counts[b, a, 1:][::-1]
            full[a, b, n_half - 1] = max(counts[a, b, 0], counts[b, a, 0])
    return full


@given(trains, st.integers(1, 7), st.integers(1, 40), st.booleans(), st.permutations(range(6)))
def test_equals_counting_every_pair(spikes, bin_size, window, symmetrize, order):
    samples = np.array([s for s, _ in spikes], dtype=np.int64)
    clusters = np.array([c for _, c in spikes], dtype=np.int32)
    ids = order[:4]  # some have no spikes, and some spikes are of none of these
    n_half = window // (2 * bin_size) + 1
    found = correlograms(
        samples, clusters, ids, bin_size=bin_size, window_size=window, symmetrize=symmetrize
    )
    assert np.issubdtype(found.dtype, np.integer)
    np.testing.assert_array_equal(
        found, naive(samples, clusters, ids, bin_size, n_half, symmetrize)
    )


@given(trains, st.integers(1, 7), st.integers(1, 40))
def test_a_pair_alone_is_that_of_the_matrix(spikes, bin_size, window):
    samples = np.array([s for s, _ in spikes], dtype=np.int64)
    clusters = np.array([c for _, c in spikes], dtype=np.int32)
    ids = np.unique(clusters)
    whole = correlograms(samples, clusters, bin_size=bin_size, window_size=window)
    for i, a in enumerate(ids):
        for j, b in enumerate(ids):
            of_a, of_b = np.flatnonzero(clusters == a), np.flatnonzero(clusters == b)
            if i == j:
                pair = cross_correlogram(samples[of_a], bin_size=bin_size, window_size=window)
            else:
                pair = cross_correlogram(
                    samples[of_a],
                    samples[of_b],
                    bin_size=bin_size,
                    window_size=window,
                    spike_ids_a=of_a,
                    spike_ids_b=of_b,
                )
            np.testing.assert_array_equal(pair, whole[i, j])
            n_bins = len(pair) // 2 + 1
            sides = two_sided_correlogram(
                samples[of_a],
                None if i == j else samples[of_b],
                bin_size=bin_size,
                n_bins=n_bins,
                spike_ids_a=of_a,
                spike_ids_b=of_b,
            )
            one_way = correlograms(
                samples, clusters, bin_size=bin_size, window_size=window, symmetrize=False
            )
            assert sides.tolist() == [*one_way[j, i, ::-1], *one_way[i, j]]


@given(trains, st.lists(st.integers(-30, 60), min_size=2, max_size=6, unique=True).map(sorted))
def test_bins_of_any_width_equal_counting_every_pair(spikes, edges):
    samples = np.array([s for s, _ in spikes], dtype=np.int64)
    clusters = np.array([c for _, c in spikes], dtype=np.int32)
    parts = [samples[clusters == c] for c in (0, 1)]
    for i in range(2):
        for j in range(2):
            lags = [
                y - x
                for k, x in enumerate(parts[i])
                for m, y in enumerate(parts[j])
                if (i, k) != (j, m)
            ]
            expected = [
                sum(low <= lag < high for lag in lags) for low, high in itertools.pairwise(edges)
            ]
            found = lag_correlogram(parts[i], None if i == j else parts[j], edges, 1.0)
            assert found.tolist() == expected


@given(
    st.sampled_from([20_000.0, 24_414.0625, 29_999.95, 30_000.0]),
    st.sampled_from([(0.001, 0.05), (0.0003, 0.03), (0.0005, 0.1)]),
    st.integers(0, 10**9),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 2)), max_size=40),
    st.floats(-0.4, 0.4),
)
def test_seconds_count_as_the_samples_that_they_are(rate, sizes, start, steps, jitter):
    bin_size, window_size = sizes
    samples = start + np.cumsum([step for step, _ in steps], dtype=np.int64)
    clusters = np.array([c for _, c in steps], dtype=np.int32)
    n_half = round(window_size / bin_size) // 2
    found = correlograms((samples + jitter) / rate, clusters, range(3), rate, bin_size, window_size)
    assert found.shape == (3, 3, 2 * n_half + 1)
    bin_samples = round(bin_size * rate)
    whole = correlograms(samples, clusters, range(3), 1.0, bin_samples, 2 * n_half * bin_samples)
    np.testing.assert_array_equal(found, whole)
    expected = naive(samples.tolist(), clusters.tolist(), range(3), bin_samples, n_half + 1, True)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("rate", [20_000.0, 24_414.0625, 29_999.95, 30_000.0])
@pytest.mark.parametrize("bin_size", [0.001, 0.0003])
def test_no_lag_is_in_the_wrong_bin(rate, bin_size):
    # One pair for each lag in samples, each far from the others.
    bin_samples = round(bin_size * rate)
    lags = np.arange(10 * bin_samples)
    starts = np.arange(len(lags)) * 100_000 + 12_345
    samples = np.stack([starts, starts + lags], axis=1).ravel()
    found = correlograms(
        samples / rate, np.zeros(len(samples), int), None, rate, bin_size, 20 * bin_size, False
    )
    assert found[0, 0].tolist() == [bin_samples] * 10 + [0]


def test_times_in_seconds_and_default_clusters():
    times = np.array([0.0, 0.001, 0.0035, 0.1])
    found = correlograms(times, [7, 3, 7, 3], sample_rate=20_000, bin_size=0.001, window_size=0.01)
    assert found.shape == (2, 2, 11)
    assert found[0, 0].sum() == 0
    assert found[1, 1].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    # Cluster 3 fires 1 ms after a spike of 7, which is 2.5 ms before the next one.
    assert found[1, 0].tolist() == [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    assert found[0, 1].tolist() == found[1, 0, ::-1].tolist()


def test_large_cluster_ids_and_no_spikes():
    ids = [10**9, 5]
    found = correlograms([0, 1], [5, 10**9], ids, bin_size=1, window_size=4)
    assert found[1, 0, 3] == 1
    assert found.sum() == 2
    assert correlograms([], [], ids, bin_size=1, window_size=4).sum() == 0
    assert correlograms([], [], bin_size=1, window_size=4).shape == (0, 0, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bin_size": None}, "must be given"),
        ({"bin_size": 0.001, "sample_rate": 1.0}, "holds no whole sample"),
        ({"sample_rate": 0.0}, "sample_rate is 0, expected hertz"),
        ({"spike_clusters": [1, 2]}, "same length"),
        ({"spike_times": [0.0, 0.2, 0.1]}, "must be increasing"),
        ({"cluster_ids": [1, 1]}, "must differ"),
    ],
)
def test_refuses_what_has_no_meaning(arguments, message):
    given = {
        "spike_times": [0.0, 0.1, 0.2],
        "spike_clusters": [1, 1, 1],
        "sample_rate": 1000.0,
        "bin_size": 0.01,
        "window_size": 1.0,
    }
    with pytest.raises(ValueError, match=message):
        correlograms(**{**given, **arguments})


def test_edges_fall_on_whole_samples():
    edges = lag_edges(0.001, 0.05)
    assert len(edges) == 27
    train = np.arange(0, 2000, 20)
    found = lag_correlogram(train, None, edges, 20_000.0)
    # Intervals of exactly 1 ms belong to the bin that starts there, whatever the rounding.
    assert found[:4].tolist() == [0, 99, 98, 97]
    np.testing.assert_allclose(np.diff(np.log(log_lag_edges(0.001, 10.0, 8))), np.log(10_000) / 8)
    with pytest.raises(ValueError, match="shortest"):
        log_lag_edges(0.0, 1.0, 5)
    with pytest.raises(ValueError, match="increasing"):
        lag_correlogram(train, None, [0.0, 0.0], 1.0)


@pytest.mark.parametrize("duration", [2_000, 200_000])
def test_many_spikes_within_a_window(duration):
    rng = np.random.default_rng(0)
    samples = np.sort(rng.integers(0, duration, 20_000))
    clusters = rng.integers(0, 3, 20_000)
    found = correlograms(samples, clusters, [2, 0], bin_size=20, window_size=1000)
    of_2, of_0 = np.flatnonzero(clusters == 2), np.flatnonzero(clusters == 0)
    edges = np.arange(20, 521, 20)
    after = lag_correlogram(samples[of_2], samples[of_0], edges, 1.0)
    assert found[0, 1, 26:].tolist() == after.tolist()
    assert found[0, 0, 26:].tolist() == lag_correlogram(samples[of_2], None, edges, 1.0).tolist()
