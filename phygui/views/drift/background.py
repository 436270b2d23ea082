"""The background of the drift map: spikes of all clusters, read once for all selections."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.storage.cache import ByteCache
from phygui.views.core.loading import Cancel, check
from phygui.views.data.depths import Depths, read_depths

_STRETCH = 2_000
_FAINTEST = 0.25
_UNKNOWN = 0.6

_cache = ByteCache(24 * 2**20)


def depths_of_all(snapshot: Snapshot, sample: NDArray[np.int64], cancelled: Cancel) -> Depths:
    """Depths and sizes of such a sample.

    They do not depend on any clustering. What was read before a request was cancelled is kept, so
    that somebody who goes from cluster to cluster does not begin anew each time.
    """
    shank, parts = snapshot.shank, []
    for start in range(0, len(sample), _STRETCH):
        key = (len(sample), start, shank.n_located, snapshot.time_range)
        known: Depths | None = _cache.get((shank,), key)
        if known is None:
            check(cancelled)
            known = read_depths(shank, sample[start : start + _STRETCH], cancelled)
            _cache.put((shank,), key, known, known.depths.nbytes + known.sizes.nbytes)
        parts.append(known)
    if not parts:
        return Depths(np.empty(0), np.empty(0))
    return Depths(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def shades_of(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """How strongly spikes are drawn by their size, from nearly 0 to 1; by rank, not by value.

    Of sizes the few largest are many times the others, and most spikes would not be seen.
    """
    known = np.isfinite(sizes)
    shades = np.full(len(sizes), _UNKNOWN)
    n = int(known.sum())
    if n > 1:
        ranks = np.empty(n)
        ranks[np.argsort(sizes[known], kind="stable")] = np.linspace(0.0, 1.0, n)
        shades[known] = _FAINTEST + (1 - _FAINTEST) * ranks
    return shades
