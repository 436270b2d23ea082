"""What the evidence for a pair of clusters will be, once better pairs have been merged.

A pair says of two clusters that they are one. Once either has been merged with a better partner,
it is another cluster, of which other things may be true: a cluster between two units, each of
which it resembles, is like one of them only. So the evidence is weighed anew for what the better
pairs would have made of both, as if they had been accepted already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import MergeScore, merge_score
from phygui.curation.statistics.snapshot import Snapshot, spikes_print
from phygui.curation.statistics.stats import Cancel, compute_stats
from phygui.curation.suggestions.merging.pair_evidence import Basis, pair_evidence

Members = tuple[int, ...]
"""Clusters that would be one, increasing."""
Join = tuple[Members, Members]
"""What a merge of two clusters would join, where all better pairs had been merged before."""

CHAIN = 0.5
"""Refractoriness from which on a chain holds: where the trains do not tell of two units."""

_IDS = (-1, -2)
"""Ids of two clusters that are not there."""


def side_prints(snapshot: Snapshot, joins: Iterable[Join]) -> dict[Members, str]:
    """Fingerprints that the sides of joins have once merges have made clusters of them."""
    return {
        members: spikes_print(_together(snapshot.spikes_per_cluster, members))
        for members in {side for join in joins for side in join}
    }


def _together(spikes: Mapping[int, NDArray[np.int64]], members: Members) -> NDArray[np.int64]:
    """The spikes of some clusters as those of one."""
    return np.sort(np.concatenate([spikes[c] for c in members]), kind="stable")


def join_evidence(
    snapshot: Snapshot, join: Join, basis: Basis, nearest: MergeScore | None, cancelled: Cancel
) -> MergeScore | None:
    """The evidence that two sets of clusters, each of which were one, are one unit.

    A unit that drifts is a chain, whose ends are not like each other: their mean is far from what
    comes next, though the last part is near. So the two are as similar as the most similar pair,
    unless the trains of all of them tell of two units, as those do that a cluster lies between.

    Parameters
    ----------
    snapshot : Snapshot
    join : Join
    basis : Basis
    nearest : MergeScore, optional
        The evidence of the most similar pair of their clusters, if any was looked at.
    cancelled : callable

    Returns
    -------
    MergeScore, optional
        None if it was cancelled.
    """
    spikes = dict(snapshot.spikes_per_cluster)
    for cluster_id, members in zip(_IDS, join, strict=True):
        spikes[cluster_id] = _together(spikes, members)
        for member in members:
            del spikes[member]
    merged = replace(snapshot, spikes_per_cluster=spikes, cluster_ids=_IDS)
    stats = compute_stats(merged, list(_IDS), cancelled)
    if cancelled() or len(stats) < len(_IDS):
        return None
    both = (stats[_IDS[0]].summary, stats[_IDS[1]].summary)
    value = float(np.asarray(basis.similarity([both[0]], [both[1]]))[0, 0])
    return in_chain(pair_evidence(merged, _IDS, both, value, basis.features), nearest)


def in_chain(plain: MergeScore, nearest: MergeScore | None) -> MergeScore:
    """The evidence of two sets of clusters, of which the most similar pair has some of its own."""
    if nearest is None or plain.refractoriness < CHAIN:
        return plain
    if nearest.similarity <= plain.similarity:
        return plain
    ratio = min(nearest.size_ratio, plain.size_ratio)
    return merge_score(
        nearest.similarity, *plain[2:6], plain.overlap, plain.n_doubles, size_ratio=ratio
    )
