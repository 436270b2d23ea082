"""Samples of spikes and envelopes of traces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import decimate_min_max, medians_of_rows, sample_spikes


@given(st.sets(st.integers(0, 10_000), max_size=200).map(sorted), st.integers(0, 250))
def test_a_sample_is_regular_and_sorted(spike_ids, n_max):
    found = sample_spikes(spike_ids, n_max)
    assert len(found) == min(len(spike_ids), n_max)
    assert found.tolist() == sorted(set(found.tolist()) & set(spike_ids))
    if 0 < n_max < len(spike_ids):
        ranks = np.searchsorted(spike_ids, found)
        step = len(spike_ids) / n_max
        parts = np.arange(n_max) * step
        # One spike from each of n_max equal parts of the train, to a whole rank.
        assert np.all(ranks > parts - 1)
        assert np.all(ranks < parts + step)
        assert np.all(np.abs(np.diff(ranks) - step) < 1 + 1e-9)
    np.testing.assert_array_equal(found, sample_spikes(spike_ids, n_max))


def test_all_of_them():
    assert sample_spikes([3, 9], None).tolist() == [3, 9]
    with pytest.raises(ValueError, match="negative"):
        sample_spikes([3, 9], -1)


@given(
    st.integers(1, 60),
    st.integers(1, 4),
    st.integers(1, 70),
    st.sampled_from([np.int16, np.float32, np.float64, np.uint8]),
    st.integers(0, 1000),
)
def test_envelope(n_samples, n_channels, n_bins, dtype, seed):
    traces = np.random.default_rng(seed).integers(0, 100, (n_samples, n_channels)).astype(dtype)
    found = decimate_min_max(traces, n_bins)
    n_bins = min(n_bins, n_samples)
    assert found.shape == (n_bins, 2, n_channels)
    assert found.dtype == dtype
    for k in range(n_bins):
        part = traces[k * n_samples // n_bins : (k + 1) * n_samples // n_bins]
        np.testing.assert_array_equal(found[k, 0], part.min(axis=0))
        np.testing.assert_array_equal(found[k, 1], part.max(axis=0))


def test_envelope_of_nothing():
    assert decimate_min_max(np.zeros((0, 3)), 5).shape == (0, 2, 3)
    with pytest.raises(ValueError, match="at least 1"):
        decimate_min_max(np.zeros((2, 3)), 0)
    with pytest.raises(ValueError, match="two dimensions"):
        decimate_min_max(np.zeros(3), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_columns", [0, 1, 2, 7, 500])
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_medians_of_rows_are_those_of_numpy(n_columns, dtype):
    rows = np.random.default_rng(8).normal(3, 50, (4, n_columns)).astype(dtype)
    found = medians_of_rows(rows)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.median(rows, axis=1))
    if n_columns:
        rows[1, n_columns // 2] = np.nan
        np.testing.assert_array_equal(medians_of_rows(rows), np.median(rows, axis=1))
