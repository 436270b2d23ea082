"""Principal components of `pc_features.npy`: on other channels for each template."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.formats.phy.npy import exists, open_rows, read_integers
from phygui.formats.phy.sorting import Sorting, read_columns
from phygui.storage.arrays.stores import Store

FILE = "pc_features.npy"


class TemplateFeatures:
    """Features of the spikes of one shank, sparse by the *template* of each spike.

    After a merge the spikes of one cluster lie on different channels: each where its template was.

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


def open_features(
    sorting: Sorting, spikes: NDArray[np.int64] | None, channels: NDArray[np.int64]
) -> TemplateFeatures | None:
    """The features of a shank; None if the folder has none.

    Parameters
    ----------
    sorting : Sorting
    spikes : (n_spikes,) int64, optional
        Those of the shank; by default all.
    channels : (n_channels,) int64
        The shank's, as places among all channels.

    Raises
    ------
    DatasetError
        If they cannot be read, or do not fit the spikes.
    """
    path = sorting.folder / FILE
    if not exists(path):
        return None
    store = open_rows(path)
    try:
        rows = _rows(path, store, sorting.n_spikes)
        if len(store.shape) not in (2, 3):
            raise DatasetError(f"{path} has {len(store.shape)} axes, expected 2 or 3.")
        n_all, n_templates = len(sorting.channels), int(sorting.spike_templates.max()) + 1
        columns = read_columns(path.with_name("pc_feature_ind.npy"), n_templates, n_all)
        n_columns = n_all if columns is None else columns.shape[1]
        if store.shape[-1] != n_columns:
            raise DatasetError(
                f"{path} has features on {store.shape[-1]} channels of a spike, expected "
                f"{n_columns}."
            )
    except BaseException:
        store.close()
        raise
    if len(channels) < n_all:
        if columns is None:
            columns = np.tile(np.arange(n_all), (n_templates, 1))
        place = np.full(n_all + 1, -1)
        place[channels] = np.arange(len(channels))
        columns = place[columns]
    templates = sorting.spike_templates
    if spikes is not None:
        templates = templates[spikes]
        rows = spikes if rows is None else rows[spikes]
    return TemplateFeatures(store, columns, templates, rows, len(channels))


def _rows(path: Path, store: Store, n_spikes: int) -> NDArray[np.int64] | None:
    """Row of each spike; None if all have one, in order."""
    subset = path.with_name("pc_feature_spike_ids.npy")
    if exists(subset):
        spike_ids = read_integers(subset, length=store.shape[0])
        if len(spike_ids) and not (spike_ids.min() >= 0 and spike_ids.max() < n_spikes):
            raise DatasetError(
                f"{subset} names spikes that there are not, expected 0 to {n_spikes - 1}."
            )
        rows = np.full(n_spikes, -1)
        rows[spike_ids] = np.arange(len(spike_ids))
        return rows
    if store.shape[0] != n_spikes:
        raise DatasetError(f"{path} has {store.shape[0]} rows, expected {n_spikes}.")
    return None
