"""What is prepared is what a session would compute, and sessions find it."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import phygui
from phygui.analysis import ClusterData, Metric, MetricSpec
from phygui.analysis.metrics import register_metric, unregister_metric
from phygui.archive.overview import overview
from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.prepare import WHAT, Cancelled, prepare, tasks
from phygui.prepare.headless import Headless
from phygui.prepare.one import order_of, prepare_in_stages
from phygui.prepare.tasks import Done, Task, close_opened, do
from phygui.storage.arrays import scattered
from phygui.storage.state import prepared as places


def alike(one: object, other: object) -> bool:
    """Whether two results are the same, bit for bit."""
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if hasattr(one, "__dataclass_fields__"):
        names = [n for n in one.__dataclass_fields__ if n != "train"]
        return all(alike(getattr(one, n), getattr(other, n)) for n in names)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


def known_of(session: Session) -> dict[str, object]:
    """All that a session knows of its clusters, without computing anything."""
    ids = session.cluster_ids.tolist()
    return {
        "stats": [session.stats.get(c) for c in ids],
        "metrics": [[sorted(session.metrics.get(c, {}).items())] for c in ids],
        "merges": session.suggestions.ranked(),
        "pairs": sorted(session.workspace.active.suggestions._scores.items()),
        "splits": session.suggestions.ranked_splits(),
        "candidates": session.suggestions.group_candidates(),
    }


def computed_by(path: Path) -> dict[str, object]:
    """What a session computes in the way that a window's background does; nothing is kept."""
    with Session.open(path, read_only=True) as session:
        session.suggest_all()
        session.suggest_splits()
        return known_of(session)


def found_in(path: Path) -> dict[str, object]:
    """What a session finds without computing anything; that nothing is left to do is asserted."""
    with Session.open(path, read_only=True) as session:
        session.statistics.recall()
        assert session.statistics.job() is None
        recall, recall_splits = session.suggestions.job(), session.suggestions.split_job()
        assert recall is not None
        assert recall_splits is not None
        session.suggestions.add(recall(lambda: False))
        session.suggestions.add_split(recall_splits(lambda: False))
        assert session.suggestions.job() is None
        assert session.suggestions.split_job() is None
        return known_of(session)


