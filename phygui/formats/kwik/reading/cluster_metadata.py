"""What a file says of each cluster: its group, and whatever attributes it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from phygui.dataset.groups import UNSORTED
from phygui.formats.kwik.hdf5.file import File
from phygui.formats.kwik.reading.clusters import Clustering, public


class ClusterMetadata(Mapping[int, str]):
    """The group of each cluster of a clustering by name, in lower case.

    It lists the clusters with spikes; any other cluster is ``unsorted``, as one without a group
    in the file is.

    Parameters
    ----------
    clustering : the clustering
    where : the place of its clusters in the file
    open_file : opens the file that it was read of
    """

    def __init__(
        self,
        clustering: Clustering,
        where: str,
        open_file: Callable[[], AbstractContextManager[File]],
    ) -> None:
        self._clustering = clustering
        self._where = where
        self._open_file = open_file

    def __getitem__(self, cluster_id: int) -> str:
        return self._clustering.group_names[self.group(cluster_id)].lower()

    def __contains__(self, cluster_id: object) -> bool:
        return cluster_id in self._clustering.cluster_groups

    def __iter__(self) -> Iterator[int]:
        return iter(self._clustering.cluster_groups)

    def __len__(self) -> int:
        return len(self._clustering.cluster_groups)

    def group(self, cluster_id: int) -> int:
        """Number of the group of a cluster; 3, unsorted, of one without spikes."""
        return self._clustering.cluster_groups.get(int(cluster_id), UNSORTED)

    def attributes(self, cluster_id: int) -> dict[str, Any]:
        """Attributes of a cluster in the file, colour included: plain values by name.

        Raises
        ------
        DatasetError
            If the file cannot be read any more.
        """
        path = f"{self._where}/{int(cluster_id)}"
        found: dict[str, Any] = {}
        with self._open_file() as file:
            for place in (f"{path}/application_data/klustaviewa", path):
                member = file.find(place)
                if member is not None:
                    found.update(public(file.attributes(member, place)))
        return {**found, "cluster_group": self.group(cluster_id)}
