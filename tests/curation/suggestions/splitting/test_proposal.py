"""Parts that are shown as if they were clusters: what views see of them, and what ends them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.curation.edits.update import EditError
from phygui.curation.statistics.preview import MERGED
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.simulate import make_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("proposal")
    return make_demo(folder, n_spikes=4_000, n_clusters=8, duration=40.0, seed=3).kwik_path


@pytest.fixture
def session(demo: Path):
    with Session.open(demo, journal=False) as opened:
        yield opened
        opened.close(discard=True)


def halves(session: Session, *clusters: int, n: int = 2) -> Parts:
    """Every `n`-th spike of some clusters, from the first, the second and so on."""
    spikes = np.sort(np.concatenate([session.spikes_per_cluster[c] for c in clusters]))
    return Parts(clusters, spikes, np.arange(len(spikes)) % n)


def test_views_see_parts_under_the_ids_that_they_would_get(session: Session) -> None:
    a, b, c = session.cluster_ids[:3].tolist()
    told: list[int] = []
    session.proposed.connect(lambda: told.append(session.shown.generation))
    session.select([a], [b])
    plain = session.snapshot()
    parts = halves(session, a, b, n=3)
    session.propose(parts)
    assert told == [session.generation]
    assert session.generation > plain.generation
    snapshot, next_id = session.snapshot(), int(session.cluster_ids.max()) + 1
    assert snapshot.cluster_ids == (next_id, next_id + 1, next_id + 2)
    assert not {a, b} & snapshot.spikes_per_cluster.keys()
    assert snapshot.spikes(c) is plain.spikes(c)
    for k, each in enumerate(snapshot.cluster_ids):
        assert np.array_equal(snapshot.spikes(each), parts.spikes(k))
        # Views know by the arrays what they have drawn.
        assert snapshot.spikes(each) is session.snapshot().spikes(each)
    at = np.concatenate([parts.spike_ids[:6], plain.spikes(c)[:2]])
    wanted = [next_id, next_id + 1, next_id + 2] * 2 + [c, c]
    assert snapshot.clusters_of(at).tolist() == wanted
    # Nothing of the session is otherwise, and what is computed of it goes by the clusters.
    assert session.selected == [a, b]
    assert not session.history
    assert a in session.statistics.snapshot().spikes_per_cluster
    # Accepted, they are these clusters.
    update = session.split_into(parts)
    assert tuple(update.added) == snapshot.cluster_ids
    assert session.proposal is None
    assert len(session.history) == 1
    session.undo()
    assert np.array_equal(session.spikes_per_cluster[a], plain.spikes(a))


def test_whatever_comes_next_ends_a_proposal(session: Session) -> None:
    a, b = session.cluster_ids[:2].tolist()

    def selects() -> None:
        session.select([b])

    def edits() -> None:
        session.label([b], "seen", "yes")

    def undoes() -> None:
        session.undo()

    def switches() -> None:
        session.switch(clustering="original")

    def drops() -> None:
        session.propose(None)

    session.label([b], "seen", "no")
    for ends in (selects, edits, undoes, drops, switches):
        session.select([a])
        session.propose(halves(session, a))
        shown = session.snapshot()
        assert a not in shown.spikes_per_cluster
        ends()
        assert session.proposal is None
        assert session.shown.generation > shown.generation
        assert session.snapshot().cluster_ids == tuple(session.selected)
    # There is nothing to drop then, and nobody is told.
    told: list[int] = []
    session.proposed.connect(lambda: told.append(1))
    session.propose(None)
    assert not told


def test_a_protected_clustering_and_a_save_do_not_end_it(session: Session) -> None:
    a = int(session.cluster_ids[0])
    session.select([a])
    session.propose(halves(session, a))
    session.set_editable(False)
    assert session.proposal is not None
    assert a not in session.snapshot().spikes_per_cluster
    with pytest.raises(EditError, match="read-only"):
        session.split_into(session.proposal.parts)
    session.set_editable(True)


def test_a_time_range_shows_the_same_parts_and_ends_nothing(session: Session) -> None:
    a = int(session.cluster_ids[0])
    session.select([a])
    parts = halves(session, a)
    session.propose(parts)
    ids = session.snapshot().cluster_ids
    session.set_time_range(10.0, 20.0)
    assert session.proposal is not None
    assert session.snapshot().cluster_ids == ids
    assert len(session.snapshot().spikes(ids[0])) < len(parts.spikes(0))
    session.clear_time_range()
    assert session.snapshot().cluster_ids == ids
    assert np.array_equal(session.snapshot().spikes(ids[0]), parts.spikes(0))
    session.select([])
    assert session.proposal is None
    session.set_time_range(10.0, 20.0)
    assert session.proposal is None


def test_only_what_is_selected_and_unchanged_is_proposed(session: Session) -> None:
    a, b = session.cluster_ids[:2].tolist()
    parts = halves(session, a)
    session.select([b])
    with pytest.raises(EditError, match="select just that"):
        session.propose(parts)
    session.select([a])
    session.propose(Parts((a,), parts.spike_ids, np.zeros(len(parts.spike_ids), np.int64)))
    assert session.proposal is not None
    # A single part is the cluster as it is.
    assert session.snapshot().cluster_ids == (a,)
    assert session.proposals.preview_job() is None
    with pytest.raises(EditError, match="changed since"):
        session.propose(Parts((a,), parts.spike_ids[1:], parts.labels[1:]))


def test_a_preview_tells_what_each_part_would_be(session: Session) -> None:
    a = int(session.cluster_ids[0])
    session.learn_all()
    session.select([a])
    parts = halves(session, a)
    session.propose(parts)
    job = session.proposals.preview_job()
    assert job is not None
    shown = job(lambda: False)
    assert shown is not None
    assert shown.is_split
    assert shown.clusters == session.snapshot().cluster_ids
    n = len(parts.spike_ids)
    assert shown.n_spikes == ((n + 1) // 2, n // 2, n)
    assert shown.metrics[-1] == session.metrics[a]
    session.split_into(parts)
    session.learn_all()
    for k, each in enumerate(shown.clusters):
        told = shown.metrics[k]["violation_rate"].value
        assert session.metrics[each]["violation_rate"].value == told
    assert MERGED not in session.snapshot().spikes_per_cluster
