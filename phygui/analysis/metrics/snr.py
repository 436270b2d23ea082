"""How far a cluster stands out of the noise.

Sources
-------
.. [Quiroga] Quian Quiroga, R., Nadasdy, Z., Ben-Shaul, Y. (2004). Unsupervised spike detection
   and sorting with wavelets and superparamagnetic clustering. Neural Computation 16(8), 1661-1687.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..traces import medians_of_rows
from .metric import Metric, undefined
from .sources import QUIROGA
from .spec import ClusterData, MetricSpec

__all__ = ["MIN_SPIKES", "noise_levels", "snr"]

MIN_SPIKES = 10
"""Spikes below which the peak of the mean waveform is mostly noise that did not average out."""

_MAD_OF_NORMAL = 0.6744897501960817
"""Median absolute deviation of a normal distribution of unit standard deviation."""


def noise_levels(traces: ArrayLike) -> NDArray[np.float64]:
    """Standard deviation of the noise of each channel, spikes discounted.

    The median absolute deviation over that of a normal distribution.

    Parameters
    ----------
    traces : array (n_samples, n_channels)
        Filtered. A few seconds spread over the recording are enough.

    Returns
    -------
    array of float64 (n_channels,)

    References
    ----------
    [Quiroga]_, equation of the threshold, there without removing the median.
    """
    # One channel after another: medians of values that lie side by side are far faster.
    found = np.ascontiguousarray(np.asarray(traces).T)
    if not np.issubdtype(found.dtype, np.floating):
        found = found.astype(np.float64)
    found = found - medians_of_rows(found)[:, None]
    noise: NDArray[np.float64] = medians_of_rows(np.abs(found, out=found)).astype(np.float64)
    return noise / _MAD_OF_NORMAL


def snr(mean_waveform: ArrayLike, noise: ArrayLike) -> Metric:
    """Largest absolute value of the mean waveform, over the noise of its channel.

    Parameters
    ----------
    mean_waveform : array (n_samples, n_channels)
        Filtered like the traces that the noise is from, in the same units.
    noise : array (n_channels,)
        From `noise_levels`.
    """
    peaks = np.abs(np.asarray(mean_waveform, dtype=np.float64)).max(axis=0, initial=0.0)
    if not len(peaks) or not np.isfinite(peaks).all():
        return undefined("there is no mean waveform")
    best = int(np.argmax(peaks))
    level = float(np.asarray(noise)[best])
    if not level > 0:
        return undefined("the best channel has no noise")
    return Metric(float(peaks[best]) / level)


def _snr(data: ClusterData) -> Metric:
    assert data.mean_waveform is not None
    assert data.noise is not None
    if data.n_spikes < MIN_SPIKES:
        return undefined(
            f"with fewer than {MIN_SPIKES} spikes, the mean waveform would be mostly noise"
        )
    return snr(data.mean_waveform, data.noise)


METRICS = (
    MetricSpec(
        name="snr",
        title="SNR",
        label="SNR",
        help="mean waveform over the noise, on the best channel",
        function=_snr,
        needs=frozenset({"mean_waveform", "noise"}),
        form=".1f",
        source=QUIROGA,
        better="higher",
        family="signal",
        order=10,
    ),
)
