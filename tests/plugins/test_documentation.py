"""The page on plugins names what there is."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from phygui.plugins import API_VERSION, GROUPS, LIMITS
from phygui.plugins.skeletons import SKELETONS
from phygui.views.core.visuals.batch import MOST_VERTICES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")


def test_every_stable_name_can_be_imported() -> None:
    rows = re.findall(r"^\| `(phygui[\w.]*)` \| (.*) \|$", PAGE, flags=re.MULTILINE)
    assert len(rows) > 10
    for module, names in rows:
        for name in re.findall(r"`(\w+)`", names):
            assert hasattr(import_module(module), name), f"{module}.{name}"
    assert f"has version {API_VERSION} " in PAGE


def test_examples_kinds_groups_and_limits_are_named() -> None:
    for path in (ROOT / "examples" / "plugins").glob("*.py"):
        assert f"| `{path.name}` |" in PAGE
    for name in (*SKELETONS, *GROUPS):
        assert f"`{name}`" in PAGE
    assert f"{LIMITS.view_s:g} seconds for the data" in PAGE
    assert f"{LIMITS.metric_s:g} for a metric" in PAGE
    assert f"{MOST_VERTICES // 1_000_000} million points" in PAGE
