"""Docks: what the View menu and a right click on a title bar do with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QMenu


def view_menu(user: Any) -> dict[str, Any]:
    """Entries of View > Show by their texts."""
    bar = user.window.menuBar()
    (menu,) = [a.menu() for a in bar.actions() if a.text().replace("&", "") == "View"]
    show = menu.actions()[0]
    assert show.text() == "Show"
    return {a.text(): a for a in show.menu().actions()}


@pytest.mark.slow
def test_the_view_menu_brings_each_dock_to_the_front(onlooker: Any) -> None:
    user = onlooker
    entries = view_menu(user)
    hidden = 0
    for dock in user.window.docks.values():
        entry = entries[dock.title]
        assert entry.isChecked() == dock.is_on_screen
        if not dock.is_on_screen:
            hidden += 1
            entry.trigger()
            user.settle()
            assert dock.is_on_screen, dock.title
            assert entry.isChecked()
    assert hidden > 5
    # What is behind another tab by now comes to the front again, and is closed from there.
    history = user.window.docks["history"]
    assert not history.is_on_screen
    entries["History"].trigger()
    user.settle()
    assert history.is_on_screen
    entries["History"].trigger()
    user.settle()
    assert not history.isVisible()
    assert not entries["History"].isChecked()


def test_a_floating_dock_is_closed_and_opened_from_the_menu(onlooker: Any) -> None:
    user = onlooker
    dock, entry = user.window.docks["rates"], view_menu(user)["Firing rates"]
    entry.trigger()
    dock.setFloating(True)
    user.settle()
    assert entry.isChecked()
    entry.trigger()
    user.settle()
    assert not dock.isVisible()
    entry.trigger()
    user.settle()
    assert dock.isFloating()
    assert dock.is_on_screen


@pytest.mark.slow
def test_a_view_that_grows_loads_what_there_is_room_for_now(onlooker: Any) -> None:
    user = onlooker
    user.select(*user.session.cluster_ids[:16].tolist())
    dock = user.window.docks["correlograms"]
    assert not dock.view.data.has_all_pairs
    dock.setFloating(True)
    dock.resize(1500, 900)
    user.settle()
    assert dock.view.data.has_all_pairs
    dock.setFloating(False)
    user.settle()
    assert not dock.view.data.has_all_pairs


def test_a_right_click_on_a_title_bar_offers_the_docks_in_the_order_of_the_menu(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.window.actions_by_name["new_features"].trigger()
    user.settle()
    menu: QMenu = user.window.createPopupMenu()
    texts = [a.text() for a in menu.actions() if not a.isSeparator()]
    in_menu = list(view_menu(user))
    assert [t for t in texts if t in in_menu] == in_menu[in_menu.index("Clusters") :]
    assert len(texts) > 15
    assert "Features 2" in texts
    entries = {a.text(): a for a in menu.actions()}
    entries["Raster"].trigger()
    user.settle()
    assert user.window.docks["raster"].is_on_screen
    menu.deleteLater()
