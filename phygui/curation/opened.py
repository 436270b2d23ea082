"""The state of one clustering of one channel group: all that an edit may change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from phygui.curation.edits.clustering import Clustering
from phygui.curation.edits.groups import ClusterGroups
from phygui.curation.edits.history import History
from phygui.curation.edits.labels import Labels
from phygui.curation.edits.update import EditError, Selection, Update, in_words
from phygui.curation.edits.used import Used
from phygui.curation.navigation.wizard import Wizard
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.curation.suggestions.merging.merges import Suggestions
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.curation.suggestions.splitting.splits import SplitSuggestions
from phygui.dataset import ClusteringState, Key
from phygui.dataset.groups import NOISE
from phygui.guards import ReadArrays, ReadDict
from phygui.words import counted


@dataclass(frozen=True)
class Clusters:
    """The clusters of a clustering at one moment; no edit changes anything of it afterwards."""

    spikes: Mapping[int, NDArray[np.int64]]
    """Sorted spike ids of every cluster."""
    groups: Mapping[int, int]
    """Number of the group of every cluster."""
    group_names: Mapping[int, str]
    labels: Mapping[int, Mapping[str, str]]
    """Labels of the clusters that have any."""


class Curation:
    """Clusters, groups, labels, history and selection of one clustering."""

    def __init__(
        self,
        channel_group: int,
        name: str,
        clustering: Clustering,
        groups: ClusterGroups,
        labels: Labels,
    ) -> None:
        self.channel_group = channel_group
        self.name = name
        self.clustering = clustering
        self.groups = groups
        self.labels = labels
        self.history = History()
        self.tally = Counter(groups[c] for c in clustering.spikes_per_cluster)
        self.first_tally: dict[int, int] = dict(self.tally)
        """Number of clusters in each group before the first edit; empty if that is not known."""
        self.selection = Selection()
        self._clusters: Clusters | None = None
        self.knowledge = Knowledge(clustering)
        self.suggestions = Suggestions(clustering, self.knowledge)
        self.splits = SplitSuggestions(clustering, self.knowledge)
        self.wizard = Wizard(
            lambda: clustering.spikes_per_cluster,
            groups,
            self.knowledge.quality,
            self.knowledge.similar,
        )

    # -- what there is -----------------------------------------------------------------------

    @property
    def cluster_ids(self) -> NDArray[np.int64]:
        """Ids of the clusters that hold spikes, ascending, int64."""
        return self.clustering.cluster_ids

    @property
    def n_clusters(self) -> int:
        """Number of clusters that hold spikes."""
        return len(self.clustering.spikes_per_cluster)

    @property
    def spike_clusters(self) -> NDArray[np.int32]:
        """Cluster of each spike, (n_spikes,) int32, read-only."""
        return self.clustering.spike_clusters

    @property
    def spikes_per_cluster(self) -> Mapping[int, NDArray[np.int64]]:
        """Sorted spike ids of every cluster, read-only."""
        return ReadArrays(self.clustering.spikes_per_cluster)

    @property
    def cluster_groups(self) -> dict[int, str]:
        """Name of the group of every cluster: good, mua, noise, unsorted, or a custom one."""
        of_each = {int(c): self.groups.name_of(int(c)) for c in self.cluster_ids}
        return ReadDict(of_each, "use move(cluster_ids, group)")

    @property
    def group_names(self) -> dict[int, str]:
        """Names of all cluster groups by number."""
        return self.groups.names

    def group_of(self, cluster_id: int) -> str:
        """Name of the group of one cluster."""
        self.clustering.spikes(cluster_id)
        return self.groups.name_of(cluster_id)

    def clusters_in(self, group: str | int) -> list[int]:
        """Clusters of a group, given by name or number, ascending.

        Raises
        ------
        EditError
            If there is no such group.
        """
        number = self.groups.number_of(group)
        return [c for c in self.cluster_ids.tolist() if self.groups[c] == number]

    def labels_of(self, cluster_id: int) -> Mapping[str, str]:
        """Labels of one cluster."""
        self.clustering.spikes(cluster_id)
        return ReadDict(self.labels[cluster_id], "use label(cluster_ids, key, value)")

    # -- states ------------------------------------------------------------------------------

    @classmethod
    def of(cls, key: Key, state: ClusteringState) -> Curation:
        """A clustering as it is stored, ready to be edited."""
        clustering = Clustering(state.spike_clusters, state.largest_cluster_id)
        groups = ClusterGroups(dict(state.cluster_groups), dict(state.group_names))
        return cls(*key, clustering, groups, Labels(state.labels, state.measured))

    def state(self, *, copy: bool = True) -> ClusteringState:
        """All of it at this moment; without a copy, the spikes change with the next edit."""
        spike_clusters = self.clustering.spike_clusters
        living = self.clustering.cluster_ids.tolist()
        return ClusteringState(
            spike_clusters.copy() if copy else spike_clusters,
            {c: self.groups[c] for c in living},
            {c: dict(self.labels[c]) for c in living if self.labels[c]},
            self.groups.names,
            self.clustering.next_id - 1,
            self.labels.measured,
        )

    @property
    def used(self) -> Used:
        """The largest numbers that clusters and groups were ever given."""
        return Used(self.clustering.next_id - 1, self.groups.largest)

    def reserve(self, used: Used) -> None:
        """Never give a new cluster or group a number up to these."""
        self.clustering.reserve(used.cluster)
        self.groups.reserve(used.group)

    def clusters_now(self) -> Clusters:
        """The clusters at this moment; the same object as long as no edit is made."""
        if self._clusters is None:
            spikes = dict(self.clustering.spikes_per_cluster)
            self._clusters = Clusters(
                spikes,
                {c: self.groups[c] for c in spikes},
                self.groups.names,
                dict(self.labels.items()),
            )
        return self._clusters

    def restore(self, history: History, selection: Selection, used: Used) -> None:
        """Take over the history of an earlier session, once its edits are in effect."""
        living = self.clustering
        self.history = history
        self.selection = Selection(
            tuple(c for c in selection.best if c in living),
            tuple(c for c in selection.match if c in living),
        )
        self.reserve(used)

    def apply(self, update: Update) -> None:
        """Make a change to clusters, groups and labels."""
        self._clusters = None
        self.knowledge.expect(update)
        self._count((*update.before, *update.changed), -1)
        self.clustering.apply(update)
        self.groups.apply(update)
        self.labels.apply(update)
        self._count((*update.after, *update.changed), 1)

    def tally_at(self, position: int) -> Mapping[int, int]:
        """Number of clusters in each group after so many edits; empty where it is not known."""
        return self.history.updates[position - 1].tally if position else self.first_tally

    def dated(self, update: Update) -> Update:
        """An edit that has just been made, with its time and the tally of the groups after it."""
        now = datetime.now().astimezone()
        return replace(update, time=now, tally={g: n for g, n in self.tally.items() if n})

    def _count(self, cluster_ids: Iterable[int], step: int) -> None:
        """The cost of keeping the tally follows the clusters that an edit names."""
        for cluster_id in cluster_ids:
            self.tally[self.groups[cluster_id]] += step

    def merge(self, cluster_ids: Iterable[int], aside: NDArray[np.int64] | None = None) -> Update:
        """The change that makes one new cluster of two or more.

        Its group is that of :meth:`ClusterGroups.of_merged`, its labels that of
        :meth:`Labels.of_merged`. Spikes that are set aside become another cluster, of noise.

        Raises
        ------
        EditError
            If fewer than two clusters are named, or one that does not exist.
        """
        update = self.clustering.merge(cluster_ids, aside)
        group, why = self.groups.of_merged({c: len(of) for c, of in update.before.items()})
        update = self.inherit(update, first=next(iter(update.before)))
        new, *others = update.added
        update = self._set_aside(update, others)
        labels = self.labels.of_merged(update.before)
        marked = {new: labels} if labels else {}
        return replace(
            update,
            description=f"{update.description}, {why}" if why else update.description,
            groups_after={**update.groups_after, new: group},
            labels_before={**update.labels_before, **{c: {} for c in marked}},
            labels_after={**update.labels_after, **marked},
        )

    def set_aside(self, parts: Iterable[NDArray[np.int64]], aside: NDArray[np.int64]) -> Update:
        """The change that leaves clusters without some of their spikes, which become noise.

        Parameters
        ----------
        parts : iterable of array of int64 (n,)
            The spikes that each of the clusters keeps.
        aside : array of int64 (n,)
            The others of the same clusters.
        """
        kept = list(parts)
        spike_ids = np.concatenate([*kept, aside])
        labels = np.repeat(np.arange(len(kept) + 1), [*map(len, kept), len(aside)])
        update = self.inherit(self.clustering.assign(spike_ids, labels))
        *_, noise = update.added
        whose = f"{'cluster' if len(update.before) == 1 else 'clusters'} {in_words(update.before)}"
        text = f"set {counted(len(aside), 'spike')} of {whose} aside in {noise}, which is noise"
        return self._set_aside(replace(update, kind="split", description=text), [noise])

    def _set_aside(self, update: Update, cluster_ids: list[int]) -> Update:
        """A change by which some of the clusters that it makes are noise, without labels."""
        noise = dict.fromkeys(cluster_ids, NOISE)
        labels = [
            {c: of for c, of in side.items() if c not in noise}
            for side in (update.labels_before, update.labels_after)
        ]
        return replace(
            update,
            groups_after={**update.groups_after, **noise},
            labels_before=labels[0],
            labels_after=labels[1],
        )

    def split_into(self, parts: Parts) -> Update:
        """The change that makes one new cluster of each part of a proposal.

        Raises
        ------
        EditError
            If there is only one part, or the clusters have changed since they were looked at.
        """
        whose = in_words(parts.clusters)
        if parts.n_parts < 2:
            noun = "cluster" if len(parts.clusters) == 1 else "clusters"
            raise EditError(f"the spikes of {noun} {whose} are one part: nothing to split")
        self.check_parts(parts)
        update = self.clustering.assign(parts.spike_ids, parts.labels)
        text = f"split {whose} into {in_words(update.added)}"
        if parts.reason:
            text += f" by {parts.reason}"
        return self.inherit(replace(update, kind="split", description=text))

    def check_parts(self, parts: Parts) -> None:
        """Make sure that clusters are as they were when parts of them were proposed.

        Raises
        ------
        EditError
            If they are not.
        """
        living = self.clustering.spikes_per_cluster
        spikes = [living[c] for c in parts.clusters if c in living]
        is_same = len(spikes) == len(parts.clusters) and np.array_equal(
            np.sort(np.concatenate(spikes), kind="stable"), parts.spike_ids
        )
        if not is_same:
            one = len(parts.clusters) == 1
            noun, verb = ("cluster", "has") if one else ("clusters", "have")
            raise EditError(
                f"{noun} {in_words(parts.clusters)} {verb} changed since these parts were proposed:"
                " propose them again"
            )

    def inherit(self, update: Update, first: int | None = None) -> Update:
        """Complete a change of spikes: each new cluster takes over a group and labels.

        They come from the cluster ``first``, or else from the old cluster that most of the new
        one's spikes were in. Where the old ones were in several groups, the description tells
        which the new ones are in.
        """
        parents = {}
        for new, spike_ids in update.after.items():
            origin = first
            if origin is None:
                old, n_of_each = np.unique(
                    self.clustering.spike_clusters[spike_ids], return_counts=True
                )
                origin = int(old[n_of_each.argmax()])
            parents[new] = origin
        labels = {new: self.labels.of_part(origin) for new, origin in parents.items()}
        # Those that vanish take theirs with them: undoing brings both back, whatever the file
        # that it is undone on still knows of them.
        vanished = {old: dict(self.labels[old]) for old in update.before}
        description = update.description
        if first is None and len({self.groups[old] for old in vanished}) > 1:
            names = {new: self.groups.name_of(origin) for new, origin in parents.items()}
            said = [
                f"{in_words([new for new in names if names[new] == name])} {name}"
                for name in dict.fromkeys(names.values())
            ]
            description += ": " + ", ".join(said)
        return replace(
            update,
            description=description,
            groups_before={old: self.groups[old] for old in vanished} | dict.fromkeys(parents),
            groups_after=dict.fromkeys(vanished)
            | {new: self.groups[origin] for new, origin in parents.items()},
            labels_before={old: of for old, of in vanished.items() if of}
            | {new: {} for new in labels if labels[new]},
            labels_after={old: {} for old, of in vanished.items() if of}
            | {new: of for new, of in labels.items() if of},
        )
