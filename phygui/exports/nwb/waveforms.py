"""Mean waveforms of units and how much single ones differ from them, in volts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ShankData
from phygui.dataset.protocol import MICROVOLTS
from phygui.exports.curation import ShankCuration

N_SPIKES = 100
"""Spikes of a unit, spread over all, that the SD is taken of: each is read from the disk."""
N_ELECTRODES = 32
"""Electrodes of a unit at most: those nearest to where it is largest."""


def is_in_volts(shank: ShankData) -> bool:
    """Whether there is raw data, and it is known how many volts a unit of it is."""
    return shank.waveforms is not None and shank.voltage_unit == MICROVOLTS


def nearest(shank: ShankData, best: int, n: int = N_ELECTRODES) -> NDArray[np.int64]:
    """The channels nearest to one of them, in the order of the shank: (n,) int64, places."""
    away = np.linalg.norm(shank.channel_positions - shank.channel_positions[best], axis=1)
    return np.sort(np.argsort(away, kind="stable")[:n])


def mean_waveform(
    shank: ShankCuration, cluster_id: int, channels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The mean waveform on some channels: (n_samples, n) float32, volts.

    NaN on channels so far away that it is not known there.
    """
    mean = shank.mean_waveform(cluster_id)
    if mean is None:
        return np.full((shank.data.n_samples_waveforms, len(channels)), np.nan, np.float32)
    found = (mean[:, channels] * 1e-6).astype(np.float32)
    found[:, ~found.any(axis=0)] = np.nan
    return found


def sd_waveform(
    shank: ShankCuration, cluster_id: int, channels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Standard deviation of a sample of the waveforms on some channels, likewise."""
    sd = shank.sd_waveform(cluster_id, channels, N_SPIKES)
    assert sd is not None
    return (sd * 1e-6).astype(np.float32)
