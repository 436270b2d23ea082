"""Raw data as its writers leave it: where it is, and what it says of gains and sample rates."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.stats import compute_stats
from phygui.errors import DatasetError
from phygui.formats.kwik.shank import KwikShank
from phygui.storage.state import locations
from tests.formats.kwik.conftest import N_RAW, N_SAMPLES, Tiny
from tests.formats.kwik.field_files import TROUGH, depths, raw_data, write_kwik

DATA = "recordings/0/data"


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path_factory.mktemp("settings") / "locations.json"
    monkeypatch.setattr(locations, "locations_file", lambda: path)


def opened(path: Path) -> KwikModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KwikModel(path)


def remarks(path: Path) -> str:
    return "\n".join(opened(path).warnings)


def point_to(tiny: Tiny, key: str, told: str) -> None:
    with tiny.edit() as file:
        raw = file["recordings/0/raw"].attrs
        for name in list(raw):
            del raw[name]
        raw[key] = np.bytes_(told.encode())


def samples_of(tiny: Tiny) -> np.ndarray:
    return np.fromfile(tiny.dat, "<i2").reshape(-1, N_RAW)


def write_kwd(
    path: Path,
    samples: np.ndarray,
    place: str = DATA,
    *,
    gains: Any = None,
    as_attribute: bool = False,
    **attributes: Any,
) -> None:
    """Raw data as SpikeDetekt2 writes it, or with the gains that Open Ephys adds."""
    with h5py.File(path, "a") as file:
        file[place] = samples
        recording = file[place].parent
        recording.attrs.update(attributes)
        if gains is not None:
            told = recording.require_group("application_data")
            if as_attribute:
                told.attrs["channel_bit_volts"] = gains
            else:
                told["channel_bit_volts"] = gains


def to_kwd(tiny: Tiny, name: str = "tiny.raw.kwd", **options: Any) -> np.ndarray:
    """Put the raw data of the dataset into a ``.kwd`` instead."""
    samples = samples_of(tiny)
    tiny.dat.unlink()
    point_to(tiny, "hdf5_path", "{raw.kwd}/recordings/0/data")
    write_kwd(tiny.folder / name, samples, **options)
    return samples


# -- where it is -----------------------------------------------------------------------------


@pytest.mark.parametrize("inner", ["", "/recordings/3", "/recordings/3/data", "/recordings/3/"])
@pytest.mark.parametrize(
    "told",
    [
        "{raw.kwd}",
        "tiny.raw.kwd",
        "D:\\rat 1\\tiny.raw.kwd",
        "old\\tiny.raw.kwd",
        "/x/tiny.raw.kwd",
    ],
)
def test_both_ways_to_name_a_place_in_a_kwd(tiny: Tiny, told: str, inner: str) -> None:
    samples = samples_of(tiny)
    tiny.dat.unlink()
    place = f"recordings/{3 if inner else 0}/data"
    write_kwd(tiny.folder / "tiny.raw.kwd", samples, place)
    point_to(tiny, "hdf5_path", told + (inner.replace("/", "\\") if "\\" in told else inner))
    model = opened(tiny.kwik)
    assert model.warnings == []
    assert model.traces is not None
    np.testing.assert_array_equal(model.traces[:50], samples[:50])


@pytest.mark.parametrize("told", ["tiny.raw.kwd", "{raw.kwd}/recordings/0/data", "tiny.raw.KWD"])
def test_a_kwd_is_never_read_as_a_flat_file(tiny: Tiny, told: str) -> None:
    samples = to_kwd(tiny, "tiny.raw.KWD" if told.endswith("KWD") else "tiny.raw.kwd")
    point_to(tiny, "dat_path", told)
    model = opened(tiny.kwik)
    assert model.traces is not None
    np.testing.assert_array_equal(model.traces[:50], samples[:50])


def test_an_hdf5_file_of_another_name_is_not_read_as_a_flat_one(tiny: Tiny) -> None:
    to_kwd(tiny, "tiny.dat")
    point_to(tiny, "dat_path", "tiny.dat")
    model = opened(tiny.kwik)
    assert model.traces is None
    assert "tiny.dat is an HDF5 file, expected flat samples" in model.missing["traces"]


def test_a_path_with_backslashes_leads_into_a_folder(tiny: Tiny) -> None:
    (tiny.folder / "raw").mkdir()
    tiny.dat.rename(tiny.folder / "raw" / "other.dat")
    point_to(tiny, "dat_path", "raw\\other.dat")
    assert opened(tiny.kwik).has_traces()


@pytest.mark.parametrize("how", ["beside", "a folder is located", "the file is located"])
@pytest.mark.parametrize("told", ["gone.raw.kwd/recordings/7/data", "{raw.kwd}/recordings/7"])
def test_where_the_named_place_is_missing_the_usual_one_is_tried(
    tiny: Tiny, told: str, how: str
) -> None:
    samples = to_kwd(tiny)
    point_to(tiny, "hdf5_path", told)
    kwd = tiny.folder / "tiny.raw.kwd"
    if how != "beside":
        elsewhere = tiny.folder / "elsewhere"
        elsewhere.mkdir()
        kwd = kwd.rename(elsewhere / kwd.name)
    model = opened(tiny.kwik)
    if how != "beside":
        assert model.traces is None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.locate("traces", kwd if how == "the file is located" else kwd.parent)
    assert model.traces is not None
    np.testing.assert_array_equal(model.traces[:50], samples[:50])


def test_a_flat_file_of_the_usual_name_is_found_in_a_folder_that_is_located(tiny: Tiny) -> None:
    point_to(tiny, "dat_path", "gone.dat")
    elsewhere = tiny.folder / "elsewhere"
    elsewhere.mkdir()
    tiny.dat.rename(elsewhere / tiny.dat.name)
    model = opened(tiny.kwik)
    model.locate("traces", elsewhere)
    assert model.has_traces()


@pytest.mark.parametrize("form", ["{raw.kwd}/recordings/%d/data", "{raw.kwd}/recordings/%d"])
@pytest.mark.parametrize("writer", ["SpikeDetekt2", "Open Ephys"])
def test_every_spike_has_its_own_waveform(tmp_path: Path, form: str, writer: str) -> None:
    times = np.arange(300, 19_000, 300)
    channels = np.arange(len(times)) % 4
    n_columns, gains = (4, None) if writer == "SpikeDetekt2" else (6, [0.195] * 4 + [3.7e-5] * 2)
    for i in range(2):
        samples = np.full((20_000, n_columns), 12_000, np.int16)
        samples[:, :4] = raw_data(20_000, times, channels, seed=i)
        write_kwd(tmp_path / "k.raw.kwd", samples, f"recordings/{i}/data", gains=gains)
    path = write_kwik(
        tmp_path / "k.kwik",
        np.tile(times, 2),
        np.repeat([0, 1], len(times)),
        np.tile(channels, 2) + 2,
        {i: {"hdf5_path": form % i, "start_sample": 20_000 * i} for i in range(2)},
        n_channels=n_columns,
        metadata={"voltage_gain": None},
    )
    model = opened(path)
    assert (depths(model, np.tile(channels, 2)) < TROUGH).all()
    assert model.voltage_gain == (1 if gains is None else 0.195)
    assert model.n_raw_channels == 4


def test_files_outside_the_folder_are_named_and_not_touched(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    far = tmp_path_factory.mktemp("far") / "far.dat"
    tiny.dat.rename(far)
    point_to(tiny, "dat_path", str(far))
    touched: list[str] = []
    for name in ("isfile", "exists", "getsize"):
        real = getattr(os.path, name)
        monkeypatch.setattr(
            os.path, name, lambda path, real=real: (touched.append(str(path)), real(path))[1]
        )
    model = opened(tiny.kwik)
    assert str(far) not in touched
    assert model.absent["traces"].elsewhere == (far,)
    assert str(far) in model.describe()
    model.locate("traces", model.absent["traces"].elsewhere)
    assert model.has_traces()
    assert opened(tiny.kwik).has_traces(), "it is remembered"


@pytest.mark.parametrize("key", ["dat_path", "hdf5_path"])
def test_files_of_several_recordings_outside_the_folder(
    tmp_path: Path, make_tiny: Callable[[Path], Tiny], key: str
) -> None:
    folder, far = tmp_path / "near", tmp_path / "far"
    folder.mkdir()
    far.mkdir()
    tiny = make_tiny(folder)
    samples = samples_of(tiny)
    tiny.dat.unlink()
    names = {"dat_path": "../far/{}.dat", "hdf5_path": "../far/a.kwd/recordings/{}"}
    with tiny.edit() as file:
        for i in range(2):
            raw = file.require_group(f"recordings/{i}/raw").attrs
            raw.pop("dat_path", None)
            raw[key] = names[key].format(i)
            samples.tofile(far / f"{i}.dat")
            write_kwd(far / "a.kwd", samples, f"recordings/{i}/data")
    model = opened(tiny.kwik)
    places = model.absent["traces"].elsewhere
    expected = ["0.dat", "1.dat"] if key == "dat_path" else ["a.kwd"]
    assert places == tuple(far / name for name in expected)
    model.locate("traces", places)
    assert model.traces is not None
    assert model.traces.lengths == [N_SAMPLES] * 2


# -- files that hold nothing -----------------------------------------------------------------


def no_samples(path: Path) -> None:
    write_kwd(path, np.empty((0, N_RAW), np.int16))


def no_dataset(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("recordings/0")


EMPTY: dict[str, tuple[Callable[[Path], object], str]] = {
    "no samples": (no_samples, "/recordings/0/data holds no samples"),
    "no dataset": (no_dataset, "/recordings/0/data is missing"),
    "no bytes": (Path.touch, "is empty .0 bytes."),
}


@pytest.mark.parametrize("what", EMPTY)
def test_a_kwd_without_samples_counts_as_missing(tiny: Tiny, what: str) -> None:
    write, reason = EMPTY[what]
    samples = samples_of(tiny)
    write(tiny.folder / "tiny.raw.kwd")
    point_to(tiny, "hdf5_path", "{raw.kwd}/recordings/0")
    model = opened(tiny.kwik)
    assert model.traces is not None
    np.testing.assert_array_equal(model.traces[:50], samples[:50])
    [text] = model.warnings
    assert "tiny.raw.kwd" in text
    assert text.endswith("tiny.dat is read instead.")
    tiny.dat.unlink()
    model = opened(tiny.kwik)
    assert model.traces is None

    assert re.search(f"tiny.raw.kwd.*{reason}", model.missing["traces"])
    assert model.missing["traces"] in model.describe()


def test_a_recording_of_no_samples_among_others_is_one(tiny: Tiny) -> None:
    to_kwd(tiny)
    write_kwd(tiny.folder / "tiny.raw.kwd", np.empty((0, N_RAW), np.int16), "recordings/1/data")
    with tiny.edit() as file:
        file.create_group("recordings/1")
    model = opened(tiny.kwik)
    assert model.traces is not None
    assert model.traces.lengths == [N_SAMPLES, 0]


def test_files_without_samples_are_not_located(tiny: Tiny) -> None:
    model = opened(tiny.kwik)
    empty = tiny.folder / "empty.kwd"
    no_samples(empty)
    with pytest.raises(DatasetError, match=r"empty\.kwd: /recordings/0/data holds no samples"):
        model.locate("traces", empty)
    assert model.has_traces()


# -- Open Ephys ------------------------------------------------------------------------------

GAINS = np.float32([0.195, 0.195, 0.195, 0.195, 0.195, 3.74e-5])


@pytest.mark.parametrize("as_attribute", [False, True])
def test_the_gains_of_open_ephys(tiny: Tiny, as_attribute: bool) -> None:
    tiny.set("application_data/spikedetekt", "voltage_gain", None)
    samples = to_kwd(tiny, gains=GAINS, as_attribute=as_attribute)
    model = opened(tiny.kwik)
    assert model.gain_is_known
    assert model.voltage_gain == 0.195
    assert model.channel_gains.tolist() == [0.195] * 4
    # The last channel is auxiliary.
    assert model.n_raw_channels == 5
    assert model.traces is not None
    np.testing.assert_array_equal(model.traces[:50], samples[:50, :5])
    assert "channel 5 is auxiliary" in "\n".join(model.warnings)
    with tiny.edit() as file:
        file["channel_groups/0"].attrs["channel_order"] = np.int32([4, 1, 0, 5])
    # Who sorts it wants it.
    assert opened(tiny.kwik).n_raw_channels == 6


def test_a_gain_for_each_channel_reaches_amplitudes_and_best_channels(tiny: Tiny) -> None:
    gains = np.array([4.0, 0.25, 1, 0.5, 2, 1])
    to_kwd(tiny, gains=gains)
    model = opened(tiny.kwik)
    order = model.channel_order.tolist()
    np.testing.assert_array_equal(model.channel_gains, gains[order])
    assert model.voltage_gain == 0.5
    assert "go from 0.25 to 4 microvolts per unit" in "\n".join(model.warnings)
    spikes = model.spikes_per_cluster[2]
    snapshot = Snapshot(
        1, KwikShank(model), (2,), {2: spikes}, np.asarray(model.spike_clusters), {}
    )
    stats = compute_stats(snapshot, [2])[2]
    assert model.waveforms is not None
    sizes = np.abs(model.waveforms[spikes].mean(axis=0)).max(axis=0) * gains[order]
    assert stats.amplitude == pytest.approx(sizes.max(), rel=1e-5)
    assert stats.best_channel == order[int(sizes.argmax())]


def test_the_raw_data_knows_the_gain_better_than_the_kwik(tiny: Tiny) -> None:
    to_kwd(tiny, gains=np.full(N_RAW, 0.195))
    model = opened(tiny.kwik)
    assert model.voltage_gain == 0.195
    [text] = model.warnings
    assert "tiny.raw.kwd says 0.195 microvolts per unit and" in text
    assert "says 0.5; 0.195 is used" in text


@pytest.mark.parametrize("gains", [[0.2] * 3, [0.2] * 5 + [0.0], [np.nan] * 6, "many", [[0.2] * 6]])
def test_gains_that_make_no_sense_are_said_and_not_used(tiny: Tiny, gains: Any) -> None:
    to_kwd(tiny, gains=np.array(gains, dtype="S" if gains == "many" else None))
    model = opened(tiny.kwik)
    assert model.has_traces()
    assert model.voltage_gain == 0.5
    assert "channel_bit_volts" in "\n".join(model.warnings)


def test_a_gain_that_nobody_says_is_not_known(tiny: Tiny) -> None:
    tiny.set("application_data/spikedetekt", "voltage_gain", None)
    model = opened(tiny.kwik)
    assert not model.gain_is_known
    assert model.voltage_gain == 1


def test_the_kwd_of_open_ephys_is_found_under_its_own_name(tiny: Tiny) -> None:
    samples = to_kwd(tiny, "tiny_100.raw.kwd", gains=GAINS)
    model = opened(tiny.kwik)
    assert model.traces is not None
    np.testing.assert_array_equal(model.traces[:50], samples[:50, :5])
    # The raw data of another dataset has a name of the same form.
    (tiny.folder / "tiny_100.kwik").touch()
    assert opened(tiny.kwik).traces is None
    (tiny.folder / "tiny_100.kwik").unlink()
    write_kwd(tiny.folder / "tiny_101.raw.kwd", samples, gains=GAINS)
    text = opened(tiny.kwik).missing["traces"]
    assert "tiny_100.raw.kwd, tiny_101.raw.kwd" in text
    assert "expected one" in text
    with tiny.edit() as file:
        raw = file["recordings/0/raw"]
        del raw.attrs["hdf5_path"]
        raw.create_group("hdf5_paths").attrs["101"] = "tiny_101.raw.kwd/recordings/0"
    assert opened(tiny.kwik).has_traces()


def test_a_kwd_that_is_not_of_open_ephys_is_not_guessed(tiny: Tiny) -> None:
    to_kwd(tiny, "tiny_100.raw.kwd")
    assert opened(tiny.kwik).traces is None


@pytest.mark.parametrize("version", ["2", b"2", np.array([2]), 2.0])
def test_versions_in_text(tiny: Tiny, version: Any) -> None:
    tiny.set("/", "kwik_version", version)
    assert remarks(tiny.kwik) == ""


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (
            lambda f: f.create_group("recordings/0/raw/hdf5_paths").attrs.update(x="y"),
            "Open Ephys writes",
        ),
        (
            lambda f: f["recordings/0"].attrs.update(name="Open Ephys Recording #0"),
            "Open Ephys writes",
        ),
        (lambda f: None, "holds no sorted spikes"),
        (
            lambda f: f.create_dataset(DATA, data=np.zeros((3, 2), "i2")),
            "holds raw data and no sorted",
        ),
    ],
)
@pytest.mark.parametrize("emptied", [False, True])
def test_what_is_no_sorted_dataset_is_told_for_what_it_is(
    tiny: Tiny, spoil: Callable[[h5py.File], object], text: str, emptied: bool
) -> None:
    with tiny.edit() as file:
        del file["channel_groups"]
        if emptied:
            file.create_group("channel_groups")
        spoil(file)
    with pytest.raises(DatasetError, match=rf"tiny\.kwik .*{text}") as told:
        opened(tiny.kwik)
    assert "sorted spikes" in str(told.value)
    assert "is not a Kwik file" not in str(told.value)


# -- sample rates ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "said"),
    [(20000, ""), (np.float32(20000), ""), (24414.0625, "24414.0625 Hz"), (0, ""), ("fast", "")],
)
def test_raw_data_of_another_sample_rate(tiny: Tiny, rate: Any, said: str) -> None:
    to_kwd(tiny, sample_rate=rate)
    text = remarks(tiny.kwik)
    assert said in text
    assert ("says 20000 Hz; 20000 Hz is used" in text) == bool(said)


def test_the_precision_of_float32_is_no_other_rate(tiny: Tiny) -> None:
    for place in ("application_data/spikedetekt", "recordings/0"):
        tiny.set(place, "sample_rate", 31999.7)
    to_kwd(tiny, sample_rate=np.float32(31999.7))
    assert remarks(tiny.kwik) == ""


@pytest.mark.parametrize("told", [True, False])
def test_recordings_of_different_sample_rates(tiny: Tiny, told: bool) -> None:
    if not told:
        tiny.set("application_data/spikedetekt", "sample_rate", None)
    with tiny.edit() as file:
        file.create_group("recordings/1").attrs["sample_rate"] = 24414.0625
    model = opened(tiny.kwik)
    assert model.sample_rate == 20000
    text = "recording 0 was sampled at 20000 Hz and recording 1 at 24414.0625 Hz"
    assert text in "\n".join(model.warnings)


@pytest.mark.parametrize(
    ("rate", "text"),
    [(24414.0625, "24,414.0625 Hz"), (20000, "20,000 Hz"), (29999.95, "29,999.95 Hz")],
)
def test_rates_are_printed_with_all_their_digits(tiny: Tiny, rate: float, text: str) -> None:
    for place in ("application_data/spikedetekt", "recordings/0"):
        tiny.set(place, "sample_rate", rate)
    assert text in opened(tiny.kwik).describe()
