"""A script's own quality and similarity rank the best queue and the matches."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import waveform_similarity
from phygui.curation import (
    RankingSpec,
    choose_ranking,
    rankings,
    register_quality,
    register_ranking,
    register_similarity,
)


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    register_quality(None)
    register_similarity(None)


def test_own_functions_rank_sessions_opened_later(small: Path) -> None:
    with Session.open(small, journal=False) as usual:
        usual.learn_all()
        usual.first_best()
        usual_best, usual_ranking = usual.selected[0], [c for c, _ in usual.similar()]

    register_quality(lambda stats, metrics: -stats.size)
    register_similarity(lambda a, b: np.full((len(a), len(b)), 0.25))
    with Session.open(small, journal=False) as own:
        own.learn_all()
        sizes = {c: own.stats[c].size for c in own.cluster_ids.tolist()}
        assert own.wizard.best_queue()[0] == min(sizes, key=sizes.__getitem__)
        own.select([usual_best])
        assert {value for _, value in own.similar()} == {0.25}

    register_quality(None)
    register_similarity(None)
    with Session.open(small, journal=False) as again:
        again.learn_all()
        again.first_best()
        assert again.selected[0] == usual_best
        assert [c for c, _ in again.similar()] == usual_ranking


def crooked(*_: Any) -> Any:
    raise KeyError("snr")


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (crooked, "'crooked' raised KeyError: 'snr'"),
        (lambda *_: "12", "returned '12', which is not a number"),
        (lambda *_: None, "returned None, which is not a number"),
        (lambda *_: float("nan"), "not finite"),
        (lambda *_: np.inf, "not finite"),
        (lambda *_: [1.0, 2.0], "returned values of shape (2,) instead of ()"),
    ],
)
def test_a_quality_that_fails_gives_way_to_the_usual_one_and_says_so_once(
    small: Path, returned: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Session.open(small, journal=False) as usual:
        usual.learn_all()
        queue = usual.wizard.best_queue()

    register_quality(returned)
    with Session.open(small, journal=False) as session, caplog.at_level(logging.WARNING):
        told: list[str] = []
        session.warned.connect(told.append)
        session.learn_all()
        session.first_best()
        assert session.wizard.best_queue() == queue
        assert session.selected[0] == queue[0]
        session.switch(clustering="original")
        session.first_best()
        assert session.selected
        assert len(told) == 1
        assert told == session.measures.problems
        assert told[0].startswith("the quality function ")
        assert words in told[0]
        assert told[0] in caplog.text


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (crooked, "'crooked' raised KeyError: 'snr'"),
        (lambda a, b: np.full((len(b), len(a)), 0.5), "of shape (14, 1) instead of (1, 14)"),
        (lambda a, b: np.full((len(a), len(b)), np.nan), "not finite"),
        (lambda a, b: [["x"] * len(b)] * len(a), "which is not a number"),
    ],
)
def test_a_similarity_that_fails_gives_way_to_the_usual_one_and_says_so_once(
    small: Path, returned: Any, words: str
) -> None:
    with Session.open(small, journal=False) as usual:
        usual.suggest_all()
        usual.first_best()
        best, ranking = usual.selected[0], list(usual.similar())
        suggested = [s.clusters for s in usual.suggestions.ranked()]

    register_similarity(returned)
    with Session.open(small, journal=False) as session:
        told: list[str] = []
        session.warned.connect(told.append)
        session.learn_all()
        session.select([best])
        assert list(session.similar()) == ranking
        session.suggest_all()
        assert [s.clusters for s in session.suggestions.ranked()] == suggested
        assert len(told) == 1
        assert told[0].startswith("the similarity function ")
        assert words in told[0]


def test_a_similarity_that_fails_late_leaves_nothing_of_what_it_gave(small: Path) -> None:
    n_calls = 0

    def tires(a: Any, b: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls > 3:
            raise ValueError
        return np.ones((len(a), len(b)))

    with Session.open(small, journal=False) as usual:
        usual.suggest_all()
        suggested = {s.clusters: s.evidence for s in usual.suggestions.ranked()}
        rankings = {c: list(usual.knowledge.similar(c)) for c in usual.cluster_ids.tolist()}
    register_similarity(tires)
    with Session.open(small, journal=False) as session:
        session.learn_all()
        first, *others = session.cluster_ids.tolist()
        assert {value for _, value in session.knowledge.similar(first)} == {1.0}
        session.suggest_all()
        assert {s.clusters: s.evidence for s in session.suggestions.ranked()} == suggested
        for cluster in (first, *others):
            assert list(session.knowledge.similar(cluster)) == rankings[cluster]


def test_a_similarity_out_of_bounds_is_clipped(small: Path) -> None:
    register_similarity(lambda a, b: np.tile([7, -3], (len(a), len(b)))[:, : len(b)])
    with Session.open(small, journal=False) as session:
        session.learn_all()
        session.first_best()
        assert {value for _, value in session.similar()} == {0.0, 1.0}
        assert not session.measures.problems


def test_a_ranking_is_chosen_by_its_name(small: Path) -> None:
    assert [spec.name for spec in rankings("similarity")][:2] == ["separation", "waveforms"]
    choose_ranking("similarity", "waveforms")
    register_ranking(RankingSpec("quality", "smallest", "small ones first", lambda s, m: -s.size))
    assert "smallest" not in {spec.name for spec in rankings("similarity")}
    choose_ranking("quality", "smallest")
    with Session.open(small, journal=False) as session:
        session.learn_all()
        assert session.measures.quality_spec.help == "small ones first"
        first, second = session.cluster_ids[:2].tolist()
        assert session.knowledge.quality(first) == -session.stats[first].size
        parts = [[session.stats[c].summary] for c in (first, second)]
        session.select([first])
        assert session.similarity_of(second) == pytest.approx(
            float(waveform_similarity(*parts)[0, 0]), rel=1e-5
        )
    with pytest.raises(ValueError, match="no quality is called 'largest'; there are agreement,"):
        choose_ranking("quality", "largest")
