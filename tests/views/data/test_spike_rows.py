"""The rows of the spike list: against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.core.base import Cancelled
from phygui.views.data.attributes import amplitudes
from phygui.views.data.spike_rows import amplitudes_at, ordered, rows_of


def never():
    return False


@pytest.fixture
def snapshot(small_model, snapshot_of):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    return snapshot_of(small_model, [int(c) for c in ids[np.argsort(-counts)][:3]])


def test_rows_are_the_spikes_of_the_selection_in_the_order_of_time(small_model, snapshot):
    rows = rows_of(snapshot, never)
    clusters = np.asarray(small_model.spike_clusters)
    wanted = np.flatnonzero(np.isin(clusters, snapshot.cluster_ids))
    assert sorted(rows.spike_ids.tolist()) == wanted.tolist()
    assert np.all(np.diff(rows.times) >= 0)
    np.testing.assert_array_equal(rows.times, small_model.spike_times[rows.spike_ids])
    ids = np.array(rows.cluster_ids)[rows.places]
    np.testing.assert_array_equal(ids, clusters[rows.spike_ids])
    for place in range(3):
        own = rows.places == place
        since = rows.intervals[own]
        assert np.isnan(since[0])
        np.testing.assert_allclose(since[1:], np.diff(rows.times[own]))


def test_no_interval_spans_a_border_and_spikes_out_of_order_are_put_in_order(snapshot):
    class Shank:
        sample_rate = 10.0
        n_located = 0
        spike_samples = np.array([50, 10, 20, 70])
        spike_recordings = np.array([1, 0, 0, 1])

    from dataclasses import replace

    own = np.arange(4)
    other = replace(
        snapshot,
        shank=Shank(),
        cluster_ids=(7,),
        spikes_per_cluster={7: own},
        spike_clusters=np.full(4, 7, np.int32),
    )
    rows = rows_of(other, never)
    assert rows.spike_ids.tolist() == [1, 2, 0, 3]
    np.testing.assert_allclose(rows.intervals, [np.nan, 1, np.nan, 2])


@pytest.mark.parametrize("column", ["time", "cluster", "spike", "interval", "amplitude"])
def test_order(snapshot, column):
    rows = rows_of(snapshot, never)
    every = np.arange(len(rows))
    sizes = amplitudes_at(rows, every, never)
    np.testing.assert_allclose(sizes, amplitudes(snapshot, rows.spike_ids, never))
    values = {
        "time": rows.times,
        "cluster": np.array(rows.cluster_ids)[rows.places],
        "spike": rows.spike_ids,
        "interval": rows.intervals,
        "amplitude": sizes,
    }[column]
    for sign, descending in ((1, False), (-1, True)):
        order = ordered(rows, column, descending, sizes)
        assert np.sort(order).tolist() == every.tolist()
        found = values[order]
        known = found[np.isfinite(found)]
        assert np.all(sign * np.diff(known) >= 0)
        assert np.isfinite(found[: len(known)]).all()


def test_cancelling(snapshot):
    with pytest.raises(Cancelled):
        rows_of(snapshot, lambda: True)
