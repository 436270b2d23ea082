"""Clusterings of an analyzer: curated, saved as SpikeInterface's curation, read back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phygui import Session, open_dataset
from phygui.dataset import ClusteringState, DatasetError
from phygui.formats.spikeinterface import store as stored
from phygui.formats.spikeinterface.store import AnalyzerClusterings, curation_file
from phygui.storage.state import locations

from .analyzers import PLAIN, SUFFIXES, as_zarr, make

MAIN = (0, "main")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "locations_file", lambda: tmp_path / "own" / "locations.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    computed = PLAIN | {"quality_metrics": {"metric_names": ["num_spikes"]}}
    path = make(tmp_path_factory.mktemp("made"), computed)
    as_zarr(path)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "analyzer")
    return tmp_path / "analyzer"


def store_of(path: Path) -> AnalyzerClusterings:
    store = open_dataset(path).clusterings
    assert isinstance(store, AnalyzerClusterings)
    return store


def applied(path: Path) -> tuple[dict[str, list[tuple[int, int]]], dict[str, dict[str, str]]]:
    """Trains (segment and sample) and labels of the units after `apply_curation`."""
    import spikeinterface.core as si
    from spikeinterface.curation import apply_curation

    sorting = si.load_sorting_analyzer(path, load_extensions=False).sorting
    told = json.loads(curation_file(path).read_text())
    found = apply_curation(sorting, told)
    spikes = found.to_spike_vector()
    trains = {
        str(unit): [
            (int(each["segment_index"]), int(each["sample_index"]))
            for each in spikes[spikes["unit_index"] == place]
        ]
        for place, unit in enumerate(found.unit_ids)
    }
    labels = {
        name: {str(u): str(text) for u, text in zip(found.unit_ids, of, strict=True)}
        for name in ("quality", "note")
        if (of := found.get_property(name)) is not None
    }
    return trains, labels


def ours(path: Path) -> dict[str, list[tuple[int, int]]]:
    shank = open_dataset(path).open()
    clusters = open_dataset(path).clusterings.read(MAIN).spike_clusters
    starts = shank.timeline.starts[shank.spike_recordings]
    samples = shank.spike_samples.astype(np.int64) - starts
    pairs = list(zip(shank.spike_recordings.tolist(), samples.tolist(), strict=True))
    return {str(c): [pairs[i] for i in np.flatnonzero(clusters == c)] for c in np.unique(clusters)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_curation_is_saved_and_spikeinterface_applies_it(
    made: Path, tmp_path: Path, suffix: str
) -> None:
    path = (tmp_path / "analyzer").with_suffix(suffix)
    shutil.copytree(made.with_suffix(suffix), path)
    before = {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}
    with Session.open(path) as session:
        first = session.state_in_file()
        session.split(session.spikes_per_cluster[1][::2])
        parts = session.selection.clusters[:2]
        merged = session.merge([2, parts[0]]).added[0]
        session.undo()
        merged = session.merge([2, parts[0]]).added[0]
        session.move([merged], "good")
        session.move([4], "noise")
        session.label([merged], "note", "two words")
        session.save()
        saved = session.shown.state()
    trains, labels = applied(path)
    assert trains == ours(path)
    assert labels["quality"][str(merged)] == "good"
    assert labels["quality"]["4"] == "noise"
    assert labels["note"][str(merged)] == "two words"
    with Session.open(path) as session:
        assert not session.is_modified
        assert session.state_in_file().equals(saved)
        unedited = store_of(path).unedited()
        assert unedited is not None
        assert unedited.read(MAIN).equals(first)
    assert {p: p.read_bytes() for p in path.rglob("*") if p.is_file()} == before


def edited(store: AnalyzerClusterings, **labels: str) -> ClusteringState:
    """Unit 1 is merged into 2 as 7 and good; with labels."""
    state = store.read(MAIN)
    clusters = state.spike_clusters.copy()
    clusters[np.isin(clusters, [1, 2])] = 7
    groups = {c: state.cluster_groups.get(c, 3) for c in np.unique(clusters).tolist()}
    kept = {c: dict(of) for c, of in state.labels.items() if c in groups}
    names = {**state.group_names, 4: "interneuron", 5: "removed"}
    told = kept | ({7: dict(labels)} if labels else {})
    return ClusteringState(clusters, groups | {7: 2, 0: 5, 3: 4}, told, names)


def test_groups_and_labels_come_back(path: Path) -> None:
    store = store_of(path)
    state = edited(store, quality="mine", **{"label:x": "1", "n": "ü, y"})
    del state.labels[3]["num_spikes"]  # type: ignore[attr-defined]
    state.labels[4]["num_spikes"] = "many"  # type: ignore[index]
    store.write({MAIN: state})
    found = store_of(path).read(MAIN)
    assert found.cluster_groups == state.cluster_groups
    assert {c: of for c, of in state.labels.items() if of} == found.labels
    assert found.group_names[4] == "interneuron"
    np.testing.assert_array_equal(found.spike_clusters, state.spike_clusters)
    trains, _ = applied(path)
    assert set(trains) == {"3", "4", "7"}, "what is in the group removed is removed"


def test_a_new_cluster_has_no_metrics_of_the_units_that_it_is_made_of(path: Path) -> None:
    with Session.open(path) as session:
        session.label([1, 3], "region", "CA1")
        (merged,) = session.merge([1, 2]).added
        parts = session.split(session.spikes_per_cluster[3][::2]).added
        for new in (merged, *parts):
            assert session.labels_of(new)["region"] == "CA1"
            assert "num_spikes" not in session.labels_of(new)
        assert "num_spikes" in session.labels_of(4)
        session.save()
    told = curation_file(path).read_text()
    assert "region" in told
    assert "num_spikes" not in told
    with Session.open(path) as session:
        assert session.labels_of(merged)["region"] == "CA1"
        update = session.merge([4, merged])
        assert "num_spikes" not in session.labels_of(*update.added)
        session.undo()
        assert "num_spikes" in session.labels_of(4)


def test_the_curation_of_somebody_else_is_read_and_kept(path: Path) -> None:
    theirs = {
        "format_version": "2",
        "unit_ids": ["0", "1", "2", "3", "4"],
        "label_definitions": {
            "quality": {"label_options": ["good", "MUA", "noise"], "exclusive": True}
        },
        "manual_labels": [{"unit_id": "1", "labels": {"quality": ["MUA"]}}],
        "merges": [{"unit_ids": ["2", "3"], "new_unit_id": None}],
        "removed": ["4"],
    }
    curation_file(path).write_text(json.dumps(theirs))
    store = store_of(path)
    first = store.read(MAIN)
    assert first.cluster_groups == {0: 3, 1: 1, 4: 4, 5: 3}
    assert first.group_names[4] == "removed"
    assert store.unedited() is None
    with Session.open(path) as session:
        session.move([0], "good")
        session.save()
    unedited = store_of(path).unedited()
    assert unedited is not None
    assert unedited.read(MAIN).equals(first)
    trains, labels = applied(path)
    assert set(trains) == {"0", "1", "5"}
    assert labels["quality"] == {"0": "good", "1": "mua", "5": ""}


@pytest.mark.parametrize("text", ["[", "3", "[]x", '{"format_version": "2"}', '{"a": NaN}'])
def test_a_curation_that_is_none_is_told(path: Path, text: str) -> None:
    curation_file(path).write_text(text)
    with pytest.raises(DatasetError, match=r"curation\.json cannot be"):
        store_of(path).read(MAIN)


def test_integer_units_stay_integers(tmp_path: Path) -> None:
    path = make(tmp_path, {}, unit_ids=[3, 1, 2, 10, 12])
    store = store_of(path)
    state = store.read(MAIN)
    assert state.largest_cluster_id == 12
    clusters = np.where(np.isin(state.spike_clusters, [1, 3]), 13, state.spike_clusters)
    groups = {int(c): 3 for c in np.unique(clusters)}
    store.write({MAIN: ClusteringState(clusters.astype(np.int32), groups, {})})
    told = json.loads(curation_file(path).read_text())
    assert told["merges"] == [{"unit_ids": [3, 1], "new_unit_id": 13}]
    assert applied(path)[0] == ours(path)


def test_edits_that_were_not_saved_are_recovered(path: Path) -> None:
    child = os.fork()
    if child == 0:
        session = Session.open(path)
        session.merge([0, 1])
        os._exit(0)
    os.waitpid(child, 0)
    with Session.open(path, recover=True) as session:
        assert session.is_modified
        assert 5 in session.cluster_ids
        session.save()
    assert set(ours(path)) == {"2", "3", "4", "5"}


def test_a_copy_finds_its_recording(path: Path, made: Path, tmp_path: Path) -> None:
    goal = tmp_path / "elsewhere" / "copy"
    goal.parent.mkdir()
    store = store_of(made)
    state = edited(store, note="x")
    store.write({MAIN: state}, target=goal)
    assert not curation_file(made).exists()
    assert store_of(goal).read(MAIN).cluster_groups == state.cluster_groups
    assert open_dataset(goal).open().traces is not None
    with pytest.raises(DatasetError, match="exists already"):
        store.write({MAIN: state}, target=goal)


def test_a_save_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(path)
    before = store.read(MAIN)
    stamp = store.stamp()

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(DatasetError, match="could not be saved"):
            store.write({MAIN: edited(store)})

    def refuse() -> None:
        raise DatasetError("not now")

    with pytest.raises(DatasetError, match="not now"):
        store.write({MAIN: edited(store)}, ready=refuse)
    assert store_of(path).read(MAIN).equals(before)
    assert store.stamp() == stamp
    assert not [each for each in path.parent.iterdir() if "curation" in each.name]
    store.write({MAIN: edited(store)})
    assert store.stamp() != stamp


def test_a_save_whose_folder_cannot_be_flushed_is_told_as_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(path)
    after, sync = edited(store, note="new"), stored.sync_folder
    is_there = curation_file(path).exists

    def fails(folder: Path) -> None:
        if is_there():
            raise OSError(5, "Input/output error")
        sync(folder)

    with monkeypatch.context() as patched:
        patched.setattr(stored, "sync_folder", fails)
        with pytest.raises(DatasetError, match=r"was saved, but .*Input/output error"):
            store.write({MAIN: after})
    assert store_of(path).read(MAIN).equals(after)


CALLS = ("replace", "unlink", "fsync", "open", "write", "close")


@pytest.mark.slow
def test_a_save_killed_at_any_call_is_old_or_new(path: Path) -> None:
    store = store_of(path)
    store.write({MAIN: edited(store, note="old")})
    before, after = store.read(MAIN), edited(store, note="new")
    seen = set()
    for n in range(60):
        child = os.fork()
        if child == 0:
            count = 0

            def counted(call: Callable[..., Any], n: int = n) -> Callable[..., Any]:
                def called(*arguments: Any, **options: Any) -> Any:
                    nonlocal count
                    count += 1
                    if count > n:
                        os._exit(9)
                    return call(*arguments, **options)

                return called

            for name in CALLS:
                setattr(os, name, counted(getattr(os, name)))
            try:
                store.write({MAIN: after})
            finally:
                os._exit(0)
        is_done = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        labels = store_of(path).read(MAIN).labels
        assert labels in (before.labels, after.labels)
        seen.add(labels == after.labels)
        if is_done:
            break
    assert is_done
    assert seen == {False, True}
