"""How much of a unit there is: when it fires, and how many of its spikes were not detected.

Sources
-------
.. [Hill] Hill, D. N., Mehta, S. B., Kleinfeld, D. (2011). Quality metrics to accompany spike
   sorting of extracellular signals. Journal of Neuroscience 31(24), 8699-8705.
.. [Siegle] Siegle, J. H., et al. (2021). Survey of spiking in the mouse visual system reveals
   functional hierarchy. Nature 592, 86-92.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._inputs import as_samples, check_rate
from .metric import NO_DURATION, NO_SPIKES, Metric, undefined
from .sources import HILL, SIEGLE
from .spec import ClusterData, MetricSpec
from .truncated import n_missing_below

__all__ = ["amplitude_cutoff", "firing_rate", "presence_ratio"]


def firing_rate(n_spikes: int, duration: float) -> Metric:
    """Spikes per second of recording.

    Parameters
    ----------
    n_spikes : int
    duration : float
        Of the whole recording, in seconds.
    """
    if not duration > 0:
        return undefined(NO_DURATION)
    return Metric(n_spikes / duration)


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
    check_rate(sample_rate)
    samples = as_samples(spike_samples)
    if not len(samples):
        return undefined(NO_SPIKES)
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

    The amplitudes are taken to be normally distributed about a mean that may change slowly, and
    to have been cut off at an edge that does not: what is missing is what such a distribution has
    below the edge, by the spikes above it.

    Parameters
    ----------
    amplitudes : array of float (n_spikes,)
        In the order of time, of either sign; values that are not finite are left out.
    min_spikes : int
        Below so many spikes the estimate is undefined: chance would make it.
    share_at_edge : float
        Share of the spikes below what counts as the edge, for a few stray ones not to be taken
        for it.

    Returns
    -------
    Metric
        Between 0 and 0.5: of less than half a distribution no more can be told.

    References
    ----------
    [Hill]_, "false negatives due to the detection threshold"; the fit is that of
    `phygui.analysis.metrics.truncated`.
    """
    found: NDArray[np.float64] = np.asarray(amplitudes, dtype=np.float64)
    found = found[np.isfinite(found)]
    if len(found) < min_spikes:
        return undefined(f"fewer than {min_spikes:,} spikes have an amplitude")
    if np.median(found) < 0:
        found = -found
    if found.min() == found.max():
        return undefined("all amplitudes are equal")
    n_below = int(share_at_edge * len(found))
    edge = float(np.partition(found, n_below)[n_below])
    n_missing = n_missing_below(found, edge) - n_below
    if math.isnan(n_missing):
        return undefined("most amplitudes are equal")
    n_missing = max(0.0, n_missing)
    return Metric(min(n_missing / (len(found) + n_missing), 0.5))


def _presence_ratio(data: ClusterData) -> Metric:
    assert data.recorded_samples is not None
    return presence_ratio(data.recorded_samples, data.sample_rate, data.duration)


def _amplitude_cutoff(data: ClusterData) -> Metric:
    assert data.amplitudes is not None
    return amplitude_cutoff(data.amplitudes)


METRICS = (
    MetricSpec(
        name="firing_rate",
        title="rate",
        label="firing rate",
        help="mean firing rate, spikes per second",
        function=lambda data: firing_rate(data.n_spikes, data.duration),
        needs=frozenset(),
        unit="spikes/s",
        form=".2f",
        family="completeness",
        order=0,
        is_hidden=False,
        gives_way=2,
    ),
    MetricSpec(
        name="presence_ratio",
        title="pres.",
        label="presence",
        help="share of the recording with spikes",
        function=_presence_ratio,
        needs=frozenset({"recorded_samples"}),
        unit="%",
        form=".0%",
        source=SIEGLE,
        better="higher",
        family="completeness",
        order=80,
    ),
    MetricSpec(
        name="amplitude_cutoff",
        title="cutoff",
        label="amplitude cutoff",
        help="share of spikes lost at the threshold",
        function=_amplitude_cutoff,
        needs=frozenset({"amplitudes"}),
        unit="%",
        form=".1%",
        source=HILL,
        better="lower",
        family="completeness",
        order=90,
    ),
)
