"""Features as the door gives them, against plain numpy on what the file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import h5py
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from phygui.formats.kwik.files import features as files
from phygui.formats.kwik.files.features import Features, FeaturesMasks, open_features
from phygui.formats.kwik.hdf5.file import open_hdf5
from phygui.formats.kwik.model import KwikModel
from phygui.formats.kwik.shank import KwikFeatures, KwikShank
from phygui.storage.arrays import scattered

from .conftest import GROUP, N_CHANNELS, N_FEATURES, N_SPIKES, Tiny

STORED = f"{GROUP}/features_masks"


@pytest.fixture(
    scope="module",
    params=["flat", "chunked", "compressed", "without masks", "of two dimensions"],
)
def source(
    request: pytest.FixtureRequest,
    _tiny_bytes: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[KwikFeatures, np.ndarray, np.ndarray]]:
    """A source, and all the values and masks that its file holds."""
    folder = tmp_path_factory.mktemp("features")
    for name, content in _tiny_bytes.items():
        (folder / name).write_bytes(content)
    tiny = Tiny(folder)
    with h5py.File(tiny.kwx) as file:
        block = file[STORED][...]
    options: dict[str, Any] = {
        "chunked": {"chunks": (7, 12, 2)},
        "compressed": {"chunks": (16, 4, 2), "compression": "gzip"},
    }.get(request.param, {})
    has_masks = True
    if request.param == "without masks":
        block, has_masks = block[..., :1], False
    elif request.param == "of two dimensions":
        block, has_masks = block[..., 0], False
    tiny.replace(STORED, block, tiny.kwx, **options)
    whole = block.reshape(N_SPIKES, N_CHANNELS, N_FEATURES, -1)
    values = whole[..., 0]
    masks = whole[:, :, 0, 1] if has_masks else np.ones((N_SPIKES, N_CHANNELS), np.float32)
    with KwikModel(tiny.kwik) as model:
        found = KwikShank(model).features
        assert isinstance(found, KwikFeatures)
        assert found.has_masks == has_masks
        assert found.n_features == N_FEATURES
        yield found, values, masks


spikes = st.one_of(
    st.lists(st.integers(0, N_SPIKES - 1), max_size=20),
    # Those of a stretch are read in one go.
    st.tuples(st.integers(0, N_SPIKES), st.integers(0, N_SPIKES)).map(
        lambda ends: list(range(min(ends), max(ends)))
    ),
)
channels = st.none() | st.lists(st.integers(0, N_CHANNELS - 1), max_size=6)


@given(spikes, channels)
def test_features_and_masks_are_those_of_the_file(
    source: tuple[KwikFeatures, np.ndarray, np.ndarray],
    spike_ids: list[int],
    chosen: list[int] | None,
) -> None:
    features, all_values, all_masks = source
    ids = np.array(spike_ids, np.int64)
    places = None if chosen is None else np.array(chosen, np.int64)
    values, masks = features.read(ids, places)
    columns = slice(None) if places is None else places
    np.testing.assert_array_equal(values, all_values[ids][:, columns], strict=True)
    np.testing.assert_array_equal(masks, all_masks[ids][:, columns], strict=True)


sets = st.lists(
    st.tuples(
        st.lists(st.integers(0, N_SPIKES - 1), max_size=20),
        st.sets(st.integers(0, N_CHANNELS - 1), min_size=2, max_size=2),
    ),
    max_size=4,
)


@pytest.mark.parametrize("rows", [3, 4_096])
@given(data=st.data())
def test_columns_of_several_sets_are_those_of_each(
    source: tuple[KwikFeatures, np.ndarray, np.ndarray], rows: int, data: st.DataObject
) -> None:
    features, all_values, _ = source
    given_sets = data.draw(sets)
    spikes = [np.array(ids, np.int64) for ids, _ in given_sets]
    chosen = [np.sort(np.array([*of], np.int64)) for _, of in given_sets]
    scattered.load()
    with mock.patch.object(files, "_ROWS", rows):
        steps = features.columns(spikes, chosen)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found = end.value
                break
    assert len(found) == len(spikes)
    for values, ids, of in zip(found, spikes, chosen, strict=True):
        expected = all_values[ids][:, of].reshape(len(ids), 2 * N_FEATURES).T
        np.testing.assert_array_equal(values, expected, strict=True)


@pytest.mark.parametrize(
    ("options", "n_columns", "is_short"),
    [({}, 200, True), ({}, 6000, False), ({"chunks": (50, 20, 2)}, 200, False)],
)
def test_channels_far_apart_are_read_at_once_where_all_of_a_spike_is_one_short_piece(
    tmp_path: Path, options: dict[str, Any], n_columns: int, is_short: bool
) -> None:
    stored = np.random.default_rng(0).normal(size=(N_SPIKES, n_columns, 2)).astype(np.float32)
    with h5py.File(tmp_path / "wide.kwx", "w") as file:
        file.create_dataset(STORED, data=stored, **options)
    n_channels = n_columns // 2
    with open_hdf5(tmp_path / "wide.kwx") as opened:
        store = open_features(opened, 0, N_SPIKES, n_channels, 2, pytest.fail)
    model = SimpleNamespace(
        features_masks=FeaturesMasks(store),
        features=Features(store),
        n_features_per_channel=2,
        n_channels=n_channels,
        has_masks=lambda: True,
    )
    features = KwikFeatures(model)  # type: ignore[arg-type]
    assert features.reads_whole_rows == is_short
    ids, places = np.array([7, 50, 3]), np.array([95, 0, 40])
    values, masks = features.read(ids, places)
    whole = stored[ids].reshape(3, n_channels, 2, 2)[:, places]
    np.testing.assert_array_equal(values, whole[..., 0])
    np.testing.assert_array_equal(masks, whole[:, :, 0, 1])


def test_features_that_come_in_later_are_read(
    tiny: Tiny, tmp_path: Path, make_tiny: Callable[[Path], Tiny]
) -> None:
    kept = tmp_path / "elsewhere.kwx"
    tiny.kwx.rename(kept)
    with h5py.File(kept) as file:
        expected = file[STORED][...]
    with KwikModel(tiny.kwik) as model:
        shank = KwikShank(model)
        assert shank.features is None
        shank.locate("features", kept)
        assert shank.features is not None
        assert shank.features is shank.features
        values, _ = shank.features.read(np.array([3, 1]))
        np.testing.assert_array_equal(values.reshape(2, -1), expected[[3, 1], :, 0])
