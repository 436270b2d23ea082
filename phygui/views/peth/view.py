"""The event view: how each selected cluster fires around stimulus events."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import lag_correlogram
from phygui.curation.statistics.snapshot import Snapshot
from phygui.views.core.axes import Axis, Cell, Ticks, nice_ticks, whole_ticks
from phygui.views.core.base import Cancel, Empty, check
from phygui.views.core.histograms import MAX_CLUSTERS, SMALLEST_PLOT, HistogramGridView
from phygui.views.core.visuals import Batch, vertices
from phygui.views.peth.trials import MOST_SPIKES, Trials, trials_of

MOST_BINS = 2000
MOST_TICKS = 7


@dataclass(frozen=True)
class PethParams:
    """Settings of the event view."""

    event: int = field(
        default=1,
        metadata={
            "label": "Event type",
            "min": 1,
            "max": 99,
            "help": "Counted from 1 in alphabetical order",
            "local": True,
        },
    )
    before: float = field(
        default=0.2,
        metadata={
            "label": "Before",
            "unit": "s",
            "min": 0.0,
            "max": 60.0,
            "step": 0.1,
            "help": "How long before each event",
        },
    )
    after: float = field(
        default=0.5,
        metadata={
            "label": "After",
            "unit": "s",
            "min": 0.001,
            "max": 60.0,
            "step": 0.1,
            "help": "How long after each event",
        },
    )
    bin_ms: float = field(
        default=10.0,
        metadata={
            "label": "Bin",
            "unit": "ms",
            "min": 0.1,
            "max": 1000.0,
            "step": 1.0,
            "help": "Width of a bar",
        },
    )
    trials: bool = field(
        default=True,
        metadata={
            "label": "Raster of trials",
            "help": "Over each histogram, a row for each event with the spikes around it",
            "reload": False,
        },
    )
    order: str = field(
        default="trial",
        metadata={
            "label": "Order of trials",
            "choices": ("trial", "first spike"),
            "help": "As they came, or by the first spike from the event on; the first at the top",
        },
    )


@dataclass(frozen=True)
class PethData:
    """Firing rates around events."""

    cluster_ids: tuple[int, ...]
    counts: NDArray[np.int64]
    """(n_clusters, n_bins) spikes around all events together."""
    heights: NDArray[np.float64]
    """(n_clusters, n_bins) spikes per second."""
    edges: NDArray[np.float64]
    """(n_bins + 1,) seconds from the event."""
    mean_rates: NDArray[np.float64]
    """(n_clusters,) spikes per second of recorded time."""
    event: str
    n_events: int
    n_left_out: int
    trials: tuple[Trials, ...]
    """Of each cluster."""


def load(snapshot: Snapshot, params: PethParams, cancelled: Cancel) -> PethData | Empty:
    """Count the spikes of the selected clusters around events; all spikes and all events count.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    shank = snapshot.shank
    events = shank.events
    if not events:
        return Empty(f"There are no events in {shank.path.name}")
    names = sorted(events)
    if not 1 <= params.event <= len(names):
        return Empty(f"There is no event type {params.event}, only {len(names)}: {_listed(names)}")
    name = names[params.event - 1]
    ids = snapshot.cluster_ids[:MAX_CLUSTERS]
    if not ids:
        return Empty("Select a cluster to see its spikes about events.")
    if snapshot.silence:
        return Empty(snapshot.silence)
    rate = float(shank.sample_rate)
    times = events[name]
    if snapshot.time_range is not None:
        low, high = snapshot.time_range
        times = times[(times >= low) & (times < high)]
        if not len(times):
            return Empty(f"There is no event of {name} between {low:g} and {high:g} s.")
    event_samples = shank.clock.apart(np.rint(times * rate).astype(np.int64))
    # All bins hold the same number of samples, or they would differ by what they can count.
    least = math.ceil((params.before + params.after) * rate / MOST_BINS)
    width = max(round(params.bin_ms / 1000 * rate), least, 1) / rate
    first, last = -round(params.before / width), max(round(params.after / width), 1)
    edges = np.arange(first, last + 1, dtype=np.float64) * width
    counts, trials = [], []
    limits = round(first * width * rate), round(last * width * rate)
    by_time, n_most = params.order == "first spike", MOST_SPIKES // len(ids)
    for cluster_id in ids:
        check(cancelled)
        spike_ids = snapshot.spikes(cluster_id)
        samples = shank.clock.pair_train(spike_ids)
        counts.append(lag_correlogram(event_samples, samples, edges, rate))
        check(cancelled)
        trials.append(trials_of(event_samples, samples, limits, rate, n_most, by_time=by_time))
    n_spikes = np.array([len(snapshot.spikes(c)) for c in ids])
    table = np.array(counts)
    return PethData(
        cluster_ids=tuple(ids),
        counts=table,
        heights=table / (max(len(event_samples), 1) * width),
        edges=edges,
        mean_rates=n_spikes / max(snapshot.duration, 1e-9),
        event=name,
        n_events=len(event_samples),
        n_left_out=len(snapshot.cluster_ids) - len(ids),
        trials=tuple(trials),
    )


