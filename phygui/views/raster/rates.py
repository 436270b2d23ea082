"""Firing rates of all clusters over time, the same arrays for as long as somebody shows them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.clock import SpikeClock
from phygui.storage.cache import ByteCache
from phygui.views.core.loading import Cancel, check
from phygui.views.data.spike_walk import counts_between, samples_like

N_BINS = 1500
_counts = ByteCache(16 * 2**20)
"""How many spikes of a cluster lie in each bin: a selection changes none of them."""


@dataclass(frozen=True, eq=False)
class Rates:
    """Firing rates of clusters, and how strongly each is drawn. Not to be written to."""

    clock: SpikeClock
    spikes: tuple[NDArray[np.int64], ...]
    """Sorted spike ids of each cluster, (n_clusters,)."""
    span: tuple[float, float]
    """Seconds."""
    relative: bool
    per_bin: NDArray[np.float32]
    """(n_clusters, n_bins) spikes per second."""
    shades: NDArray[np.float32]
    """(n_clusters, n_bins): the same as an opacity."""

    def is_of(
        self,
        clock: SpikeClock,
        spikes: Sequence[NDArray[np.int64]],
        span: tuple[float, float],
        relative: bool,
    ) -> bool:
        """Whether it is of these very spikes: edits replace their lists, and write into none."""
        if self.clock is not clock or (self.span, self.relative) != (span, relative):
            return False
        return len(spikes) == len(self.spikes) and all(map(_is, spikes, self.spikes))


_shown: WeakSet[Rates] = WeakSet()
"""Those that somebody holds: at thousands of clusters one takes some 20 MB."""
_lock = threading.Lock()


def rates_of(
    clock: SpikeClock,
    spikes: Sequence[NDArray[np.int64]],
    span: tuple[float, float],
    relative: bool,
    cancelled: Cancel,
) -> Rates:
    """Firing rates of clusters; the cost is that of the bins, not of the spikes.

    Parameters
    ----------
    clock : SpikeClock
    spikes : sequence of (n_spikes,) int64
        Sorted spike ids of each cluster.
    span : (float, float)
        Seconds.
    relative : bool
        Whether the shades of a cluster are parts of its own highest rate, or of that of all.
    cancelled : callable

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    check(cancelled)
    with _lock:
        known = next((r for r in _shown if r.is_of(clock, spikes, span, relative)), None)
    if known is None:
        per_bin = _rates(clock, spikes, span, cancelled)
        shades = _shades(per_bin, relative)
        known = Rates(clock, tuple(spikes), span, relative, per_bin, shades)
        with _lock:
            _shown.add(known)
    return known


def _is(a: object, b: object) -> bool:
    return a is b


def _rates(
    clock: SpikeClock,
    spikes: Sequence[NDArray[np.int64]],
    span: tuple[float, float],
    cancelled: Cancel,
) -> NDArray[np.float32]:
    start, stop = span
    spike_samples, rate = clock.sorted_samples, clock.sample_rate
    edges = start * rate + np.arange(N_BINS + 1) * ((stop - start) * rate / N_BINS)
    limits = np.ceil(edges - 1e-6)
    # A spike at the very end belongs to the last bin.
    limits[-1] += 1
    ranks = np.searchsorted(spike_samples, samples_like(spike_samples, limits))
    rates = np.empty((len(spikes), N_BINS), dtype=np.float32)
    for row, own in zip(rates, spikes, strict=True):
        check(cancelled)
        counts = _counts.get((clock, own), span)
        if counts is None:
            counts = counts_between(clock, own, ranks).astype(np.float32)
            _counts.put((clock, own), span, counts, counts.nbytes)
        row[:] = counts
    recorded = np.diff(clock.timeline.to_rows(edges)) / rate
    # A bin of which hardly anything was recorded would outshine its row.
    rates /= np.maximum(recorded, (stop - start) / N_BINS / 2)
    return rates


def _shades(rates: NDArray[np.float32], relative: bool) -> NDArray[np.float32]:
    """Rates of clusters, as parts of the highest one of each, or of all: the least is seen too."""
    tops = rates.max(axis=1, keepdims=True)
    if not relative:
        tops = np.full_like(tops, tops.max())
    shades: NDArray[np.float32] = rates / np.maximum(tops, np.float32(1e-9))
    shades *= 0.75
    np.add(shades, np.float32(0.25), out=shades, where=shades > 0)
    return shades
