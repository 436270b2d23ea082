"""Finding raw data and features: in the file, beside it, or where the user points."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.errors import DatasetError, DatasetWarning
from phygui.storage.state import locations
from tests.formats.kwik.conftest import N_RAW, Tiny


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path_factory.mktemp("settings") / "phygui" / "locations.json"
    monkeypatch.setattr(locations, "locations_file", lambda: path)
    return path


def point_to(tiny: Tiny, **names: str) -> None:
    with tiny.edit() as file:
        attributes = file["recordings/0/raw"].attrs
        for key in list(attributes):
            del attributes[key]
        for key, value in names.items():
            attributes[key] = np.bytes_(value.encode())


def write_kwd(path: Path, values: np.ndarray, name: str = "recordings/0/data") -> None:
    with h5py.File(path, "w") as file:
        file[name] = values


def first(model: KwikModel) -> int | None:
    return None if model.traces is None else int(model.traces[0, 0])


def block(value: int) -> np.ndarray:
    return np.full((7000, N_RAW), value, dtype=np.int16)


def test_the_order_in_which_places_are_tried(tiny: Tiny) -> None:
    tiny.dat.unlink()
    point_to(tiny, dat_path="raw/a.dat")
    (tiny.folder / "raw").mkdir()
    places = [
        (tiny.folder / "raw" / "a.dat", 1),
        (tiny.folder / "a.dat", 2),
        (tiny.folder / "tiny.raw.kwd", 3),
        (tiny.folder / "tiny.dat", 4),
    ]
    for path, value in places:
        if path.suffix == ".kwd":
            write_kwd(path, block(value))
        else:
            block(value).tofile(path)
    for path, value in places:
        assert first(KwikModel(tiny.kwik)) == value
        path.unlink()
    model = KwikModel(tiny.kwik)
    assert model.missing == {"traces": "raw/a.dat"}


@pytest.mark.parametrize(
    ("told", "path", "inside"),
    [
        ({"hdf5_path": "{raw.kwd}/recordings/0"}, "tiny.raw.kwd", "recordings/0/data"),
        ({"hdf5_path": "{raw.kwd}/recordings/7"}, "tiny.raw.kwd", "recordings/7/data"),
        ({"hdf5_path": "other.kwd"}, "other.kwd", "recordings/0/data"),
        ({"hdf5_path": "other.raw.kwd/recordings/3"}, "other.raw.kwd", "recordings/3/data"),
        ({"hdf5_path": "C:\\data\\other.kwd"}, "other.kwd", "recordings/0/data"),
        ({"hdf5_path": "/elsewhere/other.kwd"}, "other.kwd", "recordings/0/data"),
        ({}, "tiny.raw.kwd", "recordings/0/data"),
    ],
)
def test_paths_to_a_kwd(tiny: Tiny, told: dict[str, str], path: str, inside: str) -> None:
    tiny.dat.unlink()
    point_to(tiny, **told)
    write_kwd(tiny.folder / path, block(9), inside)
    assert first(KwikModel(tiny.kwik)) == 9


@pytest.mark.parametrize("told", ["D:\\old\\tiny2.dat", "/mnt/old/tiny2.dat", "old/tiny2.dat"])
def test_the_base_name_beside_the_file(tiny: Tiny, told: str) -> None:
    point_to(tiny, dat_path=told)
    tiny.dat.rename(tiny.folder / "tiny2.dat")
    assert KwikModel(tiny.kwik).has_traces()


def test_the_working_directory_is_not_looked_at(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(tiny.dat, elsewhere / "tiny.dat")
    monkeypatch.chdir(elsewhere)
    assert not KwikModel(tiny.kwik).has_traces()


def test_where_the_user_points_is_remembered_outside_the_dataset(
    tiny: Tiny, tmp_path: Path, own_settings: Path
) -> None:
    elsewhere = tmp_path / "élsewhere"
    elsewhere.mkdir()
    shutil.move(tiny.dat, elsewhere / "moved.bin")
    shutil.move(tiny.kwx, elsewhere / "moved.kwx")
    before = tiny.kwik.read_bytes()
    model = KwikModel(tiny.kwik)
    assert set(model.missing) == {"traces", "features"}
    model.locate("traces", str(elsewhere / "moved.bin"))
    model.locate("features", elsewhere / "moved.kwx")
    assert model.missing == {}
    assert model.waveforms is not None
    again = KwikModel(tiny.kwik)
    assert again.missing == {}
    assert again.traces is not None
    assert again.features is not None
    np.testing.assert_array_equal(again.traces[:9], model.traces[:9])  # type: ignore[index]
    assert tiny.kwik.read_bytes() == before
    told = json.loads(own_settings.read_text(encoding="utf-8"))
    assert told[str(tiny.kwik)]["traces"] == [str(elsewhere / "moved.bin")]
    # When it is gone from there too, that is as if it had not been said.
    (elsewhere / "moved.bin").unlink()
    assert KwikModel(tiny.kwik).missing == {"traces": "tiny.dat"}


def test_another_dataset_is_not_concerned(tiny: Tiny, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(tiny.kwik, other / "tiny.kwik")
    KwikModel(tiny.kwik).locate("traces", tiny.dat)
    assert KwikModel(other / "tiny.kwik").missing["traces"] == "tiny.dat"


def test_what_does_not_fit_is_refused_and_not_remembered(tiny: Tiny, tmp_path: Path) -> None:
    model = KwikModel(tiny.kwik)
    traces, features = model.traces, model.features
    odd = tmp_path / "odd"
    odd.mkdir()
    cases: list[tuple[str, Path, str]] = [
        ("traces", tmp_path / "nowhere.dat", "does not exist"),
        ("traces", odd, "holds no raw data of recording 0, expected tiny.dat"),
        ("traces", tiny.kwik, "/recordings/0/data is missing"),
        ("features", tiny.dat, "is not an HDF5 file"),
        ("features", tiny.kwik, "features_masks is missing"),
    ]
    for what, path, message in cases:
        with pytest.raises(DatasetError, match=message):
            model.locate(what, path)
    with pytest.raises(ValueError, match="only 'traces' or 'features'"):
        model.locate("waveforms", tiny.dat)
    assert model.traces is traces
    assert features is not None
    assert KwikModel(tiny.kwik).missing == {}


def two(tiny: Tiny) -> None:
    """A second recording, whose start is not told."""
    with tiny.edit() as file:
        file["recordings/0"].attrs["start_sample"] = 0
        file.create_group("recordings/1/raw").attrs["dat_path"] = np.bytes_(b"b.dat")
        file["recordings/1"].attrs["start_sample"] = 0
        recording = file["channel_groups/0/spikes/recording"]
        times = file["channel_groups/0/spikes/time_samples"]
        recording[...] = np.arange(60) >= 40
        times[40:] = np.arange(20) + 100
        times[:40] = np.minimum(times[:40], 5900)
        file.create_dataset("event_types/x/events/time_samples", data=np.array([20]))
        file.create_dataset("event_types/x/events/recording", data=np.array([1]))


@pytest.mark.parametrize("how", ["list", "folder", "kwd"])
def test_several_recordings_are_pointed_to(tiny: Tiny, tmp_path: Path, how: str) -> None:
    two(tiny)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(tiny.dat, elsewhere / "tiny.dat")
    block(5)[:6500].tofile(elsewhere / "b.dat")
    with h5py.File(elsewhere / "c.kwd", "w") as file:
        file["recordings/0/data"] = np.fromfile(elsewhere / "tiny.dat", "<i2").reshape(-1, N_RAW)
        file["recordings/1/data"] = block(5)[:6500]
    with pytest.warns(DatasetWarning, match="each is assumed to end with its last spike"):
        model = KwikModel(tiny.kwik)
    first = int(model.spike_samples[39]) + 1
    assert model.recording_offsets[1] == first
    assert model.spike_samples[40] == first + 100
    assert model.events["x"].tolist() == [(first + 20) / 20000]
    places: dict[str, Any] = {
        "list": [elsewhere / "tiny.dat", elsewhere / "b.dat"],
        "folder": elsewhere,
        "kwd": elsewhere / "c.kwd",
    }
    model.locate("traces", places[how])
    for found in (model, KwikModel(tiny.kwik)):
        assert found.recording_offsets.tolist() == [0, 6000, 12500]
        assert found.spike_samples[40] == 6100
        assert found.spike_times[40] == 6100 / 20000
        assert found.events["x"].tolist() == [6020 / 20000]
        # What was said of the lengths while they were unknown is not said any more.
        assert not any("last spike" in text for text in found.warnings)
        assert found.traces is not None
        assert (found.traces[6000:] == 5).all()
    with pytest.raises(DatasetError, match="one flat file, but there are 2 recordings"):
        model.locate("traces", elsewhere / "b.dat")


def test_a_configuration_that_cannot_be_written_is_said(tiny: Tiny, own_settings: Path) -> None:
    own_settings.parent.parent.joinpath("phygui").write_text("a file where a folder should be")
    model = KwikModel(tiny.kwik)
    with pytest.warns(DatasetWarning, match="will not be remembered"):
        model.locate("traces", tiny.dat)
    assert model.has_traces()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 3}', '{"KWIK": {"traces": 5}}', "\0"])
def test_a_damaged_configuration_is_ignored(tiny: Tiny, own_settings: Path, text: str) -> None:
    own_settings.parent.mkdir()
    own_settings.write_text(text.replace("KWIK", str(tiny.kwik)))
    model = KwikModel(tiny.kwik)
    assert model.missing == {}
    model.locate("traces", tiny.dat)
    assert json.loads(own_settings.read_text())[str(tiny.kwik)]["traces"] == [str(tiny.dat)]


def test_the_file_is_in_the_users_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert locations.locations_file().name == "locations.json"
    assert "phygui" in locations.locations_file().parts


def test_remembered_places_that_make_no_sense_are_replaced(tiny: Tiny, tmp_path: Path) -> None:
    place = tmp_path / "place.dat"
    place.touch()
    file = locations.locations_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    for told in ("[]", "not JSON", json.dumps({str(tiny.kwik.resolve()): ["x"]})):
        file.write_text(told)
        assert locations.remembered(tiny.kwik, "traces") == []
        locations.remember(tiny.kwik, "traces", [place])
        assert locations.remembered(tiny.kwik, "traces") == [place]


def test_a_remembered_place_out_of_reach_is_as_if_it_were_not_there(tiny: Tiny) -> None:
    locations.remember(tiny.kwik, "traces", [])
    file = locations.locations_file()
    file.write_text(json.dumps({str(tiny.kwik.resolve()): {"traces": ["/x/" + "long" * 100]}}))
    assert locations.remembered(tiny.kwik, "traces") == []
