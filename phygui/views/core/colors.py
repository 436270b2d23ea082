"""Colours of clusters, by their index in the selection, and of the two themes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.visuals.shared import N_COLORS, N_THEME_COLORS

# The colours of the theme, as visuals ask for them.
GREY = -1
"""Spikes and waveforms that are not of the selection, or masked."""
FOREGROUND = -2
"""Text."""
FRAME = -3
"""Axes."""
GRID = -4
"""Lines that help to read a value."""
DIM = -5
"""Text of less weight: tick values, units."""
ACCENT = -6
"""What the user draws: the lasso, cursors."""
BACKGROUND = -7
HIGHLIGHT = -8
"""Spikes that another view points at."""
ALERT = -9
"""What is wrong: refractory violations."""
GOOD = -10
MUA = -11
NOISE = -12
"""Clusters that are in these groups, and not selected."""
UNSORTED = -13
"""What is of no one selected cluster, nor of a group: as text of less weight, but it dims."""
_ROLES = (
    "grey",
    "foreground",
    "frame",
    "grid",
    "dim",
    "accent",
    "background",
    "highlight",
    "alert",
    "good",
    "mua",
    "noise",
    "dim",
)


@dataclass(frozen=True)
class Theme:
    """Colours of one theme, each (4,) uint8, and those of the clusters, (n, 4) uint8."""

    name: str
    roles: dict[str, NDArray[np.uint8]]
    clusters: NDArray[np.uint8]

    def palette(self) -> NDArray[np.uint8]:
        """The 256 colours that visuals look up, (256, 4) uint8; cluster colours recur."""
        table = np.zeros((N_THEME_COLORS + N_COLORS, 4), np.uint8)
        for k, role in enumerate(_ROLES):
            table[N_THEME_COLORS - 1 - k] = self.roles[role]
        table[N_THEME_COLORS:] = np.resize(self.clusters, (N_COLORS, 4))
        return table


def rgba(text: str) -> NDArray[np.uint8]:
    """A colour written as ``#rrggbb`` or ``#rrggbbaa``, (4,) uint8."""
    digits = text.removeprefix("#")
    digits = digits if len(digits) == 8 else digits + "ff"
    return np.frombuffer(bytes.fromhex(digits), np.uint8)


@cache
def theme(name: str = "dark") -> Theme:
    """The theme of this name: ``dark`` or ``light``.

    Raises
    ------
    ValueError
        If there is no such theme.
    """
    themes: dict[str, Any] = json.loads(
        files("phygui.resources").joinpath("palette.json").read_text("utf-8")
    )
    if name not in themes:
        raise ValueError(f"there is no theme '{name}', only {' and '.join(themes)}")
    found = themes[name]
    clusters = np.stack([rgba(c) for c in found["clusters"]])
    return Theme(name, {role: rgba(found[role]) for role in _ROLES}, clusters)


def cluster_color(index: int, theme_name: str = "dark") -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of the cluster at this place in the selection."""
    red, green, blue, _ = theme(theme_name).clusters[index % len(theme(theme_name).clusters)]
    return int(red), int(green), int(blue)
