"""Numerics: arrays in, arrays out, no files, no state, no toolkit.

Importing this package is light: numba and scipy come in when a function first needs them.
"""

from __future__ import annotations

from .correlograms import (
    correlograms,
    cross_correlogram,
    lag_correlogram,
    lag_correlograms,
    lag_edges,
    log_lag_edges,
)
from .geometry import points_in_polygon
from .sampling import sample_spikes
from .traces import decimate_min_max
from .trains import (
    RefractoryViolations,
    firing_rate_histogram,
    isi_histogram,
    refractory_violations,
)
from .warm import warm_up

__all__ = [
    "RefractoryViolations",
    "correlograms",
    "cross_correlogram",
    "decimate_min_max",
    "firing_rate_histogram",
    "isi_histogram",
    "lag_correlogram",
    "lag_correlograms",
    "lag_edges",
    "log_lag_edges",
    "points_in_polygon",
    "refractory_violations",
    "sample_spikes",
    "warm_up",
]
