"""The background of the feature view: a sample of all spikes, read once for all selections."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import AMPLITUDE
from phygui.storage.cache import ByteCache
from phygui.views.core.base import Cancel
from phygui.views.data.attributes import measured, ruler_in, values_and_masks

_background = ByteCache(16 * 2**20)


def background_of(
    snapshot: Snapshot, keys: list[str], n_most: int, cancelled: Cancel
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, Any]]:
    """A fixed sample of all spikes without those of the selection, their clusters and values."""
    shank = snapshot.shank
    sample = snapshot.some_of_all(n_most)
    n = len(sample)
    clusters = snapshot.clusters_of(sample)
    others = ~np.isin(clusters, snapshot.cluster_ids)
    pairs: dict[str, Any] = {}
    missing = []
    for key in dict.fromkeys(keys):
        if key == AMPLITUDE:
            pairs[key] = _background_amplitudes(snapshot, sample, cancelled), None
            continue
        pairs[key] = _background.get((shank,), (key, n, shank.n_located, snapshot.time_range))
        if pairs[key] is None:
            missing.append(key)
    # What is not known is read together, once for all selections.
    read = values_and_masks(snapshot, missing, sample, cancelled) if missing else {}
    for key, pair in read.items():
        size = sum(a.nbytes for a in pair if a is not None)
        # A column of what was read would keep all of it.
        pairs[key] = tuple(None if a is None else a.copy() for a in pair)
        _background.put((shank,), (key, n, shank.n_located, snapshot.time_range), pairs[key], size)
    found = {
        key: (value[others], None if mask is None else mask[others])
        for key, (value, mask) in pairs.items()
    }
    return sample[others], clusters[others], found


def _background_amplitudes(
    snapshot: Snapshot, sample: NDArray[np.int64], cancelled: Cancel
) -> NDArray[np.float32]:
    """Amplitudes of the background, measured as those of the best cluster are."""
    shank, best = snapshot.shank, snapshot.cluster_ids[0]
    ruler = ruler_in(snapshot, best, cancelled)
    by = None if ruler is None else (ruler.channel, ruler.sample)
    owners, key = (shank, snapshot.spikes(best)), (AMPLITUDE, len(sample), shank.n_located, by)
    known: NDArray[np.float32] | None = _background.get(owners, key)
    if known is None:
        known = measured(snapshot, sample, ruler, cancelled)
        _background.put(owners, key, known, known.nbytes)
    return known
