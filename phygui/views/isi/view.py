"""The interval view: how long after one another the spikes of each cluster come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import isi_histogram, lag_edges, refractory_violations
from phygui.curation.statistics.snapshot import Snapshot
from phygui.storage.cache import ByteCache
from phygui.views.core.axes import Ticks
from phygui.views.core.base import Cancel, Empty, check
from phygui.views.core.histograms import MAX_CLUSTERS, HistogramGridView
from phygui.views.data.lags import LagScale, lag_bin, lag_reach, log_edges, refractory_period

_cache = ByteCache(8 * 2**20)


@dataclass(frozen=True)
class IsiParams:
    """Settings of the interval view."""

    bin_ms: float = lag_bin(0.5, "Width of a bar, unless the axis is logarithmic")
    longest_ms: float = lag_reach("Longest", "Longer intervals are not shown")
    log: bool = field(
        default=False,
        metadata={"label": "Logarithmic", "help": "Bins of equal width on a logarithmic axis"},
    )
    refractory_ms: float = refractory_period()


@dataclass(frozen=True)
class IsiData:
    """Intervals between consecutive spikes of the selected clusters."""

    cluster_ids: tuple[int, ...]
    heights: NDArray[np.int64]
    """(n_clusters, n_bins) intervals."""
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
        return Empty("Select a cluster to see its intervals.")
    if snapshot.silence:
        return Empty(snapshot.silence)
    rate, clock = float(snapshot.shank.sample_rate), snapshot.shank.clock
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
        # Raw data that is located later may put spikes into other recordings.
        owners = (clock, spike_ids)
        found = _cache.get(owners, (params, rate))
        if found is None:
            samples = clock.pair_train(spike_ids)
            found = (
                isi_histogram(samples, edges, rate),
                refractory_violations(samples, rate, params.refractory_ms / 1000).rate,
            )
            _cache.put(owners, (params, rate), found, found[0].nbytes)
        counts.append(found[0])
        violations.append(found[1])
    n_left_out = len(snapshot.cluster_ids) - len(ids)
    return IsiData(tuple(ids), np.array(counts), edges * 1000, np.array(violations), n_left_out)


class IsiView(HistogramGridView[IsiParams, IsiData]):
    """A histogram of intervals for each selected cluster."""

    Params: ClassVar[type] = IsiParams
    load = staticmethod(load)

    @property
    def _scale(self) -> LagScale:
        return LagScale(self.params.log)

    def edges(self, data: IsiData) -> NDArray[np.float64]:
        """Places of the limits of the bins."""
        return self._scale.place(data.edges_ms)

    def ticks(self, low: float, high: float, n_max: int) -> Ticks:
        """Milliseconds."""
        return self._scale.ticks(low, high, n_max)

    def band(self, data: IsiData) -> tuple[float, float] | None:
        """The refractory period."""
        low, reach = self.edges(data)[0], self._scale.place(self.params.refractory_ms)
        return (float(low), float(reach)) if low < reach else None

    def note(self, data: IsiData, k: int) -> tuple[str, bool]:
        """The share of violations."""
        share = 100 * data.violations[k]
        return f"{share:.2g}% < {self.params.refractory_ms:g} ms", bool(share >= 1)

    def describe(self, cell: int, x: float, y: float) -> str:
        """The cluster and the bar under the mouse."""
        data = self.drawn
        text = f"cluster {data.cluster_ids[cell]}, {self.note(data, cell)[0]}"
        k = self.bin_at(data, x)
        if k is not None:
            low, high = data.edges_ms[k : k + 2]
            text += f", {low:.3g} to {high:.3g} ms: {data.heights[cell, k]} spikes"
        return text
