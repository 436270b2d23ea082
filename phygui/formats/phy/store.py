"""The clusterings of a folder: the one that curation changes, and the sorter's own."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.groups import GROUP_NAMES, UNSORTED
from phygui.dataset.one_clustering import IDS_OF_A_SHANK, MAIN, OneClustering
from phygui.dataset.state import ClusteringState, Key
from phygui.errors import DatasetError
from phygui.formats.phy.copying import copy_folder
from phygui.formats.phy.decisions import cells_of, groups_in, info_of, labels_in, tables_of
from phygui.formats.phy.sorting import Sorting
from phygui.formats.phy.tables import INFO_FILE, Table, read_table, table_names
from phygui.formats.phy.transaction import current, finish, replace_together
from phygui.storage.arrays.npy import first_outside, read_header, read_integers
from phygui.storage.files import reason
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.system import sync_folder

CLUSTERS = "spike_clusters.npy"
ORIGINALS = "phygui_original"
"""The folder that keeps what a first save replaces."""


class PhyClusterings(OneClustering):
    """The clusterings of one folder.

    Parameters
    ----------
    sorting : Sorting
    folder : Path, optional
        Where clusters and tables are read from, if not from the folder of the sorting.
    """

    def __init__(self, sorting: Sorting, folder: Path | None = None) -> None:
        self._sorting = sorting
        self._folder = sorting.folder if folder is None else folder
        self.path = self._folder
        self.no_other = (
            f"{self.path}: a folder of phy holds one clustering beside the sorter's; save a copy "
            "of the folder instead."
        )

    @property
    def channel_groups(self) -> Sequence[int]:
        """The shanks that have spikes."""
        return self._sorting.channel_groups

    # -- reading -------------------------------------------------------------------------------

    def read(self, key: Key) -> ClusteringState:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        group, name = key
        if group not in self._sorting.channel_groups or name not in self.names(group):
            raise DatasetError(
                f"{self.path} has no clustering {name!r} of shank {group}, expected main or "
                "original."
            )
        clusters = self._all_clusters() if name == MAIN else self._sorting.spike_templates
        tables = self._tables()
        spikes = self._sorting.spikes_of(group)
        own = clusters if spikes is None else clusters[spikes]
        living = np.unique(own).tolist()
        groups, names = groups_in(tables) if name == MAIN else ({}, dict(GROUP_NAMES))
        largest = max(
            int(clusters.max()),
            int(self._sorting.spike_templates.max()),
            *(c for table in tables.values() for c in table.rows),
        )
        return ClusteringState(
            own,
            {c: groups.get(c, UNSORTED) for c in living},
            labels_in(tables, living),
            names,
            largest + self._sorting.channel_groups.index(group) * IDS_OF_A_SHANK,
        )

    def _all_clusters(self) -> NDArray[np.int32]:
        path = current(self._folder, CLUSTERS)
        if not os.path.lexists(path):
            # Of a folder that was never curated.
            return self._sorting.spike_templates
        clusters = read_integers(path, length=self._sorting.n_spikes)
        wrong = first_outside(clusters, 0, np.iinfo(np.int32).max)
        if wrong is not None:
            raise DatasetError(
                f"{path}: spike {wrong} is in cluster {clusters[wrong]}, expected a number "
                "from 0 up."
            )
        return clusters.astype(np.int32)

    def _tables(self) -> dict[str, Table]:
        names = table_names(self._folder)
        found = {name: read_table(current(self._folder, name), name) for name in names}
        return {name: table for name, table in found.items() if table is not None}

    # -- writing -------------------------------------------------------------------------------

    def write(
        self,
        states: Mapping[Key, ClusteringState],
        *,
        target: Path | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        self.refuse_protected(states, self.path)
        try:
            if target is not None:
                copy_folder(self._sorting, target, lambda copy: self._write(copy, states, ready))
                return
            finish(self._folder)
            self._keep_originals()
            self._write(self._folder, states, ready)
        except OSError as error:
            goal = self._folder if target is None else target
            raise DatasetError(f"{goal} could not be saved: {reason(error)}.") from error

    def _write(
        self, folder: Path, states: Mapping[Key, ClusteringState], ready: Callable[[], None]
    ) -> None:
        clusters, told = self._joined(states)
        stored = self._tables()
        tables = tables_of(stored, told)
        info = current(self._folder, INFO_FILE)
        before = read_table(info, INFO_FILE) if os.path.lexists(info) else None
        if before is not None:
            living, counts = np.unique(clusters, return_counts=True)
            n_spikes = dict(zip(living.tolist(), counts.tolist(), strict=True))
            managed = {name for table in stored.values() for name in table.columns}
            tables[INFO_FILE] = info_of(before, told, n_spikes, managed)
        contents: dict[str, Callable[[Path], None]] = {
            name: partial(_write_table, table, name) for name, table in tables.items()
        }
        contents[CLUSTERS] = partial(_write_clusters, clusters.reshape(self._shape(folder)))

        def verify(staged: Mapping[str, Path]) -> None:
            self._compare(staged, clusters, tables)
            ready()

        replace_together(folder, contents, verify)

    def _joined(
        self, states: Mapping[Key, ClusteringState]
    ) -> tuple[NDArray[np.int32], dict[int, dict[str, str]]]:
        """The clusters of all spikes, and what is told of each cluster, of all shanks."""
        clusters = np.array(self._all_clusters())
        all_told: dict[int, dict[str, str]] = {}
        for group in self._sorting.channel_groups:
            spikes = self._sorting.spikes_of(group)
            if spikes is not None and not len(spikes):
                continue
            state = states.get((group, MAIN)) or self.read((group, MAIN))
            clusters[slice(None) if spikes is None else spikes] = state.spike_clusters
            names = {**state.group_names, **GROUP_NAMES}
            told = {
                c: cells_of(state.labels.get(c, {}), names.get(of, f"group {of}"))
                for c, of in state.cluster_groups.items()
            }
            if common := all_told.keys() & told.keys():
                raise DatasetError(
                    f"{self.path}: cluster {min(common)} would be on two shanks, since their "
                    "clusters share one array; nothing was written."
                )
            all_told |= told
        return clusters, all_told

    def _shape(self, folder: Path) -> tuple[int, ...]:
        """The shape that `spike_clusters.npy` has: some write one column, others none."""
        path = folder / CLUSTERS
        n_spikes = self._sorting.n_spikes
        shape = read_header(path).shape if os.path.lexists(path) else (n_spikes,)
        return shape if len(shape) <= 2 else (n_spikes,)

    def _compare(
        self, staged: Mapping[str, Path], clusters: NDArray[np.int32], tables: Mapping[str, Table]
    ) -> None:
        """Make sure that what was staged is what is wanted."""
        if not np.array_equal(read_integers(staged[CLUSTERS]), clusters):
            raise DatasetError(f"{staged[CLUSTERS]} does not hold what was written.")
        for name, table in tables.items():
            path = staged[name]
            found = read_table(path, name)
            if found is None or found != table:
                raise DatasetError(f"{path} does not hold what was written.")

    def _keep_originals(self) -> None:
        """Keep what the first save replaces; later ones find it there."""
        goal = self._folder / ORIGINALS
        if os.path.lexists(goal):
            return
        made = self._folder / f".{ORIGINALS}.new"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for name in (CLUSTERS, INFO_FILE, *table_names(self._folder)):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy2(self._folder / name, made / name)
        sync_folder(made)
        os.rename(made, goal)
        sync_folder(self._folder)

    # -- what has become of it -----------------------------------------------------------------

    def _stamps(self) -> list[tuple[str, FileStamp]]:
        found = []
        for name in (CLUSTERS, *table_names(self._folder)):
            with contextlib.suppress(FileNotFoundError):
                found.append((name, FileStamp.of(current(self._folder, name))))
        return found

    def stamp(self) -> object:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        try:
            return self._stamps()
        except OSError as error:
            raise DatasetError(f"{self.path} cannot be read: {reason(error)}.") from error

    def written_at(self) -> datetime:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        times = [stamp.mtime_ns for _, stamp in self._stamps()]
        latest = max(times, default=os.stat(self._sorting.folder).st_mtime_ns)
        return datetime.fromtimestamp(latest / 1e9).astimezone()

    def unedited(self) -> PhyClusterings | None:
        """What the first save kept."""
        kept = self._folder / ORIGINALS
        is_there = kept.is_dir() and not kept.is_symlink()
        return PhyClusterings(self._sorting, kept) if is_there else None


def _write_clusters(clusters: NDArray[np.int32], path: Path) -> None:
    with open(path, "xb") as file:
        np.save(file, clusters)


def _write_table(table: Table, name: str, path: Path) -> None:
    with open(path, "xb") as file:
        file.write(table.encoded(Path(name)))
