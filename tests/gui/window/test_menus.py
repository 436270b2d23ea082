"""Menus that follow the dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from phygui import KwikModel
from phygui.gui.window.menus import edit_menu


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
