"""What is known of each cluster beyond its spikes: where it is, what it looks like, how good."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import (
    REACH_UM,
    ClusterData,
    ClusterSummary,
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
    Crowd,
    Neighbourhood,
    in_order_of_blocks,
    isolation_channels,
    isolation_steps,
)
from phygui.curation.statistics.measuring.pieces import Steps, run
from phygui.curation.statistics.measuring.place import channels_near
from phygui.curation.statistics.measuring.side_by_side import Divided
from phygui.curation.statistics.metric_set import MetricSet
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.dataset import ShankData, mean_template

N_SPIKES_FEATURES = 300
"""Spikes of a cluster that its mean and spread in feature space are taken from."""
WAVEFORM_BYTES = 256 * 2**20
"""Raw data that may be read for a cluster: all channels are, whichever are wanted."""
N_SPIKES_WAVEFORMS = 1_000, 5_000
"""Spikes of a cluster that its mean waveform is taken from: at least, and where it is cheap."""
N_SPIKES_AMPLITUDES = 2_000, 5_000
"""Spikes of a cluster whose amplitudes are looked at, likewise."""
UNKNOWN_QUALITY = -1.0
"""That of a cluster of which nothing is known: it comes after all others."""
NOISE_S = 16.0
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
    if cancelled():
        return {}
    return dict(run(stats_steps(snapshot, cluster_ids), cancelled))


def stats_steps(snapshot: Snapshot, cluster_ids: Iterable[int]) -> Steps[tuple[int, ClusterStats]]:
    """The same step by step: gives each cluster as it is known, first those without spikes."""
    spikes = {c: snapshot.spikes(c) for c in cluster_ids}
    yield from ((c, ClusterStats()) for c, of in spikes.items() if not len(of))
    shank, ids = snapshot.shank, [c for c, of in spikes.items() if len(of)]
    waveforms: list[NDArray[np.float32] | None] = [None] * len(ids)
    if shank.waveforms is not None:
        n = _affordable(shank, *N_SPIKES_WAVEFORMS)
        channels = []
        for cluster_id in ids:
            channels.append(channels_near(shank, snapshot.spikes(cluster_id)))
            yield None
        some = [sample_spikes(snapshot.spikes(c), n) for c in ids]
        waveforms = yield from shank.waveforms.means(some, channels)  # type: ignore[assignment]
    for cluster_id, mean_waveform in zip(ids, waveforms, strict=True):
        yield cluster_id, _stats_of(shank, snapshot.spikes(cluster_id), mean_waveform)


def _stats_of(
    shank: ShankData, spike_ids: NDArray[np.int64], mean_waveform: NDArray[np.float32] | None
) -> ClusterStats:
    features = masks = None
    if shank.features is not None:
        sample = sample_spikes(spike_ids, N_SPIKES_FEATURES)
        values, masks = shank.features.read(sample)
        features = values.reshape(len(sample), -1)
    n_spikes = min(len(spike_ids), N_SPIKES_FEATURES)
    if shank.waveforms is None:
        mean_waveform = mean_template(shank, sample_spikes(spike_ids, N_SPIKES_FEATURES))
    summary = summarize(features, masks, mean_waveform=mean_waveform, n_spikes=n_spikes)
    sizes = channel_sizes(summary, shank)
    if sizes is None or not len(sizes):
        return ClusterStats(summary=referring(summary, shank, spike_ids))
    best = int(np.argmax(sizes))
    size, place = float(sizes[best]), shank.channel_positions[best].astype(np.float32)
    return ClusterStats(
        best_channel=int(shank.channels[best]),
        depth=float(shank.channel_positions[best, 1]),
        # A template need not have the size of waveforms.
        amplitude=None if mean_waveform is None or shank.waveforms is None else size,
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
    none of the metrics that it goes by is known, and there may be none at all.
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
        self._noise: NDArray[np.float64] | None = None
        self._levels: dict[int, NDArray[np.float64]] = {}
        self._pieces: Divided[int] | None = None
        self._crowd: Crowd | None = None

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
        if cancelled():
            return {}
        names = self.metrics.names if names is None else names
        return dict(run(self.steps(snapshot, stats, names), cancelled))

    def steps(
        self,
        snapshot: Snapshot,
        stats: Mapping[int, ClusterStats],
        names: Collection[str],
        is_wanted: Callable[[int], bool] = lambda _: True,
    ) -> Steps[tuple[int, dict[str, Metric]]]:
        """The same step by step: gives each cluster as it is measured.

        Parameters
        ----------
        is_wanted : callable
            Whether a cluster is still to be measured when its turn comes.
        """
        shank, needs = self._shank, self.metrics.needs(names)
        sizes = {c: channel_sizes(of.summary, shank) for c, of in stats.items()}
        if "noise" in needs and self._noise is None and shank.waveforms is not None:
            yield from self._noise_steps()
        channels: dict[int, NDArray[np.int64]] = {}
        if "isolation" in needs and shank.features is not None:
            channels = {c: isolation_channels(s) for c, s in sizes.items() if s is not None}
            channels = {c: of for c, of in channels.items() if len(of)}
        amplitudes: dict[int, NDArray[np.float32] | None] = {}
        if "amplitudes" in needs:
            amplitudes = yield from self._amplitude_steps(snapshot, stats)
        crowd = self._known_crowd() if channels else None
        neighbourhood = Neighbourhood(snapshot) if channels else None
        for cluster_id in in_order_of_blocks({c: channels.get(c, ()) for c in stats}):
            if not is_wanted(cluster_id):
                continue
            isolation = None
            if crowd is not None and neighbourhood is not None and cluster_id in channels:
                isolation = yield from isolation_steps(
                    snapshot, cluster_id, channels[cluster_id], crowd, neighbourhood
                )
            data = self._data(snapshot, cluster_id, stats[cluster_id], names)
            yield None
            found: dict[str, Metric] = {}
            data = replace(data, isolation=isolation, amplitudes=amplitudes.get(cluster_id))
            for name in names:
                found |= self.metrics.measure((name,), data)
                yield None
            yield cluster_id, found

    def _known_crowd(self) -> Crowd:
        if self._crowd is None:
            self._crowd = Crowd(self._shank)
        return self._crowd

    def rest(self) -> None:
        """Nothing is to be computed for a while: give back the memory for it."""
        if self._crowd is not None:
            self._crowd.forget()

    def _data(
        self, snapshot: Snapshot, cluster_id: int, stats: ClusterStats, names: Collection[str]
    ) -> ClusterData:
        """What some metrics of a cluster are computed from, but for isolation and amplitudes."""
        shank, spike_ids = self._shank, snapshot.spikes(cluster_id)
        needs = self.metrics.needs(names)
        sizes = channel_sizes(stats.summary, shank)
        waveform = noise = None
        if (
            needs & {"mean_waveform", "noise"}
            and shank.waveforms is not None
            and stats.summary.mean_waveform is not None
            and sizes is not None
        ):
            best = int(np.argmax(sizes))
            waveform = stats.summary.mean_waveform[:, [best]]
            if "noise" in needs:
                noise = np.array([self.noise(best)])
        train = shank.clock.pair_train(spike_ids) if "spike_samples" in needs else None
        recorded = snapshot.recorded_train(spike_ids) if "recorded_samples" in needs else None
        return ClusterData(
            spike_samples=train,
            recorded_samples=recorded,
            mean_waveform=waveform,
            noise=noise,
            masked_features=self._near(spike_ids, stats) if "masked_features" in needs else None,
            attributes=self._attributes(spike_ids) if "attributes" in needs else None,
            n_spikes=len(spike_ids),
            sample_rate=shank.sample_rate,
            duration=snapshot.duration,
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

        The mean of those of pieces of the recordings, each as long as it is.
        """
        if self._noise is None:
            run(self._noise_steps())
        assert self._noise is not None
        return float(self._noise[channel])

    def _noise_steps(self) -> Steps[Any]:
        """Measure the noise of all channels: each piece of raw data is read once for all."""
        shank = self._shank
        assert shank.traces is not None
        n_channels = len(shank.channels)
        pieces = noise_pieces(
            shank.traces.lengths,
            NOISE_S * shank.sample_rate,
            NOISE_PIECE_S * shank.sample_rate,
        )
        if self._pieces is None:
            self._pieces = Divided(range(len(pieces)))
        for i in self._pieces:
            recording, start, stop = pieces[i]
            found = np.zeros(n_channels)
            raw, begin = self._raw(recording, start, stop)
            yield None
            for first in range(0, n_channels, NOISE_CHANNELS):
                columns = shank.channels[first : first + NOISE_CHANNELS]
                filtered = self._filtered(raw[:, columns], begin, stop - start)
                found[first : first + len(columns)] = noise_levels(filtered)
                yield None
            self._levels[i] = found
        lengths = [stop - start for _, start, stop in pieces]
        levels = [self._levels[i] for i in range(len(pieces))]
        self._noise = np.average(levels, axis=0, weights=lengths)

    def _raw(self, recording: int, start: int, stop: int) -> tuple[NDArray[Any], int]:
        """A piece of a recording with what the filter needs around it, and where in it it begins.

        -1 where all that the filter needs is there: the piece does not lie at an edge.
        """
        shank = self._shank
        assert shank.traces is not None
        offset, length = int(shank.traces.offsets[recording]), shank.traces.lengths[recording]
        margin = shank.filter.margin
        first, last = max(0, start - margin), min(length, stop + margin)
        raw = shank.traces[offset + first : offset + last]
        is_inside = last - first == stop - start + 2 * margin
        return raw, -1 if is_inside else start - first

    def _filtered(self, raw: NDArray[Any], begin: int, length: int) -> NDArray[np.float32]:
        """What the filter makes of what `_raw` has read."""
        if begin < 0:
            return self._shank.filter.middle(raw)
        return self._shank.filter.apply(raw)[begin : begin + length]

    def _amplitude_steps(
        self, snapshot: Snapshot, stats: Mapping[int, ClusterStats]
    ) -> Generator[None, None, dict[int, NDArray[np.float32] | None]]:
        """Amplitudes of a sample of the spikes of clusters; None where nothing tells of them."""
        shank = self._shank
        rulers = {c: ruler_of(shank, of.summary) for c, of in stats.items()}
        found: dict[int, NDArray[np.float32] | None] = dict.fromkeys(stats)
        by_raw = [c for c, r in rulers.items() if r is not None and r.sample >= 0]
        if shank.waveforms is not None and by_raw:
            n = _affordable(shank, *N_SPIKES_AMPLITUDES)
            known = [rulers[c] for c in by_raw]
            values = yield from shank.waveforms.values_at(
                [sample_spikes(snapshot.spikes(c), n) for c in by_raw],
                [r.sample for r in known if r is not None],
                [r.channel for r in known if r is not None],
            )
            for c, ruler, of in zip(by_raw, known, values, strict=True):
                assert ruler is not None
                # 0 are those of which there is no raw data.
                found[c] = (of[of != 0] * ruler.factor).astype(np.float32)
        for c, ruler in rulers.items():
            if ruler is not None and ruler.sample < 0:
                some = sample_spikes(snapshot.spikes(c), N_SPIKES_AMPLITUDES[1])
                measured = spike_amplitudes(shank, some, ruler)
                found[c] = measured[np.isfinite(measured)]
                yield
        return found


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
