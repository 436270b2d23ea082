"""A range of time: nothing else is looked at, and edits take whole clusters all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import Metric
from phygui.curation.edits.update import EditError
from phygui.curation.shown import ShownWithin
from phygui.curation.statistics.preview import preview
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.simulate import make_demo
from phygui.views import SPECS
from phygui.views.core.base import Empty


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("range")
    return make_demo(folder, n_spikes=4_000, n_clusters=6, duration=40.0, seed=5).kwik_path


@pytest.fixture
def session(demo: Path) -> Iterator[Session]:
    with Session.open(demo, journal=False) as opened:
        yield opened
        opened.close(discard=True)


def measure(session: Session) -> None:
    job = session.ranging.job()
    assert job is not None
    job(lambda: False)()


def test_a_range_is_published_and_restricts_snapshots(session: Session) -> None:
    a, b = session.cluster_ids[:2].tolist()
    session.select([a], [b])
    told: list[object] = []
    session.time_range_changed.connect(lambda: told.append(session.shown.time_range))
    plain = session.snapshot()
    session.set_time_range(10.0, 25.0)
    assert session.time_range == session.shown.time_range == (10.0, 25.0)
    snapshot = session.snapshot()
    assert snapshot.generation > plain.generation
    assert snapshot.time_range == (10.0, 25.0)
    assert snapshot.duration == pytest.approx(15.0)
    for c in session.cluster_ids.tolist():
        times = session.shank.spike_times[session.spikes_per_cluster[c]]
        inside = (times >= 10.0) & (times < 25.0)
        assert np.array_equal(snapshot.spikes(c), session.spikes_per_cluster[c][inside])
        # Views know by the arrays what they have drawn.
        assert snapshot.spikes(c) is session.snapshot().spikes(c)
    assert snapshot.n_spikes == sum(len(snapshot.spikes(c)) for c in session.cluster_ids)
    assert snapshot.whole.spikes(a) is plain.spikes(a)
    # What is computed of all clusters goes on with all spikes.
    assert session.statistics.snapshot().time_range is None
    session.set_time_range(10.0, 25.0)
    session.clear_time_range()
    session.clear_time_range()
    assert told == [(10.0, 25.0), None]
    assert session.snapshot().spikes(a) is plain.spikes(a)
    assert session.snapshot().whole is not None


def test_a_range_is_cut_to_the_recording_and_none_is_refused(session: Session) -> None:
    span = session.shank.span
    session.set_time_range(30.0, -5.0)
    assert session.time_range == (0.0, 30.0)
    session.set_time_range(35.0, 1e9)
    assert session.time_range == (35.0, span)
    for start, stop in ((span, span + 5), (-3.0, -1.0), (7.0, 7.0)):
        with pytest.raises(EditError, match=f"0 to {span:.3f} s"):
            session.set_time_range(start, stop)
    with pytest.raises(EditError, match="two times"):
        session.set_time_range(float("nan"), 4.0)
    assert session.time_range == (35.0, span)


def test_edits_take_whole_clusters(session: Session) -> None:
    a, b = session.cluster_ids[:2].tolist()
    n = len(session.spikes_per_cluster[a]) + len(session.spikes_per_cluster[b])
    session.set_time_range(10.0, 12.0)
    update = session.merge([a, b])
    (new,) = update.added
    assert len(session.spikes_per_cluster[new]) == n
    assert len(session.snapshot().spikes(new)) < n
    session.undo()
    assert session.time_range == (10.0, 12.0)


def test_a_spike_at_the_start_is_in_and_one_at_the_stop_is_not() -> None:
    # Later samples come earlier in the file, as detection in overlapping chunks leaves them.
    samples = np.array([100, 300, 200, 400], np.uint64)
    for order in (np.sort(samples), samples):
        clock = SpikeClock(order, Timeline.joined([1000]), 100.0)
        assert clock.ranks_between(2.0, 4.0) == (1, 3)
        assert clock.ranks_between(-1.0, 1e12) == (0, 4)
        assert clock.ranks_between(4.001, 4.009) == (4, 4)


def test_metrics_and_similarity_of_the_selection_are_those_of_the_range(session: Session) -> None:
    a, b, c = session.cluster_ids[:3].tolist()
    session.learn_all()
    session.select([a], [b])
    assert session.ranging.job() is None
    whole = session.metrics[a]["firing_rate"].value
    session.set_time_range(10.0, 25.0)
    told: list[tuple[int, ...]] = []
    session.stats_changed.connect(told.append)
    measure(session)
    assert [set(ids) for ids in told] == [{a, b}]
    shown = session.shown
    found = shown.in_range(a)
    assert found is not None
    assert found.metrics["firing_rate"].value == pytest.approx(len(found.spikes) / 15.0)
    assert session.ranging.job() is None
    # What is known of whole clusters is as it was.
    assert session.metrics[a]["firing_rate"].value == whole
    snapshot = session.snapshot()
    assert snapshot.stats[a] is found.stats
    assert snapshot.stats[c] is session.stats[c]
    assert isinstance(snapshot.metrics[a]["firing_rate"], Metric)
    value = shown.similarity_in_range(b)
    assert value is not None
    assert 0 <= value <= 1
    # Another match is measured too, and compared.
    session.select([a], [c, b])
    measure(session)
    assert session.shown.similarity_in_range(c) is not None
    assert session.shown.similarity_in_range(b) == pytest.approx(value)
    session.clear_time_range()
    assert session.shown.in_range(a) is None


def test_the_presence_in_a_range_counts_only_the_range(session: Session) -> None:
    a = int(session.cluster_ids[0])
    session.set_time_range(20.0, 40.0)
    snapshot = session.snapshot()
    train = snapshot.recorded_train(snapshot.spikes(a))
    assert train.min() < session.shank.sample_rate
    assert 0 <= train.min() <= train.max() < snapshot.duration * session.shank.sample_rate


def test_a_merge_is_previewed_within_the_range(session: Session) -> None:
    a, b = session.cluster_ids[:2].tolist()
    session.set_time_range(10.0, 25.0)
    job = session.statistics.preview_job((a, b))
    found = job(lambda: False)
    assert found is not None
    snapshot = session.snapshot()
    counts = [len(snapshot.spikes(c)) for c in (a, b)]
    assert found.n_spikes == (*counts, sum(counts))
    assert all(((t >= 10.0) & (t < 25.0)).all() for t in found.times)
    source = session.knowledge.source(snapshot)
    again = preview(snapshot, (a, b), source)
    assert again is not None
    assert again.metrics[0]["firing_rate"].value == found.metrics[0]["firing_rate"].value


def test_a_preview_of_clusters_without_spikes_in_the_range_says_so(session: Session) -> None:
    a, b = session.cluster_ids[:2].tolist()
    start = float(session.shank.spike_times[session.spikes_per_cluster[a][3]])
    session.set_time_range(start, start + 1e-4)
    job = session.statistics.preview_job((a, b))
    with pytest.raises(EditError, match="no spike"):
        job(lambda: False)


def test_what_is_known_of_a_cluster_in_the_range_is_looked_up_for_it_alone(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, c = session.cluster_ids[:3].tolist()
    session.learn_all()
    session.select([a], [b])
    session.set_time_range(10.0, 25.0)
    measure(session)
    shown, found = session.shown, session.shown.in_range(a)
    assert repr(shown.ranged) == repr(shown)
    asked: list[int] = []
    look_up = ShownWithin.in_range
    monkeypatch.setattr(
        ShownWithin, "in_range", lambda of, cluster: asked.append(cluster) or look_up(of, cluster)
    )
    stats, metrics = shown.ranged.stats, shown.ranged.metrics
    assert found is not None
    assert stats[a] is found.stats
    assert metrics[a] is found.metrics
    assert stats[c] is session.stats[c]
    assert asked == [a, a, c]
    assert set(stats) == set(session.stats)
    assert len(metrics) == len(session.metrics)
    assert b in stats
    assert -1 not in stats


@pytest.mark.parametrize("kind", SPECS)
def test_every_view_shows_the_range_also_of_a_cluster_that_is_silent_in_it(
    session: Session, kind: str
) -> None:
    sizes = {c: len(of) for c, of in session.spikes_per_cluster.items()}
    a, b = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    spec = SPECS[kind]
    # A range in which one cluster has spikes and the other has none.
    times = session.shank.spike_times
    mine, others = times[session.spikes_per_cluster[a]], times[session.spikes_per_cluster[b]]
    k = int(np.argmax(np.diff(others)))
    low, high = others[k] + 1e-3, others[k + 1]
    assert ((mine >= low) & (mine < high)).any()
    for selected in ([a, b], [b, a], [b]):
        session.select(selected)
        session.set_time_range(float(low), float(high))
        data = spec.cls.load(session.snapshot(), spec.params(), lambda: False)
        if isinstance(data, Empty):
            # With no spike at all, a sentence says so.
            assert kind == "events" or "between" in data.reason
