"""Keys: none used twice, bound anew by the user, and the same everywhere they are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest

from phygui.gui.actions.actions import ACTIONS, BY_NAME
from phygui.gui.actions.key_dialog import KeyDialog
from phygui.gui.actions.keys import KeyConflict, Keys, normal
from phygui.gui.app.shortcuts import shortcuts_page
from phygui.gui.base.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return Keys(settings)


def test_no_key_is_used_twice_or_taken_by_qt(keys: Keys) -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert normal(key), f"{action.name}: {key!r} is not a key"
            keys.check(action, key)
    declared = [normal(key) for action in ACTIONS for key in action.keys]
    assert len(declared) == len(set(declared))
    assert len(BY_NAME) == len(ACTIONS)


def test_the_page_of_shortcuts_is_up_to_date() -> None:
    stored = (DOCS / "shortcuts.md").read_text(encoding="utf-8")
    assert stored == shortcuts_page(), "run  python -m phygui.gui.app.shortcuts"


def test_binding_is_remembered_and_can_be_taken_back(keys: Keys, settings: Settings) -> None:
    merge = BY_NAME["merge"]
    keys.bind(merge, ["J", "ctrl+j"])
    assert Keys(settings)[merge] == ("J", "Ctrl+J")
    assert keys.text(merge) == "J, Ctrl+J"
    assert not keys.is_declared(merge)
    keys.bind(merge, [])
    assert Keys(settings)[merge] == ()
    keys.reset(merge)
    assert Keys(settings)[merge] == ("G",)
    assert settings.get("keys") is None


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("K", "K is the key of 'Split'"),
        ("Alt+F", "Alt+F opens the menu File"),
        ("R", "R resets the view that has the keyboard"),
        ("shift+down", "Shift+Down extends the selection in a table"),
        ("NoSuchKey", "'NoSuchKey' is not a key"),
    ],
)
def test_conflicts_are_refused_with_a_sentence(keys: Keys, key: str, sentence: str) -> None:
    with pytest.raises(KeyConflict) as error:
        keys.bind(BY_NAME["merge"], ["J", key])
    assert str(error.value) == sentence
    assert keys[BY_NAME["merge"]] == ("G",)


def test_a_declared_key_given_away_does_not_come_back_twice(keys: Keys) -> None:
    keys.bind(BY_NAME["merge"], ["J"])
    keys.bind(BY_NAME["split"], ["G"])
    with pytest.raises(KeyConflict, match="G is the key of 'Split'"):
        keys.reset(BY_NAME["merge"])
    keys.reset()
    assert keys[BY_NAME["merge"]] == ("G",)
    assert keys[BY_NAME["split"]] == ("K",)


@pytest.mark.parametrize(
    "stored",
    [
        {"merge": ["K"]},
        {"merge": "J"},
        {"merge": [3]},
        {"no_such_action": ["J"]},
        ["merge"],
        {"merge": ["R"]},
    ],
)
def test_keys_that_make_no_sense_in_the_settings_are_left_out(
    settings: Settings, stored: Any
) -> None:
    settings.set("keys", stored)
    assert Keys(settings)[BY_NAME["merge"]] == ("G",)


@pytest.mark.slow
def test_rebound_keys_work_and_show_everywhere(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    window, session = user.window, user.session
    user.select(*session.cluster_ids[:2].tolist())
    user.window.actions_by_name["keys"].trigger()
    dialog = window.findChild(KeyDialog)
    QTest.keyClicks(dialog.search, "cluster of all selected")
    assert dialog.action.name == "merge"
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    QTest.keyClick(dialog.line, Qt.Key.Key_K)
    dialog.buttons["set"].click()
    assert dialog.message.text() == "K is the key of 'Split'"
    assert window.actions_by_name["merge"].shortcut() == QKeySequence("G")
    QTest.keyClick(
        dialog.line,
        Qt.Key.Key_J,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier,
    )
    dialog.buttons["set"].click()
    assert dialog.message.text() == ""
    assert dialog.proxy.index(0, 1).data() == "Ctrl+Alt+J"
    dialog.close()

    item = window.actions_by_name["merge"]
    assert item.shortcut() == QKeySequence("Ctrl+Alt+J")
    assert "Ctrl+Alt+J" in item.toolTip()
    n = len(session.history)
    user.press(Qt.Key.Key_G)
    assert len(session.history) == n
    user.press(Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    assert len(session.history) == n + 1
    for opener, shown, column in (("shortcuts", "help_list", 0), ("palette", "palette_list", 1)):
        user.select(*session.cluster_ids[:2].tolist())
        window.actions_by_name[opener].trigger()
        listed = getattr(window, shown)
        found = [listed.proxy.index(r, column).data() for r in range(listed.proxy.rowCount())]
        assert "Ctrl+Alt+J" in found
        assert "G" not in found
        listed.close()
    window.keys.reset()
    assert item.shortcut() == QKeySequence("G")