def content_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha1(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(params=["small", "hybrid"])
def dataset(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the smallest dataset is cut."""
    monkeypatch.setattr(tasks, "SPIKES_AT_ONCE", 0)
    monkeypatch.setattr(tasks, "LEAST_CLUSTERS", 4)


def test_what_is_prepared_is_what_a_session_computes(dataset: Path) -> None:
    expected = computed_by(dataset)
    before = content_of(dataset.parent)
    prepared = phygui.prepare(dataset)
    assert prepared.computed["metrics"] == prepared.n_clusters > 0
    found = found_in(dataset)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert alike(found[name], value), name
    after = content_of(dataset.parent)
    assert {name: after[name] for name in before} == before
    assert all(".phygui/prepared/" in name for name in after.keys() - before.keys())
    (of,) = prepared.shanks
    assert of.n_merges == len(expected["merges"])  # type: ignore[arg-type]
    assert of.n_splits == len(expected["splits"])  # type: ignore[arg-type]
    assert of.n_candidates == len(expected["candidates"])  # type: ignore[arg-type]


def test_pieces_give_the_same_as_the_whole(small: Path, in_pieces: None) -> None:
    expected = computed_by(small)
    prepared = prepare(small)
    assert prepared.computed["stats"] == prepared.computed["splits"] == prepared.n_clusters
    found = found_in(small)
    for name, value in expected.items():
        assert alike(found[name], value), name


@pytest.mark.parametrize("what", ["metrics", "splits", "rest"])
def test_a_piece_computes_what_earlier_ones_should_have_left(small: Path, what: str) -> None:
    """A file of stats may not hold all of them."""
    order = order_of(small)
    (of,) = do(Task(order, "run", what, (0, "main"), tuple(range(8)))).shanks
    close_opened()
    assert of.computed["stats"] == of.computed["metrics" if what == "rest" else what] > 0


def test_what_lacks_is_asked_once_for_all_clusters(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, lacking = [], Headless.lacking

    def noted(self: Headless, what: str) -> list[int]:
        asked.append(what)
        return lacking(self, what)

    monkeypatch.setattr(Headless, "lacking", noted)
    do(Task(order_of(small), "run", "stats", (0, "main"), tuple(range(8))))
    close_opened()
    assert asked == ["stats"]


def test_somebody_saves_between_two_pieces(small: Path, in_pieces: None) -> None:
    def done(pieces: list[Task]) -> Iterator[Done]:
        for piece in pieces:
            yield do(piece)
            # The next one is another process's.
            close_opened()

    stages = prepare_in_stages(order_of(small, what="similarity"))
    pieces = next(stages)
    while [piece.what for piece in pieces] != ["rest"]:
        pieces = stages.send([*done(pieces)])
    with Session.open(small) as session:
        session.merge(session.cluster_ids[:2].tolist())
        session.save()
    results = [*done(pieces)]
    with pytest.raises(StopIteration) as end:
        stages.send(results)
    assert end.value.value.n_clusters == 14
    assert set(prepare(small, what="similarity").computed.values()) == {0}


def test_pieces_of_files_are_read_by_compiled_code_where_any_are_read(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scattered, "_read_pieces", None)
    prepare(small, what="stats")
    assert scattered._read_pieces is not None
    monkeypatch.setattr(scattered, "_read_pieces", None)
    prepare(small, what="stats")
    assert scattered._read_pieces is None


def test_a_second_run_computes_and_writes_nothing(small: Path) -> None:
    prepare(small)
    before = content_of(small.parent)
    again = prepare(small)
    assert set(again.computed.values()) == {0}
    assert content_of(small.parent) == before
    assert pickle.loads(pickle.dumps(again)) == again


def test_a_second_run_of_what_was_cut_opens_it_once(small: Path, in_pieces: None) -> None:
    prepare(small)
    stages = prepare_in_stages(order_of(small))
    (begin,) = next(stages)
    with pytest.raises(StopIteration) as end:
        stages.send([do(begin)])
    close_opened()
    assert set(end.value.value.computed.values()) == {0}


def test_what_lacks_after_an_interruption_is_cut_and_nothing_else(
    small: Path, in_pieces: None
) -> None:
    prepare(small, what="metrics")
    stages = prepare_in_stages(order_of(small))
    (begin,) = next(stages)
    assert {piece.what for piece in stages.send([do(begin)])} == {"splits"}
    close_opened()


def test_only_clusters_that_were_edited_are_computed_again(small: Path) -> None:
    prepare(small)
    with Session.open(small) as session:
        session.merge(session.cluster_ids[:2].tolist())
        session.save()
    again = prepare(small)
    assert again.computed["stats"] == again.computed["metrics"] == again.computed["splits"] == 1
    assert alike(found_in(small), computed_by(small))


def test_a_session_may_be_open_and_edit(small: Path) -> None:
    """It has the lock; what it keeps, and what is prepared meanwhile, both are there afterwards."""
    with Session.open(small) as session:
        session.merge(session.cluster_ids[:2].tolist())
        session.learn_all()
        prepare(small)
        job = session.statistics.remember_job()
        assert job is not None
        job()
        session.undo()
        session.merge(session.cluster_ids[2:4].tolist())
        assert session.history_position == 1
        session.save()
    # All but the merged cluster was known.
    assert prepare(small).computed["stats"] == 1


def test_one_thing_only_and_what_it_needs(small: Path) -> None:
    prepared = prepare(small, what=["splits"])
    assert prepared.computed == {"stats": 15, "splits": 15}
    assert not list(small.parent.rglob("previews-*"))


def test_similarities_are_found(small: Path) -> None:
    prepare(small, what="similarity")
    with Session.open(small, read_only=True) as session:
        session.statistics.recall()
        summaries = {c: session.stats[c].summary for c in session.cluster_ids.tolist()}
        found = session.knowledge.matrix.between(summaries).copy()
        assert (found != 0).any()
    with Session.open(small, read_only=True) as session:
        session.statistics.recall()
        session.knowledge.matrix = type(session.knowledge.matrix)()
        summaries = {c: session.stats[c].summary for c in session.cluster_ids.tolist()}
        session.knowledge.matrix.learn(summaries, session.measures.similarity)
        assert alike(session.knowledge.matrix.between(summaries), found)


def test_merges_found_by_another_similarity_are_not_taken(small: Path) -> None:
    prepare(small, what="merges")
    assert prepare(small, what="merges").computed["merges"] == 0
    assert prepare(small, what="merges", ranking="waveforms").computed["merges"] == 15


def test_previews_are_as_documented(small: Path) -> None:
    prepare(small, what="previews")
    (path,) = small.parent.rglob("previews-0.npz")
    with np.load(path, allow_pickle=False) as file, Session.open(small, read_only=True) as session:
        assert file["cluster_ids"].tolist() == session.cluster_ids.tolist()
        assert file["n_spikes"].sum() == len(session.spike_clusters)
        assert file["waveforms"].shape == (15, session.shank.n_samples_waveforms)
        assert file["waveforms"].dtype == np.float32
        assert file["acg"].shape == (15, 51)
        assert (file["acg"] == file["acg"][:, ::-1]).all()


def test_a_list_of_sessions_sees_it(small: Path) -> None:
    assert not overview(small).prepared
    prepare(small, what="stats")
    assert not overview(small).prepared
    prepare(small, what="metrics")
    seen = overview(small)
    assert seen.prepared == 1
    assert seen.curves
    # Without the raw data a session computes other numbers.
    small.with_suffix(".dat").unlink()
    assert overview(small).prepared == 0


def test_a_metric_that_fails_is_not_waited_for(small: Path) -> None:
    def fails(_: ClusterData) -> Metric:
        raise RuntimeError("no")

    register_metric(MetricSpec("broken", "broken", "broken", "never there", fails))
    try:
        prepare(small, what="metrics")
        assert overview(small).prepared == 1
    finally:
        unregister_metric("broken")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody can write into a folder; root can, so what asks is told otherwise."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_folder_elsewhere_is_found(
    small: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("prepared")
    monkeypatch.setattr(places, "_list_file", lambda: folder / "prepared.json")
    expected = computed_by(small)
    before = content_of(small.parent)
    with read_only(small.parent):
        prepare(small, folder=folder)
        assert content_of(small.parent) == before
        assert alike(found_in(small), expected)
    # Whichever way it is named: the data tells.
    renamed = small.rename(small.with_name("renamed.kwik"))
    assert renamed.exists()
    assert places.known_folders() == [folder]


def test_the_environment_names_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.ENVIRONMENT, f"/one{os.pathsep}/two")
    assert places.known_folders()[:2] == [Path("/one"), Path("/two")]


def test_a_damaged_piece_is_computed_again(small: Path) -> None:
    prepare(small)
    for path in small.parent.rglob("statistics-0-*.npz"):
        path.write_bytes(path.read_bytes()[:-100])
    assert prepare(small).computed["stats"] == 15


def test_cancelled_leaves_whole_files_and_goes_on(small: Path) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 60

    with pytest.raises(Cancelled):
        prepare(small, cancelled=cancelled)
    assert not list(small.parent.rglob("*.part"))
    again = prepare(small)
    assert again.computed["stats"] < 15
    assert again.computed["metrics"] == 15


def test_progress_is_told(small: Path) -> None:
    told: list[tuple[float, str]] = []
    prepare(small, progress=lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert "metrics" in [what for _, what in told]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"what": ["stat"]}, "no kind of preparation 'stat'; did you mean stats\\?$"),
        ({"channel_group": 7}, "has no shank 7; there are 0"),
        ({"clustering": "mine"}, "shank 0: no clustering 'mine'; "),
        ({"ranking": "none"}, "no similarity is called 'none'"),
    ],
)
def test_what_makes_no_sense_is_said(small: Path, asked: dict[str, object], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        prepare(small, **asked)  # type: ignore[arg-type]


def test_a_full_disk_is_said(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(places, "write_whole", full)
    with pytest.raises(DatasetError, match="could not be prepared: No space left on device"):
        prepare(small)
    assert not [p for p in small.parent.rglob("prepared/*") if p.is_file()]


def test_all_kinds_are_in_order() -> None:
    assert WHAT.index("stats") < WHAT.index("metrics") < WHAT.index("merges")
