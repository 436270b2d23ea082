"""Points that stand for clusters: as large as they have spikes, in the colour of their group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.groups import GOOD, MUA, NOISE, UNSORTED
from phygui.views.core import colors
from phygui.views.core.visuals import Batch, Shared, vertices
from phygui.views.data.cluster_values import MOST_NAMED

_OF_GROUP = {GOOD: colors.GOOD, MUA: colors.MUA, NOISE: colors.NOISE}
_STEPS = np.array([0.5, 0.65, 0.8, 1.0, 1.25, 1.5])
"""Diameters, as parts of the size of points that the user chose."""
_EQUAL = 0.7
"""The same of points that are all alike; selected ones are whole."""


def size_of_clusters() -> Any:
    """The parameter ``size_by`` of a view of all clusters."""
    return field(
        default="spikes",
        metadata={
            "label": "Size by",
            "help": "What a large point has much of: spikes, or amplitude; or all points are equal",
            "choices": ("spikes", "amplitude", "equal"),
            "reload": False,
        },
    )


def group_colors(snapshot: Snapshot, cluster_ids: Sequence[int]) -> NDArray[np.int64]:
    """The colour of each cluster: its place in the selection, or that of its group."""
    places = {c: k for k, c in enumerate(snapshot.cluster_ids)}
    groups = snapshot.cluster_groups
    found = [places.get(c, _OF_GROUP.get(groups.get(c, -1), colors.UNSORTED)) for c in cluster_ids]
    return np.array(found, np.int64)


def named_groups(snapshot: Snapshot) -> dict[int, str]:
    """The name of the group of each cluster that is not unsorted."""
    names, groups = snapshot.group_names, snapshot.cluster_groups.items()
    return {c: names.get(group, str(group)) for c, group in groups if group != UNSORTED}


def groups_in_words(groups: Mapping[int, str], cluster_id: int) -> str:
    """The name of a cluster's group in brackets, as it is said; empty if it is unsorted.

    Parameters
    ----------
    groups : mapping of int to str
        As of :func:`named_groups`.
    cluster_id : int
    """
    return f" ({groups[cluster_id]})" if cluster_id in groups else ""


def diameters(values: NDArray[np.float64], color: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the sizes of points each cluster has, so that its area follows a number.

    Parameters
    ----------
    values : array of float64 (n_clusters,)
        NaN counts as nothing.
    color : array of int64 (n_clusters,)
        Selected clusters, of colours from 0 on, are never among the smallest.
    """
    positive = np.where(np.isfinite(values), np.maximum(values, 0.0), 0.0)
    part = np.sqrt(positive / max(float(positive.max(initial=0.0)), 1e-30))
    which = np.rint(part * (len(_STEPS) - 1)).astype(np.int64)
    sizes: NDArray[np.int64] = np.where(color >= 0, np.maximum(which, 2), which)
    return sizes


def named_first(
    color: NDArray[np.int64], n_spikes: NDArray[np.float64], known: NDArray[np.bool_]
) -> list[int]:
    """Places of clusters in the order in which they are named while there is room.

    The selected ones come first, the best at the front; then those with the most spikes.
    """
    selected = np.flatnonzero(known & (color >= 0))
    selected = selected[np.argsort(color[selected], kind="stable")]
    others = np.flatnonzero(known & (color < 0))
    others = others[np.argsort(-n_spikes[others], kind="stable")]
    return [*selected.tolist()[:MOST_NAMED], *others.tolist()[:MOST_NAMED]]


class ClusterPoints:
    """Points of several sizes; each size is one draw call.

    Attributes
    ----------
    size : float
        Diameter of a usual point in logical pixels.
    """

    def __init__(self) -> None:
        self.size = 8.0
        self._batches = [Batch("points") for _ in (*_STEPS, _EQUAL, 1.0)]
        self._parts = (*_STEPS, _EQUAL, 1.0)

    def set_data(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        *,
        color: NDArray[np.int64],
        values: NDArray[np.float64] | None,
        cells: Sequence[int] = (0,),
    ) -> None:
        """Replace the points.

        Parameters
        ----------
        x, y : array of float64 (n_cells, n_clusters)
            Where the clusters are in each of the cells; points that are not finite are left out.
        color : array of int64 (n_clusters,)
        values : array of float64 (n_clusters,), optional
            What the sizes stand for; None for points that are alike.
        cells : sequence of int
        """
        if values is None:
            which = np.where(color >= 0, len(_STEPS) + 1, len(_STEPS))
        else:
            which = diameters(values, color)
        known = np.isfinite(x).all(axis=0) & np.isfinite(y).all(axis=0)
        for k, batch in enumerate(self._batches):
            own = np.flatnonzero(known & (which == k))
            batch.set_data(
                *(
                    vertices(x[row, own], y[row, own], color=color[own], cell=cell)
                    for row, cell in enumerate(cells)
                )
            )

    @property
    def vertices(self) -> NDArray[Any]:
        """Of all sizes."""
        return np.concatenate([batch.vertices for batch in self._batches])

    def draw(self, shared: Shared, context: Any) -> None:
        """Draw, the large points behind the small ones; the canvas is current."""
        for part, batch in sorted(
            zip(self._parts, self._batches, strict=True), key=lambda pair: -pair[0]
        ):
            batch.size = part * self.size
            batch.draw(shared, context)
