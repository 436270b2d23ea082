"""What views show of all clusters, against plain numpy."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from phygui.analysis.metrics import metrics
from phygui.curation.session import Session
from phygui.views.core.base import Cancelled
from phygui.views.data import cluster_values as facts
from phygui.views.data.cluster_values import (
    column,
    columns,
    is_awaited,
    known_stats,
    location_of,
    locations_of,
    stats_of,
    why_unknown,
)


def never() -> bool:
    return False


@pytest.fixture
def session(small):
    facts._cache.clear()
    with Session.open(small) as opened:
        yield opened


def test_columns(session):
    snapshot, model = session.snapshot(), session.model
    ids = [int(c) for c in session.cluster_ids[:5]]
    found = {name: column(snapshot, name, ids, never) for name in columns()}
    counts = np.array([np.sum(session.spike_clusters == c) for c in ids])
    np.testing.assert_array_equal(found["id"], ids)
    np.testing.assert_array_equal(found["number of spikes"], counts)
    np.testing.assert_allclose(found["firing rate"], counts / model.duration)
    for k, c in enumerate(ids):
        samples = model.spike_samples[session.spike_clusters == c].astype(int)
        assert found["violations"][k] == pytest.approx(
            100 * np.sum(np.diff(samples) < 40) / counts[k]
        )
        mean = model.waveforms[np.flatnonzero(session.spike_clusters == c)].mean(axis=0)
        expected = np.abs(mean).max() * model.voltage_gain
        assert found["amplitude"][k] == pytest.approx(expected, rel=1e-4)
    assert np.isfinite(found["depth"]).all()


def test_a_cluster_is_at_the_middle_of_its_large_channels(session):
    snapshot, model = session.snapshot(), session.model
    sizes_seen = 0
    for c in snapshot.spikes_per_cluster:
        ids = snapshot.spikes(c)
        sizes = np.abs(model.waveforms[ids].mean(axis=0)).max(axis=0).astype(float)
        weights = np.where(sizes >= sizes.max() / 2, sizes**2, 0)
        expected = (weights[:, None] * model.channel_positions).sum(axis=0) / weights.sum()
        found = location_of(snapshot, stats_of(snapshot, [c], never)[c])
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
        sizes_seen += 1
    assert sizes_seen > 3


def test_clusters_are_located_together_until_one_of_them_is_another(session, monkeypatch):
    snapshot = session.snapshot()
    stats = stats_of(snapshot, snapshot.spikes_per_cluster, never)
    expected = {c: location_of(snapshot, stats[c]) for c in stats}
    backwards = {c: stats[c] for c in reversed(stats)}
    with monkeypatch.context() as patch:
        first = locations_of(snapshot, stats)
        patch.setattr(facts, "location_of", None)
        for order in (stats, backwards):
            found = locations_of(snapshot, order)
            np.testing.assert_array_equal(found, [expected[c] for c in order])
        # What a view does with them is no matter of the others.
        found[:] = 0
        np.testing.assert_array_equal(locations_of(snapshot, stats), first)
    one, other = list(stats)[:2]
    changed = {**stats, one: replace(stats[one], summary=replace(stats[other].summary))}
    found = locations_of(snapshot, changed)
    assert tuple(found[0]) == expected[other]
    np.testing.assert_array_equal(found[1:], first[1:])
    assert locations_of(snapshot, {}).shape == (0, 2)


def counted(monkeypatch, then=lambda: None):
    """The clusters that are computed, one after the other; something may follow each."""
    computed, compute = [], facts.compute_stats

    def compute_one(snapshot, cluster_ids):
        found = compute(snapshot, cluster_ids)
        computed.extend(cluster_ids)
        then()
        return found

    monkeypatch.setattr(facts, "compute_stats", compute_one)
    return computed


def test_an_edit_computes_only_what_it_touched(session, monkeypatch):
    computed = counted(monkeypatch)
    first = session.snapshot()
    stats_of(first, first.spikes_per_cluster, never)
    assert sorted(computed) == sorted(first.spikes_per_cluster)
    a, b = (int(c) for c in session.cluster_ids[:2])
    added = session.merge([a, b]).added
    second = session.snapshot()
    del computed[:]
    stats_of(second, second.spikes_per_cluster, never)
    assert tuple(computed) == added


def test_views_that_open_together_compute_no_cluster_twice(session, monkeypatch):
    snapshot = session.snapshot()
    computed = counted(monkeypatch, then=lambda: time.sleep(0.01))
    ids = sorted(snapshot.spikes_per_cluster)
    with ThreadPoolExecutor(3) as views:
        asked = [views.submit(known_stats, snapshot, ids, never) for _ in range(3)]
        found = [one.result() for one in asked]
    assert sorted(computed) == ids
    assert all(list(of) == ids for of in found)


def test_what_comes_in_meanwhile_is_not_computed_for_a_view_too(session, monkeypatch):
    monkeypatch.setattr(facts, "FEW", 2)
    live = {}
    snapshot = replace(session.snapshot(), stats=live, cluster_ids=())
    first, *rest = sorted(snapshot.spikes_per_cluster)
    some = stats_of(snapshot, [rest[-1]], never)[rest[-1]]
    facts._cache.clear()
    computed = counted(monkeypatch, then=lambda: live.update({rest[-1]: some}))
    assert list(known_stats(snapshot, [first, *rest], never)) == [first, rest[-1]]
    assert computed == [first]


def test_cancelled(session):
    with pytest.raises(Cancelled):
        stats_of(session.snapshot(), [int(session.cluster_ids[0])], lambda: True)


def test_every_metric_is_offered_and_shown_as_the_session_knows_it(session):
    ids = [int(c) for c in session.cluster_ids]
    isolation = column(session.snapshot(), "isolation distance", ids, never)
    assert is_awaited("isolation distance")
    assert np.isnan(isolation).all()
    assert (
        why_unknown(session.snapshot(), "isolation distance", ids) == "it has not been computed yet"
    )
    before = column(session.snapshot(), "violations", ids, never)
    session.learn_all()
    snapshot = session.snapshot()
    for spec in metrics():
        expected = [spec.scale * session.metrics[c][spec.name].value for c in ids]
        np.testing.assert_array_equal(column(snapshot, spec.label, ids, never), expected)
    np.testing.assert_array_equal(column(snapshot, "violations", ids, never), before)
