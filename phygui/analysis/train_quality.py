"""Quality metrics of a spike train and of its amplitudes.

Sources
-------
[Hill]_ and [Llobet]_ are cited by name below.

.. [Hill] Hill, D. N., Mehta, S. B., Kleinfeld, D. (2011). Quality metrics to accompany spike
   sorting of extracellular signals. Journal of Neuroscience 31(24), 8699-8705.
.. [Llobet] Llobet, V., Wyngaard, A., Barbour, B. (2022). Automatic post-processing and merging of
   multiple spike-sorting analyses with Lussac. bioRxiv 2022.02.08.479192.
.. [Siegle] Siegle, J. H., et al. (2021). Survey of spiking in the mouse visual system reveals
   functional hierarchy. Nature 592, 86-92.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._inputs import plain
from ._loops import loops
from .metric import Metric, undefined
from .trains import refractory_violations

__all__ = [
    "amplitude_cutoff",
    "contamination_hill",
    "contamination_llobet",
    "count_refractory_pairs",
    "firing_rate",
    "isi_violation_ratio",
    "presence_ratio",
    "violation_rate",
]

_NO_SPIKES = "there are no spikes"
_NO_DURATION = "the duration of the recording is not known"


def firing_rate(n_spikes: int, duration: float) -> Metric:
    """Spikes per second of recording.

    Parameters
    ----------
    n_spikes : int
    duration : float
        Of the whole recording, in seconds.
    """
    if not duration > 0:
        return undefined(_NO_DURATION)
    return Metric(n_spikes / duration)


def violation_rate(
    spike_samples: ArrayLike, sample_rate: float, period: float = 0.002, censored: float = 0.0
) -> Metric:
    """Fraction of the spikes that follow the one before within the refractory period.

    Parameters
    ----------
    spike_samples : array of int (n_spikes,)
        Increasing.
    sample_rate : float
        In hertz.
    period, censored : float
        Refractory period, and time below which the detection cannot tell two spikes apart;
        seconds.
    """
    found = refractory_violations(spike_samples, sample_rate, period, censored)
    return undefined(_NO_SPIKES) if math.isnan(found.rate) else Metric(found.rate)


def isi_violation_ratio(
    spike_samples: ArrayLike,
    sample_rate: float,
    duration: float,
    period: float = 0.0015,
    censored: float = 0.0,
) -> Metric:
    """Rate of violations over what as many unrelated spikes would have.

    The number of violations over `2 (period - censored) n_spikes^2 / duration`: the first-order
    solution of the equation that `contamination_hill` solves; above 1 for a train with more
    violations than a Poisson train of the same rate.

    Parameters
    ----------
    spike_samples, sample_rate, period, censored
        As in `violation_rate`.
    duration : float
        Of the whole recording, in seconds.

    References
    ----------
    [Hill]_, supplementary methods, "refractory period violations"; the ratio as in UltraMegaSort.
    """
    samples = np.asarray(spike_samples)
    expected = _expected_violations(len(samples), duration, period, censored)
    if isinstance(expected, Metric):
        return expected
    n_violations = len(refractory_violations(samples, sample_rate, period, censored).pairs)
    return Metric(n_violations / expected)


def contamination_hill(
    spike_samples: ArrayLike,
    sample_rate: float,
    duration: float,
    period: float = 0.0015,
    censored: float = 0.0,
) -> Metric:
    """Fraction of the spikes that come from other neurons, from the refractory violations.

    The smaller root f of `n_violations = 2 (period - censored) n_spikes^2 (1 - f) f / duration`,
    which holds when the foreign spikes are unrelated to the neuron's own and violate no
    refractory period among themselves.

    Parameters
    ----------
    spike_samples, sample_rate, duration, period, censored
        As in `isi_violation_ratio`.

    Returns
    -------
    Metric
        Between 0 and 0.5; undefined when there are more violations than any f explains.

    References
    ----------
    [Hill]_, supplementary methods, "refractory period violations".
    """
    ratio = isi_violation_ratio(spike_samples, sample_rate, duration, period, censored)
    if not ratio.is_defined:
        return ratio
    discriminant = 1 - 4 * ratio.value
    if discriminant < 0:
        return undefined("more refractory violations than a mixture of two neurons can have")
    return Metric((1 - math.sqrt(discriminant)) / 2)


def contamination_llobet(
    spike_samples: ArrayLike,
    sample_rate: float,
    duration: float,
    period: float = 0.001,
    censored: float = 0.0,
) -> Metric:
    """Fraction of the spikes that come from many other neurons, from the refractory violations.

    `1 - sqrt(1 - n_pairs (duration - 2 n_spikes censored) / (n_spikes^2 (period - censored)))`,
    with n_pairs as `count_refractory_pairs` counts them: the foreign spikes, unrelated to the
    neuron's own, also violate the refractory period among themselves.

    Parameters
    ----------
    spike_samples, sample_rate, duration, period, censored
        As in `isi_violation_ratio`.

    Returns
    -------
    Metric
        Between 0 and 1; 1 when there are more violations than a Poisson train would have.

    References
    ----------
    [Llobet]_, the estimate of contamination for several independent contaminants.
    """
    samples = np.asarray(spike_samples)
    n_spikes = len(samples)
    if n_spikes < 2:
        return undefined("there are fewer than two spikes")
    expected = _expected_violations(n_spikes, duration, period, censored)
    if isinstance(expected, Metric):
        return expected
    n_pairs = count_refractory_pairs(samples, sample_rate, period, censored)
    free = (duration - 2 * n_spikes * censored) / duration
    return Metric(1 - math.sqrt(max(0.0, 1 - 2 * n_pairs * free / expected)))


def count_refractory_pairs(
    spike_samples: ArrayLike, sample_rate: float, period: float, censored: float = 0.0
) -> int:
    """Number of pairs of spikes, consecutive or not, at most `period` and at least `censored`
    apart (seconds, rounded to samples), as [Llobet]_ counts violations.
    """
    samples = plain(spike_samples, np.int64)
    order = np.arange(len(samples), dtype=np.int64)
    last = round(period * sample_rate)
    by_lag = np.zeros(last + 1, dtype=np.int64)
    loops(2 * len(samples)).count_forward_lags(samples, order, samples, order, 1, last + 1, by_lag)
    return int(by_lag[round(censored * sample_rate) :].sum())


def presence_ratio(
    spike_samples: ArrayLike,
    sample_rate: float,
    duration: float,
    bin_duration: float = 60.0,
    min_share: float = 0.0,
) -> Metric:
    """Fraction of the recording in which the cluster fires.

    Parameters
    ----------
    spike_samples, sample_rate, duration
        As in `isi_violation_ratio`.
    bin_duration : float
        Seconds; what remains after the last whole bin is left out.
    min_share : float
        Share of the mean number of spikes in a bin that a bin must exceed to count.

    References
    ----------
    [Siegle]_, methods, "presence ratio", there with 100 bins instead of bins of a minute.
    """
    samples = np.asarray(spike_samples)
    if not len(samples):
        return undefined(_NO_SPIKES)
    bin_samples = int(bin_duration * sample_rate)
    n_bins = int(duration * sample_rate) // bin_samples if duration > 0 else 0
    if not n_bins:
        return undefined(f"the recording is shorter than {bin_duration:g} s")
    counts = np.diff(np.searchsorted(samples, np.arange(n_bins + 1) * bin_samples))
    enough = math.floor(len(samples) / duration * bin_duration * min_share)
    return Metric(float(np.mean(counts > enough)))


def amplitude_cutoff(
    amplitudes: ArrayLike, min_spikes: int = 500, share_at_edge: float = 0.01
) -> Metric:
    """Fraction of the spikes that are missing because they were too small to be detected.

    The distribution of amplitudes is taken to be symmetric: what is beyond its lower edge, if
    nothing was cut away, is as much as there is beyond the mirror image of that edge.

    Parameters
    ----------
    amplitudes : array of float (n_spikes,)
        Of either sign; values that are not finite are left out.
    min_spikes : int
        Below so many spikes the estimate is undefined: chance would make it.
    share_at_edge : float
        Share of the spikes below what counts as the edge, for a few stray ones not to be taken
        for it.

    Returns
    -------
    Metric
        Between 0 and 0.5, the most that can be told from half a distribution.

    Notes
    -----
    The centre is where the mean of the spikes between the edge and its mirror image is: a fixed
    point, unlike the mode no matter of how a histogram is binned and smoothed. Where a fifth of
    a normal distribution is cut away, the standard deviation of the estimate is 0.06 of 500
    spikes, 0.04 of 1,000 and 0.02 of 5,000.

    References
    ----------
    [Hill]_, "false negatives due to the detection threshold", which fits a Gaussian; by the
    symmetry of the distribution instead as in [Siegle]_, methods, "amplitude cutoff".
    """
    found: NDArray[np.float64] = np.asarray(amplitudes, dtype=np.float64)
    found = found[np.isfinite(found)]
    if len(found) < min_spikes:
        return undefined(f"fewer than {min_spikes:,} spikes have an amplitude")
    found = np.sort(-found if np.median(found) < 0 else found)
    if found[0] == found[-1]:
        return undefined("all amplitudes are equal")
    n_below = int(share_at_edge * len(found))
    edge, inside = found[n_below], found[n_below:]
    beyond = len(inside) - _n_up_to_mirror(inside, edge)
    n_missing = max(0, beyond - n_below)
    return Metric(min(n_missing / (len(found) + n_missing), 0.5))


def _n_up_to_mirror(values: NDArray[np.float64], edge: float) -> int:
    """How many of some values, ascending, lie between an edge below them and its mirror image.

    The mirror is the largest about which the values between have their mean.
    """
    # A centre for each number of values: half-way between the edge and the next value.
    n = np.arange(1, len(values) + 1)
    centres = (edge + values) / 2
    means = np.cumsum(values) / n
    above = np.flatnonzero(means >= centres)
    return int(n[above[-1]])


def _expected_violations(
    n_spikes: int, duration: float, period: float, censored: float
) -> float | Metric:
    """Violations that as many unrelated spikes would have, counting before and after each."""
    if not n_spikes:
        return undefined(_NO_SPIKES)
    if not duration > 0:
        return undefined(_NO_DURATION)
    if not period > censored:
        return undefined("the refractory period is not longer than the censored one")
    return 2 * (period - censored) * n_spikes**2 / duration
