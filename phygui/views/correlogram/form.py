"""Which correlograms are shown in the room that there is, and where."""

from __future__ import annotations

import math
from dataclasses import dataclass

from phygui.views.core.histograms import n_columns

LEAST_PLOT = (36.0, 22.0)
"""Logical pixels of width and height below which the plots of a matrix say nothing."""
MOST_AS_MATRIX = 3
"""Clusters up to which there is nothing to gain by leaving pairs out."""
PAIR_PART = 1 / 3
"""Part of the view's longer side that the pair takes beside the autocorrelograms."""


@dataclass(frozen=True)
class Place:
    """Where a correlogram is on the grid."""

    row: int
    column: int
    spans: tuple[int, int] = (1, 1)


def form_of(layout: str, n_clusters: int, size: tuple[float, float]) -> str:
    """``matrix`` or ``acgs``, as the settings say, or for ``auto`` by the size of the plots.

    Parameters
    ----------
    layout : str
        The setting: ``auto``, ``matrix`` or ``acgs``.
    n_clusters : int
    size : tuple of float
        Width and height of the view in logical pixels.
    """
    if n_clusters < 2:
        return "matrix"
    if layout != "auto":
        return layout
    fits = all(length / n_clusters >= least for length, least in zip(size, LEAST_PLOT, strict=True))
    return "matrix" if fits or n_clusters <= MOST_AS_MATRIX else "acgs"


def pairs_of(form: str, n_clusters: int) -> list[tuple[int, int]]:
    """Row and column of the matrix of all pairs, for each plot of a form."""
    clusters = range(n_clusters)
    if form == "matrix":
        return [(i, j) for i in clusters for j in clusters]
    return [(0, 1), *((i, i) for i in clusters)]


def places_of(form: str, n_clusters: int, size: tuple[float, float]) -> list[Place]:
    """Where each plot of a form is: the pair at the left of a wide view, above in a tall one."""
    if form == "matrix":
        return [Place(i, j) for i, j in pairs_of(form, n_clusters)]
    width, height = size
    is_wide = width >= height
    rest = (width * (1 - PAIR_PART), height) if is_wide else (width, height * (1 - PAIR_PART))
    columns = n_columns(n_clusters, rest)
    rows = math.ceil(n_clusters / columns)
    share = PAIR_PART / (1 - PAIR_PART)
    if is_wide:
        taken = max(1, round(columns * share))
        pair, first = Place(0, 0, (rows, taken)), (0, taken)
    else:
        taken = max(1, round(rows * share))
        pair, first = Place(0, 0, (taken, columns)), (taken, 0)
    where = (divmod(k, columns) for k in range(n_clusters))
    return [pair, *(Place(first[0] + row, first[1] + column) for row, column in where)]
