"""What the correlogram view shows: counts of every pair, their unit, baselines, violations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import (
    lag_correlogram,
    refractory_violations,
    two_sided_correlogram,
)
from phygui.storage.cache import ByteCache
from phygui.views.core.base import Cancelled, Empty
from phygui.views.correlogram.form import pairs_of
from phygui.views.data.lags import lag_bin, lag_reach, log_edges, refractory_period

if TYPE_CHECKING:
    from phygui.curation.statistics.snapshot import Snapshot
    from phygui.dataset.clock import SpikeClock

MAX_CLUSTERS = 20
MOST_BINS = 2000
"""Bars of one correlogram; narrower bins than these allow are made wider."""

_cache = ByteCache(64 * 2**20)


@dataclass(frozen=True)
class CorrelogramParams:
    """Settings of the correlogram view."""

    layout: str = field(
        default="auto",
        metadata={
            "label": "Layout",
            "choices": ("auto", "matrix", "acgs"),
            "help": "matrix: every pair; acgs: the autocorrelograms, and the crosscorrelogram of "
            "the first two clusters large; auto: every pair where there is room for them",
        },
    )
    mirrored: str = field(
        default="numbers",
        metadata={
            "label": "Below the diagonal",
            "choices": ("numbers", "correlograms"),
            "reload": False,
            "help": "The same pairs as above it: in numbers, how many pairs lie within the "
            "refractory period and how many would by chance, at the mean rates, and the asymmetry; "
            "or as the mirror images of their correlograms",
        },
    )
    bin_ms: float = lag_bin(1.0, "Width of a bar, unless lags are logarithmic")
    window_ms: float = lag_reach(
        "Window", "Full width: a window of 50 ms shows lags from -25 to 25 ms"
    )
    scale: str = field(
        default="counts",
        metadata={
            "label": "Scale",
            "choices": ("counts", "rate", "normalised"),
            "help": "Pairs of spikes; spikes/s of the second cluster around a spike of the "
            "first; or that rate divided by its mean rate",
        },
    )
    log_lag: bool = field(
        default=False,
        metadata={"label": "Logarithmic lags", "help": "From 0.5 ms to half the window"},
    )
    same_scale: bool = field(
        default=False,
        metadata={"label": "Same scale everywhere", "help": "One vertical scale for all pairs"},
    )
    refractory_ms: float = refractory_period()
    show_baseline: bool = field(
        default=True,
        metadata={
            "label": "Baseline",
            "help": "The height expected of two independent trains with the same mean rates",
        },
    )


@dataclass(frozen=True)
class CorrelogramData:
    """The correlograms of the selected clusters.

    ``[i, j]`` is the train of cluster j around the spikes of cluster i.
    """

    cluster_ids: tuple[int, ...]
    counts: NDArray[np.int64]
    """(n_clusters, n_clusters, n_bins) pairs of spikes."""
    heights: NDArray[np.float64]
    """The counts in the unit asked for."""
    baseline: NDArray[np.float64]
    """(n_clusters, n_clusters, n_bins) heights of independent trains of the same mean rates."""
    expected: NDArray[np.float64]
    """The same in pairs of spikes, whatever the unit."""
    edges_ms: NDArray[np.float64]
    """(n_bins, 2) limits of the bars in milliseconds of lag."""
    violations: NDArray[np.float64]
    """(n_clusters,) share of the spikes that follow the one before within the refractory period."""
    unit: str
    n_left_out: int = 0
    """Selected clusters beyond those that fit."""
    has_all_pairs: bool = True
    """Else only the autocorrelograms and the first two clusters were counted."""


def load(
    snapshot: Snapshot, params: CorrelogramParams, cancelled: Callable[[], bool]
) -> CorrelogramData | Empty:
    """Correlograms of the selected clusters, exact on all their spikes.

    Only the pairs that are shown, and that no earlier call has counted, are counted.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    ids = snapshot.cluster_ids[:MAX_CLUSTERS]
    if not ids:
        return Empty("Select a cluster to see its correlograms.")
    if snapshot.silence:
        return Empty(snapshot.silence)
    rate = float(snapshot.shank.sample_rate)
    duration = snapshot.duration
    edges_ms = bin_edges(params, rate)
    trains = [_Train(snapshot.spikes(c), snapshot.shank.clock) for c in ids]

    n = len(ids)
    form = "acgs" if params.layout == "acgs" and n > 1 else "matrix"
    counts = np.zeros((n, n, len(edges_ms)), dtype=np.int64)
    for i, j in pairs_of(form, n):
        if i <= j:
            if cancelled():
                raise Cancelled
            counts[i, j] = _pair(trains[i], trains[j], params, rate)
            counts[j, i] = counts[i, j, ::-1]

    violations = np.array([_violations(t, params, rate) for t in trains])
    n_spikes = np.array([len(t.spike_ids) for t in trains], dtype=np.float64)
    heights, baseline = scaled(counts, n_spikes, edges_ms, duration, params.scale)
    unit = {"counts": "pairs", "rate": "spikes/s", "normalised": "× mean"}[params.scale]
    n_left_out = len(snapshot.cluster_ids) - n
    return CorrelogramData(
        cluster_ids=tuple(ids),
        counts=counts,
        heights=heights,
        baseline=baseline,
        expected=scaled(counts, n_spikes, edges_ms, duration, "counts")[1],
        edges_ms=edges_ms,
        violations=violations,
        unit=unit,
        n_left_out=n_left_out,
        has_all_pairs=form == "matrix",
    )


