"""Measures of one train against their plain meaning."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import firing_rate_histogram, isi_histogram, refractory_violations

sorted_samples = st.lists(st.integers(0, 300), max_size=60).map(sorted)


@given(sorted_samples, st.lists(st.integers(0, 60), min_size=2, max_size=6, unique=True))
def test_isi_histogram(samples, edges):
    edges = sorted(edges)
    intervals = [b - a for a, b in itertools.pairwise(samples)] if samples else []
    expected = [sum(low <= d < high for d in intervals) for low, high in itertools.pairwise(edges)]
    assert isi_histogram(samples, np.array(edges) / 1000.0, 1000.0).tolist() == expected


@given(sorted_samples, st.integers(1, 20))
def test_firing_rate_counts_every_spike_once(samples, n_bins):
    rates = firing_rate_histogram(samples, 100.0, 3.0, n_bins)
    assert rates.shape == (n_bins,)
    assert rates.sum() * 3.0 / n_bins == pytest.approx(len(samples))
    if 300 % n_bins == 0:
        width = 300 // n_bins
        expected = np.zeros(n_bins)
        for sample in samples:
            expected[min(sample // width, n_bins - 1)] += 1
        np.testing.assert_allclose(rates, expected / (3.0 / n_bins))


def test_firing_rate_needs_a_duration():
    with pytest.raises(ValueError, match="duration"):
        firing_rate_histogram([1], 100.0, 0.0, 3)


@given(sorted_samples, st.integers(1, 20), st.integers(0, 5))
def test_refractory_violations(samples, period, censored):
    found = refractory_violations(samples, 1000.0, period / 1000.0, censored / 1000.0)
    expected = [
        [k, k + 1]
        for k in range(len(samples) - 1)
        if samples[k + 1] - samples[k] < period
        and (censored == 0 or samples[k + 1] - samples[k] > censored)
    ]
    assert found.pairs.tolist() == expected
    if samples:
        assert found.rate == len(expected) / len(samples)
    else:
        assert np.isnan(found.rate)
