"""The kept matrix of similarities, held to one that is computed anew each time."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phygui import Session
from phygui.analysis import ClusterSummary, similarity
from phygui.curation.statistics import similarity_rows
from phygui.curation.statistics.similarity_rows import Matrix, Row


def number_of(summary: ClusterSummary) -> int:
    return summary.n_spikes


def asked(calls: list[int]):
    """A similarity that goes by which one is first, and counts the pairs."""

    def function(a, b):
        calls.append(len(a) * len(b))
        first, second = ([number_of(s) for s in of] for of in (a, b))
        return (7.0 * np.array(first)[:, None] + np.array(second)) % 1000 / 1000

    return function


def anew(function, clusters: dict[int, ClusterSummary]) -> np.ndarray:
    summaries = list(clusters.values())
    expected = np.array(function(summaries, summaries), np.float32)
    np.fill_diagonal(expected, 0)
    return expected


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_comes_and_goes_it_is_that_of_the_clusters_there(data) -> None:
    function = asked([])
    pieces = data.draw(st.sampled_from([1, 40, 1 << 16]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity_rows, "PAIRS", pieces)
        patch.setattr(similarity_rows, "SPARE", data.draw(st.integers(0, 5)))
        matrix, n_made = Matrix(), 10
        known = {c: ClusterSummary(c) for c in range(n_made)}
        clusters = dict(known)
        for _ in range(data.draw(st.integers(1, 12))):
            step = data.draw(st.sampled_from(["edit", "back", "better", "function", "order"]))
            ids = list(clusters)
            if step == "edit" and len(ids) > 1:
                # A merge or a split: some go, others come.
                for c in data.draw(st.lists(st.sampled_from(ids), max_size=4, unique=True)):
                    del clusters[c]
                for _ in range(data.draw(st.integers(1, 3))):
                    known[n_made] = clusters[n_made] = ClusterSummary(n_made)
                    n_made += 1
            elif step == "back":
                chosen = data.draw(st.lists(st.sampled_from(list(known)), unique=True, min_size=1))
                clusters = {c: known[c] for c in chosen}
            elif step == "better":
                c = data.draw(st.sampled_from(ids))
                known[c] = clusters[c] = ClusterSummary(c + 500)
            elif step == "function":
                function = asked([])
            else:
                clusters = dict(data.draw(st.permutations(list(clusters.items()))))
            stops = data.draw(st.booleans())
            if matrix.learn(clusters, function, lambda stops=stops: not stops):
                np.testing.assert_array_equal(matrix.between(clusters), anew(function, clusters))
                assert matrix.between(clusters) is matrix.between(dict(clusters))
            else:
                found, expected = matrix.between(clusters), anew(function, clusters)
                assert ((found == expected) | (found == 0)).all()


def test_an_edit_compares_its_own_clusters_only() -> None:
    calls: list[int] = []
    function = asked(calls)
    clusters = {c: ClusterSummary(c + 1) for c in range(300)}
    matrix = Matrix()
    matrix.learn(clusters, function)
    calls.clear()
    matrix.learn(clusters, function)
    assert not calls
    merged = {c: s for c, s in clusters.items() if c > 1} | {300: ClusterSummary(301)}
    matrix.learn(merged, function)
    assert sum(calls) <= 2 * 301
    calls.clear()
    matrix.learn(clusters, function)
    matrix.learn(merged, function)
    assert not calls


def test_it_stays_small_however_many_clusters_come_and_go() -> None:
    function, matrix = asked([]), Matrix()
    clusters = {c: ClusterSummary(c) for c in range(50)}
    for c in range(50, 800):
        del clusters[c - 50]
        clusters[c] = ClusterSummary(c)
        matrix.learn(clusters, function)
    assert matrix._values.nbytes <= 4 * (50 + similarity_rows.SPARE) ** 2
    assert len(matrix._rows) <= 50 + similarity_rows.SPARE


def test_a_row_takes_from_it_what_is_known() -> None:
    calls: list[int] = []
    function = asked(calls)
    clusters = {c: ClusterSummary(c + 1) for c in range(20)}
    matrix = Matrix()
    matrix.learn(clusters, function)
    row = Row(clusters[3], function)
    others = [(c, s) for c, s in clusters.items() if c != 3] + [(30, ClusterSummary(31))]
    row.learn(matrix.known(3, row, others))
    calls.clear()
    expected = function([clusters[3]], [s for _, s in others])[0]
    calls.clear()
    assert row.values(others) == pytest.approx(expected.tolist())
    assert calls == [1]
    assert not matrix.known(3, Row(ClusterSummary(4), function), others)
    assert not matrix.known(3, Row(clusters[3], similarity), others)


def test_several_threads_may_ask_at_once(monkeypatch) -> None:
    monkeypatch.setattr(similarity_rows, "PAIRS", 100)
    function, matrix = asked([]), Matrix()
    problems: list[BaseException] = []

    def ask(first: int) -> None:
        try:
            for start in range(first, 40, 4):
                clusters = {c: known[c] for c in range(start, start + 40)}
                matrix.learn(clusters, function)
                np.testing.assert_array_equal(matrix.between(clusters), anew(function, clusters))
        except BaseException as error:
            problems.append(error)

    known = {c: ClusterSummary(c) for c in range(80)}
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_the_table_of_matches_ranks_as_without_it(small) -> None:
    with Session.open(small, read_only=True) as plain, Session.open(small, journal=False) as kept:
        for session in (plain, kept):
            session.learn_stats()
        living = {c: kept.stats[c].summary for c in kept.cluster_ids.tolist()}
        kept.knowledge.matrix.learn(living, kept.measures.similarity)
        for cluster_id in living:
            expected, found = (s.knowledge.similar(cluster_id) for s in (plain, kept))
            assert dict(found) == pytest.approx(dict(expected), abs=1e-6)
