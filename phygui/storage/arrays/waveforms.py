"""Filtered waveforms, cut from the raw traces for all the spikes asked for at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import pairwise

import numpy as np

from phygui.storage.arrays import windows
from phygui.storage.arrays.bandpass import BandPass
from phygui.storage.arrays.lazy import LazyArray, Selection, indices_of, length_of
from phygui.storage.arrays.stores import Store
from phygui.storage.arrays.traces import Traces

#: Memory for the samples of one batch of spikes.
_BATCH_BYTES = 32 * 2**20
#: Raw data that is read in one go where spikes lie close together: what the processor keeps near.
_STRETCH_BYTES = 4 * 2**20
#: Samples that are filtered in one go.
_NEAR_BYTES = 2**18
#: Spikes that are looked at in one go: in some milliseconds.
_MOST_AT_ONCE = 10_000
#: Memory up to which each part of the raw data has sums of its own.
_SUMS_BYTES = 64 * 2**20

Steps = Generator[None, None, None]
#: Takes all steps of several generators, perhaps in several threads.
Together = Callable[[Sequence[Steps]], Steps]


def one_by_one(parts: Sequence[Steps]) -> Steps:
    """Take all steps of one generator after those of another."""
    for steps in parts:
        yield from steps


class _Sums:
    """What is added up of a part of the raw data: of spikes near its edges what is filtered."""

    def __init__(self, whole: np.ndarray, n_sets: int) -> None:
        self.whole = whole
        self.at_edges: dict[int, np.ndarray] = {}
        self.counts = np.zeros(n_sets, np.int64)


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

    def mean(self, spike_ids: np.ndarray) -> np.ndarray:
        """Mean waveform of some spikes, for the price of adding up their raw samples.

        The mean of filtered waveforms is the filtered mean: hundreds of spikes on hundreds of
        channels cost about as much as filtering dozens one by one.

        Parameters
        ----------
        spike_ids : (n,) spikes, from 0

        Returns
        -------
        mean : (n_samples, n_channels) float32, raw units
            Of the spikes that lie inside their recordings; zeros if none does.
        """
        n_samples, n_channels = self.shape[1:]
        total = np.zeros((n_samples + 2 * self._filter.margin, n_channels))
        filtered = np.zeros((n_samples, n_channels))
        n_inside = 0
        for store, at, firsts, is_far in self._pieces(spike_ids, n_channels):
            n_inside += len(at)
            if is_far:
                total += self._raw(store, firsts, self._channels).sum(axis=0, dtype=np.float64)
            else:
                filtered += self._border(store, firsts, self._channels).sum(axis=0)
        filtered += self._filter.matrix(n_samples) @ (total - total.mean(axis=0))
        return (filtered / max(n_inside, 1)).astype(np.float32)

    def means(
        self,
        spikes: Sequence[np.ndarray],
        channels: Sequence[np.ndarray],
        together: Together = one_by_one,
    ) -> Generator[None, None, list[np.ndarray]]:
        """Mean waveforms of many sets of spikes, whose raw data is read once, in its order.

        Yields every few milliseconds.

        Parameters
        ----------
        spikes : sequence of (n,) arrays, spikes from 0
        channels : sequence of arrays, for each set the channels that are looked at
        together : callable, optional
            Takes the steps on two parts of the raw data. They give the same in any order.

        Returns
        -------
        means : list of (n_samples, n_channels) float32, raw units
            As :meth:`mean`; 0 on the other channels.
        """
        n_samples, n_channels = self.shape[1:]
        width = n_samples + 2 * self._filter.margin
        columns = [self._channels[of] for of in channels]
        ranges = [slice(int(c.min()), int(c.max()) + 1) if len(c) else slice(0, 0) for c in columns]
        exact: type[np.number] = np.int64 if self._traces.dtype.kind in "iu" else np.float64
        if self._traces.dtype.itemsize <= 2 and max(map(len, spikes), default=0) < 2**15:
            exact = np.int32
        begins = np.cumsum([0, *(width * (r.stop - r.start) for r in ranges)])
        bounds = np.array([(r.start, r.stop) for r in ranges], np.int64).reshape(-1, 2)
        everything, owners = _joined(spikes)
        loops = windows.loops(len(everything))

        def add(chosen: np.ndarray, sums: _Sums) -> Steps:
            for store, at, firsts, is_far in self._stretches(everything[chosen]):
                # Those of one set one after the other.
                of = owners[chosen[at]]
                by_owner = np.argsort(of, kind="stable")
                of = of[by_owner]
                sums.counts += np.bincount(of, minlength=len(spikes))
                if is_far:
                    block, starts = self._stretch(store, firsts)
                    starts = starts[by_owner]
                    most = windows.n_in_short(block)
                    loops.add_windows(block, starts, of, bounds, begins, width, sums.whole, most)
                else:
                    for k in np.unique(of).tolist():
                        some = firsts[by_owner][of == k]
                        border = self._border(store, some, columns[k]).sum(axis=0)
                        sums.at_edges[k] = sums.at_edges.get(k, 0.0) + border
                yield

        parts = _halves(everything)
        sums = [_Sums(np.zeros(begins[-1], exact), len(spikes))]
        if sums[0].whole.nbytes <= _SUMS_BYTES:
            sums.append(_Sums(np.zeros(begins[-1], exact), len(spikes)))
        else:
            # Each then reads all of the raw data, for one half of the sets.
            sums.append(_Sums(sums[0].whole, len(spikes)))
            parts = [np.flatnonzero(owners % 2 == i) for i in range(2)]
        yield from together([add(*of) for of in zip(parts, sums, strict=True)])
        means = []
        matrix = self._filter.matrix(n_samples)
        counts = np.maximum(sums[0].counts + sums[1].counts, 1).tolist()
        for k, (begin, stop) in enumerate(pairwise(begins.tolist())):
            mean = np.zeros((n_samples, n_channels), np.float32)
            total = sums[0].whole[begin:stop]
            if sums[1].whole is not sums[0].whole:
                total = total + sums[1].whole[begin:stop]
            total = total.reshape(width, -1)
            raw = total[:, columns[k] - ranges[k].start].astype(np.float64)
            filtered = matrix @ (raw - raw.mean(axis=0))
            for part in sums:
                filtered += part.at_edges.get(k, 0.0)
            mean[:, channels[k]] = filtered / counts[k]
            means.append(mean)
            yield
        return means

    def values_at(
        self,
        spikes: Sequence[np.ndarray],
        samples: Sequence[int],
        channels: Sequence[int],
        together: Together = one_by_one,
    ) -> Generator[None, None, list[np.ndarray]]:
        """What :meth:`at` gives for many sets of spikes, whose raw data is read once, in its order.

        Yields every few milliseconds.

        Parameters
        ----------
        spikes : sequence of (n,) arrays, spikes from 0
        samples, channels : sequences of int, for each set
        together : callable, optional
            As for :meth:`means`.
        """
        n_samples = self.shape[1]
        weights = self._filter.matrix(n_samples)[np.asarray(samples, np.intp)].astype(np.float64)
        columns = self._channels[np.asarray(channels, np.intp)]
        everything, owners = _joined(spikes)
        found = np.zeros(len(everything), np.float32)
        loops = windows.loops(len(everything))

        def look(chosen: np.ndarray) -> Steps:
            for store, at, firsts, is_far in self._stretches(everything[chosen]):
                of = owners[chosen[at]]
                if is_far:
                    block, starts = self._stretch(store, firsts)
                    values = np.empty(len(at))
                    loops.project(block, starts, columns[of], of, weights, values)
                    found[chosen[at]] = values
                else:
                    for k in np.unique(of).tolist():
                        some = self._border(store, firsts[of == k], columns[[k]])
                        found[chosen[at[of == k]]] = some[:, samples[k], 0]
                yield

        yield from together([look(part) for part in _halves(everything)])
        begins = np.cumsum([0, *map(len, spikes)]).tolist()
        return [found[begin:end] for begin, end in pairwise(begins)]

    def _stretches(
        self, spike_ids: np.ndarray
    ) -> Iterator[tuple[Store, np.ndarray, np.ndarray, bool]]:
        """As :meth:`_pieces` where whole rows are read, with all between the windows of spikes."""
        n_columns = max(store.shape[1] for store in self._traces.stores)
        row = n_columns * self._traces.dtype.itemsize
        yield from self._pieces(spike_ids, n_columns, min(_BATCH_BYTES, _STRETCH_BYTES) // row)

    def _stretch(self, store: Store, firsts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Raw rows that hold all the windows of some spikes in order, and where each begins.

        All between the first and the last, unless most of it would be read for nothing.
        """
        margin = self._filter.margin
        width = self.shape[1] + 2 * margin
        starts = firsts - margin
        first, stop = int(starts[0]), int(starts[-1]) + width
        if stop - first <= 2 * width * len(starts):
            block = store.read([slice(first, stop, 1), slice(0, store.shape[1], 1)])
        else:
            each = self._raw(store, firsts, np.arange(store.shape[1]))
            block, starts = each.reshape(-1, store.shape[1]), width * np.arange(len(starts))
            first = 0
        # As this machine has its numbers, whichever way round they are stored.
        return np.ascontiguousarray(block, self._traces.dtype), starts - first

    def at(self, spike_ids: np.ndarray, sample: int, channel: int) -> np.ndarray:
        """One sample of the waveform of each of some spikes on one channel.

        Parameters
        ----------
        spike_ids : (n,) spikes, from 0
        sample : index into the samples of a waveform
        channel : index into ``channel_order``

        Returns
        -------
        values : (n,) float32, raw units; 0 for spikes that lie outside their recordings
        """
        columns = self._channels[[channel]]
        weights = self._filter.matrix(self.shape[1])[sample].astype(np.float64)
        out = np.zeros(len(spike_ids), np.float32)
        for store, at, firsts, is_far in self._pieces(spike_ids, 1):
            if is_far:
                values = self._raw(store, firsts, columns)[:, :, 0].astype(np.float64)
                out[at] = (values - values.mean(axis=1, keepdims=True)) @ weights
            else:
                out[at] = self._border(store, firsts, columns)[:, sample, 0]
        return out

    def _fill(self, spike_ids: np.ndarray, columns: np.ndarray, out: np.ndarray) -> None:
        """Write the waveforms of some spikes into ``out``, recording by recording."""
        for store, at, firsts, is_far in self._pieces(spike_ids, len(columns)):
            cut = self._bulk if is_far else self._border
            out[at] = cut(store, firsts, columns)

    def _pieces(
        self, spike_ids: np.ndarray, n_columns: int, n_rows: int = 0
    ) -> Iterator[tuple[Store, np.ndarray, np.ndarray, bool]]:
        """Some spikes in the order of the file, in pieces that there is memory for.

        That is for a window of each spike; or, where their windows lie within ``n_rows``, for
        these rows.

        Yields the store of a recording, which of the spikes, the first sample of each waveform,
        and whether all of them are so far from the edges that the filter does not feel these.
        """
        times = self._time_samples[spike_ids].astype(np.int64)
        recordings = np.asarray(self._recordings[spike_ids])
        margin = self._filter.margin
        width = self.shape[1] + 2 * margin
        size = max(1, _BATCH_BYTES // (width * n_columns * 4))
        n_outside = 0
        order = np.lexsort((times, recordings))  # the order of the file
        edges = [0, *(np.flatnonzero(np.diff(recordings[order])) + 1).tolist(), len(order)]
        for start, stop in pairwise(edges):
            here = order[start:stop]
            if not len(here):
                continue
            recording = int(recordings[here[0]])
            if recording >= len(self._traces.stores):
                n_outside += len(here)
                continue
            store = self._traces.stores[recording]
            length = store.shape[0]
            outside = times[here] >= length
            n_outside += int(outside.sum())
            here = here[~outside]
            firsts = times[here] - self._before
            far = (firsts >= margin) & (firsts - margin + width <= length)
            for is_far, found in ((True, here[far]), (False, here[~far])):
                ends = np.searchsorted(times[found], times[found] + (n_rows - width), "right")
                i = 0
                while i < len(found):
                    near = min(int(ends[i]), i + _MOST_AT_ONCE) if is_far else 0
                    at = found[i : max(i + size, near)]
                    yield store, at, times[at] - self._before, is_far
                    i += len(at)
        if n_outside:
            self._say_outside(n_outside)

    def _raw(self, store: Store, firsts: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Raw samples of the waveforms that begin at some samples, with the margins around."""
        margin = self._filter.margin
        return store.windows(firsts - margin, self.shape[1] + 2 * margin, columns)

    def _bulk(self, store: Store, firsts: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Far from the edges, filtering is one fixed matrix times the samples around a spike."""
        windows, matrix = self._raw(store, firsts, columns), self._filter.matrix(self.shape[1])
        filtered = np.empty((len(windows), self.shape[1], len(columns)), np.float32)
        # A few at a time, in the same memory: pages of new memory would have to be cleared first.
        at_once = max(1, _NEAR_BYTES // max(1, 4 * windows.shape[1] * len(columns)))
        some = np.empty((at_once, *windows.shape[1:]), np.float32)
        for start in range(0, len(windows), len(some)):
            stop = min(start + len(some), len(windows))
            of, numbers = windows[start:stop], some[: stop - start]
            if windows.dtype.itemsize > 2:
                # What float32 cannot hold beside a large offset.
                mean = of.mean(axis=1, keepdims=True, dtype=np.float64)
                np.subtract(of, mean, out=numbers, casting="unsafe")
            else:
                numbers[...] = of
            np.matmul(matrix, numbers, out=filtered[start:stop])
        return filtered

    def _border(self, store: Store, firsts: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Near an edge, the samples from the edge on are filtered as the recording would be."""
        n_samples, margin, length = self.shape[1], self._filter.margin, store.shape[0]
        width = min(n_samples + 2 * margin, length)
        starts = np.clip(firsts - margin, 0, length - width)
        windows = self._filter.apply(store.windows(starts, width, columns), axis=1)
        within = (firsts - starts)[:, None] + np.arange(n_samples)
        absolute = firsts[:, None] + np.arange(n_samples)
        present = (absolute >= 0) & (absolute < length)
        taken = np.take_along_axis(windows, np.clip(within, 0, width - 1)[:, :, None], axis=1)
        return np.where(present[:, :, None], taken, np.float32(0))

    def _say_outside(self, n_outside: int) -> None:
        warn, self._warn = self._warn, None
        if warn is not None:
            warn(
                f"{n_outside} of the requested spikes lie outside the raw data of their "
                "recordings; their waveforms are zeros. Is this the right raw data?"
            )


def _joined(sets: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All spikes of several sets, and of each which set it is of."""
    everything = np.concatenate([np.empty(0, np.int64), *sets])
    return everything, np.repeat(np.arange(len(sets)), [len(of) for of in sets])


def _halves(spike_ids: np.ndarray) -> list[np.ndarray]:
    """Which of some spikes are in the first half of the raw data that they need, and which not."""
    if not len(spike_ids):
        return [np.empty(0, np.int64)] * 2
    # Spikes are numbered in the order of time, but for a few.
    middle = np.partition(spike_ids, len(spike_ids) // 2)[len(spike_ids) // 2]
    is_late = spike_ids >= middle
    return [np.flatnonzero(~is_late), np.flatnonzero(is_late)]
