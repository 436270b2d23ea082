"""Menus, toolbar and keys, made from the declared actions."""

from __future__ import annotations

import html
from pathlib import Path

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QMenu, QToolBar

from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES
from phygui.gui.actions.actions import ACTIONS
from phygui.gui.actions.spec import ActionSpec
from phygui.gui.base.recent import Lookout
from phygui.gui.base.theme import icon
from phygui.gui.window.parts import WindowParts

COMMON = tuple(map(QKeySequence, (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)))
"""Keys of lists and lines too, from which they are not taken away to say anything."""
LONGEST = 70
"""Characters of a menu entry."""


def build_menus(window: WindowParts) -> dict[str, QMenu]:
    """Make the menu bar, and with it every action's key; returns the menus by their paths."""
    menus: dict[str, QMenu] = {}
    sections: dict[str, str] = {}
    for action in ACTIONS:
        menu = _menu(window, menus, action.menu_path)
        path, section = "/".join(action.menu_path), action.menu.partition("|")[2]
        if path in sections and sections[path] != section:
            menu.addSeparator()
        sections[path] = section
        menu.addAction(_make(window, action))
    _add_recent(window, menus["File"])
    for which in ("best", "match", "all"):
        _follow_groups(window, menus[f"Edit/Move {which} to"], which)
    _add_docks(window, menus["View"])
    show_keys(window)
    return menus


def _add_docks(window: WindowParts, view: QMenu) -> None:
    """What may be shown, in a menu of its own: a small screen has not as many lines."""
    show, first = QMenu("Show", view), view.actions()[0]
    for dock in window.docks.values():
        show.addAction(dock.menu_action)
    view.insertMenu(first, show)
    view.insertSeparator(first)


def dock_menu(window: WindowParts) -> QMenu:
    """What may be shown, in the order of View > Show, and the toolbar."""
    menu = QMenu(window)
    for dock in window.docks.values():
        menu.addAction(dock.menu_action)
    menu.addSeparator()
    for bar in window.findChildren(QToolBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        menu.addAction(bar.toggleViewAction())
    return menu


def _add_recent(window: WindowParts, file: QMenu) -> None:
    """The files opened lately, listed anew whenever the menu is shown, as far as they are there."""
    recent = QMenu("Open recent", file)
    lookout = Lookout(recent)
    file.insertMenu(window.actions_by_name["open_demo"], recent)

    def fill() -> None:
        recent.clear()
        here = window.session.path
        for path in window.settings.recent():
            if path != here:
                item = recent.addAction(plain_text(str(path)))
                item.setData(str(path))
                item.triggered.connect(lambda _, path=path: window.open_wanted.emit(path))
        recent.setEnabled(not recent.isEmpty())
        lookout.look_for(path for path in window.settings.recent() if path != here)

    def drop(path: Path) -> None:
        for item in recent.actions():
            if item.data() == str(path):
                recent.removeAction(item)
        recent.setEnabled(not recent.isEmpty())

    lookout.missing.connect(drop)
    file.aboutToShow.connect(fill)


def _follow_groups(window: WindowParts, menu: QMenu, which: str) -> None:
    """List the groups that this dataset has beyond the four anew whenever a menu is shown."""
    listed: list[QAction] = []

    def fill() -> None:
        while listed:
            listed.pop().deleteLater()
        listed.extend(_add_groups(window, menu, which))

    menu.aboutToShow.connect(fill)


def _add_groups(window: WindowParts, menu: QMenu, which: str) -> list[QAction]:
    """Add what moves clusters to the groups that there are beyond the four."""
    actions = [a for a in window.marks.actions if a.menu == f"Edit/Move {which} to"]
    added = [menu.addSeparator()] if actions else []
    for action in actions:
        # The key is the window's, and only told here: a menu that had it too would take it away.
        keys = window.keys.text(action)
        item = menu.addAction(menu_text(action.title) + (f"\t{keys}" if keys else ""))
        item.setEnabled(action.enabled(window))
        item.triggered.connect(lambda _, action=action: window.run(action))
        added.append(item)
    return added


def plain_text(text: str) -> str:
    """A text as a menu shows it: an ampersand marks a key there, two show one."""
    return text.replace("&", "&&")


def menu_text(text: str) -> str:
    """A text that may be long, as a menu shows it."""
    return plain_text(text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ...")


def show_keys(window: WindowParts) -> None:
    """Give every action of the window the keys in effect, and its tooltip with them."""
    for action in ACTIONS:
        item, keys = window.actions_by_name[action.name], window.keys.text(action)
        sequences = [QKeySequence(key) for key in window.keys[action]]
        item.setShortcuts(sequences)
        window.refusals[action.name].setShortcuts([k for k in sequences if k not in COMMON])
        tip = html.escape(f"{action.title}  {keys}" if keys else action.title)
        if action.tip:
            tip += f"<br>{html.escape(action.tip)}"
        item.setToolTip(f"<p style='white-space:pre'>{tip}</p>")


def _menu(window: WindowParts, menus: dict[str, QMenu], path: list[str]) -> QMenu:
    name = "/".join(path)
    if name not in menus:
        title = "&" + path[-1] if len(path) == 1 else path[-1]
        if len(path) == 1:
            menus[name] = window.menuBar().addMenu(title)
        else:
            menus[name] = _menu(window, menus, path[:-1]).addMenu(title)
        menus[name].aboutToShow.connect(window.update_state)
    return menus[name]


def _make(window: WindowParts, action: ActionSpec) -> QAction:
    item = QAction(action.title, window)
    item.setObjectName(action.name)
    if action.icon:
        item.setIcon(icon(action.icon))
        item.setProperty("icon_name", action.icon)
    item.setStatusTip("")
    if action.checked is not None:
        item.setCheckable(True)
    item.triggered.connect(lambda: window.run(action))
    window.actions_by_name[action.name] = item
    # The key of a disabled action does nothing; this one has it then, and is in no menu.
    refusal = QAction(action.title, window)
    refusal.setEnabled(False)
    refusal.triggered.connect(lambda: window.run(action))
    window.addAction(refusal)
    window.refusals[action.name] = refusal
    return item


def build_toolbar(window: WindowParts) -> QToolBar:
    """Make the toolbar of the actions that ask for a place in it."""
    bar = QToolBar("Toolbar")
    bar.setObjectName("toolbar")
    bar.setIconSize(QSize(18, 18))
    bar.setMovable(False)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    section = None
    for action in ACTIONS:
        if action.toolbar:
            if section is not None and section != action.menu:
                bar.addSeparator()
            section = action.menu
            bar.addAction(window.actions_by_name[action.name])
    window.addToolBar(bar)
    return bar


def edit_menu(window: WindowParts) -> QMenu:
    """The context menu of the cluster tables."""
    menu = QMenu(window)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for name in ("merge", "label", "note", "color", "new_group", "undo", "redo"):
        menu.addAction(window.actions_by_name[name])
    for which in ("best", "match", "all"):
        submenu = menu.addMenu(f"Move {which} to")
        for group in BEST_FIRST:
            submenu.addAction(window.actions_by_name[f"move_{which}_to_{GROUP_NAMES[group]}"])
        _add_groups(window, submenu, which)
    menu.addSeparator()
    menu.addAction(window.actions_by_name["send_row"])
    menu.addAction(window.actions_by_name["copy_rows"])
    return menu
