"""Clustering: every edit against a plain-Python oracle, and its bad arguments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.curation.edits.clustering import LARGEST_ID, Clustering
from phygui.curation.edits.update import EditError


def by_cluster(labels: list[int]) -> dict[int, list[int]]:
    """The naive meaning of a clustering."""
    clusters: dict[int, list[int]] = {}
    for spike, label in enumerate(labels):
        clusters.setdefault(label, []).append(spike)
    return clusters


def check(clustering: Clustering, labels: list[int]) -> None:
    assert clustering.spike_clusters.tolist() == labels
    expected = by_cluster(labels)
    assert clustering.cluster_ids.tolist() == sorted(expected)
    assert {c: s.tolist() for c, s in clustering.spikes_per_cluster.items()} == expected


@given(st.lists(st.one_of(st.integers(0, 6), st.integers(65_530, 65_540)), max_size=60))
def test_clusters_are_those_of_the_labels(labels):
    check(Clustering(np.array(labels, dtype=np.int64)), labels)


@st.composite
def edited(draw):
    """Labels, and a list of edits with random content."""
    labels = draw(st.lists(st.integers(0, 5), min_size=4, max_size=40))
    return labels, draw(st.lists(st.integers(0, 2**31), min_size=1, max_size=12))


@given(edited())
def test_edits_and_their_reversals_equal_the_oracle(case):
    labels, seeds = case
    clustering = Clustering(labels)
    used = set(labels)
    done = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        before = list(labels)
        ids = clustering.cluster_ids
        kind = rng.integers(3)
        try:
            if kind == 0 and len(ids) > 1:
                chosen = rng.choice(ids, size=rng.integers(2, len(ids) + 1), replace=False)
                update = clustering.merge(chosen)
                (new,) = update.added
                labels = [new if c in chosen else c for c in labels]
            elif kind == 1:
                spikes = np.flatnonzero(rng.random(len(labels)) < 0.4)
                update = clustering.split(spikes)
                if not update.is_empty:
                    labels = replaced(labels, dict.fromkeys(spikes.tolist(), 0), update.added)
            else:
                spikes = rng.permutation(len(labels))[: rng.integers(1, len(labels) + 1)]
                parts = rng.integers(0, 3, len(spikes))
                update = clustering.assign(spikes, parts)
                pairs = dict(zip(spikes.tolist(), parts.tolist(), strict=True))
                labels = replaced(labels, pairs, update.added)
        except EditError:
            check(clustering, before)
            continue
        if update.is_empty:
            check(clustering, before)
            labels = before
            continue
        clustering.apply(update)
        check(clustering, labels)
        assert not set(update.added) & used, "an id was used twice"
        used |= set(update.added)
        touched = {s for s, c in enumerate(before) if c in update.deleted}
        assert update.spike_ids.tolist() == sorted(touched)
        done.append((before, update))
    for before, update in reversed(done):
        clustering.apply(update.reversed("undo"))
        check(clustering, before)


def replaced(labels, part_of, new_ids):
    """Labels after the parts, then the rest of each touched cluster, got the new ids in order."""
    touched = sorted({labels[s] for s in part_of})
    names = [("part", p) for p in sorted(set(part_of.values()))]
    rests = [c for c in touched if any(x == c and s not in part_of for s, x in enumerate(labels))]
    names += [("rest", c) for c in rests]
    ids = dict(zip(names, new_ids, strict=True))
    return [
        ids["part", part_of[s]] if s in part_of else ids.get(("rest", c), c)
        for s, c in enumerate(labels)
    ]


def test_new_ids_stay_above_all_ever_used():
    clustering = Clustering([4, 9, 9, 4], largest_id=30)
    assert clustering.next_id == 31
    update = clustering.merge([4, 9])
    clustering.apply(update)
    clustering.apply(update.reversed("undo"))
    assert clustering.next_id == 32


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda c: c.merge([4]), "at least two"),
        (lambda c: c.merge([4, 4]), "at least two"),
        (lambda c: c.merge([4, 99]), "no cluster 99"),
        (lambda c: c.split([]), "no spikes"),
        (lambda c: c.split([0, 0]), "more than once"),
        (lambda c: c.split([7]), "no spike 7"),
        (lambda c: c.split([-1]), "no spike -1"),
        (lambda c: c.split([0.5]), "integers"),
        (lambda c: c.assign([0, 1], [1]), "2 spikes were given 1 labels"),
    ],
)
def test_impossible_edits_say_why_and_change_nothing(edit, words):
    clustering = Clustering([4, 9, 9, 4])
    with pytest.raises(EditError, match=words):
        edit(clustering)
    check(clustering, [4, 9, 9, 4])


def test_a_split_of_a_whole_cluster_is_empty():
    update = Clustering([4, 9, 9, 4]).split([0, 3])
    assert update.is_empty
    assert "all the spikes of cluster 4" in update.description


@pytest.mark.parametrize("labels", [[-1, 2], [LARGEST_ID + 1], [[1, 2]], [0.5]])
def test_impossible_labels_are_refused(labels):
    with pytest.raises(ValueError):
        Clustering(np.array(labels))


def test_the_public_view_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        Clustering([1, 2]).spike_clusters[0] = 3
