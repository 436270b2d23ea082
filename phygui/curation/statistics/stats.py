"""What is known of each cluster beyond its spikes: where it is, what it looks like, how good."""

from __future__ import annotations

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
    sample_spikes,
    summarize,
)
from phygui.curation.statistics.amplitudes import channel_sizes, ruler_of, spike_amplitudes
from phygui.curation.statistics.isolation import (
    N_TOGETHER,
    Crowd,
    Neighbourhood,
    in_order_of_blocks,
    isolation_channels,
    isolation_steps,
    own_features,
)
from phygui.curation.statistics.measuring.noise import Noise
from phygui.curation.statistics.measuring.pieces import Steps, Turn, run
from phygui.curation.statistics.measuring.place import channels_near
from phygui.curation.statistics.measuring.side_by_side import side_by_side, together
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


def stats_steps(
    snapshot: Snapshot, cluster_ids: Iterable[int], turn: Turn | None = None
) -> Steps[tuple[int, ClusterStats]]:
    """The same step by step, in two threads: gives each cluster as it is known.

    First those without spikes.

    Parameters
    ----------
    turn : Turn, optional
        Both threads stop at their next step once it is over.
    """
    spikes = {c: snapshot.spikes(c) for c in cluster_ids}
    yield from ((c, ClusterStats()) for c, of in spikes.items() if not len(of))
    shank, held = snapshot.shank, {c: of for c, of in spikes.items() if len(of)}
    waveforms: dict[int, NDArray[np.float32] | None] = dict.fromkeys(held)
    if shank.waveforms is not None:
        near: dict[int, NDArray[np.int64]] = {}

        def places(some: Mapping[int, NDArray[np.int64]]) -> Steps[Any]:
            for cluster_id, of in some.items():
                near[cluster_id] = channels_near(shank, of)
                yield None

        yield from side_by_side(held, places, turn)
        n = _affordable(shank, *N_SPIKES_WAVEFORMS)
        some = [sample_spikes(of, n) for of in held.values()]
        both = partial(together, turn=turn)
        means = yield from shank.waveforms.means(some, [near[c] for c in held], both)
        waveforms.update(zip(held, means, strict=True))

    def all_of(some: Mapping[int, NDArray[np.int64]]) -> Steps[tuple[int, ClusterStats]]:
        for cluster_id, of in some.items():
            yield cluster_id, _stats_of(shank, of, waveforms[cluster_id])

    yield from side_by_side(held, all_of, turn)


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
        self._noise = Noise(shank)
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
        turn: Turn | None = None,
    ) -> Steps[tuple[int, dict[str, Metric]]]:
        """The same step by step, in two threads: gives each cluster as it is measured.

        Parameters
        ----------
        is_wanted : callable
            Whether a cluster is still to be measured when its turn comes.
        turn : Turn, optional
            Both threads stop at their next step once it is over.
        """
        shank, needs = self._shank, self.metrics.needs(names)
        sizes = {c: channel_sizes(of.summary, shank) for c, of in stats.items()}
        if "noise" in needs and shank.waveforms is not None:
            yield from together([self._noise.steps(), self._noise.steps()], turn)
        channels: dict[int, NDArray[np.int64]] = {}
        if "isolation" in needs and shank.features is not None:
            channels = {c: isolation_channels(s) for c, s in sizes.items() if s is not None}
            channels = {c: of for c, of in channels.items() if len(of)}
        amplitudes: dict[int, NDArray[np.float32] | None] = {}
        if "amplitudes" in needs:
            amplitudes = yield from self._amplitude_steps(snapshot, stats, turn)
        crowd = self._known_crowd() if channels else None
        neighbourhood = Neighbourhood(snapshot) if channels else None

        def measure(some: Mapping[int, ClusterStats]) -> Steps[tuple[int, dict[str, Metric]]]:
            inside: dict[int, NDArray[np.float32]] = {}
            for i, (cluster_id, of) in enumerate(some.items()):
                if i % N_TOGETHER == 0 and crowd is not None:
                    lot = filter(is_wanted, list(some)[i : i + N_TOGETHER])
                    on = {c: channels[c] for c in lot if c in channels}
                    inside = yield from own_features(snapshot, on, crowd)
                if not is_wanted(cluster_id):
                    continue
                isolation = None
                if crowd is not None and neighbourhood is not None and cluster_id in channels:
                    own = inside.pop(cluster_id, None)
                    isolation = yield from isolation_steps(
                        snapshot, cluster_id, channels[cluster_id], crowd, neighbourhood, own
                    )
                data = self._data(snapshot, cluster_id, of, names)
                yield None
                found: dict[str, Metric] = {}
                data = replace(data, isolation=isolation, amplitudes=amplitudes.get(cluster_id))
                for name in names:
                    found |= self.metrics.measure((name,), data)
                    yield None
                yield cluster_id, found

        in_order = in_order_of_blocks({c: channels.get(c, ()) for c in stats})
        yield from side_by_side({c: stats[c] for c in in_order}, measure, turn)

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
        """Noise of a channel, an index into the channel order, in raw units."""
        return self._noise.level(channel)

    def _amplitude_steps(
        self, snapshot: Snapshot, stats: Mapping[int, ClusterStats], turn: Turn | None
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
                partial(together, turn=turn),
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
