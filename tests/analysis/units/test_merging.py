"""The evidence for merges, on trains and features made to be one unit or two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import (
    Coincidences,
    coincidences,
    coincidences_and_doubles,
    drift_continuity,
    merge_score,
    merged_refractoriness,
    overlap,
)

RATE = 20_000.0


def unit(rng, n_spikes, duration, refractory=0.004):
    free = np.sort(rng.uniform(0, duration - n_spikes * refractory, n_spikes))
    return ((free + refractory * np.arange(n_spikes)) * RATE).astype(np.int64)


def refractoriness(*arguments, **options):
    return merged_refractoriness(coincidences(*arguments, RATE, **options))


def test_a_unit_cut_in_two_keeps_its_dip():
    rng = np.random.default_rng(0)
    train = unit(rng, 20_000, 1000.0)
    first = rng.random(len(train)) < 0.3
    assert refractoriness(train[first], train[~first]) > 0.99
    other = unit(rng, 14_000, 1000.0)
    assert refractoriness(train[first], other) < 0.01
    n, expected = coincidences(train[first], other, RATE)
    assert expected == pytest.approx(6000 * 14_000 * 0.00395 / 1000, rel=0.1)
    assert n == pytest.approx(expected, rel=0.2)


def test_trains_that_never_meet_tell_nothing():
    rng = np.random.default_rng(1)
    train = unit(rng, 4000, 1000.0)
    assert refractoriness(train[:2000], train[2000:]) == pytest.approx(0.5, abs=0.2)
    assert refractoriness(train[:0], train) == pytest.approx(0.5, abs=0.01)


def test_spikes_counted_twice_are_a_veto_unless_censored():
    rng = np.random.default_rng(2)
    train = unit(rng, 20_000, 1000.0)
    first = rng.random(len(train)) < 0.5
    again = np.sort(np.concatenate([train[~first], train[first][::2] + 5]))
    assert refractoriness(train[first], again) < 1e-9
    assert refractoriness(train[first], again, censored=0.0005) > 0.99
    with pytest.raises(ValueError, match="longer than the censored"):
        coincidences(train, train, RATE, period=0.001, censored=0.001)


def test_spikes_detected_twice_tell_nothing_of_two_units():
    rng = np.random.default_rng(2)
    train = unit(rng, 20_000, 1000.0)
    first = rng.random(len(train)) < 0.5
    again = np.sort(np.concatenate([train[~first], train[first][::2] + 5]))
    told, n_doubles = coincidences_and_doubles(train[first], again, RATE)
    assert n_doubles == len(train[first][::2])
    assert told == coincidences(train[first], again, RATE, censored=0.0003)
    assert merged_refractoriness(told) > 0.99
    # Nor do they hide that there are two.
    other = unit(rng, 14_000, 1000.0)
    found = np.sort(np.concatenate([other, train[first][::2] + 5]))
    told, n_doubles = coincidences_and_doubles(train[first], found, RATE)
    assert n_doubles >= len(train[first][::2])
    assert merged_refractoriness(told) < 0.01


@pytest.mark.parametrize("n_common", [0, 4])
def test_a_few_coincidences_are_chance(n_common):
    rng = np.random.default_rng(3)
    a, b = unit(rng, 2_000, 1000.0), unit(rng, 2_000, 1000.0)
    b = np.sort(np.concatenate([b, a[:n_common]]))
    expected = coincidences(a, b, RATE)
    told, n_doubles = coincidences_and_doubles(a, b, RATE)
    assert n_doubles == 0
    assert told.found == expected.found
    assert told.expected == pytest.approx(expected.expected)


def test_a_count_decides_as_far_as_it_can():
    def of(found, expected):
        return merged_refractoriness(Coincidences(found, expected))

    assert of(0, 0) == pytest.approx(0.5, abs=0.01)
    assert 0.5 < of(0, 1) < of(0, 3) < of(0, 10)  # few spikes do not look refractory
    assert min(of(1, m) for m in (0, 0.01, 0.1, 1)) > 0.12  # one coincidence cannot decide
    assert of(1, 6) > 0.5
    assert of(50, 50) < 0.01
    assert of(7, 15) > 0.1  # half of them may be missed: that tells little
    assert of(33, 47) < 0.1
    assert of(144, 19) < 1e-9  # more than chance: they fire together


@given(st.integers(0, 5000), st.floats(0, 5000))
def test_more_coincidences_never_speak_for_a_merge(found, expected):
    now, more = (merged_refractoriness(Coincidences(found + k, expected)) for k in (0, 1))
    assert 0 <= more <= now + 1e-9 <= 1 + 1e-9


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


def test_continuity_along_a_line_that_is_known():
    rng = np.random.default_rng(5)
    times = np.sort(rng.uniform(0, 100, 400))
    features = rng.normal(size=(400, 30))
    first = rng.random(400) < 0.5
    features[:, 0] += np.where(first, 0, 20.0)
    line = np.eye(30)[0]
    parts = (times[first], features[first], times[~first], features[~first])
    assert drift_continuity(*parts, line=line) < 0.1
    assert drift_continuity(*parts, line=np.eye(30)[1]) > 0.8


def test_score():
    score = merge_score(0.5, 0.8, 0.9)
    assert score[1:] == (0.5, 0.8, 0.9, Coincidences(0, 0.0), None, None, 1.0, 0, 1.0)
    assert score.score > 0.5
    assert merge_score(0.0, 1.0, 1.0).score == 0.0
    assert merge_score(1.0, 1.0, 1.0).score > 0.99
    assert merge_score(0.9, 1e-9, 1.0).score < 0.5  # they fire at the same time
    assert merge_score(0.07, 0.5, 0.3).score < 0.3  # they look different at any time
    # Far apart, but drifted.
    assert merge_score(0.1, 0.7, 0.95).score > 0.5 > merge_score(0.1, 0.7, 0.3).score


@given(*[st.floats(0, 1)] * 4)
def test_better_evidence_never_lowers_a_score(similarity, refractoriness, continuity, more):
    evidence = (similarity, refractoriness, continuity)
    before = merge_score(*evidence).score
    assert 0 <= before <= 1
    for k in range(3):
        better = [max(v, more) if i == k else v for i, v in enumerate(evidence)]
        assert merge_score(*better).score >= before - 1e-12


@given(st.floats(0, 1), st.floats(0, 1))
def test_clusters_that_are_there_at_other_times_are_likelier_one(less, more):
    less, more = sorted((less, more))
    scores = [merge_score(0.3, 0.6, 0.5, overlap=share).score for share in (less, more)]
    assert scores[0] >= scores[1] - 1e-12


@given(st.floats(1, 20), st.floats(1, 20))
def test_clusters_of_other_sizes_are_less_likely_one(less, more):
    less, more = sorted((less, more))
    scores = [merge_score(0.3, 0.6, 0.5, size_ratio=ratio).score for ratio in (less, more)]
    assert scores[0] >= scores[1]
    assert merge_score(0.3, 0.6, 0.5, size_ratio=1.5).score < merge_score(0.3, 0.6, 0.5).score


def test_overlap_of_units_and_of_the_parts_of_one_that_was_lost():
    rng = np.random.default_rng(4)
    a, b = unit(rng, 4000, 1000.0), unit(rng, 4000, 1000.0)
    by_rates = len(a) * len(b) * (2 * 0.002 - 1 / RATE) / 1000.0
    assert overlap(coincidences(a, b, RATE), by_rates) == pytest.approx(1.0, abs=0.15)
    half = len(a) // 2
    whole = half * half * (2 * 0.002 - 1 / RATE) / 1000.0
    assert overlap(coincidences(a[:half], a[half:], RATE), whole) < 0.02
    # More than by the rates is no less than as often.
    assert overlap(Coincidences(0, 30.0), 20.0) == 1.0
    # Hardly any spikes tell nothing.
    assert overlap(Coincidences(0, 0.0), 0.001) > 0.95
    assert overlap(Coincidences(0, 0.0), 0.0) == 1.0


def test_as_many_coincidences_as_of_two_units_are_a_veto():
    def score(found, expected):
        together = Coincidences(found, expected)
        return merge_score(0.9, merged_refractoriness(together), 0.95, together).score

    assert score(79, 82.1) < 0.01
    assert score(22, 15.8) < 0.01
    # Fewer than of two units, or too few to tell.
    assert score(30, 82.1) > 0.9
    assert score(16, 22.3) > 0.5
    assert score(8, 4.5) > 0.3


def test_evidence_in_words():
    def words(coincidences, *violations):
        return merge_score(0.5, 0.8, 0.9, coincidences, *violations).in_words()

    period = "coincident spikes within the refractory period"
    many = words(Coincidences(1_234, 5_678.4))
    assert many == f"1,234 {period}, where chance would make 5,678"
    few = words(Coincidences(0, 2.44), (0.001, 0.0271))
    assert few == f"0 {period}, where chance would make 2.4; violations would rise from 0.1 to 2.7%"
    assert words(Coincidences(0, 0.0), (0.01, 0.001)).endswith("would fall from 1.0 to 0.1%")
    apart = merge_score(0.5, 0.8, 0.9, Coincidences(0, 0.0), (0.0, 0.0), overlap=0.043).in_words()
    assert apart == (
        f"0 {period}; they are active together 4% as often as two units that fire throughout; "
        "violations would stay at 0.0%"
    )
    assert words(Coincidences(0, 0.0), (0.0, 0.0)) == f"0 {period}; violations would stay at 0.0%"


def test_doubles_and_sizes_in_words():
    period = "coincident spikes within the refractory period"
    twice = merge_score(0.5, 0.8, 0.9, Coincidences(6, 21.3), (0.0, 0.001), n_doubles=1_395)
    assert twice.in_words() == (
        "1,395 spikes were detected twice and would be set aside; "
        f"besides, 6 {period}, where chance would make 21; violations would rise from 0.0 to 0.1%"
    )
    larger = merge_score(0.5, 0.8, 0.9, size_ratio=1.58)
    assert larger.in_words() == f"0 {period}; the spikes of one are 1.6 times as large"
    assert merge_score(0.5, 0.8, 0.9, size_ratio=1.2).in_words() == f"0 {period}"


def test_the_isolation_that_a_merge_would_cost():
    evidence = merge_score(0.5, 0.8, 0.9)
    assert "isolation" not in evidence.in_words()
    assert not evidence.costs_isolation
    told = evidence._replace(isolation=(3_967.2, 13.1))
    assert told.in_words().endswith("; isolation would fall from 3,967 to 13")
    assert told.costs_isolation
    assert not evidence._replace(isolation=(49.1, 7.7)).costs_isolation
    unknown = evidence._replace(isolation=(float("nan"), 5.0))
    assert not unknown.costs_isolation
    assert "isolation" not in unknown.in_words()
