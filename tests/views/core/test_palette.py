"""Colours of a canvas: those of the theme, those that clusters have, and when they are sent."""

from __future__ import annotations

from typing import Any

import numpy as np

from phygui.views.core.colors import ALERT, DIM, GOOD, MUA, NOISE, UNSORTED, theme
from phygui.views.core.palette import Palette


class Recorder:
    """Takes colours as the state on the graphics card does."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def set_palette(self, colors: Any) -> None:
        self.sent.append(colors)


def test_a_cluster_has_its_own_colour_wherever_it_stands() -> None:
    palette = Palette()
    palette.own = {9: "#12ab34"}
    usual = theme("dark").palette()
    for place in range(3):
        shown = [4, 5, 6]
        shown[place] = 9
        table = palette.table(theme("dark"), shown)
        assert table[16 + place].tolist() == [0x12, 0xAB, 0x34, 255]
        others = np.delete(np.arange(256), 16 + place)
        np.testing.assert_array_equal(table[others], usual[others])
    np.testing.assert_array_equal(palette.table(theme("dark"), [4]), usual)
    # Of more clusters than there are colours, those beyond share them as ever.
    assert palette.table(theme("dark"), [*range(1000, 1300), 9]).shape == (256, 4)


def test_with_the_focus_on_the_best_cluster_no_other_has_a_colour() -> None:
    palette = Palette()
    palette.is_focused = True
    usual, table = theme("dark").palette(), palette.table(theme("dark"), [4, 5])
    np.testing.assert_array_equal(table[16], usual[16])
    # Also not one that is not selected, which has that of its group.
    for color in (1, GOOD, MUA, NOISE, UNSORTED):
        red, green, blue = table[16 + color][:3].astype(int)
        assert max(red, green, blue) - min(red, green, blue) < 24
        assert table[16 + color].tolist() == table[17].tolist()
    np.testing.assert_array_equal(table[16 + ALERT], usual[16 + ALERT])
    # Without it, unsorted clusters are as the axes' texts, which never dim.
    for colors in (usual[UNSORTED + 16], table[DIM + 16]):
        np.testing.assert_array_equal(colors, usual[DIM + 16])


def test_colours_are_sent_when_they_are_others() -> None:
    palette, shared = Palette(), Recorder()

    def send(name: str, shown: list[int]) -> int:
        palette.send(shared, theme(name), shown)
        return len(shared.sent)

    assert send("dark", [1, 2]) == 1
    # Which clusters are shown matters only where one has a colour of its own.
    assert send("dark", [3]) == 1
    palette.own = {3: "#ffffff"}
    assert send("dark", [3]) == 2
    assert send("dark", [3]) == 2
    assert send("dark", [1, 3]) == 3
    assert send("light", [1, 3]) == 4
    palette.own = {}
    assert send("light", [1, 3]) == 5
