"""Copying a clustering under another name, with the edits that are not in the file yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py

from phygui.curation.durability.journal_entries import Key
from phygui.curation.state import State
from phygui.formats.kwik.reading.labels import verify_labels, write_labels
from phygui.formats.kwik.writing import save
from phygui.formats.kwik.writing.editing import check_clustering_name
from phygui.storage.state.durable import durable_edit


def copy_clustering(
    path: Path, key: Key, new_name: str, state: State, group_names: Mapping[int, str]
) -> None:
    """Write a clustering as it is now under another name, durably; the old one stays as it is.

    Parameters
    ----------
    path : Path
        The ``.kwik`` file.
    key : Key
        The channel group, and the clustering to copy.
    new_name : str
        A name that no clustering of the channel group has.
    state : State
        What the copy is to hold.
    group_names : mapping of int to str
        Names of the cluster groups.

    Raises
    ------
    DatasetError
        If the name is impossible, or the file cannot be written; it is then as it was.
    """
    group, name = key
    of = (state.spike_clusters, state.cluster_groups, group_names)
    labels = {c: state.labels.get(c, {}) for c in state.cluster_groups}

    def edit(file: h5py.File) -> None:
        check_clustering_name(path, new_name, file[f"/channel_groups/{group}/spikes/clusters"])
        save.copy_clustering(file, group, name, new_name)
        save.write_clustering(file, group, new_name, *of)
        write_labels(file, group, new_name, labels)

    def verify(file: h5py.File) -> None:
        save.verify_clustering(file, group, new_name, *of)
        verify_labels(file, group, new_name, labels)

    durable_edit(path, edit, verify)
