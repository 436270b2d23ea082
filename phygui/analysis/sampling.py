"""Which spikes to draw or to average when a cluster has more than can be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["sample_spikes"]


def sample_spikes(spike_ids: ArrayLike, n_max: int | None) -> NDArray[np.int64]:
    """A regular subset of a cluster's spikes: the same each time, spread over the recording.

    Parameters
    ----------
    spike_ids : array of int (n_spikes,)
        In increasing order, which is that of time.
    n_max : int or None
        Most spikes wanted; None for all.

    Returns
    -------
    array of int64 (min(n_spikes, n_max),)
        Distinct members of `spike_ids`, in increasing order, at equal distances in rank.
    """
    ids = np.asarray(spike_ids, dtype=np.int64)
    if n_max is None or len(ids) <= n_max:
        return ids
    if n_max < 0:
        raise ValueError(f"n_max must not be negative, and is {n_max}")
    # The middle of each of n_max equal parts, in whole numbers.
    return ids[(2 * np.arange(n_max, dtype=np.int64) + 1) * len(ids) // (2 * n_max)]
