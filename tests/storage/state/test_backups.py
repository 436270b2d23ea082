"""Saved states that are kept: what can be listed is, and what cannot is said."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from phygui.storage.state.backups import list_backups, write_backup
from phygui.storage.state.records import Record


def test_a_damaged_state_is_left_out_of_the_list_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tallies = {(0, "main"): {"good": 2}}
    paths = [write_backup(tmp_path, n, tallies, [Record({}, {"x": np.arange(3)})]) for n in (1, 2)]
    assert [backup.n_edits for backup in list_backups(tmp_path)] == [2, 1]
    assert not caplog.text
    paths[0].write_bytes(b"nothing of ours")
    with caplog.at_level(logging.WARNING):
        assert [backup.n_edits for backup in list_backups(tmp_path)] == [2]
    assert paths[0].name in caplog.text
