"""The door of exports: what is gathered, and that nothing half-written is ever at the goal."""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import phygui
from phygui import Session
from phygui.exports import (
    Cancelled,
    Curation,
    ExportError,
    ExportSpec,
    Work,
    export,
    needed,
    placing,
    run,
)
from phygui.simulate import make_demo


def listing(folder: Path) -> set[str]:
    return {name for name in os.listdir(folder) if not name.endswith(".phygui")}


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> list[Curation]:
    """What exports in the format `own` were given; it can be appended to."""
    found: list[Curation] = []

    def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
        found.append(curation)
        before = path.read_text() if path.exists() else ""
        work.step(0.5, "writing")
        path.write_text(before + "written")

    spec = ExportSpec("own", "Own", ".own", "", write, appends=True, needs_metrics=False)
    monkeypatch.setattr(run, "find_export", lambda name: spec)
    return found


def test_what_is_gathered_is_what_the_session_shows(
    curated: Session, tmp_path: Path, gathered: list[Curation]
) -> None:
    curated.suggest_all()
    export(curated, "own", tmp_path / "x.own")
    (curation,) = gathered
    (shank,) = curation.shanks
    assert curation.unsaved
    assert [e.description for e in curation.history] == [u.description for u in curated.history]
    assert all(edit.time and edit.author for edit in curation.history)
    assert curation.provenance.source == curated.path
    assert curation.provenance.version == phygui.__version__
    assert shank.cluster_ids.tolist() == curated.cluster_ids.tolist()
    assert shank.groups == curated.cluster_groups
    assert shank.labels == {"region": {3: "CA1, left", 5: "CA1, left"}}
    for cluster_id, spike_ids in curated.spikes_per_cluster.items():
        assert shank.spikes(cluster_id).tolist() == spike_ids.tolist()
        for name, metric in curated.metrics[cluster_id].items():
            column = shank.columns[name]
            scale = 100 if column.unit == "%" else 1
            assert column.values.get(cluster_id, np.nan) == pytest.approx(
                metric.value * scale, nan_ok=True
            )
        found = curated.quality(cluster_id)
        assert found is not None
        assert shank.columns["quality"].values[cluster_id] == found.value
        mean = shank.mean_waveform(cluster_id)
        assert mean is not None
        best = shank.columns["channel"].values[cluster_id]
        column_of = curated.shank.channels.tolist().index(best)
        assert np.abs(mean[:, column_of]).max() == pytest.approx(np.abs(mean).max())
        sd = shank.sd_waveform(cluster_id)
        assert sd is not None
        assert sd.shape == mean.shape
        some = shank.sd_waveform(cluster_id, np.array([3, 1]))
        np.testing.assert_allclose(some, sd[:, [3, 1]], rtol=1e-5)


def test_spikes_outside_their_recordings_do_not_count_for_the_spread(
    curated: Session, tmp_path: Path, gathered: list[Curation]
) -> None:
    export(curated, "own", tmp_path / "x.own")
    ((shank,),) = [curation.shanks for curation in gathered]
    waveforms = np.random.default_rng(0).normal(size=(6, 4, 2)).astype(np.float32)
    waveforms[[1, 4]] = 0
    data = SimpleNamespace(waveforms=waveforms, n_channels=2, channel_gains=np.array([1.0, 2.0]))
    of_six = {1: np.arange(6), 2: np.array([4])}
    shank = replace(shank, data=data, spikes_per_cluster=of_six)
    sd = waveforms[[0, 2, 3, 5]].std(axis=0) * data.channel_gains
    np.testing.assert_allclose(shank.sd_waveform(1), sd, rtol=1e-5)
    assert np.isnan(shank.sd_waveform(2)).all()


def test_an_edit_afterwards_changes_nothing_of_it(
    curated: Session, tmp_path: Path, gathered: list[Curation]
) -> None:
    job = run.export_job(curated, "own", tmp_path / "x.own")
    before = curated.state()
    curated.merge([6, 7])
    job(lambda _, __: None, lambda: False)
    assert gathered[0].shanks[0].state.equals(before)


