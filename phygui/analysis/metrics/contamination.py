"""How many spikes of a cluster come from elsewhere, by the refractory period.

Sources
-------
[Hill]_ and [Llobet]_ are cited by name below.

.. [Hill] Hill, D. N., Mehta, S. B., Kleinfeld, D. (2011). Quality metrics to accompany spike
   sorting of extracellular signals. Journal of Neuroscience 31(24), 8699-8705.
.. [Llobet] Llobet, V., Wyngaard, A., Barbour, B. (2022). Automatic post-processing and merging of
   multiple spike-sorting analyses with Lussac. bioRxiv 2022.02.08.479192.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .._inputs import as_samples, check_period, check_rate, plain
from .._loops import loops
from ..trains import MANY_VIOLATIONS, REFRACTORY_PERIOD, refractory_violations
from .metric import NO_DURATION, NO_SPIKES, Metric, undefined
from .sources import HILL, LLOBET
from .spec import ClusterData, MetricSpec

__all__ = [
    "contamination_hill",
    "contamination_llobet",
    "count_refractory_pairs",
    "isi_violation_ratio",
    "likely_purity",
    "violation_rate",
]

_PRIOR = 0.25, 1.0
"""Pairs of spikes within the refractory period that are added to those found, and to those
expected: what is thought of a cluster of which nothing is known, a purity of 0.87."""


def violation_rate(
    spike_samples: ArrayLike,
    sample_rate: float,
    period: float = REFRACTORY_PERIOD,
    censored: float = 0.0,
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
    return undefined(NO_SPIKES) if math.isnan(found.rate) else Metric(found.rate)


def isi_violation_ratio(
    spike_samples: ArrayLike,
    sample_rate: float,
    duration: float,
    period: float = REFRACTORY_PERIOD,
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
    samples = as_samples(spike_samples)
    expected = _expected_violations(len(samples), duration, period, censored)
    if isinstance(expected, Metric):
        return expected
    n_violations = len(refractory_violations(samples, sample_rate, period, censored).pairs)
    return Metric(n_violations / expected)


def contamination_hill(
    spike_samples: ArrayLike,
    sample_rate: float,
    duration: float,
    period: float = REFRACTORY_PERIOD,
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
    period: float = REFRACTORY_PERIOD,
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
    samples = as_samples(spike_samples)
    n_spikes = len(samples)
    if n_spikes < 2:
        return undefined("there are fewer than two spikes")
    expected = _expected_violations(n_spikes, duration, period, censored)
    if isinstance(expected, Metric):
        return expected
    n_pairs = count_refractory_pairs(samples, sample_rate, period, censored)
    free = (duration - 2 * n_spikes * censored) / duration
    return Metric(1 - math.sqrt(max(0.0, 1 - 2 * n_pairs * free / expected)))


def likely_purity(
    spike_samples: ArrayLike,
    sample_rate: float,
    duration: float,
    period: float = REFRACTORY_PERIOD,
    censored: float = 0.0,
) -> Metric:
    """Fraction of the spikes that are the neuron's own, as far as so few spikes can tell.

    One less `contamination_llobet`, drawn towards what is thought of a cluster without spikes: of
    the ratio of the pairs found to those expected of unrelated spikes, the posterior mean under
    Poisson's law and a gamma prior that is worth one expected pair. Of few spikes one would not
    expect any pair, so that none makes no cluster look perfect.

    Parameters
    ----------
    spike_samples, sample_rate, duration, period, censored
        As in `isi_violation_ratio`.

    Returns
    -------
    Metric
        Between 0 and 1.
    """
    samples = as_samples(spike_samples)
    expected = _expected_violations(len(samples), duration, period, censored)
    if isinstance(expected, Metric):
        return expected
    n_pairs = count_refractory_pairs(samples, sample_rate, period, censored)
    found, more = _PRIOR
    # A pair is counted once here, and twice, before and after, in what is expected.
    free = (duration - 2 * len(samples) * censored) / duration
    ratio = (n_pairs * free + found) / (expected / 2 + more)
    return Metric(math.sqrt(max(0.0, 1 - ratio)))


def count_refractory_pairs(
    spike_samples: ArrayLike,
    sample_rate: float,
    period: float = REFRACTORY_PERIOD,
    censored: float = 0.0,
) -> int:
    """Number of pairs of spikes, consecutive or not, at most `period` and at least `censored`
    apart (seconds, rounded to samples), as [Llobet]_ counts violations.
    """
    check_rate(sample_rate)
    check_period(period)
    check_period(censored, "the censored time")
    samples = plain(as_samples(spike_samples))
    order = np.arange(len(samples), dtype=np.int64)
    last = round(period * sample_rate)
    by_lag = np.zeros(last + 1, dtype=np.int64)
    loops(2 * len(samples)).count_forward_lags(samples, order, samples, order, 1, last + 1, by_lag)
    return int(by_lag[round(censored * sample_rate) :].sum())


def _expected_violations(
    n_spikes: int, duration: float, period: float, censored: float
) -> float | Metric:
    """Violations that as many unrelated spikes would have, counting before and after each."""
    if not n_spikes:
        return undefined(NO_SPIKES)
    if not duration > 0:
        return undefined(NO_DURATION)
    if not period > censored:
        return undefined("the refractory period is not longer than the censored one")
    return 2 * (period - censored) * n_spikes**2 / duration


def _of_train(function: Callable[..., Metric]) -> Callable[[ClusterData], Metric]:
    """A function of a train and the duration, as one of what is known of a cluster."""

    def measured(data: ClusterData) -> Metric:
        return function(
            data.spike_samples, data.sample_rate, data.duration, data.refractory, data.censored
        )

    return measured


def _violation_rate(data: ClusterData) -> Metric:
    assert data.spike_samples is not None
    return violation_rate(data.spike_samples, data.sample_rate, data.refractory, data.censored)


METRICS = (
    MetricSpec(
        name="violation_rate",
        title="viol.",
        label="violations",
        help="refractory violations: share of the spikes that follow another within "
        f"{1000 * REFRACTORY_PERIOD:g} ms",
        function=_violation_rate,
        unit="%",
        form=".1%",
        better="lower",
        family="contamination",
        order=20,
        is_hidden=False,
        alarming=MANY_VIOLATIONS,
    ),
    MetricSpec(
        name="contamination_hill",
        title="Hill",
        label="contamination (Hill)",
        help="contamination (Hill et al. 2011)",
        function=_of_train(contamination_hill),
        unit="%",
        form=".1%",
        source=HILL,
        better="lower",
        family="contamination",
        order=30,
    ),
    MetricSpec(
        name="contamination_llobet",
        title="Llobet",
        label="contamination (Llobet)",
        help="contamination (Llobet et al. 2022)",
        function=_of_train(contamination_llobet),
        unit="%",
        form=".1%",
        source=LLOBET,
        better="lower",
        family="contamination",
        order=40,
    ),
    MetricSpec(
        name="purity",
        title="purity",
        label="likely purity",
        help="share of the spikes that are likely the neuron's own, by the refractory period",
        function=_of_train(likely_purity),
        unit="%",
        form=".1%",
        source=LLOBET,
        better="higher",
        family="contamination",
        order=42,
        # Contamination tells it there.
        is_in_preview=False,
    ),
    MetricSpec(
        name="isi_violation_ratio",
        title="ISI ratio",
        label="ISI violation ratio",
        help="refractory violations over those of as many unrelated spikes",
        function=_of_train(isi_violation_ratio),
        form=".2f",
        source=HILL,
        better="lower",
        family="contamination",
        order=45,
        # What the merge preview would tell by it, contamination tells there.
        is_in_preview=False,
    ),
)
