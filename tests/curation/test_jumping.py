"""Jumping to any point of the history, and the tallies of the groups there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from phygui import Session
from phygui.curation.edits.update import EditError


def edit_a_little(session: Session) -> list[tuple]:
    """Five edits of all kinds; what the clustering is like before and after each."""
    a, b, c, d = session.cluster_ids[:4].tolist()
    edits = [
        lambda: session.move([a, b], "good"),
        lambda: session.merge([a, c]),
        lambda: session.split(session.spikes_per_cluster[b][:7]),
        lambda: session.label([d], "note", "odd"),
        lambda: session.move([d], "noise"),
    ]
    states = [state(session)]
    for make in edits:
        make()
        states.append(state(session))
    return states


def state(session: Session) -> tuple:
    return (
        session.spike_clusters.tolist(),
        session.cluster_groups,
        [dict(session.labels_of(c)) for c in session.cluster_ids.tolist()],
        session.selection,
    )


def tally(session: Session) -> Counter:
    return Counter(session.cluster_groups.values())


def test_jump_goes_to_every_point_and_back(session: Session) -> None:
    states = edit_a_little(session)
    for position in (0, 5, 2, 3, 1, 4, 4, 0):
        session.jump_to(position)
        assert session.history_position == position
        assert state(session)[:3] == states[position][:3]
    for position in (-1, 6):
        with pytest.raises(EditError, match="5 edits"):
            session.jump_to(position)


def test_the_tally_at_each_point_is_that_of_the_groups_then(session: Session) -> None:
    edit_a_little(session)
    for position in (5, 0, 3, 1, 4, 2):
        session.jump_to(position)
        names = session.group_names
        told = {names[g]: n for g, n in session.tally_at(position).items()}
        assert told == dict(tally(session))


def test_a_jump_is_journaled_step_by_step_and_recovered(small: Path, crashed) -> None:
    session = Session.open(small)
    edit_a_little(session)
    session.jump_to(2)
    expected, history = state(session), session.history
    tallies = [dict(session.tally_at(p)) for p in range(6)]
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert state(again) == expected
        assert again.history_position == 2
        assert [u.description for u in again.history] == [u.description for u in history]
        assert [dict(again.tally_at(p)) for p in range(6)] == tallies
        assert all(u.time is not None for u in again.history)
        again.jump_to(5)
        assert dict(again.tally_at(5)) == tallies[5]


def test_what_was_before_edits_that_the_file_holds_is_not_invented(small: Path, crashed) -> None:
    session = Session.open(small)
    edit_a_little(session)
    session.save()
    session.move(session.cluster_ids[:1].tolist(), "mua")
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert again.history_position == 6
        assert not again.tally_at(0)
        assert sum(again.tally_at(6).values()) == len(again.cluster_ids)
        assert again.saved_position == 5
