"""The state of a session that was published last: what tables, title, history and views show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import Metric
from phygui.curation.edits.labels import color_in
from phygui.curation.edits.update import Selection, Update
from phygui.curation.navigation.wizard import Ranking
from phygui.curation.opened import Curation
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot
from phygui.curation.suggestions.splitting.proposal import Proposal
from phygui.curation.time_range.within import Found, KnownFirst, SpikesWithin, TimeRange
from phygui.dataset import ClusteringState, ShankData
from phygui.dataset.groups import UNSORTED


@dataclass(frozen=True, repr=False)
class Shown:
    """The active clustering at one moment; no edit changes anything of it afterwards.

    The session itself can be ahead of it, by edits that are on their way to the disk. What is
    known of the clusters is no part of the clustering: ``knowledge`` grows as it is computed.
    """

    generation: int
    """That of the session at this moment."""
    shank: ShankData
    """The data of the channel group."""
    clustering: str
    selection: Selection
    spikes_per_cluster: Mapping[int, NDArray[np.int64]]
    """Sorted spike ids of every cluster."""
    spike_clusters: NDArray[np.int32]
    """Cluster of each spike, (n_spikes,), read-only; the live array, as in a snapshot."""
    cluster_groups: Mapping[int, int]
    """Number of the group of every cluster."""
    group_names: Mapping[int, str]
    """Names of all cluster groups by number."""
    labels: Mapping[int, Mapping[str, str]]
    """Labels of the clusters that have any."""
    history: tuple[Update, ...]
    """All edits, oldest first, undone ones at the end."""
    history_position: int
    """Number of edits in effect."""
    saved_position: int | None
    """Number of edits in effect in the file; None where undo and redo cannot lead."""
    first_tally: Mapping[int, int]
    """Number of clusters in each group before the first edit; empty if that is not known."""
    n_unsaved: int
    """Edits of all clusterings that are not in the file."""
    is_modified: bool
    """Whether any clustering differs from the file."""
    is_editable: bool
    """Whether the clustering may be edited."""
    knowledge: Knowledge
    """Statistics and metrics of the clusters, and the rankings they give."""
    proposal: Proposal | None = None
    """Parts of the selected clusters that views show in their place."""
    within: TimeRange | None = None
    """What views are restricted to, and what is known of the selected clusters within it."""

    def __repr__(self) -> str:
        return (
            f"<Shown: {len(self.spikes_per_cluster)} clusters of {self.clustering}, "
            f"after {self.history_position} edits>"
        )

    @classmethod
    def of(
        cls,
        active: Curation,
        curations: Iterable[Curation],
        *,
        shank: ShankData,
        generation: int,
        is_editable: bool,
    ) -> Shown:
        """The state of the active one of some clusterings as it is now.

        A selection costs nothing of the size of the clustering; an edit costs what it takes to
        list the clusters.
        """
        history, all_histories = active.history, [c.history for c in curations]
        clusters = active.clusters_now()
        return cls(
            generation=generation,
            shank=shank,
            clustering=active.name,
            selection=active.selection,
            spikes_per_cluster=clusters.spikes,
            spike_clusters=active.clustering.spike_clusters,
            cluster_groups=clusters.groups,
            group_names=clusters.group_names,
            labels=clusters.labels,
            history=history.updates,
            history_position=history.position,
            saved_position=history.saved_position,
            first_tally=active.first_tally,
            n_unsaved=sum(of.n_unsaved for of in all_histories),
            is_modified=any(of.is_modified for of in all_histories),
            is_editable=is_editable,
            knowledge=active.knowledge,
        )

    @property
    def time_range(self) -> tuple[float, float] | None:
        """Start and stop, seconds, of what views are restricted to; None where it is all."""
        return None if self.within is None else self.within.limits

    @property
    def channel_group(self) -> int:
        """The channel group of the clustering."""
        return self.shank.channel_group

    # -- clusters ----------------------------------------------------------------------------

    def group_of(self, cluster_id: int) -> str:
        """Name of the group of one cluster."""
        group = self.cluster_groups.get(cluster_id, UNSORTED)
        return self.group_names.get(group, str(group))

    def labels_of(self, cluster_id: int) -> Mapping[str, str]:
        """Labels of one cluster."""
        return self.labels.get(cluster_id, {})

    def color_of(self, cluster_id: int) -> str:
        """The colour that the user gave a cluster, as ``#rrggbb``; empty for none."""
        return color_in(self.labels_of(cluster_id))

    @property
    def n_decided(self) -> int:
        """Number of clusters that are in a group other than Unsorted."""
        return sum(group != UNSORTED for group in self.cluster_groups.values())

    def state(self) -> ClusteringState:
        """All of the clustering at this moment, to be compared; for any thread."""
        spike_clusters = np.empty(len(self.spike_clusters), np.int32)
        for cluster_id, spike_ids in self.spikes_per_cluster.items():
            spike_clusters[spike_ids] = cluster_id
        return ClusteringState(
            spike_clusters,
            self.cluster_groups,
            {c: of for c, of in self.labels.items() if of and c in self.spikes_per_cluster},
            self.group_names,
            max(self.spikes_per_cluster, default=-1),
        )

    # -- history -----------------------------------------------------------------------------

    def tally_at(self, position: int) -> Mapping[int, int]:
        """Number of clusters in each group after so many edits; empty where it is not known."""
        return self.history[position - 1].tally if position else self.first_tally

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self.is_editable and self.history_position > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to make again."""
        return self.is_editable and self.history_position < len(self.history)

    # -- what is known of the clusters -------------------------------------------------------

    @property
    def stats(self) -> Mapping[int, ClusterStats]:
        """What is known of each cluster."""
        return self.knowledge.stats

    @property
    def metrics(self) -> Mapping[int, Mapping[str, Metric]]:
        """Quality metrics of each cluster by name."""
        return self.knowledge.metrics

    @property
    def measures(self) -> Measures:
        """What quality and similarity are."""
        return self.knowledge.measures

    def similar(self) -> Ranking:
        """Candidates for the first best cluster, most similar first."""
        best = self.selection.best
        return self.knowledge.similar(best[0], self.spikes_per_cluster) if best else ()

    def similarity_of(self, cluster_id: int) -> float | None:
        """Similarity of a cluster to the first best one, 0 to 1; None where it is not known."""
        best = self.selection.best
        if not best:
            return None
        return self.knowledge.similarity(best[0], cluster_id, self.spikes_per_cluster)

    def in_range(self, cluster_id: int) -> Found | None:
        """What is known of a selected cluster within the time range; None if nothing is."""
        if self.within is None or cluster_id not in self.selection.clusters:
            return None
        spikes = self.spikes_per_cluster
        return self.within.known(self.shank.clock, (cluster_id,), spikes).get(cluster_id)

    def similarity_in_range(self, cluster_id: int) -> float | None:
        """Similarity of a selected cluster to the first best one within the time range."""
        best = self.selection.best
        if self.within is None or not best:
            return None
        within = self.within.of(self.shank.clock)
        return within.similarity(self.in_range(best[0]), self.in_range(cluster_id))

    @cached_property
    def ranged(self) -> ShownWithin:
        """The same with what is known of the selected clusters within the time range."""
        return ShownWithin(**{of.name: getattr(self, of.name) for of in fields(self)})

    def snapshot(self) -> Snapshot:
        """What a worker thread may see of it.

        With the parts that are proposed, if any are; and only what lies within the time range.
        """
        selected = self.selection.clusters
        snapshot = Snapshot(
            generation=self.generation,
            shank=self.shank,
            cluster_ids=selected,
            spikes_per_cluster=self.spikes_per_cluster,
            spike_clusters=self.spike_clusters,
            cluster_groups=self.cluster_groups,
            group_names=self.group_names,
            stats=self.knowledge.stats,
            metrics=self.knowledge.metrics,
            similarity=self.knowledge.measures.similarity,
            matrix=self.knowledge.matrix,
            colors={c: color for c in selected if (color := self.color_of(c))},
        )
        if self.proposal is not None:
            snapshot = self.proposal.snapshot(snapshot)
        return snapshot if self.within is None else self.within.snapshot(snapshot)


@dataclass(frozen=True, repr=False)
class ShownWithin(Shown):
    """A state of which only what lies within the time range is looked at."""

    def __post_init__(self) -> None:
        if self.within is not None:
            within = self.within.of(self.shank.clock)
            object.__setattr__(
                self, "spikes_per_cluster", SpikesWithin(self.spikes_per_cluster, within)
            )

    def in_range(self, cluster_id: int) -> Found | None:
        """What is known of a selected cluster within the time range; None if nothing is."""
        if self.within is None or cluster_id not in self._selected:
            return None
        spikes = self.spikes_per_cluster[cluster_id]
        return self.within.of(self.shank.clock).known(cluster_id, spikes)

    @cached_property
    def _selected(self) -> frozenset[int]:
        return frozenset(self.selection.clusters)

    @property
    def stats(self) -> Mapping[int, ClusterStats]:
        """What is known of each cluster, of the selected ones within the range."""
        return KnownFirst(
            self.selection.clusters, self.in_range, lambda of: of.stats, super().stats
        )

    @property
    def metrics(self) -> Mapping[int, Mapping[str, Metric]]:
        """Quality metrics of each cluster, of the selected ones within the range."""
        return KnownFirst(
            self.selection.clusters, self.in_range, lambda of: of.metrics, super().metrics
        )

    def similarity_of(self, cluster_id: int) -> float | None:
        """Similarity of a cluster to the first best one: within the range where it is known."""
        value = self.similarity_in_range(cluster_id)
        return super().similarity_of(cluster_id) if value is None else value
