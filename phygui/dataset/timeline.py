"""Where the recordings of an experiment lie in time: the one place that knows.

Three scales are in use, all in samples. *Absolute* time counts from the start of the first
recording, through the gaps between recordings. *Rows* count what was recorded: the rows of the raw
data, one recording after the other. On the third, for pairs of spikes, recordings are farther
*apart* than any interval that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Timeline:
    """Starts and lengths of all recordings.

    Attributes
    ----------
    starts : (n_recordings,) int64
        Absolute samples, never decreasing; the first is 0.
    lengths : (n_recordings,) int64
        Samples. No recording reaches beyond the start of the next one.
    rows : (n_recordings,) int64
        Row of the first sample of each recording in the raw data.
    """

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    rows: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("starts", "lengths"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.int64))
        rows = np.cumsum(self.lengths) - self.lengths
        object.__setattr__(self, "rows", rows)
        for array in (self.starts, self.lengths, rows):
            array.flags.writeable = False

    @classmethod
    def joined(cls, lengths: Sequence[int] | NDArray[np.int64]) -> Timeline:
        """Recordings that follow one another without gaps."""
        ends = np.cumsum(np.asarray(lengths, dtype=np.int64))
        return cls(ends - lengths, np.asarray(lengths))

    @property
    def n_recordings(self) -> int:
        """Number of recordings."""
        return len(self.starts)

    @property
    def stops(self) -> NDArray[np.int64]:
        """Where recordings end: (n_recordings,) int64, absolute samples."""
        return self.starts + self.lengths

    @property
    def n_recorded(self) -> int:
        """Samples of all recordings, without the gaps."""
        return int(self.lengths.sum())

    @property
    def n_samples(self) -> int:
        """Samples from the start of the first recording to the end of the last."""
        return int(self.stops[-1])

    @property
    def gaps(self) -> NDArray[np.int64]:
        """Start and stop of each gap between recordings: (n_gaps, 2) int64, absolute samples."""
        edges = np.column_stack([self.stops[:-1], self.starts[1:]])
        return edges[edges[:, 0] < edges[:, 1]]

    @property
    def stretches(self) -> NDArray[np.int64]:
        """Start and stop of what was recorded without a gap: (n_gaps + 1, 2) int64."""
        gaps = self.gaps
        starts, stops = np.append(0, gaps[:, 1]), np.append(gaps[:, 0], self.n_samples)
        return np.column_stack([starts, stops])

    def recording_of(self, samples: ArrayLike) -> NDArray[np.intp]:
        """Index of the recording in which, or after which, absolute samples lie."""
        return np.maximum(np.searchsorted(self.starts, samples, side="right") - 1, 0)

    def to_rows(self, samples: ArrayLike) -> NDArray[Any]:
        """Recorded time, as rows of the raw data, until absolute samples.

        Where nothing was recorded it is the end of the recording before.
        """
        samples = np.asarray(samples)
        if self.n_recordings == 1:
            within: NDArray[Any] = np.clip(samples, 0, self.lengths[0])
            return within
        place = self.recording_of(samples)
        return self.rows[place] + np.clip(samples - self.starts[place], 0, self.lengths[place])

    def from_rows(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Absolute samples of rows of the raw data."""
        rows = np.asarray(rows, dtype=np.int64)
        place = np.maximum(np.searchsorted(self.rows, rows, side="right") - 1, 0)
        samples: NDArray[np.int64] = self.starts[place] + rows - self.rows[place]
        return samples

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
        """The recorded parts of a stretch, and the limits of the recording each is in.

        Yields
        ------
        first, last, recording_start, recording_stop : int
            Absolute samples; each ``last`` and ``stop`` is excluded.
        """
        for low, high in zip(self.starts.tolist(), self.stops.tolist(), strict=True):
            first, last = max(start, low), min(stop, high)
            if first < last:
                yield first, last, low, high

    def apart(self, samples: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
        """Samples on a scale where those of different recordings are farther apart than a lag.

        Parameters
        ----------
        samples : (n,) int64, absolute
        longest : the lag, in samples
        """
        if self.n_recordings == 1:
            return samples
        return samples + self.recording_of(samples) * longest
