"""The band-pass filter against scipy's own filtering of whole recordings."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import scipy.fft
from scipy.signal import butter, filtfilt

from phygui.storage.arrays.bandpass import BandPass, FilteredBefore

RATE = 20000.0


def noise(n: int, n_channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 100, (n, n_channels)).astype(np.float32)


@pytest.mark.parametrize(
    ("rate", "low", "high", "order"),
    [(20000, 500, 9500, 3), (30000, 300, 6000, 3), (20000, 500, 9500, 1), (25000, 250, 3000, 4)],
)
def test_a_whole_recording(rate: float, low: float, high: float, order: int) -> None:
    traces = noise(4000)
    b, a = butter(order, [low / (rate / 2), high / (rate / 2)], "bandpass")
    expected = filtfilt(b, a, traces.astype(np.float64), axis=0)
    found = BandPass(rate, low, high, order).apply(traces)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int32, np.float32, np.float64, np.uint8])
def test_any_type_of_samples(dtype: type) -> None:
    traces = (noise(500) % 200).astype(dtype)
    found = BandPass(RATE, 500, 9500).apply(traces)
    expected = BandPass(RATE, 500, 9500).apply(traces.astype(np.float64))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 21, 22, 50])
def test_recordings_shorter_than_the_padding(n: int) -> None:
    found = BandPass(RATE, 500, 9500).apply(noise(n))
    assert found.shape == (n, 3)
    assert np.isfinite(found).all()


def test_a_constant_is_removed() -> None:
    assert np.abs(BandPass(RATE, 500, 9500).apply(np.full((300, 2), 3e4))).max() < 1e-2


def test_a_piece_with_its_margin_is_as_in_the_whole() -> None:
    band_pass = BandPass(RATE, 500, 9500)
    traces, m = noise(5000), band_pass.margin
    whole = band_pass.apply(traces)
    piece = band_pass.apply(traces[2000 - m : 2500 + m])[m:-m]
    np.testing.assert_allclose(piece, whole[2000:2500], atol=0.05)


@pytest.mark.parametrize(("low", "high"), [(500, 9500), (300, 6000), (100, 5000)])
def test_the_matrix_is_the_filter_far_from_the_edges(low: float, high: float) -> None:
    band_pass = BandPass(RATE, low, high)
    traces, m = noise(20 * band_pass.margin + 4000) + 3000, band_pass.margin
    whole = band_pass.apply(traces)
    matrix = band_pass.matrix(40)
    assert matrix.shape == (40, 40 + 2 * m)
    assert matrix is band_pass.matrix(40)
    start = len(traces) // 2
    found = matrix @ traces[start - m : start + 40 + m]
    np.testing.assert_allclose(found, whole[start : start + 40], atol=0.05)


def test_what_was_filtered_before_only_loses_its_mean() -> None:
    none, traces = FilteredBefore(RATE), noise(4000) + 3000
    m, start = none.margin, 1000
    piece = traces[start - m : start + 40 + m]
    expected = traces[start : start + 40] - piece.mean(axis=0)
    for found in (
        none.matrix(40) @ (piece - piece.mean(axis=0)),
        none.matrix(40) @ piece,
        none.apply(piece)[m:-m],
        none.apply(piece.T, axis=1).T[m:-m],
        none.middle(piece),
    ):
        np.testing.assert_allclose(found, expected, atol=0.01)
    assert none.apply(traces).dtype == none.middle(piece).dtype == np.float32
    assert none.apply(traces[:0]).shape == traces[:0].shape
    assert not none.apply(traces[:1]).any()
    assert none.order == 0


def test_the_margin_is_as_long_as_the_filter_remembers() -> None:
    margins = [BandPass(RATE, low, 5000).margin for low in (1, 100, 300, 500, 2000)]
    assert margins == sorted(margins, reverse=True)
    assert margins[-1] >= 100
    assert margins[0] <= 20_000


@pytest.mark.parametrize(("low", "high"), [(0, 100), (500, 500), (500, 10000), (600, 500)])
def test_impossible_bands(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="impossible at 20000 Hz"):
        BandPass(RATE, low, high)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float64])
def test_the_middle_of_a_piece_is_that_of_the_whole_recording(dtype: type) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(30_000)[:, None]
    waves = 3000 * np.sin(t / 900) + rng.normal(0, 50, (len(t), 3))
    traces = (waves + (0 if dtype == np.int16 else 1e8)).astype(dtype)
    band_pass = BandPass(20_000.0, 500.0, 9_500.0)
    margin = band_pass.margin
    whole = band_pass.apply(traces)
    found = band_pass.middle(traces[5000 - margin : 15_001 + margin])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, whole[5000:15_001], atol=0.1)


@pytest.mark.parametrize("fft", [np.fft, scipy.fft])
@pytest.mark.parametrize(("start", "stop"), [(0, 700), (60, 700), (2000, 2500), (4400, 5000)])
@pytest.mark.parametrize("band_pass", [BandPass(RATE, 500, 9500), FilteredBefore(RATE)])
def test_a_stretch_is_that_of_the_recording_wherever_it_lies(
    band_pass: BandPass, start: int, stop: int, fft: ModuleType
) -> None:
    traces, margin = noise(5000), band_pass.margin
    first = max(0, start - margin)
    piece = traces[first : stop + margin]
    found = band_pass.stretch(piece, start - first, stop - start, fft)
    if isinstance(band_pass, FilteredBefore):
        whole = traces - piece.mean(axis=0)
    else:
        whole = band_pass.apply(traces)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, whole[start:stop], atol=0.05)
