"""What a worker thread may see of a session: immutable, and cheap to take."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, Metric, similarity
from phygui.curation.statistics.similarity_rows import Matrix, Similarity
from phygui.dataset import ShankData
from phygui.dataset.groups import GROUP_NAMES


@dataclass(frozen=True)
class ClusterStats:
    """What is known of one cluster; None where the data for it is missing."""

    best_channel: int | None = None
    """The channel (as numbered in the file) of the largest mean waveform or mean feature."""
    depth: float | None = None
    """Vertical position of the best channel, micrometres."""
    amplitude: float | None = None
    """Peak of the mean waveform on the best channel, in the shank's ``voltage_unit``: the mean of
    what :func:`~phygui.curation.statistics.amplitudes.spike_amplitudes` gives for the spikes."""
    size: float = 0.0
    """How large the cluster is: its amplitude, or without raw data its mean masked feature."""
    summary: ClusterSummary = field(default_factory=lambda: ClusterSummary(0))
    """What similarity is computed from."""


@dataclass(frozen=True)
class Snapshot:
    """A session at one moment.

    Edits replace the spike lists of clusters and never write into them, so a
    snapshot keeps references and copies nothing of the size of the dataset.
    ``spike_clusters`` is the exception: it is the live array, and a view that
    colours spikes of many clusters may see an edit half-way; the next snapshot
    follows at once.
    """

    generation: int
    """Grows with every edit and every selection."""
    shank: ShankData
    """Data of one channel group; its arrays may be read from several threads."""
    cluster_ids: tuple[int, ...]
    """Selected clusters, best first: the position is the colour."""
    spikes_per_cluster: Mapping[int, NDArray[np.int64]]
    """Sorted spike ids of every living cluster."""
    spike_clusters: NDArray[np.int32]
    """Cluster of each spike, (n_spikes,), read-only."""
    cluster_groups: Mapping[int, int]
    """Group number of every cluster."""
    stats: Mapping[int, ClusterStats] = field(default_factory=dict)
    """What is known of clusters so far; grows while the snapshot is in use."""
    metrics: Mapping[int, Mapping[str, Metric]] = field(default_factory=dict)
    """Metrics of clusters so far, likewise."""
    similarity: Similarity = similarity
    """By which the session ranks clusters."""
    matrix: Matrix = field(default_factory=Matrix)
    """Similarities of every two clusters so far; grows, as what is known of clusters does."""
    colors: Mapping[int, str] = field(default_factory=dict)
    """Colours that the user gave selected clusters, as ``#rrggbb``."""
    group_names: Mapping[int, str] = field(default_factory=lambda: GROUP_NAMES)
    """Names of all groups by number, with those that the user has added."""
    time_range: tuple[float, float] | None = None
    """Seconds: there are no other spikes than those from the first to before the second time; None
    for all. What is known of clusters that are not selected is then of all their spikes."""
    everything: Snapshot | None = None
    """The same with all spikes, where there is a time range."""

    @property
    def whole(self) -> Snapshot:
        """The same with all spikes: what an edit takes."""
        return self if self.everything is None else self.everything

    def spikes(self, cluster_id: int) -> NDArray[np.int64]:
        """Sorted spike ids of one cluster."""
        return self.spikes_per_cluster[cluster_id]

    def clusters_of(self, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cluster of some spikes; of the selected clusters as they were at this moment."""
        clusters = np.asarray(self.spike_clusters[spike_ids]).astype(np.int64)
        for cluster_id in self.cluster_ids:
            own = self.spikes(cluster_id)
            # A cluster that changes gets another id: with one of its spikes it has all of them.
            if len(own) and self.spike_clusters[own[0]] != cluster_id:
                clusters[np.isin(spike_ids, own)] = cluster_id
        return clusters

    @property
    def silence(self) -> str:
        """Says that no selected cluster has a spike within the time range; empty if one has."""
        if self.time_range is None or any(len(self.spikes(c)) for c in self.cluster_ids):
            return ""
        low, high = self.time_range
        return f"No spike of the selected clusters lies between {low:g} and {high:g} s."

    def nothing(self, what: str) -> str:
        """Says why there is nothing to see of the selected clusters; empty if there is."""
        return self.silence if self.cluster_ids else f"Select a cluster to see its {what}."

    @property
    def span(self) -> tuple[float, float]:
        """The time that is looked at, seconds: the range, or all of the recording with its gaps."""
        return self.time_range or (0.0, float(self.shank.span))

    @property
    def ranks(self) -> tuple[int, int]:
        """Rank of the first spike that there is, and the one after the last, in order of time."""
        if self.time_range is None:
            return 0, len(self.spike_clusters)
        return self.shank.clock.ranks_between(*self.time_range)

    @property
    def n_spikes(self) -> int:
        """Number of spikes of the channel group."""
        first, last = self.ranks
        return last - first

    def some_of_all(self, n_most: int) -> NDArray[np.int64]:
        """A regular sample of all spikes that there are: sorted ids."""
        first, last = self.ranks
        n = min(n_most, last - first)
        ranks = first + (2 * np.arange(n, dtype=np.int64) + 1) * (last - first) // max(1, 2 * n)
        # Without a range it is as regular in the file as in time.
        return ranks if self.time_range is None else np.sort(self.shank.clock.spike_ids(ranks))

    def holds(self, spike_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether spikes lie within the time range, (n,); all do if there is none."""
        if self.time_range is None:
            return np.ones(len(spike_ids), bool)
        first, last = self._samples
        samples = self.shank.clock.samples[spike_ids].astype(np.int64)
        inside: NDArray[np.bool_] = (samples >= first) & (samples < last)
        return inside

    @property
    def duration(self) -> float:
        """Seconds that were recorded, without gaps."""
        if self.time_range is None:
            return float(self.shank.duration)
        first, last = self.shank.timeline.to_rows(self._samples).tolist()
        return float((last - first) / self.shank.sample_rate)

    def recorded_train(self, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Samples of spikes since there are any, with gaps left out: (n,) int64, ascending."""
        train = self.shank.clock.recorded_train(spike_ids)
        if self.time_range is None:
            return train
        begin: NDArray[np.int64] = train - self.shank.timeline.to_rows(self._samples)[0]
        return begin

    @property
    def _samples(self) -> NDArray[np.int64]:
        """First absolute sample of the time range, and the one after the last."""
        limits = np.asarray(self.time_range) * float(self.shank.sample_rate)
        return np.ceil(limits - 1e-6).astype(np.int64)


def spikes_print(spike_ids: NDArray[np.int64]) -> str:
    """A number that differs between two sets of spikes, in practice always: 32 digits."""
    data = np.ascontiguousarray(spike_ids, "<i8")
    return hashlib.blake2b(data.data, digest_size=16).hexdigest()
