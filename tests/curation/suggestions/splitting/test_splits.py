"""Splits: what is suggested, what is proposed, what is accepted, and what an edit costs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.curation.edits.update import EditError
from phygui.curation.navigation.row_filter import FilterError
from phygui.curation.suggestions.splitting import splits
from phygui.curation.suggestions.splitting.parts import Parts
from phygui.simulate import make_demo


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("splits")
    return make_demo(folder, n_spikes=6_000, n_clusters=10, duration=60.0, seed=3).kwik_path


@pytest.fixture
def session(demo: Path):
    with Session.open(demo, journal=False) as opened:
        yield opened
        opened.close(discard=True)


def parts_of(session: Session, cluster_ids, n_parts=None) -> Parts:
    found = session.suggestions.parts_job(cluster_ids, n_parts)(never)
    assert found is not None
    return found


@pytest.mark.slow
def test_a_proposal_covers_all_spikes_and_is_one_edit(session: Session) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    for n in (1, 2, 3):
        parts = parts_of(session, [a, b], n)
        assert parts.n_parts == n
        assert np.array_equal(
            parts.spike_ids,
            np.union1d(session.spikes_per_cluster[a], session.spikes_per_cluster[b]),
        )
        sizes = [len(parts.spikes(k)) for k in range(n)]
        assert sizes == sorted(sizes, reverse=True)
        assert parts.evidence is not None
        assert parts.evidence.n_spikes == tuple(sizes)
    before = session.spike_clusters.copy()
    session.move([a, b], "good")
    update = session.split_into(parts)
    assert update.description == f"split {a} and {b} into {', '.join(map(str, update.added[:2]))}" \
        f" and {update.added[2]}"  # fmt: skip
    for k, new in enumerate(update.added):
        assert np.array_equal(session.spikes_per_cluster[new], parts.spikes(k))
        assert session.group_of(new) == "good"
    session.undo()
    assert np.array_equal(session.spike_clusters, before)


def test_the_same_proposal_every_time(session: Session) -> None:
    a = int(session.cluster_ids[0])
    assert np.array_equal(parts_of(session, [a], 3).labels, parts_of(session, [a], 3).labels)


def test_what_has_changed_is_not_split_by_an_old_proposal(session: Session) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    one, both = parts_of(session, [a], 2), parts_of(session, [a, b], 2)
    session.merge([a, b])
    with pytest.raises(EditError, match=f"cluster {a} has changed since these parts"):
        session.split_into(one)
    with pytest.raises(EditError, match=f"clusters {a} and {b} have changed"):
        session.split_into(both)
    session.undo()
    session.split_into(one)


def test_proposals_that_make_no_sense(session: Session) -> None:
    a = int(session.cluster_ids[0])
    with pytest.raises(EditError, match="are one part: nothing to split"):
        session.split_into(parts_of(session, [a], 1))
    with pytest.raises(EditError, match="no cluster 99999"):
        session.suggestions.parts_job([99999])
    n = len(session.spikes_per_cluster[a])
    with pytest.raises(EditError, match=f"cannot be split into {n + 1} parts"):
        parts_of(session, [a], n + 1)
    assert session.suggestions.parts_job([a])(lambda: True) is None


def test_a_condition_splits_like_a_lasso(session: Session) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    session.select([a, b])
    update = session.split_where("time < 20")
    assert update.description.endswith("by time < 20")
    times = session.shank.spike_times
    all_of = np.sort(np.concatenate(list(update.before.values())))
    parts = {new: session.spikes_per_cluster[new] for new in update.added}
    early = [new for new, of in parts.items() if (times[of] < 20).all()]
    assert len(early) == 1
    assert len(parts) == 3
    assert np.array_equal(parts[early[0]], all_of[times[all_of] < 20])


def test_conditions_on_everything_that_axes_offer(session: Session) -> None:
    a = int(session.cluster_ids[0])
    spikes, shank = session.spikes_per_cluster[a], session.shank
    channel = int(shank.channels[1])
    values, _ = shank.features.read(spikes, np.array([1]))
    for name in (f"ch {channel} PC2", f"ch{channel}_PC2", f"ch{channel}_pc2"):
        parts = session.suggestions.where_job(f"{name} > 0 and time > 1", [a])(never)
        expected = spikes[(values[:, 0, 1] > 0) & (shank.spike_times[spikes] > 1)]
        assert any(np.array_equal(parts.spikes(k), expected) for k in range(2))
    middle = np.median(session.snapshot().stats[a].amplitude) if a in session.stats else 50
    parts = session.suggestions.where_job(f"amplitude < {middle}", [a])(never)
    assert parts.reason == f"amplitude < {middle}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a condition is needed"),
        ("amplitde < 3", "no attribute amplitde; did you mean amplitude?"),
        ("amplitude", "compare it, such as amplitude < 120"),
        ("amplitude < '3'", "only comparisons of attributes with numbers"),
        ("1 < 2", "no attribute of spikes"),
        ("len(time) > 3", "only comparisons of attributes"),
        ("time = 3", "write '==' to compare"),
        ("time <", "not an expression"),
        ("time < 1 and 2", "is no condition"),
    ],
)
def test_conditions_that_make_no_sense(session: Session, text: str, words: str) -> None:
    with pytest.raises(FilterError, match=words.replace("?", r"\?")):
        session.suggestions.where_job(text, [int(session.cluster_ids[0])])


def test_conditions_that_split_nothing(session: Session) -> None:
    a = int(session.cluster_ids[0])
    with pytest.raises(EditError, match=f"time < 0 holds for none of the spikes of cluster {a}"):
        session.split_where("time < 0", [a])
    with pytest.raises(EditError, match="holds for all of the spikes"):
        session.split_where("time >= 0", [a])
    session.select([])
    with pytest.raises(EditError, match="no cluster is selected"):
        session.split_where("time > 3")


def test_an_edit_leaves_only_the_clusters_that_it_makes_to_look_at(session: Session) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    session.suggest_splits()
    before = session.suggestions.ranked_splits()
    assert session.suggestions.split_job() is None
    assert session.suggestions.split_progress() == (session.n_clusters,) * 2
    update = session.merge([a, b])
    assert session.suggestions.missing_splits() == list(update.added)
    session.suggest_splits()
    session.undo()
    assert session.suggestions.split_job() is None
    assert [s.cluster for s in session.suggestions.ranked_splits()] == [s.cluster for s in before]


@pytest.mark.slow
def test_what_is_turned_down_stays_so_for_later_sessions(tmp_path: Path, demo: Path) -> None:
    for source in demo.parent.iterdir():
        if source.is_file():
            shutil.copyfile(source, tmp_path / source.name)
    path = tmp_path / demo.name
    with Session.open(path) as session:
        a, b = (int(c) for c in session.cluster_ids[:2])
        session.merge([a, b])
        session.save()
        merged = int(session.cluster_ids[-1])
        session.suggest_splits()
        assert merged in [s.cluster for s in session.suggestions.ranked_splits()]
        session.suggestions.reject_split(merged)
        assert merged not in [s.cluster for s in session.suggestions.ranked_splits()]
        shown = session.suggestions.ranked_splits(rejected=True)
        assert [s.is_rejected for s in shown if s.cluster == merged] == [True]
        assert not session.is_modified
    with Session.open(path) as session:
        session.suggest_splits()
        assert merged not in [s.cluster for s in session.suggestions.ranked_splits()]
        session.suggestions.reject_split(merged, rejected=False)
        assert merged in [s.cluster for s in session.suggestions.ranked_splits()]
    (path.with_suffix(".phygui") / "rejected-splits-0.json").write_text('{"clusters": 3}')
    with Session.open(path) as session:
        session.suggest_splits()
        assert merged in [s.cluster for s in session.suggestions.ranked_splits()]


def agree(session: Session, parts: Parts, a: int) -> float:
    """Share of the spikes of parts that are where those of cluster `a`, or the others, belong."""
    of_a = np.isin(parts.spike_ids, session.spikes_per_cluster[a])
    same = np.mean((parts.labels == 0) == of_a)
    return float(max(same, 1 - same))


def stand_in(monkeypatch: pytest.MonkeyPatch, session: Session, **values: object) -> None:
    """Let the shank have other data."""
    for name, value in values.items():
        monkeypatch.setattr(type(session.shank), name, property(lambda _, v=value: v))


def test_without_features_waveforms_tell(session: Session, monkeypatch) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    stand_in(monkeypatch, session, features=None)
    parts = parts_of(session, [a, b], 2)
    assert agree(session, parts, a) > 0.95
    assert session.suggestions.parts_job([a, b])(lambda: True) is None


class Masked:
    """Features of which some spikes have none: larger ones fired elsewhere at the same time."""

    def __init__(self, features, hidden: np.ndarray) -> None:
        self._features = features
        self._hidden = hidden
        self.n_features, self.has_masks = features.n_features, True

    def read(self, spike_ids, channels=None):
        values, masks = self._features.read(spike_ids, channels)
        seen = ~np.isin(spike_ids, self._hidden)
        return values * seen[:, None, None], masks * seen[:, None]


@pytest.mark.parametrize("has_raw", [True, False])
def test_masked_spikes_are_placed_by_their_waveforms(
    session: Session, has_raw: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    both = np.union1d(session.spikes_per_cluster[a], session.spikes_per_cluster[b])
    hidden = np.random.default_rng(0).choice(both, len(both) // 4, replace=False)
    stand_in(monkeypatch, session, features=Masked(session.shank.features, hidden))
    if not has_raw:
        stand_in(monkeypatch, session, waveforms=None)
    parts = parts_of(session, [a, b], 2)
    if has_raw:
        assert agree(session, parts, a) > 0.95
    else:
        assert not parts.labels[np.isin(parts.spike_ids, hidden)].any()
    assert parts.evidence is not None
    assert parts.evidence.n_spikes == tuple(np.bincount(parts.labels))


def test_two_clusters_that_were_joined_are_suggested(session: Session) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    merged = session.merge([a, b]).added[0]
    session.suggest_splits()
    found = {s.cluster: s for s in session.suggestions.ranked_splits()}
    of_a = np.isin(found[merged].parts.spike_ids, session.history[0].before[a])
    same = np.mean((found[merged].parts.labels == 0) == of_a)
    assert max(same, 1 - same) > 0.95
    # Accepting it leaves nothing to split there.
    update = session.split_into(found[merged].parts)
    session.suggest_splits()
    assert not {s.cluster for s in session.suggestions.ranked_splits()} & set(update.added)


def test_a_part_that_other_units_made_by_firing_together_is_not_suggested(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = (int(c) for c in session.cluster_ids[:2])
    merged = session.merge([a, b]).added[0]
    clock, asked = session.shank.clock, []

    def share(part: np.ndarray, rest: np.ndarray, everything: np.ndarray, rate: float) -> float:
        asked.append((part, rest, everything, rate))
        return 0.5

    monkeypatch.setattr(splits, "collided_share", share)
    session.suggest_splits()
    assert merged not in {s.cluster for s in session.suggestions.ranked_splits()}
    # It was asked of the smaller part, against the rest of the cluster and all spikes.
    of_b = min((session.history[0].before[c] for c in (a, b)), key=len)
    ours = max(asked, key=lambda of: len(np.intersect1d(of[0], clock.train(of_b))))
    assert len(np.intersect1d(ours[0], clock.train(of_b))) > 0.9 * len(of_b)
    both = np.sort(np.concatenate(ours[:2]))
    np.testing.assert_array_equal(both, clock.train(session.spikes_per_cluster[merged]))
    np.testing.assert_array_equal(ours[2], np.sort(session.shank.spike_samples))
    assert ours[3] == session.shank.sample_rate
