"""Measures of one spike train: intervals, rate over time, refractory violations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._inputs import as_samples, check_period, check_rate
from .correlograms import edges_in_samples

__all__ = [
    "REFRACTORY_PERIOD",
    "TWICE",
    "RefractoryViolations",
    "doubles",
    "firing_rate_histogram",
    "isi_histogram",
    "refractory_violations",
]

REFRACTORY_PERIOD = 0.002
"""Seconds after a spike in which the same neuron is not expected to fire again: what metrics, views
and suggestions take for it unless they are told otherwise."""
TWICE = 0.0003
"""Seconds within which two spikes of one neuron are one spike that was detected twice: no neuron
fires so soon again."""
MANY_VIOLATIONS = 0.01
"""Share of the spikes from which violations are written in red, in tables and plots."""


class RefractoryViolations(NamedTuple):
    """Consecutive spikes that follow each other too soon."""

    pairs: NDArray[np.int64]
    """(n_violations, 2) places in the train of the two spikes."""
    rate: float
    """Violations per spike, NaN for an empty train."""


def isi_histogram(
    spike_samples: ArrayLike, edges: ArrayLike, sample_rate: float
) -> NDArray[np.int64]:
    """Number of inter-spike intervals in bins of any width.

    Parameters
    ----------
    spike_samples : array of int (n_spikes,)
        Increasing.
    edges : array of float (n_bins + 1,)
        Seconds, increasing; a bin goes from its first edge to just before its second
        (`lag_edges` and `log_lag_edges` make equal and logarithmic bins).
    sample_rate : float
        In hertz.

    Returns
    -------
    array of int64 (n_bins,)
    """
    edge_samples = edges_in_samples(edges, sample_rate)
    intervals = _intervals(as_samples(spike_samples))
    intervals = intervals[(intervals >= edge_samples[0]) & (intervals < edge_samples[-1])]
    bins = np.searchsorted(edge_samples, intervals, side="right") - 1
    return np.bincount(bins, minlength=len(edge_samples) - 1).astype(np.int64)


def firing_rate_histogram(
    spike_samples: ArrayLike, sample_rate: float, duration: float, n_bins: int
) -> NDArray[np.float64]:
    """Firing rate over the recording, in `n_bins` equal bins.

    Parameters
    ----------
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    duration : float
        Length of the recording, in seconds. A spike at its very end counts in the last bin.
    n_bins : int

    Returns
    -------
    array of float64 (n_bins,)
        Spikes per second.
    """
    check_rate(sample_rate)
    if duration <= 0 or n_bins < 1:
        raise ValueError("a firing rate needs a positive duration and at least one bin")
    # The train is sorted, so the cost is that of the bins, not of the spikes.
    samples = as_samples(spike_samples)
    edges = np.arange(n_bins + 1) * (duration * sample_rate / n_bins)
    places = np.searchsorted(samples, edges, side="left")
    places[-1] = np.searchsorted(samples, edges[-1], side="right")
    return np.diff(places) / (duration / n_bins)


def refractory_violations(
    spike_samples: ArrayLike,
    sample_rate: float,
    period: float = REFRACTORY_PERIOD,
    censored: float = 0.0,
) -> RefractoryViolations:
    """Consecutive spikes closer than the refractory period.

    Parameters
    ----------
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    period : float
        Refractory period, seconds. An interval of exactly the period is no violation.
    censored : float
        Seconds under which the detection cannot tell two spikes apart; such intervals (those
        of up to this long, when above 0) do not count.

    Returns
    -------
    RefractoryViolations

    Raises
    ------
    ValueError
        If the spikes are no whole samples, or decrease; if the sample rate is not positive, or a
        period not one in seconds.
    """
    check_rate(sample_rate)
    check_period(period)
    check_period(censored, "the censored time")
    samples = as_samples(spike_samples)
    intervals = _intervals(samples)
    too_short = intervals < period * sample_rate * (1 - 1e-12)
    if censored > 0:
        too_short &= intervals > censored * sample_rate
    first = np.flatnonzero(too_short)
    rate = len(first) / len(samples) if len(samples) else float("nan")
    return RefractoryViolations(np.column_stack([first, first + 1]), rate)


def _intervals(samples: NDArray[np.int64]) -> NDArray[np.int64]:
    intervals = np.diff(samples)
    if len(intervals) and intervals.min() < 0:
        raise ValueError("the spikes of a train must be in the order of time: sort them")
    return intervals


def doubles(
    spike_samples: ArrayLike, sample_rate: float, within: float = TWICE
) -> NDArray[np.bool_]:
    """Which spikes of a train follow the one before so soon that both are the same spike.

    Spike sorters that match templates find one spike by two of them, or twice by one.

    Parameters
    ----------
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    within : float
        Seconds; an interval of exactly so long counts.

    Returns
    -------
    array of bool (n_spikes,)
        The later spike of each such interval.

    Raises
    ------
    ValueError
        If the spikes are no whole samples, or decrease, or a number makes no sense.
    """
    check_rate(sample_rate)
    check_period(within, "the time within which spikes are the same")
    samples = as_samples(spike_samples)
    found = np.zeros(len(samples), np.bool_)
    found[1:] = _intervals(samples) <= round(within * sample_rate)
    return found
