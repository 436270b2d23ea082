"""Views follow an edit before the tables do, and once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phygui.views import VIEWS
from tests.gui.curator import show_large


@pytest.mark.parametrize("undone", [False, True])
def test_views_are_asked_to_load_before_the_tables_are_brought_up_to_date(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, undone: bool
) -> None:
    user = open_window(hybrid)
    session, tables = user.session, user.window.tables
    if undone:
        session.merge([4, 9])
        user.settle()
    done: list[str] = []

    def noted(what: Any, name: str, words: str) -> None:
        work = getattr(what, name)

        def note(*given: Any) -> Any:
            done.append(words)
            return work(*given)

        monkeypatch.setattr(what, name, note)

    noted(user.window.view_docks["correlograms"].work, "request", "views")
    for name in ("learn", "update", "select"):
        noted(tables, name, "tables")
    user.window.background.stop()
    session.undo() if undone else session.merge([4, 9])
    user.settle()
    assert done[0] == "views"
    assert done.count("views") == 1
    assert set(done[1:]) == {"tables"}


def test_a_view_of_what_an_edit_makes_known_loads_once(
    hybrid: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(hybrid)
    show_large(user, "scatter")
    loaded: list[tuple[int, ...]] = []
    load = VIEWS["scatter"].load

    def counted(snapshot: Any, *args: Any) -> Any:
        loaded.append(snapshot.cluster_ids)
        return load(snapshot, *args)

    monkeypatch.setattr(VIEWS["scatter"], "load", staticmethod(counted))
    user.window.background.stop()
    user.session.merge([4, 9])
    user.settle()
    assert loaded == [user.session.selection.clusters]
