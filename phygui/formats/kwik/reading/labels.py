"""Labels of clusters in a ``.kwik``: a JSON text in the part of each cluster that is the user's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
from h5py import h5a

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File, open_hdf5
from phygui.formats.kwik.writing.save import hard_child, own

ATTRIBUTE = "labels"
"""Attribute of ``clusters/C/ID/user_data``: a JSON object of texts."""


def read_labels(
    path: str | os.PathLike[str], channel_group: int, name: str, cluster_ids: Iterable[int]
) -> dict[int, dict[str, str]]:
    """Labels of the clusters that have any.

    Parameters
    ----------
    path : path
        The ``.kwik`` file.
    channel_group, name
        A channel group and one of its clusterings.
    cluster_ids : iterable of int
        The clusters to look at.

    Raises
    ------
    DatasetError
        If the file cannot be read.
    """
    with open_hdf5(Path(path)) as file:
        return labels_in(file, channel_group, name, cluster_ids)


def labels_in(
    file: File, channel_group: int, name: str, cluster_ids: Iterable[int]
) -> dict[int, dict[str, str]]:
    """The same of a file that is open."""
    found = {}
    where = f"/channel_groups/{channel_group}/clusters/{name}"
    parent = file.group(where)
    if parent is None:
        return {}
    for cluster_id in cluster_ids:
        place = f"{where}/{cluster_id}/user_data"
        cluster = file.child(parent, str(cluster_id), place)
        group = None if cluster is None else file.child(cluster, "user_data", place)
        labels = _labels(None if group is None else file.attribute(group, ATTRIBUTE, place))
        if labels:
            found[cluster_id] = labels
    return found


def write_labels(
    file: h5py.File, channel_group: int, name: str, labels: Mapping[int, Mapping[str, str]]
) -> None:
    """Write the labels of some clusters into an open ``.kwik``; no labels remove what is there.

    Parameters
    ----------
    file : h5py.File
        A copy that ``durable_edit`` made, in which the clusters have their groups already.
    channel_group, name
        A channel group and one of its clusterings.
    labels : mapping of int to mapping of str to str
        Labels of every cluster that is to be written.
    """
    where = f"/channel_groups/{channel_group}/clusters/{name}"
    parent = own(file, where)
    for cluster_id, of in labels.items():
        if parent is not None and _stored(parent, cluster_id) == of:
            continue
        group = own(file, f"{where}/{cluster_id}/user_data", create=True)
        if of:
            group.attrs[ATTRIBUTE] = json.dumps(dict(of))
        else:
            del group.attrs[ATTRIBUTE]


def verify_labels(
    file: h5py.File, channel_group: int, name: str, labels: Mapping[int, Mapping[str, str]]
) -> None:
    """Compare the labels of some clusters, as read back, with memory.

    Raises
    ------
    DatasetError
        If they differ.
    """
    where = f"/channel_groups/{channel_group}/clusters/{name}"
    parent = file[where]
    for cluster_id, of in labels.items():
        if _stored(parent, cluster_id) != of:
            raise DatasetError(
                f"{where}/{cluster_id}/user_data/@{ATTRIBUTE} read back from the new file is not "
                "what was written to it."
            )


def _stored(parent: h5py.Group, cluster_id: int) -> dict[str, str]:
    """Labels that an open file holds of one cluster."""
    # Hardly any cluster has labels, and this one call tells so.
    if not _exists(parent, f"{cluster_id}/user_data"):
        return {}
    cluster = hard_child(parent, str(cluster_id))
    group = None if cluster is None else hard_child(h5py.Group(cluster), "user_data")
    if group is None or not h5a.exists(group, ATTRIBUTE.encode()):
        return {}
    return _labels(h5py.Group(group).attrs[ATTRIBUTE])


def _exists(parent: h5py.Group, path: str) -> bool:
    try:
        return bool(parent.id.links.exists(path.encode()))
    except (KeyError, RuntimeError):  # not even the beginning of the path is there
        return False


def _labels(stored: object) -> dict[str, str]:
    """What an attribute says, {} if it is not ours."""
    if isinstance(stored, bytes):
        stored = stored.decode("utf-8", "replace")
    if not isinstance(stored, str):
        return {}
    try:
        told = json.loads(stored)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict):
        return {}
    return {key: value for key, value in told.items() if isinstance(value, str)}
