"""What is exported: clusters, groups, labels and metrics as they were when it was asked for.

No edit changes anything of it afterwards; all of it may be read in any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.edits.update import Update
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.dataset import ClusteringState, Dataset, Key, ShankData
from phygui.words import plain

N_SPIKES_SD = 500
"""Spikes of a cluster that the spread of its waveforms is taken from."""


@dataclass(frozen=True)
class Column:
    """What is known of each cluster, other than spikes, group and labels.

    Attributes
    ----------
    name : str
        A lower-case word, such as ``isi_violations``; that of its column in the cluster table.
    title : str
        Its heading, short.
    unit : str
        Unit of the values; empty for plain numbers. Shares in ``%`` go from 0 to 100.
    help : str
        One clause that says what it is.
    dtype : dtype
        int64 or float64.
    values : mapping of int to number
        By cluster; one of which it is not known, or not defined, is not in it.
    """

    name: str
    title: str
    unit: str
    help: str
    dtype: np.dtype[np.generic]
    values: Mapping[int, float]


@dataclass(frozen=True)
class ShankCuration:
    """The clusters of one shank that are exported.

    Attributes
    ----------
    data : ShankData
        Spikes, channels, raw data.
    clustering : str
        Name of the clustering.
    cluster_ids : (n_clusters,) int64
        Those in the groups that are exported, ascending.
    groups : mapping of int to str
        Name of the group of each.
    labels : mapping of str to mapping of int to str
        By key, then by cluster.
    columns : mapping of str to Column
        The metrics and what else the cluster table shows, by name, in its order.
    spikes_per_cluster : mapping of int to (n,) int64
        Sorted spike ids of every cluster of the clustering, whether exported or not.
    stats : mapping of int to ClusterStats
        What is known of each cluster.
    group_names : mapping of int to str
        Names of all groups, by number.
    state : ClusteringState
        All of the clustering, whether exported or not.
    """

    data: ShankData
    clustering: str
    cluster_ids: NDArray[np.int64]
    groups: Mapping[int, str]
    labels: Mapping[str, Mapping[int, str]]
    columns: Mapping[str, Column]
    spikes_per_cluster: Mapping[int, NDArray[np.int64]] = field(repr=False)
    stats: Mapping[int, ClusterStats] = field(repr=False)
    group_names: Mapping[int, str] = field(repr=False)
    state: ClusteringState = field(repr=False)

    @property
    def channel_group(self) -> int:
        """Number of the shank."""
        return self.data.channel_group

    @property
    def n_spikes(self) -> int:
        """Spikes of the exported clusters."""
        return sum(len(self.spikes_per_cluster[c]) for c in self.cluster_ids.tolist())

    def spikes(self, cluster_id: int) -> NDArray[np.int64]:
        """Ids of the spikes of a cluster, in the order of time: (n,) int64."""
        return self.data.clock.in_order(self.spikes_per_cluster[cluster_id])

    def samples(self, cluster_id: int) -> NDArray[np.int64]:
        """Times of the spikes of a cluster, on the clock of the experiment: ascending samples."""
        return self.data.clock.train(self.spikes_per_cluster[cluster_id])

    def times(self, cluster_id: int) -> NDArray[np.float64]:
        """The same in seconds: (n,) float64."""
        times: NDArray[np.float64] = self.data.spike_times[self.spikes(cluster_id)]
        return times

    def group(self, cluster_id: int) -> str:
        """Name of the group of a cluster."""
        return self.groups[cluster_id]

    def labels_of(self, cluster_id: int) -> dict[str, str]:
        """Labels of one cluster, by key."""
        return {key: of[cluster_id] for key, of in self.labels.items() if cluster_id in of}

    @cached_property
    def exported_spikes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids of all spikes of the exported clusters in the order of time, and their clusters."""
        ids = self.cluster_ids.tolist()
        if not ids:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        cluster_of = np.full(self.data.n_spikes, -1, np.int64)
        for cluster_id in ids:
            cluster_of[self.spikes_per_cluster[cluster_id]] = cluster_id
        spike_ids = self.data.clock.in_order(np.flatnonzero(cluster_of >= 0))
        return spike_ids, cluster_of[spike_ids]

    def mean_waveform(self, cluster_id: int) -> NDArray[np.float32] | None:
        """Mean waveform: (n_samples, n_channels) float32, in the shank's ``voltage_unit``.

        On large probes it is 0 far from the cluster. None where there is no raw data.
        """
        if self.data.waveforms is None:
            return None
        mean = self._shape(cluster_id)
        return None if mean is None else (mean * self.data.channel_gains).astype(np.float32)

    def template(self, cluster_id: int) -> NDArray[np.float32] | None:
        """What the sorter's templates tell of a cluster where there is no raw data.

        (n_samples, n_channels) float32, of no unit; None where there is raw data, or no template.
        """
        return None if self.data.waveforms is not None else self._shape(cluster_id)

    def _shape(self, cluster_id: int) -> NDArray[np.float32] | None:
        # Without raw data, statistics go by the templates of the sorter instead.
        stats = self.stats.get(cluster_id)
        return None if stats is None else stats.summary.mean_waveform

    def sd_waveform(
        self,
        cluster_id: int,
        channels: NDArray[np.int64] | None = None,
        n_spikes: int = N_SPIKES_SD,
    ) -> NDArray[np.float32] | None:
        """Standard deviation of a sample of the waveforms, as :meth:`mean_waveform`; reads them.

        Spikes that lie outside their recordings do not count; without any it is NaN.

        Parameters
        ----------
        cluster_id : int
        channels : (n,) int64, optional
            Places of the channels in the shank's order; by default all.
        n_spikes : int
            Spikes that are read at most.
        """
        waveforms = self.data.waveforms
        if waveforms is None:
            return None
        wanted = np.arange(self.data.n_channels) if channels is None else channels
        sample = sample_spikes(self.spikes_per_cluster[cluster_id], n_spikes)
        first, stop = int(wanted.min()), int(wanted.max()) + 1
        read = waveforms[sample, :, first:stop][:, :, wanted - first]
        inside = read[read.any(axis=(1, 2))].astype(np.float64)
        if not len(inside):
            return np.full(read.shape[1:], np.nan, np.float32)
        sd: NDArray[np.float64] = inside.std(axis=0) * self.data.channel_gains[wanted]
        return sd.astype(np.float32)


