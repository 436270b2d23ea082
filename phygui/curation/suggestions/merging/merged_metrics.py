"""Metrics of clusters that are not there: of pairs, as if each were merged."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from phygui.analysis import Metric
from phygui.curation.edits.doubles import without_doubles_of
from phygui.curation.statistics.preview import MERGED
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.stats import Cancel, QualitySource, compute_stats


def merged_metrics(
    snapshot: Snapshot,
    pairs: Iterable[tuple[int, int]],
    source: QualitySource,
    names: Collection[str],
    cancelled: Cancel = lambda: False,
    *,
    without_doubles: Collection[tuple[int, int]] = (),
) -> dict[tuple[int, int], dict[str, Metric]]:
    """Some metrics of pairs of clusters as one; stops early when cancelled.

    They are measured together, since what an isolation costs is to read all spikes once. Some of
    the pairs are merged without the spikes that were detected twice.
    """
    ids = {MERGED - k: pair for k, pair in enumerate(pairs)}
    # The parts stay where they are: what counts as other spikes leaves a cluster's own out.
    spikes = dict(snapshot.spikes_per_cluster)
    for cluster_id, pair in ids.items():
        parts = [spikes[c] for c in pair]
        if pair in without_doubles:
            spikes[cluster_id], _ = without_doubles_of(snapshot.shank, parts)
        else:
            spikes[cluster_id] = np.sort(np.concatenate(parts), kind="stable")
    together = replace(snapshot, spikes_per_cluster=spikes, cluster_ids=tuple(ids))
    stats = compute_stats(together, list(ids), cancelled)
    found = source.compute(together, stats, cancelled, names)
    return {ids[cluster_id]: metrics for cluster_id, metrics in found.items()}
