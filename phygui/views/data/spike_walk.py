"""Finding the spikes of clusters in time without passing over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.dataset.clock import SpikeClock

STRIDE = 65_536
"""Spikes that are looked through at a time for a violation."""


@dataclass(frozen=True)
class Trains:
    """The spikes of the selected clusters over the whole recording, for walking along them.

    It holds references only; a question costs a search, not a pass over the spikes.
    """

    clock: SpikeClock
    """All spikes of the channel group."""
    ranks: tuple[NDArray[np.int64], ...]
    """Of the spikes of each selected cluster: their places in the order of time, ascending."""

    def next_spike(self, sample: float) -> int | None:
        """Sample of the first spike after a moment, or None."""
        after = self._rank(np.floor(sample) + 1)
        found = [own[i] for own in self.ranks if (i := np.searchsorted(own, after)) < len(own)]
        return self._sample(min(found)) if found else None

    def previous_spike(self, sample: float) -> int | None:
        """Sample of the last spike before a moment, or None."""
        before = self._rank(np.ceil(sample))
        found = [own[i - 1] for own in self.ranks if (i := np.searchsorted(own, before)) > 0]
        return self._sample(max(found)) if found else None

    def nearest_spike(self, sample: float) -> int | None:
        """Sample of the spike nearest to a moment, the earlier one of two, or None."""
        found = (self.previous_spike(sample), self.next_spike(sample - 1))
        return min((s for s in found if s is not None), key=lambda s: abs(s - sample), default=None)

    def next_violation(self, sample: float, period: float) -> int | None:
        """Sample of the first spike after a moment that follows one of its cluster too soon.

        ``period`` is in samples; an interval of exactly the period is no violation, and none
        spans two recordings.
        """
        after = self._rank(np.floor(sample) + 1)
        found = []
        for own in self.ranks:
            i = int(np.searchsorted(own, after))
            hits = (
                start + int(short[0])
                for start in range(max(i, 1), len(own), STRIDE)
                if len(short := self._short(own, start, min(start + STRIDE, len(own)), period))
            )
            if (hit := next(hits, None)) is not None:
                found.append(own[hit])
        return self._sample(min(found)) if found else None

    def previous_violation(self, sample: float, period: float) -> int | None:
        """Sample of the last spike before a moment that follows one of its cluster too soon."""
        before = self._rank(np.ceil(sample))
        found = []
        for own in self.ranks:
            i = int(np.searchsorted(own, before))
            hits = (
                max(stop - STRIDE, 1) + int(short[-1])
                for stop in range(i, 1, -STRIDE)
                if len(short := self._short(own, max(stop - STRIDE, 1), stop, period))
            )
            if (hit := next(hits, None)) is not None:
                found.append(own[hit])
        return self._sample(max(found)) if found else None

    def _rank(self, sample: float) -> int:
        """Number of spikes before a sample."""
        samples = self.clock.sorted_samples
        return int(np.searchsorted(samples, samples_like(samples, sample)))

    def _sample(self, rank: int) -> int:
        return int(self.clock.sorted_samples[rank])

    def _short(
        self, ranks: NDArray[np.int64], start: int, stop: int, period: float
    ) -> NDArray[np.intp]:
        """Places after ``start`` of the spikes in start..stop that follow theirs too soon."""
        samples = self.clock.sorted_samples[ranks[start - 1 : stop]].astype(np.int64)
        return np.flatnonzero(np.diff(self.clock.apart(samples)) < period * (1 - 1e-12))


def samples_like(spike_samples: NDArray[Any], samples: ArrayLike) -> NDArray[Any]:
    """Samples in the type of the spikes', so that a search need not convert all of these."""
    return np.maximum(samples, 0).astype(spike_samples.dtype)


def counts_between(
    clock: SpikeClock, spike_ids: NDArray[np.int64], ranks: NDArray[np.intp]
) -> NDArray[np.int64]:
    """How many of some spikes, given by sorted ids, lie between consecutive ranks of all spikes."""
    return np.diff(np.searchsorted(clock.ranks(spike_ids), ranks)).astype(np.int64)
