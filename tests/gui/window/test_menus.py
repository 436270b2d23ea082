"""Menus that follow the dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QAction, QTableView, QToolBar

from phygui import KwikModel
from phygui.dataset.groups import GROUP_NAMES
from phygui.gui.base import theme
from phygui.gui.window.menus import edit_menu
from tests.gui.curator import ALT, from_palette, other_theme


def test_menus_move_clusters_to_the_groups_of_the_dataset_too(
    small: Path, open_window: Callable
) -> None:
    with KwikModel(small) as model:
        model.add_cluster_group(4, "Narrow & fast")
    user = open_window(small)
    first, second = user.session.cluster_ids[:2].tolist()
    user.select(first)
    edit = next(a.menu() for a in user.window.menuBar().actions() if a.text() == "&Edit")
    context = edit_menu(user.window)
    for menu, cluster in ((edit, first), (context, second)):
        user.select(cluster)
        best = next(a.menu() for a in menu.actions() if a.text() == "Move best to")
        for _ in range(2):
            best.aboutToShow.emit()
        user.settle()
        (item,) = [a for a in best.actions() if a.text() == "Move best to Narrow && fast"]
        item.trigger()
        user.settle()
        assert user.session.group_of(cluster) == "Narrow & fast"
    context.close()


def test_each_menu_is_one_column_on_a_small_screen(onlooker: Any) -> None:
    for entry in onlooker.window.menuBar().actions():
        menu = entry.menu()
        menu.aboutToShow.emit()
        places = [menu.actionGeometry(action) for action in menu.actions()]
        assert len({place.left() for place in places}) == 1
        # Of 768 pixels, and a font may be larger.
        assert max(place.bottom() for place in places) < 640, entry.text()


def image(icon: Any) -> Any:
    return icon.pixmap(36, 36).toImage()


def test_a_group_has_one_sign_wherever_it_is_named(onlooker: Any) -> None:
    user = onlooker
    window, session = user.window, user.session
    from_palette(user, "show history")
    history = window.docks["history"].findChild(QTableView).model()
    user.press(Qt.Key.Key_Home)
    (best, *_) = session.selected
    keys = {
        "good": Qt.Key.Key_G,
        "mua": Qt.Key.Key_M,
        "noise": Qt.Key.Key_N,
        "unsorted": Qt.Key.Key_U,
    }
    assert set(keys) == set(GROUP_NAMES.values())
    bar = window.findChild(QToolBar, "toolbar")
    for _ in theme.THEMES:
        looks = {}
        for group, key in keys.items():
            # The button, and the entries of the menus that move the best, the match and all.
            items = [
                a for name, a in window.actions_by_name.items() if name.endswith(f"_to_{group}")
            ]
            assert len(items) == 3
            looks[group] = image(items[0].icon())
            button = bar.widgetForAction(window.actions_by_name[f"move_best_to_{group}"])
            assert button.isVisible()
            assert all(image(each.icon()) == looks[group] for each in (*items, button))
            # The same sign as text, where rows are.
            sign = theme.GROUP_MARKS[group]
            user.select(best)
            user.press(key, ALT)
            assert session.group_of(best) == group
            for table in (window.cluster_table.model, window.match_table.model):
                column = [c.name for c in table.columns].index("group")
                told = {table.index(row, column).data() for row in range(table.rowCount())}
                signs = {words[0]: words[2:] for words in told}
                assert all(theme.GROUP_MARKS[name] == mark for mark, name in signs.items())
            last = history.index(history.rowCount() - 1, history.columnCount() - 1)
            assert f"{sign} " in last.data()
        assert len({bytes(i.bits().asstring(i.sizeInBytes())) for i in looks.values()}) == 4
        # Nothing but the list of keys has the sign of help, a question mark in a circle.
        asking = image(theme.icon("help"))
        having = [
            each
            for kind in (QAction, QAbstractButton)
            for each in window.findChildren(kind)
            if not each.icon().isNull() and image(each.icon()) == asking
        ]
        assert {each.text() for each in having} <= {"Keyboard shortcuts"}
        assert window.actions_by_name["shortcuts"] in having
        other_theme(user)
