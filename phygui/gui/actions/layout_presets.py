"""The layouts that come with the program, and how their docks are put in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow

from phygui.views import SPECS


@dataclass(frozen=True)
class Split:
    """Parts side by side or one above the other, each with its share of the length."""

    orientation: Qt.Orientation
    parts: tuple[tuple[float, Node], ...]


Node: TypeAlias = "str | tuple[str, ...] | Split"
"""One dock, docks in tabs (the first one in front), or a split."""


def row(*parts: tuple[float, Node]) -> Split:
    """Parts from left to right."""
    return Split(Qt.Orientation.Horizontal, parts)


def column(*parts: tuple[float, Node]) -> Split:
    """Parts from top to bottom."""
    return Split(Qt.Orientation.Vertical, parts)


LISTS = ("similarity", "history", "suggestions", "splits", "candidates")
TABLES = column((0.6, "clusters"), (0.4, LISTS))
LEAST_TABLES = 408
"""Pixels in which the tables show all that a cluster is judged by."""
MOST_GIVEN = 60
"""Pixels that the views give up for that, in a window that is small; in a tiny one, none."""


def _lists(first: str) -> tuple[str, ...]:
    """The lists in tabs, one of them in front."""
    return (first, *(name for name in LISTS if name != first))


LAYOUTS: Mapping[str, Node] = {
    "Classic": row(
        (0.28, TABLES),
        (
            0.72,
            column(
                (
                    0.72,
                    row(
                        (0.33, "waveforms"),
                        (0.67, column((0.58, "features"), (0.42, "correlograms"))),
                    ),
                ),
                (0.28, "traces"),
            ),
        ),
    ),
    # Are these two clusters one? Everything that speaks for it or against.
    "Merge": row(
        (0.28, column((0.35, "clusters"), (0.65, _lists("suggestions")))),
        (0.33, column((0.6, "waveforms"), (0.4, ("rates", "raster")))),
        (0.39, column((0.38, "features"), (0.36, "correlograms"), (0.26, "amplitudes"))),
    ),
    # Is this cluster one? The plots that take a lasso are large.
    "Split": row(
        (0.26, column((0.35, "clusters"), (0.65, _lists("splits")))),
        (0.46, column((0.68, "features"), (0.32, "amplitudes"))),
        (0.28, column((0.5, "waveforms"), (0.25, "correlograms"), (0.25, "intervals"))),
    ),
    # All clusters at once.
    "Overview": row(
        (0.28, TABLES),
        (0.42, column((0.5, "scatter"), (0.5, "raster"))),
        (0.30, column((0.55, "probe"), (0.45, "matrix"))),
    ),
}


def names_in(node: Node) -> list[str]:
    """Names of the docks in a layout."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, tuple):
        return list(node)
    return [name for _, part in node.parts for name in names_in(part)]


def without(node: Node, missing: Callable[[str], bool]) -> Node | None:
    """A layout without some docks; None if nothing is left."""
    if isinstance(node, str):
        return None if missing(node) else node
    if isinstance(node, tuple):
        left = tuple(name for name in node if not missing(name))
        return left or None
    parts = [(share, without(part, missing)) for share, part in node.parts]
    kept = tuple((share, part) for share, part in parts if part is not None)
    return Split(node.orientation, kept) if kept else None


def arrange(window: QMainWindow, docks: Mapping[str, QDockWidget], layout: Node) -> None:
    """Put docks in place; those that the layout does not name are hidden, each in a tab."""
    layout = without(layout, lambda name: name not in docks) or next(iter(docks))
    for dock in docks.values():
        if window.dockWidgetArea(dock) != Qt.DockWidgetArea.NoDockWidgetArea:
            dock.setFloating(False)
            window.removeDockWidget(dock)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks[_first(layout)])
    _place(window, docks, layout)
    shown = names_in(layout)
    # A dock that is shown later appears where plots are, not among the tables.
    anchor = docks[next((n for n in reversed(shown) if n.partition(" ")[0] in SPECS), shown[-1])]
    for name, dock in docks.items():
        if name not in shown:
            window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
            window.tabifyDockWidget(anchor, dock)
        dock.setVisible(name in shown)
    _raise(docks, layout)
    size = window.centralWidget() or window
    _resize(window, docks, layout, (size.width(), size.height()))


def _first(node: Node) -> str:
    return names_in(node)[0]


def _place(window: QMainWindow, docks: Mapping[str, QDockWidget], node: Node) -> None:
    """Divide the place of a part's first dock, already in the window, among its docks."""
    if isinstance(node, tuple):
        for name in node[1:]:
            window.tabifyDockWidget(docks[node[0]], docks[name])
    if not isinstance(node, Split):
        return
    firsts = [docks[_first(part)] for _, part in node.parts]
    for before, after in pairwise(firsts):
        window.splitDockWidget(before, after, node.orientation)
    for _, part in node.parts:
        _place(window, docks, part)


def _raise(docks: Mapping[str, QDockWidget], node: Node) -> None:
    if isinstance(node, tuple):
        docks[node[0]].raise_()
    elif isinstance(node, Split):
        for _, part in node.parts:
            _raise(docks, part)


def _resize(
    window: QMainWindow,
    docks: Mapping[str, QDockWidget],
    node: Node,
    size: Sequence[float],
) -> None:
    if not isinstance(node, Split):
        return
    along = 0 if node.orientation == Qt.Orientation.Horizontal else 1
    total = sum(share for share, _ in node.parts)
    lengths = [size[along] * share / total for share, _ in node.parts]
    firsts = [docks[_first(part)] for _, part in node.parts]
    short = LEAST_TABLES - lengths[0]
    if along == 0 and firsts[0] is docks.get("clusters") and 0 < short < MOST_GIVEN:
        rest = size[0] - lengths[0]
        lengths = [LEAST_TABLES, *(length * (1 - short / rest) for length in lengths[1:])]
    window.resizeDocks(firsts, [round(length) for length in lengths], node.orientation)
    for length, (_, part) in zip(lengths, node.parts, strict=True):
        inner = (length, size[1]) if along == 0 else (size[0], length)
        _resize(window, docks, part, inner)
