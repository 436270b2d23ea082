"""Counting points in the bins of a plane."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.core.density import as_opacity, density, n_bins_for, profile, smooth


def test_density_counts_like_numpy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 2, 5000), rng.normal(1, 1, 5000)
    x[:3], y[3:5] = [np.nan, np.inf, -np.inf], np.nan
    found = density(x, y, (-3, 4), (0, 2), (7, 11))
    ok = np.isfinite(x) & np.isfinite(y)
    wanted, _, _ = np.histogram2d(y[ok], x[ok], (7, 11), ((0, 2), (-3, 4)))
    np.testing.assert_array_equal(found, wanted)


def test_density_of_nothing():
    assert density(np.empty(0), np.empty(0), (0, 1), (0, 1), (3, 4)).sum() == 0


def test_smoothing_keeps_the_sum_and_the_place():
    counts = np.zeros((2, 9, 8), np.float32)
    counts[0, 4, 3] = 16
    counts[1, 0, 7] = 16
    found = smooth(counts)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 16)
    np.testing.assert_array_equal(found[0, 3:6, 2:5], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])


def test_opacity_is_one_at_most_and_each_image_reaches_it():
    counts = np.array([[[0, 4], [1, 0]], [[0, 0], [0, 0]], [[0, 100], [25, 0]]], np.float32)
    found = as_opacity(counts)
    np.testing.assert_allclose(found[0], [[0, 1], [0.5, 0]])
    np.testing.assert_allclose(found[1], 0)
    np.testing.assert_allclose(found[2], [[0, 1], [0.5, 0]])


def test_images_fit_into_a_texture():
    for n in (1, 16, 200, 5000):
        assert n * n_bins_for(n, 96) <= 20_000
    assert n_bins_for(3, 96) == 96


def test_a_profile_keeps_two_peaks_and_an_edge_and_loses_nothing():
    rng = np.random.default_rng(0)
    edges = np.linspace(0, 100, 81)
    peaks = profile(np.concatenate([rng.normal(30, 3, 250), rng.normal(60, 3, 250)]), edges)
    assert peaks.sum() == pytest.approx(1)
    assert peaks[36] < 0.3 * min(peaks[24], peaks[48])
    cut = rng.normal(40, 10, 4000)
    cut = profile(cut[cut > 35], edges)
    assert cut[:25].sum() < 0.01
    assert cut[28:32].mean() > 0.02
    for few in ([], [np.nan], [20.0], [20.0, 20.0], [-5.0, 20.0, np.inf], [0.0, 100.0]):
        found = profile(np.array(few), edges)
        assert found.shape == (80,)
        assert np.isfinite(found).all()


def test_a_profile_is_as_wide_as_what_is_seen_whatever_lies_outside():
    edges = np.linspace(-1, 1, 81)
    found = profile(np.r_[np.zeros(1000), np.full(8, 1e6)], edges)
    assert found.shape == (80,)
    assert found[39:41].sum() == pytest.approx(1000 / 1008)
