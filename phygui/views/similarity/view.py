"""The similarity view: how similar every two clusters are."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.similarity_rows import Matrix
from phygui.curation.statistics.snapshot import Snapshot
from phygui.storage.cache import ByteCache
from phygui.views.core.axes import Axis, Cell, Ticks, id_ticks
from phygui.views.core.base import Cancel, Empty, View, check
from phygui.views.core.colors import DIM, GRID
from phygui.views.core.loading import missing_data
from phygui.views.core.visuals import CANVAS, Batch, Images, Label, apart, boxes, vertices
from phygui.views.data.cluster_values import known_stats, locations_of

BUDGET_S = 0.05
"""How long clusters are compared before what is known by then is shown to who waits for it."""
GO_ON_S = 0.5
"""How long they are compared before more is shown, while nothing else is selected or edited."""
MOST_FRAMED = 12
"""Selected clusters of which every pair is framed: the frames of more would hide the others."""
MOST_NAMES = 100
"""Selected clusters that are named at most: of more, names would stand in place of one another."""
_LEAST_FRAME = 5.0
"""Logical pixels that a frame is wide and high at least, so that it is seen on a large matrix."""
_MARK = 3.0
"""Logical pixels of the mark between the id of a selected cluster and the matrix."""
_BAR = 12.0
"""Logical pixels of the colour bar's width."""
_BAR_ROOM = 62.0
"""Logical pixels that the colour bar takes with what is written at it."""
_SMALLEST_WITH_BAR = (320.0, 120.0)
"""Logical pixels of width and height below which the matrix has all of the canvas."""
_BAR_TICKS = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
_asked: WeakKeyDictionary[Matrix, int] = WeakKeyDictionary()
"""The generation of the session for which each matrix was asked for last."""
_ordered = ByteCache(64 * 2**20)


@dataclass(frozen=True)
class SimilarityParams:
    """Settings of the similarity view."""

    order: str = field(
        default="depth",
        metadata={
            "label": "Sort clusters by",
            "choices": ("depth", "id", "similarity"),
            "help": "By similarity, similar clusters stand side by side",
        },
    )


@dataclass(frozen=True)
class SimilarityData:
    """Similarity of every two clusters."""

    cluster_ids: tuple[int, ...]
    """In the order of rows and columns."""
    values: NDArray[np.float32]
    """(n_clusters, n_clusters) in [0, 1]: 0 on the diagonal, which would outshine everything, and
    where it is not known yet. Not to be written to; the same array while nothing has changed."""
    selected: tuple[int, ...]
    is_partial: bool = False
    """Whether clusters are still to be compared."""


def load(snapshot: Snapshot, params: SimilarityParams, cancelled: Cancel) -> SimilarityData | Empty:
    """Compare every two clusters, as far as nobody has, and as far as it can be done at once.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    shank = snapshot.shank
    if shank.features is None and shank.waveforms is None:
        return missing_data(shank, "features", "traces")
    ids = sorted(snapshot.spikes_per_cluster)
    if not ids:
        return Empty("There are no clusters")
    stats = known_stats(snapshot, ids, cancelled)
    ids = list(stats)
    if params.order != "id":
        depths = locations_of(snapshot, stats)[:, 1]
        order = np.argsort(np.where(np.isfinite(depths), -depths, np.inf), kind="stable")
        ids = [ids[k] for k in order.tolist()]
    summaries = {c: stats[c].summary for c in ids}
    goes_on_alone = _asked.get(snapshot.matrix) == snapshot.generation
    _asked[snapshot.matrix] = snapshot.generation
    end = time.perf_counter() + (GO_ON_S if goes_on_alone else BUDGET_S)

    def goes_on() -> bool:
        check(cancelled)
        return time.perf_counter() < end

    is_known = snapshot.matrix.learn(summaries, snapshot.similarity, goes_on)
    values = snapshot.matrix.between(summaries)
    if params.order == "similarity" and len(ids) > 2 and is_known:
        check(cancelled)
        ids, values = _by_similarity(tuple(ids), values)
    return SimilarityData(tuple(ids), values, snapshot.cluster_ids, not is_known)


def _by_similarity(
    ids: tuple[int, ...], values: NDArray[np.float32]
) -> tuple[list[int], NDArray[np.float32]]:
    """Clusters and similarities so that alike ones follow one another; kept while these are."""
    known: tuple[list[int], NDArray[np.float32]] | None = _ordered.get((values,), ids)
    if known is None:
        order = _neighbours(values)
        known = [ids[k] for k in order], values[np.ix_(order, order)]
        _ordered.put((values,), ids, known, values.nbytes)
    return known


def _neighbours(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """An order in which alike clusters follow one another: that of a tree of average linkage."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - np.clip((values + values.T) / 2, 0, 1)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    return np.asarray(leaves_list(tree), np.intp)


