"""Compile the numerics before they are needed, so that the first selection does not wait."""

from __future__ import annotations

import numpy as np

__all__ = ["warm_up"]


def warm_up() -> None:
    """Compile every kernel, or load it from the cache on disk, for the dtypes the program uses.

    To be run in a background thread at start. A first run takes seconds; later ones read the
    cache. It is harmless to call it twice.
    """
    from .correlograms import correlograms, cross_correlogram, lag_correlogram
    from .geometry import points_in_polygon
    from .similarity import similarity
    from .summaries import summarize
    from .traces import decimate_min_max

    samples = np.array([0, 3, 7], dtype=np.int64)
    for dtype in (np.int32, np.int64):
        correlograms(samples, np.zeros(3, dtype=dtype), bin_size=1, window_size=10)
    cross_correlogram(samples, samples, bin_size=1, window_size=10)
    lag_correlogram(samples, samples, [0.0, 1.0, 10.0], 1.0)
    points_in_polygon(np.zeros((2, 2)), np.array([[-1.0, -1.0], [1.0, -1.0], [0.0, 1.0]]))
    for traces in (np.int16, np.float32):
        decimate_min_max(np.zeros((4, 2), dtype=traces), 2)
    summaries = [summarize(np.eye(3))]
    similarity(summaries, summaries)
