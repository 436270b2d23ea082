"""Features and masks in every shape in which files hold them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from phygui.formats.kwik.files.features import (
    Features,
    FeaturesMasks,
    FeatureStore,
    Masks,
    open_features,
)
from phygui.formats.kwik.hdf5.file import open_hdf5

PATH = "channel_groups/3/features_masks"


def open_(
    folder: Path, array: np.ndarray, n_features: int | None, **options: object
) -> FeatureStore:
    with h5py.File(folder / "x.kwx", "w") as file:
        file.create_dataset(PATH, data=array, **options)
    with open_hdf5(folder / "x.kwx") as file:
        return open_features(file, 3, len(array), 4, n_features, pytest.fail)


def block(n_columns: int, dtype: str = "f4") -> np.ndarray:
    return np.random.default_rng(0).random((50, n_columns, 2)).astype(dtype)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
@pytest.mark.parametrize("options", [{}, {"chunks": (7, 12, 2)}, {"compression": "gzip"}])
def test_types(tmp_path: Path, dtype: str, options: dict[str, object]) -> None:
    array = block(12, dtype)
    store = open_(tmp_path, array, 3, **options)
    expected = array.astype(np.float32)
    np.testing.assert_array_equal(Features(store)[:], expected[..., 0], strict=True)
    np.testing.assert_array_equal(Masks(store)[:], expected[:, ::3, 1], strict=True)
    np.testing.assert_array_equal(FeaturesMasks(store)[:], expected, strict=True)


@pytest.mark.parametrize(("n_columns", "expected"), [(12, 3), (13, 3), (4, 1), (8, 2), (15, 3)])
def test_features_per_channel_from_the_columns(
    tmp_path: Path, n_columns: int, expected: int
) -> None:
    said: list[str] = []
    with h5py.File(tmp_path / "x.kwx", "w") as file:
        file[PATH] = block(n_columns)
    with open_hdf5(tmp_path / "x.kwx") as file:
        store = open_features(file, 3, 50, 4, None, said.append)
    assert store.n_features_per_channel == expected
    assert bool(said) is (expected != 3)
    np.testing.assert_array_equal(Features(store)[:], block(n_columns)[:, : 4 * expected, 0])


def test_without_masks_every_mask_is_one(tmp_path: Path) -> None:
    for array in (block(12)[..., 0], block(12)[..., :1]):
        store = open_(tmp_path, array, 3)
        flat = array.reshape(50, 12)
        np.testing.assert_array_equal(Features(store)[[3, 1], 2:5], flat[[3, 1], 2:5])
        assert (Masks(store)[::7, [0, 3]] == 1).all()
        both = FeaturesMasks(store)[4:6]
        np.testing.assert_array_equal(both[..., 0], flat[4:6])
        assert (both[..., 1] == 1).all()
        assert (FeaturesMasks(store)[4, 3, ::-1] == [1, flat[4, 3]]).all()


def test_extra_columns_are_left_out(tmp_path: Path) -> None:
    store = open_(tmp_path, block(14), 3)
    assert Features(store).shape == (50, 12)
    np.testing.assert_array_equal(Features(store)[:, -1], block(14)[:, 11, 0])
    with pytest.raises(IndexError):
        Features(store)[:, 12]


def test_the_mask_of_a_channel_is_that_of_its_first_column(tmp_path: Path) -> None:
    store = open_(tmp_path, block(12), 3)
    masks = Masks(store)
    assert masks.shape == (50, 4)
    for key in ((slice(None), 2), ([4, 2], [3, 1]), (5,), (slice(None, None, -1), slice(3, 0, -2))):
        np.testing.assert_array_equal(masks[key], block(12)[:, ::3, 1][key])
    assert masks[:, 2:2].shape == (50, 0)
