"""Features and masks of the demo, as a spike detector computes them from filtered waveforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.storage.arrays.bandpass import BandPass

from .probe import Shank

BEFORE = AFTER = 16  # samples of a waveform before and from the spike
MARGIN = 64  # samples on either side that make the filter forget where a snippet begins
FILTER_LOW, FILTER_HIGH_FACTOR, FILTER_ORDER = 500.0, 0.475, 3
WEAK, STRONG = 2.0, 4.5  # thresholds, in standard deviations of the noise
_PEAK = 5  # samples around the spike in which the trough of a channel is looked for
_MAX_HOPS = 12  # channels from the strongest one that a spike can spread over


def band_pass(sample_rate: float) -> BandPass:
    """The filter of the detection."""
    return BandPass(sample_rate, FILTER_LOW, FILTER_HIGH_FACTOR * sample_rate, FILTER_ORDER)


def filter_matrix(sample_rate: float) -> NDArray[np.float32]:
    """The matrix that turns the samples around a spike into its filtered waveform.

    Its shape is (BEFORE + AFTER, BEFORE + AFTER + 2 * MARGIN). The margin is shorter than the
    filter's memory: a detector's features are not more exact than that either.
    """
    band = band_pass(sample_rate)
    matrix, beyond = band.matrix(BEFORE + AFTER), band.margin - MARGIN
    return np.ascontiguousarray(matrix[:, beyond : matrix.shape[1] - beyond])


def filtered_waveforms(
    traces: NDArray[np.float32], rows: NDArray[np.int64], matrix: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Waveforms (n_channels, n_spikes, BEFORE + AFTER) around ``rows`` of ``traces``.

    ``traces`` is (n_samples, n_channels) and reaches BEFORE + MARGIN samples before the first
    spike and AFTER + MARGIN beyond the last.
    """
    by_channel = np.ascontiguousarray(traces.T)
    windows = np.lib.stride_tricks.sliding_window_view(by_channel, matrix.shape[1], axis=1)
    snippets = windows[:, rows - BEFORE - MARGIN]
    snippets -= snippets.mean(axis=2, keepdims=True)
    # One large product: many small ones wait for each other's threads on a busy machine.
    flat = snippets.reshape(-1, matrix.shape[1]) @ matrix.T
    return flat.reshape(*snippets.shape[:2], len(matrix))


def noise_level(traces: NDArray[np.float32], sample_rate: float) -> NDArray[np.float64]:
    """Standard deviation of the filtered traces (n_samples, n_channels), spikes discounted.

    The median of the absolute values over 0.6745 (Quian Quiroga et al., 2004).
    """
    filtered = band_pass(sample_rate).apply(traces)[MARGIN:-MARGIN]
    noise: NDArray[np.float64] = np.median(np.abs(filtered), axis=0) / 0.6745
    return noise


def troughs(waveforms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth of the trough of waveforms (..., n_samples) near the spike."""
    troughs: NDArray[np.float32] = waveforms[..., BEFORE - _PEAK : BEFORE + _PEAK].min(axis=-1)
    return -troughs


def masks(depths: NDArray[np.float32], noise: NDArray[Any], shank: Shank) -> NDArray[np.float32]:
    """How surely a spike is seen on a channel, (n_spikes, n_channels), between 0 and 1.

    The trough's depth from the weak threshold (0) to the strong one (1), on the channels that
    adjacent channels above the weak threshold link to the strongest one.
    """
    values = ((depths / noise - WEAK) / (STRONG - WEAK)).clip(0, 1).astype(np.float32)
    seen = values > 0
    reached = np.zeros_like(seen)
    reached[np.arange(len(depths)), depths.argmax(axis=1)] = True
    step = (shank.neighbours | np.eye(shank.n_channels, dtype=bool)).astype(np.float32)
    for _ in range(_MAX_HOPS):
        wider = ((reached.astype(np.float32) @ step) > 0) & seen
        if (wider == reached).all():
            break
        reached = wider
    return np.where(reached, values, np.float32(0))


@dataclass(frozen=True)
class Components:
    """Principal components of every channel: (n_channels, n_features, BEFORE + AFTER) float32."""

    axes: NDArray[np.float32]

    def project(self, waveforms: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features (n_spikes, n_channels * n_features) of (n_channels, n_spikes, n_samples)."""
        features = waveforms @ self.axes.transpose(0, 2, 1)
        return features.transpose(1, 0, 2).reshape(waveforms.shape[1], -1)


def principal_components(covariances: NDArray[np.float64], n_features: int) -> Components:
    """The main axes of (n_channels, n_samples, n_samples) covariances of waveforms.

    A little of the mean covariance steadies the channels on which few spikes are seen. The sign
    is the one that gives a trough positive features.
    """
    steadied = covariances + 0.01 * covariances.mean(axis=0)
    _, vectors = np.linalg.eigh(steadied)
    axes = vectors[..., ::-1][..., :n_features].transpose(0, 2, 1)
    sign = np.where(axes[..., BEFORE - 2 : BEFORE + 3].sum(axis=-1, keepdims=True) > 0, -1.0, 1.0)
    return Components((axes * sign).astype(np.float32))


def weighted_covariances(
    waveforms: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Covariance per channel of (n_channels, n_spikes, n_samples), spikes weighted (n_spikes,
    n_channels)."""
    w = weights.T[..., None] + np.float32(1e-6)
    centred = waveforms - (waveforms * w).sum(axis=1, keepdims=True) / w.sum(axis=1, keepdims=True)
    products = ((centred * w).transpose(0, 2, 1) @ centred).astype(np.float64)
    covariances: NDArray[np.float64] = products / waveforms.shape[1]
    return covariances
