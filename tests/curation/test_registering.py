"""A script's own quality and similarity rank the best queue and the matches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.curation import register_quality, register_similarity


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
