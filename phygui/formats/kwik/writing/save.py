"""What a save, and each change of clusterings and groups, writes into an open ``.kwik``.

Every function here edits a copy that ``durable_edit`` made. Nothing is written through a link,
and nothing is written that would not change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5g, h5l, h5o

from phygui.dataset.groups import GROUP_TITLES, UNSORTED
from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import read_integer
from phygui.formats.kwik.hdf5.values import plain
from phygui.formats.kwik.reading.clusters import numbers_by_name

#: Colours that KlustaViewa gives to clusters are numbered from 1 to this.
_N_COLORS = 35


def own(file: h5py.File, path: str, *, create: bool = False) -> Any:
    """The object at a path reached by hard links only, or None.

    Raises
    ------
    DatasetError
        If the path goes through a soft or external link: what it leads to is not ours to edit.
    """
    here: Any = file
    walked = ""
    for part in [part for part in path.split("/") if part]:
        walked += f"/{part}"
        if not isinstance(here, h5py.Group):
            raise DatasetError(f"{here.name} is a dataset, expected a group.")
        link = here.get(part, getlink=True)
        if link is None:
            if not create:
                return None
            here = here.create_group(part)
            continue
        if not isinstance(link, h5py.HardLink):
            kind = "an external" if isinstance(link, h5py.ExternalLink) else "a soft"
            raise DatasetError(
                f"{walked} is {kind} link, which may lead out of the dataset; nothing was "
                "written through it."
            )
        here = here[part]
    return here


def write_clustering(
    file: h5py.File,
    channel_group: int,
    name: str,
    spike_clusters: np.ndarray,
    cluster_groups: Mapping[int, int],
    group_names: Mapping[int, str],
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write the cluster of each spike, the group of each cluster, and the custom groups' names."""
    if name == "original":
        raise DatasetError("the clustering original is read-only; copy it and edit the copy.")
    path = f"/channel_groups/{channel_group}"
    where = f"{path}/spikes/clusters/{name}"
    dataset = own(file, where)
    if not isinstance(dataset, h5py.Dataset):
        raise DatasetError(f"{where} is missing, expected the clusters of the spikes.")
    values = as_stored(spike_clusters, dataset.dtype, where)
    if values.shape != dataset.shape:
        raise DatasetError(
            f"{where} has shape {dataset.shape}, expected {values.shape}, one cluster per spike."
        )
    if values.size and not np.array_equal(dataset[...], values):
        dataset[...] = values
    write_groups(file, channel_group, name, cluster_groups, group_names)
    if metadata:
        parent = own(file, f"{path}/clusters/{name}", create=True)
        for key, value in metadata.items():
            parent.attrs[key] = value


def as_stored(values: np.ndarray, dtype: np.dtype, where: str) -> np.ndarray:
    """Cluster ids in the file's own type, or a ``DatasetError`` if they do not fit into it."""
    values = np.asarray(values)
    if values.dtype == dtype:
        return values
    stored = values.astype(dtype)
    if not np.array_equal(stored, values):
        raise DatasetError(f"{where} holds {dtype}, which has no room for cluster {values.max()}.")
    return stored


def write_groups(
    file: h5py.File,
    channel_group: int,
    name: str,
    cluster_groups: Mapping[int, int],
    group_names: Mapping[int, str],
) -> None:
    """Write the group of each cluster, and the names of the groups that are used or custom."""
    path = f"/channel_groups/{channel_group}"
    for number, text in group_names.items():
        if number not in GROUP_TITLES:
            write_group_name(file, channel_group, name, number, text)
    parent = own(file, f"{path}/clusters/{name}", create=True)
    by_name = numbers_by_name(group_names)
    for cluster, group in cluster_groups.items():
        member = hard_child(parent, str(cluster))
        if member is None:
            created = parent.create_group(str(cluster))
            color = created.create_group("application_data/klustaviewa")
            color.attrs["color"] = np.int64(cluster % _N_COLORS + 1)
            member = created.id
        if _stored_group(member, by_name) != group:
            h5py.AttributeManager(_Holder(member))["cluster_group"] = np.int64(group)


def hard_child(parent: h5py.Group, name: str) -> h5g.GroupID | None:
    """A group within a group, or None; without the layers above, for there are many.

    Raises
    ------
    DatasetError
        If it is a link, or no group.
    """
    key = name.encode()
    if not parent.id.links.exists(key):
        return None
    if parent.id.links.get_info(key).type != h5l.TYPE_HARD:
        own(parent, name)  # raises, with the reason
    found = h5o.open(parent.id, key)
    if not isinstance(found, h5g.GroupID):
        raise DatasetError(f"{parent.name}/{name} is not a group, expected one.")
    return found


class _Holder:
    """The little of an h5py object that its attributes need."""

    def __init__(self, where: h5g.GroupID) -> None:
        self.id = where


def _stored_group(member: h5g.GroupID, by_name: Mapping[str, int]) -> int | None:
    """The group a cluster has in the file, in whichever way it was stored."""
    number = read_integer(member, b"cluster_group")
    if number is not None:
        return number
    if not h5a.exists(member, b"cluster_group"):
        return None
    value = plain(h5py.AttributeManager(_Holder(member))["cluster_group"])
    if isinstance(value, str):
        return by_name.get(value.casefold())
    return value if isinstance(value, int) else None