def test_groups_and_shanks_are_chosen(
    curated: Session, tmp_path: Path, gathered: list[Curation]
) -> None:
    export(curated, "own", tmp_path / "x.own", groups=["Good", "mua"], channel_group=0)
    (shank,) = gathered[0].shanks
    assert shank.cluster_ids.tolist() == [3, 4, 5, 16]
    assert shank.n_spikes == len(shank.exported_spikes[0])
    assert set(shank.exported_spikes[1].tolist()) == {3, 4, 5, 16}


def test_a_path_is_exported_with_what_was_not_saved(
    small: Path, tmp_path: Path, gathered: list[Curation]
) -> None:
    session = Session.open(small)
    session.merge([0, 2])
    session.close()
    before = listing(tmp_path)
    export(small, "own", tmp_path / "x.own")
    assert 16 in gathered[0].shanks[0].cluster_ids
    with pytest.raises(ExportError, match="has an edit that is not saved"):
        export(small, "own", tmp_path / "y.own", unsaved="refuse")
    assert listing(tmp_path) == before | {"x.own"}
    # They are still there to be brought back.
    with Session.open(small, recover=True) as again:
        assert again.n_unsaved == 1
        again.undo()


def test_edits_are_refused_as_asked(curated: Session, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="has 4 edits that are not saved"):
        export(curated, "csv", tmp_path / "x.csv", unsaved="refuse")
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"to": "cvs"}, "no format 'cvs'; did you mean csv?"),
        ({"groups": ["god"]}, "no cluster group 'god'; did you mean good?"),
        ({"channel_group": 7}, "has no shank 7; there are 0."),
        ({"clustering": "man"}, "no clustering 'man'; did you mean main?"),
        ({"options": {"spike": True}}, "no option 'spike'; did you mean spikes?"),
        ({"options": {"spikes": "perhaps"}}, "the option spikes is 'perhaps', expected yes or no."),
        ({"out": "absent/x.csv"}, "there is no folder"),
        ({"out": "there.csv"}, "there.csv exists already."),
        ({"out": "."}, "exists already, and is a folder"),
        ({"out": "simulated_small.kwik", "overwrite": True}, "is the dataset itself"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    small: Path, tmp_path: Path, asked: dict[str, Any], told: str
) -> None:
    (tmp_path / "there.csv").write_text("mine")
    before = listing(tmp_path)
    arguments = {"to": "csv", "out": "x.csv", **asked}
    with pytest.raises(ExportError) as raised:
        export(small, **{**arguments, "out": tmp_path / arguments["out"]})
    assert told in str(raised.value)
    assert listing(tmp_path) == before
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_a_file_is_replaced_on_request_only(small: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("mine")
    export(small, "csv", tmp_path / "x.csv", overwrite=True, groups=[])
    assert (tmp_path / "x.csv").read_text().startswith("channel_group,cluster,group")


def test_a_file_is_appended_to_as_a_whole(
    small: Path, tmp_path: Path, gathered: list[Curation], monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = tmp_path / "x.own"
    for expected in ("written", "writtenwritten"):
        export(small, "own", goal, groups=[])
        assert goal.read_text() == expected
    monkeypatch.setattr(run, "flush", lambda path: goal.write_text("another's"))
    with pytest.raises(ExportError, match="changed by another program"):
        export(small, "own", goal, groups=[])
    assert goal.read_text() == "another's"


@pytest.mark.parametrize("step", [0, 1, 2, 5, 20])
def test_a_cancelled_export_leaves_nothing(curated: Session, tmp_path: Path, step: int) -> None:
    before, told = listing(tmp_path), []
    with pytest.raises(Cancelled):
        export(
            curated,
            "csv",
            tmp_path / "x.csv",
            progress=lambda fraction, what: told.append(fraction),
            cancelled=lambda: len(told) >= step,
        )
    assert listing(tmp_path) == before
    assert len(told) == step


def test_quality_goes_by_likely_parts_of_the_same_unit_whoever_asks(
    small: Path, tmp_path: Path
) -> None:
    with Session.open(small) as session:
        unit = max(session.cluster_ids.tolist(), key=lambda c: len(session.spike_train(c)))
        half, other = session.split(session.spikes_per_cluster[unit][::2]).added
        session.move([half], "good")
        session.save()
        session.suggest_all()
        found = session.quality(half)
        assert found is not None
        assert other in [
            partner.cluster_id
            for partner in session.knowledge.partners.of(half, session.spikes_per_cluster) or ()
        ]
    export(small, "csv", tmp_path / "x.csv", groups=["good"])
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))
    assert [(row["cluster"], float(row["quality"])) for row in rows] == [
        (str(half), pytest.approx(found.value))
    ]


