"""The list of shortcuts, the palette, and keys wherever the keyboard is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui.curation.edits.update import Selection
from tests.gui.curator import ALT, CTRL, check, from_palette, queue, with_first_match


def test_keys_open_the_list_of_shortcuts_and_the_palette(onlooker: Any) -> None:
    user = onlooker
    for key in (Qt.Key.Key_H, Qt.Key.Key_F1):
        user.press(key)
        help_list = user.window.help_list
        assert help_list.isVisible()
        everything = help_list.proxy.rowCount()
        texts = [help_list.proxy.index(r, 0).data() for r in range(everything)]
        headings = [texts[row] for row in help_list._headings()]
        assert headings[:3] == ["File", "Edit", "Select"]
        # Those of a window of another kind follow once there was one.
        own = [heading for heading in headings if heading != "Archive window"]
        assert own[-2:] == ["Command line", "Mouse"]
        assert help_list.table.currentIndex().row() == 1
        QTest.keyClicks(help_list.search, "merge")
        assert 0 < help_list.proxy.rowCount() < everything
        keys = [help_list.proxy.index(r, 0).data() for r in range(help_list.proxy.rowCount())]
        assert "G" in keys
        assert ":g 4 9" in keys
        # A heading is there as long as something stands below it.
        assert [keys[row] for row in help_list._headings()][-1] == "Command line"
        assert "Mouse" not in keys
        QTest.keyClick(help_list, Qt.Key.Key_Escape)
        assert not help_list.isVisible()

    wanted = queue(user.session)
    user.press(Qt.Key.Key_Home)
    user.press(Qt.Key.Key_P, CTRL)
    palette = user.window.palette_list
    assert palette.isVisible()
    QTest.keyClicks(palette.search, "next best")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    user.settle()
    check(user, with_first_match(user.session, wanted[1]))
    assert not palette.isVisible()

    user.press(Qt.Key.Key_P, CTRL)
    palette = user.window.palette_list
    # Another action before it says that saves can be compared.
    QTest.keyClicks(palette.search, "compare")
    assert palette.proxy.index(palette.table.currentIndex().row(), 0).data().startswith("Compare")
    QTest.keyClick(palette, Qt.Key.Key_Escape)

    # What is in sight is found as well, and said to be there.
    for name, is_there in (("waveforms", True), ("probe", False), ("probe", True)):
        dock = user.window.docks[name]
        assert dock.is_on_screen is is_there
        from_palette(user, f"show {dock.title.lower()}")
        assert dock.is_on_screen
        assert (user.message == f"{dock.title}: it is in sight already") is is_there

    # The window is again as it was, maximised too.
    window = user.window
    for state in (Qt.WindowState.WindowNoState, Qt.WindowState.WindowMaximized):
        window.setWindowState(state)
        user.settle()
        before = window.geometry()
        user.press(Qt.Key.Key_F11)
        assert window.isFullScreen()
        user.press(Qt.Key.Key_F11)
        assert window.windowState() & ~Qt.WindowState.WindowActive == state
        assert window.geometry() == before


@pytest.mark.slow
def test_keys_work_in_every_canvas_and_while_its_dock_floats(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session = user.session
    wanted = queue(session)
    for name in ("features", "waveforms", "traces", "correlograms"):
        dock = user.window.view_docks[name]
        for floats in (False, True) if name == "features" else (False,):
            dock.setFloating(floats)
            user.settle()
            canvas = dock.view.native
            dock.activateWindow()
            canvas.setFocus()
            user.qtbot.waitUntil(canvas.hasFocus, timeout=5_000)
            for key, modifiers, expected in (
                (
                    Qt.Key.Key_Home,
                    Qt.KeyboardModifier.NoModifier,
                    with_first_match(session, wanted[0]),
                ),
                (
                    Qt.Key.Key_Down,
                    Qt.KeyboardModifier.NoModifier,
                    with_first_match(session, wanted[1]),
                ),
                (Qt.Key.Key_Backspace, Qt.KeyboardModifier.NoModifier, Selection((wanted[1],))),
            ):
                user.qtbot.keyClick(canvas, key, modifiers)
                user.settle()
                check(user, expected)
            user.qtbot.keyClick(canvas, Qt.Key.Key_G, ALT)
            user.settle()
            assert session.cluster_groups[wanted[1]] == "good"
            user.qtbot.keyClick(canvas, Qt.Key.Key_Z, CTRL)
            user.settle()
            assert session.cluster_groups[wanted[1]] == "unsorted"
        dock.setFloating(False)
        user.settle()


def test_typing_is_not_taken_for_shortcuts(onlooker: Any) -> None:
    user = onlooker
    session, window = user.session, user.window
    user.press(Qt.Key.Key_Home)
    before = session.selection, session.generation, len(session.history)
    text = "gklhmor: GKLHMOR 0 "
    keys = (Qt.Key.Key_Backspace, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space)

    def type_all(line: Any) -> None:
        assert line.hasFocus()
        QTest.keyClicks(line, text)
        for key in keys:
            QTest.keyClick(line, key)
        QTest.keyClick(line, Qt.Key.Key_A, CTRL)
        QTest.keyClick(line, Qt.Key.Key_C, CTRL)
        QTest.keyClick(line, Qt.Key.Key_V, CTRL)
        QTest.keyClick(line, Qt.Key.Key_Z, CTRL)
        assert text.strip() in line.text()

    user.press(Qt.Key.Key_F, CTRL)
    type_all(window.cluster_table.filter)
    QTest.keyClick(window.cluster_table.filter, Qt.Key.Key_Escape)
    assert window.cluster_table.view.hasFocus()
    for opener in (Qt.Key.Key_Colon, Qt.Key.Key_L):
        QTest.keyClick(window.cluster_table.view, opener)
        type_all(window.snippets.line)
        QTest.keyClick(window.snippets.line, Qt.Key.Key_Escape)
    window.cluster_table.filter.clear()
    user.settle()
    assert (session.selection, session.generation, len(session.history)) == before


def test_the_palette_brings_a_closed_view_back(onlooker: Any) -> None:
    user = onlooker
    dock = user.window.docks["traces"]
    dock.close()
    assert not dock.isVisible()
    user.press(Qt.Key.Key_P, CTRL)
    palette = user.window.palette_list
    QTest.keyClicks(palette.search, "show traces")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    user.settle()
    assert dock.is_on_screen


def test_what_was_under_the_mouse_is_not_said_of_another_selection(onlooker: Any) -> None:
    user = onlooker
    dock = user.window.docks["correlograms"]
    for leave in (
        lambda: user.press(Qt.Key.Key_Down),
        lambda: QApplication.sendEvent(dock.view.native, QEvent(QEvent.Type.Leave)),
    ):
        dock.view._hover(dock.view.to_pixels(0, 0.0, 1.0))
        assert dock.title_bar.note.text()
        leave()
        assert dock.title_bar.note.text() == ""


def test_a_paused_view_says_so_and_its_lasso_splits_no_clusters_that_it_does_not_show(
    onlooker: Any,
) -> None:
    user = onlooker
    dock = user.window.docks["features"]
    assert dock.title_bar.label.text() == "Features"
    dock.title_bar.buttons["pause"].click()
    assert dock.title_bar.label.text() == "Features (paused)"
    user.press(Qt.Key.Key_Down)
    assert dock.view.data.cluster_ids != tuple(user.session.selected)
    (left, right), (low, high) = dock.view.cells[1].x.view, dock.view.cells[1].y.view
    user.lasso(dock.view, 1, [(left, low), (right, low), (right, high), (left, high)])
    clusters = set(user.session.cluster_ids)
    user.press(Qt.Key.Key_K)
    assert "shows other clusters" in user.window.status["edit"].text()
    assert set(user.session.cluster_ids) == clusters
    user.press(Qt.Key.Key_Down)
    assert user.window.status["edit"].text() == ""
    dock.title_bar.buttons["pause"].click()
    user.settle()
    assert dock.title_bar.label.text() == "Features"
    assert dock.view.data.cluster_ids == tuple(user.session.selected)
