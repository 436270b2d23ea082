"""Numerics: arrays in, arrays out, no files, no state, no toolkit.

Importing this package is light: numba and scipy come in when a function first needs them.
"""

from __future__ import annotations

from .agreement import Agreement, agreement
from .compiling.warm import warm_up
from .correlograms import (
    correlograms,
    cross_correlogram,
    lag_correlogram,
    lag_edges,
    log_lag_edges,
    two_sided_correlogram,
)
from .geometry import points_in_polygon
from .merging import (
    Coincidences,
    MergeScore,
    coincidences,
    drift_continuity,
    merge_score,
    merged_refractoriness,
)
from .metrics import (
    MIN_SPIKES,
    ClusterData,
    Isolation,
    Metric,
    MetricSpec,
    amplitude_cutoff,
    coherence,
    contamination_hill,
    contamination_llobet,
    count_refractory_pairs,
    d_prime,
    find_metric,
    firing_rate,
    isi_violation_ratio,
    isolation_distance,
    l_ratio,
    likely_purity,
    mahalanobis_squared,
    noise_levels,
    presence_ratio,
    quality_metrics,
    register_metric,
    snr,
    undefined,
    unregister_metric,
    violation_rate,
)
from .quality import Part, Partner, Quality, cluster_quality
from .sampling import sample_spikes
from .similarity import FEW_SPIKES, containment, separation, similarity, waveform_similarity
from .splitting import SplitScore, by_size, propose_parts, split_parts, split_score
from .summaries import ClusterSummary, Train, combine, is_seen, summarize
from .traces import decimate_min_max
from .trains import (
    REFRACTORY_PERIOD,
    RefractoryViolations,
    firing_rate_histogram,
    isi_histogram,
    refractory_violations,
)

__all__ = [
    "FEW_SPIKES",
    "MIN_SPIKES",
    "REFRACTORY_PERIOD",
    "Agreement",
    "ClusterData",
    "ClusterSummary",
    "Coincidences",
    "Isolation",
    "MergeScore",
    "Metric",
    "MetricSpec",
    "Part",
    "Partner",
    "Quality",
    "RefractoryViolations",
    "SplitScore",
    "Train",
    "agreement",
    "amplitude_cutoff",
    "by_size",
    "cluster_quality",
    "coherence",
    "coincidences",
    "combine",
    "containment",
    "contamination_hill",
    "contamination_llobet",
    "correlograms",
    "count_refractory_pairs",
    "cross_correlogram",
    "d_prime",
    "decimate_min_max",
    "drift_continuity",
    "find_metric",
    "firing_rate",
    "firing_rate_histogram",
    "is_seen",
    "isi_histogram",
    "isi_violation_ratio",
    "isolation_distance",
    "l_ratio",
    "lag_correlogram",
    "lag_edges",
    "likely_purity",
    "log_lag_edges",
    "mahalanobis_squared",
    "merge_score",
    "merged_refractoriness",
    "noise_levels",
    "points_in_polygon",
    "presence_ratio",
    "propose_parts",
    "quality_metrics",
    "refractory_violations",
    "register_metric",
    "sample_spikes",
    "separation",
    "similarity",
    "snr",
    "split_parts",
    "split_score",
    "summarize",
    "two_sided_correlogram",
    "undefined",
    "unregister_metric",
    "violation_rate",
    "warm_up",
    "waveform_similarity",
]
