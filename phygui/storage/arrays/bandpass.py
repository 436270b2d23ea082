"""The band-pass filter of spike detection, forward and backward so that nothing shifts in time."""

from __future__ import annotations

import math
import os
import threading
from functools import cached_property
from typing import Any

import numpy as np

from phygui.words import hertz

#: The filter's memory counts as over where its envelope has decayed to this part.
_DECAY = 3e-5
_MIN_MARGIN = 100
_MAX_MARGIN = 20_000
_N_RESPONSES = 4
#: Seconds on each side of a spike by which its offset is taken, where nothing is filtered.
_MEAN_S = 0.005
_LOCK = threading.RLock()


def _renew_lock() -> None:
    """In a forked child nobody holds it, whoever did in its parent."""
    global _LOCK
    _LOCK = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


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
    default padding. It is computed with Fourier transforms, since importing ``scipy.signal``
    takes longer than opening a dataset and painting it.

    The poles are those of the Butterworth low-pass prototype, transformed to a band-pass and then
    by the bilinear transform with prewarped edges (Oppenheim and Schafer, Discrete-Time Signal
    Processing, 3rd edition, sections 7.2 and 7.3).
    """

    def __init__(self, sample_rate: float, low: float, high: float, order: int = 3) -> None:
        if not 0 < low < high < sample_rate / 2:
            raise ValueError(
                f"a pass band from {low:g} to {high:g} Hz is impossible at {hertz(sample_rate)}"
            )
        self.sample_rate = float(sample_rate)
        self.low = float(low)
        self.high = float(high)
        self.order = int(order)

    def __repr__(self) -> str:
        return f"BandPass({self.sample_rate:g}, {self.low:g}, {self.high:g}, {self.order})"

    @cached_property
    def poles(self) -> np.ndarray:
        """Poles in the z plane: (2 * order,) complex128; the zeros are as many 1 and -1."""
        k = np.arange(1, self.order + 1)
        prototype = np.exp(1j * np.pi * (2 * k + self.order - 1) / (2 * self.order))
        low, high = (math.tan(math.pi * f / self.sample_rate) for f in (self.low, self.high))
        half = prototype * (high - low) / 2
        root = np.sqrt(half**2 - low * high)
        analog = np.concatenate([half + root, half - root])
        poles: np.ndarray = (1 + analog) / (1 - analog)
        return poles

    def response(self, n_samples: int) -> np.ndarray:
        """Response of one pass at the frequencies of ``numpy.fft.rfft`` of ``n_samples`` samples.

        Returns
        -------
        response : (n_samples // 2 + 1,) complex128 array
        """
        z = np.exp(2j * np.pi * np.fft.rfftfreq(n_samples))
        # The centre of the band passes unchanged; this sets the gain.
        low, high = (math.tan(math.pi * f / self.sample_rate) for f in (self.low, self.high))
        centre = np.exp(2j * math.atan(math.sqrt(low * high)))
        gain = abs(self._ratio(np.array([centre]))[0])
        response: np.ndarray = self._ratio(z) / gain
        return response

    def _response(self, n_samples: int) -> np.ndarray:
        """The same, kept for the lengths asked for last: pieces of one length come in rows."""
        with _LOCK:
            if n_samples not in self._responses:
                if len(self._responses) >= _N_RESPONSES:
                    self._responses.clear()
                self._responses[n_samples] = self.response(n_samples)
            return self._responses[n_samples]

    @cached_property
    def _responses(self) -> dict[int, np.ndarray]:
        return {}

    def _ratio(self, z: np.ndarray) -> np.ndarray:
        """Zeros over poles at places of the z plane."""
        ratio: np.ndarray = (z * z - 1) ** self.order
        for pole in self.poles:
            ratio = ratio / (z - pole)
        return ratio

    @cached_property
    def margin(self) -> int:
        """Samples to read on each side of what is wanted: how long the filter remembers."""
        # The slowest pole, whose modulus says how fast the memory fades.
        radius = abs(self.poles).max()
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
        values = np.moveaxis(traces.astype(np.float64, copy=False), axis, 0)
        padding = min(3 * (2 * self.order + 1), n - 1)
        # Beyond its ends the recording goes on turned around its first and last sample.
        before = 2 * values[:1] - values[padding:0:-1]
        after = 2 * values[-1:] - values[-2 : -padding - 2 : -1]
        forward = self._pass(np.concatenate([before, values, after]))
        both = self._pass(forward[::-1])[::-1]
        filtered = both[padding : padding + n].astype(np.float32)
        return np.moveaxis(filtered, 0, axis)

    def stretch(
        self, traces: np.ndarray, begin: int, n_samples: int, fft: Any = np.fft
    ) -> np.ndarray:
        """Filter a stretch of a recording, of which more was read: what the filter remembers.

        Parameters
        ----------
        traces : (n, n_channels) array
            The stretch, with ``margin`` samples on both sides, or as many as the recording has.
        begin : int
            Where in it the stretch begins.
        n_samples : int
            Of the stretch.
        fft : module
            See :meth:`middle`.

        Returns
        -------
        filtered : (n_samples, n_channels) float32 array
        """
        if begin == self.margin and len(traces) == n_samples + 2 * self.margin:
            return self.middle(traces, fft)
        return self.apply(traces)[begin : begin + n_samples]

    def middle(self, traces: np.ndarray, fft: Any = np.fft) -> np.ndarray:
        """Filter the middle of a piece of a recording, several times as fast as :meth:`apply`.

        Parameters
        ----------
        traces : (n_samples, n_channels) array, longer than ``2 * margin``
        fft : module
            Whose ``rfft`` and ``irfft`` are used. Those of ``scipy.fft`` transform several channels
            at once, in two thirds of the time, but take 20 ms to import.

        Returns
        -------
        filtered : (n_samples - 2 * margin, n_channels) float32 array
            Without the margin at both sides, of which the filter needs to know. Samples of one
            channel lie side by side.
        """
        # Channel by channel, each about its mean: a transform in float32 is then exact enough.
        values = np.ascontiguousarray(np.asarray(traces).T)
        values = (values - values.mean(axis=1, keepdims=True, dtype=np.float64)).astype(np.float32)
        n = values.shape[1]
        # What the transform carries from the end round to the start falls into the margins.
        length = _fast_length(n)
        spectrum = fft.rfft(values, length, axis=1)
        # Forward and backward at once: the gain is squared and the phase cancels.
        spectrum *= (np.abs(self._response(length)) ** 2).astype(np.float32)
        middle: np.ndarray = fft.irfft(spectrum, length, axis=1)[:, self.margin : n - self.margin].T
        return middle

    def _pass(self, values: np.ndarray) -> np.ndarray:
        """Filter once, forward along axis 0, as if the first sample had been there for ever."""
        # What the transform carries from the end round to the start falls into the part before
        # the start, and has faded where the wanted part begins.
        before = min(3 * self.margin, _MAX_MARGIN)
        n = _fast_length(before + len(values))
        padded = np.empty((n, *values.shape[1:]))
        padded[: n - len(values)] = values[0]
        padded[n - len(values) :] = values
        # The filter removes a constant; without it the numbers are smaller, and so their errors.
        padded -= values[0]
        spectrum = np.fft.rfft(padded, axis=0)
        response = self._response(n)
        spectrum *= response.reshape(-1, *[1] * (values.ndim - 1))
        return np.fft.irfft(spectrum, n, axis=0)[n - len(values) :]

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
        margin = self.margin
        n = _fast_length(2 * (n_samples + 2 * margin) + 2 * margin)
        # Forward, then backward: the gain is squared and the phase cancels.
        both = np.fft.irfft(np.abs(self.response(n)) ** 2, n)
        lag = np.arange(n_samples)[:, None] + margin - np.arange(n_samples + 2 * margin)
        matrix = both[lag]
        centred: np.ndarray = matrix - matrix.mean(axis=1, keepdims=True)
        return centred.astype(np.float32)


class FilteredBefore(BandPass):
    """Takes the place of the filter where the raw data has been filtered before it was stored.

    Nothing but the mean of a few milliseconds is taken away, as by a filter: what is left of an
    offset says nothing of a spike.

    Parameters
    ----------
    sample_rate : hertz
    """

    def __init__(self, sample_rate: float) -> None:
        self.sample_rate = float(sample_rate)
        self.low, self.high, self.order = 0.0, self.sample_rate / 2, 0

    def __repr__(self) -> str:
        return f"FilteredBefore({self.sample_rate:g})"

    @cached_property
    def margin(self) -> int:
        """Samples on each side by which the mean is taken."""
        return int(min(max(_MIN_MARGIN, round(_MEAN_S * self.sample_rate)), _MAX_MARGIN))

    def apply(self, traces: np.ndarray, axis: int = 0) -> np.ndarray:
        """See :meth:`BandPass.apply`."""
        values = np.asarray(traces)
        if not values.size:
            return np.zeros(values.shape, dtype=np.float32)
        mean = values.mean(axis=axis, keepdims=True, dtype=np.float64)
        centred: np.ndarray = (values - mean).astype(np.float32)
        return centred

    def middle(self, traces: np.ndarray, fft: Any = np.fft) -> np.ndarray:
        """See :meth:`BandPass.middle`."""
        return self.apply(traces)[self.margin : len(traces) - self.margin]

    def _matrix(self, n_samples: int) -> np.ndarray:
        width = n_samples + 2 * self.margin
        return (np.eye(n_samples, width, self.margin) - 1 / width).astype(np.float32)


def _fast_length(n: int) -> int:
    """The next length from ``n`` on that the transform is fast at: small prime factors only."""
    while True:
        rest = n
        for factor in (2, 3, 5, 7):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1
