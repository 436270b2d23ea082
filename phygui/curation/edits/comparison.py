"""How two states of a clustering differ, and the edit that turns one into the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.edits.clustering import spikes_by_cluster
from phygui.curation.edits.update import EditError, Update, in_words
from phygui.curation.opened import Curation
from phygui.dataset import ClusteringState
from phygui.dataset.groups import GROUP_NAMES
from phygui.words import counted


@dataclass(frozen=True)
class Comparison:
    """How a second state differs from a first one.

    Attributes
    ----------
    n_spikes : int
        Spikes that are in a cluster of another number.
    gone, new : tuple of int
        Clusters that only the first, or only the second has.
    changed : tuple of int
        Clusters that both have, with other spikes.
    groups : mapping of int to (int, int)
        Group before and after of the clusters that both have, where it differs.
    labels : mapping of int to (mapping, mapping)
        Labels before and after of the clusters that both have, where they differ.
    """

    n_spikes: int
    gone: tuple[int, ...]
    new: tuple[int, ...]
    changed: tuple[int, ...]
    groups: Mapping[int, tuple[int, int]]
    labels: Mapping[int, tuple[Mapping[str, str], Mapping[str, str]]]

    @property
    def is_same(self) -> bool:
        """Whether there is no difference."""
        return not (self.n_spikes or self.groups or self.labels)

    def lines(self, group_names: Mapping[int, str]) -> list[str]:
        """The differences in words.

        Parameters
        ----------
        group_names : mapping of int to str
            Names of the cluster groups.
        """
        if self.is_same:
            return ["no difference"]
        found = []
        if self.n_spikes:
            found.append(f"{counted(self.n_spikes, 'spike')} in another cluster")
        for word, ids in (("gone", self.gone), ("new", self.new), ("changed", self.changed)):
            if ids:
                found.append(f"{counted(len(ids), 'cluster')} {word}: {in_words(ids, 20)}")
        for cluster_id, (before, after) in self.groups.items():
            names = [group_names.get(group, str(group)) for group in (before, after)]
            found.append(f"cluster {cluster_id}: {names[0]} became {names[1]}")
        for cluster_id, sides in self.labels.items():
            texts = [", ".join(f"{k}={v}" for k, v in of.items()) or "none" for of in sides]
            found.append(f"cluster {cluster_id}: labels {texts[0]} became {texts[1]}")
        return found


def compare(first: ClusteringState, second: ClusteringState) -> Comparison:
    """How a second state differs from a first one.

    Raises
    ------
    EditError
        If they are not about the same spikes.
    """
    moved = _moved(first, second)
    before, after = set(first.cluster_groups), set(second.cluster_groups)
    both = sorted(before & after)
    touched = set(first.spike_clusters[moved].tolist()) | set(second.spike_clusters[moved].tolist())
    groups, labels = {}, {}
    for c in both:
        if first.cluster_groups[c] != second.cluster_groups[c]:
            groups[c] = (first.cluster_groups[c], second.cluster_groups[c])
        words = first.labels.get(c, {}), second.labels.get(c, {})
        if words[0] != words[1]:
            labels[c] = words
    return Comparison(
        n_spikes=len(moved),
        gone=tuple(sorted(before - after)),
        new=tuple(sorted(after - before)),
        changed=tuple(c for c in both if c in touched),
        groups=groups,
        labels=labels,
    )


def change_to(curation: Curation, target: ClusteringState, description: str) -> Update:
    """The change that makes a clustering what it was at another time, cluster ids included.

    It is empty if nothing would change.

    Raises
    ------
    EditError
        If it is about other spikes.
    """
    clustering, groups = curation.clustering, curation.groups
    now = curation.state(copy=False)
    found = compare(now, target)
    # As numbers tell of groups here, one that was removed since then comes back with its name.
    used = {g: target.group_names.get(g) for g in target.cluster_groups.values()}
    names = {
        g: name
        for g, name in used.items()
        if g not in GROUP_NAMES and name is not None and groups.names.get(g) != name
    }
    if found.is_same and not names:
        return Update("restore", "nothing would change: this is the current state")
    before = {c: clustering.spikes(c) for c in (*found.gone, *found.changed)}
    wanted = (*found.new, *found.changed)
    spikes = np.flatnonzero(np.isin(target.spike_clusters, wanted))
    places = spikes_by_cluster(target.spike_clusters[spikes])
    after = {c: spikes[places[c]] for c in wanted if c in places}
    touched = sorted({*found.gone, *found.new, *found.groups})
    relabelled = sorted(
        c
        for c in {*found.gone, *found.new, *found.labels}
        if curation.labels[c] or target.labels.get(c)
    )
    return Update(
        "restore",
        description,
        before,
        after,
        groups_before={c: None if c in found.new else groups[c] for c in touched},
        groups_after={c: target.cluster_groups.get(c) for c in touched},
        labels_before={c: dict(curation.labels[c]) for c in relabelled},
        labels_after={c: dict(target.labels.get(c, {})) for c in relabelled},
        names_before={g: groups.names.get(g) for g in names},
        names_after=names,
    )


def _moved(first: ClusteringState, second: ClusteringState) -> NDArray[Any]:
    if len(first.spike_clusters) != len(second.spike_clusters):
        raise EditError(
            f"the clusterings have {len(first.spike_clusters)} and "
            f"{len(second.spike_clusters)} spikes, expected the same number"
        )
    return np.flatnonzero(first.spike_clusters != second.spike_clusters)