@dataclass(frozen=True)
class Edit:
    """One edit in words.

    Attributes
    ----------
    description : str
        Such as ``merged 4 and 9 into 27``.
    time : datetime or None
        When it was made.
    author : str
        Who made it; empty if that is not known.
    channel_group : int
    clustering : str
    """

    description: str
    time: datetime | None
    author: str
    channel_group: int
    clustering: str


@dataclass(frozen=True)
class Provenance:
    """Where an export comes from.

    Attributes
    ----------
    program, version : str
    date : datetime
        When it was asked for, in local time.
    user : str
    source : Path
        The dataset.
    format_name : str
        Of the dataset.
    """

    program: str
    version: str
    date: datetime
    user: str
    source: Path
    format_name: str

    def in_words(self) -> dict[str, str]:
        """All of it as text, for what holds pairs of words."""
        return {
            "program": self.program,
            "version": self.version,
            "date": self.date.isoformat(timespec="seconds"),
            "user": self.user,
            "source": plain(self.source),
            "format": self.format_name,
        }


@dataclass(frozen=True)
class Curation:
    """What is exported of a dataset.

    Attributes
    ----------
    dataset : Dataset
    shanks : tuple of ShankCuration
    updates : mapping of Key to tuple of Update
        The edits in effect of each clustering that is exported, oldest first, as far back as they
        are known.
    edited : mapping of Key to ClusteringState
        All clusterings that differ from what is stored, also those that are not exported.
    unsaved : bool
        Whether what is exported differs from what is stored.
    provenance : Provenance
    """

    dataset: Dataset
    shanks: tuple[ShankCuration, ...]
    updates: Mapping[Key, tuple[Update, ...]] = field(repr=False)
    edited: Mapping[Key, ClusteringState] = field(repr=False)
    unsaved: bool
    provenance: Provenance

    @property
    def path(self) -> Path:
        """The dataset's file or folder."""
        return self.dataset.path

    @property
    def history(self) -> tuple[Edit, ...]:
        """The edits in effect in words, oldest first, as far back as they are known."""
        user = self.provenance.user
        found = [
            Edit(update.description, update.time, user if update.time else "", *key)
            for key, updates in self.updates.items()
            for update in updates
        ]
        return tuple(sorted(found, key=lambda e: e.time.timestamp() if e.time else 0.0))
