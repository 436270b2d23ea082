"""Raw traces of all recordings as one array, from every kind of file, against numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui import KwikModel
from phygui.errors import DatasetError
from phygui.formats.kwik.files.recorded import Source, join, open_recording
from phygui.storage.arrays.stores import MemoryStore
from phygui.storage.arrays.traces import Traces
from tests.formats.kwik.conftest import N_RAW, Tiny

LENGTHS = (50, 1, 130)
N_CHANNELS = 5


def recordings(dtype: Any = np.int16) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 200, (n, N_CHANNELS)).astype(dtype) for n in LENGTHS]


def write(folder: Path, kind: str, dtype: Any = "<i2") -> list[Source]:
    arrays = recordings(dtype)
    if kind == "flat":
        for i, array in enumerate(arrays):
            array.tofile(folder / f"{i}.dat")
        return [Source(folder / f"{i}.dat") for i in range(len(arrays))]
    options: dict[str, Any] = {
        "contiguous": {},
        "chunked": {"chunks": (16, N_CHANNELS), "maxshape": (None, N_CHANNELS)},
        "tiles": {"chunks": (70, 2)},
        "compressed": {"chunks": (16, N_CHANNELS), "compression": "gzip"},
    }[kind]
    path = folder / "x.raw.kwd"
    with h5py.File(path, "w") as file:
        for i, array in enumerate(arrays):
            # Chunks may not be larger than a dataset that cannot grow.
            chunks = options.get("chunks")
            if chunks and "maxshape" not in options:
                chunks = (min(chunks[0], len(array)), chunks[1])
            file.create_dataset(f"recordings/{i}/data", data=array, **{**options, "chunks": chunks})
    return [Source(path, f"/recordings/{i}/data") for i in range(len(arrays))]


def open_traces(
    sources: list[Source], dtype: np.dtype, n_channels: int, warn: Callable[[str], object]
) -> Traces:
    recorded = [open_recording(source, dtype, n_channels, warn) for source in sources]
    return join(recorded, n_channels, n_channels, warn).traces


KINDS = ["flat", "contiguous", "chunked", "tiles", "compressed"]


@pytest.fixture(scope="module", params=KINDS)
def traces(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traces:
    sources = write(tmp_path_factory.mktemp("traces"), request.param)
    return open_traces(sources, np.dtype("<i2"), N_CHANNELS, pytest.fail)


TOTAL = sum(LENGTHS)
ROWS = st.one_of(
    st.slices(TOTAL),
    st.integers(-TOTAL, TOTAL - 1),
    st.lists(st.integers(-TOTAL, TOTAL - 1), max_size=9),
)
COLUMNS = st.one_of(
    st.slices(N_CHANNELS), st.integers(-N_CHANNELS, N_CHANNELS - 1), st.just(slice(None))
)


@given(ROWS, COLUMNS)
def test_any_index(traces: Traces, rows: Any, columns: Any) -> None:
    whole = np.concatenate(recordings())
    np.testing.assert_array_equal(traces[rows, columns], whole[rows, columns], strict=True)


def test_shape_and_boundaries(traces: Traces) -> None:
    assert traces.shape == (TOTAL, N_CHANNELS)
    assert traces.offsets.tolist() == [0, 50, 51, 181]
    assert traces.lengths == list(LENGTHS)
    with pytest.raises(IndexError):
        traces[TOTAL]


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<u2", "<i4", "<f4", "<f8", "u1", "i1", "<i8"])
@pytest.mark.parametrize("kind", ["flat", "chunked"])
def test_any_type(tmp_path: Path, kind: str, dtype: str) -> None:
    found = open_traces(write(tmp_path, kind, dtype), np.dtype(dtype), N_CHANNELS, pytest.fail)
    whole = np.concatenate(recordings(dtype))
    np.testing.assert_array_equal(found[40:60], whole[40:60])
    assert found[:].dtype == found.dtype == np.dtype(dtype).newbyteorder("=")


def test_recordings_larger_than_memory_cost_nothing_to_open(tmp_path: Path) -> None:
    path = tmp_path / "huge.dat"
    with open(path, "wb") as file:
        file.truncate(2 * 384 * 10**9)  # a hole of 768 GB
        file.seek(2 * 384 * (10**9 - 1))
        file.write(np.arange(384, dtype="<i2").tobytes())
    traces = open_traces([Source(path)], np.dtype("<i2"), 384, pytest.fail)
    assert traces.shape == (10**9, 384)
    assert traces[-1].tolist() == list(range(384))
    assert (traces[500_000_000:500_000_010] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_channels_may_be_left_out(tmp_path: Path, kind: str) -> None:
    recorded = [
        open_recording(source, np.dtype("<i2"), N_CHANNELS, pytest.fail)
        for source in write(tmp_path, kind)
    ]
    found, whole = Traces([each.store for each in recorded], 3), np.concatenate(recordings())
    assert found.shape == (TOTAL, 3)
    np.testing.assert_array_equal(found[:], whole[:, :3])
    np.testing.assert_array_equal(found[[3, 60, 2], -1], whole[[3, 60, 2], 2])
    with pytest.raises(IndexError):
        found[0, 3]


def test_recordings_that_do_not_fit_one_another(tmp_path: Path) -> None:
    first, *_ = write(tmp_path, "flat")
    with h5py.File(tmp_path / "x.kwd", "w") as file:
        file["recordings/0/data"] = np.zeros((10, 3), "i2")
        file["recordings/1/data"] = np.zeros((10, 5), "i4")
        file["recordings/2/data"] = np.zeros((10, 5, 1), "i2")
        file["recordings/3/data"] = np.zeros((10, 0), "i2")
    for i, message in enumerate(
        ("3 channels of int16, expected 5", "5 of int16", "expected 2 dim", "has no channels")
    ):
        sources = [first, Source(tmp_path / "x.kwd", f"/recordings/{i}/data")]
        with pytest.raises(DatasetError, match=message):
            open_traces(sources, np.dtype("<i2"), 5, pytest.fail)
    with pytest.raises(DatasetError, match="/recordings/9/data is missing"):
        open_traces([Source(tmp_path / "x.kwd", "/recordings/9/data")], np.dtype("<i2"), 5, print)


def test_the_file_knows_its_channels_better_than_the_metadata(tmp_path: Path) -> None:
    said: list[str] = []
    found = open_traces(write(tmp_path, "contiguous"), np.dtype("<i2"), 7, said.append)
    assert found.shape[1] == N_CHANNELS
    assert "has 5 channels and the metadata says 7" in said[0]


def test_a_slice_of_one_recording_is_copied_once() -> None:
    array = np.arange(30, dtype=np.int16).reshape(10, 3)
    found = Traces([MemoryStore(array)])[2:5]
    found[:] = 0
    assert array[2, 0] == 6


def test_the_model_offers_all_the_columns_of_the_file(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    assert model.traces is not None
    expected = np.fromfile(tiny.dat, dtype="<i2").reshape(-1, N_RAW)
    np.testing.assert_array_equal(model.traces[:], expected, strict=True)
