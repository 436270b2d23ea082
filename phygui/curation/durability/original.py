"""The file from before the first save, as the oldest state that can be brought back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phygui.curation.durability.journal_entries import Key
from phygui.curation.edits.groups import ClusterGroups
from phygui.curation.state import State
from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File, check_regular_file, open_hdf5
from phygui.formats.kwik.reading.clusters import Clustering, read_clustering
from phygui.formats.kwik.reading.labels import read_labels
from phygui.storage.state.backups import Backup
from phygui.storage.state.durable import backup_path
from phygui.storage.state.records import Record


@dataclass(frozen=True)
class Original(Backup):
    """What ``NAME.kwik.bak`` holds: every channel group and clustering that can be read."""

    def records(self) -> Iterator[Record]:
        """What it holds: one record per clustering, read as they are asked for.

        Raises
        ------
        DatasetError
            If the file is damaged or gone.
        """
        with open_hdf5(self.path) as file:
            for key in self.tallies:
                found = _read(file, key)
                labels = read_labels(self.path, *key, found.cluster_groups)
                yield State(found.spike_clusters, found.cluster_groups, labels).record(key)

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return "original"

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return "the state from before the first save"

    def __str__(self) -> str:
        return f"original, from before the first save; {self.clusters}"


def original_of(path: Path) -> Original | None:
    """The original of a dataset; None where nothing was saved yet, or it cannot be read.

    Parameters
    ----------
    path : Path
        The ``.kwik`` file.
    """
    backup = backup_path(Path(os.path.realpath(path)))
    tallies: dict[Key, dict[str, int]] = {}
    try:
        time = datetime.fromtimestamp(check_regular_file(backup).st_mtime).astimezone()
        with open_hdf5(backup) as file:
            for key in _keys(file):
                try:
                    found = _read(file, key)
                except DatasetError:
                    continue
                groups = ClusterGroups(found.cluster_groups, found.group_names)
                tallies[key] = groups.tally(found.cluster_ids.tolist())
    except (DatasetError, OSError, ValueError, OverflowError):
        return None
    return Original(backup, time, 0, tallies) if tallies else None


def _keys(file: File) -> Iterator[Key]:
    groups = file.group("/channel_groups")
    for name in [] if groups is None else file.names(groups, "/channel_groups"):
        where = f"/channel_groups/{name}/spikes/clusters"
        clusterings = file.group(where) if name.isdecimal() else None
        if clusterings is not None:
            for clustering in sorted(file.names(clusterings, where)):
                yield int(name), clustering


def _read(file: File, key: Key) -> Clustering:
    group, name = key
    where = f"/channel_groups/{group}"
    values = file.vector(f"{where}/spikes/clusters/{name}")
    n_spikes = 0 if values is None else len(values)
    return read_clustering(file, where, name, n_spikes, lambda text: None)
