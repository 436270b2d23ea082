"""Features of samples of clusters that were read already: neighbours are looked at many times."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ShankData

POOL_BYTES = 64 * 2**20
"""Memory for the features that are kept."""
WINDOW_CHANNELS = 32
"""Channels, neighbours in the channel order, whose features are read and kept together."""


class FeaturePool:
    """The features of a sample of each of the clusters that were looked at last; for any thread.

    A sample is read once on a window of channels, and then serves all clusters of which it is a
    neighbour: to read a few channels of a spike takes about as long as to read a window.

    Parameters
    ----------
    shank : ShankData
        With features.
    """

    def __init__(self, shank: ShankData) -> None:
        self._shank = shank
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.float32]]] = {}
        self._n_bytes = 0

    def forget(self) -> None:
        """Give back the memory."""
        with self._lock:
            self._kept.clear()
            self._n_bytes = 0

    def read(
        self, cluster_id: int, sample: NDArray[np.int64], channels: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Features of a sample of a cluster on some channels, in their order.

        Parameters
        ----------
        cluster_id : int
            Whose sample it is: that of the same one, as long as it is the same sample, is kept.
        sample : array of int64 (n,)
        channels : array of int64 (n_channels,)

        Returns
        -------
        array of float32 (n, n_channels * n_features)
            Column by column in memory, so that sums over it are the same whether it was kept or
            not.
        """
        assert self._shank.features is not None
        n_channels = self._shank.n_channels
        first = int(channels.min()) // (WINDOW_CHANNELS // 2) * (WINDOW_CHANNELS // 2)
        first = max(0, min(first, n_channels - WINDOW_CHANNELS))
        stop = min(first + WINDOW_CHANNELS, n_channels)
        n_each = self._shank.features.n_features
        n_bytes = 4 * n_each * (stop - first) * len(sample)
        if channels.max() >= stop or 4 * n_bytes > POOL_BYTES:
            return features_on(self._shank, sample, channels)
        key = cluster_id, first
        with self._lock:
            known = self._kept.get(key)
        if known is None or not np.array_equal(known[0], sample):
            known = sample, features_on(self._shank, sample, np.arange(first, stop)).T
        self._keep(key, known)
        columns = ((channels - first)[:, None] * n_each + np.arange(n_each)).ravel()
        found: NDArray[np.float32] = known[1][columns].T
        return found

    def _keep(
        self, key: tuple[int, int], known: tuple[NDArray[np.int64], NDArray[np.float32]]
    ) -> None:
        """Keep features, as what was looked at last, in place of those longest not looked at."""
        with self._lock:
            old = self._kept.pop(key, None)
            self._n_bytes += known[1].nbytes - (0 if old is None else old[1].nbytes)
            self._kept[key] = known
            while self._n_bytes > POOL_BYTES:
                oldest = next(iter(self._kept))
                self._n_bytes -= self._kept.pop(oldest)[1].nbytes


def columns_of(
    shank: ShankData,
    spikes: Sequence[NDArray[np.int64]],
    channels: Sequence[NDArray[np.int64]],
) -> Generator[None, None, list[NDArray[np.float32]]]:
    """Features of sets of spikes, of each on some channels; what is not finite counts as 0.

    Yields every few milliseconds.

    Parameters
    ----------
    shank : ShankData
    spikes : sequence of (n,) int64 arrays
    channels : sequence of (n_channels,) int64 arrays
        For each set, ascending, as many for all.

    Returns
    -------
    list of (n_channels * n_features, n) float32 arrays
        Each in one piece of memory, so that sums over them are the same however they were read.
    """
    source = shank.features
    assert source is not None
    if (columns := getattr(source, "columns", None)) is not None:
        found = yield from columns(spikes, channels)
    else:
        found = []
        for ids, some in zip(spikes, channels, strict=True):
            values, _ = source.read(ids, some)
            found.append(values.reshape(len(ids), len(some) * source.n_features).T)
            yield
    return [_finite(np.ascontiguousarray(values)) for values in found]


def features_on(
    shank: ShankData, spike_ids: NDArray[np.int64], channels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Of one set, here and now, (n, n_channels * n_features): column by column in memory."""
    steps = columns_of(shank, [spike_ids], [channels])
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: NDArray[np.float32] = end.value[0]
            return found.T


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if np.isfinite(values).all():
        return values
    return np.nan_to_num(values, posinf=0.0, neginf=0.0)
