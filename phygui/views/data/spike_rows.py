"""The spikes of the selected clusters as rows: what each is, and in which order they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import times_of
from phygui.views.core.loading import Cancel, check
from phygui.views.data.attributes import measured, ruler_in
from phygui.views.data.intervals import intervals_in

Column = Literal["spike", "time", "cluster", "amplitude", "interval"]


@dataclass(frozen=True, eq=False)
class SpikeRows:
    """The spikes of a selection, in the order of time, but for their amplitudes."""

    snapshot: Snapshot
    spike_ids: NDArray[np.int64]
    """(n,)"""
    places: NDArray[np.int32]
    """Index of each one's cluster in the selection, (n,)."""
    times: NDArray[np.float64]
    """Seconds, (n,)."""
    intervals: NDArray[np.float64]
    """Seconds since the spike before it of the same cluster and recording, (n,); NaN for none."""

    def __len__(self) -> int:
        return len(self.spike_ids)

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """The selected clusters: the place is the colour."""
        return self.snapshot.cluster_ids


def rows_of(snapshot: Snapshot, cancelled: Cancel) -> SpikeRows:
    """The spikes of the selected clusters; of a million in less than half a second."""
    shank = snapshot.shank
    spikes, times, intervals = [np.empty(0, np.int64)], [np.empty(0)], [np.empty(0)]
    for cluster_id in snapshot.cluster_ids:
        check(cancelled)
        own = snapshot.spikes(cluster_id)
        spikes.append(own)
        times.append(times_of(shank, own))
        intervals.append(intervals_in(snapshot, cluster_id))
    check(cancelled)
    places = np.repeat(
        np.arange(len(snapshot.cluster_ids), dtype=np.int32), [len(own) for own in spikes[1:]]
    )
    every = np.concatenate(times)
    order = np.argsort(every, kind="stable")
    return SpikeRows(
        snapshot,
        np.concatenate(spikes)[order],
        places[order],
        every[order],
        np.concatenate(intervals)[order],
    )


def amplitudes_at(rows: SpikeRows, at: NDArray[np.int64], cancelled: Cancel) -> NDArray[np.float32]:
    """Amplitudes of some of the rows, each measured as its cluster is: (n,) float32."""
    found = np.empty(len(at), np.float32)
    places = rows.places[at]
    for place in np.unique(places):
        check(cancelled)
        own = np.flatnonzero(places == place)
        ruler = ruler_in(rows.snapshot, rows.cluster_ids[place], cancelled)
        # In the order of the file.
        own = own[np.argsort(rows.spike_ids[at[own]], kind="stable")]
        found[own] = measured(rows.snapshot, rows.spike_ids[at[own]], ruler, cancelled)
    return found


def ordered(
    rows: SpikeRows,
    column: Column,
    descending: bool,
    amplitudes: NDArray[np.float32] | None,
) -> NDArray[np.int64]:
    """In which order rows stand that are sorted by a column; what has no value comes last.

    Parameters
    ----------
    rows : SpikeRows
    column : str
    descending : bool
    amplitudes : array of float32 (n,), optional
        Of all rows, to sort by them.

    Returns
    -------
    array of int64 (n,)
        Places of the rows in the order of time, which decides where two are alike.
    """
    ids = np.asarray(rows.cluster_ids, np.int64)
    if column == "time":
        order = np.arange(len(rows))
        return order[::-1] if descending else order
    values: NDArray[Any] = rows.spike_ids
    if column == "cluster":
        values = ids[rows.places]
    elif column == "interval":
        values = rows.intervals
    elif column == "amplitude":
        assert amplitudes is not None
        values = amplitudes
    found: NDArray[np.int64] = np.argsort(-values if descending else values, kind="stable")
    return found
