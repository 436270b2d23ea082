"""Channel groups without spikes or without clusters beside others that can be curated."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.errors import DatasetError
from tests.formats.kwik.field_files import write_kwik

TIMES = np.arange(300, 30_000, 300)
CLUSTERS = 2 + np.arange(len(TIMES)) % 3


def silent(path: Path, group: int) -> None:
    """As klusta leaves a shank on which it detected nothing."""
    write_kwik(path, None, None, CLUSTERS, {0: {}}, channel_group=group)


def sorted_one(path: Path, group: int) -> None:
    write_kwik(path, TIMES, 0 * TIMES, CLUSTERS, {0: {}}, channel_group=group)


def not_clustered(path: Path, group: int) -> None:
    sorted_one(path, group)
    with h5py.File(path, "r+") as file:
        del file[f"channel_groups/{group}/spikes/clusters"]


def no_clustering(path: Path, group: int) -> None:
    not_clustered(path, group)
    with h5py.File(path, "r+") as file:
        file.create_group(f"channel_groups/{group}/spikes/clusters")


def no_times(path: Path, group: int) -> None:
    silent(path, group)
    with h5py.File(path, "r+") as file:
        file[f"channel_groups/{group}/spikes/time_samples"] = np.zeros(0, np.uint64)


LACKS: dict[Callable[[Path, int], None], str] = {
    silent: "no spikes",
    no_times: "no spikes",
    not_clustered: "no clusters",
    no_clustering: "no clusters",
}


def opened(path: Path, **options: int) -> KwikModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KwikModel(path, **options)


@pytest.mark.parametrize("lacking", LACKS)
def test_the_first_that_can_be_curated_opens(
    tmp_path: Path, lacking: Callable[[Path, int], None]
) -> None:
    path, lack = tmp_path / "k.kwik", LACKS[lacking]
    lacking(path, 0)
    sorted_one(path, 1)
    lacking(path, 2)
    model = opened(path)
    assert model.channel_group == 1
    np.testing.assert_array_equal(model.spike_samples, TIMES)
    assert model.channel_groups == [0, 1, 2]
    assert model.incomplete_channel_groups == {0: lack, 2: lack}
    assert f"0 ({lack}), 1 (open), 2 ({lack})" in model.describe()
    [text] = model.warnings
    assert f"shank 0 has {lack}: " in text
    assert f"shank 2 has {lack}: " in text


@pytest.mark.parametrize("lacking", LACKS)
def test_why_one_that_is_asked_for_cannot_be_opened(
    tmp_path: Path, lacking: Callable[[Path, int], None]
) -> None:
    path = tmp_path / "k.kwik"
    sorted_one(path, 0)
    lacking(path, 5)
    message = rf"k\.kwik: shank 5 has {LACKS[lacking]}: .*Open shank 0 instead"
    with pytest.raises(DatasetError, match=message):
        opened(path, channel_group=5)
    model = opened(path)
    with pytest.raises(DatasetError, match=message):
        model.channel_group = 5
    assert model.channel_group == 0


def test_a_dataset_without_any_spikes(tmp_path: Path) -> None:
    path = tmp_path / "k.kwik"
    silent(path, 0)
    not_clustered(path, 1)
    with pytest.raises(DatasetError, match=r"shank 0 has no spikes: .*time_samples is missing"):
        opened(path)


def test_a_damaged_channel_group_is_no_incomplete_one(tmp_path: Path) -> None:
    path = tmp_path / "k.kwik"
    sorted_one(path, 0)
    sorted_one(path, 1)
    with h5py.File(path, "r+") as file:
        del file["channel_groups/0/spikes"]
        file["channel_groups/0/spikes"] = h5py.ExternalLink("other.h5", "/spikes")
    with pytest.raises(DatasetError, match="external link"):
        opened(path)
