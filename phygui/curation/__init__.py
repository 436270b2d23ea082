"""Decisions: clustering, history, groups, wizard, and the session that holds them. No Qt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phygui.curation.edits.clustering import Clustering
    from phygui.curation.edits.groups import ClusterGroups
    from phygui.curation.edits.history import History
    from phygui.curation.edits.labels import Labels
    from phygui.curation.edits.update import EditError, Selection, Update
    from phygui.curation.navigation.wizard import Wizard
    from phygui.curation.session import Session
    from phygui.curation.statistics.ranking_spec import (
        RankingSpec,
        choose_ranking,
        rankings,
        register_quality,
        register_ranking,
        register_similarity,
    )

__all__ = [
    "ClusterGroups",
    "Clustering",
    "EditError",
    "History",
    "Labels",
    "RankingSpec",
    "Selection",
    "Session",
    "Update",
    "Wizard",
    "choose_ranking",
    "rankings",
    "register_quality",
    "register_ranking",
    "register_similarity",
]

_HOME = {
    "ClusterGroups": "edits.groups",
    "Clustering": "edits.clustering",
    "EditError": "edits.update",
    "History": "edits.history",
    "Labels": "edits.labels",
    "Selection": "edits.update",
    "Session": "session",
    "Update": "edits.update",
    "Wizard": "navigation.wizard",
    "rankings": "statistics.ranking_spec",
    "register_ranking": "statistics.ranking_spec",
    "choose_ranking": "statistics.ranking_spec",
    "RankingSpec": "statistics.ranking_spec",
    "register_quality": "statistics.ranking_spec",
    "register_similarity": "statistics.ranking_spec",
}


def __getattr__(name: str) -> Any:
    # Imported when first asked for: the reader of files needs none of this.
    if name in _HOME:
        return getattr(import_module(f"phygui.curation.{_HOME[name]}"), name)
    raise AttributeError(f"module 'phygui.curation' has no attribute {name!r}")
