"""Spikes that a sorter detected twice: told from the others of a cluster."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import doubles
from phygui.dataset import ShankData


def without_doubles_of(
    shank: ShankData, parts: Iterable[NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The spikes of some clusters as those of one, each once, and what was detected again.

    Parameters
    ----------
    shank : ShankData
    parts : iterable of array of int64 (n,)
        Sorted spike ids of each cluster.

    Returns
    -------
    kept, again : array of int64
        Sorted spike ids.
    """
    spike_ids = np.sort(np.concatenate(list(parts)), kind="stable")
    ordered = shank.clock.in_order(spike_ids)
    is_double = doubles(shank.clock.pair_train(spike_ids), shank.sample_rate)
    return np.sort(ordered[~is_double]), np.sort(ordered[is_double])
