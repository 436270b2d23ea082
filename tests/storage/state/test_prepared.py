"""Pieces that were computed ahead: written, found, and the oldest ones removed."""

from __future__ import annotations

import os
from pathlib import Path

from phygui.storage.state.prepared import PreparedPlaces


def test_a_piece_is_written_though_an_old_one_cannot_be_removed(tmp_path: Path) -> None:
    places = PreparedPlaces(tmp_path, lambda: "")
    stays = places.target / "statistics-0-old.npz"
    stays.mkdir(parents=True)
    os.utime(stays, (0, 0))
    path = places.write("statistics-0", ".npz", "new", b"data", most=1)
    assert path.read_bytes() == b"data"
    assert places.pieces("statistics-0", ".npz") == [path, stays]
