"""Dialogs: where they begin, and that what they say is not cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QRect, Qt
from qtpy.QtWidgets import QDialogButtonBox, QFileDialog, QInputDialog, QWidget

from phygui.gui.base import placing
from phygui.gui.base.text_dialog import TextDialog
from phygui.gui.dialogs.own_group import GroupDialog
from phygui.gui.dialogs.search_list import SearchList
from phygui.gui.dialogs.view_settings import ParameterDialog, example_of
from phygui.views import SPECS
from phygui.views.waveform.data import WaveformParams


def test_a_picture_of_the_window_is_offered_beside_the_dataset(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    asked = []

    def ask(parent: Any, title: str, path: str, kinds: str) -> tuple[str, str]:
        asked.append(path)
        return path, kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    user.press(
        Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
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


@pytest.mark.roomy
def test_what_the_palette_says_of_an_action_is_read_in_full(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.press(Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    palette = user.window.palette_list
    table, room = palette.table, palette.table.columnWidth(2)
    cut = 0
    for row in range(palette.proxy.rowCount()):
        index = palette.proxy.index(row, 2)
        if table.fontMetrics().horizontalAdvance(index.data()) > room - 6:
            cut += 1
        assert not index.data() or index.data(Qt.ItemDataRole.ToolTipRole)
    assert cut <= 2
    assert not palette.note.isVisible()
    user.qtbot.keyClicks(palette.search, "no such thing")
    assert palette.note.text() == "nothing matches"
    assert palette.note.isVisible()
    user.qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    palette.reject()


def test_dialogs_are_in_the_middle_of_their_window_and_fit_a_screen_at_scale_2(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    window = user.window
    window.setGeometry(100, 60, 1500, 900)

    user.press(Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    apart = window.palette_list.geometry().center() - window.geometry().center()
    assert apart.manhattanLength() <= 2
    window.palette_list.reject()
    # A screen of 1366 x 768 pixels, each of them two by two.
    small = QRect(0, 0, 683, 384)
    monkeypatch.setattr(placing, "_screen_of", lambda window: small)
    window.view_docks["features"].settings_wanted.emit()
    dialog = window.findChild(ParameterDialog)
    assert small.contains(dialog.geometry())
    assert dialog.layout().minimumSize().height() <= small.height()
    ok = dialog.findChild(QDialogButtonBox)
    assert dialog.rect().contains(ok.geometry())
    letters = [b.text().partition("&")[2][:1].lower() for b in ok.buttons()]
    assert all(letters)
    assert len(set(letters)) == len(letters)
    dialog.reject()
    for one in (
        TextDialog(window, "Remarks", ["one"] * 99),
        SearchList(window, "Keys", ["key"], [("a",)], size=(1080, 720)),
    ):
        one.open()
        assert small.contains(one.geometry())
        one.reject()


def test_an_empty_field_of_the_settings_shows_an_example() -> None:
    examples = {field.name: example_of(field) for field in fields(WaveformParams)}
    assert examples["chosen"] == "for example 3, 5-9"
    assert examples["n_spikes"].startswith("for example ")
    # In the settings of every view.
    assert all(example_of(field) for spec in SPECS.values() for field in fields(spec.params))


def test_a_group_that_is_known_is_that_in_whatever_case_of_letters(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    known = [("Interneuron", "I", "#d06090")]
    dialog = GroupDialog(parent, known, lambda name: "X", lambda name, letter: "", str)
    dialog.name.setCurrentText("interNEURON ")
    assert dialog.group == ("Interneuron", "I", "#d06090")
    assert dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).text() == "Chan&ge it"
    dialog.name.setCurrentText("other")
    assert dialog.group[:2] == ("other", "X")
    assert dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).text() == "&Add it"
