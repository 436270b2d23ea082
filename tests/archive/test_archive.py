"""An archive: what is found, what is said of it, what is kept, and when it is looked at again."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import phygui.archive.archive as archive_module
from phygui import DatasetError, Session
from phygui.archive import Archive, Overview, find, holds_datasets, overview
from phygui.archive.archive import next_undecided
from phygui.archive.index import NAME, VERSION, Index
from phygui.archive.overview import _of_clusters
from phygui.archive.pictures import Preview
from phygui.archive.suggested import n_suggested
from phygui.curation.durability.sidecar import write_rejected_clusters, write_rejections
from phygui.curation.statistics import cache as stats_cache
from phygui.curation.suggestions.grouping.group_rules import Rule
from phygui.dataset import ClusteringState
from phygui.dataset.protocol import Outline
from phygui.formats.kwik.format import KwikDataset
from phygui.prepare import prepare
from phygui.storage.state import prepared as places
from phygui.storage.state.lock import Lock
from phygui.storage.state.state_folder import find_place
from tests.archive.conftest import SMALL, decide
from tests.formats.phy import folders

Make = Callable[..., Path]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The datasets that are read, in this order."""
    read, done = archive_module.read, []

    def noted(path: Path) -> Overview:
        done.append(path)
        return read(path)

    monkeypatch.setattr(archive_module, "read", noted)
    return done


def filled(folder: Path) -> Archive:
    archive = Archive(folder)
    archive.scan()
    list(archive.read_missing())
    return archive


def test_a_dataset_in_a_line(archive_of: Make) -> None:
    path = archive_of(1, groups=(2, 1, 0, 3)) / "mouse00" / "session000.kwik"
    of = overview(path)
    with Session.open(path, journal=False) as session:
        shown = session.shown
        assert of.n_clusters == len(shown.cluster_groups)
        assert of.n_decided == shown.n_decided
        assert of.n_spikes == session.shank.n_spikes
        assert of.duration == pytest.approx(session.shank.duration)
        n_good = sum(shown.group_of(c) == "good" for c in shown.cluster_groups)
    assert of.n_good == n_good > 0
    assert (of.format_name, of.probe, of.n_channels, of.shanks) == ("Kwik", "synth32", 32, (0,))
    assert of.clusterings == ("main",)
    assert not any((of.is_decided, of.prepared, of.has_unsaved, of.problem))
    assert Overview.of_json(json.loads(json.dumps(of.as_json()))) == of


def test_a_folder_of_phy_in_a_line(tmp_path: Path) -> None:
    path = folders.make(tmp_path / "sorted").path
    of = overview(path)
    with Session.open(path, journal=False) as session:
        assert of.n_clusters == len(session.shown.cluster_groups)
        assert of.duration == pytest.approx(session.shank.duration)
        assert of.n_channels == session.shank.n_channels
    assert of.format_name == "phy"
    assert of.clusterings == ("main",)


def test_a_format_that_has_no_outline_is_opened_for_it(distribution: Path, tmp_path: Path) -> None:
    from npy_folder import write  # type: ignore[import-not-found]

    path = write(tmp_path)
    of = overview(path)
    with Session.open(path, journal=False) as session:
        assert of.duration == pytest.approx(session.shank.duration)
        assert of.n_clusters == len(session.shown.cluster_groups)
    assert [found.path for found in find(tmp_path)] == [path]


@pytest.mark.parametrize("duration", [np.nan, np.inf])
def test_a_length_that_is_no_number_is_not_known(
    archive_of: Make, monkeypatch: pytest.MonkeyPatch, reads: list[Path], duration: float
) -> None:
    monkeypatch.setattr(KwikDataset, "outline", lambda _: Outline(duration=duration))
    folder = archive_of(2)
    assert [s.overview.duration for s in filled(folder).sessions() if s.overview] == [None, None]
    # What is kept of it can be read.
    reads.clear()
    assert all(s.is_current for s in filled(folder).sessions())
    assert not reads


