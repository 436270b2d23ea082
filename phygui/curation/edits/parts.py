"""The spikes of the clusters on one side of an edit: in memory, or to be read from the disk."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView

import numpy as np
from numpy.typing import NDArray

SpikeLists = Mapping[int, NDArray[np.int64]]


class Parts(Mapping[int, NDArray[np.int64]]):
    """Sorted spike ids of each cluster; whoever looks does not see where they come from.

    Parameters
    ----------
    arrays : mapping
        The spikes.
    """

    def __init__(self, arrays: SpikeLists) -> None:
        self._ids = tuple(arrays)
        self._n_spikes = sum(len(spikes) for spikes in arrays.values())
        self._source: SpikeLists | Callable[[], SpikeLists] = dict(arrays)

    @property
    def n_bytes(self) -> int:
        """Memory that the spikes take where they are held."""
        return 8 * self._n_spikes

    def release(self, read: Callable[[], SpikeLists]) -> None:
        """Hold the spikes no longer; they are read whenever they are wanted."""
        self._source = read

    def _arrays(self) -> SpikeLists:
        source = self._source
        return source() if callable(source) else source

    def __getitem__(self, cluster_id: int) -> NDArray[np.int64]:
        return self._arrays()[cluster_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, cluster_id: object) -> bool:
        return cluster_id in self._ids

    def items(self) -> ItemsView[int, NDArray[np.int64]]:
        """Clusters and their spikes; what lies on the disk is read once."""
        return self._arrays().items()

    def values(self) -> ValuesView[NDArray[np.int64]]:
        """The spikes of each cluster; what lies on the disk is read once."""
        return self._arrays().values()
