"""Quality metrics: on data made to have a known quality, and on data where they mean nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from phygui.analysis import (
    ClusterData,
    amplitude_cutoff,
    coherence,
    contamination_hill,
    contamination_llobet,
    count_refractory_pairs,
    d_prime,
    firing_rate,
    isi_violation_ratio,
    isolation_distance,
    l_ratio,
    noise_levels,
    presence_ratio,
    quality_metrics,
    snr,
    violation_rate,
)

RATE = 20_000.0
DURATION = 2000.0


def train(n_spikes, refractory, rng):
    """Random spike samples no closer than a refractory period in seconds."""
    free = DURATION - n_spikes * refractory
    times = np.sort(rng.uniform(0, free, n_spikes)) + refractory * np.arange(n_spikes)
    return (times * RATE).astype(np.int64)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15])
def test_contamination_is_found_again(share):
    rng = np.random.default_rng(0)
    n_own, n_foreign = round((1 - share) * 40_000), round(share * 40_000)
    own = train(n_own, 0.004, rng)
    neighbour = train(n_foreign, 0.004, rng)
    crowd = train(n_foreign, 0.0, rng)
    from_one = np.sort(np.concatenate([own, neighbour]))
    from_many = np.sort(np.concatenate([own, crowd]))
    found = contamination_hill(from_one, RATE, DURATION, 0.003)
    assert found.value == pytest.approx(share, abs=0.012)
    found = contamination_llobet(from_many, RATE, DURATION, 0.003)
    assert found.value == pytest.approx(share, abs=0.012)


def test_a_poisson_train_is_wholly_foreign():
    samples = train(40_000, 0.0, np.random.default_rng(1))
    assert isi_violation_ratio(samples, RATE, DURATION, 0.002).value == pytest.approx(0.5, abs=0.03)
    assert contamination_llobet(samples, RATE, DURATION, 0.002).value > 0.7
    found = contamination_hill(samples, RATE, DURATION, 0.002)
    assert not found.is_defined
    assert "more refractory violations" in found.reason


@given(
    st.lists(st.integers(0, 200), max_size=40).map(sorted), st.integers(0, 20), st.integers(0, 5)
)
def test_refractory_pairs_are_counted_one_by_one(samples, period, censored):
    expected = sum(
        censored <= samples[j] - samples[i] <= period
        for i in range(len(samples))
        for j in range(i + 1, len(samples))
    )
    assert count_refractory_pairs(samples, 1000.0, period / 1e3, censored / 1e3) == expected


def test_coherence_tells_a_unit_from_false_detections():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(300, 24))
    assert abs(coherence(noise).value) < 0.01
    shape = rng.normal(size=24)
    unit = noise + 2 * shape
    assert coherence(unit).value > 0.7
    assert coherence(unit * rng.uniform(0.2, 5, (300, 1))).value == pytest.approx(
        coherence(unit).value
    )
    # Spikes that are masked here do not count, nor does what is not a number.
    unit[::3] = 0
    unit[1, 3] = np.nan
    assert coherence(unit).value > 0.7
    assert coherence(np.tile(shape, (10, 1))).value == pytest.approx(1.0)


@given(st.integers(10, 40), st.integers(1, 6), st.integers(0, 2**31))
def test_coherence_is_the_mean_cosine_of_pairs(n_spikes, n_columns, seed):
    values = np.random.default_rng(seed).normal(0.5, 1, (n_spikes, n_columns))
    units = values / np.linalg.norm(values, axis=1)[:, None]
    cosines = (units @ units.T)[np.triu_indices(n_spikes, 1)]
    assert coherence(values).value == pytest.approx(cosines.mean(), abs=1e-9)


def test_rates():
    samples = np.array([0, 10, 100, 110, 1000])
    assert firing_rate(5, 2.5).value == 2.0
    assert violation_rate(samples, 1000.0, 0.02).value == 2 / 5
    assert violation_rate(samples, 1000.0, 0.01).value == 0.0


def test_presence_ratio():
    # Two and a half minutes: the last half is left out.
    samples = np.concatenate([np.arange(0, 59), np.arange(125, 140)]) * 1000
    assert presence_ratio(samples, 1000.0, 150.0).value == 0.5
    assert presence_ratio(samples, 1000.0, 150.0, bin_duration=30.0).value == 3 / 5
    assert presence_ratio(samples, 1000.0, 150.0, bin_duration=30.0, min_share=1.5).value == 2 / 5


def cut_away(amplitudes, share, rng, blur=0.0):
    """What is left where the smallest were not detected, by an amplitude measured with noise."""
    measured = amplitudes + rng.normal(0, blur, len(amplitudes))
    return amplitudes[measured > np.quantile(measured, share)]


@pytest.mark.parametrize(("n_spikes", "spread"), [(500, 0.07), (2000, 0.035), (20_000, 0.015)])
@pytest.mark.parametrize("share", [0.1, 0.2])
def test_amplitude_cutoff_finds_what_was_cut_away(n_spikes, spread, share):
    rng = np.random.default_rng(2)
    found = []
    for _ in range(25):
        whole = rng.normal(100.0, 12.0, math.ceil(n_spikes / (1 - share)) + 1)
        assert amplitude_cutoff(whole).value < 0.03
        cut = cut_away(whole, share, rng)
        found.append(amplitude_cutoff(cut).value)
        assert amplitude_cutoff(-cut).value == found[-1]
    assert np.mean(found) == pytest.approx(share, abs=0.02)
    assert np.mean(np.abs(np.array(found) - share) < spread) > 0.8


def test_amplitude_cutoff_follows_a_mean_that_changes():
    rng = np.random.default_rng(4)
    found = []
    for n_spikes in (1000, 2500, 2500, 5000):
        drift = 30 * np.sin(np.linspace(0, 2 * np.pi, n_spikes))
        whole = rng.normal(150.0 + drift, 18.0)
        assert amplitude_cutoff(whole).value < 0.01
        found.append(amplitude_cutoff(cut_away(whole, 0.2, rng)).value)
    assert np.mean(found) == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("n_spikes", [500, 2000, 20_000])
def test_amplitude_cutoff_where_amplitudes_are_not_normal(n_spikes):
    """What is said of these in the docs: how far off it is, and to which side."""
    rng = np.random.default_rng(5)
    n = math.ceil(n_spikes / 0.8) + 1
    smaller_tail, larger_tail = 150 - rng.gamma(9, 4, n), 60 + rng.gamma(9, 4, n)
    assert amplitude_cutoff(smaller_tail).value < 0.005
    assert amplitude_cutoff(larger_tail).value < 0.11
    assert 0.03 < amplitude_cutoff(cut_away(smaller_tail, 0.2, rng)).value < 0.2
    assert 0.2 < amplitude_cutoff(cut_away(larger_tail, 0.2, rng)).value <= 0.5
    # An edge that noise has blurred cannot be told from a tail: less is found than is missing.
    blurred = cut_away(rng.normal(100.0, 12.0, n), 0.2, rng, blur=4.0)
    assert 0.02 < amplitude_cutoff(blurred).value < 0.2


def test_amplitude_cutoff_is_not_misled_by_stray_spikes_nor_by_a_tail():
    rng = np.random.default_rng(3)
    cut = cut_away(rng.normal(100.0, 12.0, 5000), 0.2, rng)
    for strays in (rng.uniform(-20, 80, 40), rng.uniform(160, 400, 80)):
        mixed = rng.permutation(np.append(cut, strays))
        assert amplitude_cutoff(mixed).value == pytest.approx(0.20, abs=0.03)
    # Small spikes of bursts: a longer tail below than above.
    tailed = np.append(rng.normal(100, 12, 5000), rng.normal(65, 12, 900))
    tailed = rng.permutation(tailed)
    assert amplitude_cutoff(tailed).value < 0.005
    assert amplitude_cutoff(np.append(tailed, [np.nan, np.inf])) == amplitude_cutoff(tailed)


@pytest.mark.parametrize(
    "amplitudes",
    [
        np.linspace(1, 2, 500),
        np.random.default_rng(0).exponential(10, 3000),
        np.append(np.ones(2999), 2.0),
        np.append(np.ones(500), np.zeros(500)),
        np.random.default_rng(0).integers(0, 3, 1000),
        np.random.default_rng(0).standard_cauchy(2000),
        1e-9 * np.random.default_rng(0).normal(100, 12, 600),
    ],
    ids=["even", "exponential", "one", "two", "three", "cauchy", "tiny"],
)
def test_amplitude_cutoff_of_anything_is_a_share(amplitudes):
    with np.errstate(all="raise", under="ignore"):
        assert 0 <= amplitude_cutoff(amplitudes).value <= 0.5


def test_no_amplitude_cutoff_is_made_up_where_none_is_above_the_usual_one():
    amplitudes = np.random.default_rng(0).permutation(np.repeat([1.0, 0.5], [600, 300]))
    with np.errstate(all="raise"):
        found = amplitude_cutoff(amplitudes)
    assert not found.is_defined
    assert "equal" in found.reason


def test_isolation_by_its_definition():
    rng = np.random.default_rng(3)
    inside = rng.normal(size=(300, 4)) * [1, 5, 0.01, 2]
    outside = rng.normal(size=(900, 4)) * [3, 15, 0.03, 6] + [2, 10, 0.02, 4]
    centre, covariance = inside.mean(axis=0), np.cov(inside.T)
    squared = [d @ np.linalg.solve(covariance, d) for d in outside - centre]
    assert isolation_distance(inside, outside).value == pytest.approx(sorted(squared)[299])
    assert l_ratio(inside, outside).value == pytest.approx(sum(chi2.sf(squared, 4)) / 300)


def test_a_spike_that_stands_for_three_counts_as_three():
    rng = np.random.default_rng(5)
    inside, outside = rng.normal(size=(300, 4)), rng.normal(1, 3, size=(900, 4))
    weights = rng.integers(0, 4, 900)
    repeated = np.repeat(outside, weights, axis=0)
    for metric in (isolation_distance, l_ratio, d_prime):
        expected = metric(inside, repeated).value
        assert metric(inside, outside, weights).value == pytest.approx(expected, rel=1e-9)


def test_d_prime_of_normal_clouds():
    rng = np.random.default_rng(4)
    mixing = rng.normal(size=(3, 3))
    a = rng.normal(size=(20_000, 3)) @ mixing
    b = (rng.normal(size=(20_000, 3)) + np.array([4, 0, 0])) @ mixing
    assert d_prime(a, b).value == pytest.approx(4.0, rel=0.02)
    assert d_prime(b, a).value == pytest.approx(d_prime(a, b).value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("n_samples", [1, 2, 7, 500])
def test_noise_is_the_median_deviation_of_each_channel(n_samples, dtype):
    traces = np.random.default_rng(6).normal(100, 50, (n_samples, 3)).astype(dtype)
    deviations = np.median(np.abs(traces - np.median(traces, axis=0)), axis=0)
    expected = deviations.astype(np.float64) / 0.6744897501960817
    np.testing.assert_allclose(noise_levels(traces), expected, rtol=1e-12)


def test_noise_of_a_channel_with_a_gap_is_unknown():
    assert np.isnan(noise_levels([[1.0, 1.0], [np.nan, 4.0], [2.0, 8.0]])).tolist() == [True, False]


def test_snr():
    rng = np.random.default_rng(5)
    traces = rng.normal(0, [1.0, 3.0], (50_000, 2))
    traces[::100] += 200.0  # spikes do not count as noise
    noise = noise_levels(traces)
    np.testing.assert_allclose(noise, [1.0, 3.0], rtol=0.03)
    waveform = np.zeros((32, 2))
    waveform[16] = [-20.0, -30.0]
    assert snr(waveform, noise).value == pytest.approx(10.0, rel=0.03)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (lambda: firing_rate(3, 0.0), "duration"),
        (lambda: firing_rate(3, math.nan), "duration"),
        (lambda: violation_rate([], RATE), "no spikes"),
        (lambda: isi_violation_ratio([], RATE, 1.0), "no spikes"),
        (lambda: coherence(np.ones((9, 4))), "fewer than 10 spikes are seen"),
        (lambda: coherence(np.eye(41, 15)), "most of its spikes are masked"),
        (lambda: coherence(np.zeros((90, 4))), "fewer than 10 spikes are seen"),
        (lambda: contamination_hill([1, 2], RATE, 0.0), "duration"),
        (lambda: contamination_llobet([1], RATE, 1.0), "fewer than two"),
        (lambda: contamination_hill([1, 2], RATE, 1.0, 0.001, 0.001), "censored"),
        (lambda: presence_ratio([], RATE, 100.0), "no spikes"),
        (lambda: presence_ratio([1], RATE, 10.0), "shorter than 60 s"),
        (lambda: amplitude_cutoff(np.ones(499)), "fewer than 500"),
        (lambda: amplitude_cutoff(np.ones(10_000)), "all amplitudes are equal"),
        (lambda: isolation_distance(np.eye(3), np.eye(3)), "too few"),
        (lambda: isolation_distance(np.eye(9, 2), np.eye(3, 2)), "fewer other spikes"),
        (lambda: l_ratio(np.ones((9, 2)), np.eye(3, 2)), "not independent"),
        (lambda: l_ratio(np.eye(9, 2), np.zeros((0, 2))), "no other spikes"),
        (lambda: d_prime(np.eye(1, 2), np.eye(9, 2)), "too few spikes"),
        (lambda: d_prime(np.ones((9, 2)), np.zeros((9, 2))), "not independent"),
        (lambda: snr(np.zeros((4, 2)), np.zeros(2)), "no noise"),
        (lambda: snr(np.full((4, 2), np.nan), np.ones(2)), "no mean waveform"),
    ],
)
def test_what_means_nothing_says_why(metric, reason):
    found = metric()
    assert math.isnan(found.value)
    assert not found.is_defined
    assert reason in found.reason


def test_all_metrics_of_a_cluster():
    rng = np.random.default_rng(6)
    bare = quality_metrics(ClusterData(train(5000, 0.003, rng)), RATE, DURATION)
    undefined = {name for name, metric in bare.items() if not metric.is_defined}
    of_features = {"isolation_distance", "l_ratio", "d_prime", "coherence"}
    assert undefined == {"amplitude_cutoff", "snr", *of_features}
    assert all(bare[name].reason for name in undefined)
    full = quality_metrics(
        ClusterData(
            train(5000, 0.003, rng),
            amplitudes=rng.normal(100, 10, 5000),
            mean_waveform=rng.normal(size=(32, 4)),
            noise=np.ones(4),
            masked_features=rng.normal(size=(300, 6)),
            features=rng.normal(size=(500, 6)),
            other_features=rng.normal(size=(800, 6)) + 3,
        ),
        RATE,
        DURATION,
    )
    few = quality_metrics(
        ClusterData(np.arange(9) * 100, mean_waveform=rng.normal(size=(32, 4)), noise=np.ones(4)),
        RATE,
        DURATION,
    )
    assert not few["snr"].is_defined
    assert "fewer than 10 spikes" in few["snr"].reason
    assert full["n_violations"].value == 0
    assert list(full) == list(bare)
    assert all(metric.is_defined and metric.reason == "" for metric in full.values())


def test_violations_are_counted():
    samples = np.array([0, 1, 2, 100, 150, 300, 301])
    found = quality_metrics(ClusterData(samples), 1000.0, 1.0, refractory=0.002)
    assert found["n_violations"].value == 3
    assert found["violation_rate"].value == 3 / 7
    assert not quality_metrics(ClusterData(samples[:0]), 1000.0, 1.0)["n_violations"].is_defined


def test_presence_is_counted_in_recorded_time():
    """Two recordings of two minutes an hour apart, of which the second is half empty."""
    rate = 1000.0
    recorded = np.concatenate([np.arange(0, 120_000, 500), np.arange(120_000, 180_000, 500)])
    apart = recorded + (recorded >= 120_000) * 3_600_000
    found = quality_metrics(ClusterData(apart, recorded_samples=recorded), rate, 240.0)
    assert found["presence_ratio"].value == 0.75
    assert found["firing_rate"].value == len(recorded) / 240
