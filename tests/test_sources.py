"""What holds of the text of all modules."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
from vispy import app

from phygui.curation.session import Session
from phygui.curation.shown import Shown

PACKAGE = Path(__file__).parents[1] / "phygui"
SOURCES = sorted(PACKAGE.rglob("*.py"))
NO_FORMAT = [p for p in SOURCES if p.relative_to(PACKAGE).parts[0] in ("curation", "views", "gui")]
ROOMS_THAT_SHOW = ("tables", "docks", "dialogs")
SHOWN_FIELDS = {f.name for f in fields(Shown) if hasattr(Session, f.name)} | {"selected"}
ALIKE = {"generation", "knowledge", "measures", "metrics", "shank", "snapshot", "stats"}
"""The same of both: what is known of the clusters and the data are no part of an edit."""
ACTS_ON = {
    # Edits and walks start from what the session holds by then.
    "docks/suggestions/listing.py": {"selected", "selection", "spikes_per_cluster"},
    "docks/suggestions/merges.py": {"selected"},
    "docks/suggestions/splitting.py": {"selected"},
    "docks/cluster_tables.py": {"selection"},
    # What would be lost at closing is more than what is shown.
    "dialogs/messages.py": {"n_unsaved"},
}


def test_the_micro_sign_is_one_character() -> None:
    """There are two that look alike; only one is in the font's alphabet."""
    greek = [str(path) for path in SOURCES if "\N{GREEK SMALL LETTER MU}" in path.read_text()]
    assert not greek


def test_the_window_calls_a_channel_group_a_shank() -> None:
    """One word for one thing, in all that a user reads."""
    for path in sorted((PACKAGE / "gui").rglob("*.py")):
        tree = ast.parse(path.read_text())
        # A text that stands alone is documentation.
        alone = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        texts = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in alone]
        found = [n.value for n in texts if "channel group" in str(n.value).casefold()]
        assert not found, path


def test_dates_are_written_the_same_way_on_every_system() -> None:
    """``%-d``, a day without a zero, is an error on Windows."""
    found = [str(p) for p in SOURCES if re.search(r"%-[dmHIMSjy]\b", p.read_text())]
    assert not found


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


SHOWING = [
    p for p in SOURCES if p.relative_to(PACKAGE).parts[:2] in [("gui", r) for r in ROOMS_THAT_SHOW]
]
LIVE = ({name for name in dir(Shown) if hasattr(Session, name)} | SHOWN_FIELDS) - ALIKE


@pytest.mark.parametrize("path", SHOWING, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_what_is_shown_of_a_session_is_what_was_published(path: Path) -> None:
    """Tables, docks and dialogs read `session.shown`: the session may be ahead of the disk."""
    allowed = ACTS_ON.get(path.relative_to(PACKAGE / "gui").as_posix(), set())
    assert live_names(path.read_text()) == allowed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("session.cluster_groups[3]", {"cluster_groups"}),
        ("self._window.session.history", {"history"}),
        ("self._session.state()", {"state"}),
        ("self._session.state(backup)", set()),
        ("session.shown.cluster_groups", set()),
        ("session.select(ids)", set()),
    ],
)
def test_what_is_read_of_a_live_session_is_found(text: str, names: set[str]) -> None:
    assert live_names(text) == names


LIBRARIES = ("h5py", "numba", "numpy", "psygnal", "scipy", "vispy")
PRIVATE_PARTS = ("views/core/vispy_parts.py", "analysis/compiling/numba_parts.py")
"""The one file a library that says what is used of it beyond what it documents, and why."""
UNDOCUMENTED = re.compile(r"paintGL|\.nbi\b|\bstats\.cache_path|\b(?:vispy|numba)\.__file__")


@pytest.mark.slow
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


def live_names(text: str) -> set[str]:
    """What a module reads of a session that may not be published yet."""
    tree = ast.parse(text)
    # A state with an argument is one of the past.
    past = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args}
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value).split(".")[-1].lstrip("_") == "session"
        and node.attr in LIVE
        and id(node) not in past
    }


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _names_in(node: ast.AST) -> list[str]:
    """The name or attribute that a node itself is."""
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.attr] if isinstance(node, ast.Attribute) else []
