"""What is shown of a session: the state that was published last, whatever is on its way."""

from __future__ import annotations

import pytest

from phygui.curation.session import Session


@pytest.fixture
def windowed(session: Session):
    """A session whose edits are announced when the test says so."""
    posted: list = []
    session.dispatch = posted.append
    yield session
    session.journal.outbox.deliver(wait=True)


def test_what_is_shown_follows_each_announcement(session):
    seen = []
    session.clustered.connect(lambda update: seen.append(session.shown))
    update = session.merge([4, 5])
    (shown,) = seen
    assert update.added[0] in shown.spikes_per_cluster
    assert shown.history_position == 1
    assert shown.selection == session.selection
    assert shown.n_unsaved == 1


def test_it_waits_for_the_disk_while_the_session_goes_on(windowed):
    before, seen = windowed.shown, []
    windowed.clustered.connect(lambda update: seen.append((update, windowed.shown)))
    # Nothing is announced before the outbox looks.
    first, second = windowed.merge([4, 5]), windowed.move([6], "good")
    if not seen:
        assert windowed.shown is before
        assert 4 in before.spikes_per_cluster
    windowed.journal.outbox.deliver(wait=True)
    assert [update for update, _ in seen] == [first, second]
    states = [shown for _, shown in seen]
    assert [s.history_position for s in states] == [1, 2]
    assert states[0].history[:1] == (first,)
    assert states[0].cluster_groups[6] != states[1].cluster_groups[6]
    assert states[1].n_decided == windowed.wizard.progress()[0]


def test_a_save_is_shown_at_once(session):
    session.move([6], "good")
    assert session.shown.is_modified
    session.save()
    assert not session.shown.is_modified
    assert session.shown.saved_position == session.shown.history_position == 1


def test_a_switch_shows_the_other_clustering(session):
    session.copy_clustering("other")
    session.switch(clustering="other")
    assert session.shown.clustering == "other"
    assert session.shown.history == ()
