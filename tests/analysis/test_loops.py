"""The plain loops give what the compiled ones give, and stand in until these are loaded."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from phygui.analysis import Isolation, Moments, _kernels, _loops, _plain, summarize
from phygui.analysis.units.similarity import _clouds

trains = st.lists(st.integers(0, 60), max_size=40).map(lambda x: np.sort(np.array(x, np.int64)))


@given(trains, trains, st.integers(1, 5), st.integers(1, 8), st.randoms(use_true_random=False))
def test_counting_pairs(a, b, bin_size, n_half, random):
    order = list(range(len(a) + len(b)))
    random.shuffle(order)
    orders = (
        np.sort(np.array(order[: len(a)], np.int64)),
        np.sort(np.array(order[len(a) :], np.int64)),
    )
    found = []
    for loops in (_kernels, _plain):
        counts = np.zeros(n_half, np.int64)
        loops.count_forward_lags(a, orders[0], b, orders[1], bin_size, n_half, counts)
        found.append(counts.tolist())
        around = np.zeros(2 * n_half, np.int64)
        loops.count_lags_around(a, orders[0], b, orders[1], bin_size, n_half, around)
        found[-1] += around.tolist()
        backward = np.zeros(n_half, np.int64)
        loops.count_forward_lags(b, orders[1], a, orders[0], bin_size, n_half, backward)
        assert around.tolist() == [*backward[::-1].tolist(), *counts.tolist()]
    assert found[0] == found[1]


@given(st.integers(1, 50), st.integers(1, 4), st.integers(1, 50), st.integers(0, 99))
def test_smallest_and_largest(n_samples, n_channels, n_bins, seed):
    traces = np.random.default_rng(seed).integers(-99, 99, (n_samples, n_channels), dtype=np.int16)
    n_bins = min(n_bins, n_samples)
    edges = np.arange(n_bins + 1) * n_samples // n_bins
    found = []
    for loops in (_kernels, _plain):
        out = np.zeros((n_bins, 2, n_channels), np.int16)
        loops.min_max(traces, edges, out)
        found.append(out.tolist())
    assert found[0] == found[1]


@given(st.integers(0, 600), st.integers(1, 7), st.booleans(), st.integers(0, 99))
def test_looking_from_a_centre(n_spikes, n_columns, is_round, seed):
    rng = np.random.default_rng(seed)
    columns = rng.normal(3, 1, (n_columns, n_spikes)).astype(np.float32)
    root = np.tril(rng.normal(size=(n_columns, n_columns)))[:, : n_columns * is_round]
    weights, centre = rng.integers(0, 3, n_spikes) / 2, rng.normal(3, 1, n_columns)
    found = []
    for loops in (_kernels, _plain):
        moments = np.ones(n_columns), np.ones((n_columns, n_columns)), np.empty(n_spikes)
        loops.look_from(centre, root, columns, weights, *moments)
        found.append(moments)
    for compiled, plain in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-9, atol=1e-9)


def test_separations():
    rng = np.random.default_rng(0)
    clouds = [rng.normal(rng.normal(size=6) * 2, 1, (n, 6)) for n in (3, 40, 200, 200)]
    clouds.append(np.zeros((5, 6)))
    parts = _clouds([summarize(cloud) for cloud in clouds])
    near = rng.random((5, 5)) < 0.8
    found = []
    for loops in (_kernels, _plain):
        out = np.full((5, 5), -1.0)
        loops.separations(*parts, *parts, near, 0.3, out)
        found.append(out)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-6)


def test_small_work_does_not_wait_for_a_compiler():
    code = """
import sys
import numpy as np
import pytest
from phygui import analysis
train = np.arange(0, 90_000, 90)
counts = analysis.cross_correlogram(train, bin_size=20, window_size=1000)
analysis.decimate_min_max(np.zeros((5000, 32), np.float32), 900)
summaries = [analysis.summarize(np.eye(4)), analysis.summarize(2 * np.eye(4))]
before = analysis.similarity(summaries, summaries)
analysis.similarity(summaries[:1], 1000 * summaries)  # a cluster beside those of a large dataset
print("numba" in sys.modules)
analysis.warm_up()
again = analysis.cross_correlogram(train, bin_size=20, window_size=1000)
print("numba" in sys.modules, (counts == again).all())
print(np.allclose(before, analysis.similarity(summaries, summaries), rtol=1e-4))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert told.stdout.split() == ["False", "True", "True", "True"], told.stderr


def test_where_size_alone_decides_what_is_loaded_does_not(monkeypatch):
    for are_loaded in (False, True):
        monkeypatch.setattr(_loops, "_are_loaded", are_loaded)
        assert _loops.loops(_loops.SMALL, by_size=True) is _plain
        assert _loops.loops(_loops.SMALL + 1, by_size=True) is _kernels


@given(st.integers(0, 600), st.integers(1, 9), st.integers(0, 20), st.integers(0, 99))
def test_those_near_a_centre(n_spikes, n_columns, start, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(3, 1, (n_columns + 3, start + n_spikes + 5)).astype(np.float32)
    rows = rng.permutation(n_columns + 3)[:n_columns]
    root = np.tril(rng.normal(size=(n_columns, n_columns)))
    centre, counted = rng.normal(3, 1, n_columns), rng.random(n_spikes) < 0.8
    found = []
    for loops in (_kernels, _plain):
        out = np.empty(n_spikes)
        n = loops.near_ones(centre, root, values, rows, start, counted, 2.5 * n_columns, out)
        found.append(out[:n])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


@given(st.integers(0, 300), st.integers(1, 8), st.integers(0, 99))
def test_the_sum_of_chances(n_spikes, n_half, seed):
    rng = np.random.default_rng(seed)
    squared, weights = rng.exponential(40, n_spikes), rng.random(n_spikes)
    found = [k.sum_chances(squared, weights, n_half, 80.0) for k in (_kernels, _plain)]
    near = squared < 80
    np.testing.assert_allclose(
        found, chi2.sf(squared[near], 2 * n_half) @ weights[near], rtol=1e-12
    )


def test_a_distance_that_is_no_number_has_no_chance():
    squared, weights = np.array([3.0, np.nan, np.inf, 5.0]), np.ones(4)
    found = [k.sum_chances(squared, weights, 2, 80.0) for k in (_kernels, _plain)]
    np.testing.assert_allclose(found, chi2.sf([3.0, 5.0], 4).sum(), rtol=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0, 7.5, 400.0])
def test_distances_of_many_spikes_of_one_weight_are_those_of_each_by_itself(weight):
    chance = np.random.default_rng(9)
    inside = chance.normal(0, 1, (300, 4)).astype(np.float32)
    values = chance.normal(1, 3, (4, 5_000)).astype(np.float32)
    counted = chance.random(5_000) < 0.7
    found, plain = Isolation(inside), Isolation(inside)
    plain.add(values.T, np.where(counted, weight, 0.0))
    moments = Moments.of(values)
    moments.add_moments(Moments.of(values[:, ~counted]), -1.0)
    found.add_moments(moments, weight)
    for start in range(0, 5_000, 1_500):
        which = counted[start : start + 1_500]
        found.add_distances(values, np.arange(4), start, which, weight)
    for name, metric in plain.metrics().items():
        np.testing.assert_allclose(found.metrics()[name].value, metric.value, rtol=1e-9)
