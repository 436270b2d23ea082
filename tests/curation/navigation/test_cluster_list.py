"""Filter and order of the list of clusters, and the walk that keeps to it; without a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from phygui.curation.navigation.row_filter import FilterError
from phygui.curation.session import Session


def n_spikes(session: Session, cluster_id: int) -> int:
    return len(session.spikes_per_cluster[cluster_id])


def test_clusters_stand_in_the_order_of_the_quality_at_first(session: Session) -> None:
    session.learn_all()
    clusters = session.navigation.clusters
    assert clusters.order == [("quality", False), ("id", True)]
    qualities = [session.knowledge.quality(c) for c in clusters.cluster_ids()]
    assert qualities == sorted(qualities, reverse=True)
    assert set(clusters.cluster_ids()) == set(session.spikes_per_cluster)


def test_a_filter_keeps_what_passes_and_the_walk_meets_nothing_else(session: Session) -> None:
    session.learn_all()
    clusters, told = session.navigation.clusters, []
    clusters.filtered.connect(lambda: told.append(clusters.filter))
    middle = int(np.median([n_spikes(session, c) for c in session.spikes_per_cluster]))
    clusters.set_filter(f"n_spikes > {middle}")
    wanted = {c for c in session.spikes_per_cluster if n_spikes(session, c) > middle}
    assert told == [f"n_spikes > {middle}"]
    assert set(clusters.cluster_ids()) == wanted
    assert 0 < len(wanted) < len(session.spikes_per_cluster)
    session.navigation.wizard.skip_noise_and_mua = False
    met = []
    session.first_best()
    while session.selection.best[0] not in met:
        met.append(session.selection.best[0])
        session.next_best()
    assert set(met) == wanted
    # A heading is a name too.
    clusters.set_filter(f"spikes > {middle}")
    assert set(clusters.cluster_ids()) == wanted


def test_a_filter_that_makes_no_sense_leaves_the_old_one(session: Session) -> None:
    clusters = session.navigation.clusters
    clusters.set_filter("n_spikes > 0")
    for wrong, hint in (("n_spike > 0", "did you mean n_spikes"), ("group > 3", "compared")):
        with pytest.raises(FilterError, match=hint):
            clusters.set_filter(wrong)
        assert clusters.filter == "n_spikes > 0"
        assert set(clusters.cluster_ids()) == set(session.spikes_per_cluster)


def test_columns_sorted_by_before_break_ties(session: Session) -> None:
    clusters, told = session.navigation.clusters, []
    clusters.ordered.connect(lambda: told.append(clusters.order))
    some = sorted(session.spikes_per_cluster)[::2]
    session.move(some, "good")
    clusters.sort_by("n_spikes", False)
    clusters.sort_by("group", True)
    assert clusters.order[:2] == [("group", True), ("n_spikes", False)]
    assert told[-1] == clusters.order
    expected = sorted(
        session.spikes_per_cluster,
        key=lambda c: (session.group_of(c), -n_spikes(session, c)),
    )
    assert [(session.group_of(c), n_spikes(session, c)) for c in clusters.cluster_ids()] == [
        (session.group_of(c), n_spikes(session, c)) for c in expected
    ]
    with pytest.raises(KeyError):
        clusters.sort_by("nothing", True)


def test_labels_are_columns_as_long_as_any_cluster_has_one(session: Session) -> None:
    clusters, first = session.navigation.clusters, min(session.spikes_per_cluster)
    with pytest.raises(FilterError, match="no column region"):
        clusters.set_filter('region == "CA1"')
    session.label([first], "region", "CA1")
    clusters.set_filter('region == "CA1"')
    assert clusters.cluster_ids() == [first]
    # A label that a cluster lacks is empty text.
    others = set(session.spikes_per_cluster) - {first}
    for text in ('region == ""', 'region != "CA1"', 'not "CA" in region', "not region"):
        clusters.set_filter(text)
        assert set(clusters.cluster_ids()) == others
    clusters.set_filter('"" in region')
    assert set(clusters.cluster_ids()) == {first, *others}
    clusters.set_filter('region == ""')
    assert not clusters.unknown_in_filter(others)
    clusters.sort_by("region", True)
    clusters.set_filter("")
    assert clusters.cluster_ids()[0] == first
    session.undo()
    clusters.keep_labels(c.title for c in clusters.label_columns())
    assert clusters.order == [("quality", False), ("id", True)]


def test_another_clustering_is_walked_with_the_same_filter(session: Session) -> None:
    session.learn_all()
    first = min(session.spikes_per_cluster)
    session.navigation.clusters.set_filter(f"id == {first}")
    session.copy_clustering("other")
    session.switch(clustering="other")
    session.navigation.wizard.skip_noise_and_mua = False
    session.last_best()
    assert session.selection.best == (first,)


@pytest.mark.parametrize(
    "order",
    [
        [("depth", True), ("n_spikes", False)],
        [("amplitude", False)],
        [("group", True), ("id", False)],
        [("region", False), ("quality", True)],
    ],
)
def test_the_walk_goes_down_the_lists_as_they_stand(session: Session, order: list[Any]) -> None:
    session.learn_all()
    navigation, ids = session.navigation, sorted(session.spikes_per_cluster)
    navigation.wizard.skip_noise_and_mua = False
    session.move(ids[1::3], "good")
    session.label(ids[2:5], "region", "CA1")
    navigation.clusters.set_order(order)
    navigation.clusters.set_filter("n_spikes > 0 and id != 2")
    navigation.matches.set_order([("n_spikes", True)])
    session.first_best()
    met = []
    while session.selection.best[0] not in met:
        met.append(session.selection.best[0])
        candidates = navigation.matches.cluster_ids()
        candidates.remove(met[-1])
        assert candidates == sorted(candidates, key=lambda c: (n_spikes(session, c), c))
        assert session.selection.match == (candidates[0],)
        session.next_match()
        assert session.selection.match == (candidates[1],)
        session.next_best()
    assert met == navigation.clusters.cluster_ids()
    session.last_best()
    assert session.selection.best == (met[-1],)
    # A move that changes where the cluster stands goes on from where it stood.
    session.first_best()
    undecided = [c for c in met if session.group_of(c) == "unsorted"]
    session.select([undecided[1]])
    session.move([undecided[1]], "noise")
    assert session.selection.best == (undecided[2],)


def test_as_long_as_nothing_is_known_clusters_stand_by_their_spikes(session: Session) -> None:
    clusters = session.navigation.clusters
    session.knowledge.stats.clear()
    by_size = sorted(session.spikes_per_cluster, key=lambda c: (-n_spikes(session, c), c))
    for ascending in (False, True):
        clusters.set_order([("quality", ascending), ("id", True)])
        assert clusters.cluster_ids() == session.wizard.best_queue() == by_size