class PethView(HistogramGridView[PethParams, PethData]):
    """A peri-event histogram for each selected cluster, its mean rate as a line."""

    Params: ClassVar[type] = PethParams
    unit: ClassVar[str] = "spikes/s"
    whole_numbers: ClassVar[bool] = False
    load = staticmethod(load)

    def __init__(self, params: PethParams | None = None, *, theme: str = "dark") -> None:
        super().__init__(params, theme=theme)
        self._spikes = Batch("lines")
        self.visuals = [*self.visuals, self._spikes]

    def build(self, data: PethData) -> None:
        """Draw the spikes of the trials over the histograms."""
        super().build(data)
        self._spikes.clear()
        if self.params.trials:
            n = len(data.cluster_ids)
            self._spikes.set_data(
                *(
                    vertices(
                        np.repeat(of.lags, 2),
                        (-of.rows[of.trials][:, None] + [-0.45, 0.45]).ravel(),
                        color=k,
                        cell=n + k,
                    )
                    for k, of in enumerate(data.trials)
                )
            )

    def above(self, data: PethData, x: Axis) -> list[Cell]:
        """A plot of the trials of each cluster."""
        if not self.params.trials:
            return []
        low, high = 0.5 - max(data.n_events, 1), 0.5
        return [
            Cell(x, Axis(f"trials {k}", low, high, "" if k else "trial", self._trial_ticks))
            for k in range(len(data.cluster_ids))
        ]

    def _trial_ticks(self, low: float, high: float, n_max: int) -> Ticks:
        """Rows, counted from 1 at the top."""
        if self.size[0] / self._n_columns < SMALLEST_PLOT:
            return []
        ticks = whole_ticks(1 - high, 1 - low, n_max)
        return [(1 - place, text) for place, text in ticks if 1 <= place <= self.drawn.n_events]

    def edges(self, data: PethData) -> NDArray[np.float64]:
        """Seconds from the event."""
        return data.edges

    def ticks(self, low: float, high: float, n_max: int) -> Ticks:
        """Seconds; the last one carries the unit."""
        ticks = nice_ticks(low, high, min(n_max, MOST_TICKS))
        return [*ticks[:-1], (ticks[-1][0], ticks[-1][1] + " s")] if ticks else []

    def band(self, data: PethData) -> tuple[float, float] | None:
        """The bin that begins with the event."""
        width = data.edges[1] - data.edges[0]
        return 0.0, float(width)

    def levels(self, data: PethData) -> NDArray[np.float64]:
        """The mean rates."""
        return data.mean_rates

    def note(self, data: PethData, k: int) -> tuple[str, bool]:
        """The event, once."""
        return (f"{data.n_events}× {data.event}" if k == 0 else ""), False

    def describe(self, cell: int, x: float, y: float) -> str:
        """The cluster and the bar under the mouse."""
        data, n = self.drawn, len(self.drawn.cluster_ids)
        if cell >= n:
            return self._describe_trial(data, cell - n, x, y)
        text = f"cluster {data.cluster_ids[cell]}"
        k = self.bin_at(data, x)
        if k is not None:
            low, high = 1000 * data.edges[k : k + 2]
            text += (
                f", {low:.4g} to {high:.4g} ms from {data.event}: {data.counts[cell, k]} spikes, "
                f"{data.heights[cell, k]:.3g} spikes/s"
            )
        return text

    def _describe_trial(self, data: PethData, k: int, x: float, y: float) -> str:
        """The trial under the mouse, and how many spikes it has."""
        row, of = round(-y), data.trials[k]
        found = np.flatnonzero(of.rows == row)
        if not len(found):
            return ""
        trial = int(found[0])
        n_spikes = int(of.n_spikes[trial])
        spikes = "1 spike" if n_spikes == 1 else f"{n_spikes:,} spikes"
        return (
            f"cluster {data.cluster_ids[k]}, trial {trial + 1} of {data.n_events}, "
            f"{1000 * x:.4g} ms from {data.event}: {spikes}"
        )


def _listed(names: list[str]) -> str:
    return ", ".join(f"{k} {name}" for k, name in enumerate(names, 1))