def test_every_format_is_found_and_nothing_within_a_dataset(
    archive_of: Make, tmp_path: Path
) -> None:
    folder = archive_of(2)
    phy = folders.make(folder / "sorted").path
    (phy / "inner").mkdir()
    (phy / "inner" / "x.kwik").write_bytes(b"")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "y.kwik").write_bytes(b"")
    (folder / "loop").symlink_to(folder)
    found = [each.path.relative_to(folder).as_posix() for each in find(folder)]
    assert found == ["mouse00/session000.kwik", "mouse00/session001.kwik", "sorted/kilosort4"]
    assert holds_datasets(folder)
    assert not holds_datasets(phy)
    assert not holds_datasets(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    assert not holds_datasets(tmp_path / "empty")


def test_a_second_look_reads_nothing(archive_of: Make, reads: list[Path]) -> None:
    folder = archive_of(12)
    archive = Archive(folder)
    assert [s.overview for s in archive.scan()] == [None] * 12
    assert len(list(archive.read_missing())) == 12
    assert (folder / NAME).is_file()
    again = Archive(folder)
    sessions = again.scan()
    assert all(s.is_current and s.overview is not None for s in sessions)
    assert list(again.read_missing()) == []
    assert len(reads) == 12
    # Another name of the folder is the same archive.
    link = folder.with_name("link")
    link.symlink_to(folder)
    assert all(s.is_current for s in Archive(link).scan())


def test_what_has_changed_is_read_again(archive_of: Make, reads: list[Path]) -> None:
    folder = archive_of(3)
    archive = filled(folder)
    reads.clear()
    changed = folder / "mouse00" / "session001.kwik"
    decide(changed, [2])
    stale = archive.scan()[1]
    assert not stale.is_current
    # What was known is shown until it is read.
    assert stale.overview is not None
    assert stale.overview.n_decided == 0
    (session,) = archive.read_missing()
    assert session.overview is not None
    assert session.overview.is_decided
    assert reads == [changed]
    # A new one, and one that is gone.
    os.rename(changed, changed.with_name("moved.kwik"))
    names = [s.name for s in archive.scan()]
    assert names == [f"mouse00/{n}.kwik" for n in ("moved", "session000", "session002")]
    list(archive.read_missing())
    assert len(json.loads((folder / NAME).read_bytes())["datasets"]) == 3


def test_what_is_kept_of_a_dataset_is_told_and_a_lock_makes_no_work(
    archive_of: Make, reads: list[Path]
) -> None:
    folder = archive_of(1)
    path = folder / "mouse00" / "session000.kwik"
    for suffix in (".kwx", ".dat"):
        shutil.copyfile(SMALL.with_suffix(suffix), path.with_suffix(suffix))
    archive = filled(folder)
    with Session.open(path) as session:
        session.learn_all()
        (keep,) = filter(None, [session.statistics.remember_job()])
        keep()
        assert archive.scan()[0].found.holder
        list(archive.read_missing())
        reads.clear()
        session.move([session.cluster_ids[0]], "good")
        # Edits of somebody who is at it are no reason to read it each time.
        archive.scan()
        assert list(archive.read_missing()) == []
        session.save()
    archive.scan()
    (after,) = archive.read_missing()
    assert not after.found.holder
    of = after.overview
    assert of is not None
    assert of.prepared == 1
    assert (of.n_good, of.n_decided) == (1, 1)
    assert 0 < len(of.curves) <= 6
    assert of.curves[0][0] == "good"
    assert max(map(abs, of.curves[0][1])) == 100
    assert of.saved_by


def test_what_a_preparation_leaves_is_told(archive_of: Make) -> None:
    path = archive_of(1) / "mouse00" / "session000.kwik"
    for suffix in (".kwx", ".dat"):
        shutil.copyfile(SMALL.with_suffix(suffix), path.with_suffix(suffix))
    (of_shank,) = prepare(path, what=("groups", "previews")).shanks
    before = overview(path)
    assert before.prepared == 1
    assert before.n_suggestions == of_shank.n_candidates is not None
    assert len(before.curves) == 6
    assert all(len(waveform) > 20 and len(acg) > 20 for _, waveform, acg in before.curves)
    with Session.open(path) as session:
        session.merge(session.cluster_ids[:2])
        session.save()
    # One cluster is new since; what was suggested of the others is not known any more.
    after = overview(path)
    assert after.prepared == pytest.approx(1 - 1 / after.n_clusters)
    assert after.n_suggestions is None


def test_what_is_prepared_elsewhere_is_found_and_watched(
    archive_of: Make,
    reads: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "_list_file", lambda: tmp_path / "prepared.json")
    folder, elsewhere = archive_of(2), tmp_path / "elsewhere"
    path = folder / "mouse00" / "session000.kwik"
    for suffix in (".kwx", ".dat"):
        shutil.copyfile(SMALL.with_suffix(suffix), path.with_suffix(suffix))
    archive = filled(folder)
    assert [s.overview and s.overview.prepared for s in archive.sessions()] == [0, 0]
    # From the command line, while the archive is open.
    (of,) = prepare(path, folder=elsewhere).shanks
    archive.scan()
    first, second = archive.read_missing()
    assert first.overview is not None
    assert second.overview is not None
    assert (first.overview.prepared, second.overview.prepared) == (1, 0)
    assert first.overview.n_suggestions == sum(
        filter(None, (of.n_merges, of.n_splits, of.n_candidates))
    )
    assert len(first.overview.curves) == 6
    reads.clear()
    assert not list(filled(folder).read_missing())
    assert not reads
    # What it is worth follows what is in the folder.
    shutil.rmtree(next(elsewhere.iterdir()))
    archive.scan()
    assert [s.name for s in archive.read_missing()] == [first.name]
    assert archive.sessions()[0].overview == replace(
        first.overview, prepared=0, n_suggestions=None, curves=()
    )


def test_candidates_that_have_a_group_by_now_are_suggested_no_more(
    archive_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_of(1) / "mouse00" / "session000.kwik"
    shutil.copyfile(SMALL.with_suffix(".kwx"), path.with_suffix(".kwx"))
    for module in ("headless", "previews"):
        rules = (Rule("noise", "n_spikes > 0"),)
        monkeypatch.setattr(f"phygui.prepare.{module}.DEFAULTS", rules)
    prepare(path, what=("groups", "previews"))
    n = overview(path).n_suggestions
    with Session.open(path) as session:
        assert n == len(session.cluster_ids)
        session.move(session.cluster_ids[:3], "noise")
        session.save()
    assert overview(path).n_suggestions == n - 3


def test_what_is_suggested_is_not_known_while_a_shank_is_not_prepared(tmp_path: Path) -> None:
    path = folders.make(tmp_path / "sorted", n_shanks=2).path
    prepare(path, channel_group=0, what=("groups", "previews"))
    assert overview(path).n_suggestions is None
    prepare(path, channel_group=1, what=("groups", "previews"))
    assert overview(path).n_suggestions is not None


def test_what_was_turned_down_is_suggested_no_more(tmp_path: Path) -> None:
    prints = {4: "a" * 32, 9: "b" * 32, 11: "c" * 32}
    info = {
        "prints": [*prints.values()][:2],
        "n_clusters": 3,
        "suggested": {"merges": 3, "splits": None, "candidates": 2},
    }
    preview = Preview(info, prints=info["prints"])
    assert n_suggested(preview, tmp_path, 0, prints, prints) == 5
    write_rejections(tmp_path, 0, [frozenset((prints[4], prints[9])), frozenset(("d", "e"))])
    write_rejected_clusters(tmp_path, 0, "groups", [prints[11]])
    assert n_suggested(preview, tmp_path, 0, prints, prints) == 3
    assert n_suggested(preview, tmp_path, 0, {4: prints[4]}, [4]) is None
    assert n_suggested(Preview(), tmp_path, 1, prints, prints) is None
    # Where it is told which clusters are candidates, those that have a group by now are none.
    info["candidates"] = [prints[9], prints[11]]
    assert n_suggested(preview, tmp_path, 0, prints, prints) == 2 + 1
    assert n_suggested(preview, tmp_path, 0, prints, [4, 11]) == 2


def test_edits_that_are_not_saved_are_told(archive_of: Make) -> None:
    path = archive_of(1) / "mouse00" / "session000.kwik"
    session = Session.open(path)
    session.move([session.cluster_ids[0]], "good")
    session.close()
    assert overview(path).has_unsaved


def test_an_archive_that_may_not_be_written(
    archive_of: Make, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = archive_of(2)

    def access(path: object, mode: int, **_: object) -> bool:
        return not (mode & os.W_OK and Path(os.fspath(path)) == folder)  # type: ignore[call-overload]

    monkeypatch.setattr("phygui.archive.index.os.access", access)
    filled(folder)
    assert not (folder / NAME).exists()
    assert Index(folder).places()[1].is_file()
    assert all(s.is_current for s in Archive(folder).scan())
    assert len(reads) == 2
    # What the user's cache holds is out of date, once the folder could be written.
    monkeypatch.undo()
    decide(folder / "mouse00" / "session001.kwik", [2])
    filled(folder)
    assert (folder / NAME).is_file()
    assert all(s.is_current for s in Archive(folder).scan())


DATASETS = b'{"version": %d, "datasets": {"mouse00/session000.kwik": ["x", {%s}], "b": 1}}'
ODD = DATASETS % (VERSION, b'"groups": 3')
HUGE = DATASETS % (VERSION, b'"duration": ' + b"9" * 400)


def test_what_is_prepared_is_asked_again_once_metrics_are_computed_otherwise(
    archive_of: Make, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = archive_of(2)
    first, second = filled(folder).sessions()
    assert first.overview is not None
    index = Index(folder)
    index.put(first.found, replace(first.overview, prepared=1.0))
    index.write({first.path, second.path})
    assert all(s.is_current for s in Archive(folder).scan())
    reads.clear()
    monkeypatch.setattr(stats_cache, "VERSION", stats_cache.VERSION + 1)
    archive = Archive(folder)
    assert [s.is_current for s in archive.scan()] == [False, True]
    (again,) = archive.read_missing()
    assert again.overview == first.overview
    assert reads == [first.path]


@pytest.mark.parametrize(
    "text",
    [b"", b"[", b"[1]", b'{"version": %d}' % VERSION, b'{"version": 99}', ODD, HUGE],
)
def test_a_damaged_index_is_made_anew(archive_of: Make, text: bytes) -> None:
    folder = archive_of(1)
    (folder / NAME).write_bytes(text)
    assert filled(folder).sessions()[0].overview is not None
    assert Archive(folder).scan()[0].is_current


def test_what_cannot_be_read_is_one_row_with_its_sentence(archive_of: Make) -> None:
    folder = archive_of(2)
    damaged = folder / "mouse00" / "damaged.kwik"
    damaged.write_bytes(SMALL.read_bytes()[:5000])
    (folder / "mouse00" / "empty.kwik").write_bytes(b"")
    (folder / "mouse00" / "gone.kwik").symlink_to(folder / "absent")
    sessions = filled(folder).sessions()
    problems = {s.name.partition("/")[2]: s.problem for s in sessions}
    assert problems.pop("damaged.kwik").startswith(f"{damaged} ")
    assert "is empty (0 bytes)" in problems.pop("empty.kwik")
    assert "gone.kwik" in problems.pop("gone.kwik")
    assert list(problems.values()) == ["", ""]
    # It is not tried again until it changes.
    assert all(s.is_current for s in Archive(folder).scan())


def test_a_reader_that_stumbles_takes_nothing_else_with_it(
    archive_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(path: Path) -> Overview:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(archive_module, "overview", stumble)
    sessions = filled(archive_of(2)).sessions()
    assert all("RuntimeError: no such thing" in s.problem for s in sessions)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        Archive(tmp_path / "absent")
    with pytest.raises(DatasetError, match="cannot be read"):
        list(find(tmp_path / "absent"))


def test_the_next_undecided_session(archive_of: Make) -> None:
    folder = archive_of(4)
    decide(folder / "mouse00" / "session001.kwik", [2])
    (folder / "mouse00" / "session002.kwik").write_bytes(b"nothing")
    sessions = filled(folder).sessions()
    paths = [s.path for s in sessions]

    def after(path: Path | None) -> str | None:
        found = next_undecided(sessions, path)
        return None if found is None else found.path.stem

    assert after(None) == "session000"
    assert after(paths[0]) == "session003"
    assert after(paths[3]) == "session000"
    assert after(folder / "elsewhere.kwik") == "session000"
    # Somebody else is at it, then it is decided.
    with Session.open(paths[3]):
        sessions = filled(folder).sessions()
        assert after(paths[0]) is None
    decide(paths[3], [1])
    sessions = filled(folder).sessions()
    assert after(paths[0]) is None
    assert after(None) == "session000"


def test_the_next_session_is_found_without_asking_for_every_place(
    archive_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = archive_of(4)
    link = folder.with_name("link")
    link.symlink_to(folder)
    sessions = filled(folder).sessions()
    asked, real = [], os.path.realpath

    def noted(path: Path, **more: bool) -> str:
        asked.append(path)
        return real(path, **more)

    monkeypatch.setattr(os.path, "realpath", noted)
    found = next_undecided(sessions, link / "mouse00" / "session001.kwik")
    assert found is sessions[2]
    assert len(asked) == 1


def test_a_lock_of_the_dead_holds_nothing(archive_of: Make) -> None:
    path = archive_of(1) / "mouse00" / "session000.kwik"
    place = find_place(path)
    lock = Lock(place.folder, place.make)
    assert lock.acquire() is None
    (found,) = find(path.parent)
    assert found.holder
    lock.release()
    (found,) = find(path.parent)
    assert not found.holder


def test_a_thousand_sessions_are_listed_within_two_seconds(
    archive_of: Make, reads: list[Path]
) -> None:
    folder = archive_of(1)
    (one,) = filled(folder).sessions()
    assert one.overview is not None
    for i in range(1, 1_000):
        place = folder / f"mouse{i // 50:02d}"
        place.mkdir(exist_ok=True)
        os.link(one.path, place / f"session{i:03d}.kwik")
    index = Index(folder)
    for found in find(folder):
        index.put(found, one.overview)
    index.write({found.path for found in find(folder)})
    reads.clear()
    began = time.process_time()
    sessions = Archive(folder).scan()
    seconds = time.process_time() - began
    assert len(sessions) == 1_000
    assert all(s.is_current for s in sessions)
    assert not reads
    assert seconds < 2, seconds


def test_statistics_of_a_shank_that_has_no_spikes_any_more_are_in_nobodys_way(
    tmp_path: Path,
) -> None:
    path = tmp_path / "session.kwik"
    path.touch()
    folder = find_place(path).folder
    folder.mkdir()
    (folder / "statistics-0.npz").write_bytes(b"of the sorting before")
    empty = ClusteringState(np.empty(0, np.int32), {}, {})
    clusterings = SimpleNamespace(
        path=path,
        all_keys=lambda: [(0, "main")],
        names=lambda group: ["main"],
        is_protected=lambda key: False,
        read=lambda key: empty,
        written_at=lambda: datetime(2026, 11, 29).astimezone(),
    )
    found = _of_clusters(SimpleNamespace(path=path, clusterings=clusterings))
    assert (found.n_clusters, found.prepared, found.n_suggestions) == (0, None, None)
