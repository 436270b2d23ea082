"""The rate view: how often each selected cluster fires over the recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.spike_attributes import TIME
from phygui.views.core.axes import Axis, Cell
from phygui.views.core.base import Cancel, Empty, View, check
from phygui.views.core.colors import FRAME
from phygui.views.core.cursor import Gaps, TimeCursor, is_in_gap
from phygui.views.core.visuals import Batch, vertices
from phygui.views.data.spike_walk import counts_between, samples_like

MOST_BINS = 5000


_SPIKES_PER_BIN = 10
_N_BINS = (20, 100)
"""Bins that there are at least and at most, where their width is automatic."""


@dataclass(frozen=True)
class RateParams:
    """Settings of the rate view."""

    bin: float = field(
        default=0.0,
        metadata={
            "label": "Bin",
            "unit": "s",
            "min": 0.0,
            "max": 3600.0,
            "step": 1.0,
            "lowest": "automatic",
            "help": "Width of a step. Automatic: a hundredth of the recording, or up to five times "
            "as much where clusters have so few spikes that it would be noise.",
        },
    )


@dataclass(frozen=True)
class RateData:
    """Firing rates over time."""

    cluster_ids: tuple[int, ...]
    rates: NDArray[np.float64]
    """(n_clusters, n_bins) spikes per second; NaN in gaps between recordings."""
    edges: NDArray[np.float64]
    """(n_bins + 1,) seconds."""
    boundaries: tuple[float, ...]
    """Seconds where recordings after the first begin."""
    gaps: Gaps = ()


def load(snapshot: Snapshot, params: RateParams, cancelled: Cancel) -> RateData | Empty:
    """Firing rates of the selected clusters; the cost is that of the bins, not of the spikes.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    if not snapshot.cluster_ids:
        return Empty("Select a cluster to see its firing rate.")
    if snapshot.silence:
        return Empty(snapshot.silence)
    shank = snapshot.shank
    clock, timeline, rate = shank.clock, shank.clock.timeline, float(shank.sample_rate)
    start, stop = snapshot.time_range or (0.0, timeline.n_samples / rate)
    duration = float(np.diff(timeline.to_rows(np.array([start, stop]) * rate))[0]) / rate
    if duration <= 0:
        return Empty("The recording has no length")
    sizes = [len(snapshot.spikes(c)) for c in snapshot.cluster_ids]
    n_bins = bins_for(sizes)
    width = max(params.bin, duration / MOST_BINS) if params.bin > 0 else duration / n_bins
    stretches = np.clip(timeline.stretches / rate, start, stop)
    edges = bin_edges(stretches, width, whole=params.bin <= 0)
    spike_samples = clock.sorted_samples
    limits = np.ceil(edges * rate - 1e-6)
    # A spike at the very end belongs to the last bin.
    limits[-1] += 1
    ranks = np.searchsorted(spike_samples, samples_like(spike_samples, limits))
    recorded = ~np.isin(edges[:-1], timeline.gaps[:, 0] / rate)
    rates = np.full((len(snapshot.cluster_ids), len(edges) - 1), np.nan)
    for k, cluster_id in enumerate(snapshot.cluster_ids):
        check(cancelled)
        found = counts_between(clock, snapshot.spikes(cluster_id), ranks) / np.diff(edges)
        rates[k, recorded] = found[recorded]
    starts = timeline.starts[1:] / rate
    starts = starts[(starts >= start) & (starts < stop)]
    return RateData(snapshot.cluster_ids, rates, edges, tuple(starts.tolist()), clock.gap_times())


def bins_for(sizes: list[int]) -> int:
    """Bins in which a cluster of the middle size has enough spikes for its rate to be no noise.

    Parameters
    ----------
    sizes : list of int
        Spikes of each cluster in the time that is shown.
    """
    return int(np.clip(np.median(sizes) / _SPIKES_PER_BIN, *_N_BINS))


def bin_edges(
    stretches: NDArray[np.float64], width: float, *, whole: bool = False
) -> NDArray[np.float64]:
    """Limits of bins: in each stretch of a width, and one for each gap between stretches.

    Parameters
    ----------
    stretches : (n_stretches, 2) float64
        Seconds.
    width : float
    whole : bool
        Whether the bins of a stretch are all of one width, about the one that is asked for; else
        its last bin may be narrower.
    """
    edges = []
    for low, high in stretches.tolist():
        if high > low:
            n_bins = (high - low) / width
            n_bins = max(int(round(n_bins) if whole else np.ceil(n_bins - 1e-9)), 1)
            step = (high - low) / n_bins if whole else width
            edges += [low + np.arange(n_bins) * step, [high]]
    return np.unique(np.concatenate(edges))


class RateView(View[RateParams, RateData], TimeCursor):
    """One line for each selected cluster."""

    Params: ClassVar[type] = RateParams
    has_legend: ClassVar[bool] = True
    grid_lines: ClassVar[bool] = True
    load = staticmethod(load)

    def __init__(self, params: RateParams | None = None, *, theme: str = "dark") -> None:
        TimeCursor.__init__(self)
        View.__init__(self, params, theme=theme)
        self._lines = Batch("lines", size=1.5)
        self._marks = Batch("lines")
        self.visuals = [self.gap_bands, self._marks, self._lines, self.cursor_line]

    def build(self, data: RateData) -> None:
        """Draw the rates as stairs."""
        low, high = float(data.edges[0]), float(data.edges[-1])
        top = max(float(np.nanmax(data.rates)) * 1.05, 1e-9)
        x = Axis(TIME, low, high, "time (s)", keep=True, limits=(low, high))
        y = Axis("rate", 0, top, "spikes/s", limits=(0, top))
        self.set_cells([Cell(x, y)])
        self.on_data_scale(1.0)
        # Each stair is a tread and the riser to the next one.
        xs = np.repeat(data.edges, 2)[1:-1]
        heights = np.repeat(data.rates, 2, axis=1)
        points = np.repeat(np.arange(len(xs)), 2)[1:-1].reshape(-1, 2)
        # Nothing is drawn over a gap, nor to one and from one.
        points = points[np.isfinite(heights[0])[points].all(axis=1)].ravel()
        color = np.arange(len(data.rates))[:, None]
        # The best cluster is drawn last, over the others.
        self._lines.set_data(vertices(xs[points], heights[::-1, points], color=color[::-1]))
        at = np.asarray(data.boundaries).reshape(-1, 1)
        self._marks.set_data(vertices(at, [0.0, top], color=FRAME))
        self.draw_gaps(data.gaps)
        self.draw_cursor()

    def on_data_scale(self, factor: float) -> None:
        """Scale the rates, from zero up."""
        super().on_data_scale(factor)
        for cell in self.cells:
            cell.y.view = (0.0, cell.y.high / self.data_scale)

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Ask for a time."""
        if button == 1:
            self.time_clicked.emit(float(x))
        return button == 1

    def describe(self, cell: int, x: float, y: float) -> str:
        """The time and the nearest rate."""
        data = self.drawn
        k = int(np.searchsorted(data.edges, x, side="right")) - 1
        if not 0 <= k < data.rates.shape[1]:
            return ""
        if is_in_gap(data.gaps, x):
            return f"{x:.4g} s: not recorded"
        i = int(np.argmin(np.abs(data.rates[:, k] - y)))
        return f"{x:.4g} s, cluster {data.cluster_ids[i]}: {data.rates[i, k]:.3g} spikes/s"
