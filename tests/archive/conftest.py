"""Archives of tiny datasets: copies of one file under other names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import h5py
import pytest

SMALL = Path(__file__).parents[1] / "data" / "simulated_small.kwik"


def decide(path: Path, groups: Iterable[int]) -> None:
    """Put the clusters of a file into these groups, one after the other, again from the first."""
    wanted = list(groups)
    with h5py.File(path, "r+") as file:
        clusters = file["channel_groups/0/clusters/main"]
        for i, name in enumerate(sorted(clusters, key=int)):
            clusters[name].attrs["cluster_group"] = wanted[i % len(wanted)]


def make_archive(folder: Path, n: int, groups: Iterable[int] = (3,)) -> Path:
    """A folder with `n` tiny datasets, ten to a folder below it."""
    first = folder.parent / f"{folder.name}-first.kwik"
    shutil.copyfile(SMALL, first)
    decide(first, groups)
    for i in range(n):
        place = folder / f"mouse{i // 10:02d}" / f"session{i:03d}.kwik"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(first, place)
    first.unlink()
    return folder


@pytest.fixture
def archive_of(tmp_path: Path) -> Callable[..., Path]:
    """Makes an archive: ``archive_of(n, groups)`` -> its folder."""
    return lambda n, groups=(3,): make_archive(tmp_path / "archive", n, groups)
