"""Parts of clusters by a condition on attributes of their spikes, such as ``amplitude < 120``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import by_size
from phygui.curation.edits.update import EditError, in_words
from phygui.curation.navigation.spike_filter import SpikeFilter
from phygui.curation.statistics.amplitudes import ruler_of, spike_amplitudes
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.spike_attributes import (
    AMPLITUDE,
    TIME,
    attribute_words,
    parse_key,
    stored_name,
    times_of,
)
from phygui.curation.statistics.stats import Cancel, compute_stats
from phygui.curation.suggestions.splitting.parts import Parts, evidence_of, spikes_of
from phygui.dataset import ShankData, why_absent

_STRETCH = 5_000
"""Spikes that are read between two looks at whether the result is still wanted."""


def where_parts(
    snapshot: Snapshot,
    text: str,
    cluster_ids: tuple[int, ...],
    stats: Mapping[int, ClusterStats],
) -> Callable[[Cancel], Parts | None]:
    """What splits clusters by a condition, for any thread; see :meth:`SessionSplits.where_job`.

    Raises
    ------
    FilterError
        If the condition makes no sense.
    EditError
        If there is nothing to split, or an attribute is not known of any spike.
    """
    shank = snapshot.shank
    words = attribute_words(shank)
    condition = SpikeFilter(text, words.keys, words.headings)
    keys = {name: words.keys[name] for name in sorted(condition.names())}
    if AMPLITUDE in keys.values() and shank.waveforms is None and shank.features is None:
        why = why_absent(shank, "traces")
        raise EditError(f"the amplitudes of spikes are not known: {why}")
    spike_ids = spikes_of(snapshot, cluster_ids)

    def look(cancelled: Cancel) -> Parts | None:
        holds = np.zeros(len(spike_ids), np.bool_)
        owner = np.zeros(len(spike_ids), np.int64)
        for place, cluster_id in enumerate(cluster_ids):
            own = snapshot.spikes(cluster_id)
            at = np.searchsorted(spike_ids, own)
            of = stats.get(cluster_id) or compute_stats(snapshot, [cluster_id])[cluster_id]
            for start in range(0, len(own), _STRETCH):
                if cancelled():
                    return None
                some = slice(start, start + _STRETCH)
                values = {n: _read(shank, key, own[some], of) for n, key in keys.items()}
                holds[at[some]] = condition(values, len(own[some]))
            owner[at] = place
        return _parts(snapshot, cluster_ids, stats, (holds, owner), condition.text, cancelled)

    return look


def _parts(
    snapshot: Snapshot,
    cluster_ids: tuple[int, ...],
    stats: Mapping[int, ClusterStats],
    found: tuple[NDArray[np.bool_], NDArray[np.int64]],
    text: str,
    cancelled: Cancel,
) -> Parts:
    """One part of the spikes for which a condition holds, and one of the rest of each cluster."""
    holds, owner = found
    n_each = np.bincount(owner[holds], minlength=len(cluster_ids))
    touched = tuple(c for c, n in zip(cluster_ids, n_each.tolist(), strict=True) if n)
    noun = "cluster" if len(cluster_ids) == 1 else "clusters"
    those = f"the spikes of {noun} {in_words(cluster_ids)}"
    if not touched:
        raise EditError(f"{text} holds for none of {those}: there is nothing to split")
    kept = np.isin(owner, np.flatnonzero(n_each))
    spike_ids = spikes_of(snapshot, cluster_ids)[kept]
    labels = np.where(holds, -1, owner)[kept]
    if len(touched) == 1 and (labels < 0).all():
        raise EditError(f"{text} holds for all of {those}: there is nothing to split")
    labels = by_size(labels)
    evidence = evidence_of(snapshot, touched, labels, stats, cancelled)
    return Parts(touched, spike_ids, labels, evidence, text)


def _read(
    shank: ShankData, key: str, spike_ids: NDArray[np.int64], stats: ClusterStats
) -> NDArray[np.float64]:
    """One attribute of some spikes of one cluster, NaN where it is not known: (n,) float64."""
    if key == TIME:
        return times_of(shank, spike_ids)
    if key == AMPLITUDE:
        amplitudes = spike_amplitudes(shank, spike_ids, ruler_of(shank, stats.summary))
        return amplitudes.astype(np.float64)
    if (name := stored_name(key)) is not None:
        return shank.attributes[name].read(spike_ids)
    place = parse_key(key)
    assert place is not None
    assert shank.features is not None
    channel, feature = place
    values, _ = shank.features.read(spike_ids, np.array([channel]))
    return values[:, 0, feature].astype(np.float64)
