"""The evidence for merges, on trains and features made to be one unit or two."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.analysis import drift_continuity, merge_score, merged_refractoriness

RATE = 20_000.0


def unit(rng, n_spikes, duration, refractory=0.004):
    free = np.sort(rng.uniform(0, duration - n_spikes * refractory, n_spikes))
    return ((free + refractory * np.arange(n_spikes)) * RATE).astype(np.int64)


def test_a_unit_cut_in_two_keeps_its_dip():
    rng = np.random.default_rng(0)
    train = unit(rng, 20_000, 1000.0)
    first = rng.random(len(train)) < 0.3
    assert merged_refractoriness(train[first], train[~first], RATE) > 0.97
    other = unit(rng, 14_000, 1000.0)
    assert merged_refractoriness(train[first], other, RATE) < 0.15


def test_trains_that_never_meet_tell_nothing():
    rng = np.random.default_rng(1)
    train = unit(rng, 4000, 1000.0)
    assert merged_refractoriness(train[:2000], train[2000:], RATE) == pytest.approx(0.5, abs=0.2)
    assert merged_refractoriness(train[:0], train, RATE) == 0.5


def test_spikes_counted_twice_are_a_veto_unless_censored():
    rng = np.random.default_rng(2)
    train = unit(rng, 20_000, 1000.0)
    first = rng.random(len(train)) < 0.5
    again = np.sort(np.concatenate([train[~first], train[first][::2] + 5]))
    assert merged_refractoriness(train[first], again, RATE) == 0.0
    assert merged_refractoriness(train[first], again, RATE, censored=0.0005) > 0.95
    with pytest.raises(ValueError, match="longer than the censored"):
        merged_refractoriness(train, train, RATE, period=0.001, censored=0.001)


def test_a_unit_that_drifts_is_continuous():
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, 1000, 2000))
    features = rng.normal(size=(2000, 6)) + np.outer(times / 1000, [40, -40, 0, 0, 0, 0])
    early, late = times < 450, times >= 450
    drifted = drift_continuity(times[early], features[early], times[late], features[late])
    assert drifted > 0.7
    # As far apart, but at every time.
    mixed = rng.random(2000) < 0.5
    still = rng.normal(size=(2000, 6)) + np.where(mixed[:, None], [20, -20, 0, 0, 0, 0], 0)
    assert drift_continuity(times[mixed], still[mixed], times[~mixed], still[~mixed]) < 0.1


def test_continuity_of_a_cut_by_amplitude_is_that_of_the_cut():
    rng = np.random.default_rng(4)
    times = np.sort(rng.uniform(0, 1000, 4000))
    size = rng.uniform(0, 1, 4000)
    features = np.outer(size, [100.0, 50.0])
    small = size < 0.5
    found = drift_continuity(times[small], features[small], times[~small], features[~small])
    assert found == pytest.approx(1 / (1 + (np.sqrt(12) / 4) ** 2), abs=0.06)


def test_continuity_without_evidence():
    assert np.isnan(drift_continuity([], np.zeros((0, 2)), [1.0], np.zeros((1, 2))))
    assert np.isnan(drift_continuity([1.0], np.zeros((1, 2)), [1.001], np.zeros((1, 2))))
    assert drift_continuity([1.0], np.ones((1, 2)), [2.0], np.ones((1, 2))) == 1.0
    assert drift_continuity([1.0], np.ones((1, 2)), [2.0], np.zeros((1, 2))) == 0.0


def test_score():
    score = merge_score(0.5, 0.8, 0.9)
    assert score.score == pytest.approx(0.36)
    assert score[1:] == (0.5, 0.8, 0.9)
