"""Merge suggestions: what is found, what an edit costs, what is turned down, what is previewed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import merge_score, violation_rate
from phygui.curation.statistics.preview import MERGED, merged_snapshot, preview
from phygui.curation.statistics.stats import QualitySource
from phygui.curation.suggestions.merging import listed, merges
from phygui.curation.suggestions.merging.listed import LEAST_SCORE, list_pairs
from phygui.curation.suggestions.merging.merges import Found, Suggestions
from phygui.simulate import make_demo

HOWS = ("amplitude", "drift", "position")


@pytest.fixture(scope="module")
def oversplit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[frozenset[int]]]:
    """A demo some of whose units were cut in two, and these pairs."""
    folder = tmp_path_factory.mktemp("oversplit")
    demo = make_demo(folder, n_spikes=12_000, n_clusters=20, duration=60.0, oversplit=HOWS, seed=3)
    return demo.kwik_path, {frozenset((a, b)) for a, b, _ in demo.truth[0].siblings}


@pytest.fixture
def session(oversplit: tuple[Path, Any]):
    with Session.open(oversplit[0], read_only=True) as opened:
        yield opened


@pytest.fixture
def editable(oversplit: tuple[Path, Any]):
    with Session.open(oversplit[0], journal=False) as opened:
        yield opened


def pairs(session: Session, **options: Any) -> list[frozenset[int]]:
    return [frozenset(s.clusters) for s in session.suggestions.ranked(**options)]


def test_the_halves_of_units_are_suggested_first(session: Session, oversplit) -> None:
    siblings = oversplit[1]
    session.suggest_all()
    assert set(pairs(session)[: len(siblings)]) == siblings
    for suggestion in session.suggestions.ranked():
        evidence = suggestion.evidence
        parts = (evidence.similarity, evidence.refractoriness, evidence.continuity)
        assert evidence.score == pytest.approx(
            merge_score(*parts, overlap=evidence.overlap, size_ratio=evidence.size_ratio).score
        )
        assert evidence.score >= LEAST_SCORE
        a, b = (len(session.spikes_per_cluster[c]) for c in suggestion.clusters)
        assert a >= b
    assert session.suggestions.progress() == (len(session.cluster_ids),) * 2


def later(fresh: Suggestions, session: Session) -> Any:
    """What is looked at once all pairs are scored."""
    snapshot = session.snapshot()
    return fresh.join_job(snapshot) or fresh.isolation_job(snapshot)


def test_an_edit_leaves_only_the_clusters_that_it_makes_to_do(editable: Session) -> None:
    session = editable
    session.suggest_all()
    before = session.suggestions.ranked()
    first = before[0].clusters[0]
    # Halves that are like each other: there is something to find.
    update = session.split(session.spikes_per_cluster[first][::2])
    assert session.suggestions.missing() == list(update.added)
    assert all(first not in s.clusters for s in session.suggestions.ranked())
    known = dict(session.suggestions.active._scores)
    session.suggest_all()
    new = set(session.suggestions.active._scores) - set(known)
    assert new
    assert all(set(update.added) & set(pair) for pair in new)
    # The same as if everything had been looked at anew.
    fresh = Suggestions(session.workspace.active.clustering, session.knowledge)
    while job := fresh.job(session.snapshot()) or later(fresh, session):
        fresh.add(job(lambda: False))
    mine = {s.clusters: s.evidence for s in session.suggestions.ranked()}
    anew = {s.clusters: s.evidence for s in fresh.ranked()}
    assert set(anew) <= set(mine)
    assert all(mine[pair] == anew[pair] for pair in anew)
    # An undo brings back what was suggested, with nothing to compute.
    session.undo()
    assert session.suggestions.job() is None
    assert session.suggestions.ranked() == before


def find_pairs(session: Session) -> None:
    """Look for suggestions without the metrics, which they do not need."""
    session.learn_stats()
    while job := session.suggestions.job():
        session.suggestions.add(job(lambda: False))


@pytest.mark.parametrize(("score", "is_listed"), [(0.35, True), (0.25, False)])
def test_a_pair_that_contradicts_none_need_not_be_likelier_than_not(
    session: Session, score: float, is_listed: bool
) -> None:
    session.learn_stats()
    fresh = Suggestions(session.workspace.active.clustering, session.knowledge)
    assert fresh.job(session.snapshot()) is not None
    a, b = sorted(session.cluster_ids[:2].tolist())
    evidence = merge_score(0.5, 0.5, 0.5)._replace(score=score)
    fresh.add(Found(fresh, {}, {(a, b): evidence}, fresh._basis))
    assert bool(fresh.ranked()) == is_listed


@pytest.mark.slow
def test_what_is_turned_down_stays_so_for_later_sessions(tmp_path: Path, oversplit) -> None:
    import shutil

    for source in oversplit[0].parent.iterdir():
        if source.is_file():
            shutil.copyfile(source, tmp_path / source.name)
    path = tmp_path / oversplit[0].name
    heard: list[int] = []
    with Session.open(path) as session:
        find_pairs(session)
        first, second = pairs(session)[:2]
        session.suggestions_changed.connect(lambda: heard.append(1))
        session.reject(first)
        assert heard
        assert first not in pairs(session)
        assert not session.is_modified
        shown = session.suggestions.ranked(rejected=True)[0]
        assert (frozenset(shown.clusters), shown.is_rejected) == (first, True)
    with Session.open(path, read_only=True) as session:
        find_pairs(session)
        assert pairs(session)[0] == second
        session.reject(first, rejected=False)
        assert pairs(session)[0] == first
    with Session.open(path) as session:
        find_pairs(session)
        assert pairs(session)[0] == second
        session.reject(first, rejected=False)
    with Session.open(path) as session:
        find_pairs(session)
        assert pairs(session)[0] == first
    (path.with_suffix(".phygui") / "rejected-0.json").write_text('{"pairs": [[1]]}')
    with Session.open(path) as session:
        find_pairs(session)
        assert pairs(session)[0] == first


def test_pairs_tell_how_isolated_they_would_be_as_one(session: Session) -> None:
    session.learn_stats()
    session.suggest_all()
    for suggestion in session.suggestions.ranked():
        job = session.statistics.preview_job(suggestion.clusters)
        of = job(lambda: False).metrics
        before, after = suggestion.evidence.isolation
        assert before == of[0]["isolation_distance"].value
        assert after == pytest.approx(of[-1]["isolation_distance"].value, rel=1e-6)
        assert "isolation would" in suggestion.evidence.in_words()
    assert session.suggestions.job() is None


def test_what_would_cost_a_cluster_its_isolation_is_not_suggested(session: Session) -> None:
    session.suggest_all()
    first, *others = session.suggestions.ranked()
    active, (a, b) = session.suggestions.active, sorted(first.clusters)
    found = Found(active, {}, {}, active._basis, isolation={(a, b): (900.0, 12.0)})
    session.suggestions.add(found)
    assert session.suggestions.ranked() == others


def test_skipped_clusters_are_not_suggested(editable: Session) -> None:
    editable.suggest_all()
    a, _ = editable.suggestions.ranked()[0].clusters
    editable.move([a], "noise")
    wizard = editable.wizard
    assert all(a not in s.clusters for s in editable.suggestions.ranked(wizard.skips))
    wizard.skip_noise_and_mua = False
    assert a in editable.suggestions.ranked(wizard.skips)[0].clusters


def test_a_cancelled_search_goes_on_where_it_was(session: Session) -> None:
    session.learn_all()
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > 3

    job = session.suggestions.job()
    assert job is not None
    session.suggestions.add(job(cancelled))
    assert session.suggestions.missing()
    session.suggest_all()
    with_cancel = session.suggestions.ranked()
    fresh = Suggestions(session.workspace.active.clustering, session.knowledge)
    while again := fresh.job(session.snapshot()) or later(fresh, session):
        fresh.add(again(lambda: False))
    assert fresh.ranked() == with_cancel


def test_only_the_kwik_suggests_nothing(small: Path) -> None:
    for other in small.parent.glob("*.[dk]*"):
        if other.suffix in (".dat", ".kwx"):
            other.unlink()
    with Session.open(small) as session:
        session.suggest_all()
        assert session.suggestions.ranked() == []


@pytest.mark.parametrize("features", [True, False])
def test_the_preview_is_what_the_merge_makes(editable: Session, features: bool) -> None:
    session = editable
    if not features:
        session.model._features = None
    session.suggest_all() if features else session.learn_all()
    clusters = (int(session.cluster_ids[0]), int(session.cluster_ids[1]))
    if features:
        clusters = session.suggestions.ranked()[0].clusters
    before = session.spike_clusters.copy()
    snapshot = session.snapshot()
    shown = preview(snapshot, clusters, QualitySource(session.shank))
    assert shown is not None
    assert np.array_equal(session.spike_clusters, before)
    assert MERGED not in snapshot.spikes_per_cluster
    parts = [snapshot.spikes(c) for c in clusters]
    merged = merged_snapshot(snapshot, clusters).spikes(MERGED)
    assert np.array_equal(merged, np.union1d(*parts))
    assert shown.n_spikes == (len(parts[0]), len(parts[1]), len(merged))

    update = session.merge(clusters)
    session.learn_all()
    made = update.added[0]
    assert np.array_equal(session.spikes_per_cluster[made], merged)
    for name, metric in session.metrics[made].items():
        assert shown.metrics[2][name].reason == metric.reason
        assert shown.metrics[2][name].value == pytest.approx(metric.value, nan_ok=True)
    expected = violation_rate(
        session.model.spike_samples[merged].astype(np.int64), session.model.sample_rate
    )
    assert shown.metrics[2]["violation_rate"] == expected
    stats = session.stats[made]
    assert shown.channels[0] == stats.best_channel
    assert shown.shapes is not None
    assert shown.is_waveform
    assert np.abs(shown.shapes[2][:, 0]).max() == pytest.approx(stats.amplitude, rel=1e-5)
    # Pairs of the merged train within the window are those of its parts, and across.
    sizes = np.array([len(parts[0]), len(parts[1]), len(merged), len(parts[0])])
    counts = np.rint(shown.rates * sizes[:, None] * (shown.lags[1] - shown.lags[0]) / 1000)
    middle = len(shown.lags) // 2
    together = counts[0] + counts[1] + counts[3] + counts[3][::-1]
    np.testing.assert_allclose(shown.lags, -shown.lags[::-1])
    # Spikes of two parts at the very same time are on one side of the cross-correlogram only.
    away = np.abs(np.arange(len(shown.lags)) - middle + 0.5) > 1
    assert np.array_equal(together[away], counts[2][away])
    assert shown.amplitudes is not None
    assert [len(a) for a in shown.amplitudes] == [len(t) for t in shown.times]
    # The same amplitude, in the same unit, as in the table.
    assert shown.amplitude_unit == shown.voltage_unit == "µV"
    assert all(len(t) == len(p) for t, p in zip(shown.times, parts, strict=True))
    assert np.mean(np.concatenate(shown.amplitudes)) == pytest.approx(stats.amplitude, rel=1e-3)
    assert preview(session.snapshot(), (made, int(session.cluster_ids[2])),
                   QualitySource(session.shank), cancelled=lambda: True) is None  # fmt: skip


def test_a_search_makes_the_list_in_the_worker_and_once_for_many_joins(
    editable: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = editable
    largest = sorted(session.spikes_per_cluster.values(), key=len)[-6:]
    for spikes in largest:
        for part in range(4):
            session.split(spikes[part::5])
    session.learn_stats()
    active = session.suggestions.active
    while job := active.job(session.snapshot()):
        active.add(job(lambda: False))
    made = []
    monkeypatch.setattr(merges, "list_pairs", lambda *a: made.append(list_pairs(*a)) or made[-1])
    monkeypatch.setattr(merges, "N_JOINS", 2)
    monkeypatch.setattr(listed, "N_ROUND", 6)
    n_joins = n_pieces = 0
    while True:
        n_before = len(made)
        job = active.join_job(session.snapshot())
        shown = active.ranked() if made else []
        assert len(made) == n_before
        if job is None:
            break
        found = job(lambda: False)
        active.add(found)
        n_pieces, n_joins = n_pieces + 1, n_joins + len(found.joins)
        if found.listed is None:
            assert shown == active.ranked()
    assert n_joins > 6
    assert len(made) <= n_joins // 6 + 3 < n_pieces
    # And it is what all that is known by now makes of it.
    assert [s.clusters for s in active.ranked()] == [
        s.clusters for s in _made_anew(session, active).ranked()
    ]


def _made_anew(session: Session, known: Suggestions) -> Suggestions:
    """The same evidence, told at once."""
    fresh = Suggestions(session.workspace.active.clustering, session.knowledge)
    assert fresh.job(session.snapshot()) is not None
    fresh.add(Found(fresh, known._reach, known._scores, fresh._basis, joins=known._joins))
    return fresh
