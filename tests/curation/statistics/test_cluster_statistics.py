"""What is computed of clusters piece by piece, while edits go on."""

from __future__ import annotations

import pytest

from phygui.curation.session import Session


def not_cancelled() -> bool:
    return False


@pytest.mark.parametrize("known", ["nothing", "stats"])
def test_a_piece_about_clusters_that_are_gone_stops(session: Session, known: str) -> None:
    session.learn_all()
    (merged,) = session.merge([4, 5]).added
    if known == "stats":
        session.learn_stats()
    job = session.statistics.job()
    assert job is not None
    session.undo()
    learnt = job(not_cancelled)
    assert not learnt.stats
    assert not learnt.metrics
    # Made again, it is looked at as if nobody had begun.
    session.redo()
    session.learn_all()
    assert session.knowledge.is_computed(merged)
    assert session.metrics[merged]


def test_a_piece_goes_on_for_what_is_left_of_its_clusters(session: Session) -> None:
    living = [int(c) for c in session.cluster_ids[2:4]]
    session.knowledge.is_recalled = True
    job = session.statistics.job()
    assert job is not None
    session.merge(session.cluster_ids[:2])
    found = [c for _ in range(100) for c in job(not_cancelled).stats]
    assert set(found) >= set(living)
