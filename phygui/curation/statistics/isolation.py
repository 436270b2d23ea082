"""How isolated clusters are among all other spikes, whose features are read in the file's order.

Every spike counts where that is affordable. Where it is not, all spikes of the clusters nearby do,
and of the others a regular sample, in which each spike stands for several.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import Isolation
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset import ShankData

N_CHANNELS = 4
"""Channels, the largest of a cluster, on which its isolation is judged."""
MOST_ROWS = 2_000_000
"""Other spikes that are looked at for a cluster."""
MOST_BYTES = 4 * 2**30
"""Bytes of the file that they may take: features of all channels lie side by side."""
ROWS = 32_768
"""Spikes whose features are read at once."""
VISITS = 2_000_000
"""Spikes looked at, for all clusters of one pass through the file together: about a second."""
BYTES_PER_CLUSTER = 256 * 2**20
"""Bytes of the file that a pass may read for each of its clusters, if more share it."""
MOST_CLUSTERS = 24


def isolation_channels(sizes: NDArray[np.floating]) -> NDArray[np.int64]:
    """The channels on which the isolation of a cluster of such `channel_sizes` is judged."""
    return np.sort(np.argsort(-sizes, kind="stable")[:N_CHANNELS])


def clusters_in_a_pass(shank: ShankData) -> int:
    """Clusters for which one pass through the file is made."""
    n_rows = min(shank.n_spikes, most_rows(shank))
    by_reading = n_rows * row_bytes(shank) // BYTES_PER_CLUSTER
    return int(np.clip(max(by_reading, VISITS // max(n_rows, 1)), 1, MOST_CLUSTERS))


def row_bytes(shank: ShankData) -> int:
    """Bytes of a spike's features and masks in the file."""
    assert shank.features is not None
    return 8 * shank.n_channels * shank.features.n_features


def most_rows(shank: ShankData) -> int:
    """Spikes whose features may be read for a cluster."""
    return min(MOST_ROWS, MOST_BYTES // row_bytes(shank))


def isolations(
    snapshot: Snapshot, channels: Mapping[int, NDArray[np.int64]], cancelled: Callable[[], bool]
) -> dict[int, Isolation] | None:
    """The isolation of some clusters, by one pass through the features; None if cancelled.

    Parameters
    ----------
    snapshot : Snapshot
        Of a shank with features.
    channels : mapping of int to array of int
        The clusters, and the channels that each is judged on.
    cancelled : callable
    """
    passes: list[_Pass] = []
    shank, most = snapshot.shank, most_rows(snapshot.shank)
    for cluster_id, of in channels.items():
        if cancelled():
            return None
        own = snapshot.spikes(cluster_id)
        isolation = Isolation(_features(shank, own, of))
        near: tuple[NDArray[np.int64], ...] = ()
        step = 1
        if snapshot.n_spikes - len(own) > most:
            near, step = _plan(snapshot, cluster_id, of, isolation, most)
        passes.append(_Pass(isolation, own, of, near, step))
    needed = np.unique(np.concatenate([each.channels for each in passes]))
    for start in range(0, snapshot.n_spikes, ROWS):
        if cancelled():
            return None
        stop = min(start + ROWS, snapshot.n_spikes)
        weights = [each.weights(start, stop) for each in passes]
        rows = np.flatnonzero(np.any(weights, axis=0))
        which = slice(start, stop) if len(rows) == stop - start else start + rows
        found = {int(c): _features(shank, which, np.array([c])) for c in needed}
        for each, weight in zip(passes, weights, strict=True):
            columns = np.concatenate([found[int(c)] for c in each.channels], axis=1)
            each.take(columns, weight[rows])
    return dict(zip(channels, (each.isolation for each in passes), strict=True))


@dataclass(frozen=True)
class _Pass:
    """One cluster on the way through the file."""

    isolation: Isolation
    own: NDArray[np.int64]
    channels: NDArray[np.int64]
    near: tuple[NDArray[np.int64], ...]
    """Spikes of the clusters of which all count."""
    step: int
    """Of the others, the part that counts."""

    def weights(self, start: int, stop: int) -> NDArray[np.float32]:
        """How many spikes each of those in a row of them stands for."""
        found = np.zeros(stop - start, np.float32)
        found[(-start + self.step // 2) % self.step :: self.step] = self.step
        for spike_ids in self.near:
            found[_within(spike_ids, start, stop)] = 1
        found[_within(self.own, start, stop)] = 0
        return found

    def take(self, features: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
        """Take account of some spikes."""
        counted = weights > 0
        if not counted.all():
            features, weights = features[counted], weights[counted]
        self.isolation.add(features, None if self.step == 1 else weights)


def _within(spike_ids: NDArray[np.int64], start: int, stop: int) -> NDArray[np.int64]:
    """Places of the spikes that lie in a row of them."""
    first, last = np.searchsorted(spike_ids, [start, stop])
    return spike_ids[first:last] - start


def _plan(
    snapshot: Snapshot,
    cluster_id: int,
    channels: NDArray[np.int64],
    isolation: Isolation,
    most: int,
) -> tuple[tuple[NDArray[np.int64], ...], int]:
    """The clusters of which all spikes count, and which part of the others does.

    The nearest clusters, by the cluster's own measure, get half of what there is room for: their
    spikes decide, and the sample of the rest need only tell of a few that strayed.
    """
    n_channels = snapshot.shank.n_channels
    distances = {}
    for other in snapshot.spikes_per_cluster:
        stats = snapshot.stats.get(other)
        if other != cluster_id and stats is not None and stats.summary.mean is not None:
            mean = stats.summary.mean.reshape(n_channels, -1)[channels].ravel()
            distances[other] = isolation.squared_distance(mean)
    near, room = [], most // 2
    for other in sorted(distances, key=distances.__getitem__):
        room -= len(snapshot.spikes(other))
        if room < 0:
            break
        near.append(snapshot.spikes(other))
    n_rest = snapshot.n_spikes - len(snapshot.spikes(cluster_id)) - sum(map(len, near))
    n_left = most - sum(map(len, near))
    return tuple(near), max(1, -(-n_rest // n_left))


def _features(
    shank: ShankData, spikes: slice | NDArray[np.int64], channels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Features on some channels."""
    assert shank.features is not None
    if isinstance(spikes, slice):
        spikes = np.arange(*spikes.indices(shank.n_spikes))
    values, _ = shank.features.read(spikes, channels)
    values = values.reshape(len(spikes), -1)
    return np.nan_to_num(values, posinf=0.0, neginf=0.0)
