"""Switching channel group and clustering, copying a clustering, and making one read-only."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from phygui import Session
from phygui.curation.edits.update import EditError
from phygui.errors import DatasetError
from phygui.simulate import make_demo


@pytest.fixture(scope="module")
def two_shanks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shanks")
    demo = make_demo(
        folder, n_spikes=3_000, n_clusters=10, n_channels=8, duration=20.0, n_channel_groups=2
    )
    return demo.kwik_path


@pytest.fixture
def shanks(two_shanks: Path, tmp_path: Path) -> Path:
    import shutil

    for source in two_shanks.parent.iterdir():
        if source.is_file():
            shutil.copyfile(source, tmp_path / source.name)
    return tmp_path / two_shanks.name


def spikes_of(path: Path, group: int, name: str) -> np.ndarray:
    with h5py.File(path) as file:
        return file[f"/channel_groups/{group}/spikes/clusters/{name}"][()]


def test_navigation_passes_over_the_same_wherever_one_is(shanks: Path) -> None:
    with Session.open(shanks) as session:
        first, second = session.model.channel_groups
        wizard = session.wizard
        wizard.skip_noise_and_mua = False
        session.navigation.clusters.set_filter("id > 3")
        session.switch(second)
        assert session.wizard is not wizard
        assert not session.wizard.skip_noise_and_mua
        assert session.wizard.lists is wizard.lists
        assert not session.wizard.lists.is_in_sight(3)
        session.wizard.skip_noise_and_mua = True
        session.switch(first)
        assert wizard.skip_noise_and_mua


def test_switching_by_the_names_of_earlier_programs(shanks: Path) -> None:
    with Session.open(shanks) as session:
        first, second = session.model.channel_groups
        assert session.kwik_path == session.path
        assert session.n_clusters == len(session.cluster_ids) == 10
        session.merge(session.cluster_ids[:2].tolist())
        assert session.n_clusters == len(session.cluster_ids) == 9
        assert session.has_unsaved_changes
        session.change_channel_group(second)
        assert (session.channel_group, session.n_clusters) == (second, 10)
        session.change_clustering("original")
        assert session.clustering == "original"
        with pytest.raises(ValueError, match="no clustering 'automat'"):
            session.change_clustering("automat")
        session.change_channel_group(first)
        session.save()
        assert not session.has_unsaved_changes


def test_each_shank_keeps_edits_undo_and_selection(shanks: Path) -> None:
    with Session.open(shanks) as session:
        first, second = session.model.channel_groups
        a, b = session.cluster_ids[:2].tolist()
        merged = session.merge([a, b]).added[0]
        session.select([merged])
        heard: list[int] = []
        session.switched.connect(lambda: heard.append(session.channel_group))

        # Read in another thread, switched in this one.
        finish = session.workspace.switch_job(second)()
        assert session.channel_group == first
        finish()
        assert (session.channel_group, heard) == (second, [second])
        assert session.history == ()
        assert session.selected == []
        assert session.model.channel_group == second
        c = int(session.cluster_ids[0])
        session.move([c], "good")
        session.select([c])

        session.switch(first)
        assert session.selected == [merged]
        session.undo()
        assert {a, b} <= set(session.cluster_ids.tolist())
        session.redo()
        session.switch(second)
        assert session.selected == [c]
        assert session.group_of(c) == "good"
        session.save()
        with pytest.raises(DatasetError, match="no shank 7"):
            session.switch(7)
        with pytest.raises(DatasetError, match="no clustering"):
            session.switch(clustering="none")
        assert session.channel_group == second
    assert (spikes_of(shanks, first, "main") == merged).sum()
    with Session.open(shanks, second) as again:
        assert again.group_of(c) == "good"


def test_a_shank_comes_back_with_its_clustering(shanks: Path) -> None:
    with Session.open(shanks) as session:
        first, second = session.model.channel_groups
        session.switch(clustering="original")
        session.switch(second)
        assert session.clustering == "original"
        session.switch(clustering="main")
        session.switch(first)
        assert session.clustering == "original"
        session.switch(second)
        assert session.clustering == "main"


def test_a_copy_holds_unsaved_edits_and_the_old_one_stays(small: Path) -> None:
    before = spikes_of(small, 0, "main")
    with Session.open(small) as session:
        a, b, c = session.cluster_ids[:3].tolist()
        merged = session.merge([a, b]).added[0]
        session.move([merged], "good")
        session.label([c], "note", "odd")
        expected = session.spike_clusters.copy()
        groups = session.cluster_groups
        session.learn_all()
        session.copy_clustering("second try")
        assert "second try" in session.model.clusterings
        assert np.array_equal(spikes_of(small, 0, "main"), before)
        assert np.array_equal(spikes_of(small, 0, "second try"), expected)
        assert session.clustering == "main"
        assert session.n_unsaved == 3
        session.switch(clustering="second try")
        assert np.array_equal(session.spike_clusters, expected)
        assert session.cluster_groups == groups
        assert session.labels_of(c) == {"note": "odd"}
        assert session.history == ()
        # What is known of the clusters is known here too, without computing it again.
        job = session.statistics.job()
        assert job is not None
        session.statistics.add(job(lambda: False))
        assert session.statistics.job() is None
        # Both go their own way from here, and both are saved.
        session.move([c], "noise")
        session.switch(clustering="main")
        session.jump_to(1)
        session.save()
    with Session.open(small, clustering="second try") as again:
        assert again.group_of(c) == "noise"
        assert again.group_of(merged) == "good"
        again.switch(clustering="main")
        assert again.group_of(merged) != "good"
        assert again.labels_of(c) == {}


def test_original_can_be_copied_and_its_copy_edited(small: Path) -> None:
    with Session.open(small, clustering="original") as session:
        assert not session.is_editable
        a, b = session.cluster_ids[:2].tolist()
        with pytest.raises(EditError, match="read-only"):
            session.merge([a, b])
        with pytest.raises(EditError, match="always read-only"):
            session.set_editable(True)
        session.copy_clustering("fresh")
        session.switch(clustering="fresh")
        session.merge([a, b])
        session.save()


@pytest.mark.parametrize("name", ["", " ", "a/b", ".", "main", "original", "x\0y", " x", "a\nb"])
def test_bad_names_are_refused_in_a_sentence(small: Path, name: str) -> None:
    before = small.read_bytes()
    with Session.open(small) as session:
        with pytest.raises(DatasetError, match=r"not a valid name for a clustering|already"):
            session.copy_clustering(name)
        assert session.model.clusterings == ["main", "original"]
    assert small.read_bytes() == before


def test_a_copy_that_fails_leaves_the_file_as_it_was(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    before = small.read_bytes()
    with Session.open(small) as session:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(DatasetError, match="the disk is full"):
            session.copy_clustering("copy")
        monkeypatch.undo()
        assert small.read_bytes() == before
        session.copy_clustering("copy")
    assert "copy" in Session.open(small, read_only=True).model.clusterings


def test_a_read_only_clustering_stays_so_and_only_it(small: Path) -> None:
    with Session.open(small) as session:
        a, b = session.cluster_ids[:2].tolist()
        session.merge([a, b])
        session.set_editable(False)
        assert not session.can_undo
        for act in (session.undo, lambda: session.move([int(session.cluster_ids[0])], "good")):
            with pytest.raises(EditError, match="or make it editable"):
                act()
        session.save()
        session.copy_clustering("copy")
        session.switch(clustering="copy")
        assert session.is_editable
    with Session.open(small) as again:
        assert not again.is_editable
        again.set_editable(True)
        again.move([int(again.cluster_ids[0])], "good")
        again.undo()
    with Session.open(small, read_only=True) as closed:
        assert closed.is_editable
        with pytest.raises(EditError, match="nothing can be edited"):
            closed.set_editable(False)
        with pytest.raises(DatasetError, match="nothing is copied"):
            closed.copy_clustering("x")


@pytest.mark.slow
def test_located_features_count_where_they_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "phygui.storage.state.locations.locations_file", lambda: tmp_path / "locations.json"
    )
    demo = make_demo(tmp_path, n_spikes=600, n_clusters=5, n_channels=8, n_channel_groups=2)
    elsewhere = tmp_path / "elsewhere.kwx"
    demo.kwik_path.with_suffix(".kwx").rename(elsewhere)
    with h5py.File(elsewhere, "r+") as file:
        del file["channel_groups/1"]
    with Session.open(demo.kwik_path, 0) as session:
        session.switch(1)
        session.switch(0)
        told = []
        session.switched.connect(lambda: told.append(session.channel_group))
        session.locate("features", elsewhere)
        assert session.model.features is not None
        assert told == [0]
        session.switch(1)
        assert session.model.features is None
        with pytest.raises(DatasetError):
            session.locate("features", elsewhere)


def test_a_copy_does_not_count_as_a_change_by_another_program(small: Path) -> None:
    # Without a journal nothing tells what the file held.
    with Session.open(small, journal=False) as session:
        session.merge(session.cluster_ids[:2])
        session.copy_clustering("copy")
        assert not session.changed_on_disk()
        assert session.save()
        session.copy_clustering("other copy")
        with h5py.File(small, "r+") as file:
            file["channel_groups/0/spikes/clusters/main"][:3] = 999
        session.copy_clustering("third copy")
        assert session.changed_on_disk()
