"""A folder of ten broken plugins leaves the window usable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from phygui import plugins
from phygui.gui.actions.actions import BY_NAME
from phygui.gui.dialogs.plugin_list import PluginList
from tests.plugins.broken import ACTION, SAID, write_all

VIEWS = "in_load", "in_draw", "endless", "huge"


@pytest.fixture
def broken_folder(plugin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    write_all(plugin_folder)
    (plugin_folder / "bad_action.py").write_text(
        ACTION.format(name="bad_action", body="raise RuntimeError('cannot act')")
    )
    (plugin_folder / "label.py").write_text(
        ACTION.format(name="lab_move", body="w.session.move(w.session.selected, 'mua')")
    )
    monkeypatch.setattr(plugins.LIMITS, "view_s", 0.5)
    plugins.forget()
    return plugin_folder


@pytest.mark.slow
def test_ten_broken_plugins_leave_the_window_usable(
    broken_folder: Path, demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    window, found = user.window, {plugin.name: plugin for plugin in plugins.plugins()}
    for name in (*VIEWS, "fine_view"):
        window.docks[name].bring_to_front()
        user.qtbot.waitUntil(lambda name=name: name == "fine_view" or bool(found[name].error))
    user.settle()
    assert found["fine_view"].is_on
    assert user.view("fine_view").has_picture
    for name, words in SAID.items():
        assert words in found[name].error
    for name in VIEWS:
        assert found[name].remark in window.docks[name].widget().text()
    assert "see Tools > Plugins" in user.message
    # A metric that is in order has its column, and one that raises shows nothing.
    cluster = user.session.shown.selection.clusters[0]
    user.qtbot.waitUntil(lambda: bool(user.session.shown.metrics.get(cluster)))
    assert user.session.shown.metrics[cluster]["fine"].value == 42.0
    # The window is used as ever.
    user.press(Qt.Key.Key_Down)
    before = len(user.session.history)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    assert len(user.session.history) == before + 1
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    # An action has a key that nobody else has; one that raises is not possible any more.
    assert BY_NAME["bad_action"].keys == ("F8",)
    assert BY_NAME["lab_move"].keys == ()
    user.press(Qt.Key.Key_F8)
    assert found["bad_action"].error == "it raised RuntimeError: cannot act"
    assert "cannot act" in user.message
    window.run(BY_NAME["lab_move"])
    assert user.session.history[-1].description.endswith("to mua")
    user.settle()

    window.commands.show_plugins()
    listed = window.findChild(PluginList)
    row = [plugin.name for plugin in listed.plugins].index("in_load")
    listed.table.selectRow(row)
    assert "RuntimeError: cannot load" in listed.trace.toPlainText()
    listed.copy_button.click()
    assert "cannot load" in QApplication.clipboard().text()
    listed.table.item(row, 0).setCheckState(Qt.CheckState.Unchecked)
    assert listed.table.item(row, 5).text() == "off from the next start"
    assert plugins.is_switched_off("file:in_load.py")
    listed.reject()