def test_progress_goes_from_nothing_to_all(curated: Session, tmp_path: Path) -> None:
    told: list[float] = []
    export(curated, "csv", tmp_path / "x.csv", progress=lambda fraction, _: told.append(fraction))
    assert told[0] == 0
    assert told[-1] == 1
    assert told == sorted(told)


@pytest.mark.parametrize("call", ["mkdtemp", "write", "fsync", "replace"])
def test_a_full_disk_is_told_and_leaves_nothing(
    curated: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "write":
        spec = ExportSpec("csv", "", ".csv", "", full)
        monkeypatch.setattr(run, "find_export", lambda name: spec)
    else:
        monkeypatch.setattr(placing.tempfile if call == "mkdtemp" else run.os, call, full)
    before = listing(tmp_path)
    with pytest.raises(ExportError, match=r"x\.csv could not be written: the disk is full\."):
        export(curated, "csv", tmp_path / "x.csv", groups=[])
    assert listing(tmp_path) == before


def test_folders_of_killed_exports_go(small: Path, tmp_path: Path) -> None:
    old, new = tmp_path / ".x.csv.abc.tmp", tmp_path / ".x.csv.def.tmp"
    for folder in (old, new):
        folder.mkdir()
        (folder / "x.csv").touch()
    os.utime(old, (0, 0))
    export(small, "csv", tmp_path / "x.csv", groups=[])
    assert not old.exists()
    assert new.exists()


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(ExportError, match=r"needs nosuch.*pip install 'phygui\[parquet\]'\.$"):
        needed("nosuch.module", "parquet")


def test_all_shanks_go_out_each_with_its_clustering(
    tmp_path: Path, gathered: list[Curation]
) -> None:
    sizes = {"n_spikes": 1_000, "n_clusters": 6, "n_channels": 8, "n_channel_groups": 2}
    path = make_demo(tmp_path, **sizes, raw=None).kwik_path
    with Session.open(path, 1, journal=False) as session:
        session.copy_clustering("other")
        session.switch(clustering="other")
        session.merge(session.cluster_ids[:2])
        export(session, "own", tmp_path / "x.own")
        export(session, "own", tmp_path / "y.own", channel_group=1, clustering="main")
        whole, part = gathered
        assert [(s.channel_group, s.clustering) for s in whole.shanks] == [
            (0, "main"),
            (1, "other"),
        ]
        assert [(s.channel_group, s.clustering) for s in part.shanks] == [(1, "main")]
        assert whole.unsaved
        assert not part.unsaved
        assert len(part.shanks[0].cluster_ids) == len(whole.shanks[1].cluster_ids) + 1
        assert set(whole.edited) == {(1, "other")}
        session.undo()


def test_what_a_living_session_has_not_saved_is_exported(
    small: Path, tmp_path: Path, gathered: list[Curation]
) -> None:
    with Session.open(small) as session:
        session.merge([0, 2])
        export(small, "own", tmp_path / "x.own")
        assert gathered[0].shanks[0].state.equals(session.state())
        session.merge([3, 4])
        session.undo()
        session.undo()
        assert session.n_unsaved == 0
