"""Many matches at once, and clusters that change from best to match and back."""

from __future__ import annotations

import pytest

from phygui import Session
from phygui.curation.edits.update import EditError, Selection


def test_the_first_matches_are_those_that_steps_would_come_to(session: Session) -> None:
    session.learn_all()
    assert session.navigation.first_matches(3) == 0
    session.next_best()
    best = session.selection.best
    stepped = [session.selection.match[0]]
    for _ in range(2):
        session.next_match()
        stepped.append(session.selection.match[0])
    assert session.navigation.first_matches(3) == 3
    assert session.selection == Selection(best, tuple(stepped))
    # No more than there are.
    n = session.navigation.first_matches(1000)
    assert n == len(session.selection.match) < session.n_clusters


def test_a_cluster_is_sent_from_best_to_match_and_back(session: Session) -> None:
    a, b, c, d = session.cluster_ids[:4].tolist()
    session.select([a], [b, c])
    session.navigation.send(c)
    assert session.selection == Selection((a, c), (b,))
    session.navigation.send(a)
    assert session.selection == Selection((c,), (a, b))
    # One has to be best.
    session.navigation.send(c)
    assert session.selection == Selection((a,), (c, b))
    session.navigation.send(d)
    assert session.selection == Selection((a, d), (c, b))
    session.select([a])
    with pytest.raises(EditError, match="has to be best"):
        session.navigation.send(a)
    with pytest.raises(EditError):
        session.navigation.send(99_999)
