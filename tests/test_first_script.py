"""A first script: each mistake in it gets one sentence, and nothing goes wrong quietly."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import phygui
from phygui import DatasetError, KwikModel, Session
from phygui.curation.edits.update import EditError
from phygui.simulate import make_demo


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that no test writes to."""
    folder = tmp_path_factory.mktemp("first")
    made = make_demo(folder, name="rat7", n_spikes=1500, n_clusters=5, duration=10.0, raw="dat")
    return made.kwik_path


@pytest.fixture(scope="module")
def model(path: Path) -> KwikModel:
    return KwikModel(path)


@pytest.fixture
def session(path: Path) -> Iterator[Session]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Session.open(path, journal=False) as opened:
            yield opened


# -- what is opened ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "sentence"),
    [
        (lambda p: Session(str(p)), r"opened by the path .*: Session\.open\("),
        (lambda p: Session(KwikModel(p)), r"Session\.open\("),  # type: ignore[arg-type]
        (lambda p: Session.open(3), "3 was given, expected the path of a dataset"),
        (lambda p: Session.open(None), "None was given, expected the path"),
        (lambda p: KwikModel(3), "3 was given, expected the path of a .kwik file"),
        (lambda p: phygui.open_dataset(b"x"), "b'x' was given, expected the path"),
    ],
)
def test_what_is_no_path(path: Path, opened: Callable[[Path], Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        opened(path)


@pytest.mark.parametrize("opened", [KwikModel, Session.open])
def test_another_file_of_the_dataset(path: Path, opened: Callable[[Path], Any]) -> None:
    with pytest.raises(DatasetError, match=r"features and masks.* Open the \.kwik"):
        opened(path.with_suffix(".kwx"))


def test_raw_data_and_folders(path: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is raw data, expected a \.kwik: open rat7\.kwik"):
        KwikModel(path.with_suffix(".dat"))
    with pytest.raises(DatasetError, match=r"is a folder.*: open rat7\.kwik"):
        KwikModel(path.parent)
    with pytest.raises(DatasetError, match=r"it holds rat7\.kwik: open that"):
        Session.open(path.parent)
    (tmp_path / "params.py").write_text("")
    with pytest.raises(DatasetError, match=r"Session\.open open folders of Kilosort"):
        KwikModel(tmp_path)


def test_what_can_go_wrong_is_imported_from_the_package() -> None:
    for name in phygui.__all__:
        assert getattr(phygui, name) is not None
    raised = [n for n in phygui.__all__ if n.endswith("Error")]
    assert all(issubclass(getattr(phygui, name), ValueError) for name in raised)


# -- edits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda s: s.merge("45"), r"'45' was given, expected cluster ids, such as \[4, 9\]"),
        (lambda s: s.merge(["4", "5"]), "expected cluster ids"),
        (lambda s: s.merge([4.5, 5]), "expected cluster ids"),
        (lambda s: s.merge([4, np.inf]), "expected cluster ids"),
        (lambda s: s.merge([4, np.nan]), "expected cluster ids"),
        (lambda s: s.merge(np.array([True, True])), "expected cluster ids"),
        (lambda s: s.merge(4), "at least two"),
        (lambda s: s.move("good", [4]), r"clusters come first.*: move\(\[8\], 'good'\)"),
        (lambda s: s.move("8", "good"), r"'8' was given, expected cluster ids"),
        (lambda s: s.move([4], "goood"), "did you mean good"),
        (lambda s: s.move_each([4]), r"move_each\(\{8: 'good'\}\)"),
        (lambda s: s.split(s.spike_clusters == 4), r"expected spike ids: np\.flatnonzero\(mask\)"),
        (lambda s: s.restore(3), r"3 was given, expected one of session\.backups\(\)"),
        (lambda s: s.label("region", [4], "CA1"), "clusters come first"),
        (lambda s: s.label([4], "depth", 3), "a label is text.*write '3'"),
        (lambda s: s.select("45"), "expected cluster ids"),
        (lambda s: s.group_of(997), "no cluster 997"),
        (lambda s: s.labels_of(997), "no cluster 997"),
        (lambda s: s.similar(997), "no cluster 997"),
        (lambda s: s.clusters_in("goood"), "did you mean good"),
    ],
)
def test_an_edit_that_was_meant_otherwise(
    session: Session, edit: Callable[[Session], Any], sentence: str
) -> None:
    with pytest.raises(EditError, match=sentence):
        edit(session)
    assert not session.history


def test_a_ranking_of_no_kind(session: Session) -> None:
    with pytest.raises(ValueError, match=r"no kind of ranking 'qualty'; did you mean quality\?"):
        session.choose_ranking("qualty", "agreement")  # type: ignore[arg-type]


def test_what_is_saved_or_exported_and_was_meant_otherwise(path: Path, tmp_path: Path) -> None:
    with KwikModel(path) as model, pytest.raises(DatasetError, match=r"such as \{3: 'good'\}"):
        model.save(model.spike_clusters, ["good"])  # type: ignore[arg-type]
    with pytest.raises(phygui.ExportError, match="no cluster group 'goood'; did you mean good"):
        phygui.export(path, "csv", tmp_path / "x.csv", groups="goood")


def test_one_cluster_alone_and_groups_by_number(session: Session) -> None:
    assert repr(session.move(2, 2)) == "<Update: moved 2 to good>"
    assert session.clusters_in("Good") == session.clusters_in(2) == [2]


@pytest.mark.parametrize("name", ["clusterring", "cluster_groups", "clustering", "spike_clusters"])
def test_a_session_takes_no_attribute(session: Session, name: str) -> None:
    with pytest.raises(AttributeError, match=r"did you mean|is only read; use"):
        setattr(session, name, {})


@pytest.mark.parametrize("name", ["clusterring", "cluster_groups", "spike_clusters"])
def test_a_model_takes_no_attribute(model: KwikModel, name: str) -> None:
    with pytest.raises(AttributeError, match=r"did you mean|is only read"):
        setattr(model, name, {})


def test_what_was_read_is_not_assigned_to(model: KwikModel, session: Session) -> None:
    session.label([2], "region", "CA1")
    for read in (
        model.cluster_groups,
        model.spikes_per_cluster,
        model.labels,
        session.cluster_groups,
        session.spikes_per_cluster,
        session.labels_of(2),
    ):
        with pytest.raises(TypeError, match=r"use|assigning"):
            read[2] = 3  # type: ignore[index]
    for arrays in (model.spikes_per_cluster, session.spikes_per_cluster):
        with pytest.raises(ValueError, match="read-only"):
            arrays[2][0] = 7
    changed = dict(model.cluster_groups)
    changed[2] = 1  # type: ignore[assignment]
    assert pickle.loads(pickle.dumps(model.cluster_groups)) == model.cluster_groups
    assert type(copy.copy(model.cluster_groups)) is dict


# -- clusters, groups and labels -------------------------------------------------------------------


def test_groups_go_by_name_and_number(model: KwikModel, session: Session) -> None:
    assert [c for c, group in model.cluster_groups.items() if group == "unsorted"]
    assert set(model.cluster_groups.values()) == {3}
    assert repr(model.cluster_groups[2]) == "3"
    assert model.cluster_groups[2].name == session.group_of(2) == model.group_of(2) == "unsorted"
    assert model.group_names == session.group_names


def test_labels_of_a_model(tmp_path: Path) -> None:
    path = make_demo(tmp_path, n_spikes=600, n_clusters=5, duration=5.0).kwik_path
    model = KwikModel(path)
    assert model.labels == {}
    with Session.open(path) as session:
        session.label([2], "region", "CA1")
        session.save()
    opened = KwikModel(path)
    assert opened.labels == {2: {"region": "CA1"}}
    assert opened.labels_of(2) == {"region": "CA1"}
    assert opened.labels_of(3) == {}
    with pytest.raises(phygui.DatasetChanged, match="open it again"):
        model.labels  # noqa: B018


def test_samples_may_be_subtracted(model: KwikModel, session: Session) -> None:
    samples = model.spike_samples
    assert (samples[0] - samples[-1]) < 0
    for of in (model, session):
        train = of.spike_train_samples(2)
        np.testing.assert_allclose(train / model.sample_rate, of.spike_train(2))
        assert (np.diff(train[::-1]) <= 0).all()


# -- other processes -------------------------------------------------------------------------------


def looked_at(model: KwikModel) -> tuple[float, float, str]:
    return float(model.features[100:120].sum()), float(model.waveforms[5].sum()), model.clustering


@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_model_in_other_processes(path: Path, start: str) -> None:
    if start not in multiprocessing.get_all_start_methods():
        assert start == "fork"
        return
    model = KwikModel(path, clustering="original")
    expected = looked_at(model)
    with multiprocessing.get_context(start).Pool(2) as pool:
        assert pool.map(looked_at, [model] * 2) == [expected] * 2


def test_a_model_says_what_is_unusual_once(path: Path) -> None:
    again = pickle.loads(pickle.dumps(KwikModel(path)))
    assert again.path == path
    assert copy.deepcopy(again).n_spikes == again.n_spikes


def test_a_session_is_not_pickled(session: Session) -> None:
    with pytest.raises(TypeError, match="send its path"):
        pickle.dumps(session)


# -- what a console shows --------------------------------------------------------------------------


def test_reprs_are_short(model: KwikModel, session: Session) -> None:
    session.merge([2, 3])
    for shown in (model, session, session.history[0], session.shown, session.dataset):
        assert len(repr(shown)) < 120
    for shown in (model.probe, model.clock, model.features, model.traces):
        assert len(repr(shown)) < 80


def test_a_warning_points_at_the_line_of_the_script_once(tmp_path: Path) -> None:
    import h5py

    path = make_demo(tmp_path, n_spikes=600, n_clusters=5, duration=5.0).kwik_path
    with h5py.File(path, "r+") as file:
        del file.attrs["kwik_version"]
    for opened in (KwikModel, Session.open, phygui.open_dataset):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            here = opened(path)
            if opened is phygui.open_dataset:
                here.open(0)
        about = [w for w in caught if "kwik_version" in str(w.message)]
        assert [Path(w.filename).name for w in about] == [Path(__file__).name]
        if opened is Session.open:
            here.close()


# -- types -----------------------------------------------------------------------------------------

TYPED = """
from phygui import DatasetError, KwikModel, Session, export
from phygui.analysis import refractory_violations

def share(path: str) -> dict[int, float]:
    with KwikModel(path) as model:
        return {
            int(c): refractory_violations(model.spike_train_samples(int(c)), model.sample_rate).rate
            for c in model.cluster_ids
        }

def curate(path: str) -> list[str]:
    try:
        with Session.open(path) as session:
            good: list[int] = session.clusters_in("good")
            update = session.merge(good)
            session.move(list(update.added), "good")
            session.label([3], "region", "CA1")
            name: str = session.group_of(3)
            session.save()
            export(path, "csv", "units.csv")
            return [name, *(str(edit) for edit in session.history)]
    except DatasetError as error:
        return [str(error)]
"""


WRONG = """
from phygui import KwikModel, Session

with Session.open("rat7.kwik") as session:
    session.merge("45")
    session.move("good", [8])
    session.clusterring = "main"
    number: int = session.group_of(3)
KwikModel(3)
"""


@pytest.mark.slow
def test_a_script_is_typed_strictly(tmp_path: Path) -> None:
    """mypy finds nothing in a right script, and in a wrong one what the program would refuse."""
    (tmp_path / "right.py").write_text(TYPED)
    (tmp_path / "wrong.py").write_text(WRONG)
    # As of an installed package: what mypy finds in that is none of the script's.
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\n[mypy-phygui.*]\nignore_errors = True"
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "right.py", "wrong.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        # What is installed to be edited is found by an import hook, which mypy does not run.
        env={**os.environ, "MYPYPATH": str(Path(phygui.__file__).parents[1])},
    )
    expected = [f"wrong.py:{number}" for number in (5, 6, 6, 7, 8, 9)]
    assert re.findall(r"^(.*): error:", checked.stdout, re.MULTILINE) == expected, checked.stdout
