"""Parts of clusters: what is two units and what is one, the score, and the words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phygui.analysis import Coincidences, by_size, collided_share, split_parts, split_score
from phygui.analysis.units.splitting import N_FITTED, SplitScore

RATE = 20_000.0


def train(rng: np.random.Generator, n: int, duration: float = 300.0) -> np.ndarray:
    """A refractory spike train, samples."""
    intervals = 0.003 + rng.exponential(duration / n, 2 * n)
    times = np.cumsum(intervals)
    return (times[times < duration] * RATE).astype(np.int64)


def cluster(rng, sizes, distance, n_columns=8, drift=0.0, halo=0.1):
    """Columns, samples and units of a cluster of units `distance` SD apart."""
    columns, samples, units = [], [], []
    for k, n in enumerate(sizes):
        of = train(rng, n)
        cloud = rng.normal(size=(len(of), n_columns)) + np.eye(n_columns)[k] * distance
        # Some spikes collided with others.
        collided = np.flatnonzero(rng.random(len(of)) < halo)
        cloud[collided] += rng.normal(size=(len(collided), n_columns)) * 4
        cloud[:, -1] += drift * of / of.max()
        columns.append(cloud)
        samples.append(of)
        units.append(np.full(len(of), k))
    order = np.argsort(np.concatenate(samples), kind="stable")
    return tuple(np.concatenate(x)[order] for x in (columns, samples, units))


def test_two_units_are_two_parts():
    rng = np.random.default_rng(0)
    columns, samples, units = cluster(rng, (1500, 600), 9.0)
    labels, score = split_parts(columns, samples, RATE)
    assert score.score > 0.5
    assert len(score.n_spikes) == 2
    assert np.mean(labels == units) > 0.97
    assert score.distance > 5
    assert score.violations[0] > max(score.violations[1:])
    # They know nothing of each other.
    assert score.coincidences.found > 0.5 * score.coincidences.expected > 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_collisions_go_to_the_nearer_of_two_units_not_to_the_wider(seed):
    rng = np.random.default_rng(seed)
    n = 3000
    units = (rng.random(n) < 0.35).astype(int)
    columns = rng.normal(size=(n, 8)) * np.where(units, 1.0, 1.8)[:, None]
    columns[:, 0] += 14.0 * units
    collided = np.flatnonzero(rng.random(n) < 0.15)
    columns[collided] += rng.normal(size=(len(collided), 8)) * 4
    samples = np.cumsum(0.004 * RATE + rng.exponential(0.03 * RATE, n)).astype(np.int64)
    labels, score = split_parts(columns, samples, RATE)
    assert len(score.n_spikes) == 2
    assert np.mean(labels[collided] == units[collided]) > 0.9


@pytest.mark.parametrize("drift", [0.0, 5.0, 20.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_unit_is_one_part_although_it_drifts(drift, seed):
    columns, samples, _ = cluster(np.random.default_rng(seed), (2000,), 0.0, drift=drift)
    labels, score = split_parts(columns, samples, RATE)
    assert score.score < 0.5
    assert score.n_spikes == (len(samples),)
    assert not labels.any()


def test_a_unit_that_jumped_is_one():
    # The electrode moved once: there is no time at which both parts are there.
    rng = np.random.default_rng(3)
    columns, samples, _ = cluster(rng, (2000,), 0.0)
    columns[samples > samples[-1] / 2, 0] += 3.0
    assert split_parts(columns, samples, RATE)[1].score < 0.5


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_unit_that_moved_away_and_came_back_is_one(seed):
    # There is no time at which it was between the two places, nor at which it was in both.
    rng = np.random.default_rng(seed)
    columns, samples, _ = cluster(rng, (2500,), 0.0, halo=0.03)
    third = samples[-1] / 3
    columns[(samples > third) & (samples < 2 * third), 0] += 7.0
    labels, score = split_parts(columns, samples, RATE)
    assert score.score < 0.5
    assert not labels.any()


def test_a_burst_of_small_spikes_is_no_unit():
    rng = np.random.default_rng(4)
    columns, samples, _ = cluster(rng, (2000,), 0.0)
    columns[:, 0] *= rng.uniform(0.3, 1.0, len(columns)) * 6
    assert split_parts(columns, samples, RATE)[1].n_spikes == (len(samples),)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_few_collisions_make_no_bridge_between_two_units(seed):
    rng = np.random.default_rng(seed)
    trains = [train(rng, n) for n in (1600, 700)]
    # Some spikes of both collided with the same third unit: they are as one, half way between.
    clouds = []
    for k, of in enumerate(trains):
        cloud = rng.normal(size=(len(of), 6)) + 12.0 * k * np.eye(6)[0]
        collided = rng.random(len(of)) < 0.05
        cloud[collided] = rng.normal(size=(collided.sum(), 6)) * (4, 1, 1, 1, 1, 1)
        cloud[collided, :2] += 6.0, 3.0
        clouds.append(cloud)
    units = np.repeat([0, 1], [len(of) for of in trains])
    order = np.argsort(np.concatenate(trains), kind="stable")
    columns = np.concatenate(clouds)[order]
    labels, score = split_parts(columns, np.concatenate(trains)[order], RATE)
    assert len(score.n_spikes) == 2
    assert np.mean(labels == units[order]) > 0.94


def test_as_many_parts_as_are_wanted():
    rng = np.random.default_rng(5)
    columns, samples, units = cluster(rng, (1000, 700, 300), 10.0)
    for n in range(1, 7):
        labels, score = split_parts(columns, samples, RATE, n)
        assert np.array_equal(np.unique(labels), np.arange(n))
        assert score.n_spikes == tuple(np.bincount(labels))
        assert list(score.n_spikes) == sorted(score.n_spikes, reverse=True)
    three, _ = split_parts(columns, samples, RATE, 3)
    assert np.mean(three == units) > 0.97
    # Two parts are those three, two of which are one.
    two, _ = split_parts(columns, samples, RATE, 2)
    assert len(np.unique(np.stack([two, three], axis=1), axis=0)) == 3


def test_spikes_that_nothing_is_known_of_go_to_the_largest_part():
    rng = np.random.default_rng(6)
    columns, samples, units = cluster(rng, (900, 500), 10.0)
    seen = rng.random(len(units)) > 0.2
    columns[~seen] = 1e6
    labels, score = split_parts(columns, samples, RATE, seen=seen)
    assert score.score > 0.5
    assert not labels[~seen].any()
    assert np.mean(labels[seen] == units[seen]) > 0.97


def test_the_same_every_time_and_of_any_number_of_spikes():
    rng = np.random.default_rng(7)
    columns, samples, units = cluster(rng, (2 * N_FITTED, N_FITTED), 12.0, halo=0.0)
    labels, score = split_parts(columns, samples, RATE)
    assert np.array_equal(labels, split_parts(columns, samples, RATE)[0])
    assert np.mean(labels == units) > 0.99
    assert score.score > 0.5


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_hardly_any_spikes(n):
    columns, samples = np.zeros((n, 3)), np.arange(n) * 100
    labels, score = split_parts(columns, samples, RATE)
    assert labels.tolist() == [0] * n
    assert score.n_spikes == (n,)
    assert split_parts(np.full((n, 3), np.nan), samples, RATE)[0].tolist() == [0] * n


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(20, 400), st.integers(1, 5), st.integers(1, 4))
def test_any_cloud_has_parts(seed, n, n_columns, n_parts):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, n_columns)) ** rng.integers(1, 4)
    samples = np.sort(rng.integers(0, 10**6, n))
    labels, score = split_parts(columns, samples, RATE, n_parts)
    assert sum(score.n_spikes) == n == len(labels)
    assert 1 <= len(score.n_spikes) <= n_parts
    assert 0 <= score.score <= 1
    found = split_score(columns, samples, RATE, labels)
    assert found.n_spikes == score.n_spikes
    assert found.violations == score.violations or len(score.n_spikes) == 1
    assert np.isnan(found.score)


@pytest.mark.parametrize("n_others", [0, 3_000, 60_000])
def test_parts_that_come_with_spikes_of_others_are_told_from_chance(n_others):
    rng = np.random.default_rng(1)
    rest, part = train(rng, 2000), train(rng, 400)
    others = rng.integers(0, 300 * RATE, n_others)

    def share(partners):
        return collided_share(part, rest, np.sort(np.concatenate([rest, part, partners])), RATE)

    # Up to 0.3 ms after six of ten, and at any time.
    taken = rng.random(len(part)) < 0.6
    partners = part[taken] + rng.integers(0, 6, taken.sum())
    chance = 0.05 + 0.1 * (n_others == 60_000)
    assert share(others) == pytest.approx(0.0, abs=chance)
    found = share(np.concatenate([others, partners]))
    assert found == pytest.approx(taken.mean(), abs=chance)
    # A spike that comes with one of its own cluster tells nothing.
    assert collided_share(part, part + 3, np.sort(np.concatenate([part, part + 3])), RATE) == 0


def test_collisions_by_the_definition():
    rng = np.random.default_rng(2)
    part, rest, others = (np.sort(rng.integers(0, 20_000, n)) for n in (40, 90, 300))

    def near(samples):
        return np.mean([np.abs(others - at).min() <= 10 for at in samples])

    p, q = near(part), near(rest)
    found = collided_share(part, rest, np.sort(np.concatenate([part, rest, others])), RATE)
    assert found == pytest.approx(max(0.0, (p - q) / (1 - q)))


def test_collisions_of_nothing():
    none = np.empty(0, np.int64)
    assert collided_share(none, none, none, RATE) == 0
    # Where all others come with one too, nothing can be told.
    assert collided_share([5], [50], [5, 6, 50, 51], RATE) == 0


def test_labels_by_size():
    assert by_size([7, 3, 3, 9, 3, 9]).tolist() == [2, 0, 0, 1, 0, 1]
    assert by_size([]).tolist() == []


def test_evidence_in_words():
    score = SplitScore(0.9, (812, 401), 6.12, Coincidences(40, 41.2), (0.009, 0.001, 0.0))
    assert score.in_words() == (
        "two groups of 812 and 401 spikes 6.1 SD apart; 0.9% violations would become 0.1% and "
        "0.0%; 40 coincidences where chance makes 41"
    )
    one = SplitScore(0.9, (5, 4, 3), 6.0, Coincidences(1, 0.24))
    assert one.in_words() == (
        "three groups of 5, 4 and 3 spikes 6.0 SD apart; 1 coincidence where chance makes 0.2"
    )
    assert SplitScore(0.0, (1_213,)).in_words() == "one group of 1,213 spikes"
