"""Features that are stored on other channels for each template, or unit of the sorter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from phygui.storage.arrays.stores import Store


class SparseFeatures:
    """Features of the spikes of one shank, sparse by what the sorter took each spike for.

    That is its *template*, which curation never changes: after a merge the spikes of one cluster
    lie on different channels.

    Parameters
    ----------
    store : Store
        (n_rows, n_features, n_columns), or without the middle axis where there is one feature.
    columns : (n_templates, n_columns) int64, optional
        Place of each column among the channels of the shank, -1 for none; dense without.
    spike_templates : (n_spikes,) int32
        Of the spikes of the shank.
    rows : (n_spikes,) int64, optional
        Row of each spike in the store, -1 for those without features; by default all in order.
    n_channels : int
    """

    has_masks = False
    reads_whole_rows = True

    def __init__(
        self,
        store: Store,
        columns: NDArray[np.int64] | None,
        spike_templates: NDArray[np.int32],
        rows: NDArray[np.int64] | None,
        n_channels: int,
    ) -> None:
        self._store = store
        self._columns = columns
        self._templates = spike_templates
        self._rows = rows
        self._n_channels = n_channels
        self.n_features = int(store.shape[1]) if len(store.shape) == 3 else 1

    def read(
        self, spike_ids: NDArray[np.int64], channels: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See :class:`~phygui.dataset.FeatureSource`."""
        spike_ids = np.asarray(spike_ids)
        wanted = np.arange(self._n_channels) if channels is None else np.asarray(channels)
        values = np.zeros((len(spike_ids), len(wanted), self.n_features), np.float32)
        masks = np.zeros((len(spike_ids), len(wanted)), np.float32)
        rows = spike_ids if self._rows is None else self._rows[spike_ids]
        there = np.flatnonzero(rows >= 0)
        if not len(there) or not len(wanted):
            return values, masks
        # In the order of the file, each row once.
        unique, back = np.unique(rows[there], return_inverse=True)
        stored = self._store.read([unique, *(slice(0, n, 1) for n in self._store.shape[1:])])
        stored = np.nan_to_num(stored, posinf=0.0, neginf=0.0).astype(np.float32, copy=False)
        stored = stored.reshape(len(unique), self.n_features, -1)[back]
        # Where each channel goes; channels that are not wanted, and none, go nowhere.
        place = np.full(self._n_channels + 1, -1)
        place[wanted] = np.arange(len(wanted))
        if self._columns is None:
            local = np.broadcast_to(np.arange(stored.shape[2]), (len(there), stored.shape[2]))
        else:
            local = self._columns[self._templates[spike_ids[there]]]
        goal = place[local]
        spikes, columns = np.nonzero(goal >= 0)
        values[there[spikes], goal[spikes, columns]] = stored[spikes, :, columns]
        masks[there[spikes], goal[spikes, columns]] = 1
        return values, masks

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()
