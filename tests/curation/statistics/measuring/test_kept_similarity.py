"""Similarities that are kept as files: how many there are, and how large one may be."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from phygui.curation.statistics.measuring import kept_similarity
from phygui.curation.statistics.measuring.kept_similarity import MOST, KeptSimilarity
from phygui.curation.statistics.ranking_spec import SIMILARITY
from phygui.storage.state.prepared import PreparedPlaces


def prints_of(n: int, first: int = 0) -> list[str]:
    return [f"{number:032x}" for number in range(first, first + n)]


@pytest.fixture
def kept(tmp_path: Path) -> KeptSimilarity:
    return KeptSimilarity(0, lambda: "data", PreparedPlaces(tmp_path, lambda: "data"))


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("similarity-0-*.npz"))


def test_the_last_few_are_kept(kept: KeptSimilarity, tmp_path: Path) -> None:
    for n in range(MOST + 2):
        before = files(tmp_path)
        kept.write(SIMILARITY, prints_of(3, n), np.eye(3, dtype=np.float32))
        (new,) = set(files(tmp_path)) - set(before)
        os.utime(new, (n, n))
    assert len(files(tmp_path)) == MOST
    assert [kept.is_kept(SIMILARITY, prints_of(3, n)) for n in (0, 1, 2)] == [False, False, True]


def test_what_could_not_be_read_again_is_not_written(
    kept: KeptSimilarity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of just the largest size is read, and of one cluster more there is none."""
    monkeypatch.setattr(kept_similarity, "LARGEST", 60_000)
    for n in (110, 111):
        prints = prints_of(n)
        kept.write(SIMILARITY, prints, np.ones((n, n), np.float32))
        # That it could not be kept is no reason to compute it again.
        assert kept.is_kept(SIMILARITY, prints)
        found = kept.read(SIMILARITY, {key: i for i, key in enumerate(prints)})
        assert found is not None
        assert len(found[0]) == 110
    assert [path.stat().st_size <= 60_000 for path in files(tmp_path)] == [True]


def test_headers_take_no_more_than_is_allowed_for(kept: KeptSimilarity, tmp_path: Path) -> None:
    prints = prints_of(40)
    kept.write(SIMILARITY, prints, np.ones((40, 40), np.float32))
    (path,) = files(tmp_path)
    assert path.stat().st_size <= 4 * 40 * 40 + 64 * 40 + 4096
