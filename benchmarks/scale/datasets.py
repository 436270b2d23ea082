"""The datasets that the bars are measured on, each built once and kept in a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from phygui import Session
from phygui.simulate import make_demo

LARGE_CHUNK_BYTES = 1_500_000
"""Of a compressed file in large chunks."""


def _compressed(chunks: Callable[[tuple[int, ...]], tuple[int, ...] | bool]) -> Callable[..., None]:
    """A builder of a dataset whose features are compressed, in such chunks."""

    def build(folder: Path, name: str) -> None:
        make_demo(folder, name=name, n_spikes=500_000, n_clusters=200, duration=500.0)
        path, plain = folder / f"{name}.kwx", folder / f"{name}.plain.kwx"
        path.rename(plain)
        try:
            with h5py.File(plain, "r") as source, h5py.File(path, "w") as copy:
                for key, value in source.attrs.items():
                    copy.attrs[key] = value
                source.visititems(lambda at, item: _copy(copy, at, item, chunks))
        finally:
            plain.unlink()

    return build


def _copy(
    copy: h5py.File,
    at: str,
    item: h5py.Group | h5py.Dataset,
    chunks: Callable[[tuple[int, ...]], tuple[int, ...] | bool],
) -> None:
    if isinstance(item, h5py.Group):
        made: h5py.Group | h5py.Dataset = copy.require_group(at)
    else:
        made = copy.create_dataset(
            at, item.shape, item.dtype, compression="gzip", chunks=chunks(item.shape)
        )
        for start in range(0, len(item), 2**14):
            made[start : start + 2**14] = item[start : start + 2**14]
    for key, value in item.attrs.items():
        made.attrs[key] = value


def _rows_of_large_chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    row_bytes = 4 * int(np.prod(shape[1:]))
    return (min(shape[0], LARGE_CHUNK_BYTES // row_bytes), *shape[1:])


BUILDERS: dict[str, Callable[[Path, str], object]] = {
    "demo": lambda folder, name: make_demo(folder, name=name),
    "spikes-1000000": lambda folder, name: make_demo(
        folder, name=name, n_spikes=1_000_000, n_clusters=110, duration=1000.0
    ),
    "spikes-10000000": lambda folder, name: make_demo(
        folder, name=name, n_spikes=10_000_000, n_clusters=500, duration=900.0
    ),
    "big": lambda folder, name: make_demo(
        folder, name=name, n_spikes=1_000_000, n_channels=384, n_clusters=400, duration=200.0
    ),
    "many": lambda folder, name: make_demo(folder, name=name, n_spikes=400_000, n_clusters=2000),
    "gzip-auto": _compressed(lambda _: True),
    "gzip-large": _compressed(_rows_of_large_chunks),
    "gzip-none": lambda folder, name: make_demo(
        folder, name=name, n_spikes=500_000, n_clusters=200, duration=500.0
    ),
}
"""How each is made: 32 channels where nothing is said; of *big*, 384."""


class Datasets:
    """Datasets in a folder, built when they are first asked for: they take 25 GB together.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """The `.kwik` file of one of them; opened before, so that all that is kept is there."""
        path = self.cold(name)
        if not list(path.with_suffix(".phygui").glob("statistics-*")):
            with Session.open(path) as session:
                session.learn_all()
                session.suggest_all()
                for keep in (session.statistics.remember_job(), session.suggestions.remember_job()):
                    if keep is not None:
                        keep()
        return path

    def cold(self, name: str) -> Path:
        """The same, whether or not its statistics are kept."""
        path = self.folder / f"{name}.kwik"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            BUILDERS[name](self.folder, name)
        return path

    def without_statistics(self, name: str) -> Path:
        """The same files under a folder in which nothing is kept of them."""
        path = self.cold(name)
        folder = self.folder / "cold"
        folder.mkdir(exist_ok=True)
        for kept in folder.glob(f"{name}.phygui/*"):
            kept.unlink()
        for file in self.folder.glob(f"{name}*"):
            link = folder / file.name
            if file.is_file() and not link.exists():
                os.link(file, link)
        return folder / path.name

    def with_statistics(self, name: str) -> Path:
        """The same files under a folder of their own in which a copy of the statistics is kept."""
        kept = self.path(name).with_suffix(".phygui")
        path = self.without_statistics(name)
        folder = path.with_suffix(".phygui")
        folder.mkdir(exist_ok=True)
        for pattern in ("statistics-*", "suggestions-*"):
            for file in kept.glob(pattern):
                shutil.copy2(file, folder)
        return path
