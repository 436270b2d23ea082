"""All quality metrics of one cluster, from whatever is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .isolation import Isolation, snr
from .metric import Metric, undefined
from .train_quality import (
    amplitude_cutoff,
    contamination_hill,
    contamination_llobet,
    firing_rate,
    isi_violation_ratio,
    presence_ratio,
    violation_rate,
)

__all__ = ["MIN_SPIKES", "ClusterData", "quality_metrics"]

MIN_SPIKES = 10
"""Spikes below which the peak of the mean waveform is mostly noise that did not average out."""


@dataclass(frozen=True)
class ClusterData:
    """What the quality of a cluster is judged by; None for what is not to be had.

    Attributes
    ----------
    spike_samples : array of int (n_spikes,)
        Increasing; recordings may be farther apart than they are, so that no interval spans two.
    recorded_samples : array of int (n_spikes,), optional
        The same in recorded time, the gaps between recordings left out; by default they are.
    amplitudes : array of float (n_amplitudes,), optional
        Of all spikes, or of a sample of them.
    mean_waveform : array (n_samples, n_channels), optional
        Filtered, in the units of `noise`.
    noise : array (n_channels,), optional
        From `noise_levels`.
    features, other_features : array (n_spikes, n_columns), (n_others, n_columns), optional
        On the channels where the cluster is large: of all its spikes and of the others.
    isolation : Isolation, optional
        What is known of them instead, where they are too many to be held at once.
    """

    spike_samples: NDArray[np.int64]
    recorded_samples: NDArray[np.int64] | None = None
    amplitudes: NDArray | None = None
    mean_waveform: NDArray | None = None
    noise: NDArray | None = None
    features: NDArray | None = None
    other_features: NDArray | None = None
    isolation: Isolation | None = None


def quality_metrics(
    data: ClusterData,
    sample_rate: float,
    duration: float,
    *,
    refractory: float = 0.002,
    censored: float = 0.0,
) -> dict[str, Metric]:
    """Every metric of a cluster, by name; `docs/quality-metrics.md` says what each means.

    Parameters
    ----------
    data : ClusterData
    sample_rate : float
        In hertz.
    duration : float
        Of the whole recording, in seconds.
    refractory, censored : float
        Refractory period and dead time of the detection, in seconds, for all metrics that have
        to do with them.

    Returns
    -------
    dict of str to Metric
    """
    samples = data.spike_samples
    recorded = samples if data.recorded_samples is None else data.recorded_samples
    of_train = (samples, sample_rate, duration, refractory, censored)
    metrics = {
        "firing_rate": firing_rate(len(samples), duration),
        "violation_rate": violation_rate(samples, sample_rate, refractory, censored),
        "isi_violation_ratio": isi_violation_ratio(*of_train),
        "contamination_hill": contamination_hill(*of_train),
        "contamination_llobet": contamination_llobet(*of_train),
        "presence_ratio": presence_ratio(recorded, sample_rate, duration),
    }
    if data.amplitudes is None:
        metrics["amplitude_cutoff"] = undefined("there are no amplitudes")
    else:
        metrics["amplitude_cutoff"] = amplitude_cutoff(data.amplitudes)
    if data.mean_waveform is None or data.noise is None:
        metrics["snr"] = undefined("there is no raw data")
    elif len(samples) < MIN_SPIKES:
        metrics["snr"] = undefined(f"of fewer than {MIN_SPIKES} spikes, noise alone would make it")
    else:
        metrics["snr"] = snr(data.mean_waveform, data.noise)
    isolation = data.isolation
    if isolation is None and data.features is not None and data.other_features is not None:
        isolation = Isolation(data.features)
        isolation.add(data.other_features)
    if isolation is None:
        names = ("isolation_distance", "l_ratio", "d_prime")
        return metrics | dict.fromkeys(names, undefined("there are no features"))
    return metrics | isolation.metrics()
