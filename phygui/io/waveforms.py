"""Filtered waveforms, cut from the raw traces for all the spikes asked for at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from phygui.io.arrays import LazyArray, Selection, indices_of, length_of
from phygui.io.filters import BandPass
from phygui.io.stores import Store
from phygui.io.traces import Traces

#: Memory for the samples of one batch of spikes.
_BATCH_BYTES = 32 * 2**20


class Waveforms(LazyArray):
    """Filtered waveforms: (n_spikes, n_samples, n_channels) float32, raw units.

    Waveform ``i`` is the samples ``[t - before, t + after)`` around spike ``i``, channels in
    ``channel_order``, band-pass filtered as the whole recording would be. What lies outside the
    recording is zero.

    Parameters
    ----------
    traces : the raw data
    time_samples : (n_spikes,) time of each spike from the start of its recording
    spike_recordings : (n_spikes,) index of that recording
    channels : (n_channels,) columns of the raw data
    before, after : samples before a spike's time, and from it on
    band_pass : the filter
    warn : called with a sentence, once, if spikes lie outside their recordings
    """

    def __init__(
        self,
        traces: Traces,
        time_samples: np.ndarray,
        spike_recordings: np.ndarray,
        channels: np.ndarray,
        before: int,
        after: int,
        band_pass: BandPass,
        warn: Callable[[str], None],
    ) -> None:
        self.shape = (len(time_samples), before + after, len(channels))
        self.dtype = np.dtype(np.float32)
        self._traces = traces
        self._time_samples = time_samples
        self._recordings = spike_recordings
        self._channels = np.asarray(channels, dtype=np.intp)
        self._before = before
        self._filter = band_pass
        self._warn: Callable[[str], None] | None = warn

    def _read(self, selections: list[Selection]) -> np.ndarray:
        spikes, samples, channels = selections
        spike_ids = indices_of(spikes)
        columns = self._channels[channels]
        out = np.zeros((len(spike_ids), self.shape[1], len(columns)), dtype=np.float32)
        if length_of(samples) and out.size:
            self._fill(spike_ids, columns, out)
        whole = isinstance(samples, slice) and length_of(samples) == self.shape[1]
        return out if whole else np.ascontiguousarray(out[:, indices_of(samples)])

    def _fill(self, spike_ids: np.ndarray, columns: np.ndarray, out: np.ndarray) -> None:
        """Write the waveforms of some spikes into ``out``, recording by recording."""
        times = self._time_samples[spike_ids].astype(np.int64)
        recordings = np.asarray(self._recordings[spike_ids])
        margin = self._filter.margin
        width = self.shape[1] + 2 * margin
        n_outside = 0
        order = np.lexsort((times, recordings))  # the order of the file
        edges = [0, *(np.flatnonzero(np.diff(recordings[order])) + 1).tolist(), len(order)]
        for start, stop in pairwise(edges):
            here = order[start:stop]
            recording = int(recordings[here[0]])
            if recording >= len(self._traces.stores):
                n_outside += len(here)
                continue
            store = self._traces.stores[recording]
            length = store.shape[0]
            outside = times[here] >= length
            n_outside += int(outside.sum())
            here = here[~outside]
            firsts = times[here] - self._before - margin
            inside = (firsts >= 0) & (firsts + width <= length)
            size = max(1, _BATCH_BYTES // (width * len(columns) * 4))
            bulk, border = here[inside], here[~inside]
            for i in range(0, len(bulk), size):
                at = bulk[i : i + size]
                self._bulk(store, times[at] - self._before - margin, columns, out, at)
            for i in range(0, len(border), size):
                at = border[i : i + size]
                self._border(store, times[at] - self._before, columns, out, at)
        if n_outside:
            self._say_outside(n_outside)

    def _bulk(
        self,
        store: Store,
        firsts: np.ndarray,
        columns: np.ndarray,
        out: np.ndarray,
        at: np.ndarray,
    ) -> None:
        """Far from the edges, filtering is one fixed matrix times the samples around a spike."""
        n_samples = self.shape[1]
        windows = store.windows(firsts, n_samples + 2 * self._filter.margin, columns)
        if windows.dtype.itemsize > 2:
            # What float32 cannot hold beside a large offset.
            windows = windows - windows.mean(axis=1, keepdims=True, dtype=np.float64)
        out[at] = np.matmul(self._filter.matrix(n_samples), windows.astype(np.float32))

    def _border(
        self,
        store: Store,
        firsts: np.ndarray,
        columns: np.ndarray,
        out: np.ndarray,
        at: np.ndarray,
    ) -> None:
        """Near an edge, the samples from the edge on are filtered as the recording would be."""
        n_samples, margin, length = self.shape[1], self._filter.margin, store.shape[0]
        width = min(n_samples + 2 * margin, length)
        starts = np.clip(firsts - margin, 0, length - width)
        windows = self._filter.apply(store.windows(starts, width, columns), axis=1)
        within = (firsts - starts)[:, None] + np.arange(n_samples)
        absolute = firsts[:, None] + np.arange(n_samples)
        present = (absolute >= 0) & (absolute < length)
        taken = np.take_along_axis(windows, np.clip(within, 0, width - 1)[:, :, None], axis=1)
        out[at] = np.where(present[:, :, None], taken, np.float32(0))

    def _say_outside(self, n_outside: int) -> None:
        warn, self._warn = self._warn, None
        if warn is not None:
            warn(
                f"{n_outside} of the spikes asked for lie outside their recordings in the raw "
                "data; their waveforms are given as zeros. Is it the right raw data?"
            )
