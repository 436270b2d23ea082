"""The raster view: when every cluster fires, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import TIME
from phygui.storage.cache import ByteCache
from phygui.views.core.axes import Axis, Cell, Ticks, id_ticks
from phygui.views.core.base import Cancel, Empty, View, check
from phygui.views.core.colors import FRAME
from phygui.views.core.cursor import Gaps, TimeCursor, is_in_gap
from phygui.views.core.visuals import CANVAS, Batch, Images, Label, apart, vertices
from phygui.views.data.cluster_points import group_colors, groups_in_words, named_groups
from phygui.views.data.spike_walk import counts_between, samples_like

N_BINS = 1500
LEAST_WITH_GAPS = 4.0
"""Logical pixels from one row to the next from which there is a gap between them: in lower ones
it would hide some rows and not others."""
MOST_WIDENED = 0.5
"""Part of the view's height up to which selected rows are drawn over their neighbours."""
_counts = ByteCache(16 * 2**20)
"""How many spikes of a cluster lie in each bin: a selection changes none of them."""


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
    rates: NDArray[np.float32]
    """(n_clusters, n_bins) spikes per second."""
    span: tuple[float, float]
    """Start and stop of the time that is looked at, seconds."""
    shades: NDArray[np.float32]
    """(n_clusters, n_bins): the same as an opacity."""
    selected: tuple[int, ...]
    boundaries: tuple[float, ...]
    """Seconds where recordings after the first begin."""
    gaps: Gaps = ()
    colors: tuple[int, ...] = ()
    """Of the rows: place in the selection, or the colour of the cluster's group."""
    groups: Mapping[int, str] = field(default_factory=dict)


def load(snapshot: Snapshot, params: RasterParams, cancelled: Cancel) -> RasterData | Empty:
    """Firing rates of all clusters; the cost is that of the bins, not of the spikes.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    shank = snapshot.shank
    clock, timeline, rate = shank.clock, shank.clock.timeline, float(shank.sample_rate)
    start, stop = snapshot.time_range or (0.0, timeline.n_samples / rate)
    span = stop - start
    ids = sorted(snapshot.spikes_per_cluster)
    if not ids or span <= 0:
        return Empty("There are no spikes")
    if params.order == "number of spikes":
        ids.sort(key=lambda c: -len(snapshot.spikes(c)))
    elif params.order == "selection":
        first = set(snapshot.cluster_ids)
        ids = [*snapshot.cluster_ids, *(c for c in ids if c not in first)]
    spike_samples = clock.sorted_samples
    edges = start * rate + np.arange(N_BINS + 1) * (span * rate / N_BINS)
    limits = np.ceil(edges - 1e-6)
    # A spike at the very end belongs to the last bin.
    limits[-1] += 1
    ranks = np.searchsorted(spike_samples, samples_like(spike_samples, limits))
    rates = np.empty((len(ids), N_BINS), dtype=np.float32)
    for k, cluster_id in enumerate(ids):
        check(cancelled)
        owners, key = (clock, snapshot.spikes(cluster_id)), (start, stop)
        counts = _counts.get(owners, key)
        if counts is None:
            counts = counts_between(clock, owners[1], ranks).astype(np.float32)
            _counts.put(owners, key, counts, counts.nbytes)
        rates[k] = counts
    recorded = np.diff(timeline.to_rows(edges)) / rate
    # A bin of which hardly anything was recorded would outshine its row.
    rates /= np.maximum(recorded, span / N_BINS / 2)
    starts = timeline.starts[1:] / rate
    starts = starts[(starts >= start) & (starts < stop)]
    return RasterData(
        cluster_ids=tuple(ids),
        rates=rates,
        span=(start, stop),
        shades=_shades(rates, params.relative),
        selected=snapshot.cluster_ids,
        boundaries=tuple(starts.tolist()),
        gaps=clock.gap_times(),
        colors=tuple(group_colors(snapshot, ids).tolist()),
        groups=named_groups(snapshot),
    )


def _shades(rates: NDArray[np.float32], relative: bool) -> NDArray[np.float32]:
    """Rates of clusters, as parts of the highest one of each, or of all: the least is seen too."""
    tops = rates.max(axis=1, keepdims=True)
    if not relative:
        tops = np.full_like(tops, tops.max())
    shades: NDArray[np.float32] = rates / np.maximum(tops, np.float32(1e-9))
    shades *= 0.75
    np.add(shades, np.float32(0.25), out=shades, where=shades > 0)
    return shades


class RasterView(View[RasterParams, RasterData], TimeCursor):
    """One row for each cluster: selected ones in their colours, others in those of their groups."""

    Params: ClassVar[type] = RasterParams
    load = staticmethod(load)

    def __init__(self, params: RasterParams | None = None, *, theme: str = "dark") -> None:
        TimeCursor.__init__(self)
        View.__init__(self, params, theme=theme)
        self._image = Images()
        self._marks = Batch("lines")
        self._rows = np.zeros(0, np.int64)
        self._colors = np.zeros(0, np.int64)
        self.visuals = [self.gap_bands, self._marks, self._image, self.cursor_line]

    def build(self, data: RasterData) -> None:
        """Draw each row as the opacity of its colour."""
        n = len(data.cluster_ids)
        x = Axis(TIME, *data.span, "time (s)", keep=True, limits=data.span)
        y = Axis(
            "row", 0.5 - n, 0.5, "cluster", self._ticks, limits=(0.5 - n, 0.5), named_below=True
        )
        self.set_cells([Cell(x, y)])
        colors = np.array(data.colors)
        # What is drawn last is on top.
        self._rows = np.argsort(colors >= 0, kind="stable")
        self._colors = colors[self._rows]
        extents = self._extents(data, self.size)
        self._image.set_data(data.shades[self._rows, None], extents, color=self._colors)
        at = np.reshape(data.boundaries, (-1, 1))
        self._marks.set_data(vertices(at, [1.0, -1.0 - n], color=FRAME))
        self.draw_gaps(data.gaps)
        self.draw_cursor()

    def _extents(self, data: RasterData, size: tuple[float, float]) -> NDArray[np.float64]:
        """Where each row is, selected ones at least as high as the settings say, (n_rows, 4)."""
        n = len(self._rows)
        low, high = self.cells[0].y.view
        height = self.layout.boxes[0][3] if len(self.layout.boxes) else size[1]
        n_selected = len(data.selected)
        half, half_selected = half_heights(
            height / (high - low), n_selected, n, self.params.least_height
        )
        reach = np.where(self._colors < 0, half, half_selected)
        start, stop = (np.full(n, time) for time in data.span)
        return np.column_stack([start, stop, -self._rows - reach, reach - self._rows])

    def _ticks(self, low: float, high: float, n_max: int) -> Ticks:
        shown = self.drawn
        ticks = id_ticks(shown.cluster_ids, -high, -low, 3 * n_max, besides=shown.selected)
        return [(-place, text) for place, text in ticks]

    def _lay_out(self, size: tuple[float, float]) -> None:
        super()._lay_out(size)
        if isinstance(self.data, RasterData):
            self._image.place(self._extents(self.data, size), color=self._colors)
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
        rate = data.rates[row, k]
        return f"{named}: {rate:.3g} spikes/s"
