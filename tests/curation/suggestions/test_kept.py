"""What was found out about pairs and parts: kept beside the dataset, or looked for again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import SplitScore, merge_score
from phygui.analysis.units.merging import Coincidences
from phygui.curation.suggestions.kept import Kept, SuggestionsFile
from phygui.simulate import make_demo


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[list, list]]:
    """A dataset of which all was found out and kept, and what that is."""
    folder = tmp_path_factory.mktemp("kept")
    path = make_demo(
        folder, n_spikes=4_000, n_clusters=8, duration=40.0, oversplit=("amplitude",), seed=5
    ).kwik_path
    with Session.open(path) as session:
        search(session)
        remember(session)
        assert session.suggestions.remember_job() is None, "nothing is new"
        assert session.suggestions.ranked()
        return path, found(session)


@pytest.fixture
def path(made: tuple[Path, tuple[list, list]], tmp_path: Path) -> Path:
    shutil.copytree(made[0].parent, tmp_path / "copy")
    return tmp_path / "copy" / made[0].name


def search(session: Session) -> None:
    session.suggest_all()
    session.suggestions.suggest_splits()


def remember(session: Session) -> None:
    for job in (session.statistics.remember_job(), session.suggestions.remember_job()):
        if job is not None:
            job()


def found(session: Session) -> tuple[list, list]:
    splits = session.suggestions.ranked_splits()
    parts = [(s.clusters, s.parts.labels.tolist(), s.evidence) for s in splits]
    return session.suggestions.ranked(), parts


@pytest.mark.slow
def test_a_later_session_knows_all_that_was_found_out(made, path: Path) -> None:
    with Session.open(path) as session:
        session.statistics.recall()
        assert not session.knowledge.missing_stats()
        # The one job there is reads what is kept.
        session.suggestions.add(session.suggestions.job()(lambda: False))
        session.suggestions.add_split(session.suggestions.split_job()(lambda: False))
        assert session.suggestions.missing() == []
        assert session.suggestions.split_job() is None
        assert found(session) == made[1]


def test_which_clusters_are_skipped_is_not_asked_in_the_worker(made, path: Path) -> None:
    asked: list[int] = []
    with Session.open(path) as session:
        session.statistics.recall()
        session.suggestions.ranked(lambda c: bool(asked.append(c)))
        job = session.suggestions.job()
        assert asked
        asked.clear()
        found = job(lambda: False)
        assert found.listed is not None
        assert not asked


def test_an_edit_leaves_what_it_does_not_touch(path: Path) -> None:
    with Session.open(path) as session:
        session.learn_stats()
        session.suggestions.add(session.suggestions.job()(lambda: False))
        [new] = session.merge(session.suggestions.ranked()[0].clusters).added
        session.save()
    with Session.open(path) as session:
        session.learn_stats()
        session.suggestions.add(session.suggestions.job()(lambda: False))
        assert session.suggestions.missing() == [new]


def test_what_nobody_asked_for_is_left_as_it_is(made, path: Path) -> None:
    with Session.open(path) as session:
        session.learn_stats()
        session.split(session.spikes_per_cluster[max(session.spikes_per_cluster)][::2])
        session.suggestions.suggest_splits()
        job = session.suggestions.remember_job()
        assert job is not None
        job()
        session.close(discard=True)
    with Session.open(path) as session:
        session.statistics.recall()
        session.suggestions.add(session.suggestions.job()(lambda: False))
        assert session.suggestions.ranked() == made[1][0]


def test_a_file_of_other_data_or_a_damaged_one_is_not_used(path: Path) -> None:
    with Session.open(path, read_only=True) as session:
        file = session.suggestions._memory._file()
        # From here on the data's fingerprint is known.
        assert file.read() != Kept()
    assert SuggestionsFile(file.path.parent, 0, lambda: "other data").read() == Kept()
    data = file.path.read_bytes()
    for place in (3, 40, len(data) // 2, len(data) - 2):
        damaged = bytearray(data)
        damaged[place] ^= 255
        file.path.write_bytes(damaged)
        assert file.read() == Kept()
    file.path.write_bytes(data[:100])
    assert file.read() == Kept()


def test_a_read_only_session_writes_nothing(path: Path) -> None:
    with Session.open(path, read_only=True) as session:
        session.learn_stats()
        session.suggestions.add(session.suggestions.job()(lambda: False))
        assert session.suggestions.ranked()
        assert session.suggestions.remember_job() is None


def test_all_comes_back_as_it_was(tmp_path: Path) -> None:
    nan = float("nan")
    score = merge_score(0.5, 0.8, 0.9, Coincidences(3, 1.5), (0.1, 0.2))
    kept = Kept(
        {"a": 0.25, "b": -1.0},
        {("a", "b"): score._replace(isolation=(12.0, 3.5))},
        {(("a", "b"), ("c",)): score},
        {"a": (np.array([0, 1, 1, 0]), SplitScore(0.9, (2, 2), nan)), "c": None},
    )
    file = SuggestionsFile(tmp_path / "state", 0, lambda: "data")
    assert file.read() == Kept()
    file.write(kept)
    again = file.read()
    assert (again.reach, again.scores, again.joins) == (kept.reach, kept.scores, kept.joins)
    assert again.parts["c"] is None
    labels, evidence = again.parts["a"]
    assert labels.tolist() == [0, 1, 1, 0]
    assert (evidence.n_spikes, np.isnan(evidence.distance)) == ((2, 2), True)
    # What cannot be told stays so: it is not asked for again.
    file.write(Kept(scores={("a", "b"): score._replace(isolation=(nan, nan))}))
    assert np.isnan(file.read().scores["a", "b"].isolation).all()
