"""A folder as Kilosort 4 leaves it, curated by keys in the real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from tests.formats.phy.folders import make


@pytest.mark.slow
def test_curated_by_keys_saved_and_reopened(
    tmp_path: Path, open_window: Callable[..., Any]
) -> None:
    path = make(tmp_path, "kilosort4").path
    user = open_window(path / "params.py")
    session = user.session
    assert session.path == path
    table = user.window.cluster_table.model
    columns = {column.name: column for column in table.columns}
    assert table.text(1, columns["KSLabel"]) == "good"
    assert table.text(1, columns["group"]).endswith("unsorted"), "the sorter decides nothing"
    user.select(4, 7)
    user.press(Qt.Key.Key_G)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=10_000)
    expected = np.array(session.spike_clusters)
    assert set(expected) == {0, 1, 2, 3, 8}
    user.window.close()
    np.testing.assert_array_equal(np.load(path / "spike_clusters.npy"), expected)
    assert "8\tgood" in (path / "cluster_group.tsv").read_text()
    user = open_window(path)
    assert user.session.group_of(8) == "good"
    assert user.session.labels_of(8)["KSLabel"] in ("good", "mua")
