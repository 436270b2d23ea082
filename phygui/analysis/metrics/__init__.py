"""Metrics of one cluster, each declared once; a module of this folder adds its `METRICS`."""

from __future__ import annotations

from .coherence import coherence
from .completeness import amplitude_cutoff, firing_rate, presence_ratio
from .contamination import (
    contamination_hill,
    contamination_llobet,
    count_refractory_pairs,
    isi_violation_ratio,
    likely_purity,
    violation_rate,
)
from .isolation import (
    Isolation,
    Moments,
    d_prime,
    isolation_distance,
    l_ratio,
    mahalanobis_squared,
)
from .metric import Metric, undefined
from .quality import quality_metrics
from .registry import find_metric, metrics, register_metric, unregister_metric
from .snr import MIN_SPIKES, noise_levels, snr
from .spec import FAMILIES, ClusterData, MetricSpec

__all__ = [
    "FAMILIES",
    "MIN_SPIKES",
    "ClusterData",
    "Isolation",
    "Metric",
    "MetricSpec",
    "Moments",
    "amplitude_cutoff",
    "coherence",
    "contamination_hill",
    "contamination_llobet",
    "count_refractory_pairs",
    "d_prime",
    "find_metric",
    "firing_rate",
    "isi_violation_ratio",
    "isolation_distance",
    "l_ratio",
    "likely_purity",
    "mahalanobis_squared",
    "metrics",
    "noise_levels",
    "presence_ratio",
    "quality_metrics",
    "register_metric",
    "snr",
    "undefined",
    "unregister_metric",
    "violation_rate",
]
