"""Folders damaged in many ways: a sentence or an open folder, nothing run, nothing changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.torture.hostile_folders import HostileFolders
from tests.torture.phy_folders import KINDS, sources


@pytest.mark.skipif(sys.platform != "linux", reason="forks as Linux does")
def test_hostile_folders_are_opened_or_refused_in_a_sentence(tmp_path: Path) -> None:
    # `make torture` opens 500.
    n_folders = 22
    folders = HostileFolders(tmp_path, sources(tmp_path), KINDS)
    folders.run(n_folders, seed=1)
    assert sum(folders.counts.values()) == n_folders
    assert {name.partition(":")[0] for name in folders.counts} == set(KINDS)
    assert {name.partition(": ")[2] for name in folders.counts} == {"opened", "refused"}
