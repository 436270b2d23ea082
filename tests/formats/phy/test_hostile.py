"""Folders that are damaged, or that somebody means harm with: one sentence, and nothing is run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from phygui import open_dataset
from phygui.dataset import DatasetError
from phygui.errors import DatasetWarning

from .folders import make


class Evil:
    """What a pickle may do when it is loaded."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return Path.touch, (Path("/tmp/phygui-was-run"),)  # type: ignore[return-value]


NEGATIVE = "{'descr': '<i8', 'fortran_order': False, 'shape': (-5,), }"


def put(name: str, array: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.save(path / name, array, allow_pickle=True)


def write(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda path: void((path / name).write_bytes(data))


def void(_: object) -> None:
    pass


def cut(name: str, size: int) -> Callable[[Path], None]:
    return lambda path: void((path / name).write_bytes((path / name).read_bytes()[:size]))


def header(name: str, text: str) -> Callable[[Path], None]:
    """A file of version 1 with a header of one's own."""
    data = text.encode() + b"\n"
    return write(name, b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data + bytes(99))


def remove(name: str) -> Callable[[Path], None]:
    return lambda path: (path / name).unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (remove("spike_times.npy"), "holds no spike_times.npy"),
        (remove("channel_map.npy"), "holds no channel_map.npy"),
        (remove("params.py"), "params.py does not exist"),
        (put("spike_times.npy", np.array([Evil()], object)), "expected numbers"),
        (write("spike_times.npy", pickle.dumps(Evil())), "no array in NumPy's format"),
        (put("spike_times.npy", np.array(["a", "b"])), "expected numbers"),
        (put("spike_times.npy", np.arange(300) - 5), "spike 0 is at sample -5"),
        (put("spike_times.npy", np.full(300, np.nan)), "number 0 is nan"),
        (put("spike_times.npy", np.zeros(0, int)), "holds no spikes"),
        (put("spike_times.npy", np.zeros((300, 2), int)), "2 axes, expected 1"),
        (cut("spike_times.npy", 500), "is truncated"),
        (cut("spike_times.npy", 20), "no array in NumPy's format"),
        (header("spike_times.npy", "{'descr': (((, }"), "no array in NumPy's format"),
        (header("spike_times.npy", NEGATIVE), "which is none"),
        (put("spike_templates.npy", np.arange(7)), "7 rows, expected 300"),
        (put("spike_templates.npy", np.full(300, -1)), "number 0 is -1"),
        (put("spike_templates.npy", np.full(300, 2**40)), "expected 0 to"),
        (put("channel_map.npy", np.array([0, 99])), "number 1 is 99"),
        (put("channel_positions.npy", np.full((8, 2), np.inf)), "channel 0 has no place"),
        (put("channel_positions.npy", np.zeros((3, 2))), "3 rows, expected 8"),
        (write("params.py", b"import os\nos.system('touch /tmp/phygui-was-run')\n"), "sample_rate"),
        (write("params.py", b"sample_rate = (lambda: 1)()\n"), "sample_rate is None"),
        (write("params.py", b"sample_rate = \n"), "line 1 cannot be read"),
        (write("params.py", b"\xff\xfe\x00"), "cannot be read"),
        (write("params.py", b"sample_rate = 1e400\n"), "expected 1 to 10,000,000"),
        (write("params.py", b"sample_rate = 30000\ndtype = 'O'\n"), "dtype is 'O'"),
        (write("params.py", b"sample_rate = 30000\nn_channels_dat = -3\n"), "n_channels_dat is -3"),
        (write("params.py", b"sample_rate = 30000\ndat_path = 5\n"), "dat_path is 5"),
        (write("params.py", b"sample_rate = " + b"[" * 5000 + b"\n"), "cannot be read"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_sentence(
    tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    path = make(tmp_path).path
    damage(path)
    before = {each.name: each.stat().st_mtime_ns for each in path.iterdir()}
    with pytest.raises(DatasetError) as caught:
        open_dataset(path).open()
    text = str(caught.value)
    assert words in text
    assert str(path) in text
    assert "\n" not in text
    assert {each.name: each.stat().st_mtime_ns for each in path.iterdir()} == before
    assert not Path("/tmp/phygui-was-run").exists()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (put("pc_features.npy", np.zeros((7, 3, 4), np.float32)), "7 rows, expected 300"),
        (put("pc_features.npy", np.zeros((300, 3, 9), np.float32)), "on 9 channels of a spike"),
        (put("pc_feature_ind.npy", np.zeros((2, 4), int)), "2 rows, expected"),
        (put("templates.npy", np.zeros((5, 41, 3))), "has 3 channels, expected 8"),
        (put("amplitudes.npy", np.zeros(9)), "expected a number for each"),
        (put("amplitudes.npy", np.array(9.0)), "expected a number for each"),
        (put("pc_features.npy", np.array(9.0)), "has 0 axes, expected 2 or 3"),
        (put("channel_shanks.npy", np.full(8, -2)), "taken to be on one shank"),
        (put("whitening_mat_inv.npy", np.zeros((8, 3))), "3 columns, expected 8"),
    ],
)
def test_what_can_be_done_without_is_left_out_and_told_of(
    tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    truth = make(tmp_path)
    damage(truth.path)
    with pytest.warns(DatasetWarning, match=words):
        shank = open_dataset(truth.path).open()
    np.testing.assert_array_equal(shank.spike_samples, truth.samples)


@pytest.mark.parametrize("name", ["x" * 100_000, "~nobody-of-this-name/raw.dat", "a\\0b", ""])
def test_raw_data_of_a_name_that_no_system_takes_is_not_there(tmp_path: Path, name: str) -> None:
    path = make(tmp_path).path
    (path / "params.py").write_text(f"sample_rate = 30000\ndat_path = '{name}'\n")
    shank = open_dataset(path).open()
    assert shank.traces is None
    assert "traces" in shank.absent


@pytest.mark.parametrize("clusters", [np.full(300, -1), np.full(300, 2**33), np.arange(4)])
def test_clusters_that_make_no_sense_are_refused(tmp_path: Path, clusters: np.ndarray) -> None:
    path = make(tmp_path).path
    np.save(path / "spike_clusters.npy", clusters)
    with pytest.raises(DatasetError, match=r"spike_clusters\.npy"):
        open_dataset(path).clusterings.read((0, "main"))


def test_padding_beyond_the_channels_counts_as_none(tmp_path: Path) -> None:
    truth = make(tmp_path)
    columns = np.load(truth.path / "pc_feature_ind.npy")
    columns[:, -1] = 4_000_000
    np.save(truth.path / "pc_feature_ind.npy", columns.astype(np.uint32))
    shank = open_dataset(truth.path).open()
    assert shank.features is not None
    _, masks = shank.features.read(np.arange(20))
    assert (masks.sum(axis=1) == 3).all()


@pytest.mark.parametrize(
    ("shape", "words"),
    [((5, 5), "2 axes, expected 3"), ((5, 41, 8, 1), "4 axes"), ((5, 0, 8), "expected samples on"),
     ((), "0 axes"), ((5, 41, 9), "9 channels, expected 8")],
)  # fmt: skip
@pytest.mark.parametrize("n_shanks", [1, 2])
def test_templates_that_make_no_sense(
    tmp_path: Path, shape: tuple[int, ...], words: str, n_shanks: int
) -> None:
    path = make(tmp_path, n_shanks=n_shanks).path
    np.save(path / "templates.npy", np.ones(shape, np.float32))
    if n_shanks == 1:
        with pytest.warns(DatasetWarning, match=words):
            assert open_dataset(path).open().templates is None
        return
    # They tell the shank of a spike.
    with pytest.raises(DatasetError, match=words):
        open_dataset(path)
