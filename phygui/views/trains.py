"""Finding the spikes of clusters in time without passing over all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

STRIDE = 65_536
"""Spikes that are looked through at a time for a violation."""


@dataclass(frozen=True)
class Trains:
    """The spikes of the selected clusters over the whole recording, for walking along them.

    It holds references only; a question costs a search, not a pass over the spikes.
    """

    spike_samples: NDArray
    """(n_spikes,) samples of all spikes of the channel group."""
    spike_ids: tuple[NDArray[np.int64], ...]
    """Sorted spike ids of each selected cluster."""

    def next_spike(self, sample: float) -> int | None:
        """Sample of the first spike after a moment, or None."""
        after = self._rank(np.floor(sample) + 1)
        found = [ids[i] for ids in self.spike_ids if (i := np.searchsorted(ids, after)) < len(ids)]
        return int(self.spike_samples[min(found)]) if found else None

    def previous_spike(self, sample: float) -> int | None:
        """Sample of the last spike before a moment, or None."""
        before = self._rank(np.ceil(sample))
        found = [ids[i - 1] for ids in self.spike_ids if (i := np.searchsorted(ids, before)) > 0]
        return int(self.spike_samples[max(found)]) if found else None

    def next_violation(self, sample: float, period: float) -> int | None:
        """Sample of the first spike after a moment that follows one of its cluster too soon.

        ``period`` is in samples; an interval of exactly the period is no violation.
        """
        after = self._rank(np.floor(sample) + 1)
        found = []
        for ids in self.spike_ids:
            i = int(np.searchsorted(ids, after))
            hits = (
                start + int(short[0])
                for start in range(max(i, 1), len(ids), STRIDE)
                if len(short := self._short(ids, start, min(start + STRIDE, len(ids)), period))
            )
            if (hit := next(hits, None)) is not None:
                found.append(ids[hit])
        return int(self.spike_samples[min(found)]) if found else None

    def previous_violation(self, sample: float, period: float) -> int | None:
        """Sample of the last spike before a moment that follows one of its cluster too soon."""
        before = self._rank(np.ceil(sample))
        found = []
        for ids in self.spike_ids:
            i = int(np.searchsorted(ids, before))
            hits = (
                max(stop - STRIDE, 1) + int(short[-1])
                for stop in range(i, 1, -STRIDE)
                if len(short := self._short(ids, max(stop - STRIDE, 1), stop, period))
            )
            if (hit := next(hits, None)) is not None:
                found.append(ids[hit])
        return int(self.spike_samples[max(found)]) if found else None

    def _rank(self, sample: float) -> int:
        """Number of spikes before a sample."""
        return int(np.searchsorted(self.spike_samples, samples_like(self.spike_samples, sample)))

    def _short(
        self, ids: NDArray[np.int64], start: int, stop: int, period: float
    ) -> NDArray[np.intp]:
        """Places after ``start`` of the spikes in start..stop that follow theirs too soon."""
        samples = self.spike_samples[ids[start - 1 : stop]].astype(np.int64)
        return np.flatnonzero(np.diff(samples) < period * (1 - 1e-12))


def samples_like(spike_samples: NDArray, samples: ArrayLike) -> NDArray:
    """Samples in the type of the spikes', so that a search need not convert all of these."""
    return np.maximum(samples, 0).astype(spike_samples.dtype)


def counts_between(spike_ids: NDArray[np.int64], ranks: NDArray[np.intp]) -> NDArray[np.int64]:
    """How many of some sorted spike ids lie between consecutive ranks among all spikes."""
    return np.diff(np.searchsorted(spike_ids, ranks)).astype(np.int64)
