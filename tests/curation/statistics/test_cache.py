"""What is known of clusters comes back from beside the dataset, and only where it is true."""

from __future__ import annotations

import json
import math
from pathlib import Path

import h5py
import numpy as np
import pytest

from phygui import Session
from phygui.curation.open_session import open_session
from phygui.curation.statistics import cache as stats_cache
from phygui.curation.statistics.cache import Basis, versions_of
from phygui.curation.statistics.kept import KeptStatistics
from phygui.curation.statistics.session_statistics import SessionStatistics
from phygui.errors import DatasetError, DatasetWarning
from phygui.simulate import make_demo
from phygui.storage.state.prepared import PreparedPlaces
from tests.formats.phy import folders


def cache_file(path: Path) -> Path:
    return path.with_suffix(".phygui") / "statistics-0.npz"


def remember(session: Session) -> None:
    session.learn_all()
    job = session.statistics.remember_job()
    assert job is not None
    job()


def recall(session: Session) -> None:
    """Only what an earlier session has left, nothing computed."""
    job = session.statistics.job()
    assert job is not None
    session.statistics.add(job(lambda: False))


def assert_same(stats, metrics, others, other_metrics) -> None:
    for name in ("best_channel", "depth", "amplitude", "size"):
        assert getattr(stats, name) == getattr(others, name)
    for name in ("mean", "directions", "residual", "mean_waveform", "time_course"):
        a, b = getattr(stats.summary, name), getattr(others.summary, name)
        assert (a is None) == (b is None)
        assert a is None or (a.dtype == b.dtype and np.array_equal(a, b))
    assert list(metrics) == list(other_metrics)
    for name, metric in metrics.items():
        other = other_metrics[name]
        assert metric.reason == other.reason
        assert metric.value == other.value or (math.isnan(metric.value) and math.isnan(other.value))


