"""The band-pass filter of spike detection, forward and backward so that nothing shifts in time."""

from __future__ import annotations

import math
import threading
from functools import cached_property

import numpy as np

#: The filter's memory counts as over where its envelope has decayed to this part.
_DECAY = 3e-5
_MIN_MARGIN = 100
_MAX_MARGIN = 20_000
_LOCK = threading.RLock()


class BandPass:
    """A Butterworth band-pass filter applied forward and backward along axis 0.

    Parameters
    ----------
    sample_rate : hertz
    low, high : edges of the pass band, hertz; ``0 < low < high < sample_rate / 2``
    order : order of the Butterworth design

    Notes
    -----
    The same as ``scipy.signal.butter(order, [low, high], 'bandpass')`` with ``filtfilt`` and its
    default padding, computed in second-order sections, which stay exact where the pass band is
    narrow.
    """

    def __init__(self, sample_rate: float, low: float, high: float, order: int = 3) -> None:
        if not 0 < low < high < sample_rate / 2:
            raise ValueError(
                f"a pass band from {low:g} to {high:g} Hz is impossible at {sample_rate:g} Hz"
            )
        self.sample_rate = float(sample_rate)
        self.low = float(low)
        self.high = float(high)
        self.order = int(order)

    def __repr__(self) -> str:
        return f"BandPass({self.sample_rate:g}, {self.low:g}, {self.high:g}, {self.order})"

    @cached_property
    def sections(self) -> np.ndarray:
        """Second-order sections: (order, 6) float64."""
        from scipy.signal import butter

        return butter(
            self.order, (self.low, self.high), btype="bandpass", fs=self.sample_rate, output="sos"
        )

    @cached_property
    def margin(self) -> int:
        """Samples to read on each side of what is wanted: how long the filter remembers."""
        # The slowest pole, whose modulus says how fast the memory fades.
        radius = max(abs(np.roots(section[3:])).max() for section in self.sections)
        length = math.log(_DECAY) / math.log(radius) if radius < 1 else _MAX_MARGIN
        return int(min(max(math.ceil(length), _MIN_MARGIN), _MAX_MARGIN))

    def apply(self, traces: np.ndarray, axis: int = 0) -> np.ndarray:
        """Filter a whole recording, or a piece of one read with ``margin`` on both sides.

        Parameters
        ----------
        traces : array of any numeric type, time along ``axis``
        axis : the axis of time

        Returns
        -------
        filtered : float32 array of the same shape
        """
        traces = np.asarray(traces)
        n = traces.shape[axis]
        if traces.size == 0:
            return np.zeros(traces.shape, dtype=np.float32)
        if n == 1:
            # One sample has no slope to extend: it is all offset, which the filter removes.
            return np.zeros(traces.shape, dtype=np.float32)
        from scipy.signal import sosfiltfilt

        padding = min(3 * (2 * self.order + 1), n - 1)
        filtered = sosfiltfilt(
            self.sections, traces.astype(np.float64, copy=False), axis=axis, padlen=padding
        )
        return filtered.astype(np.float32)

    def matrix(self, n_samples: int) -> np.ndarray:
        """What filtering does to the middle of a snippet, as a matrix.

        Far from the edges of a recording the filter is a fixed convolution, so ``n_samples``
        filtered samples are this matrix times the ``n_samples + 2 * margin`` samples around them.
        It takes the mean of these samples away first, as the filter would, so that what is cut
        off beyond the margin is small.

        Returns
        -------
        matrix : (n_samples, n_samples + 2 * margin) float32 array
        """
        with _LOCK:
            if n_samples not in self._matrices:
                self._matrices[n_samples] = self._matrix(n_samples)
            return self._matrices[n_samples]

    @cached_property
    def _matrices(self) -> dict[int, np.ndarray]:
        return {}

    def _matrix(self, n_samples: int) -> np.ndarray:
        from scipy.signal import correlate, sosfilt

        margin = self.margin
        length = 2 * (n_samples + 2 * margin)
        impulse = np.zeros(length)
        impulse[0] = 1.0
        response = sosfilt(self.sections, impulse)
        # Forward, then backward: the response is correlated with itself.
        both = correlate(response, response, mode="full")
        lag = np.arange(n_samples)[:, None] + margin - np.arange(n_samples + 2 * margin)
        matrix = both[length - 1 + lag]
        return (matrix - matrix.mean(axis=1, keepdims=True)).astype(np.float32)