def write_group_name(
    file: h5py.File, channel_group: int, name: str, number: int, text: str
) -> None:
    """Name one cluster group, creating it where it is not there."""
    path = f"/channel_groups/{channel_group}/cluster_groups/{name}/{number}"
    group = own(file, path, create=True)
    stored = plain(group.attrs["name"]) if "name" in group.attrs else None
    if stored != text:
        group.attrs["name"] = np.bytes_(text.encode("utf-8"))


def drop_groups(
    file: h5py.File, channel_group: int, name: str, group_names: Mapping[int, str]
) -> None:
    """Remove the custom groups that are no more: one was added, saved, and the addition undone."""
    parent = own(file, f"/channel_groups/{channel_group}/cluster_groups/{name}")
    for number in () if parent is None else list(parent):
        is_one = number.isascii() and number.isdecimal() and len(number) < 10
        if is_one and int(number) not in {*group_names, *GROUP_TITLES}:
            delete_group(file, channel_group, name, int(number))


def verify_spikes(
    file: h5py.File, channel_group: int, name: str, spike_clusters: np.ndarray
) -> None:
    """Compare the clusters of the spikes, as read back, with memory."""
    where = f"/channel_groups/{channel_group}/spikes/clusters/{name}"
    if not np.array_equal(file[where][...], spike_clusters):
        raise DatasetError(f"{where} in the new file differs from what was written.")


def verify_clustering(
    file: h5py.File,
    channel_group: int,
    name: str,
    spike_clusters: np.ndarray,
    cluster_groups: Mapping[int, int],
    group_names: Mapping[int, str],
) -> None:
    """Compare a clustering, as read back, with memory."""
    verify_spikes(file, channel_group, name, spike_clusters)
    by_name = numbers_by_name(group_names)
    parent = file[f"/channel_groups/{channel_group}/clusters/{name}"]
    for cluster, group in cluster_groups.items():
        member = hard_child(parent, str(cluster))
        if member is None or _stored_group(member, by_name) != group:
            raise DatasetError(
                f"{parent.name}/{cluster}/@cluster_group read back from the new file is not "
                f"{group}, which was written to it."
            )


def _parents(file: h5py.File, channel_group: int, name: str, other: str) -> Iterator[h5py.Group]:
    """The groups that hold a clustering in its three places, once the other name is free there."""
    path = f"/channel_groups/{channel_group}"
    for place in ("spikes/clusters", "clusters", "cluster_groups"):
        if own(file, f"{path}/{place}/{name}") is None:
            continue
        parent = own(file, f"{path}/{place}")
        if other in parent:
            # Groups left over by a clustering that has no spikes.
            del parent[other]
        yield parent


def copy_clustering(file: h5py.File, channel_group: int, source: str, target: str) -> None:
    """Copy everything of a clustering under another name."""
    for parent in _parents(file, channel_group, source, target):
        file.copy(parent[source], parent, name=target)


def add_clustering(
    file: h5py.File, channel_group: int, name: str, values: np.ndarray, like: str
) -> None:
    """A new clustering: its spikes in the type of another, one group per cluster, unsorted."""
    path = f"/channel_groups/{channel_group}"
    parent = own(file, f"{path}/spikes/clusters")
    model = parent[like]
    stored = as_stored(values, model.dtype, f"{path}/spikes/clusters/{name}")
    parent.create_dataset(
        name, data=stored, chunks=model.chunks, maxshape=model.maxshape if model.chunks else None
    )
    for place in ("clusters", "cluster_groups"):
        of_place = own(file, f"{path}/{place}", create=True)
        if name in of_place:
            del of_place[name]
        of_place.create_group(name)
    for number, text in GROUP_TITLES.items():
        group = file[f"{path}/cluster_groups/{name}"].create_group(str(number))
        group.attrs["name"] = np.bytes_(text)
    unsorted = dict.fromkeys(np.unique(values).tolist(), UNSORTED)
    write_groups(file, channel_group, name, unsorted, GROUP_TITLES)


def rename_clustering(file: h5py.File, channel_group: int, old: str, new: str) -> None:
    """Give a clustering another name, in its three places."""
    for parent in _parents(file, channel_group, old, new):
        parent.move(old, new)


def delete_clustering(file: h5py.File, channel_group: int, name: str) -> None:
    """Remove a clustering from its three places."""
    path = f"/channel_groups/{channel_group}"
    for place in ("spikes/clusters", "clusters", "cluster_groups"):
        if own(file, f"{path}/{place}/{name}") is not None:
            del own(file, f"{path}/{place}")[name]


def delete_group(file: h5py.File, channel_group: int, name: str, number: int) -> None:
    """Remove a custom cluster group."""
    path = f"/channel_groups/{channel_group}"
    if own(file, f"{path}/cluster_groups/{name}/{number}") is not None:
        del own(file, f"{path}/cluster_groups/{name}")[str(number)]
