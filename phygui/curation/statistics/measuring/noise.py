"""The noise of channels, which is common to all clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import noise_levels
from phygui.curation.statistics.measuring.pieces import Steps, run
from phygui.curation.statistics.measuring.side_by_side import Divided
from phygui.dataset import ShankData

NOISE_S = 16.0
"""Seconds of raw data that the noise is taken from, spread over the recordings."""
NOISE_PIECE_S = 0.5
"""Seconds of it that are read at once."""
NOISE_CHANNELS = 32
"""Channels, neighbours in the channel order, whose noise is computed at once."""


class Noise:
    """The noise of the channels of one channel group, measured once; for any thread.

    Parameters
    ----------
    shank : ShankData
        With raw data.
    """

    def __init__(self, shank: ShankData) -> None:
        self._shank = shank
        self._levels: NDArray[np.float64] | None = None
        self._found: dict[int, NDArray[np.float64]] = {}
        self._pieces: Divided[int] | None = None

    def level(self, channel: int) -> float:
        """Noise of a channel, an index into the channel order, in raw units.

        The mean of those of pieces of the recordings, each as long as it is.
        """
        if self._levels is None:
            run(self.steps())
        assert self._levels is not None
        return float(self._levels[channel])

    def steps(self) -> Steps[Any]:
        """Measure the noise of all channels: each piece of raw data is read once for all.

        Two threads may take such steps at once.
        """
        if self._levels is not None:
            return
        from scipy import fft  # nobody waits for it here

        shank = self._shank
        assert shank.traces is not None
        n_channels = len(shank.channels)
        pieces = noise_pieces(
            shank.traces.lengths,
            NOISE_S * shank.sample_rate,
            NOISE_PIECE_S * shank.sample_rate,
            shank.filter.margin,
        )
        if self._pieces is None:
            self._pieces = Divided(range(len(pieces)))
        for i in self._pieces:
            recording, start, stop = pieces[i]
            found = np.zeros(n_channels)
            raw, begin = self._raw(recording, start, stop)
            yield None
            for first in range(0, n_channels, NOISE_CHANNELS):
                columns = shank.channels[first : first + NOISE_CHANNELS]
                some = raw.take(columns, axis=1)
                filtered = shank.filter.stretch(some, begin, stop - start, fft)
                found[first : first + len(columns)] = noise_levels(filtered)
                yield None
            self._found[i] = found
        lengths = [stop - start for _, start, stop in pieces]
        levels = [self._found[i] for i in range(len(pieces))]
        self._levels = np.average(levels, axis=0, weights=lengths)

    def _raw(self, recording: int, start: int, stop: int) -> tuple[NDArray[Any], int]:
        """A piece of a recording, what the filter needs around it, and where it begins in that."""
        shank = self._shank
        assert shank.traces is not None
        offset, length = int(shank.traces.offsets[recording]), shank.traces.lengths[recording]
        margin = shank.filter.margin
        first, last = max(0, start - margin), min(length, stop + margin)
        return shank.traces[offset + first : offset + last], start - first


def noise_pieces(
    lengths: Sequence[int], n_samples: float, most: float, margin: int = 0
) -> list[tuple[int, int, int]]:
    """Pieces of recordings, spread evenly, that noise is taken from.

    Parameters
    ----------
    lengths : sequence of int
        Samples of each recording.
    n_samples : float
        Samples wanted altogether; all are taken if there are no more.
    most : float
        Samples of a piece at most.
    margin : int
        Samples at both ends of a recording of which none is taken, where it has room for that: a
        filter takes several times as long there.

    Returns
    -------
    list of (int, int, int)
        Recording, first sample and the one after the last, counted from the recording's start.
    """
    share = min(1.0, n_samples / max(sum(lengths), 1))
    pieces = []
    for recording, length in enumerate(lengths):
        wanted = math.ceil(share * length)
        n = max(1, math.ceil(wanted / most))
        size = math.ceil(wanted / n)
        first = margin if n * size + 2 * margin <= length else 0
        last = length - first - size
        starts = np.linspace(first, last, n) if n > 1 else [(first + last) / 2]
        pieces += [(recording, int(start), int(start) + size) for start in starts if size]
    return pieces
