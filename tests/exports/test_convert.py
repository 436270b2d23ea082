"""Datasets of other formats as Kwik: all that both formats hold is the same afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from phygui import DatasetError, Session, open_dataset
from phygui.dataset import ClusteringState
from phygui.exports import Cancelled
from phygui.exports.convert import convert
from phygui.simulate import make_demo
from tests.formats.phy.folders import Folder, make, table


def curated(path: Path) -> dict[int, str]:
    """Merge, split, move, label; the group of each cluster afterwards."""
    with Session.open(path) as session:
        session.merge(session.cluster_ids[:2])
        last = int(session.cluster_ids[-1])
        session.split(session.spikes_per_cluster[last][::3])
        session.move(session.cluster_ids[:1], "good")
        session.move(session.cluster_ids[1:2], "mua")
        session.label(session.cluster_ids[:2], "note", "sehr schön, 20 %")
        session.save()
        return {int(c): session.group_of(int(c)) for c in session.cluster_ids}


def own_groups(state: ClusteringState) -> dict[int, str]:
    return {number: name for number, name in state.group_names.items() if number > 3}


def assert_same(
    one: Path,
    two: Path,
    *,
    masks: bool = True,
    waveforms: bool = True,
    recordings: bool = True,
    original: bool = True,
) -> None:
    """Two datasets hold the same, shank by shank and spike by spike."""
    first, second = open_dataset(one), open_dataset(two)
    assert list(first.channel_groups) == list(second.channel_groups)
    for group in first.channel_groups:
        a, b = first.open(group), second.open(group)
        np.testing.assert_array_equal(a.spike_samples, b.spike_samples)
        if recordings:
            np.testing.assert_array_equal(a.spike_recordings, b.spike_recordings)
        np.testing.assert_array_equal(a.channels, b.channels)
        np.testing.assert_allclose(a.channel_positions, b.channel_positions, rtol=1e-6)
        assert a.sample_rate == b.sample_rate
        if waveforms:
            assert a.n_samples_before == b.n_samples_before
            assert a.n_samples_waveforms == b.n_samples_waveforms
        assert a.features is not None
        assert b.features is not None
        everything = np.arange(a.n_spikes)
        values, found = (each.features.read(everything) for each in (a, b))
        np.testing.assert_array_equal(values[0], found[0])
        if masks:
            np.testing.assert_array_equal(values[1], found[1])
        assert first.clusterings.names(group) == second.clusterings.names(group)
        for name in ["main", "original"] if original else ["main"]:
            x, y = (each.clusterings.read((group, name)) for each in (first, second))
            np.testing.assert_array_equal(x.spike_clusters, y.spike_clusters)
            assert x.cluster_groups == y.cluster_groups
            # Tables of phy do not say of which clustering their labels are.
            assert x.labels == y.labels or name == "original"
            assert own_groups(x) == own_groups(y)
        a.close()
        b.close()


@pytest.mark.parametrize("like", ["kilosort2", "kilosort4", "spikeinterface"])
@pytest.mark.parametrize("n_shanks", [1, 2])
def test_what_a_folder_holds_is_in_the_kwik(tmp_path: Path, like: str, n_shanks: int) -> None:
    truth = make(tmp_path, like, n_shanks=n_shanks)
    curated(truth.path)
    told: list[float] = []
    out = convert(truth.path, tmp_path / "out.kwik", progress=lambda f, _: told.append(f))
    assert out == tmp_path / "out.kwik"
    assert told == sorted(told)
    assert_same(truth.path, out)
    shank = open_dataset(out).open()
    # The raw data lies in a folder below: named, not copied.
    assert not (tmp_path / "out.dat").exists()
    assert shank.traces is not None
    np.testing.assert_array_equal(shank.traces[:], truth.raw)
    assert {p.name for p in tmp_path.iterdir() if p.suffix != ".phygui_state"} == {
        like,
        "out.kwik",
        "out.kwx",
        "out.prm",
        "out.prb",
    }


def test_features_lie_as_klusta_maps_them(tmp_path: Path) -> None:
    truth = make(tmp_path)
    convert(truth.path, tmp_path / "out.kwik")
    with h5py.File(tmp_path / "out.kwx") as file:
        array = file["channel_groups/0/features_masks"]
        assert array.id.get_offset() is not None
        np.testing.assert_array_equal(array[..., 0].reshape(truth.features.shape), truth.features)
        np.testing.assert_array_equal(array[:, ::3, 1], truth.has_features)
    with h5py.File(tmp_path / "out.kwik") as file:
        for name in ("time_samples", "recording", "clusters/main", "clusters/original"):
            array = file[f"channel_groups/0/spikes/{name}"]
            assert array.chunks is None
        np.testing.assert_array_equal(array[...], truth.templates)


def test_raw_data_elsewhere_is_found_again(tmp_path: Path) -> None:
    truth = make(tmp_path / "a")
    (tmp_path / "b").mkdir()
    out = convert(truth.path, tmp_path / "b" / "out.kwik")
    traces = open_dataset(out).open().traces
    assert traces is not None
    np.testing.assert_array_equal(traces[:100], truth.raw[:100])


@pytest.mark.parametrize("choice", ["copy", "none"])
def test_raw_data_is_copied_or_left_out(tmp_path: Path, choice: str) -> None:
    truth = make(tmp_path)
    out = convert(truth.path, tmp_path / "out.kwik", raw=choice)  # type: ignore[arg-type]
    traces = open_dataset(out).open().traces
    assert (traces is None) == (choice == "none")
    if traces is not None:
        (truth.path / "recording.dat").unlink()
        np.testing.assert_array_equal(traces[:], truth.raw)


def test_raw_data_behind_a_header_is_copied(tmp_path: Path) -> None:
    truth = make(tmp_path)
    raw = truth.path / "recording.dat"
    raw.write_bytes(b"\0" * 6 + raw.read_bytes())
    params = truth.path / "params.py"
    params.write_text(params.read_text().replace("offset = 0", "offset = 6"))
    out = convert(truth.path, tmp_path / "out.kwik")
    traces = open_dataset(out).open().traces
    assert (tmp_path / "out.dat").exists()
    assert traces is not None
    np.testing.assert_array_equal(traces[:], truth.raw)


@pytest.mark.parametrize("generation", ["klusta", "spikedetekt2"])
def test_a_kwik_of_several_shanks_and_recordings_and_its_events(
    tmp_path: Path, generation: str
) -> None:
    demo = make_demo(
        tmp_path,
        n_spikes=600,
        n_channels=4,
        n_clusters=12,
        n_channel_groups=2,
        n_recordings=3,
        duration=20.0,
        raw="kwd",
        generation=generation,
    )
    curated(demo.kwik_path)
    out = convert(demo.kwik_path, tmp_path / "out.kwik")
    assert_same(demo.kwik_path, out)
    a, b = open_dataset(demo.kwik_path).open(), open_dataset(out).open()
    assert a.traces is not None
    assert b.traces is not None
    np.testing.assert_array_equal(a.traces[:], b.traces[:])
    np.testing.assert_array_equal(a.timeline.lengths, b.timeline.lengths)
    assert a.voltage_unit == b.voltage_unit
    np.testing.assert_allclose(a.channel_gains, b.channel_gains)
    assert a.events.keys() == b.events.keys() == {"stimulus"}
    np.testing.assert_allclose(a.events["stimulus"], b.events["stimulus"])


def test_edits_that_are_not_saved_go_along_or_stop_it(tmp_path: Path) -> None:
    truth = make(tmp_path)
    session = Session.open(truth.path)
    session.move(session.cluster_ids[:1], "good")
    session.close()
    with pytest.raises(DatasetError, match="not saved"):
        convert(truth.path, tmp_path / "out.kwik", unsaved="refuse")
    out = convert(truth.path, tmp_path / "out.kwik")
    assert open_dataset(out).clusterings.read((0, "main")).cluster_groups[0] == 2
    assert open_dataset(truth.path).clusterings.read((0, "main")).cluster_groups[0] == 3


def test_a_group_of_the_labs_own(tmp_path: Path) -> None:
    truth = make(tmp_path)
    table(truth.path, "group", "group", {0: "good", 1: "interneuron"})
    out = convert(truth.path, tmp_path / "out.kwik")
    assert_same(truth.path, out)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.h5", "expected NAME.kwik"),
        (".kwik", "expected NAME.kwik"),
        ("nowhere/out.kwik", "there is no folder"),
        ("there.kwik", "exists already"),
    ],
)
def test_a_goal_that_will_not_do(tmp_path: Path, name: str, words: str) -> None:
    truth = make(tmp_path)
    (tmp_path / "there.kwx").write_text("mine")
    with pytest.raises(DatasetError, match=words):
        convert(truth.path, tmp_path / name)
    assert (tmp_path / "there.kwx").read_text() == "mine"
    assert {p.name for p in tmp_path.iterdir()} == {truth.path.name, "there.kwx"}


def test_nothing_is_left_of_one_that_is_cancelled(tmp_path: Path) -> None:
    truth = make(tmp_path)
    told: list[float] = []
    with pytest.raises(Cancelled):
        convert(
            truth.path,
            tmp_path / "out.kwik",
            raw="copy",
            progress=lambda f, _: told.append(f),
            cancelled=lambda: bool(told) and told[-1] > 0.5,
        )
    assert {p.name for p in tmp_path.iterdir()} == {truth.path.name}


def test_templates_beyond_the_raw_data_and_no_features(tmp_path: Path) -> None:
    truth: Folder = make(tmp_path)
    for name in ("pc_features.npy", "templates.npy", "recording.dat"):
        (truth.path / name).unlink()
    out = convert(truth.path, tmp_path / "out.kwik")
    assert not (tmp_path / "out.kwx").exists()
    shank = open_dataset(out).open()
    assert shank.features is None
    assert shank.traces is None
    np.testing.assert_array_equal(shank.spike_samples, truth.samples)


def test_features_that_there_is_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = make(tmp_path)
    free = shutil.disk_usage(tmp_path)._replace(free=50_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: free)
    with pytest.raises(DatasetError, match=r"take 0\.0 GB, and 0\.0 GB are free; they can be left"):
        convert(truth.path, tmp_path / "out.kwik")
    assert {p.name for p in tmp_path.iterdir()} == {truth.path.name}
    out = convert(truth.path, tmp_path / "out.kwik", features=False)
    assert not (tmp_path / "out.kwx").exists()
    assert open_dataset(out).open().features is None


@pytest.mark.filterwarnings("ignore::phygui.errors.DatasetWarning")
def test_recordings_are_in_one_order_as_numbers_and_as_text(tmp_path: Path) -> None:
    path = make_demo(
        tmp_path, n_spikes=600, n_channels=4, n_clusters=12, n_recordings=12, duration=24.0
    ).kwik_path
    out = convert(path, tmp_path / "out.kwik")
    assert_same(path, out)
    with h5py.File(out) as file:
        names = list(file["recordings"])
        assert sorted(names) == sorted(names, key=int)
        for place, name in enumerate(sorted(names)):
            assert file[f"recordings/{name}"].attrs["name"][0] == f"recording_{place}".encode()
