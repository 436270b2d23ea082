"""What a Kwik dataset tells of the clusters of the open clustering."""

from __future__ import annotations

from typing import Any

import numpy as np

from phygui.dataset.groups import GROUP_NAMES, GROUP_TITLES, GroupNumber
from phygui.formats.kwik.readable import ReadableDataset
from phygui.formats.kwik.reading.cluster_metadata import ClusterMetadata
from phygui.formats.kwik.reading.labels import labels_in
from phygui.guards import ReadDict


class ClusteredDataset(ReadableDataset):
    """An open dataset, to be read: its clusters, their groups and their labels."""

    @property
    def cluster_ids(self) -> np.ndarray:
        """Clusters that have spikes: (n_clusters,) int64, ascending."""
        return self._shank.clustering.cluster_ids

    @property
    def largest_cluster_id(self) -> int:
        """The largest cluster id the file has seen in this clustering, -1 if none."""
        return self._shank.clustering.largest_cluster_id

    @property
    def cluster_groups(self) -> dict[int, GroupNumber]:
        """Group of each cluster: ``{cluster: group}``, a number that equals its name too."""
        names = self.group_names
        of_each = {
            c: GroupNumber(group, names[group])
            for c, group in self._shank.clustering.cluster_groups.items()
        }
        return ReadDict(of_each, "give save() a changed copy, or use Session.move")

    @property
    def group_names(self) -> dict[int, str]:
        """Names of all groups by number, the four that every file has in lower case."""
        return {**self._shank.clustering.group_names, **GROUP_NAMES}

    def group_of(self, cluster_id: int) -> str:
        """Name of the group of one cluster, as in `group_names`.

        Raises
        ------
        KeyError
            If no cluster with spikes has this id.
        """
        return self.cluster_groups[self._known(cluster_id)].name

    @property
    def default_cluster_groups(self) -> dict[int, str]:
        """The groups every file has: 0 Noise, 1 MUA, 2 Good, 3 Unsorted."""
        return dict(GROUP_TITLES)

    @property
    def cluster_group_names(self) -> dict[int, str]:
        """Names of all groups, custom ones included: ``{group: name}``."""
        return dict(self._shank.clustering.group_names)

    @property
    def clustering_metadata(self) -> dict[str, Any]:
        """Attributes of the open clustering, plain values."""
        return dict(self._shank.clustering.metadata)

    @property
    def cluster_metadata(self) -> ClusterMetadata:
        """What is known of each cluster: ``[c]``, ``.group(c)`` and ``.attributes(c)``."""
        clustering = self._shank.clustering
        where = f"{self._shank.path}/clusters/{clustering.name}"
        return ClusterMetadata(clustering, where, self._reopened)

    @property
    def spikes_per_cluster(self) -> dict[int, np.ndarray]:
        """Spikes of each cluster: ``{cluster: (n,) int64}``, ascending."""
        return ReadDict(self._shank.clustering.spikes_per_cluster)

    def spike_train(self, cluster_id: int) -> np.ndarray:
        """Times of the spikes of one cluster: (n,) float64, seconds, ascending.

        Raises
        ------
        KeyError
            If no cluster with spikes has this id.
        """
        return self.spike_train_samples(cluster_id) / self.sample_rate

    def spike_train_samples(self, cluster_id: int) -> np.ndarray:
        """The same in samples, as the functions of ``phygui.analysis`` take it: (n,) int64.

        Raises
        ------
        KeyError
            If no cluster with spikes has this id.
        """
        spikes = np.flatnonzero(self.spike_clusters == self._known(cluster_id))
        return self.clock.train(spikes)

    def _known(self, cluster_id: int) -> int:
        if cluster_id not in self._shank.clustering.cluster_groups:
            raise KeyError(f"there is no cluster {cluster_id!r}")
        return cluster_id

    @property
    def labels(self) -> dict[int, dict[str, str]]:
        """Labels of the clusters that have any, as the file holds them now.

        Raises
        ------
        DatasetChanged
            If another program has written the file since it was opened.
        """
        clustering = self._shank.clustering
        with self._reopened() as file:
            found = labels_in(file, self.channel_group, clustering.name, clustering.cluster_groups)
        return ReadDict(found, "use Session.label")

    def labels_of(self, cluster_id: int) -> dict[str, str]:
        """Labels of one cluster, as the file holds them now."""
        self._known(cluster_id)
        return dict(self.labels.get(cluster_id, {}))
