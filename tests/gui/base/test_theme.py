"""The icons of the groups are the signs that tables show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QMessageBox

from phygui.gui.actions.actions import ACTIONS
from phygui.gui.base import theme

INSIDE = {
    "good": "full full",
    "mua": "full empty",
    "noise": "empty empty",
    "unsorted": "empty empty",
}
"""What is left and right of the middle."""


@pytest.fixture(params=theme.THEMES)
def any_theme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    theme.apply_theme(qapp, request.param)
    yield request.param
    theme.apply_theme(qapp, "dark")


def look(name: str) -> Any:
    return theme.icon(name).pixmap(48, 48).toImage()


@pytest.mark.parametrize("group", theme.GROUP_MARKS)
def test_the_icon_of_a_group_is_its_sign_in_its_colour(any_theme: str, group: str) -> None:
    image = look(group)
    beside = [image.pixelColor(x, 24) for x in (16, 32)]
    assert " ".join("full" if c.alpha() > 200 else "empty" for c in beside) == INSIDE[group]
    # A cross is full in the middle; a ring, unlike a question mark in one, is empty.
    middle = image.pixelColor(24, 24).alpha() > 200
    assert middle == (group in ("good", "noise")) or group == "mua"
    hues = {
        image.pixelColor(x, y).name()
        for x in range(48)
        for y in range(48)
        if image.pixelColor(x, y).alpha() == 255
    }
    assert hues == {QColor(theme.group_color(group)).name()}


@pytest.mark.usefixtures("any_theme")
@pytest.mark.parametrize("kind", [QDialogButtonBox, QMessageBox])
def test_buttons_of_dialogs_have_words_alone(qtbot: Any, kind: Any) -> None:
    box = kind()
    qtbot.addWidget(box)
    for which in (kind.StandardButton.Ok, kind.StandardButton.Cancel, kind.StandardButton.Close):
        # Icons of the style are black, on dark buttons as well.
        assert box.addButton(which).icon().isNull()


def test_help_alone_looks_like_help() -> None:
    moves = {a.icon for a in ACTIONS if a.name.startswith("move_")}
    assert moves == set(theme.GROUP_MARKS)
    assert [a.name for a in ACTIONS if a.icon == "help"] == ["shortcuts"]
