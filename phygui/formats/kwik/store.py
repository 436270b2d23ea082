"""The clusterings of a ``.kwik``: read one by one, written as one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py

from phygui.dataset.state import ClusteringState, Key
from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File, open_hdf5
from phygui.formats.kwik.reading.clusters import Clustering, list_clusterings, read_clustering
from phygui.formats.kwik.reading.labels import read_labels, verify_labels, write_labels
from phygui.formats.kwik.writing import save
from phygui.formats.kwik.writing.durable_edit import durable_edit
from phygui.storage.state.durable import backup_path
from phygui.storage.state.fingerprint import FileStamp

PROTECTED = "original"
"""The sorter's own clustering, which is never written."""
LONGEST_NAME = 80
"""Characters in the name of a clustering."""


def _silent(text: str) -> None:
    """What is odd about a clustering was said when the dataset was opened."""


class KwikClusterings:
    """The clusterings of one file.

    Parameters
    ----------
    path : Path
        The ``.kwik`` file.
    written : callable
        Called after the file has been written here, and with whether it has more clusterings now.
    """

    def __init__(self, path: Path, written: Callable[[bool], None] = lambda _: None) -> None:
        self.path = path
        self._written = written
        self._expected: dict[Key, tuple[FileStamp, Clustering]] = {}

    def expect(self, channel_group: int, found: Clustering) -> None:
        """A model has read a clustering: whoever asks for it first need not read it again."""
        self._expected[channel_group, found.name] = (self.stamp(), found)

    def all_keys(self) -> list[Key]:
        """All clusterings that can be read."""
        found = []
        with open_hdf5(self.path) as file:
            for group in sorted(int(g) for g in file.members("/channel_groups") if g.isdecimal()):
                try:
                    found += [(group, name) for name in _names(file, group)]
                except DatasetError:
                    continue
        return found

    def names(self, channel_group: int) -> list[str]:
        """Clusterings of a channel group: main first, then sorted."""
        with open_hdf5(self.path) as file:
            return _names(file, channel_group)

    def is_protected(self, key: Key) -> bool:
        """Whether a clustering is never written."""
        return key[1] == PROTECTED

    def read(self, key: Key) -> ClusteringState:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        group, name = key
        stamp, found = self._expected.pop(key, (None, None))
        if found is None or stamp != self.stamp():
            with open_hdf5(self.path) as file:
                names = _names(file, group)
                if name not in names:
                    raise DatasetError(
                        f"{self.path} has no clustering {name!r}, expected one of "
                        f"{', '.join(names)}."
                    )
                found = read_clustering(file, f"/channel_groups/{group}", name, None, _silent)
        labels = read_labels(self.path, group, name, found.cluster_groups)
        return ClusteringState(
            found.spike_clusters,
            found.cluster_groups,
            labels,
            found.group_names,
            # Empty clusters that earlier edits left in the file have used up their ids too.
            max(found.largest_cluster_id, -1),
        )

    def write(
        self,
        states: Mapping[Key, ClusteringState],
        *,
        target: Path | None = None,
        ready: Callable[[], None] = lambda: None,
        attributes: Mapping[Key, Mapping[str, Any]] = MappingProxyType({}),
    ) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`; scripts set `attributes` as well."""

        def edit(file: h5py.File) -> None:
            for key, state in states.items():
                _put(file, key, state, attributes.get(key, {}))

        def verify(file: h5py.File) -> None:
            for key, state in states.items():
                _compare(file, key, state)
            ready()

        for key in filter(self.is_protected, states):
            raise DatasetError(f"{self.path}: the clustering {key[1]} is never written.")
        if target is not None and target.suffix.lower() != ".kwik":
            # Features, raw data and the backup stand beside the dataset under its name.
            raise DatasetError(f"{target} does not end in .kwik, as a copy of the dataset must.")
        durable_edit(self.path, edit, verify, target=target)

    def follow(self) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        self._written(False)

    def check_name(self, channel_group: int, name: str, existing: list[str]) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        check_clustering_name(self.path, name, existing)

    def copy(self, key: Key, new_name: str, state: ClusteringState) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        group, name = key
        copied = group, new_name

        def edit(file: h5py.File) -> None:
            stored = file[f"/channel_groups/{group}/spikes/clusters"]
            check_clustering_name(self.path, new_name, stored)
            save.copy_clustering(file, group, name, new_name)
            _put(file, copied, state)

        def verify(file: h5py.File) -> None:
            _compare(file, copied, state)

        durable_edit(self.path, edit, verify)
        self._written(True)

    def stamp(self) -> FileStamp:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        try:
            return FileStamp.of(self.path)
        except OSError as error:
            raise DatasetError(f"{self.path} cannot be read: {error.strerror or error}.") from error

    def written_at(self) -> datetime:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        return datetime.fromtimestamp(self.stamp().mtime_ns / 1e9).astimezone()

    def unedited(self) -> KwikClusterings | None:
        """What ``NAME.kwik.bak`` holds, which the first save made."""
        backup = backup_path(Path(os.path.realpath(self.path)))
        return KwikClusterings(backup) if backup.is_file() and not backup.is_symlink() else None


def _put(
    file: h5py.File,
    key: Key,
    state: ClusteringState,
    attributes: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write a clustering: the one way in which the program, and a script, does."""
    save.write_clustering(
        file, *key, state.spike_clusters, state.cluster_groups, state.group_names, attributes
    )
    write_labels(file, *key, _all_labels(state))
    if state.group_names:
        save.drop_groups(file, *key, state.group_names)


def _compare(file: h5py.File, key: Key, state: ClusteringState) -> None:
    """Read back what was written, and make sure that it is what was to be."""
    save.verify_clustering(
        file, *key, state.spike_clusters, state.cluster_groups, state.group_names
    )
    verify_labels(file, *key, _all_labels(state))


def _all_labels(state: ClusteringState) -> dict[int, Mapping[str, str]]:
    """Labels of every cluster: those that have none now may have had some."""
    return {cluster: state.labels.get(cluster, {}) for cluster in state.cluster_groups}


def _names(file: File, channel_group: int) -> list[str]:
    where = f"/channel_groups/{channel_group}"
    times = file.dataset(f"{where}/spikes/time_samples")
    return list_clusterings(file, where, 0 if times is None else times.shape[0], _silent)


def check_clustering_name(path: Path, name: str, existing: Container[str]) -> None:
    """Refuse a name that a new clustering cannot have.

    Raises
    ------
    DatasetError
        If it is no name, or there is such a clustering.
    """
    bad = not isinstance(name, str) or not name.strip() or name != name.strip()
    if bad or "/" in name or not name.isprintable() or name.startswith("."):
        raise DatasetError(
            f"{path}: {name!r} is not a valid name for a clustering, expected text without '/' "
            "that does not begin with a dot."
        )
    if len(name) > LONGEST_NAME:
        raise DatasetError(
            f"{path}: the name of a clustering has at most {LONGEST_NAME} characters, not "
            f"{len(name)}."
        )
    if name in existing:
        raise DatasetError(f"{path} already has a clustering called {name}.")
