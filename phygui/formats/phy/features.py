"""Principal components of `pc_features.npy`: on other channels for each template."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.sparse_features import SparseFeatures
from phygui.errors import DatasetError
from phygui.formats.phy.sorting import Sorting, read_columns
from phygui.storage.arrays.npy import exists, open_rows, read_integers
from phygui.storage.arrays.stores import Store

FILE = "pc_features.npy"


def open_features(
    sorting: Sorting, spikes: NDArray[np.int64] | None, channels: NDArray[np.int64]
) -> SparseFeatures | None:
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
        if len(store.shape) not in (2, 3):
            raise DatasetError(f"{path} has {len(store.shape)} axes, expected 2 or 3.")
        rows = _rows(path, store, sorting.n_spikes)
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
    return SparseFeatures(store, columns, templates, rows, len(channels))


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
