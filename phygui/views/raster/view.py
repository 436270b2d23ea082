"""The raster view: when every cluster fires, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import TIME
from phygui.views.core.axes import Axis, Cell, Ticks, id_ticks
from phygui.views.core.base import Cancel, Empty, View
from phygui.views.core.colors import FRAME
from phygui.views.core.cursor import Gaps, TimeCursor, is_in_gap
from phygui.views.core.visuals import CANVAS, OF_EACH, Batch, Images, Label, apart, vertices
from phygui.views.data.cluster_points import group_colors, groups_in_words, named_groups
from phygui.views.raster.rates import N_BINS, Rates, rates_of

LEAST_WITH_GAPS = 4.0
"""Logical pixels from one row to the next from which there is a gap between them: in lower ones
it would hide some rows and not others."""
MOST_WIDENED = 0.5
"""Part of the view's height up to which selected rows are drawn over their neighbours."""


def half_heights(pitch: float, n_selected: int, n_rows: int, least: float) -> tuple[float, float]:
    """Half the height of a row, and of a selected one, in rows.

    Parameters
    ----------
    pitch : float
        Logical pixels from one row to the next.
    n_selected, n_rows : int
        Rows that are selected, and all.
    least : float
        Logical pixels that a selected row should have at least; it gets fewer where all selected
        ones together would hide the others.
    """
    half = 0.45 if pitch >= LEAST_WITH_GAPS else 0.5
    widest = max(MOST_WIDENED * n_rows / max(n_selected, 1), 1.0)
    return half, max(half, min(least / max(pitch, 1e-9), widest) / 2)


@dataclass(frozen=True)
class RasterParams:
    """Settings of the raster view."""

    order: str = field(
        default="id",
        metadata={
            "label": "Sort clusters by",
            "choices": ("id", "number of spikes", "selection"),
            "help": "Order of the rows: by id, the largest cluster first, or the selection first",
        },
    )
    relative: bool = field(
        default=True,
        metadata={
            "label": "Scale each row to its own maximum",
            "help": "Shows rare clusters beside busy ones",
        },
    )
    least_height: float = field(
        default=2.0,
        metadata={
            "label": "Least height of selected rows",
            "unit": "px",
            "min": 0.0,
            "max": 50.0,
            "step": 1.0,
            "reload": False,
            "help": "Where there are too many rows for the view, those of the selected clusters "
            "are drawn over their neighbours",
        },
    )


@dataclass(frozen=True)
class RasterData:
    """Firing rates of all clusters, rows from top to bottom."""

    cluster_ids: tuple[int, ...]
    of_all: Rates
    """Of all clusters by id, or as the settings say; the same while no spikes are other ones."""
    places: NDArray[np.int64]
    """(n_clusters,) where each is among these."""
    selected: tuple[int, ...]
    boundaries: tuple[float, ...]
    """Seconds where recordings after the first begin."""
    gaps: Gaps = ()
    colors: tuple[int, ...] = ()
    """Of the rows: place in the selection, or the colour of the cluster's group."""
    groups: Mapping[int, str] = field(default_factory=dict)

    @property
    def rates(self) -> NDArray[np.float32]:
        """Spikes per second, (n_clusters, n_bins)."""
        return self.of_all.per_bin[self.places]

    @property
    def span(self) -> tuple[float, float]:
        """Start and stop of the time that is looked at, seconds."""
        return self.of_all.span


