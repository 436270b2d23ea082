"""Analyzers damaged in many ways: a sentence or an open one, nothing run, nothing changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.torture.analyzers import KINDS, sources
from tests.torture.hostile_folders import HostileFolders


@pytest.mark.skipif(sys.platform != "linux", reason="forks as Linux does")
@pytest.mark.slow
def test_hostile_analyzers_are_opened_or_refused_in_a_sentence(tmp_path: Path) -> None:
    n_folders = 50
    folders = HostileFolders(tmp_path, sources(tmp_path), KINDS)
    folders.run(n_folders, seed=1)
    assert sum(folders.counts.values()) == n_folders
    assert {name.partition(":")[0] for name in folders.counts} == set(KINDS)
    assert {name.partition(": ")[2] for name in folders.counts} == {"opened", "refused"}
