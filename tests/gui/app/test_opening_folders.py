"""A dataset that is a folder: chosen from the start window, the menu and the palette, dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from phygui.gui.app.app import Application


@pytest.fixture
def folder(distribution: Path, tmp_path: Path) -> Path:
    from npy_folder import write  # type: ignore[import-not-found]

    return write(tmp_path)


@pytest.mark.slow
def test_a_folder_opens_from_everywhere(
    qtbot: Any,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    drop: Callable[[Any, str], None],
) -> None:
    asked: list[str] = []

    def choose(_: object, __: str, start: str) -> str:
        asked.append(start)
        return str(folder)

    def settled(n: int) -> Any:
        qtbot.waitUntil(lambda: len(application.windows) == n, timeout=20_000)
        window = application.windows[-1]
        qtbot.waitUntil(lambda: window.is_settled, timeout=20_000)
        assert window.session.path == folder
        return window

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    start = application.show_start()
    qtbot.mouseClick(start.folder_button, Qt.MouseButton.LeftButton)
    window = settled(1)
    assert asked == [""]

    # The second window is read-only: one at a time may write.
    window.actions_by_name["palette"].trigger()
    QTest.keyClicks(window.palette_list.search, "open a folder")
    QTest.keyClick(window.palette_list.search, Qt.Key.Key_Return)
    settled(2)
    assert asked == ["", str(folder.parent)]

    drop(window, f"{folder}/")
    settled(3)
    assert application.settings.recent() == [folder]
