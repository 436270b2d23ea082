"""Template view: the shapes of all clusters over the probe, the selected ones in their colours."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, sample_spikes
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset import ShankData, mean_template
from phygui.storage.cache import ByteCache
from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import Cancel, Empty, View, check
from phygui.views.core.colors import BACKGROUND, UNSORTED
from phygui.views.core.loading import missing_data
from phygui.views.core.mouse import scale_of_data
from phygui.views.core.picking import nearest_line
from phygui.views.core.visuals import CANVAS, Batch, Label, boxes, strips, text_width
from phygui.views.data.cluster_values import MOST_NAMED, known_stats
from phygui.views.data.probe_layout import ProbeLayout, probe_layout

_N_SPIKES = 2_000
"""Spikes of a cluster whose templates are looked at."""
_WIDTH = 0.9
"""Of a shape, in the room that its channel has."""
_HEIGHT = 1.5
"""Of the typical cluster on its best channel, likewise: neighbours may be written over."""
_MOST_CHANNELS = 12
"""On which a cluster is drawn, the largest ones."""
_MOST_LINES = 3_000
"""Of clusters that are not selected; of very many, each is drawn on fewer channels."""
_APART = 7.0
"""Logical pixels between the names of clusters that are largest on the same channel."""
_OVERHEAD = 500
"""Bytes that what is kept of a cluster takes beside its shape, about."""

_cache = ByteCache(24 * 2**20)


@dataclass(frozen=True)
class TemplateParams:
    """Settings of the template view."""

    least: float = field(
        default=0.5,
        metadata={
            "label": "Least height",
            "help": "A cluster is drawn on the channels where it is at least so high, as a part "
            f"of its height on its best channel; on {_MOST_CHANNELS} of them at most. Of hundreds "
            "of clusters those that are not selected are drawn on fewer.",
            "min": 0.05,
            "max": 1.0,
            "step": 0.05,
        },
    )
    templates: bool = field(
        default=False,
        metadata={
            "label": "Templates of the sorter",
            "help": "In place of mean waveforms, where the dataset holds templates; without raw "
            "data they are shown in any case.",
        },
    )
    names: bool = field(
        default=True,
        metadata={
            "label": "Cluster numbers",
            "help": "Beside each cluster's shape on its best channel, as far as there is room.",
            "reload": False,
        },
    )
    data_scale: float = scale_of_data()


@dataclass(frozen=True, eq=False)
class _Lines:
    """The shape of a cluster on its largest channels, whatever is selected."""

    channels: NDArray[np.int64]
    """Indices, the largest one first, (n_lines,); none where the shape is not known."""
    heights: NDArray[np.float32]
    """(n_lines,)"""
    shapes: NDArray[np.float32]
    """(n_lines, n_samples)"""


@dataclass(frozen=True)
class TemplateData:
    """Shapes of clusters on channels, each a line."""

    cluster_ids: tuple[int, ...]
    """The selected clusters."""
    owners: NDArray[np.int64]
    """Cluster of each line, (n_lines,); those of the best cluster are the last ones."""
    colors: NDArray[np.int64]
    """Its place in the selection, (n_lines,), or ``UNSORTED``."""
    channels: NDArray[np.int64]
    """Index of the channel that each line is on, (n_lines,)."""
    shapes: NDArray[np.float32]
    """(n_lines, n_samples) in `unit`."""
    is_best: NDArray[np.bool_]
    """Whether a line is on the best channel of its cluster, (n_lines,)."""
    layout: ProbeLayout
    channel_names: tuple[str, ...]
    full_scale: float
    """How high the typical cluster is on its best channel, in `unit`."""
    unit: str
    n_unknown: int
    """Clusters whose shape is not known yet."""


def load(snapshot: Snapshot, params: TemplateParams, cancelled: Cancel) -> TemplateData | Empty:
    """The shapes of all clusters that are known; those of the selected ones are computed.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    shank = snapshot.shank
    if not shank.n_channels:
        return Empty("This shank has no channels.")
    if shank.waveforms is None and shank.templates is None:
        return missing_data(shank, "traces")
    every = sorted(snapshot.spikes_per_cluster)
    # What is drawn last is on top.
    chosen = set(snapshot.cluster_ids)
    ids = [*(c for c in every if c not in chosen), *reversed(snapshot.cluster_ids)]
    known = _known_lines(snapshot, ids, params, cancelled)
    if not known:
        return Empty("No cluster has a mean waveform or a template.")
    places = {c: k for k, c in enumerate(snapshot.cluster_ids)}
    most = max(1, _MOST_LINES // max(1, len(known)))
    owners, channels, shapes, is_best = [], [], [], []
    for cluster_id, lines in known.items():
        n = int(np.count_nonzero(lines.heights >= params.least * lines.heights[0]))
        n = n if cluster_id in places else min(n, most)
        owners += [cluster_id] * n
        channels.append(lines.channels[:n])
        shapes.append(lines.shapes[:n])
        is_best += [True] + [False] * (n - 1)
    tallest = [lines.heights[0] for lines in known.values()]
    return TemplateData(
        cluster_ids=snapshot.cluster_ids,
        owners=np.array(owners, np.int64),
        colors=np.array([places.get(c, UNSORTED) for c in owners], np.int64),
        channels=np.concatenate(channels),
        shapes=np.concatenate(shapes),
        is_best=np.array(is_best, np.bool_),
        layout=probe_layout(shank.channel_positions),
        channel_names=tuple(str(int(c)) for c in shank.channels),
        full_scale=float(np.percentile(tallest, 75)) or 1.0,
        unit=shank.voltage_unit,
        n_unknown=len(ids) - len(known),
    )


def _known_lines(
    snapshot: Snapshot, cluster_ids: list[int], params: TemplateParams, cancelled: Cancel
) -> dict[int, _Lines]:
    """What is drawn of clusters at most, in the order given, without those that are not known."""
    shank, found = snapshot.shank, {}
    gains = np.asarray(shank.channel_gains, np.float32)
    if params.templates and shank.templates is not None:
        for cluster_id in cluster_ids:
            check(cancelled)
            found[cluster_id] = _lines_of_template(shank, snapshot.spikes(cluster_id), gains)
    else:
        # Without raw data a mean waveform is a template.
        for cluster_id, stats in known_stats(snapshot, cluster_ids, cancelled).items():
            check(cancelled)
            found[cluster_id] = _lines_of_waveform(shank, stats.summary, gains)
    return {c: found[c] for c in cluster_ids if c in found and len(found[c].channels)}


def _lines_of_waveform(
    shank: ShankData, summary: ClusterSummary, gains: NDArray[np.float32]
) -> _Lines:
    owners, key = (summary, shank), ("mean waveform", hash(gains.tobytes()))
    known: _Lines | None = _cache.get(owners, key)
    if known is None:
        known = _keep(owners, key, _lines(summary.mean_waveform, gains))
    return known


def _lines_of_template(
    shank: ShankData, spikes: NDArray[np.int64], gains: NDArray[np.float32]
) -> _Lines:
    owners, key = (shank, spikes), ("template", shank.n_located, hash(gains.tobytes()))
    known: _Lines | None = _cache.get(owners, key)
    if known is None:
        template = mean_template(shank, sample_spikes(spikes, _N_SPIKES))
        known = _keep(owners, key, _lines(template, gains))
    return known


def _keep(owners: tuple[object, ...], key: Hashable, lines: _Lines) -> _Lines:
    n_bytes = lines.shapes.nbytes + lines.channels.nbytes + lines.heights.nbytes
    _cache.put(owners, key, lines, n_bytes + _OVERHEAD)
    return lines


def _lines(raw: NDArray[np.float32] | None, gains: NDArray[np.float32]) -> _Lines:
    """The largest lines of a shape, (n_samples, n_channels) in raw units."""
    if raw is None or not raw.size or not np.isfinite(raw).all():
        return _Lines(np.empty(0, np.int64), np.empty(0, np.float32), np.empty((0, 0), np.float32))
    heights = np.ptp(raw, axis=0) * np.abs(gains)
    order = np.argsort(-heights, kind="stable")[:_MOST_CHANNELS]
    return _Lines(order, heights[order], raw.T[order] * gains[order, None])


class TemplateView(View[TemplateParams, TemplateData]):
    """Every cluster's shape on its channels, where these are on the probe."""

    Params: ClassVar[type] = TemplateParams
    has_legend: ClassVar[bool] = True
    writes_over: bool = False
    load = staticmethod(load)

    def __init__(self, params: TemplateParams | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        self._others = Batch("strips", opacity=0.45)
        self._selected = Batch("strips", size=2.0)
        self._grounds = Batch("triangles", opacity=0.8)
        """Under the names of clusters, which lines would cross out."""
        self.visuals = [self._others, self._selected, self._grounds]
        self._x: NDArray[np.floating] = np.zeros((0, 0))
        self._base: NDArray[np.floating] = np.zeros(0)
        self._dy: NDArray[np.floating] = np.zeros((0, 0))

    @property
    def shows_metrics(self) -> bool:
        """Whether it changes as more is known: clusters come in with their statistics."""
        return True

    @property
    def summary(self) -> str:
        """How many clusters are still to come."""
        n = self.data.n_unknown if isinstance(self.data, TemplateData) else 0
        return f"{n:,} cluster{'' if n == 1 else 's'} whose shape is not known yet" if n else ""

    def build(self, data: TemplateData) -> None:
        """Put each line at its channel."""
        layout = data.layout
        x0, x1, y0, y1 = layout.limits
        self.set_cells(
            [
                Cell(
                    Axis("x", x0, x1, ticks=None, keep=True),
                    Axis("y", y0 - layout.height, y1 + layout.height, ticks=None, keep=True),
                )
            ]
        )
        centers = layout.centers[data.channels]
        along = np.linspace(-0.5, 0.5, data.shapes.shape[1]) * _WIDTH * layout.width
        self._x, self._base = centers[:, :1] + along, centers[:, 1]
        self._dy = data.shapes * (_HEIGHT * layout.height / data.full_scale)
        selected = data.colors >= 0
        for batch, of in ((self._others, ~selected), (self._selected, selected)):
            batch.set_data(
                strips(
                    self._x[of],
                    self._base[of, None],
                    dy=self._dy[of],
                    color=data.colors[of, None],
                )
            )
        self._name(data)

    def _name(self, data: TemplateData) -> None:
        """Name clusters at their best channels, the selected ones first."""
        self.labels = []
        if not self.params.names:
            return
        best = np.flatnonzero(data.is_best)[::-1]
        is_selected = data.colors[best] >= 0
        lines, others = best[is_selected][:MOST_NAMED], best[~is_selected]
        # Of very many some have names, all over the probe.
        step = max(1, -(-len(others) // max(1, MOST_NAMED - len(lines))))
        lines = np.concatenate([lines, others[::step]])
        # Above the beginnings of the lines, where shapes are still flat.
        n_first = max(1, self._dy.shape[1] // 8)
        above, taken = np.zeros(len(data.layout.centers)), np.zeros(len(data.layout.centers))
        np.maximum.at(above, data.channels[lines], self._dy[lines, :n_first].max(axis=1))
        for k in lines.tolist():
            channel, name = int(data.channels[k]), str(data.owners[k])
            place = float(self._x[k, 0]), float(self._base[k] + above[channel])
            # Those of one channel stand side by side.
            offset = float(taken[channel]), -2.0
            label = Label(name, *place, 0, int(data.colors[k]), ("left", "bottom"), offset)
            self.labels.append(label)
            taken[channel] += text_width(name) + _APART

    def _lay_out(self, size: tuple[float, float]) -> None:
        super()._lay_out(size)
        grounds = []
        for label in self.all_labels if self.has_picture else ():
            if label.cell != 0:
                continue
            left, top, width, height = self.layout.boxes[0]
            x, y = self.to_pixels(0, label.x, label.y)
            if left <= x <= left + width and top <= y <= top + height:
                first, bottom = x + label.offset[0], y + label.offset[1]
                # That of one name begins where that of the one before it ends.
                last = first + text_width(label.text) + _APART - 2
                grounds.append((first - 2, last, bottom - 13, bottom))
        places = np.reshape(grounds, (-1, 4)).T
        self._grounds.set_data(boxes(*places, color=BACKGROUND, cell=CANVAS))

    def _line_at(self, cell: int, x: float, y: float) -> int | None:
        """Index of the line under the mouse; of several, the one that is on top."""
        (x0, x1), (y0, y1) = self.cells[cell].x.view, self.cells[cell].y.view
        _, _, width, height = self.layout.boxes[cell]
        if not len(self._base):
            return None
        # Of hundreds of clusters most are elsewhere.
        near = np.flatnonzero((self._x[:, 0] <= x) & (self._x[:, -1] >= x))[::-1]
        across = (self._x[near] - x) / (x1 - x0) * width
        up = (self._base[near, None] + self.data_scale * self._dy[near] - y) / (y1 - y0) * height
        found = nearest_line(across, up)
        return None if found is None else int(near[found])

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for a cluster."""
        if not isinstance(self.data, TemplateData) or button != 1:
            return False
        line = self._line_at(cell, x, y)
        if line is not None:
            self.cluster_clicked.emit(int(self.data.owners[line]))
        return True

    def describe(self, cell: int, x: float, y: float) -> str:
        """The cluster under the mouse, and how high it is on this channel."""
        data, line = self.drawn, self._line_at(cell, x, y)
        if line is None:
            return f"channel {data.channel_names[data.layout.nearest(x, y)]}"
        height = float(np.ptp(data.shapes[line]))
        name = data.channel_names[int(data.channels[line])]
        return f"cluster {data.owners[line]}, channel {name}, {height:.4g} {data.unit} high"
