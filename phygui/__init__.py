"""Curate spike sorting by hand.

``phygui.KwikModel`` reads and writes Kwik datasets; ``phygui.Session`` edits one of any format, and
``phygui.export`` writes what was curated for other programs; ``phygui.prepare`` computes ahead what
a session would. None of them loads Qt or vispy: names are imported when they are first asked for.
``phygui.show`` opens the window, and ``phygui.figure`` draws a view.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from phygui._version import __version__

if TYPE_CHECKING:
    from phygui.curation.durability.writer import ChangedOnDisk
    from phygui.curation.edits.update import EditError
    from phygui.curation.navigation.row_filter import FilterError
    from phygui.curation.session import Session
    from phygui.dataset import open_dataset
    from phygui.errors import DatasetChanged, DatasetError, DatasetWarning, UnsavedEditsWarning
    from phygui.exports.convert import convert
    from phygui.exports.run import export
    from phygui.exports.spec import ExportError
    from phygui.formats.kwik.errors import KwikError, KwikWarning
    from phygui.formats.kwik.model import KwikModel
    from phygui.notebook import figure, show
    from phygui.prepare.one import prepare
    from phygui.views.data.figure import Figure

__all__ = [
    "ChangedOnDisk",
    "DatasetChanged",
    "DatasetError",
    "DatasetWarning",
    "EditError",
    "ExportError",
    "Figure",
    "FilterError",
    "KwikError",
    "KwikModel",
    "KwikWarning",
    "Session",
    "UnsavedEditsWarning",
    "__version__",
    "convert",
    "export",
    "figure",
    "open_dataset",
    "prepare",
    "show",
]

_HOME = {
    "ChangedOnDisk": "phygui.curation.durability.writer",
    "EditError": "phygui.curation.edits.update",
    "ExportError": "phygui.exports.spec",
    "FilterError": "phygui.curation.navigation.row_filter",
    "Figure": "phygui.views.data.figure",
    "UnsavedEditsWarning": "phygui.errors",
    "KwikModel": "phygui.formats.kwik.model",
    "KwikError": "phygui.formats.kwik.errors",
    "KwikWarning": "phygui.formats.kwik.errors",
    "DatasetChanged": "phygui.errors",
    "DatasetError": "phygui.errors",
    "DatasetWarning": "phygui.errors",
    "convert": "phygui.exports.convert",
    "export": "phygui.exports.run",
    "figure": "phygui.notebook",
    "open_dataset": "phygui.dataset",
    "prepare": "phygui.prepare.one",
    "show": "phygui.notebook",
    "Session": "phygui.curation.session",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'phygui' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
