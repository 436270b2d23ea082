"""A clustering at one moment, complete: what is stored, backed up, compared and restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from phygui.storage.state.fingerprint import fingerprint
from phygui.storage.state.records import Record, RecordError

Key = tuple[int, str]
"""A clustering: the number of its channel group, and its name."""


@dataclass(frozen=True)
class ClusteringState:
    """Clusters, groups and labels.

    Attributes
    ----------
    spike_clusters : (n_spikes,) int32
        Cluster of each spike.
    cluster_groups : mapping of int to int
        Group of every cluster that has spikes.
    labels : mapping of int to mapping of str to str
        Labels of the clusters that have spikes and any labels.
    group_names : mapping of int to str
        Names of the cluster groups, as far as they are known.
    largest_cluster_id : int
        The largest id that was ever given, as far as the store knows; -1 if none was.
    measured : frozenset of str
        Labels that tell what was measured of a cluster as it was sorted, such as its number of
        spikes: no cluster that is made of it takes them over.
    """

    spike_clusters: NDArray[np.int32]
    cluster_groups: Mapping[int, int]
    labels: Mapping[int, Mapping[str, str]]
    group_names: Mapping[int, str] = field(default_factory=dict)
    largest_cluster_id: int = -1
    measured: frozenset[str] = frozenset()

    @cached_property
    def fingerprint(self) -> str:
        """A number that differs between two states, in practice always."""
        return fingerprint(self.spike_clusters, self.cluster_groups, self.labels)

    def equals(self, other: ClusteringState) -> bool:
        """Whether another state is the same."""
        return (
            self.cluster_groups == other.cluster_groups
            and self.labels == other.labels
            and np.array_equal(self.spike_clusters, other.spike_clusters)
        )

    def record(self, key: tuple[int, str]) -> Record:
        """The state as a backup holds it.

        Parameters
        ----------
        key : (int, str)
            The channel group and the name of the clustering.
        """
        text = {
            "of": list(key),
            "groups": [[c, g] for c, g in self.cluster_groups.items()],
            "labels": [[c, dict(of)] for c, of in self.labels.items()],
            "names": [[g, name] for g, name in self.group_names.items()],
        }
        return Record(text, {"spike_clusters": self.spike_clusters})

    @classmethod
    def of_record(cls, record: Record) -> ClusteringState:
        """The state that a record of a backup holds.

        Raises
        ------
        RecordError
            If the record makes no sense.
        """
        try:
            groups = {int(c): int(g) for c, g in record.text["groups"]}
            labels = {int(c): dict(of) for c, of in record.text["labels"]}
            # Backups of earlier versions hold no names.
            names = {int(g): str(name) for g, name in record.text.get("names", ())}
            spike_clusters = record.arrays["spike_clusters"].astype(np.int32)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"it holds no clustering ({error})") from error
        return cls(spike_clusters, groups, labels, names)
