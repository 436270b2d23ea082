"""Decisions: clustering, history, groups, wizard, and the session that holds them. No Qt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phygui.curation.clustering import Clustering
    from phygui.curation.groups import ClusterGroups
    from phygui.curation.history import History
    from phygui.curation.labels import Labels
    from phygui.curation.measures import register_quality, register_similarity
    from phygui.curation.session import Session
    from phygui.curation.update import EditError, Selection, Update
    from phygui.curation.wizard import Wizard

__all__ = [
    "ClusterGroups",
    "Clustering",
    "EditError",
    "History",
    "Labels",
    "Selection",
    "Session",
    "Update",
    "Wizard",
    "register_quality",
    "register_similarity",
]

_HOME = {
    "ClusterGroups": "groups",
    "Clustering": "clustering",
    "EditError": "update",
    "History": "history",
    "Labels": "labels",
    "Selection": "update",
    "Session": "session",
    "Update": "update",
    "Wizard": "wizard",
    "register_quality": "measures",
    "register_similarity": "measures",
}


def __getattr__(name: str) -> Any:
    # Imported when first asked for: the reader of files needs none of this.
    if name in _HOME:
        return getattr(import_module(f"phygui.curation.{_HOME[name]}"), name)
    raise AttributeError(f"module 'phygui.curation' has no attribute {name!r}")
