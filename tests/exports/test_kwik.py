"""A copy of a Kwik file with the edits."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from phygui import KwikModel, Session
from phygui.errors import DatasetError
from phygui.exports import ExportError, export


def test_the_copy_holds_the_edits_and_the_file_none(curated: Session, tmp_path: Path) -> None:
    before = curated.path.read_bytes()
    path = export(curated, "kwik", tmp_path / "copy.kwik", options={"prm": True})
    assert curated.path.read_bytes() == before
    with KwikModel(path) as model:
        assert model.spike_clusters.tolist() == curated.spike_clusters.tolist()
    with Session.open(path, read_only=True) as other:
        assert other.state().fingerprint == curated.state().fingerprint
    told = runpy.run_path(str(path.with_suffix(".prm")))
    assert told["traces"]["sample_rate"] == curated.shank.sample_rate
    assert told["experiment_name"] == curated.path.stem


def test_undone_edits_of_another_clustering_are_in_the_copy(small: Path, tmp_path: Path) -> None:
    with Session.open(small) as session:
        session.copy_clustering("other")
        session.switch(clustering="other")
        before = session.state()
        session.merge([0, 2])
        session.save()
        session.undo()
        session.switch(clustering="main")
        with pytest.raises(ExportError, match="has an edit that is not saved"):
            export(session, "kwik", tmp_path / "copy.kwik", unsaved="refuse")
        path = export(session, "kwik", tmp_path / "copy.kwik")
        with Session.open(path, clustering="other", read_only=True) as other:
            assert other.state().equals(before)
        session.switch(clustering="other")
        session.redo()


def test_parameters_that_are_there_are_left_alone(curated: Session, tmp_path: Path) -> None:
    (tmp_path / "copy.prm").write_text("mine")
    with pytest.raises(ExportError, match=r"copy\.prm exists already"):
        export(curated, "kwik", tmp_path / "copy.kwik", options={"prm": True})
    assert (tmp_path / "copy.prm").read_text() == "mine"
    assert not (tmp_path / "copy.kwik").exists()


def test_nothing_can_be_chosen_and_the_name_ends_as_a_copy_must(
    curated: Session, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="the format kwik holds the whole dataset"):
        export(curated, "kwik", tmp_path / "copy.kwik", groups=["good"])
    with pytest.raises(DatasetError, match=f"^{tmp_path}/copy.txt does not end in .kwik"):
        export(curated, "kwik", tmp_path / "copy.txt")


def test_spikeinterface_reads_the_copy_with_its_parameters(
    curated: Session, tmp_path: Path
) -> None:
    from spikeinterface.extractors import read_klusta

    (tmp_path / "out").mkdir()
    path = export(curated, "kwik", tmp_path / "out" / "copy.kwik", options={"prm": True})
    sorting = read_klusta(path)
    assert sorting.sampling_frequency == curated.shank.sample_rate
    assert sorted(sorting.unit_ids) == curated.cluster_ids.tolist()
    quality = dict(zip(sorting.unit_ids.tolist(), sorting.get_property("quality"), strict=True))
    assert quality == curated.cluster_groups
    for cluster_id, spike_ids in curated.spikes_per_cluster.items():
        train = sorting.get_unit_spike_train(unit_id=cluster_id)
        assert train.tolist() == curated.shank.spike_samples[spike_ids].tolist()
