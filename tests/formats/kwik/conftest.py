"""A small valid dataset that tests of the reader damage in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

GROUP = "channel_groups/0"
N_SPIKES, N_CHANNELS, N_FEATURES, N_RAW = 60, 4, 3, 6
N_SAMPLES = 6000


@dataclass(frozen=True)
class Tiny:
    """A dataset of 60 spikes on 4 of 6 channels, in the second generation's layout."""

    folder: Path

    @property
    def kwik(self) -> Path:
        return self.folder / "tiny.kwik"

    @property
    def kwx(self) -> Path:
        return self.folder / "tiny.kwx"

    @property
    def dat(self) -> Path:
        return self.folder / "tiny.dat"

    @contextmanager
    def edit(self, path: Path | None = None) -> Iterator[h5py.File]:
        with h5py.File(path or self.kwik, "r+") as file:
            yield file

    def replace(self, name: str, data: Any, path: Path | None = None, **options: Any) -> None:
        """Put another dataset in the place of one."""
        with self.edit(path) as file:
            if name in file:
                del file[name]
            if data is not None:
                file.create_dataset(name, data=data, **options)

    def set(self, place: str, name: str, value: Any) -> None:
        """Set an attribute, or remove it with None."""
        with self.edit() as file:
            attributes = file[place].attrs
            if value is not None:
                attributes[name] = value
            elif name in attributes:
                del attributes[name]


def write_kwik(path: Path) -> None:
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file.attrs["kwik_version"] = 2
        file.attrs["name"] = np.array([b"tiny"])
        told = file.create_group("application_data/spikedetekt").attrs
        told["sample_rate"] = 20000.0
        told["n_channels"] = N_RAW
        told["n_features_per_channel"] = N_FEATURES
        told["extract_s_before"] = 10
        told["extract_s_after"] = 12
        told["filter_butter_order"] = 3
        told["filter_low"] = 500.0
        told["filter_high_factor"] = 0.475
        told["voltage_gain"] = 0.5
        told["dtype"] = np.array([b"int16"])
        group = file.create_group(GROUP)
        group.attrs["channel_order"] = np.array([4, 1, 0, 3], dtype=np.int32)
        group.attrs["adjacency_graph"] = np.array([[0, 1], [1, 3], [3, 4]], dtype=np.int32)
        for channel in (0, 1, 3, 4):
            attributes = group.create_group(f"channels/{channel}").attrs
            attributes["name"] = np.array([f"ch{channel}".encode()])
            attributes["position"] = np.array([channel, 10 * channel], dtype=np.float32)
        spikes = group.create_group("spikes")
        times = np.sort(rng.choice(np.arange(300, N_SAMPLES - 300), N_SPIKES, replace=False))
        spikes["time_samples"] = times.astype(np.uint64)
        spikes["recording"] = np.zeros(N_SPIKES, dtype=np.int32)
        clusters = rng.choice([2, 3, 5, 9], N_SPIKES).astype(np.int32)
        for name in ("main", "original"):
            spikes[f"clusters/{name}"] = clusters
            for cluster, number in ((2, 2), (3, 1), (5, 3), (9, 0), (7, 3)):
                of_cluster = group.create_group(f"clusters/{name}/{cluster}")
                of_cluster.attrs["cluster_group"] = number
                color = of_cluster.create_group("application_data/klustaviewa").attrs
                color["color"] = cluster
            for number, text in enumerate((b"Noise", b"MUA", b"Good", b"Unsorted")):
                names = group.create_group(f"cluster_groups/{name}/{number}").attrs
                names["name"] = np.array([text])
        file.create_group("recordings/0/raw").attrs["dat_path"] = np.array([b"tiny.dat"])
        file["recordings/0"].attrs["start_sample"] = 0
        file["recordings/0"].attrs["sample_rate"] = 20000.0


def write_kwx(path: Path) -> None:
    rng = np.random.default_rng(1)
    block = np.empty((N_SPIKES, N_CHANNELS * N_FEATURES, 2), dtype=np.float32)
    block[..., 0] = rng.normal(0, 100, block.shape[:2])
    block[..., 1] = np.repeat(rng.random((N_SPIKES, N_CHANNELS)), N_FEATURES, axis=1)
    with h5py.File(path, "w") as file:
        file.attrs["kwik_version"] = 2
        file.create_dataset(f"{GROUP}/features_masks", data=block)


def write_dat(path: Path, n_samples: int = N_SAMPLES) -> None:
    rng = np.random.default_rng(2)
    rng.integers(-500, 500, (n_samples, N_RAW)).astype("<i2").tofile(path)


@pytest.fixture(scope="session")
def _tiny_bytes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("tiny")
    write_kwik(folder / "tiny.kwik")
    write_kwx(folder / "tiny.kwx")
    write_dat(folder / "tiny.dat")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def make_tiny(_tiny_bytes: dict[str, bytes]) -> Callable[[Path], Tiny]:
    """Write a fresh valid dataset into a folder."""

    def make(folder: Path) -> Tiny:
        for name, content in _tiny_bytes.items():
            (folder / name).write_bytes(content)
        return Tiny(folder)

    return make


@pytest.fixture
def tiny(make_tiny: Callable[[Path], Tiny], tmp_path: Path) -> Tiny:
    """A fresh valid dataset."""
    return make_tiny(tmp_path)
