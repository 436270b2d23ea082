"""Menus, keys and searchable lists of the window of an archive, made from its actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QMainWindow, QMenu, QWidget

from phygui.gui.actions.keys import Keys
from phygui.gui.archive.actions import ACTIONS, ArchiveAction, ArchiveContext
from phygui.gui.base.theme import plain_tip
from phygui.gui.dialogs.search_list import SearchList

Run = Callable[[ArchiveAction], None]
IN_LINES = frozenset({"Return", "Enter"})
"""Keys that end a line."""


def build_menus(window: QMainWindow, context: ArchiveContext, run: Run) -> dict[str, QAction]:
    """Make the menu bar; the actions of Qt by name."""
    items: dict[str, QAction] = {}
    menus: dict[str, QMenu] = {}
    sections: dict[str, str] = {}

    def show_possible() -> None:
        # A menu opens: what is not possible now is dim. Keys say why.
        for action in ACTIONS:
            items[action.name].setEnabled(not action.hindrance(context))

    def enable() -> None:
        for item in items.values():
            item.setEnabled(True)

    for action in ACTIONS:
        title, _, section = action.menu.partition("|")
        if title not in menus:
            menu = menus[title] = window.menuBar().addMenu(f"&{title}")
            menu.aboutToShow.connect(show_possible)
            # What is chosen in it is triggered afterwards.
            menu.aboutToHide.connect(lambda: QTimer.singleShot(0, enable))
        elif sections[title] != section:
            menus[title].addSeparator()
        sections[title] = section
        item = QAction(action.title, window)
        item.setToolTip(plain_tip(action.tip))
        item.triggered.connect(lambda _, action=action: run(action))
        menus[title].addAction(item)
        items[action.name] = item
    return items


def show_keys(items: Mapping[str, QAction], keys: Keys, table: QWidget) -> None:
    """Give every action the keys in effect; those that end a line belong to the table alone."""
    for action in ACTIONS:
        item = items[action.name]
        item.setShortcuts([QKeySequence(key) for key in keys[action]])
        is_of_table = not IN_LINES.isdisjoint(keys[action])
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        item.setShortcutContext(within if is_of_table else Qt.ShortcutContext.WindowShortcut)
        table.removeAction(item)
        if is_of_table:
            table.addAction(item)


def keys_list(window: QMainWindow, keys: Keys) -> SearchList:
    """The searchable list of keys."""
    rows = [(keys.text(a), a.title, a.tip) for a in ACTIONS if keys[a]]
    return SearchList(window, "Keys of the archive", ["key", "action", ""], rows)


def palette(window: QMainWindow, context: ArchiveContext, run: Run, keys: Keys) -> SearchList:
    """Every action that is possible now by name; choosing one does it."""
    actions = [a for a in ACTIONS if not a.hindrance(context) and a.name != "palette"]
    rows = [(a.title, keys.text(a), a.tip) for a in actions]
    found = SearchList(window, "Command palette", ["action", "key", ""], rows)

    def choose() -> None:
        if found.chosen is not None:
            run(actions[found.chosen])

    found.accepted.connect(choose)
    return found
