"""Free memory is given back when the user pauses, once, and not while the window closes."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QObject

from phygui.gui.base import memory
from phygui.gui.base.delays import DELAYS
from phygui.gui.base.memory import Trimmer
from phygui.gui.base.work import Pool


def test_a_burst_is_followed_by_one_trim(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    monkeypatch.setattr(memory, "trim", lambda: done.append(1))
    monkeypatch.setattr(DELAYS, "trim_ms", 100)
    pool, parent = Pool(1), QObject()
    trimmer = Trimmer(pool, parent)
    for _ in range(5):
        trimmer.touch()
    assert done == []
    qtbot.waitUntil(lambda: done == [1], timeout=10_000)
    trimmer.touch()
    pool.close()
    qtbot.wait(300)
    assert done == [1]
