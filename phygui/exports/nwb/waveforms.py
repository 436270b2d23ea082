"""Mean waveforms of units and how much single ones differ from them, in volts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.dataset import ShankData
from phygui.dataset.protocol import MICROVOLTS

N_SPIKES = 500
"""Spikes of a unit, spread over all of them, that its mean and SD are taken of."""
N_ELECTRODES = 32
"""Electrodes of a unit at most: those nearest to where it is largest."""
_BATCH = 100


@dataclass(frozen=True)
class MeanWaveform:
    """What the spikes of a unit look like.

    Attributes
    ----------
    mean, sd : (n_samples, n_channels) float32
        Volts.
    """

    mean: NDArray[np.float32]
    sd: NDArray[np.float32]


def is_in_volts(shank: ShankData) -> bool:
    """Whether there is raw data, and it is known how many volts a unit of it is."""
    return shank.waveforms is not None and shank.voltage_unit == MICROVOLTS


def nearest(shank: ShankData, best: int, n: int = N_ELECTRODES) -> NDArray[np.int64]:
    """The channels nearest to one of them, in the order of the shank: (n,) int64, places."""
    away = np.linalg.norm(shank.channel_positions - shank.channel_positions[best], axis=1)
    return np.sort(np.argsort(away, kind="stable")[:n])


def mean_waveform(
    shank: ShankData, spike_ids: NDArray[np.int64], channels: NDArray[np.int64]
) -> MeanWaveform:
    """Mean and standard deviation of the filtered waveforms of a sample of some spikes.

    Those that lie outside their recordings do not count; without any all is NaN.
    """
    assert shank.waveforms is not None
    shape = shank.n_samples_waveforms, len(channels)
    # Sums of squares lose digits where means are large; filtered waveforms have none.
    total, squares, n = np.zeros(shape), np.zeros(shape), 0
    some = sample_spikes(spike_ids, N_SPIKES)
    first, stop = int(channels.min()), int(channels.max()) + 1
    for start in range(0, len(some), _BATCH):
        read = shank.waveforms[some[start : start + _BATCH], :, first:stop]
        found = read[:, :, channels - first].astype(np.float64)
        found = found[found.any(axis=(1, 2))]
        n += len(found)
        total += found.sum(axis=0)
        squares += np.square(found).sum(axis=0)
    if not n:
        nothing = np.full(shape, np.nan, np.float32)
        return MeanWaveform(nothing, nothing)
    mean = total / n
    sd = np.sqrt(np.maximum(squares / n - np.square(mean), 0.0))
    gains = shank.channel_gains[channels] * 1e-6
    return MeanWaveform((mean * gains).astype(np.float32), (sd * gains).astype(np.float32))
