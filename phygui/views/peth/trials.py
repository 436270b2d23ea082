"""The spikes of each trial around its event: one row a trial, as far as they can be told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_SPIKES = 40_000
"""Spikes of all clusters together that are drawn; of more, a regular sample of each cluster's."""


@dataclass(frozen=True)
class Trials:
    """The spikes of one cluster around the events."""

    lags: NDArray[np.float64]
    """(n,) seconds from the event of the trial."""
    trials: NDArray[np.int64]
    """(n,) number of the trial, from 0, in the order of time."""
    rows: NDArray[np.int64]
    """(n_trials,) row of each trial, from 0 at the top."""
    n_spikes: NDArray[np.int64]
    """(n_trials,) spikes of each trial, also those that are not drawn."""


def trials_of(
    event_samples: NDArray[np.int64],
    samples: NDArray[np.int64],
    limits: tuple[int, int],
    rate: float,
    n_most: int,
    *,
    by_time: bool,
) -> Trials:
    """The spikes of a cluster in each trial.

    Parameters
    ----------
    event_samples, samples : (n,) int64
        Ascending, on a scale on which what belongs to different recordings is far apart.
    limits : (int, int)
        Samples from an event at which a trial begins, and before which it ends.
    rate : float
        Hertz.
    n_most : int
        Spikes at most: of more, a regular sample.
    by_time : bool
        Whether trials come in the order of their first spike from the event on, those without one
        last; else as they came.
    """
    first = np.searchsorted(samples, event_samples + limits[0])
    last = np.searchsorted(samples, event_samples + limits[1])
    n_spikes = last - first
    ends = np.cumsum(n_spikes)
    total = int(ends[-1]) if len(ends) else 0
    n = min(total, max(n_most, 1))
    pairs = (2 * np.arange(n, dtype=np.int64) + 1) * total // max(2 * n, 1)
    trials = np.searchsorted(ends, pairs, side="right")
    places = first[trials] + pairs - (ends - n_spikes)[trials]
    lags = (samples[places] - event_samples[trials]) / rate
    rows = np.arange(len(event_samples))
    if by_time and len(samples):
        soonest = np.searchsorted(samples, event_samples)
        is_there = soonest < last
        wait = samples[np.minimum(soonest, len(samples) - 1)] - event_samples
        order = np.argsort(np.where(is_there, wait, np.iinfo(np.int64).max), kind="stable")
        rows[order] = np.arange(len(order))
    return Trials(lags, trials, rows, n_spikes)
