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
