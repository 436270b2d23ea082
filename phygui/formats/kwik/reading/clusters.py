"""Clusterings: the cluster of each spike, the group of each cluster, and their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phygui.dataset.groups import GROUP_TITLES, UNSORTED
from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File
from phygui.formats.kwik.hdf5.values import UNREADABLE

Warn = Callable[[str], None]


@dataclass
class Clustering:
    """One clustering of one channel group.

    Attributes
    ----------
    name : its name
    spike_clusters : (n_spikes,) integers in the file's own type
    cluster_ids : (n_clusters,) int64, ascending, those with spikes
    counts : (n_clusters,) int64, spikes of each
    cluster_groups : {cluster: group} of the clusters with spikes
    group_names : {group: name}, the four defaults and the file's own
    largest_cluster_id : the largest id seen anywhere in this clustering, -1 if none
    metadata : attributes of the clustering
    """

    name: str
    spike_clusters: np.ndarray
    cluster_ids: np.ndarray
    counts: np.ndarray
    cluster_groups: dict[int, int]
    group_names: dict[int, str]
    largest_cluster_id: int
    metadata: dict[str, Any]

    def __post_init__(self) -> None:
        for array in (self.spike_clusters, self.cluster_ids):
            array.flags.writeable = False

    @cached_property
    def spikes_per_cluster(self) -> dict[int, np.ndarray]:
        """Spikes of each cluster, ascending: {cluster: (n,) int64}."""
        order = np.argsort(self.spike_clusters, kind="stable")
        order.flags.writeable = False
        pieces = np.split(order, np.cumsum(self.counts)[:-1])
        return dict(zip(self.cluster_ids.tolist(), pieces, strict=False))


def list_clusterings(file: File, path: str, n_spikes: int, warn: Warn) -> list[str]:
    """Names of the clusterings of a channel group that fit its spikes: main first, then sorted."""
    where = f"{path}/spikes/clusters"
    group = file.group(where)
    if group is None:
        raise DatasetError(f"{file.path}: {where} is missing, expected the clusterings.")
    names = []
    for name in file.names(group, where):
        try:
            dataset = file.check_dataset(file.child(group, name, f"{where}/{name}"), name)
            file.check_numbers(dataset, f"{where}/{name}", rank=1)
            if dataset.shape != (n_spikes,):
                raise DatasetError(
                    f"{file.path}: {where}/{name} has {dataset.shape[0]} values, expected "
                    f"{n_spikes}, one per spike."
                )
        except DatasetError as error:
            if name == "main":
                raise
            warn(f"{error} The clustering is left out.")
        else:
            names.append(name)
    if not names:
        raise DatasetError(f"{file.path}: {where} holds no clustering, expected one called main.")
    return sorted(names, key=lambda name: (name != "main", name))


def default_clustering(clusterings: list[str]) -> str:
    """``main``, else the first that is not ``original``."""
    return min(clusterings, key=lambda name: (name != "main", name == "original", name))


def read_clustering(
    file: File, path: str, name: str, n_spikes: int | None, warn: Warn
) -> Clustering:
    """One clustering with its groups; costs one pass over its spikes.

    Parameters
    ----------
    n_spikes : that it must have, or None where that is not known
    """
    where = f"{path}/spikes/clusters/{name}"
    values = file.vector(where)
    assert values is not None
    if n_spikes is not None and len(values) != n_spikes:
        raise DatasetError(
            f"{file.path}: {where} has {len(values)} values, expected {n_spikes}, one per spike."
        )
    spike_clusters = checked_clusters(values, f"{file.path}: {where}", warn)
    cluster_ids, counts = count_clusters(spike_clusters)
    group_names = _group_names(file, f"{path}/cluster_groups/{name}", warn)
    groups, largest, metadata = _cluster_groups(
        file, f"{path}/clusters/{name}", cluster_ids, group_names, warn
    )
    return Clustering(
        name=name,
        spike_clusters=spike_clusters,
        cluster_ids=cluster_ids,
        counts=counts,
        cluster_groups=groups,
        group_names=group_names,
        largest_cluster_id=largest,
        metadata=metadata,
    )


def checked_clusters(values: np.ndarray, where: str, warn: Warn) -> np.ndarray:
    """Cluster ids as integers from 0 up, or a ``DatasetError``."""
    if values.dtype.kind == "f":
        if not np.all(np.abs(values) < 2**31) or not np.all(values == np.floor(values)):
            raise DatasetError(f"{where} holds {values.dtype}, expected whole numbers.")
        warn(f"{where} holds {values.dtype}; its whole numbers are read as int32.")
        values = values.astype(np.int32)
    if len(values):
        low, high = int(values.min()), int(values.max())
        if low < 0:
            i = int(np.argmin(values))
            raise DatasetError(f"{where} holds {low} at spike {i}, expected cluster ids from 0 up.")
        if high >= 2**31:
            raise DatasetError(f"{where} holds {high}, expected cluster ids below 2**31.")
    return values


def count_clusters(spike_clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids with spikes, ascending, and how many spikes each has; both int64."""
    if not len(spike_clusters):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    high = int(spike_clusters.max())
    if high < 2 * len(spike_clusters) + 65536:
        counts = np.zeros(high + 1, dtype=np.int64)
        # In pieces: bincount makes an int64 copy of what it is given.
        for start in range(0, len(spike_clusters), 1_000_000):
            counts += np.bincount(spike_clusters[start : start + 1_000_000], minlength=high + 1)
        cluster_ids = np.flatnonzero(counts)
        return cluster_ids, counts[cluster_ids]
    cluster_ids, counts = np.unique(spike_clusters, return_counts=True)
    return cluster_ids.astype(np.int64), counts.astype(np.int64)


