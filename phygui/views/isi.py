"""The interval view: how long after one another the spikes of each cluster come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import isi_histogram, lag_edges, refractory_violations
from phygui.curation.snapshot import Snapshot
from phygui.views.axes import Axis, Cell, Ticks, nice_ticks
from phygui.views.base import Cancel, Empty, View, check
from phygui.views.cache import ByteCache
from phygui.views.colors import ALERT, BACKGROUND, DIM, FRAME
from phygui.views.lags import LagScale, log_edges
from phygui.views.visuals import CANVAS, Batch, Label, boxes, text_width

MAX_CLUSTERS = 20
TITLE = 17.0
"""Logical pixels kept free of bars for the name of the cluster."""

_cache = ByteCache(8 * 2**20)


@dataclass(frozen=True)
class IsiParams:
    """Settings of the interval view."""

    bin_ms: float = field(
        default=0.5,
        metadata={"label": "Bin", "unit": "ms", "min": 0.05, "max": 1000.0, "step": 0.5},
    )
    longest_ms: float = field(
        default=50.0,
        metadata={"label": "Longest", "unit": "ms", "min": 1.0, "max": 100_000.0, "step": 10.0},
    )
    log: bool = field(
        default=False,
        metadata={"label": "Logarithmic", "help": "Bins of equal width on a logarithmic axis"},
    )
    refractory_ms: float = field(
        default=2.0,
        metadata={"label": "Refractory period", "unit": "ms", "min": 0.0, "max": 50.0, "step": 0.5},
    )


@dataclass(frozen=True)
class IsiData:
    """Intervals between consecutive spikes of the selected clusters."""

    cluster_ids: tuple[int, ...]
    counts: NDArray[np.int64]
    """(n_clusters, n_bins)"""
    edges_ms: NDArray[np.float64]
    """(n_bins + 1,)"""
    violations: NDArray[np.float64]
    """(n_clusters,) share of the spikes that follow the one before within the refractory period."""
    n_left_out: int


def load(snapshot: Snapshot, params: IsiParams, cancelled: Cancel) -> IsiData | Empty:
    """Intervals of the selected clusters, exact on all their spikes.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    ids = snapshot.cluster_ids[:MAX_CLUSTERS]
    if not ids:
        return Empty("No cluster is selected")
    model = snapshot.model
    rate = float(model.sample_rate)
    if params.log:
        edges = log_edges(params.longest_ms)
    else:
        bin_size = max(round(params.bin_ms / 1000 * rate), 1) / rate
        n_bins = max(int(np.ceil(params.longest_ms / 1000 / bin_size - 1e-9)), 1)
        edges = lag_edges(bin_size, 2 * bin_size * (n_bins - 1))
    counts, violations = [], []
    for cluster_id in ids:
        check(cancelled)
        spike_ids = snapshot.spikes(cluster_id)
        found = _cache.get((spike_ids,), (params, rate))
        if found is None:
            samples = np.asarray(model.spike_samples)[spike_ids].astype(np.int64)
            found = (
                isi_histogram(samples, edges, rate),
                refractory_violations(samples, rate, params.refractory_ms / 1000).rate,
            )
            _cache.put((spike_ids,), (params, rate), found, found[0].nbytes)
        counts.append(found[0])
        violations.append(found[1])
    n_left_out = len(snapshot.cluster_ids) - len(ids)
    return IsiData(tuple(ids), np.array(counts), edges * 1000, np.array(violations), n_left_out)


