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


def test_it_does_not_change_with_later_edits(session):
    before = session.shown
    spikes, groups = dict(before.spikes_per_cluster), dict(before.cluster_groups)
    names = {c: before.group_of(c) for c in spikes}
    session.label([6], "note", "x")
    session.move([6], "good")
    session.merge([4, 5])
    session.split(session.spikes_per_cluster[7][::2])
    assert before.spikes_per_cluster.keys() == spikes.keys()
    assert all(before.spikes_per_cluster[c] is of for c, of in spikes.items())
    assert before.cluster_groups == groups
    assert {c: before.group_of(c) for c in spikes} == names
    assert before.labels_of(6) == {}
    assert (before.can_undo, before.can_redo, before.history) == (False, False, ())


def test_it_says_what_the_session_says_once_all_is_published(session):
    session.learn_all()
    session.label([6], "note", "x")
    session.merge([4, 5])
    session.undo()
    session.select([6], [7])
    shown = session.shown
    assert shown.generation == session.generation
    assert shown.selection == session.selection
    assert shown.spikes_per_cluster == session.spikes_per_cluster
    assert {c: shown.group_of(c) for c in session.spikes_per_cluster} == session.cluster_groups
    assert shown.labels_of(6) == {"note": "x"}
    assert (shown.can_undo, shown.can_redo) == (True, True)
    assert shown.similar() == session.similar()
    assert shown.similarity_of(7) == session.similarity_of(7)
    published, now = session.snapshot(), session.statistics.snapshot()
    assert published.generation == now.generation
    assert published.cluster_ids == now.cluster_ids == (6, 7)
    assert published.spikes_per_cluster is now.spikes_per_cluster


def test_a_selection_lists_the_clusters_no_second_time(session):
    session.select([6])
    before = session.shown
    session.select([7])
    assert session.shown.spikes_per_cluster is before.spikes_per_cluster
    assert session.shown.selection.best == (7,)


def test_what_may_not_be_edited_is_shown_as_such_at_once(session):
    session.move([6], "good")
    session.set_editable(False)
    assert not session.shown.is_editable
    assert not session.shown.can_undo


def test_lists_and_snapshots_show_what_is_published_and_the_walk_goes_ahead(session):
    session.learn_all()
    session.select([6])
    posted = []
    session.dispatch = posted.append
    clusters, before = session.navigation.clusters, session.shown
    rows, similar = clusters.cluster_ids(), before.similar()
    published = []
    session.clustered.connect(published.append)
    merged = session.merge([4, 5]).added[0]
    if not published:
        assert clusters.cluster_ids() == rows
        assert session.shown.similar() == similar
        assert session.snapshot().generation == before.generation
        assert merged not in session.snapshot().spikes_per_cluster
    # A key that is pressed meanwhile meets the new cluster.
    clusters.set_filter("n_spikes > 0")
    assert clusters.passes(merged, session)
    session.journal.outbox.deliver(wait=True)
    session.dispatch = None
    assert merged in clusters.cluster_ids()
    assert {4, 5}.isdisjoint(clusters.cluster_ids())
    assert {4, 5}.isdisjoint(c for c, _ in session.shown.similar())
    assert session.shown.generation == session.generation


def test_a_clustering_is_compared_as_it_is_shown(windowed):
    windowed.label([6], "note", "x")
    windowed.move([5], "good")
    windowed.journal.outbox.deliver(wait=True)
    assert windowed.shown.state().equals(windowed.state())
    before, job = windowed.state(), windowed.workspace.state_job(windowed.clustering)
    later = windowed.merge([4, 5])
    # Whatever has been done since, and whenever a worker comes to it.
    assert job().equals(before)
    if later not in windowed.shown.history:
        assert windowed.workspace.state_job(windowed.clustering)().equals(before)
    windowed.journal.outbox.deliver(wait=True)
    assert windowed.workspace.state_job(windowed.clustering)().equals(windowed.state())


def test_what_cannot_reach_the_disk_was_never_shown(windowed):
    from concurrent.futures import Future

    class Slow:
        """A journal that does not come back before the test says so."""

        def __init__(self):
            self.notes = []

        def __call__(self, *_):
            self.notes.append(Future())
            return self.notes[-1]

    before, seen, slow = windowed.shown, [], Slow()
    windowed.journal.keeper.record = slow
    windowed.failed.connect(lambda _: seen.append(windowed.shown))
    windowed.merge([4, 5])
    windowed.select([6])
    windowed.move([6], "good")
    assert windowed.shown is before
    slow.notes[0].set_exception(OSError("the disk is full"))
    windowed.journal.outbox.deliver()
    (shown,) = seen
    assert shown is windowed.shown
    assert shown.spikes_per_cluster == before.spikes_per_cluster
    assert shown.cluster_groups == before.cluster_groups
    assert shown.selection == before.selection
    assert shown.history == ()
    assert not shown.is_modified


def test_views_are_given_the_names_of_groups_that_the_user_has_added(session):
    session.move([6], "axons", add=True)
    snapshot = session.snapshot()
    assert snapshot.group_names[snapshot.cluster_groups[6]] == "axons"
    session.undo()
    assert "axons" not in session.snapshot().group_names.values()
