"""The quality of clusters in a session: it grows with what is known, and follows edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from phygui import Session
from phygui.analysis import Metric
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.curation.statistics.stats import UNKNOWN_QUALITY, default_quality
from phygui.simulate import make_demo


@pytest.fixture(scope="module")
def oversplit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[int, int]]:
    """A demo of which units were cut in two, and the parts of one of them."""
    folder = tmp_path_factory.mktemp("oversplit")
    demo = make_demo(
        folder, n_spikes=8_000, n_clusters=12, duration=60.0, oversplit=("drift",), seed=3
    )
    [(a, b, _)] = demo.truth[0].siblings
    return demo.kwik_path, (a, b)


@pytest.fixture
def session(oversplit: tuple[Path, tuple[int, int]]):
    with Session.open(oversplit[0], journal=False) as opened:
        yield opened


@pytest.mark.slow
def test_it_is_unknown_then_by_the_metrics_then_by_the_partners_too(session, oversplit) -> None:
    a, b = oversplit[1]
    sizes = {c: len(of) for c, of in session.spikes_per_cluster.items()}
    assert session.quality(a) is None
    assert session.wizard.best_queue() == sorted(sizes, key=lambda c: (-sizes[c], c))
    session.learn_stats()
    assert session.quality(a) is None
    session.learn_all()
    alone = session.quality(a)
    assert 0 < alone.value <= 1
    assert "still looked for" in alone.in_words()
    session.suggest_all()
    found = session.quality(a)
    completeness = next(part for part in found.parts if part.name == "completeness")
    assert completeness.value == pytest.approx(sizes[a] / (sizes[a] + sizes[b]), abs=0.1)
    assert str(b) in completeness.words
    assert found.value < alone.value
    assert session.knowledge.quality(a) == found.value


def test_all_clusters_are_ranked_before_any_has_all_its_metrics(session) -> None:
    session.learn_stats()
    while job := session.statistics.job():
        if any("l_ratio" in of for of in session.metrics.values()):
            break
        session.statistics.add(job(lambda: False))
    assert all(session.quality(int(c)) is not None for c in session.cluster_ids)


def test_a_merge_changes_what_it_touches_and_undo_brings_all_back(session, oversplit) -> None:
    session.suggest_all()
    living = session.cluster_ids.tolist()
    before = {c: session.quality(c) for c in living}
    told: list[int] = []
    session.stats_changed.connect(told.extend)
    parts = oversplit[1]
    merged = session.merge(parts).added[0]
    # What the larger part is like, until more is known: without a partner that is missing.
    assert session.quality(merged).value > max(before[c].value for c in parts)
    session.suggest_all()
    assert merged in told
    after = session.quality(merged)
    assert next(p.value for p in after.parts if p.name == "completeness") > 0.9
    touched = session.knowledge.partners.beside(parts)
    for c in set(living).difference(parts, touched):
        # Nothing of it was computed again.
        assert session.quality(c) is before[c]
    session.undo()
    assert {c: session.quality(c) for c in living} == before


@pytest.mark.slow
def test_what_an_undo_makes_of_the_others_is_told(session, oversplit) -> None:
    session.suggest_all()
    a, b = oversplit[1]
    session.split(session.spikes_per_cluster[a][::2])
    session.suggest_all()
    apart, told = session.quality(b), []
    session.stats_changed.connect(told.extend)
    # All that comes back is known already: nothing is computed that could tell.
    session.undo()
    assert session.statistics.job() is None
    assert session.quality(b) != apart
    assert b in told


def test_a_pair_that_is_rejected_is_no_partner(session, oversplit) -> None:
    session.suggest_all()
    a, b = oversplit[1]
    before, told = session.quality(a), []
    session.stats_changed.connect(told.extend)
    session.reject((a, b))
    assert session.quality(a).value > before.value
    assert {a, b} <= set(told)
    session.reject((a, b), rejected=False)
    assert session.quality(a) == before


@pytest.mark.slow
def test_after_a_merge_the_walk_goes_by_the_list_that_is_shown(session, oversplit) -> None:
    session.suggest_all()
    queue = session.wizard.best_queue()
    session.select([next(c for c in queue if c in oversplit[1])])
    first = session.selected[0]
    merged = session.merge(oversplit[1]).added[0]
    session.suggest_all()
    shown = session.navigation.clusters.cluster_ids()
    assert session.wizard.best_queue() == shown
    assert shown.index(merged) < queue.index(first)
    session.next_best()
    assert session.selected[0] == shown[shown.index(merged) + 1]


def test_by_metrics_alone_it_is_between_0_and_1_and_below_where_none_is_known() -> None:
    assert default_quality(ClusterStats(), {}) == UNKNOWN_QUALITY < 0
    assert default_quality(ClusterStats(), {"purity": Metric(0.9)}) == pytest.approx(0.9)
