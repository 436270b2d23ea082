"""What holds of the text of all modules."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from vispy import app

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
    # What scripts of phy call the path of a session is the one name that is allowed.
    text = path.read_text().replace("    kwik_path = path\n", "")
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


LIBRARIES = ("h5py", "numba", "numpy", "psygnal", "scipy", "vispy")
PRIVATE_PARTS = ("views/core/vispy_parts.py", "analysis/compiling/numba_parts.py")
"""The one file a library that says what is used of it beyond what it documents, and why."""
UNDOCUMENTED = re.compile(r"paintGL|\.nbi\b|\bstats\.cache_path|\b(?:vispy|numba)\.__file__")


def test_private_parts_of_libraries_are_left_alone() -> None:
    found = {str(p.relative_to(PACKAGE)): private_parts(p.read_text()) for p in SOURCES}
    assert {name for name, parts in found.items() if parts} == set(PRIVATE_PARTS)


@pytest.mark.parametrize(
    "text",
    [
        "from vispy.io.image import _make_png",
        "from numba.core import _helperlib",
        "from numba._helperlib import rnd_get_state",
        "import numpy as np\nnp.core._internal",
        "from vispy import app\napp.Canvas._closed",
        "view.native.paintGL = paint",
        "folder.glob('*.nbi')",
        "path = vispy.__file__",
    ],
)
def test_private_parts_are_found(text: str) -> None:
    assert private_parts(text)


def test_a_view_takes_no_private_name_of_its_canvas() -> None:
    """Whichever attribute of its own vispy adds or drops, no view reads or replaces it."""
    theirs = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(app.Canvas)))
        if isinstance(node, ast.Attribute) and _is_private(node.attr)
    }
    assert "_closed" in theirs
    for path in (PACKAGE / "views").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            mine = isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "view")
            assert not (mine and node.attr in theirs), (path, node.attr)


def private_parts(text: str) -> list[str]:
    """Names of libraries that begin with an underscore, as far as a module uses them by name."""
    tree = ast.parse(text)
    found: list[str] = UNDOCUMENTED.findall(text)
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in LIBRARIES:
                    names.add(alias.asname or alias.name.split(".")[0])
                    found += filter(_is_private, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            names.update(alias.asname or alias.name for alias in node.names)
            found += filter(_is_private, [*node.module.split("."), *(a.name for a in node.names)])
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in names:
                found.append(node.attr)
    return found


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _names_in(node: ast.AST) -> list[str]:
    """The name or attribute that a node itself is."""
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.attr] if isinstance(node, ast.Attribute) else []