def scaled(
    counts: NDArray[np.int64],
    n_spikes: NDArray[np.float64],
    edges_ms: NDArray[np.float64],
    duration: float,
    scale: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts in the unit asked for, and the same for independent trains of the same mean rates.

    With n_a and n_b spikes in a recorded time of T, a bin of width w holds n_a n_b w / T
    pairs when the trains are independent; n_a w turns counts into the rate of b around a.
    """
    width = (edges_ms[:, 1] - edges_ms[:, 0]) / 1000
    n_a = np.maximum(n_spikes, 1)[:, None, None]
    mean_rate = (n_spikes / max(duration, 1e-9))[None, :, None]
    baseline = n_a * mean_rate * width
    if scale == "rate":
        unit = n_a * width * np.ones_like(mean_rate)
    elif scale == "normalised":
        unit = np.maximum(baseline, 1e-12)
    else:
        unit = np.ones_like(baseline)
    return counts / unit, baseline / unit


def bin_edges(params: CorrelogramParams, sample_rate: float) -> NDArray[np.float64]:
    """Limits of the bars in milliseconds, (n_bins, 2).

    Bars are where the lags that they count are: on the right from k to k + 1 bins, and on the left
    from -k - 1 to -k.
    """
    if params.log_lag:
        right = log_edges(params.window_ms / 2) * 1000
        bars = np.column_stack([right[:-1], right[1:]])
        return np.concatenate([-bars[::-1, ::-1], bars])
    bin_size, n_bins = _linear_bins(params, sample_rate)
    left = np.arange(-n_bins, n_bins, dtype=np.float64)
    return np.column_stack([left, left + 1]) * (1000 * bin_size / sample_rate)


class _Train:
    """The spikes of a cluster; their samples are fetched when a pair must be counted."""

    def __init__(self, spike_ids: NDArray[np.int64], clock: SpikeClock) -> None:
        self.spike_ids = spike_ids
        # Raw data that is located later may put spikes into other recordings.
        self.clock = clock
        self._samples: NDArray[np.int64] | None = None

    @property
    def samples(self) -> NDArray[np.int64]:
        if self._samples is None:
            self._samples = self.clock.pair_train(self.spike_ids)
        return self._samples


def _pair(a: _Train, b: _Train, params: CorrelogramParams, rate: float) -> NDArray[np.int64]:
    """Counts of one pair, from the cache if it has been counted before."""
    owners = (a.clock, a.spike_ids, b.spike_ids)
    key = (params.log_lag, params.bin_ms, params.window_ms, rate)
    known: NDArray[np.int64] | None = _cache.get(owners, key)
    if known is not None:
        return known
    if params.log_lag:
        edges = log_edges(params.window_ms / 2)
        other = None if a is b else b.samples
        after = lag_correlogram(a.samples, other, edges, rate)
        before = after if a is b else lag_correlogram(b.samples, a.samples, edges, rate)
        counts = np.concatenate([before[::-1], after])
    else:
        bin_size, n_bins = _linear_bins(params, rate)
        if a is b:
            counts = two_sided_correlogram(a.samples, bin_size=bin_size, n_bins=n_bins)
        else:
            counts = two_sided_correlogram(
                a.samples,
                b.samples,
                bin_size=bin_size,
                n_bins=n_bins,
                spike_ids_a=a.clock.ranks(a.spike_ids),
                spike_ids_b=b.clock.ranks(b.spike_ids),
            )
    _cache.put(owners, key, counts, counts.nbytes)
    return counts


def _violations(train: _Train, params: CorrelogramParams, rate: float) -> float:
    owners = (train.clock, train.spike_ids)
    key = ("violations", params.refractory_ms, rate)
    known: float | None = _cache.get(owners, key)
    if known is None:
        known = refractory_violations(train.samples, rate, params.refractory_ms / 1000).rate
        _cache.put(owners, key, known, 8)
    return known


def _linear_bins(params: CorrelogramParams, rate: float) -> tuple[int, int]:
    """Whole samples of a bin, at least one, and bins on each side of lag zero, not too many."""
    half = max(params.window_ms / 2000 * rate, 1.0)
    bin_size = max(round(params.bin_ms / 1000 * rate), math.ceil(2 * half / MOST_BINS), 1)
    return bin_size, max(round(half / bin_size), 1)
