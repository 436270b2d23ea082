"""What is known of each cluster beyond its spikes: best channel, depth, amplitude, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.snapshot import Snapshot

N_SPIKES_FEATURES = 500
"""Spikes of a cluster that its mean features are taken from."""
N_SPIKES_WAVEFORMS = 60
"""Spikes of a cluster that its mean waveform is taken from."""


@dataclass(frozen=True)
class ClusterStats:
    """What is known of one cluster; None where the data for it is missing."""

    best_channel: int | None = None
    """The channel (as numbered in the file) of the largest mean waveform or mean feature."""
    depth: float | None = None
    """Vertical position of the best channel, micrometres."""
    amplitude: float | None = None
    """Peak to peak of the mean waveform on the best channel, microvolts."""
    mean_features: NDArray[np.float32] | None = None
    """Mean masked features, (n_channels, n_features_per_channel)."""
    mean_waveform: NDArray[np.float32] | None = None
    """Mean filtered waveform, (n_samples_waveforms, n_channels), raw units."""


def compute_stats(
    snapshot: Snapshot, cluster_ids: Iterable[int], cancelled: Callable[[], bool] = lambda: False
) -> dict[int, ClusterStats]:
    """What is known of some clusters; stops early, with what it has, when cancelled.

    Each cluster costs the same however many spikes it has: means are taken
    over a regular sample of its spikes.
    """
    stats = {}
    for cluster_id in cluster_ids:
        if cancelled():
            break
        stats[cluster_id] = _stats_of(snapshot, cluster_id)
    return stats


def _stats_of(snapshot: Snapshot, cluster_id: int) -> ClusterStats:
    model = snapshot.model
    spike_ids = snapshot.spikes(cluster_id)
    features = waveform = amplitude = None
    size: NDArray[np.float32] | None = None
    if model.features is not None and model.masks is not None:
        features = mean_masked_features(model, sample_spikes(spike_ids, N_SPIKES_FEATURES))
        size = np.linalg.norm(features, axis=1)
    if model.waveforms is not None:
        sample = sample_spikes(spike_ids, N_SPIKES_WAVEFORMS)
        waveform = model.waveforms[sample].mean(axis=0)
        size = np.ptp(waveform, axis=0)
    if size is None or not len(size):
        return ClusterStats()
    best = int(np.argmax(size))
    if waveform is not None:
        amplitude = float(size[best]) * model.voltage_gain
    return ClusterStats(
        best_channel=int(model.channel_order[best]),
        depth=float(model.channel_positions[best, 1]),
        amplitude=amplitude,
        mean_features=features,
        mean_waveform=waveform,
    )


def mean_masked_features(model, spike_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean over spikes of features times masks, (n_channels, n_features_per_channel)."""
    n_per_channel = model.n_features_per_channel
    n_channels = len(model.channel_order)
    features = np.nan_to_num(model.features[spike_ids, : n_channels * n_per_channel])
    masks = np.repeat(model.masks[spike_ids], n_per_channel, axis=1)
    return (features * masks).mean(axis=0).reshape(n_channels, n_per_channel)
