"""What is known of each cluster beyond its spikes: where it is, what it looks like, how good."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import (
    REACH_UM,
    ClusterData,
    ClusterSummary,
    Isolation,
    Metric,
    Train,
    cluster_quality,
    combine,
    noise_levels,
    sample_spikes,
    summarize,
)
from phygui.curation.statistics.amplitudes import channel_sizes, ruler_of, spike_amplitudes
from phygui.curation.statistics.isolation import (
    MOST_CLUSTERS,
    clusters_in_a_pass,
    isolation_channels,
    isolations,
)
from phygui.curation.statistics.metric_set import MetricSet
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.dataset import ShankData

N_SPIKES_FEATURES = 300
"""Spikes of a cluster that its mean and spread in feature space are taken from."""
WAVEFORM_BYTES = 256 * 2**20
"""Raw data that may be read at once for a cluster: all channels are, whichever are wanted."""
N_SPIKES_WAVEFORMS = 1_000, 5_000
"""Spikes of a cluster that its mean waveform is taken from: at least, and where it is cheap."""
N_SPIKES_AMPLITUDES = 2_000, 5_000
"""Spikes of a cluster whose amplitudes are looked at, likewise."""
UNKNOWN_QUALITY = -1.0
"""That of a cluster of which nothing is known: it comes after all others."""
NOISE_S = 40.0
"""Seconds of raw data that the noise is taken from, spread over the recordings."""
NOISE_PIECE_S = 0.5
"""Seconds of it that are read at once."""
NOISE_CHANNELS = 32
"""Channels, neighbours in the channel order, whose noise is computed at once."""

Cancel = Callable[[], bool]


def compute_stats(
    snapshot: Snapshot, cluster_ids: Iterable[int], cancelled: Cancel = lambda: False
) -> dict[int, ClusterStats]:
    """What is known of some clusters; stops early, with what it has, when cancelled.

    Each cluster costs the same however many spikes it has: means are taken
    over a regular sample of its spikes.
    """
    stats = {}
    for cluster_id in cluster_ids:
        if cancelled():
            break
        stats[cluster_id] = _stats_of(snapshot.shank, snapshot.spikes(cluster_id))
    return stats


def _stats_of(shank: ShankData, spike_ids: NDArray[np.int64]) -> ClusterStats:
    features = masks = mean_waveform = None
    if shank.features is not None:
        sample = sample_spikes(spike_ids, N_SPIKES_FEATURES)
        values, masks = shank.features.read(sample)
        features = values.reshape(len(sample), -1)
    if shank.waveforms is not None:
        n = _affordable(shank, *N_SPIKES_WAVEFORMS)
        mean_waveform = shank.waveforms.mean(sample_spikes(spike_ids, n))
    n_spikes = min(len(spike_ids), N_SPIKES_FEATURES)
    summary = summarize(features, masks, mean_waveform=mean_waveform, n_spikes=n_spikes)
    sizes = channel_sizes(summary, shank)
    if sizes is None or not len(sizes):
        return ClusterStats(summary=referring(summary, shank, spike_ids))
    best = int(np.argmax(sizes))
    size, place = float(sizes[best]), shank.channel_positions[best].astype(np.float32)
    return ClusterStats(
        best_channel=int(shank.channels[best]),
        depth=float(shank.channel_positions[best, 1]),
        amplitude=size if summary.mean_waveform is not None else None,
        size=size,
        summary=referring(replace(summary, position=place), shank, spike_ids),
    )


def referring(
    summary: ClusterSummary, shank: ShankData, spike_ids: NDArray[np.int64]
) -> ClusterSummary:
    """A summary with what the shank tells of it: when its spikes were, and which channels are near.

    It holds their ids, and no copy.
    """
    train = Train(partial(shank.clock.pair_train, spike_ids), shank.sample_rate, shank.duration)
    footprint = None
    if summary.position is not None:
        away = shank.channel_positions - summary.position
        footprint = np.linalg.norm(away, axis=1) <= REACH_UM
    return replace(summary, train=train, footprint=footprint)


def _affordable(shank: ShankData, least: int, most: int) -> int:
    """Spikes whose raw data is read for a cluster: fewer where recordings have many channels."""
    assert shank.traces is not None
    width = shank.n_samples_waveforms + 2 * shank.filter.margin
    each = width * shank.traces.shape[1] * shank.traces.dtype.itemsize
    return int(np.clip(WAVEFORM_BYTES // each, least, most))


def default_quality(_: ClusterStats, metrics: Mapping[str, Metric]) -> float:
    """Quality by which the best queue goes, from the metrics of a cluster alone.

    :func:`~phygui.analysis.cluster_quality`, without what its partners tell. Below 0 as long as
    none of the metrics that it goes by is known.

    Parameters
    ----------
    _ : ClusterStats
    metrics : mapping of str to Metric
        May be empty.
    """
    found = cluster_quality(metrics)
    return UNKNOWN_QUALITY if found is None else found.value


def estimate_merged(parts: Sequence[tuple[ClusterStats, int]]) -> ClusterStats | None:
    """What a merge of clusters will look like, at once, until it has been computed.

    Parameters
    ----------
    parts : sequence of (ClusterStats, int)
        The merged clusters with their numbers of spikes; the largest one's place and size
        are taken, and the summaries combined.
    """
    if not parts:
        return None
    largest, _ = max(parts, key=lambda part: part[1])
    summary = combine([of.summary for of, _ in parts], [n for _, n in parts])
    return replace(largest, summary=summary)


class QualitySource:
    """Computes the quality metrics of clusters of one channel group, in any thread.

    The noise, which is common to all clusters, is measured once.

    Parameters
    ----------
    shank : ShankData
    metrics : MetricSet, optional
        Which metrics; by default all that there are.
    """

    def __init__(self, shank: ShankData, metrics: MetricSet | None = None) -> None:
        self._shank = shank
        self.metrics = MetricSet() if metrics is None else metrics
        self._lock = threading.Lock()
        self._noise: dict[int, NDArray[np.float64]] = {}

    def compute(
        self,
        snapshot: Snapshot,
        stats: Mapping[int, ClusterStats],
        cancelled: Cancel = lambda: False,
        names: Collection[str] | None = None,
    ) -> dict[int, dict[str, Metric]]:
        """Metrics of some clusters whose stats are known; stops early when cancelled.

        Parameters
        ----------
        snapshot : Snapshot
        stats : mapping of int to ClusterStats
        cancelled : callable
        names : collection of str, optional
            Which metrics; by default all. What only others need is not looked at.
        """
        metrics: dict[int, dict[str, Metric]] = {}
        names = self.metrics.names if names is None else names
        todo, n = list(stats), self.n_clusters(names)
        for ids in (todo[start : start + n] for start in range(0, len(todo), n)):
            isolation: dict[int, Isolation] | None = {}
            if "isolation" in self.metrics.needs(names):
                isolation = self._isolation(snapshot, {c: stats[c] for c in ids}, cancelled)
            if isolation is None:
                break
            for cluster_id in ids:
                if cancelled():
                    return metrics
                data = self._data(snapshot, cluster_id, stats[cluster_id], names)
                data = replace(data, isolation=isolation.get(cluster_id))
                metrics[cluster_id] = self.metrics.measure(names, data)
        return metrics

    def n_clusters(self, names: Collection[str] | None = None) -> int:
        """Clusters of which some metrics are best computed together: for a second or so."""
        names = self.metrics.names if names is None else names
        if self._shank.features is None or "isolation" not in self.metrics.needs(names):
            return MOST_CLUSTERS
        return clusters_in_a_pass(self._shank)

    def _isolation(
        self, snapshot: Snapshot, stats: Mapping[int, ClusterStats], cancelled: Cancel
    ) -> dict[int, Isolation] | None:
        """How isolated clusters are, as far as features tell; None when cancelled."""
        sizes = {c: channel_sizes(of.summary, self._shank) for c, of in stats.items()}
        channels = {c: isolation_channels(s) for c, s in sizes.items() if s is not None and len(s)}
        if self._shank.features is None or not channels:
            return None if cancelled() else {}
        return isolations(snapshot, channels, cancelled)

    def _data(
        self, snapshot: Snapshot, cluster_id: int, stats: ClusterStats, names: Collection[str]
    ) -> ClusterData:
        """What some metrics of a cluster are computed from, but for its isolation."""
        shank, spike_ids = self._shank, snapshot.spikes(cluster_id)
        needs = self.metrics.needs(names)
        sizes = channel_sizes(stats.summary, shank)
        waveform = noise = None
        if (
            needs & {"mean_waveform", "noise"}
            and stats.summary.mean_waveform is not None
            and sizes is not None
        ):
            best = int(np.argmax(sizes))
            waveform = stats.summary.mean_waveform[:, [best]]
            if "noise" in needs:
                noise = np.array([self.noise(best)])
        train = shank.clock.pair_train(spike_ids) if "spike_samples" in needs else None
        recorded = shank.clock.recorded_train(spike_ids) if "recorded_samples" in needs else None
        return ClusterData(
            spike_samples=train,
            recorded_samples=recorded,
            amplitudes=self._amplitudes(spike_ids, stats) if "amplitudes" in needs else None,
            mean_waveform=waveform,
            noise=noise,
            masked_features=self._near(spike_ids, stats) if "masked_features" in needs else None,
            attributes=self._attributes(spike_ids) if "attributes" in needs else None,
            n_spikes=len(spike_ids),
            sample_rate=shank.sample_rate,
            duration=shank.duration,
        )

    def _near(self, spike_ids: NDArray[np.int64], stats: ClusterStats) -> NDArray[Any] | None:
        """Masked features of a sample of the spikes, on the channels near the best one."""
        shank, sizes = self._shank, channel_sizes(stats.summary, self._shank)
        if shank.features is None or sizes is None or not len(sizes):
            return None
        place = shank.channel_positions[int(np.argmax(sizes))]
        away = np.linalg.norm(shank.channel_positions - place, axis=1)
        sample, near = sample_spikes(spike_ids, N_SPIKES_FEATURES), np.flatnonzero(away <= REACH_UM)
        values, masks = shank.features.read(sample, near)
        masked = np.nan_to_num(values) * np.nan_to_num(masks)[:, :, None]
        return masked.reshape(len(masked), -1)

    def _attributes(self, spike_ids: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """What the format holds of a sample of the spikes."""
        sample = sample_spikes(spike_ids, N_SPIKES_AMPLITUDES[0])
        return {name: of.read(sample) for name, of in self._shank.attributes.items()}

    def noise(self, channel: int) -> float:
        """Noise of a channel, an index into the channel order, in raw units.

        The mean of those of pieces of the recordings, each as long as it is. Of hundreds of
        channels only those near the best channels of clusters are looked at.
        """
        block, place = divmod(channel, NOISE_CHANNELS)
        with self._lock:
            if block not in self._noise:
                shank = self._shank
                assert shank.traces is not None
                pieces = noise_pieces(
                    shank.traces.lengths,
                    NOISE_S * shank.sample_rate,
                    NOISE_PIECE_S * shank.sample_rate,
                )
                order = shank.channels
                columns = order[block * NOISE_CHANNELS : (block + 1) * NOISE_CHANNELS]
                levels = [noise_levels(self._filtered(columns, *piece)) for piece in pieces]
                lengths = [stop - start for _, start, stop in pieces]
                self._noise[block] = np.average(levels, axis=0, weights=lengths)
            return float(self._noise[block][place])

    def _filtered(
        self, columns: NDArray[np.int64], recording: int, start: int, stop: int
    ) -> NDArray[np.float32]:
        """A piece of a recording on some columns of the raw data."""
        shank = self._shank
        assert shank.traces is not None
        offset, length = int(shank.traces.offsets[recording]), shank.traces.lengths[recording]
        margin = shank.filter.margin
        first, last = max(0, start - margin), min(length, stop + margin)
        raw = shank.traces[offset + first : offset + last, columns]
        if last - first == stop - start + 2 * margin:
            return shank.filter.middle(raw)
        return shank.filter.apply(raw)[start - first : stop - first]

    def _amplitudes(
        self, spike_ids: NDArray[np.int64], stats: ClusterStats
    ) -> NDArray[np.float32] | None:
        """Amplitudes of a sample of the spikes; None if there is nothing to measure them by."""
        ruler = ruler_of(self._shank, stats.summary)
        if ruler is None:
            return None
        most = N_SPIKES_AMPLITUDES[1]
        if ruler.sample >= 0:
            most = _affordable(self._shank, *N_SPIKES_AMPLITUDES)
        found = spike_amplitudes(self._shank, sample_spikes(spike_ids, most), ruler)
        # 0 are those of which there is no raw data.
        read: NDArray[np.float32] = found[found != 0]
        return read


def noise_pieces(
    lengths: Sequence[int], n_samples: float, most: float
) -> list[tuple[int, int, int]]:
    """Pieces of recordings, spread evenly, that noise is taken from.

    Parameters
    ----------
    lengths : sequence of int
        Samples of each recording.
    n_samples : float
        Samples wanted altogether; all are taken if there are no more.
    most : float
        Samples of a piece at most.

    Returns
    -------
    list of (int, int, int)
        Recording, first sample and the one after the last, counted from the recording's start.
    """
    share = min(1.0, n_samples / max(sum(lengths), 1))
    pieces = []
    for recording, length in enumerate(lengths):
        wanted = math.ceil(share * length)
        n = max(1, math.ceil(wanted / most))
        size = math.ceil(wanted / n)
        starts = np.linspace(0, length - size, n) if n > 1 else [(length - size) / 2]
        pieces += [(recording, int(start), int(start) + size) for start in starts if size]
    return pieces
