"""What some clusters would look like as one, or parts of one as clusters, before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import Metric, sample_spikes, two_sided_correlogram
from phygui.curation.edits.doubles import without_doubles_of
from phygui.curation.edits.update import EditError, in_words
from phygui.curation.statistics.amplitudes import (
    amplitude_unit,
    channel_sizes,
    ruler_of,
    spike_amplitudes,
)
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.statistics.stats import (
    Cancel,
    QualitySource,
    compute_stats,
)
from phygui.dataset import ShankData

MERGED = -1
"""The id of a cluster that is not there."""
MOST = 12
"""Clusters that are previewed at once: those that have colours of their own."""
BIN_S, WINDOW_S = 0.001, 0.06
N_AMPLITUDES = 1_500
"""Spikes of each cluster whose amplitudes are shown."""
N_CHANNELS = 6
"""Channels, the largest of the merged cluster, on which it is shown."""


@dataclass(frozen=True)
class Preview:
    """Some clusters and what they would be as one, in the order of the clusters, then merged.

    Attributes
    ----------
    clusters : tuple of n int
        The clusters.
    n_spikes : tuple of n + 1 int
    lags : (n_bins,) float64
        Middle of each bin, milliseconds.
    rates : (n + 2, n_bins) float64
        Autocorrelograms of the clusters and merged, in spikes per second; then the
        cross-correlogram of all others around the spikes of the first.
    channels : tuple of int
        Channels, as numbered in the file, on which the clusters are shown, largest first.
    shapes : (n + 1, n_samples, n_channels) float32, optional
        Mean waveforms in ``voltage_unit``, or without raw data mean masked features, one after
        another.
    is_waveform : bool
        Which of the two.
    times, amplitudes : tuple of n arrays
        Of samples of the spikes of each: seconds, and their amplitudes as spikes of the merged
        cluster, see :mod:`phygui.curation.statistics.amplitudes`.
    amplitude_unit : str
        Empty for features.
    voltage_unit : str
        Of waveforms: microvolts, or raw units if no gain is known.
    metrics : tuple of n + 1 mappings of str to Metric
    is_split : bool
        Whether the clusters are only proposed, as parts of what is one now.
    """

    clusters: tuple[int, ...]
    n_spikes: tuple[int, ...]
    lags: NDArray[np.float64]
    rates: NDArray[np.float64]
    channels: tuple[int, ...]
    shapes: NDArray[np.float32] | None
    is_waveform: bool
    times: tuple[NDArray[np.float64], ...]
    amplitudes: tuple[NDArray[np.float32], ...] | None
    amplitude_unit: str
    voltage_unit: str
    metrics: tuple[Mapping[str, Metric], ...]
    is_split: bool = False

    @property
    def whole(self) -> str:
        """What all of it as one is called."""
        return "now" if self.is_split else "merged"


def merged_snapshot(
    snapshot: Snapshot, clusters: tuple[int, ...], *, without_doubles: bool = False
) -> Snapshot:
    """A session in which some clusters were one, called :data:`MERGED`; nothing is done to it."""
    spikes = dict(snapshot.spikes_per_cluster)
    parts = [spikes.pop(c) for c in clusters]
    if without_doubles:
        spikes[MERGED], _ = without_doubles_of(snapshot.shank, parts)
    else:
        spikes[MERGED] = np.sort(np.concatenate(parts), kind="stable")
    return replace(snapshot, spikes_per_cluster=spikes, cluster_ids=(MERGED,))


def preview(
    snapshot: Snapshot,
    clusters: tuple[int, ...],
    source: QualitySource,
    stats: Mapping[int, ClusterStats] | None = None,
    metrics: Mapping[int, Mapping[str, Metric]] | None = None,
    cancelled: Cancel = lambda: False,
    *,
    is_split: bool = False,
    without_doubles: bool = False,
) -> Preview | None:
    """What some clusters would look like as one; None if it was cancelled.

    Parameters
    ----------
    snapshot : Snapshot
    clusters : tuple of int
        Two living clusters or more.
    source : QualitySource
        Of the same channel group.
    stats, metrics : mapping, optional
        What is known of them already, and of :data:`MERGED`; the rest is computed.
    cancelled : callable
    is_split : bool
        Whether the clusters are parts that are one now.
    without_doubles : bool
        Whether spikes that were detected twice would be set aside.
    """
    silent = tuple(c for c in clusters if not len(snapshot.spikes(c)))
    if silent and snapshot.time_range is not None:
        low, high = snapshot.time_range
        whose = f"{'cluster' if len(silent) == 1 else 'clusters'} {in_words(silent)}"
        raise EditError(f"no spike of {whose} lies between {low:g} and {high:g} s")
    merged = merged_snapshot(snapshot, clusters, without_doubles=without_doubles)
    all_ids, wanted = (*clusters, MERGED), source.metrics.names
    known = {c: s for c, s in (stats or {}).items() if c in all_ids}
    measured = {c: m for c, m in (metrics or {}).items() if c in all_ids and wanted <= m.keys()}
    for of, ids in ((snapshot, clusters), (merged, (MERGED,))):
        known |= compute_stats(of, [c for c in ids if c not in known], cancelled)
        todo = {c: known[c] for c in ids if c in known and c not in measured}
        measured |= source.compute(of, todo, cancelled)
    if cancelled() or any(c not in measured for c in all_ids):
        return None
    shank = snapshot.shank
    spikes = (*(snapshot.spikes(c) for c in clusters), merged.spikes(MERGED))
    lags, rates = _correlograms(shank, spikes)
    sizes = channel_sizes(known[MERGED].summary, shank)
    places = np.empty(0, np.int64) if sizes is None else np.argsort(-sizes, kind="stable")
    places = places[:N_CHANNELS]
    shapes, is_waveform = _shapes(shank, [known[c] for c in all_ids], places)
    samples = [sample_spikes(s, N_AMPLITUDES) for s in spikes[:-1]]
    ruler = ruler_of(shank, known[MERGED].summary)
    amplitudes = None
    if ruler is not None:
        amplitudes = tuple(spike_amplitudes(shank, s, ruler) for s in samples)
    return Preview(
        clusters,
        tuple(map(len, spikes)),
        lags,
        rates,
        tuple(int(shank.channels[p]) for p in places),
        shapes,
        is_waveform,
        tuple(shank.spike_samples[s] / shank.sample_rate for s in samples),
        amplitudes,
        amplitude_unit(shank),
        shank.voltage_unit,
        tuple(measured[c] for c in all_ids),
        is_split,
    )


def _correlograms(
    shank: ShankData, spikes: tuple[NDArray[np.int64], ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each train, and of all but the first and the last around the first."""
    others = np.sort(np.concatenate(spikes[1:-1]), kind="stable")
    bin_size = max(1, round(BIN_S * shank.sample_rate))
    n_bins = round(WINDOW_S / 2 * shank.sample_rate / bin_size)
    pairs = (*((each, None) for each in spikes), (spikes[0], others))
    counts = [
        two_sided_correlogram(
            shank.clock.pair_train(a),
            None if b is None else shank.clock.pair_train(b),
            bin_size=bin_size,
            n_bins=n_bins,
            spike_ids_a=shank.clock.ranks(a),
            spike_ids_b=None if b is None else shank.clock.ranks(b),
        )
        for a, b in pairs
    ]
    seconds = bin_size / shank.sample_rate
    rates = [c / (len(a) * seconds) for c, (a, _) in zip(counts, pairs, strict=True)]
    lags = (np.arange(-n_bins, n_bins) + 0.5) * seconds * 1000
    return np.asarray(lags, np.float64), np.stack(rates)


def _shapes(
    shank: ShankData, stats: list[ClusterStats], places: NDArray[np.int64]
) -> tuple[NDArray[np.float32] | None, bool]:
    """Of each cluster, mean waveforms or features on some channels, and which of the two."""
    waveforms = [s.summary.mean_waveform for s in stats]
    if all(w is not None for w in waveforms):
        of_channels = np.stack([w[:, places] for w in waveforms if w is not None])
        return (of_channels * shank.channel_gains[places]).astype(np.float32), True
    means = [s.summary.mean for s in stats]
    if all(m is not None for m in means):
        by_channel = np.stack([m.reshape(shank.n_channels, -1) for m in means if m is not None])
        return by_channel[:, places].transpose(0, 2, 1).astype(np.float32), False
    return None, False