def load(snapshot: Snapshot, params: RasterParams, cancelled: Cancel) -> RasterData | Empty:
    """Firing rates of all clusters, which a selection leaves as they are.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    clock, rate = snapshot.shank.clock, float(snapshot.shank.sample_rate)
    start, stop = snapshot.time_range or (0.0, clock.timeline.n_samples / rate)
    ids = sorted(snapshot.spikes_per_cluster)
    if not ids or stop <= start:
        return Empty("There are no spikes")
    if params.order == "number of spikes":
        ids.sort(key=lambda c: -len(snapshot.spikes(c)))
    spikes = [snapshot.spikes(c) for c in ids]
    of_all = rates_of(clock, spikes, (start, stop), params.relative, cancelled)
    places = np.arange(len(ids))
    if params.order == "selection":
        rank = {c: k for k, c in enumerate(snapshot.cluster_ids)}
        places = np.argsort([rank.get(c, len(rank)) for c in ids], kind="stable")
        ids = [ids[k] for k in places]
    starts = clock.timeline.starts[1:] / rate
    starts = starts[(starts >= start) & (starts < stop)]
    return RasterData(
        cluster_ids=tuple(ids),
        of_all=of_all,
        places=places,
        selected=snapshot.cluster_ids,
        boundaries=tuple(starts.tolist()),
        gaps=clock.gap_times(),
        colors=tuple(group_colors(snapshot, ids).tolist()),
        groups=named_groups(snapshot),
    )


class RasterView(View[RasterParams, RasterData], TimeCursor):
    """One row for each cluster: selected ones in their colours, others in those of their groups."""

    Params: ClassVar[type] = RasterParams
    load = staticmethod(load)

    def __init__(self, params: RasterParams | None = None, *, theme: str = "dark") -> None:
        TimeCursor.__init__(self)
        View.__init__(self, params, theme=theme)
        self._image = Images()
        self._sent: Rates | None = None
        self._marks = Batch("lines")
        self.visuals = [self.gap_bands, self._marks, self._image, self.cursor_line]

    def build(self, data: RasterData) -> None:
        """Draw each row as the opacity of its colour."""
        n = len(data.cluster_ids)
        x = Axis(TIME, *data.span, "time (s)", keep=True, limits=data.span)
        y = Axis(
            "row", 0.5 - n, 0.5, "cluster", self._ticks, limits=(0.5 - n, 0.5), named_below=True
        )
        self.set_cells([Cell(x, y)])
        if data.of_all is not self._sent:
            self._image.set_data(data.of_all.shades[:, None], np.zeros((n, 4)))
            self._sent = data.of_all
        self._image.set_colors(np.array(data.colors)[np.argsort(data.places)])
        at = np.reshape(data.boundaries, (-1, 1))
        self._marks.set_data(vertices(at, [1.0, -1.0 - n], color=FRAME))
        self.draw_gaps(data.gaps)
        self.draw_cursor()

    def _place_rows(self, data: RasterData) -> None:
        """Put each row in its place, selected ones at least as high as the settings say.

        Rows without a gap between them are drawn together: one by one, thousands of them take
        several times as long.
        """
        low, high = self.cells[0].y.view
        pitch = self.layout.boxes[0][3] / (high - low)
        n, n_selected = len(data.cluster_ids), len(data.selected)
        half, half_selected = half_heights(pitch, n_selected, n, self.params.least_height)
        colors, places = np.array(data.colors), data.places
        reach = np.where(colors < 0, half, half_selected)
        close, apart = np.flatnonzero(reach == 0.5), np.flatnonzero(reach != 0.5)
        is_end = np.diff(places[close]) != 1
        first = close[np.append(True, is_end)[: len(close)]]
        last = close[np.append(is_end, True)[: len(close)]]
        # What is drawn last is on top.
        apart = apart[np.argsort(colors[apart] >= 0, kind="stable")]
        color = np.append(np.full(len(first), OF_EACH), colors[apart])
        first, last = np.append(first, apart), np.append(last, apart)
        start, stop = (np.full(len(first), time) for time in data.span)
        extents = np.column_stack([start, stop, -last - reach[last], reach[first] - first])
        self._image.place(
            extents, color=color, which=np.column_stack([places[last], places[first]])
        )

    def _ticks(self, low: float, high: float, n_max: int) -> Ticks:
        shown = self.drawn
        ticks = id_ticks(shown.cluster_ids, -high, -low, 3 * n_max, besides=shown.selected)
        return [(-place, text) for place, text in ticks]

    def _lay_out(self, size: tuple[float, float]) -> None:
        super()._lay_out(size)
        if isinstance(self.data, RasterData):
            self._place_rows(self.data)
            self._text.set_labels(apart([*self._names(self.data), *self._text.labels]))

    def _names(self, data: RasterData) -> list[Label]:
        """Ids of the selected clusters, in their colours."""
        left, top, _, height = self.layout.boxes[0]
        labels = []
        rows = {cluster_id: row for row, cluster_id in enumerate(data.cluster_ids)}
        for k, cluster_id in enumerate(data.selected):
            _, y = self.to_pixels(0, 0, -rows[cluster_id])
            if top <= y <= top + height:
                text = str(cluster_id)
                labels.append(Label(text, left - 4, y, CANVAS, k, ("right", "center")))
        return labels

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Left for the cluster, right for the time."""
        if not isinstance(self.data, RasterData):
            return False
        if button == 1:
            self.cluster_clicked.emit(self.data.cluster_ids[self._row(y)])
        else:
            self.time_clicked.emit(float(x))
        return True

    def _row(self, y: float) -> int:
        return min(max(round(-y), 0), len(self.drawn.cluster_ids) - 1)

    def describe(self, cell: int, x: float, y: float) -> str:
        """The cluster, the time and the rate there."""
        data = self.drawn
        row = self._row(y)
        cluster = data.cluster_ids[row]
        named = f"{x:.4g} s, cluster {cluster}{groups_in_words(data.groups, cluster)}"
        if is_in_gap(data.gaps, x):
            return f"{named}: not recorded"
        start, stop = data.span
        k = min(max(int((x - start) / (stop - start) * N_BINS), 0), N_BINS - 1)
        rate = data.of_all.per_bin[data.places[row], k]
        return f"{named}: {rate:.3g} spikes/s"
