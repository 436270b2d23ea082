"""The second format, registered as an installed distribution would register it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from phygui.dataset import registry

HERE = Path(__file__).parent


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the search path with the format and the metadata of its distribution."""
    site = tmp_path / "site-packages"
    info = site / "npy_folder-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copyfile(HERE / "npy_folder.py", site / "npy_folder.py")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: npy-folder\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[phygui.formats]\nnpy = npy_folder:FORMAT\n")
    monkeypatch.syspath_prepend(str(site))
    registry.formats.cache_clear()
    yield site
    registry.formats.cache_clear()
