"""The amplitude of a spike, in one place: tables, views, the preview and metrics go by it.

With raw data it is the filtered voltage of the spike where the mean waveform of its cluster has its
peak: on that channel, at that sample, with the sign that makes the peak positive. The mean of the
amplitudes of a cluster is therefore the peak of its mean waveform, and noise makes them neither
larger nor smaller on average, as it would if each spike's own largest value were taken.

Without raw data it is the projection of the spike's features on the mean features of its cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary
from phygui.dataset import ShankData

N_CHANNELS = 8
"""Channels, the largest of a cluster, whose features are projected on their means."""


@dataclass(frozen=True)
class Ruler:
    """What the spikes of a cluster are measured by.

    Attributes
    ----------
    channel : int
        Index of the best channel into the channel order.
    sample : int
        Sample of a waveform at which the spike is measured; -1 without raw data.
    factor : float
        From raw units to those of voltages, with the sign of the peak; 1 without raw data.
    channels : array of int64 (n,)
        Places of the channels whose features are projected; empty with raw data.
    direction : array of float32 (n,)
        Of unit length: what they are projected on.
    """

    channel: int
    sample: int
    factor: float
    channels: NDArray[np.int64]
    direction: NDArray[np.float32]


def channel_sizes(summary: ClusterSummary, shank: ShankData) -> NDArray[np.float64] | None:
    """How large a cluster is on each channel: the peak of its mean waveform, in ``voltage_unit``.

    Without raw data that of its template, else the length of the mean masked features; None where
    none of these is known.

    Returns
    -------
    array of float64 (n_channels,)
    """
    if summary.mean_waveform is not None:
        peaks: NDArray[np.float64] = np.abs(summary.mean_waveform).max(axis=0) * shank.channel_gains
        return peaks
    if summary.mean is not None:
        means = summary.mean.reshape(shank.n_channels, -1)
        norms: NDArray[np.float64] = np.linalg.norm(means, axis=1).astype(np.float64)
        return norms
    return None


def ruler_of(shank: ShankData, summary: ClusterSummary) -> Ruler | None:
    """What the spikes of a cluster are measured by; None if neither raw data nor features are."""
    if shank.waveforms is None and summary.mean_waveform is not None:
        # That is a template, by which no spike can be measured.
        summary = replace(summary, mean_waveform=None)
    sizes = channel_sizes(summary, shank)
    if sizes is None or not len(sizes):
        return None
    best = int(np.argmax(sizes))
    if summary.mean_waveform is not None:
        course = summary.mean_waveform[:, best]
        sample = int(np.argmax(np.abs(course)))
        gain = float(shank.channel_gains[best])
        factor = -gain if course[sample] < 0 else gain
        return Ruler(best, sample, factor, np.empty(0, np.int64), np.empty(0, np.float32))
    assert summary.mean is not None
    channels = np.sort(np.argsort(-sizes, kind="stable")[:N_CHANNELS])
    direction = summary.mean.reshape(shank.n_channels, -1)[channels].ravel()
    length = float(np.linalg.norm(direction))
    return Ruler(best, -1, 1.0, channels, direction / np.float32(length if length > 0 else 1.0))


def spike_amplitudes(
    shank: ShankData, spike_ids: NDArray[np.int64], ruler: Ruler | None
) -> NDArray[np.float32]:
    """Amplitude of some spikes of a cluster.

    Parameters
    ----------
    shank : ShankData
    spike_ids : array of int64 (n,)
    ruler : Ruler, optional
        Of their cluster, see :func:`ruler_of`.

    Returns
    -------
    array of float32 (n,)
        In the shank's ``voltage_unit`` with raw data, else in the units of the features. NaN for a
        spike that lies outside its recording, or that has no features there; without a ruler, or
        where the data it was made for is gone, for all.
    """
    found = np.full(len(spike_ids), np.nan, np.float32)
    if ruler is not None and ruler.sample >= 0 and shank.waveforms is not None:
        values = shank.waveforms.at(spike_ids, ruler.sample, ruler.channel)
        found = (values * ruler.factor).astype(np.float32)
    elif ruler is not None and ruler.sample < 0 and shank.features is not None:
        features, _ = shank.features.read(spike_ids, ruler.channels)
        features = features.reshape(len(spike_ids), -1)
        found = np.nan_to_num(features, posinf=0.0, neginf=0.0) @ ruler.direction
    # Sources give exactly 0 where they have nothing.
    found[found == 0] = np.nan
    return found


def amplitude_unit(shank: ShankData) -> str:
    """Unit of the amplitudes of spikes: none without raw data, since features have none."""
    if shank.waveforms is None:
        return ""
    return shank.voltage_unit
