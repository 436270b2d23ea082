"""What holds of the text of all modules."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "phygui"
SOURCES = sorted(PACKAGE.rglob("*.py"))
NO_FORMAT = [p for p in SOURCES if p.relative_to(PACKAGE).parts[0] in ("curation", "views", "gui")]


def test_the_micro_sign_is_one_character() -> None:
    """There are two that look alike; only one is in the font's alphabet."""
    greek = [str(path) for path in SOURCES if "\N{GREEK SMALL LETTER MU}" in path.read_text()]
    assert not greek


@pytest.mark.parametrize("path", NO_FORMAT, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_decisions_and_views_know_no_format(path: Path) -> None:
    """Their code names neither a suffix nor a clustering of one format; sentences may."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    ]
    for text in texts:
        assert not re.search(r"\.kw(ik|x|d)\b", text), text
        assert text != "original" or path.name == "original.py", text
