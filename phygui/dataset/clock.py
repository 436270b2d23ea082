"""The spikes of a channel group in the order of time, on the scales of a timeline.

Spike ids keep the order of the file, which need not be that of time: detection in overlapping
chunks leaves spikes a few samples too late, and klusta 3 lists recordings in the order of their
names as text. Whatever needs ascending times asks here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.timeline import Timeline

LONGEST_LAG = 200.0
"""Seconds. Intervals and lags of correlograms are shorter than this."""


class SpikeClock:
    """When the spikes of a channel group happen.

    A *rank* is the place of a spike in the order of time. Where the file is in that order, ranks
    are spike ids, and nothing is copied or sorted.

    Parameters
    ----------
    samples : (n_spikes,) integers
        Absolute sample of each spike, in the order of the file.
    timeline : Timeline
    sample_rate : float
        In hertz.
    """

    def __init__(self, samples: NDArray[Any], timeline: Timeline, sample_rate: float) -> None:
        if samples.dtype == np.uint64:
            # Differences of unsigned numbers wrap around zero, without a word.
            samples = samples.view(np.int64)
        self.samples = samples
        """(n_spikes,) int64."""
        self.timeline = timeline
        self.sample_rate = sample_rate
        self.longest_lag = int(LONGEST_LAG * sample_rate)
        self._order: NDArray[np.int64] | None = None
        self.sorted_samples: NDArray[Any] = samples
        """(n_spikes,) absolute samples, ascending: those of each rank."""
        if np.any(samples[1:] < samples[:-1]):
            self._order = np.argsort(samples, kind="stable")
            self._ranks = np.empty_like(self._order)
            self._ranks[self._order] = np.arange(len(samples))
            self.sorted_samples = samples[self._order]
            for array in (self._order, self._ranks, self.sorted_samples):
                array.flags.writeable = False

    def __repr__(self) -> str:
        return f"<SpikeClock of {len(self.samples)} spikes at {self.sample_rate:g} Hz>"

    @property
    def is_ascending(self) -> bool:
        """Whether the spikes of the file are in the order of time."""
        return self._order is None

    def ranks(self, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ranks of sorted spike ids, ascending: (n,) int64."""
        return spike_ids if self._order is None else np.sort(self._ranks[spike_ids])

    def spike_ids(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The spikes of some ranks, (n,) int64, as they are ordered."""
        return ranks if self._order is None else self._order[ranks]

    def in_order(self, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sorted spike ids in the order of time."""
        return self.spike_ids(self.ranks(spike_ids))

    def ranks_between(self, start_time: float, stop_time: float) -> tuple[int, int]:
        """Rank of the first spike from a time on, and of the first one from another on; seconds."""
        limits = np.ceil(np.array([start_time, stop_time]) * self.sample_rate - 1e-6)
        samples = self.sorted_samples
        # A number of another kind would have all samples converted to look for it.
        limits = np.clip(limits, 0, min(np.iinfo(samples.dtype).max, np.iinfo(np.int64).max // 2))
        first, last = np.searchsorted(samples, limits.astype(samples.dtype)).tolist()
        return first, last

    def train(self, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Absolute samples of spikes, given by sorted ids: (n,) int64, ascending."""
        return self.sorted_samples[self.ranks(spike_ids)].astype(np.int64, copy=False)

    def recorded_train(self, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same with the gaps between recordings left out."""
        return self.timeline.to_rows(self.train(spike_ids))

    def pair_train(self, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same with recordings farther apart than any lag: no pair spans a border."""
        return self.apart(self.train(spike_ids))

    def apart(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Absolute samples, of spikes or of events, on the scale of :meth:`pair_train`."""
        return self.timeline.apart(samples, self.longest_lag)

    def gap_times(self) -> tuple[tuple[float, float], ...]:
        """Start and stop of each gap between recordings, seconds."""
        found = self.timeline.gaps / self.sample_rate
        return tuple((low, high) for low, high in found.tolist())
