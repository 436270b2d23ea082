"""Folders for phy, read back by phylib and by this program; round trips between both formats."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from phylib.io.model import TemplateModel, load_model

from phygui import Session, convert, export, open_dataset
from phygui.dataset import ClusteringState, Dataset, DatasetError
from phygui.exports.phy import features
from phygui.simulate import make_demo
from tests.exports.test_convert import assert_same, curated
from tests.formats.phy.folders import Folder, make, table


def states(dataset: Dataset) -> dict[int, ClusteringState]:
    return {g: dataset.clusterings.read((g, "main")) for g in dataset.channel_groups}


def read_by_phylib(folder: Path) -> TemplateModel:
    before = {path.name for path in folder.iterdir()}
    model = load_model(folder / "params.py")
    assert {path.name for path in folder.iterdir()} == before
    return model


def demo(folder: Path, **options: object) -> Path:
    wanted = {
        "n_spikes": 600,
        "n_channels": 4,
        "n_clusters": 12,
        "duration": 20.0,
        "raw": None,
        **options,
    }
    return make_demo(folder, **wanted).kwik_path  # type: ignore[arg-type]


@pytest.mark.parametrize("like", ["kilosort2", "kilosort4", "spikeinterface"])
def test_phylib_reads_what_is_in_a_folder(tmp_path: Path, like: str) -> None:
    truth = make(tmp_path, like)
    groups = curated(truth.path)
    model = read_by_phylib(export(truth.path, "phy", tmp_path / "out"))
    source = open_dataset(truth.path)
    state = source.clusterings.read((0, "main"))
    np.testing.assert_array_equal(model.spike_samples, truth.samples)
    np.testing.assert_array_equal(model.spike_templates, truth.templates)
    np.testing.assert_array_equal(model.spike_clusters, state.spike_clusters)
    assert model.metadata["group"] == groups
    told = {c: of["note"] for c, of in state.labels.items() if "note" in of}
    assert model.metadata["note"] == told
    np.testing.assert_array_equal(model.channel_positions, source.open().channel_positions)
    np.testing.assert_array_equal(model.channel_mapping, source.open().channels)
    everything = np.arange(model.n_spikes)
    found = model.get_features(everything, np.arange(model.n_channels))
    np.testing.assert_array_equal(found, truth.features)
    np.testing.assert_allclose(model.amplitudes, 50.0 + truth.templates)
    for template in range(model.n_templates):
        shape = model.get_template(template)
        wanted = truth.shapes[template][:, shape.channel_ids]
        np.testing.assert_allclose(shape.template, wanted, atol=1e-3)
    np.testing.assert_array_equal(model.traces[:50], truth.raw[:50, model.channel_mapping])
    assert np.allclose(np.diagonal(model.similar_templates), 1)


@pytest.mark.parametrize("filtered", [False, True])
def test_whether_the_raw_data_is_filtered_goes_along(tmp_path: Path, filtered: bool) -> None:
    folder = make(tmp_path).path
    params = folder / "params.py"
    params.write_text(params.read_text() + f"hp_filtered = {filtered}\n")
    again = export(folder, "phy", tmp_path / "out")
    assert read_by_phylib(again).hp_filtered == filtered
    there = open_dataset(again).open().filter
    assert repr(there) == repr(open_dataset(folder).open().filter)
    # A Kwik file has no word for it.
    as_kwik = open_dataset(convert(folder, tmp_path / "again.kwik")).open().filter
    assert (as_kwik.low, round(as_kwik.high), as_kwik.order) == (300, 6000, 3)


def test_phylib_reads_shanks_recordings_and_means(tmp_path: Path) -> None:
    path = demo(tmp_path, n_channel_groups=2, n_recordings=2, raw="kwd")
    curated(path)
    out = export(path, "phy", tmp_path / "out")
    model = read_by_phylib(out)
    source = open_dataset(path)
    shanks = {g: source.open(g) for g in (0, 1)}
    told = states(source)
    # Both shanks have clusters of the same ids: those of the second are shifted.
    shift = int(told[0].spike_clusters.max()) + 1
    for group, data in shanks.items():
        first = group * data.n_channels
        channels = np.arange(first, first + data.n_channels)
        assert (model.channel_shanks[channels] == group).all()
        for cluster_id in np.unique(told[group].spike_clusters).tolist():
            of = np.flatnonzero(told[group].spike_clusters == cluster_id)
            new_id = cluster_id + group * shift
            mine = np.flatnonzero(model.spike_clusters == new_id)
            np.testing.assert_array_equal(model.spike_samples[mine], data.spike_samples[of])
            name = ["noise", "mua", "good", "unsorted"][told[group].cluster_groups[cluster_id]]
            assert model.metadata["group"][new_id] == name
            assert data.features is not None
            values, _ = data.features.read(of)
            np.testing.assert_array_equal(model.get_features(mine, channels), values)
            template = model.get_template(int(model.spike_templates[mine[0]]))
            assert template.best_channel in channels
    data = shanks[0]
    assert data.traces is not None
    np.testing.assert_array_equal(model.traces[:], data.traces[:][:, model.channel_mapping])
    # A template is the mean of what the sorter put together, in raw units.
    row = int(model.spike_templates[0])
    of = np.flatnonzero(model.spike_templates == row)
    assert len(of) <= 100
    assert data.waveforms is not None
    original = source.clusterings.read((0, "original")).spike_clusters
    same = np.flatnonzero(original == np.unique(original)[row])
    wanted = data.waveforms[same].mean(axis=0)
    np.testing.assert_allclose(
        model.sparse_templates.data[row][:, : data.n_channels], wanted, rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize("like", ["kilosort2", "kilosort4", "spikeinterface"])
def test_phy_to_kwik_to_phy(tmp_path: Path, like: str) -> None:
    truth = make(tmp_path, like)
    table(truth.path, "group", "group", {0: "good", 1: "interneuron"})
    curated(truth.path)
    convert(truth.path, tmp_path / "a.kwik")
    back = export(tmp_path / "a.kwik", "phy", tmp_path / "back")
    assert_same(truth.path, back)
    np.testing.assert_array_equal(np.load(back / "spike_templates.npy"), truth.templates)


@pytest.mark.parametrize("like", ["kilosort2", "spikeinterface"])
def test_phy_of_shanks_to_kwik_to_phy(tmp_path: Path, like: str) -> None:
    truth = make(tmp_path, like, n_shanks=2)
    curated(truth.path)
    convert(truth.path, tmp_path / "a.kwik")
    back = export(tmp_path / "a.kwik", "phy", tmp_path / "back")
    assert_same(truth.path, back, original=False)


@pytest.mark.parametrize("options", [{}, {"raw": "dat"}, {"n_recordings": 3, "raw": "dat"}])
def test_kwik_to_phy_to_kwik(tmp_path: Path, options: dict[str, object]) -> None:
    path = demo(tmp_path, **options)
    curated(path)
    export(path, "phy", tmp_path / "folder")
    back = convert(tmp_path / "folder", tmp_path / "back.kwik")
    assert_same(path, back, masks=False, waveforms=False, recordings="raw" in options)


def test_kwik_of_shanks_to_phy_to_kwik(tmp_path: Path) -> None:
    path = demo(tmp_path, n_channel_groups=2)
    curated(path)
    export(path, "phy", tmp_path / "folder")
    back = convert(tmp_path / "folder", tmp_path / "back.kwik")
    first, second = open_dataset(path), open_dataset(back)
    for group in (0, 1):
        a, b = first.open(group), second.open(group)
        np.testing.assert_array_equal(a.spike_samples, b.spike_samples)
        np.testing.assert_array_equal(a.channel_positions, b.channel_positions)
        x, y = (each.clusterings.read((group, "main")) for each in (first, second))
        # Only the ids are others.
        shift = y.spike_clusters[0] - x.spike_clusters[0]
        np.testing.assert_array_equal(x.spike_clusters + shift, y.spike_clusters)
        assert {c + shift: of for c, of in x.cluster_groups.items()} == y.cluster_groups
        assert {c + shift: of for c, of in x.labels.items()} == y.labels
        assert a.features is not None
        assert b.features is not None
        features = [each.features.read(np.arange(a.n_spikes))[0] for each in (a, b)]
        np.testing.assert_array_equal(*features)


def test_some_groups_only(tmp_path: Path) -> None:
    truth = make(tmp_path)
    groups = curated(truth.path)
    wanted = sorted(c for c, name in groups.items() if name in ("good", "mua"))
    out = export(truth.path, "phy", tmp_path / "out", groups=["good", "MUA"])
    model = read_by_phylib(out)
    assert model.cluster_ids.tolist() == wanted
    source = open_dataset(truth.path).clusterings.read((0, "main")).spike_clusters
    chosen = np.isin(source, wanted)
    np.testing.assert_array_equal(model.spike_samples, truth.samples[chosen])
    found = model.get_features(np.arange(model.n_spikes), np.arange(model.n_channels))
    np.testing.assert_array_equal(found, truth.features[chosen])
    with pytest.raises(DatasetError, match="no spikes would be exported"):
        export(truth.path, "phy", tmp_path / "none", groups=["noise"])


def test_a_channel_that_the_sample_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = make(tmp_path)
    monkeypatch.setattr(features, "_SAMPLE", 1)
    monkeypatch.setattr(features, "_AT_ONCE", 500)
    real = features.sample_features

    def too_few(*arguments: object) -> features.Sampled:
        found = real(*arguments)  # type: ignore[arg-type]
        found.channels[2] = found.channels[2][:2]
        return found

    monkeypatch.setattr("phygui.exports.phy.export.sample_features", too_few)
    model = read_by_phylib(export(truth.path, "phy", tmp_path / "out"))
    found = model.get_features(np.arange(model.n_spikes), np.arange(model.n_channels))
    np.testing.assert_array_equal(found, truth.features)


def test_without_features_templates_and_raw_data(tmp_path: Path) -> None:
    truth = make(tmp_path)
    for name in ("pc_features.npy", "templates.npy", "recording.dat", "amplitudes.npy"):
        (truth.path / name).unlink()
    model = read_by_phylib(export(truth.path, "phy", tmp_path / "out"))
    np.testing.assert_array_equal(model.spike_samples, truth.samples)
    assert model.features is None
    assert model.traces is None
    assert (model.amplitudes == 1).all()


def test_amplitudes_are_factors_of_the_template(tmp_path: Path) -> None:
    path = demo(tmp_path)
    model = read_by_phylib(export(path, "phy", tmp_path / "out"))
    for template in model.template_ids:
        assert 0.5 < np.median(model.amplitudes[model.spike_templates == template]) < 1.5


def test_shanks_that_lie_on_one_another_are_put_side_by_side(tmp_path: Path) -> None:
    truth = make(tmp_path, n_shanks=2)
    place = np.tile(np.arange(4), 2)[:, None] * [0.0, 20.0]
    np.save(truth.path / "channel_positions.npy", place)
    model = read_by_phylib(export(truth.path, "phy", tmp_path / "out"))
    np.testing.assert_array_equal(model.channel_positions[:4], place[:4])
    np.testing.assert_array_equal(model.channel_positions[4:], place[4:] + np.array([200, 0]))


def test_the_table_of_all_says_what_the_others_say(tmp_path: Path) -> None:
    truth: Folder = make(tmp_path)
    groups = curated(truth.path)
    out = export(truth.path, "phy", tmp_path / "out")
    lines = [line.split("\t") for line in (out / "cluster_info.tsv").read_text().splitlines()]
    rows = {int(line[0]): dict(zip(lines[0], line, strict=True)) for line in lines[1:]}
    assert {c: row["group"] for c, row in rows.items()} == groups
    clusters = np.load(out / "spike_clusters.npy")
    for cluster_id, row in rows.items():
        assert int(row["n_spikes"]) == np.count_nonzero(clusters == cluster_id)
        assert int(row["ch"]) in range(8)


def test_memory_does_not_grow_with_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = demo(tmp_path, n_spikes=8000, n_channels=64, duration=60.0)
    size = path.with_suffix(".kwx").stat().st_size
    assert size > 10_000_000
    monkeypatch.setattr(features, "_AT_ONCE", 1 << 14)
    with Session.open(path, journal=False) as session:
        tracemalloc.start()
        export(session, "phy", tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < size / 2


def test_raw_data_as_asked(tmp_path: Path) -> None:
    truth = make(tmp_path)
    for choice in ("copy", "none"):
        out = export(truth.path, "phy", tmp_path / choice, options={"raw": choice})
        assert (out / "recording.dat").exists() == (choice == "copy")
        assert (open_dataset(out).open().traces is None) == (choice == "none")
    with pytest.raises(DatasetError, match="the option raw is 'all'"):
        export(truth.path, "phy", tmp_path / "x", options={"raw": "all"})
    assert not (tmp_path / "x").exists()