class IsiView(View):
    """A histogram of intervals for each selected cluster."""

    name: ClassVar[str] = "intervals"
    title = "Intervals"
    Params: ClassVar[type] = IsiParams
    load = staticmethod(load)

    def __init__(self, params: Any = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        self._band = Batch("triangles", opacity=0.45)
        self._bars = Batch("triangles")
        self._grounds = Batch("triangles", opacity=0.8)
        self.visuals = [self._band, self._bars, self._grounds]

    def build(self, data: IsiData) -> None:
        """Make one plot for each cluster."""
        n = len(data.cluster_ids)
        n_columns = int(np.ceil(np.sqrt(n)))
        edges = self._scale.place(data.edges_ms)
        low, high = float(edges[0]), float(edges[-1])
        x = Axis("interval", low, high, ticks=self._ticks, limits=(low, high))
        cells = []
        for k, counts in enumerate(data.counts):
            label = "spikes" if k == 0 else ""
            y = Axis(f"{k}", 0, max(counts.max(), 1), label, _height_ticks, fixed=True)
            cells.append(Cell(x, y, *divmod(k, n_columns)))
        self.set_cells(cells)
        row, column = np.nonzero(data.counts)
        self._bars.set_data(
            boxes(
                edges[column], edges[column + 1], 0, data.counts[row, column], color=row, cell=row
            )
        )
        reach = self._scale.place(self.params.refractory_ms)
        if low < reach:
            band = boxes(low, float(reach), 0, 1e30, color=FRAME, cell=np.arange(n))
            self._band.set_data(band)
        else:
            self._band.clear()

    @property
    def _scale(self) -> LagScale:
        return LagScale(self.params.log)

    def _ticks(self, low: float, high: float, n_max: int) -> Ticks:
        n_columns = int(np.ceil(np.sqrt(len(self.data.cluster_ids))))
        return self._scale.ticks(low, high, self.size[0] / n_columns)

    def _lay_out(self, size: tuple[float, float]) -> None:
        if isinstance(self.data, IsiData):
            n_rows = 1 + max(cell.row for cell in self.cells)
            height = max(size[1] / n_rows - 25, 1.0)
            for cell in self.cells:
                top = cell.y.high / max(1 - TITLE / height, 0.3)
                cell.y.view = (0.0, top / self.data_scale)
        super()._lay_out(size)
        if isinstance(self.data, IsiData):
            self._text.set_labels([*self._text.labels, *self._captions(self.data)])

    def _captions(self, data: IsiData) -> list[Label]:
        labels, grounds = [], []
        for k, (left, top, width, _) in enumerate(self.layout.boxes):
            name = str(data.cluster_ids[k])
            x = left + 5
            if width < text_width(name) + 10:
                continue
            labels.append(Label(name, x, top + 3, CANVAS, k))
            grounds.append((left + 1, x + text_width(name) + 3, top + 1, top + 18))
            share = self._violation_text(data, k)
            if text_width(name) + text_width(share) + 20 < width:
                color = ALERT if data.violations[k] >= 0.01 else DIM
                right = left + width - 5
                labels.append(Label(share, right, top + 3, CANVAS, color, ("right", "top")))
                grounds.append((right - text_width(share) - 3, right + 3, top + 1, top + 18))
        ground = boxes(*np.reshape(grounds, (-1, 4)).T, color=BACKGROUND, cell=CANVAS)
        self._grounds.set_data(ground)
        return labels

    def _violation_text(self, data: IsiData, k: int) -> str:
        return f"{100 * data.violations[k]:.2g}% < {self.params.refractory_ms:g} ms"

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for the cluster."""
        if button != 1 or not isinstance(self.data, IsiData):
            return False
        self.cluster_clicked.emit(self.data.cluster_ids[cell])
        return True

    def describe(self, cell: int, x: float, y: float) -> str:
        """The cluster and the bar under the mouse."""
        data: IsiData = self.data
        text = f"cluster {data.cluster_ids[cell]}, {self._violation_text(data, cell)}"
        k = int(np.searchsorted(self._scale.place(data.edges_ms), x, side="right")) - 1
        if 0 <= k < data.counts.shape[1]:
            low, high = data.edges_ms[k : k + 2]
            text += f", {low:.3g} to {high:.3g} ms: {data.counts[cell, k]} spikes"
        return text


def _height_ticks(low: float, high: float, n_max: int) -> Ticks:
    """Whole numbers; one of them can be read even in a low plot."""
    return [t for t in nice_ticks(low, high, max(n_max, 3)) if t[0] == round(t[0])]
