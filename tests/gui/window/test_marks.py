"""Groups that the user adds, colours and notes of clusters: by their keys, saved and read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog

from phygui import Session
from phygui.gui.dialogs.note import NoteDialog
from phygui.gui.dialogs.own_group import GroupDialog
from tests.gui.curator import ALT, CTRL, SHIFT


@pytest.mark.slow
def test_a_new_group_has_a_key_and_a_place_in_the_file(
    demo: Path, open_window: Callable[..., Any], qtbot: Any
) -> None:
    user = open_window(demo)
    session, window = user.session, user.window
    user.press(Qt.Key.Key_Home)
    (first, *_) = session.selected
    user.press(Qt.Key.Key_G, CTRL | SHIFT)
    (dialog,) = window.findChildren(GroupDialog)
    qtbot.keyClicks(dialog.name.lineEdit(), "pyramidal")
    # Ctrl+P and Ctrl+Y are taken.
    assert dialog.letter.text() == "R"
    # Letters that menus and actions have are turned down, with the reason.
    qtbot.keyClick(dialog.letter, Qt.Key.Key_A, CTRL)
    qtbot.keyClicks(dialog.letter, "f")
    assert "opens the menu File" in dialog.message.text()
    qtbot.keyClick(dialog.letter, Qt.Key.Key_Backspace)
    qtbot.keyClicks(dialog.letter, "i")
    dialog.color = "#d06090"
    qtbot.keyClick(dialog.letter, Qt.Key.Key_Return)
    user.settle()
    assert session.group_names[4] == "pyramidal"
    assert user.message == "added the group pyramidal"

    user.press(Qt.Key.Key_I, ALT)
    assert session.group_of(first) == "pyramidal"
    table = window.cluster_table.model
    cell = table.cell(table.index(table.row_of(first), 1))
    assert (cell.text, cell.color.name()) == ("◆ pyramidal", "#d06090")
    user.press(Qt.Key.Key_S, CTRL)
    with Session.open(demo, journal=False, read_only=True) as again:
        assert again.group_of(first) == "pyramidal"

    # Taken back, the group is there no more, nor in the file.
    user.press(Qt.Key.Key_Z, CTRL)
    user.press(Qt.Key.Key_Z, CTRL)
    assert "pyramidal" not in session.group_names.values()
    user.press(Qt.Key.Key_S, CTRL)
    with Session.open(demo, journal=False, read_only=True) as again:
        assert 4 not in again.group_names
    # Its key adds it again: the user has it in every dataset.
    user.press(Qt.Key.Key_Home)
    user.press(Qt.Key.Key_I, ALT)
    assert session.group_of(first) == "pyramidal"
    # That is one edit.
    user.press(Qt.Key.Key_Z, CTRL)
    assert "pyramidal" not in session.group_names.values()

    # Removed, once no cluster is in it, the group and its key are no more.
    user.press(Qt.Key.Key_I, ALT)
    user.press(Qt.Key.Key_Home)
    window.actions_by_name["remove_group"].trigger()
    dialog = window.findChildren(GroupDialog)[-1]
    assert dialog.group[0] == "pyramidal"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.message.text() == (
        f"1 cluster is in the group pyramidal ({first}): move it to another group first"
    )
    dialog.reject()
    session.move([first], "good")
    user.settle()
    user.press(Qt.Key.Key_G, CTRL | SHIFT)
    dialog = window.findChildren(GroupDialog)[-1]
    qtbot.keyClicks(dialog.name.lineEdit(), "Pyramidal")
    qtbot.mouseClick(dialog.remove_button, Qt.MouseButton.LeftButton)
    user.settle()
    assert "pyramidal" not in session.group_names.values()
    assert user.message == "removed the group pyramidal"
    assert not window.marks.groups
    assert not window.actions_by_name["remove_group"].isEnabled()
    # Taken back, both are as they were.
    user.press(Qt.Key.Key_Z, CTRL)
    assert "pyramidal" in session.group_names.values()
    assert (window.marks.groups[0].letter, window.marks.groups[0].color) == ("I", "#d06090")
    user.press(Qt.Key.Key_Z, CTRL | SHIFT)
    assert not window.marks.groups


@pytest.mark.slow
def test_a_colour_and_a_note_stay_with_a_cluster(
    demo: Path, open_window: Callable[..., Any], qtbot: Any
) -> None:
    user = open_window(demo)
    session, window = user.session, user.window
    user.press(Qt.Key.Key_Home)
    best, match = session.selected
    user.press(Qt.Key.Key_Backspace)
    user.press(Qt.Key.Key_C)
    window.findChild(QColorDialog).done(0)
    window.findChild(QColorDialog).colorSelected.emit(QColor("#12ab34"))
    user.settle()
    user.press(Qt.Key.Key_N)
    dialog = window.findChild(NoteDialog)
    qtbot.keyClicks(dialog.lines, "gone at the end")
    qtbot.keyClick(dialog.lines, Qt.Key.Key_Return)
    qtbot.keyClicks(dialog.lines, "look again")
    qtbot.keyClick(dialog.lines, Qt.Key.Key_Return, CTRL)
    user.settle()
    assert session.labels_of(best) == {"color": "#12ab34", "note": "gone at the end\nlook again"}

    # The colour is that of every view and of the tables, wherever the cluster stands.
    session.select([match, best])
    user.settle()
    view = user.view("waveforms")
    table = view.palette.table(view.colors, view.drawn.cluster_ids)
    assert table[17].tolist() == [0x12, 0xAB, 0x34, 255]
    assert np.array_equal(table[16], view.colors.palette()[16])
    model = window.cluster_table.model
    index = model.index(model.row_of(best), 0)
    assert model.cell(index).background.name() == "#12ab34"
    assert "gone at the end<br>look again" in model.data(index, Qt.ItemDataRole.ToolTipRole)

    # Merged, the new cluster takes over the note; undone and saved, all is as it was.
    update = session.merge([match, best])
    assert session.labels_of(update.added[0])["note"] == "gone at the end\nlook again"
    session.undo()
    user.settle()
    user.press(Qt.Key.Key_S, CTRL)
    with Session.open(demo, journal=False, read_only=True) as again:
        assert again.labels_of(best) == session.labels_of(best)
    session.select([best])
    user.settle()
    user.press(Qt.Key.Key_C, SHIFT)
    assert "color" not in session.labels_of(best)
