"""Raw traces made small enough to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._inputs import plain
from ._loops import loops

__all__ = ["decimate_min_max"]


def decimate_min_max(traces: NDArray[Any], n_bins: int) -> NDArray[Any]:
    """The envelope of traces: smallest and largest value of each channel in equal bins of time.

    Drawn as one line through minimum and maximum of each bin it looks like the traces do at
    that zoom: no spike is lost, however narrow.

    Parameters
    ----------
    traces : array (n_samples, n_channels)
        Of any real dtype, which is kept.
    n_bins : int
        Most bins wanted, at least 1; there are never more than samples.

    Returns
    -------
    array (min(n_bins, n_samples), 2, n_channels)
        `[:, 0]` the minima, `[:, 1]` the maxima. Bin k holds the samples from
        `k * n_samples // n_bins` to just before `(k + 1) * n_samples // n_bins`.
    """
    traces = plain(traces)
    if traces.ndim != 2:
        raise ValueError(f"traces must have two dimensions, not {traces.ndim}")
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, and is {n_bins}")
    n_samples, n_channels = traces.shape
    n_bins = min(n_bins, n_samples)
    out = np.empty((n_bins, 2, n_channels), dtype=traces.dtype)
    if not out.size:
        return out

    edges = plain(np.arange(n_bins + 1, dtype=np.int64) * n_samples // n_bins)
    loops(traces.size).min_max(traces, edges, out)
    return out
