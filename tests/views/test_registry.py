"""Views are declared once, and known by their declarations before any is imported."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from phygui.gui.actions.actions import BY_NAME
from phygui.gui.actions.layout_presets import LAYOUTS, names_in
from phygui.views import SPECS, VIEWS
from phygui.views.core.base import View
from phygui.views.registry import by_name
from phygui.views.spec import NEEDS, ViewSpec

PAGE = Path(__file__).parents[2] / "docs" / "views.md"
TABLES = {"clusters", "similarity", "history", "suggestions", "splits", "candidates", "comparison"}


def test_names_and_titles_are_known_without_importing_a_view():
    code = (
        "import sys; from phygui.views import SPECS; titles = [s.title for s in SPECS.values()]; "
        "assert all(titles), titles; "
        "print([m for m in sys.modules if m.split('.')[0] in ('vispy', 'PyQt5', 'scipy', 'numpy')"
        " or m.endswith('.view')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]", f"a declaration imports {run.stdout}: give it a folder"


@pytest.mark.parametrize("name", SPECS)
def test_a_declaration_leads_to_its_class(name):
    spec = SPECS[name]
    assert spec.name == name
    assert issubclass(spec.cls, View)
    assert VIEWS[name] is spec.cls
    assert spec.params() == spec.params()
    assert spec.title.isascii()
    assert spec.help[0].islower()
    assert not spec.help.endswith(".")


def test_menus_and_layouts_name_the_views():
    actions = {name for name, action in BY_NAME.items() if action.menu == "View/New view"}
    assert actions == {f"new_{name}" for name in SPECS}
    for spec in SPECS.values():
        assert BY_NAME[f"new_{spec.name}"].title == f"New {spec.title.lower()} view"
    for layout in LAYOUTS.values():
        assert set(names_in(layout)) <= {*SPECS, *TABLES}


def test_the_page_has_a_section_for_each_view_in_the_order_of_the_menu():
    sections = re.findall(r"^## (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    general = ["Which are shown", "What all views do"]
    assert sections == [*general, *(spec.title for spec in SPECS.values())]


def test_the_page_lists_the_views_as_they_are_declared():
    rows = re.findall(r"^\| \[(.+)\]\(#(.+)\) \| (.+) \| (.*) \|$", PAGE.read_text("utf-8"), re.M)
    assert rows == [
        (
            spec.title,
            spec.title.lower().replace(" ", "-"),
            spec.help,
            " or ".join(map(NEEDS.get, spec.needs)),
        )
        for spec in SPECS.values()
    ]


def test_order_then_name_decide_and_names_are_words_of_their_own():
    specs = [ViewSpec(name, name, "", View, order=order) for name, order in (("b", 2), ("c", 1))]
    assert list(by_name([*specs, ViewSpec("a", "a", "", View, order=2)])) == ["c", "a", "b"]
    with pytest.raises(ValueError, match="two views are named 'b'"):
        by_name([*specs, specs[0]])
    with pytest.raises(ValueError, match="one word"):
        by_name([ViewSpec("b 2", "", "", View)])


def test_settings_kept_by_another_version_have_another_name():
    assert ViewSpec("a", "A", "", View).kept_as == "a"
    assert ViewSpec("a", "A", "", View, version=3).kept_as == "a@3"
