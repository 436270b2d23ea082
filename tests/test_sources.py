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
    """No line of theirs, sentences included, names what only one format has."""
    text = path.read_text()
    assert not re.search(r"\bkwik|\.kw(ik|x|d|e)\b|h5py|hdf5", text, re.IGNORECASE)
    assert not re.search(r"\boriginal\b", text)


@pytest.mark.parametrize("path", NO_FORMAT, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_decisions_and_views_compute_no_feature_columns(path: Path) -> None:
    """They ask a feature source for channels; only a format knows where it stores them."""
    for node in ast.walk(ast.parse(path.read_text())):
        assert "n_features_per_channel" not in _names_in(node)
        if isinstance(node, ast.Subscript):
            # Arrays of features by column would be indexed; a source is asked to read.
            assert not (isinstance(node.value, ast.Attribute) and node.value.attr == "features")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            products = [s for s in (node.left, node.right) if _is_product(s)]
            assert not any("n_features" in _names_in(n) for p in products for n in ast.walk(p))


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _names_in(node: ast.AST) -> list[str]:
    """The name or attribute that a node itself is."""
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.attr] if isinstance(node, ast.Attribute) else []