class SimilarityView(View[SimilarityParams, SimilarityData]):
    """A square for every two clusters, the brighter the more alike."""

    Params: ClassVar[type] = SimilarityParams
    load = staticmethod(load)

    def __init__(self, params: SimilarityParams | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        self._image = Images()
        self._bar = Images()
        self._diagonal = Batch("lines")
        self._marks = Batch("triangles")
        self._frames = Batch("lines", smooth=False)
        self.visuals = [self._image, self._bar, self._diagonal, self._marks, self._frames]
        self._drawn_values: NDArray[np.float32] | None = None
        self._rows: dict[int, int] = {}

    @property
    def shows_metrics(self) -> bool:
        """Whether it changes as more is known: what a merge makes is estimated at first."""
        return isinstance(self.data, SimilarityData)

    def build(self, data: SimilarityData) -> None:
        """Draw the matrix, first cluster at the upper left."""
        n = len(data.cluster_ids)
        x = Axis("column", -0.5, n - 0.5, "", self._column_ticks, limits=(-0.5, n - 0.5))
        y = Axis(
            "row", 0.5 - n, 0.5, "cluster", self._row_ticks, limits=(0.5 - n, 0.5), named_below=True
        )
        self.set_cells([Cell(x, y)])
        if data.values is not self._drawn_values:
            # Row 0 is at the top.
            self._send_ramp()
            # Most clusters are hardly alike: by its square root a similarity of 0.05 differs from
            # one of 0.2, and both from none.
            shades = np.sqrt(np.maximum(data.values, 0.0))
            self._image.set_data(shades[None], [[-0.5, n - 0.5, 0.5, 0.5 - n]])
            self._drawn_values = data.values
        self._rows = {cluster_id: row for row, cluster_id in enumerate(data.cluster_ids)}
        # A cluster is not compared with itself.
        self._diagonal.set_data(vertices([-0.5, n - 0.5], [0.5, 0.5 - n], color=GRID))

    def set_theme(self, name: str) -> None:
        """Show in another theme; nothing alike has the colour of the ground."""
        super().set_theme(name)
        self._send_ramp()

    def _send_ramp(self) -> None:
        low, high = (self.colors.roles[role] * 1.0 for role in ("background", "foreground"))
        ramp = np.linspace(low, high, 256).round().astype(np.uint8)
        self._image.set_map(ramp)
        self._bar.set_map(ramp)

    def _row_ticks(self, low: float, high: float, n_max: int) -> Ticks:
        return [(-place, text) for place, text in self._ticks(-high, -low, 3 * n_max)]

    def _column_ticks(self, low: float, high: float, n_max: int) -> Ticks:
        return self._ticks(low, high, 2 * n_max)

    def _ticks(self, low: float, high: float, n_most: int) -> Ticks:
        shown = self.drawn
        return id_ticks(shown.cluster_ids, low, high, n_most, besides=set(shown.selected))

    def _lay_out(self, size: tuple[float, float]) -> None:
        has_bar = self.has_picture and all(
            length >= least for length, least in zip(size, _SMALLEST_WITH_BAR, strict=True)
        )
        self.margins = (0.0, 0.0, _BAR_ROOM if has_bar else 0.0, 0.0)
        super()._lay_out(size)
        if isinstance(self.data, SimilarityData):
            scale = self._show_bar() if has_bar else []
            self._bar.visible = has_bar
            self._text.set_labels(apart([*self._names(self.data), *scale, *self._text.labels]))
            self._mark_selected(self.data)

    def _show_bar(self) -> list[Label]:
        """Draw the colour bar beside the matrix, as even as its colours go; what stands at it."""
        left, top, width, height = self.layout.boxes[0]
        start, bottom = left + width + 8, top + height
        parts = np.linspace(0.0, 1.0, 256)[None, :, None]
        self._bar.set_data(parts, [[start, start + _BAR, bottom, top]], cell=CANVAS)
        at = start + _BAR + 4
        labels = [Label("similarity", at + 34, bottom + 3, CANVAS, DIM, ("right", "top"))]
        for value in reversed(_BAR_TICKS):
            y = bottom - math.sqrt(value) * height
            y = min(max(y, top + 5), bottom - 5)
            text = f"{value:.2f}".rstrip("0") if value % 1 else f"{value:.1f}"
            labels.append(Label(text, at, y, CANVAS, DIM, ("left", "center")))
        return labels

    def _mark_selected(self, data: SimilarityData) -> None:
        """Mark the selected clusters where their ids stand, and frame what two of them have.

        The sides of a frame have the colours of the row's and of the column's cluster.
        """
        left, top, width, height = self.layout.boxes[0]
        right, bottom = left + width, top + height
        n, color = len(data.selected), np.arange(len(data.selected))
        rows = np.array([self._rows[c] for c in data.selected], np.float64)
        x, y = self._spans(rows)
        (x0, x1), (y0, y1) = x.clip(left, right).T, y.clip(top, bottom).T
        in_x, in_y = x1 > x0, y1 > y0
        # The first ones lie on top.
        across, down = np.flatnonzero(in_x)[::-1], np.flatnonzero(in_y)[::-1]
        both = np.flatnonzero(in_x & in_y)[::-1]
        self._marks.set_data(
            boxes(left - _MARK, left, y0[down], y1[down], color=color[down], cell=CANVAS),
            boxes(x0[across], x1[across], bottom, bottom + _MARK, color=color[across], cell=CANVAS),
            boxes(x0[both], x1[both], y0[both], y1[both], color=color[both], cell=CANVAS),
        )
        first = min(n, MOST_FRAMED)
        i, j = (k[::-1] for k in np.nonzero(in_y[:first, None] & in_x[None, :first]))
        i, j = i[i != j], j[i != j]
        corners = np.stack([x0[j], x1[j], y0[i], y1[i]], axis=1)
        # Half a pixel within the cell, so that two frames side by side are both seen.
        inside = np.array([0.5, -0.5, 0.5, -0.5])
        a, b, c, d = (np.floor(corners) + inside).T[:, :, None]
        self._frames.set_data(
            vertices(
                np.hstack([a, b, a, b]), np.hstack([c, c, d, d]), color=i[:, None], cell=CANVAS
            ),
            vertices(
                np.hstack([a, a, b, b]), np.hstack([c, d, c, d]), color=j[:, None], cell=CANVAS
            ),
        )

    def _spans(self, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where columns and rows begin and end on the canvas, (n, 2); all of them can be seen."""
        left, top, width, height = self.layout.boxes[0]
        (low, high), (bottom, upper) = self.cells[0].x.view, self.cells[0].y.view
        ends = rows[:, None] + [-0.5, 0.5]
        found = []
        for span in (
            left + (ends - low) / (high - low) * width,
            top + (upper + ends) / (upper - bottom) * height,
        ):
            missing = np.maximum(_LEAST_FRAME - np.diff(span, axis=1), 0.0) / 2
            found.append(span + missing * [-1.0, 1.0])
        return found[0], found[1]

    def _names(self, data: SimilarityData) -> list[Label]:
        """Ids of the selected clusters, in their colours."""
        left, top, width, height = self.layout.boxes[0]
        labels = []
        for color, cluster_id in enumerate(data.selected[:MOST_NAMES]):
            k = self._rows[cluster_id]
            across, y = self.to_pixels(0, k, -k)
            name = str(cluster_id)
            if top <= y <= top + height:
                labels.append(Label(name, left - 4, y, CANVAS, color, ("right", "center")))
            if left <= across <= left + width:
                below = top + height + 3
                labels.append(Label(name, across, below, CANVAS, color, ("center", "top")))
        return labels

    def _pair(self, x: float, y: float) -> tuple[int, int]:
        last = len(self.drawn.cluster_ids) - 1
        return min(max(round(-y), 0), last), min(max(round(x), 0), last)

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for a pair of clusters, or for one on the diagonal."""
        if button != 1 or not isinstance(self.data, SimilarityData):
            return False
        a, b = (self.data.cluster_ids[k] for k in self._pair(x, y))
        if a == b:
            self.cluster_clicked.emit(a)
        else:
            self.pair_clicked.emit(a, b)
        return True

    def describe(self, cell: int, x: float, y: float) -> str:
        """The pair under the mouse."""
        i, j = self._pair(x, y)
        a, b = self.drawn.cluster_ids[i], self.drawn.cluster_ids[j]
        return (
            f"{a} and {b}: similarity {self.drawn.values[i, j]:.2f}" if i != j else f"cluster {a}"
        )