def _group_names(file: File, path: str, warn: Warn) -> dict[int, str]:
    names = dict(GROUP_TITLES)
    for key in file.members(path):
        if not (key.isascii() and key.isdecimal() and len(key) < 10):
            continue
        group = file.group(f"{path}/{key}")
        name = None if group is None else file.attribute(group, "name", f"{path}/{key}")
        if isinstance(name, str | int) and str(name).strip():
            names[int(key)] = str(name)
        elif int(key) not in names:
            names[int(key)] = default_name(int(key))
            warn(f"{file.path}: {path}/{key}/@name is missing; '{names[int(key)]}' is assumed.")
    return dict(sorted(names.items()))


def _cluster_groups(
    file: File, path: str, cluster_ids: np.ndarray, names: dict[int, str], warn: Warn
) -> tuple[dict[int, int], int, dict[str, Any]]:
    """Groups of the clusters, the largest id in the file, and the clustering's attributes."""
    ids = cluster_ids.tolist()
    groups = dict.fromkeys(ids, UNSORTED)
    largest = ids[-1] if ids else -1
    parent = file.group(path)
    if parent is None:
        return groups, largest, {}
    listed = file.names(parent, path)
    largest = max([largest, *(int(n) for n in listed if n.isascii() and n.isdecimal())])
    present = set(listed)
    by_name = numbers_by_name(names)
    odd: list[str] = []
    unnamed: set[int] = set()
    for cluster in ids:
        key = str(cluster)
        if key not in present:
            continue
        where = f"{path}/{key}"
        group = file.child(parent, key, where)
        value = None if group is None else file.attribute(group, "cluster_group", where)
        if isinstance(value, str):
            # Some writers stored the group's name.
            value = by_name.get(value.casefold(), int(value) if value.isdecimal() else value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or not 0 <= value < 2**31:
            odd.append(f"{cluster} ({'missing' if value is None else repr(value)})")
            continue
        groups[cluster] = value
        if value not in names:
            unnamed.add(value)
    if odd:
        warn(
            f"{file.path}: {path}/*/@cluster_group of clusters {', '.join(odd[:8])}"
            f"{' and others' if len(odd) > 8 else ''} is not a cluster group; Unsorted is assumed."
        )
    for value in sorted(unnamed):
        names[value] = default_name(value)
        warn(
            f"{file.path}: clusters of {path} are in group {value}, which has no name; "
            f"'{names[value]}' is assumed."
        )
    return groups, largest, public(file.attributes(parent, path))


def default_name(group: int) -> str:
    """What a group is called that has no name."""
    return f"Group {group}"


def numbers_by_name(names: Mapping[int, str]) -> dict[str, int]:
    """Groups by their names in lower case; a name that several share says nothing."""
    shared = Counter(text.casefold() for text in names.values())
    return {t.casefold(): g for g, t in names.items() if shared[t.casefold()] == 1}


def public(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes as plain values, without what a library wrote for itself (in capitals)."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in sorted(attributes.items())
        if value is not UNREADABLE and not name.startswith("_") and name == name.lower()
    }
