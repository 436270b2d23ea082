"""The sorter's templates: mean waveforms, in the sorter's own whitened space or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.formats.phy.sorting import Sorting, check_templates, template_channels
from phygui.storage.arrays.npy import exists, open_rows, read_array

FILE = "templates.npy"
_LOOKED_AT = 32
"""Templates by which the sample of a spike is found."""


class Templates(Mapping[int, "NDArray[np.float32]"]):
    """Templates by their numbers: (n_samples, n_channels) float32 each, read when asked for.

    Where the folder has the inverse of a whitening matrix, it is undone: `T @ W^-1` over channels.

    Parameters
    ----------
    sorting : Sorting
    channels : (n_channels,) int64
        The shank's, as places among all channels.

    Raises
    ------
    DatasetError
        If they cannot be read, or do not fit the channels.
    """

    def __init__(self, sorting: Sorting, channels: NDArray[np.int64]) -> None:
        path = sorting.folder / FILE
        self._channels = channels
        self._n_all = len(sorting.channels)
        self._store = open_rows(path)
        try:
            shape = self._store.shape
            self._columns = template_channels(sorting.folder, shape[0] if shape else 0, self._n_all)
            check_templates(path, shape, self._columns, self._n_all)
            self._unwhitening = _unwhitening(sorting.folder, self._n_all)
        except BaseException:
            self._store.close()
            raise

    @property
    def n_samples(self) -> int:
        """Samples of a template."""
        return int(self._store.shape[1])

    def __len__(self) -> int:
        return int(self._store.shape[0])

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def __getitem__(self, template: int) -> NDArray[np.float32]:
        if template not in range(len(self)):
            raise KeyError(template)
        axes = [slice(0, n, 1) for n in self._store.shape[1:]]
        stored = self._store.read([slice(template, template + 1, 1), *axes])[0]
        dense = np.zeros((len(stored), self._n_all), np.float64)
        if self._columns is None:
            dense[:] = stored
        else:
            columns = self._columns[template]
            dense[:, columns[columns >= 0]] = stored[:, columns >= 0]
        dense = np.nan_to_num(dense, posinf=0.0, neginf=0.0)
        if self._unwhitening is not None:
            # On a large probe a template is 0 nearly everywhere.
            used = dense.any(axis=0)
            return (dense[:, used] @ self._unwhitening[used][:, self._channels]).astype(np.float32)
        return dense[:, self._channels].astype(np.float32)

    def sample_of_spike(self) -> int:
        """The sample of the spike: where most templates have the trough of their largest channel.

        The folder does not say; it is 20 of 61 in Kilosort, and as asked for in SpikeInterface.
        """
        found = []
        for template in range(0, len(self), max(1, len(self) // _LOOKED_AT)):
            shape = self[template]
            if shape.any():
                largest = np.ptp(shape, axis=0).argmax()
                found.append(int(shape[:, largest].argmin()))
        return int(np.bincount(found).argmax()) if found else self.n_samples // 3

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def _unwhitening(folder: Path, n_channels: int) -> NDArray[np.float64] | None:
    path = folder / "whitening_mat_inv.npy"
    if not exists(path):
        return None
    found = read_array(path, 2, length=n_channels).astype(np.float64)
    if found.shape[1] != n_channels:
        raise DatasetError(f"{path} has {found.shape[1]} columns, expected {n_channels}.")
    return found
