"""Dialogs: where they begin, and that what they say is not cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFileDialog, QInputDialog


def test_a_picture_of_the_window_is_offered_beside_the_dataset(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    asked = []

    def ask(parent: Any, title: str, path: str, kinds: str) -> tuple[str, str]:
        asked.append(path)
        return path, kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    user.press(Qt.Key_E, Qt.ControlModifier | Qt.ShiftModifier)
    assert asked == [str(demo.with_suffix(".png"))]
    assert demo.with_suffix(".png").stat().st_size > 10_000


def test_the_title_of_the_dialog_for_a_layout_is_not_cut(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.window.actions_by_name["save_layout"].trigger()
    (dialog,) = user.window.findChildren(QInputDialog)
    # Beside the title a frame has its buttons.
    needed = dialog.fontMetrics().horizontalAdvance(dialog.windowTitle()) + 120
    assert dialog.width() >= needed
    dialog.reject()


def test_what_the_palette_says_of_an_action_is_read_in_full(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.press(Qt.Key_P, Qt.ControlModifier)
    palette = user.window.palette_list
    table, room = palette.table, palette.table.columnWidth(2)
    cut = 0
    for row in range(palette.proxy.rowCount()):
        index = palette.proxy.index(row, 2)
        if table.fontMetrics().horizontalAdvance(index.data()) > room - 6:
            cut += 1
        assert not index.data() or index.data(Qt.ToolTipRole)
    assert cut <= 2
    palette.reject()
