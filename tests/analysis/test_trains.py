"""Measures of one train against their plain meaning."""

from __future__ import annotations

import inspect
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import phygui.analysis
from phygui.analysis import (
    REFRACTORY_PERIOD,
    ClusterData,
    coincidences,
    contamination_hill,
    contamination_llobet,
    correlograms,
    count_refractory_pairs,
    cross_correlogram,
    doubles,
    firing_rate_histogram,
    isi_histogram,
    isi_violation_ratio,
    lag_correlogram,
    likely_purity,
    presence_ratio,
    refractory_violations,
    two_sided_correlogram,
    violation_rate,
)

sorted_samples = st.lists(st.integers(0, 300), max_size=60).map(sorted)


@given(sorted_samples, st.lists(st.integers(0, 60), min_size=2, max_size=6, unique=True))
def test_isi_histogram(samples, edges):
    edges = sorted(edges)
    intervals = [b - a for a, b in itertools.pairwise(samples)] if samples else []
    expected = [sum(low <= d < high for d in intervals) for low, high in itertools.pairwise(edges)]
    assert isi_histogram(samples, np.array(edges) / 1000.0, 1000.0).tolist() == expected


@given(sorted_samples, st.integers(0, 5))
def test_doubles_follow_another_spike_at_once(samples, within):
    found = doubles(samples, 1000.0, within / 1000)
    assert found.tolist() == [
        k > 0 and samples[k] - samples[k - 1] <= within for k in range(len(samples))
    ]


def test_doubles_of_what_is_no_train():
    with pytest.raises(ValueError, match="in the order of time"):
        doubles([5, 3], 1000.0)
    with pytest.raises(ValueError, match="within which spikes are the same is 3 s"):
        doubles([3, 5], 1000.0, 3)


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


SECONDS = np.array([0.1, 0.1005, 0.3])
SAMPLES = np.array([2000, 2010, 6000])


@pytest.mark.parametrize(
    "measure",
    [
        lambda train: refractory_violations(train, 20_000.0),
        lambda train: isi_histogram(train, [0, 0.1], 20_000.0),
        lambda train: firing_rate_histogram(train, 20_000.0, 1.0, 4),
        lambda train: cross_correlogram(train, bin_size=20, window_size=400),
        lambda train: cross_correlogram(SAMPLES, train, bin_size=20, window_size=400),
        lambda train: two_sided_correlogram(train, bin_size=20, n_bins=4),
        lambda train: lag_correlogram(train, None, [0, 0.1], 20_000.0),
        lambda train: lag_correlogram(SAMPLES, train, [0, 0.1], 20_000.0),
        lambda train: coincidences(train, SAMPLES, 20_000.0),
        lambda train: count_refractory_pairs(train, 20_000.0),
        lambda train: contamination_hill(train, 20_000.0, 1.0),
        lambda train: contamination_llobet(train, 20_000.0, 1.0),
        lambda train: isi_violation_ratio(train, 20_000.0, 1.0),
        lambda train: likely_purity(train, 20_000.0, 1.0),
        lambda train: violation_rate(train, 20_000.0),
        lambda train: presence_ratio(train, 20_000.0, 120.0),
    ],
)
def test_seconds_are_never_taken_for_samples(measure):
    measure(SAMPLES)
    measure(SAMPLES.astype(np.uint64))
    measure(SAMPLES.tolist())
    with pytest.raises(ValueError, match=r"holds fractions \(float64\), expected whole samples"):
        measure(SECONDS)


def test_samples_are_never_taken_for_seconds():
    sizes = {"sample_rate": 20_000.0, "bin_size": 0.001, "window_size": 0.05}
    assert correlograms(SECONDS, [1, 1, 1], **sizes).sum() == 1
    with pytest.raises(ValueError, match="whole numbers, expected seconds"):
        correlograms(SAMPLES, [1, 1, 1], **sizes)


@pytest.mark.parametrize("period", [2, 40, -0.001])
def test_a_refractory_period_is_in_seconds(period):
    for measure in (refractory_violations, count_refractory_pairs, violation_rate):
        with pytest.raises(ValueError, match=r"expected seconds, such as 0\.002"):
            measure(SAMPLES, 20_000.0, period)


def test_a_train_is_in_the_order_of_time():
    with pytest.raises(ValueError, match="in the order of time"):
        refractory_violations(SAMPLES[::-1], 20_000.0)


def test_the_documented_refractory_period_is_the_default_everywhere():
    for name in phygui.analysis.__all__:
        function = getattr(phygui.analysis, name)
        given = inspect.signature(function).parameters if inspect.isfunction(function) else {}
        for argument in ("period", "refractory"):
            if argument in given:
                assert given[argument].default == REFRACTORY_PERIOD, name


GIVEN = {
    "spike_samples": SAMPLES,
    "samples_a": SAMPLES,
    "samples_b": SAMPLES,
    "part": SAMPLES,
    "rest": SAMPLES,
    "everything": SAMPLES,
    "spike_times": SECONDS,
    "spike_clusters": [1, 1, 1],
    "columns": np.eye(3),
    "labels": [0, 0, 1],
    "data": ClusterData(n_spikes=3, spike_samples=SAMPLES),
    "edges": [0, 0.1],
    "duration": 1.0,
    "n_bins": 4,
    "bin_size": 0.001,
    "window_size": 0.05,
}


@pytest.mark.parametrize("sample_rate", [0, -20_000.0, math.nan, math.inf])
def test_a_sample_rate_that_is_none_is_refused_everywhere(sample_rate):
    for name in phygui.analysis.__all__:
        function = getattr(phygui.analysis, name)
        wanted = inspect.signature(function).parameters if inspect.isfunction(function) else {}
        if "sample_rate" not in wanted:
            continue
        arguments = {n: value for n, value in GIVEN.items() if n in wanted}
        with pytest.raises(ValueError, match=r"sample_rate is .*, expected hertz"):
            function(sample_rate=sample_rate, **arguments)
