"""All that is known of the exported clusters as one table, for formats that hold tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.navigation.columns import label_columns
from phygui.exports.curation import Curation, ShankCuration
from phygui.exports.spec import ExportOption
from phygui.exports.work import Work

SPIKES = ExportOption(
    "spikes", "One row a spike", "A table of the spikes instead of one of the clusters."
)
SPIKES_AT_ONCE = 100_000
"""Rows of spikes that are handed on together."""


@dataclass(frozen=True)
class TableColumn:
    """A column: its name, the unit and meaning of its values, and these."""

    name: str
    unit: str
    help: str
    kind: type
    """int, float or str."""
    values: list[Any]
    """One a row; None where a value is not known."""

    @property
    def heading(self) -> str:
        """Name and unit, as ``amplitude (µV)``."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


def cluster_table(curation: Curation) -> list[TableColumn]:
    """One row a cluster, shank by shank.

    The first columns are ``channel_group``, ``cluster``, ``group`` and ``clustering``; then come
    the columns of the cluster table, and one for each key of labels.
    """
    rows = [(shank, c) for shank in curation.shanks for c in shank.cluster_ids.tolist()]
    found = [
        TableColumn("channel_group", "", "shank", int, [s.channel_group for s, _ in rows]),
        TableColumn("cluster", "", "cluster id", int, [c for _, c in rows]),
        TableColumn("group", "", "cluster group", str, [s.group(c) for s, c in rows]),
        TableColumn("clustering", "", "clustering", str, [s.clustering for s, _ in rows]),
    ]
    columns = {name: column for shank in curation.shanks for name, column in shank.columns.items()}
    for name, column in columns.items():
        known = [s.columns[name].values.get(c) if name in s.columns else None for s, c in rows]
        kind = int if column.dtype.kind == "i" else float
        values = [None if value is None else kind(value) for value in known]
        found.append(TableColumn(name, column.unit, column.help, kind, values))
    taken = {column.name for column in found}
    keys = dict.fromkeys(key for shank in curation.shanks for key in shank.labels)
    for key, listed in zip(keys, label_columns(keys), strict=True):
        name = f"label_{listed.name}" if listed.name in taken else listed.name
        labels = [s.labels.get(key, {}).get(c) for s, c in rows]
        found.append(TableColumn(name, "", f"label {key}", str, labels))
    return found


def spike_table(curation: Curation, work: Work) -> Iterator[list[TableColumn]]:
    """One row a spike of the exported clusters, in pieces: shank by shank, in the order of time."""
    n, n_done = max(sum(shank.n_spikes for shank in curation.shanks), 1), 0
    for shank in curation.shanks:
        spike_ids, clusters = shank.exported_spikes
        # Where there are no spikes, one piece without any: a table has its headings all the same.
        for start in range(0, max(len(spike_ids), 1), SPIKES_AT_ONCE):
            work.step(n_done / n, "spikes")
            stop = start + SPIKES_AT_ONCE
            n_done += len(spike_ids[start:stop])
            yield _spike_columns(shank, spike_ids[start:stop], clusters[start:stop].tolist())


def _spike_columns(
    shank: ShankCuration, some: NDArray[np.int64], clusters: list[int]
) -> list[TableColumn]:
    data, n = shank.data, len(some)
    recordings = data.spike_recordings[some].tolist()
    return [
        TableColumn("time", "s", "time of the spike", float, data.spike_times[some].tolist()),
        TableColumn("sample", "", "the same in samples", int, data.spike_samples[some].tolist()),
        TableColumn("cluster", "", "cluster id", int, clusters),
        TableColumn("group", "", "cluster group", str, [shank.group(c) for c in clusters]),
        TableColumn("channel_group", "", "shank", int, [shank.channel_group] * n),
        TableColumn("recording", "", "number of its recording, from 0", int, recordings),
        TableColumn("spike", "", "its number in the dataset, from 0", int, some.tolist()),
    ]
