"""Writing a dataset: saving a clustering, managing clusterings and cluster groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from phygui.dataset import ClusteringState
from phygui.dataset.groups import GROUP_TITLES, UNSORTED
from phygui.errors import DatasetChanged, DatasetError
from phygui.formats.kwik.clustered import ClusteredDataset
from phygui.formats.kwik.hdf5.values import plain
from phygui.formats.kwik.reading.clusters import (
    Clustering,
    count_clusters,
    default_name,
    list_clusterings,
    numbers_by_name,
    public,
)
from phygui.formats.kwik.reading.labels import read_labels
from phygui.formats.kwik.store import PROTECTED, KwikClusterings, check_clustering_name
from phygui.formats.kwik.writing import save
from phygui.formats.kwik.writing.durable_edit import durable_edit
from phygui.storage.state.lock import Lock, living_holder
from phygui.storage.state.state_folder import find_place
from phygui.words import shortened


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    """Hold the lock that sessions hold, while a dataset is written without one.

    Raises
    ------
    DatasetError
        If a session holds it: it has edits that are not in the file yet.
    """
    place = find_place(path)
    lock = Lock(place.folder, place.make)
    try:
        holder = living_holder(place.folder) if place.reason else lock.acquire()
    except OSError:
        # Where no lock can be taken, another user may have one.
        holder = living_holder(place.folder)
    if holder is not None:
        raise DatasetError(f"{path} is open for editing ({holder}); nothing was written.")
    try:
        yield
    finally:
        lock.release()


class EditableDataset(ClusteredDataset):
    """A dataset whose ``.kwik`` can be changed, always through one durable path."""

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Change the file on disk; what is in memory is for the caller to bring up to date."""
        with _only_writer(self._path):
            if self.changed_on_disk:
                raise DatasetChanged(
                    f"{self._path} was changed by another program since it was opened; it is not "
                    "overwritten."
                )
            yield
            self.follow()

    def _edit(
        self, edit: Callable[[h5py.File], None], verify: Callable[[h5py.File], None] | None = None
    ) -> None:
        with self._writing():
            durable_edit(self._path, edit, verify)

    def _reread(self, clustering: str | None = None) -> None:
        """Read the clusterings again after a change."""
        with self._reopened() as file:
            shank = self._shank
            n_spikes = len(shank.samples)
            names = list_clusterings(file, shank.path, n_spikes, self._warn)
            name = clustering or shank.clustering.name
            opened = self._read_clustering(file, shank.path, name, names, n_spikes)
        self._switch(replace(shank, clusterings=names, clustering=opened))

    def save(
        self,
        spike_clusters: np.ndarray,
        cluster_groups: Mapping[int, int | str],
        clustering_metadata: Mapping[str, Any] | None = None,
        *,
        cluster_group_names: Mapping[int, str] | None = None,
    ) -> None:
        """Write a curation to the open clustering, durably.

        Parameters
        ----------
        spike_clusters : (n_spikes,) integers, the cluster of each spike
        cluster_groups : {cluster: group}, groups by number or name; clusters with spikes that
            are not in it keep the group that they have, new ones are unsorted
        clustering_metadata : attributes of the clustering to set, plain values
        cluster_group_names : {group: name} of custom groups to add

        Raises
        ------
        DatasetError
            If it cannot be written; the file is then as it was. ``DatasetChanged`` if another
            program changed it since it was opened. Also if a session has it open for editing.
        """
        shank = self._shank
        name = shank.clustering.name
        values, groups, names = self._checked(spike_clusters, cluster_groups, cluster_group_names)
        metadata = {key: _attribute(key, v) for key, v in (clustering_metadata or {}).items()}
        self._refuse_original(name)
        key = (shank.channel_group, name)
        with self._writing():
            # Labels are no part of a curation that a script gives: those in the file stay.
            labels = read_labels(self._path, *key, groups)
            state = ClusteringState(values.astype(np.int32), groups, labels, names)
            KwikClusterings(self._path).write({key: state}, attributes={key: metadata})
        # What was read back and compared need not be read again.
        self._switch(
            replace(shank, clustering=_saved(shank.clustering, values, groups, names, metadata))
        )

    def _checked(
        self,
        spike_clusters: np.ndarray,
        cluster_groups: Mapping[int, int | str],
        new_names: Mapping[int, str] | None,
    ) -> tuple[np.ndarray, dict[int, int], dict[int, str]]:
        """A curation in the form in which it is written, or a ``DatasetError``."""
        if not isinstance(cluster_groups, Mapping):
            raise DatasetError(
                f"{self._path}: cluster_groups is {shortened(repr(cluster_groups))}, expected the "
                "group of each cluster, such as {3: 'good'}."
            )
        current = self._shank.clustering
        values = np.asarray(spike_clusters)
        if values.shape != current.spike_clusters.shape or values.dtype.kind not in "iu":
            raise DatasetError(
                f"{self._path}: spike_clusters has shape {values.shape} and type {values.dtype}, "
                f"expected {len(current.spike_clusters)} integers, one per spike."
            )
        if values.size and (values.min() < 0 or values.max() >= 2**31):
            raise DatasetError(
                f"{self._path}: spike_clusters goes from {values.min()} to {values.max()}, "
                "expected cluster ids from 0 up, below 2**31."
            )
        names = dict(current.group_names)
        names |= {int(group): _group_name(text) for group, text in (new_names or {}).items()}
        by_name = numbers_by_name(names)
        groups: dict[int, int] = {}
        number: int | None
        for cluster in count_clusters(values)[0].tolist():
            told = cluster_groups.get(cluster, current.cluster_groups.get(cluster, UNSORTED))
            number = by_name.get(told.casefold()) if isinstance(told, str) else _number(told)
            if number is not None and 4 <= number < 2**31:
                # Scripts number groups that have no name; the file then gives them one.
                names.setdefault(number, default_name(number))
            if number is None or number not in names:
                raise DatasetError(
                    f"{self._path}: cluster {cluster} is in group {told!r}, expected one of "
                    f"{', '.join(names.values())}."
                )
            groups[cluster] = number
        return values, groups, names

    def _refuse_original(self, name: str) -> None:
        if name == PROTECTED:
            raise DatasetError(
                f"{self._path}: the clustering original is never written; copy it to another "
                "one and open that."
            )

    # -- clusterings -------------------------------------------------------------------------

    def add_clustering(self, name: str, spike_clusters: np.ndarray) -> None:
        """Add a clustering from the cluster of each spike; all its clusters are unsorted.

        Parameters
        ----------
        name : a name that no clustering of this channel group has
        spike_clusters : (n_spikes,) integers
        """
        self._new_name(name)
        values, _, _ = self._checked(spike_clusters, {}, None)
        shank = self._shank
        like = shank.clusterings[0]
        self._edit(
            lambda file: save.add_clustering(file, shank.channel_group, name, values, like),
            lambda file: save.verify_spikes(file, shank.channel_group, name, values),
        )
        self._reread()

    def copy_clustering(self, name: str, new_name: str) -> None:
        """Copy a clustering, its groups and all else that belongs to it, under a new name."""
        self._existing(name)
        self._new_name(new_name)
        group = self._shank.channel_group
        self._edit(lambda file: save.copy_clustering(file, group, name, new_name))
        self._reread()

    def rename_clustering(self, name: str, new_name: str) -> None:
        """Rename a clustering; ``main`` and ``original`` keep their names."""
        self._existing(name)
        self._new_name(new_name)
        self._refuse_fixed(name)
        group = self._shank.channel_group
        self._edit(lambda file: save.rename_clustering(file, group, name, new_name))
        self._reread(new_name if name == self._shank.clustering.name else None)

    def delete_clustering(self, name: str) -> None:
        """Delete a clustering that is not open; ``main`` and ``original`` are never deleted."""
        self._existing(name)
        self._refuse_fixed(name)
        if name == self._shank.clustering.name:
            raise DatasetError(
                f"{self._path}: the clustering {name} is open; open another one to delete it."
            )
        group = self._shank.channel_group
        self._edit(lambda file: save.delete_clustering(file, group, name))
        self._reread()

    def _existing(self, name: str) -> None:
        names = self._shank.clusterings
        if name not in names:
            raise DatasetError(
                f"{self._path} has no clustering {name!r}, expected one of {', '.join(names)}."
            )

    def _refuse_fixed(self, name: str) -> None:
        if name in ("main", PROTECTED):
            raise DatasetError(
                f"{self._path}: other programs look for the clustering {name}, so it "
                "keeps its name; copy it instead."
            )

    def list_clusterings(self) -> list[str]:
        """Look again which clusterings of the channel group the file holds now."""
        self.follow()
        with self._reopened() as file:
            shank = self._shank
            names = list_clusterings(file, shank.path, len(shank.samples), self._warn)
        self._switch(replace(shank, clusterings=names))
        return list(names)

    def _new_name(self, name: str) -> None:
        check_clustering_name(self._path, name, self._shank.clusterings)

    # -- cluster groups ----------------------------------------------------------------------

    def add_cluster_group(self, group: int, name: str) -> None:
        """Add a custom cluster group (4 and up) to the open clustering."""
        clustering = self._shank.clustering
        if not isinstance(group, int) or not 4 <= group < 2**31:
            raise DatasetError(
                f"{self._path}: {group!r} is not a custom cluster group, expected 4 or more."
            )
        if group in clustering.group_names:
            raise DatasetError(f"{self._path} already has a cluster group {group}.")
        self._name_group(group, name)

    def rename_cluster_group(self, group: int, name: str) -> None:
        """Rename a custom cluster group of the open clustering."""
        self._custom(group)
        self._name_group(group, name)

    def delete_cluster_group(self, group: int) -> None:
        """Delete a custom cluster group of the open clustering that no cluster is in."""
        self._custom(group)
        clustering = self._shank.clustering
        inside = [c for c, g in clustering.cluster_groups.items() if g == group]
        if inside:
            raise DatasetError(
                f"{self._path}: clusters {', '.join(map(str, inside[:8]))} are in the group "
                f"{clustering.group_names[group]}; move them before deleting it."
            )
        self._refuse_original(clustering.name)
        number, name = self._shank.channel_group, clustering.name
        self._edit(lambda file: save.delete_group(file, number, name, group))
        self._reread()

    def _custom(self, group: int) -> None:
        names = self._shank.clustering.group_names
        if group in GROUP_TITLES:
            raise DatasetError(
                f"{self._path}: the cluster group {names[group]} is built-in and cannot be changed."
            )
        if group not in names:
            raise DatasetError(f"{self._path} has no cluster group {group!r}.")

    def _name_group(self, group: int, name: str) -> None:
        text = _group_name(name)
        clustering = self._shank.clustering
        others = {t.casefold() for g, t in clustering.group_names.items() if g != group}
        if text.casefold() in others:
            raise DatasetError(f"{self._path} already has a cluster group called {text}.")
        self._refuse_original(clustering.name)
        number, of = self._shank.channel_group, clustering.name
        self._edit(lambda file: save.write_group_name(file, number, of, group, text))
        self._reread()


