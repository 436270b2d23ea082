"""The table of the clusters as scripts and notebooks take it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.navigation.columns import ClusterSource, Column, columns, label_columns
from phygui.curation.shown import Shown
from phygui.words import html_rows

_COUNTS = ("id", "n_spikes")
_TEXTS = ("group",)
MOST_ROWS = 20
"""Clusters that the picture of a session in a notebook lists."""


def table_of(shown: Shown) -> Any:
    """All clusters with their columns, those of the cluster table.

    Returns
    -------
    pandas.DataFrame, or dict of str to array where pandas is not installed
        One row a cluster, by its id; what is not known, or not known yet, is NaN.
    """
    found = columns_of(shown)
    ids = found.pop("id")
    try:
        import pandas
    except ImportError:
        return {"id": ids, **found}
    return pandas.DataFrame(found, index=pandas.Index(ids, name="id"))


def columns_of(shown: Shown) -> dict[str, NDArray[Any]]:
    """The columns of the cluster table by name, the ids among them."""
    ids = sorted(shown.cluster_groups)
    known = columns(shown.measures.metrics.specs.values())
    keys = sorted({key for of in shown.labels.values() for key in of})
    every = [column for column in known if column.name != "labels"] + label_columns(keys)
    return {column.name: _values(column, shown, ids) for column in every}


def _values(column: Column, source: ClusterSource, ids: Iterable[int]) -> NDArray[Any]:
    values = column.values(source, list(ids))
    if column.is_label or column.name in _TEXTS:
        return np.array(["" if value is None else str(value) for value in values], object)
    if column.name in _COUNTS:
        return np.array(values, np.int64)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def html_of(shown: Shown, path: object, is_modified: bool) -> str:
    """What a notebook shows of a session: what it is, and its first clusters."""
    about = [
        ("dataset", str(path)),
        ("shank", str(shown.channel_group)),
        ("clustering", shown.clustering),
        ("clusters", f"{len(shown.cluster_groups):,}, {shown.n_decided:,} decided"),
        ("edits", f"{shown.n_unsaved} not saved" if is_modified else "all saved"),
    ]
    ids = sorted(shown.cluster_groups)[:MOST_ROWS]
    some = [c for c in columns(shown.measures.metrics.specs.values()) if not c.hidden]
    values = [column.values(shown, ids) for column in some]
    rows = [
        tuple(c.text_of(shown, ids[k], of[k]) for c, of in zip(some, values, strict=True))
        for k in range(len(ids))
    ]
    n_more = len(shown.cluster_groups) - len(ids)
    more = f"<p>and {n_more:,} more: session.table() has them all</p>" if n_more else ""
    return html_rows(about) + html_rows(rows, [column.title for column in some]) + more