@pytest.mark.parametrize("fixture", ["small", "hybrid"])
def test_everything_known_comes_back(fixture: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(fixture)
    with Session.open(path) as session:
        remember(session)
        assert session.statistics.remember_job() is None
        stats, metrics = dict(session.stats), dict(session.metrics)
    with Session.open(path) as again:
        recall(again)
        assert again.statistics.job() is None
        assert set(again.stats) == set(stats) == set(again.metrics)
        for c in stats:
            assert_same(stats[c], metrics[c], again.stats[c], again.metrics[c])
        # Nothing is new: nothing is written.
        assert again.statistics.remember_job() is None


def test_clusters_are_known_by_their_spikes_whatever_their_ids(small: Path) -> None:
    with Session.open(small) as session:
        ids = session.cluster_ids[:2].tolist()
        merged = session.merge(ids).added[0]
        remember(session)
        expected = session.stats[merged].summary
    with Session.open(small) as again:
        recall(again)
        # The merge was not saved: its parts are not known, all the rest is.
        assert sorted(again.knowledge.missing_stats()) == ids
        again.merge([*again.cluster_ids[2:4].tolist()])
        new = again.merge(ids).added[0]
        assert new != merged
        remember(again)
        assert np.array_equal(again.stats[new].summary.mean, expected.mean)


def test_what_is_kept_of_other_clusters_stays(small: Path) -> None:
    with Session.open(small) as session:
        remember(session)
        session.merge(session.cluster_ids[:2].tolist())
        remember(session)
    with Session.open(small) as again:
        recall(again)
        assert not again.knowledge.missing_stats()


@pytest.mark.slow
def test_damage_and_other_data_are_not_believed(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(small) as session:
        remember(session)
    file = cache_file(small)
    good = file.read_bytes()
    for bad in (b"", good[: len(good) // 2], b"x" * 5000, good[:200] + b"\0" * 40 + good[240:]):
        file.write_bytes(bad)
        with Session.open(small) as session:
            recall(session)
            session.learn_all()
            assert not session.knowledge.missing_metrics()
    file.write_bytes(good)
    monkeypatch.setattr(stats_cache, "VERSION", stats_cache.VERSION + 1)
    with Session.open(small) as session:
        recall(session)
        assert not session.stats
    # Without the raw data other numbers would come out.
    monkeypatch.undo()
    for raw in small.parent.glob("*.dat"):
        raw.unlink()
    with Session.open(small) as session:
        recall(session)
        assert not session.stats


def test_metrics_that_were_kept_without_their_versions_are_those_of_the_first(small: Path) -> None:
    with Session.open(small) as session:
        remember(session)
    with np.load(cache_file(small)) as file:
        arrays = dict(file)
    info = json.loads(arrays["info"].tobytes())
    del info["versions"]
    arrays["info"] = np.frombuffer(json.dumps(info).encode(), np.uint8)
    np.savez_compressed(cache_file(small), **arrays)
    with Session.open(small) as session:
        recall(session)
        assert session.statistics.job() is None
    info["versions"] = 7
    arrays["info"] = np.frombuffer(json.dumps(info).encode(), np.uint8)
    np.savez_compressed(cache_file(small), **arrays)
    with Session.open(small) as session:
        recall(session)
        assert not session.stats


@pytest.mark.parametrize(
    ("other", "is_found"),
    [
        ({}, True),
        ({"version": None}, True),
        ({"version": stats_cache.VERSION - 1}, False),
        ({"data": "of before"}, False),
        ({"versions": [1, 1]}, False),
        ({"metrics": ["b", "gone"]}, False),
        ({"reasons": [["", None], ["", None]]}, False),
        ({"reasons": 3}, False),
        ({"reasons": [["", None], ["", None]], "failed": [["c", 2]]}, True),
        ({"reasons": [["", None], ["", None]], "failed": [["c", 1]]}, False),
    ],
)
def test_a_cluster_counts_as_known_once_all_of_it_is_kept(
    tmp_path: Path, other: dict[str, object], is_found: bool
) -> None:
    """A first piece has one metric of three, for two clusters, and a second one the others."""
    (tmp_path / "prepared").mkdir()

    def known() -> set[str]:
        places = PreparedPlaces(tmp_path, lambda: "now")
        basis = Basis("now", {"a": 1, "b": 1, "c": 2})
        return KeptStatistics(tmp_path, 0, places).prints(lambda: basis)

    def keep(name: str, info: dict[str, object]) -> None:
        told = {"version": stats_cache.VERSION, "data": "now", "keys": ["x", "y"]} | info
        told = {key: value for key, value in told.items() if value is not None}
        content = np.frombuffer(json.dumps(told).encode(), np.uint8)
        np.savez_compressed(tmp_path / "prepared" / f"statistics-0-{name}.npz", info=content)

    keep("1", {"metrics": ["a"], "versions": [1], "reasons": [[""], ["not defined"]]})
    assert not known()
    second = {"metrics": ["b", "c"], "versions": [1, 2], "reasons": [["", "why"], ["", ""]]}
    keep("2", second | other)
    assert known() == ({"x", "y"} if is_found else set())


def test_pickled_objects_are_refused(small: Path) -> None:
    with Session.open(small) as session:
        remember(session)
    np.savez(cache_file(small), info=np.array([{"data": 1}], dtype=object))
    with Session.open(small) as session:
        recall(session)
        assert not session.stats


def test_read_only_reads_and_writes_nothing(small: Path) -> None:
    with Session.open(small, read_only=True) as session:
        session.learn_all()
        assert session.statistics.remember_job() is None
    assert not small.with_suffix(".phygui").exists()
    with Session.open(small) as session:
        remember(session)
    before = cache_file(small).stat().st_mtime_ns
    with Session.open(small, read_only=True) as session:
        recall(session)
        assert session.statistics.job() is None
    assert cache_file(small).stat().st_mtime_ns == before


def test_every_channel_group_is_kept(tmp_path: Path) -> None:
    demo = make_demo(
        tmp_path, n_spikes=1_500, n_clusters=6, n_channels=8, duration=10.0, n_channel_groups=2
    )
    with Session.open(demo.kwik_path) as session:
        session.learn_all()
        session.switch(1)
        remember(session)
    for group in (0, 1):
        with Session.open(demo.kwik_path, group) as again:
            recall(again)
            assert again.statistics.job() is None


def test_other_data_makes_all_that_was_known_from_the_old_ones_void(small: Path) -> None:
    raw = small.with_suffix(".dat")
    elsewhere = raw.with_name("raw.dat")
    raw.rename(elsewhere)
    with Session.open(small) as session:
        session.suggest_all()
        remember(session)
        assert all(of.amplitude is None for of in session.stats.values())
        session.knowledge.metrics.clear()
        late = session.statistics.job()
        assert late is not None
        late_search = session.suggestions.job()
        assert late_search is None
        session.locate("traces", elsewhere)
        assert not session.suggestions.ranked()
        assert session.suggestions.missing()
        # What was still being computed from the old data is dropped.
        session.statistics.add(late(lambda: False))
        assert not session.metrics
        session.suggest_all()
        assert all(of.amplitude for of in session.stats.values())
        remember(session)
    with Session.open(small) as again:
        recall(again)
        assert again.statistics.job() is None
        assert all(of.amplitude for of in again.stats.values())


def compress_features(path: Path) -> tuple[str, int, int]:
    """Store the features compressed; returns where, and place and length of a chunk in the file."""
    with h5py.File(path, "r+") as file:
        group = file["channel_groups"][next(iter(file["channel_groups"]))]
        values = group["features_masks"][:]
        del group["features_masks"]
        chunks = (200, values.shape[1], 2)
        stored = group.create_dataset(
            "features_masks", data=values, chunks=chunks, compression="gzip"
        )
        file.flush()
        chunk = stored.id.get_chunk_info(0)
        return stored.name, chunk.byte_offset, chunk.size


def test_a_dataset_whose_features_got_damaged_opens_all_the_same(small: Path) -> None:
    features = small.with_suffix(".kwx")
    _, offset, size = compress_features(features)
    with Session.open(small) as session:
        remember(session)
        data = bytearray(features.read_bytes())
        data[offset : offset + size] = b"\xff" * size
    features.write_bytes(bytes(data))
    with pytest.warns(DatasetWarning, match="damaged"):
        session = open_session(small)
    with session:
        assert not session.read_only
        assert not session.stats
        session.merge(session.cluster_ids[:2])
        session.save()


def test_what_is_known_of_data_that_got_damaged_is_not_kept_and_nothing_fails(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(model: object) -> str:
        raise DatasetError("the features are damaged.")

    with Session.open(small) as session:
        session.learn_all()
        job = session.statistics.remember_job()
        assert job is not None
        monkeypatch.setattr(stats_cache, "data_print", damaged)
        session.statistics.cache(session.channel_group)._data = ""
        job()
    assert not cache_file(small).exists()


def test_a_session_that_cannot_recall_does_not_keep_the_dataset(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(statistics: SessionStatistics) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr(SessionStatistics, "recall", fails)
        with pytest.raises(RuntimeError):
            open_session(small)
    with open_session(small) as session:
        assert not session.read_only


def test_what_is_written_late_is_not_taken_for_what_was_computed_from_other_data(
    small: Path,
) -> None:
    raw = small.with_suffix(".dat")
    elsewhere = raw.rename(raw.with_name("raw.dat"))
    with Session.open(small) as session:
        session.learn_all()
        late = session.statistics.remember_job()
        assert late is not None
        session.locate("traces", elsewhere)
        late()
        session.learn_all()
        assert all(of.amplitude for of in session.stats.values())


def test_what_is_stored_of_spikes_is_kept_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    path = folders.make(tmp_path / "sorted").path
    with Session.open(path) as session:
        remember(session)
        stored = {n for n in session.measures.metrics.names if n.startswith("spike_")}
        of_all = dict(session.metrics)
        assert stored
        before = versions_of(session.shank)
    with Session.open(path, read_only=True) as session:
        recall(session)
        for cluster_id, metrics in session.metrics.items():
            assert stored <= metrics.keys()
            assert {n: metrics[n] for n in stored} == {n: of_all[cluster_id][n] for n in stored}
    np.save(path / "amplitudes.npy", np.load(path / "amplitudes.npy") * 2)
    with Session.open(path, read_only=True) as session:
        after = versions_of(session.shank)
        changed = {name for name in after if after[name] != before[name]}
        assert changed == {"spike_sorter_amplitude"} <= stored
