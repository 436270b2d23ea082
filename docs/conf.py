"""How the pages of this folder are built: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from phygui import __version__

project = "phygui"
author = "the phygui developers"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
myst_heading_anchors = 3
exclude_patterns: list[str] = []
html_theme = "alabaster"
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
# The works that metrics cite stand in one list, in the docstring of their module.
suppress_warnings = ["ref.ref"]

INTERNAL = {"dispatch", "generation", "reserve", "turns"}
"""Members of public classes that are for the window alone."""


def leave_out(_app, _what, name, *_):
    """Whether a member stays out of the reference; None leaves it to Sphinx."""
    return True if name in INTERNAL or name.endswith("_job") else None


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", leave_out)