def _saved(
    before: Clustering,
    spike_clusters: np.ndarray,
    cluster_groups: dict[int, int],
    group_names: dict[int, str],
    metadata: dict[str, Any],
) -> Clustering:
    """A clustering as it is after a save."""
    cluster_ids, counts = count_clusters(spike_clusters)
    told = {key: plain(value) for key, value in metadata.items()}
    return Clustering(
        name=before.name,
        spike_clusters=spike_clusters.astype(before.spike_clusters.dtype),
        cluster_ids=cluster_ids,
        counts=counts,
        cluster_groups=cluster_groups,
        group_names=dict(sorted(group_names.items())),
        largest_cluster_id=max([before.largest_cluster_id, *cluster_ids[-1:].tolist()]),
        metadata=before.metadata | public(told),
    )


def _group_name(name: str) -> str:
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise DatasetError(f"{name!r} is not a valid name for a cluster group, expected text.")
    return name.strip()


def _number(group: Any) -> int | None:
    """The whole number that a group was given as, else None."""
    if isinstance(group, float | np.floating):
        return int(group) if float(group).is_integer() else None
    return int(group) if isinstance(group, int | np.integer) else None


def _attribute(key: str, value: Any) -> Any:
    """A plain value as an HDF5 attribute; anything else is refused, never pickled."""
    if not isinstance(key, str) or not key or "\0" in key:
        raise DatasetError(f"{key!r} is not a valid name for an attribute, expected text.")
    if isinstance(value, bool | np.bool_):
        return np.int64(value)
    if isinstance(value, int | np.integer):
        return np.int64(value)
    if isinstance(value, float | np.floating):
        return np.float64(value)
    if isinstance(value, str):
        return np.bytes_(value.encode("utf-8"))
    array = np.asarray(value)
    if array.dtype.kind in "iuf" and array.size:
        return array
    raise DatasetError(f"the metadata {key} is {value!r}, expected a number, text or numbers.")
