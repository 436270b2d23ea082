"""Reading stretches of the recording, at any zoom, at a bounded cost."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import decimate_min_max, medians_of_rows
from phygui.errors import Cancelled
from phygui.storage.cache import ByteCache

if TYPE_CHECKING:
    from phygui.dataset import ShankData

BLOCK_BINS = 128
"""Bins of an envelope that are computed, and remembered, together."""
MOST_VERTICES = 100_000
"""Points drawn at once, over all channels; about what a software renderer draws in 50 ms."""
MOST_VALUES = 26_000_000
"""Samples times channels up to which a picture is made from all of them."""
READ_VALUES = 1_000_000
"""Samples times channels that are read, and filtered, at once."""
SAMPLED_VALUES = 4_000_000
"""Samples times channels that stand for longer stretches."""
N_PROBES, PROBE_LENGTH = 16, 512
"""Stretches of the recording that tell offsets and noise."""

_cache = ByteCache(96 * 2**20)


@dataclass(frozen=True)
class Kind:
    """What is shown of the recording."""

    filtered: bool = True
    referenced: bool = False
    """Whether the median over the channels is subtracted from every sample."""


@dataclass(frozen=True, eq=False)
class Envelope:
    """A stretch of the recording small enough to draw; equal to nothing but itself."""

    samples: NDArray[np.float64]
    """(n_points,) absolute samples of the points."""
    values: NDArray[np.float32]
    """(n_channels, n_points) microvolts; NaN where nothing was recorded."""
    bin_size: int
    """Samples in a bin: 1 when the points are the samples, else each bin has two points, its
    smallest and its largest value."""
    sampled: float
    """Share of the samples that were looked at, 1 for all."""

    def points_of(
        self, first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last point of stretches given by their first and last sample."""
        n_points = len(self.samples)
        if not n_points:
            return np.zeros_like(first), np.full_like(last, -1)
        if self.bin_size == 1:
            origin = int(self.samples[0])
            return np.maximum(first - origin, 0), np.minimum(last - origin, n_points - 1)
        origin = int(self.samples[0]) // self.bin_size
        left = np.maximum(first // self.bin_size - origin, 0) * 2
        right = np.minimum((last // self.bin_size - origin) * 2 + 1, n_points - 1)
        return left, right


def _known(shank: ShankData, key: Hashable) -> Any | None:
    """What was kept of the raw data, unless its gain has been said since."""
    return _cache.get((shank.traces,), (key, shank.n_located))


def _keep(shank: ShankData, key: Hashable, value: object, n_bytes: int) -> None:
    _cache.put((shank.traces,), (key, shank.n_located), value, n_bytes)


def most_bins(n_channels: int) -> int:
    """Bins of an envelope, for so many channels."""
    return int(np.clip(MOST_VERTICES // (2 * max(n_channels, 1)), 400, 1600))


def envelope_in_rows(
    shank: ShankData,
    start: int,
    stop: int,
    kind: Kind,
    rows: NDArray[np.int64],
    cancelled: Callable[[], bool],
) -> Envelope:
    """As :func:`envelope`, its channels in some order; of the same stretch again, the same object.

    So who draws it knows that another selection shows what is drawn already.
    """
    key = (start, stop, kind, rows.tobytes())
    known: Envelope | None = _known(shank, key)
    if known is None:
        found = envelope(shank, start, stop, kind, cancelled)
        known = replace(found, values=found.values[rows])
        _keep(shank, key, known, known.values.nbytes)
    return known


def envelope(
    shank: ShankData, start: int, stop: int, kind: Kind, cancelled: Callable[[], bool]
) -> Envelope:
    """The samples from start to just before stop, or their envelope when they are too many.

    Bins hold a power of two of samples and start at multiples of their size, so that pictures of
    neighbouring stretches share them; they are kept in a bounded cache. When a bin is too long to
    be read whole, a part in its middle stands for it.

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    n_channels = len(shank.channels)
    n_most = most_bins(n_channels)
    if stop - start <= 2 * n_most:
        key = (start, stop, kind)
        # Another selection shows the same stretch.
        values = _known(shank, key)
        if values is None:
            values = np.ascontiguousarray(read(shank, start, stop, kind).T)
            _keep(shank, key, values, values.nbytes)
        return Envelope(np.arange(start, stop, dtype=np.float64), values, 1, 1.0)

    bin_size = 1 << int(np.ceil(np.log2((stop - start) / n_most)))
    part = bin_size
    if bin_size * n_most * n_channels > MOST_VALUES:
        part = min(bin_size, max(SAMPLED_VALUES // (n_most * n_channels), 16))
    first, last = start // bin_size, -(-stop // bin_size)
    blocks: dict[int, NDArray[np.float32]] = {}
    missing: list[int] = []
    for k in range(first // BLOCK_BINS, (last - 1) // BLOCK_BINS + 1):
        known = _known(shank, (k, bin_size, part, kind))
        if known is not None:
            blocks[k] = known
        else:
            missing.append(k)
    most = max(1, READ_VALUES // (BLOCK_BINS * part * n_channels))
    for run in _runs(missing, most):
        if cancelled():
            raise Cancelled
        # Neighbours are read, and filtered, in one piece: the filter needs a margin around it.
        blocks |= _read_blocks(shank, run, bin_size, part, kind)
    origin = first // BLOCK_BINS * BLOCK_BINS
    extrema = np.concatenate([blocks[k] for k in sorted(blocks)])[first - origin : last - origin]
    n_bins = len(extrema)
    bins = first + np.arange(n_bins)
    samples = ((bins[:, None] + [0.25, 0.75]) * bin_size).reshape(-1)
    values = extrema.reshape(2 * n_bins, n_channels).T
    return Envelope(samples, np.ascontiguousarray(values), bin_size, part / bin_size)


def read(shank: ShankData, start: int, stop: int, kind: Kind) -> NDArray[np.float32]:
    """All samples of a stretch: (n_samples, n_channels) microvolts, centred on zero.

    NaN where nothing was recorded.
    """
    offsets, _ = calibration(shank, Kind(kind.filtered))
    return _referenced(_read(shank, start, stop, kind.filtered) - offsets, kind)


def calibration(shank: ShankData, kind: Kind) -> tuple[NDArray[np.float32], float]:
    """The offset of each channel, and the standard deviation of the noise, in microvolts.

    Both are robust estimates from stretches spread over the recording: the median, and 1.4826
    times the median absolute deviation.
    """
    known: tuple[NDArray[np.float32], float] | None = _known(shank, ("calibration", kind))
    if known is not None:
        return known
    timeline = shank.timeline
    length = min(PROBE_LENGTH, timeline.n_recorded)
    rows = np.linspace(0, timeline.n_recorded - length, N_PROBES).astype(int)
    starts = dict.fromkeys(timeline.from_rows(rows).tolist())
    probes = np.concatenate([_read(shank, s, s + length, kind.filtered) for s in starts])
    probes = probes[~np.isnan(probes[:, 0])]
    # The filter has taken the offsets away.
    offsets = np.zeros(probes.shape[1], np.float32)
    if not kind.filtered:
        offsets = medians_of_rows(np.ascontiguousarray(probes.T)).astype(np.float32)
    deviations = np.abs(_referenced(probes - offsets, kind))
    noise = 1.4826 * float(medians_of_rows(deviations.reshape(1, -1))[0])
    result = (offsets, noise if np.isfinite(noise) and noise > 0 else 1.0)
    _keep(shank, ("calibration", kind), result, offsets.nbytes)
    return result


def n_samples_of(shank: ShankData) -> int:
    """Samples from the start of the raw data to its end, gaps included; 0 where it is absent."""
    return 0 if shank.traces is None else shank.timeline.n_samples


def _runs(numbers: list[int], most: int) -> Iterator[list[int]]:
    """Successive whole numbers together, `most` of them at a time."""
    run: list[int] = []
    for k in numbers:
        if run and (k != run[-1] + 1 or len(run) == most):
            yield run
            run = []
        run.append(k)
    if run:
        yield run


def _read_blocks(
    shank: ShankData, run: list[int], bin_size: int, part: int, kind: Kind
) -> dict[int, NDArray[np.float32]]:
    """Smallest and largest values of successive blocks of bins, each (n_bins, 2, n_channels)."""
    start = run[0] * BLOCK_BINS * bin_size
    stop = min((run[-1] + 1) * BLOCK_BINS * bin_size, n_samples_of(shank))
    if part == bin_size:
        extrema = _whole_bins(read(shank, start, stop, kind), bin_size)
    else:
        extrema = _sampled_bins(shank, np.arange(start, stop, bin_size), bin_size, part, kind)
    blocks = {}
    for i, k in enumerate(run):
        # A copy, so that what the cache drops is freed although its neighbours are kept.
        block = blocks[k] = extrema[i * BLOCK_BINS : (i + 1) * BLOCK_BINS].copy()
        _keep(shank, (k, bin_size, part, kind), block, block.nbytes)
    return blocks


def _whole_bins(values: NDArray[np.float32], bin_size: int) -> NDArray[np.float32]:
    n_whole = len(values) // bin_size
    whole = decimate_min_max(values[: n_whole * bin_size], n_whole) if n_whole else None
    rest = values[n_whole * bin_size :]
    tail = decimate_min_max(rest, 1) if len(rest) else None
    extrema = np.concatenate([part for part in (whole, tail) if part is not None])
    recorded = ~np.isnan(values[:, 0])
    if not recorded.all():
        n_recorded = np.add.reduceat(recorded, np.arange(0, len(values), bin_size), dtype=np.int64)
        extrema[n_recorded == 0] = np.nan
        lengths = np.minimum(bin_size, len(values) - bin_size * np.arange(len(extrema)))
        for k in np.flatnonzero((n_recorded > 0) & (n_recorded < lengths)).tolist():
            part = values[k * bin_size : (k + 1) * bin_size]
            extrema[k] = np.nanmin(part, axis=0), np.nanmax(part, axis=0)
    return extrema


def _sampled_bins(
    shank: ShankData, starts: NDArray[np.int64], bin_size: int, part: int, kind: Kind
) -> NDArray[np.float32]:
    """Bins of which only the middle is read; those inside one recording are filtered together.

    Where the middle was not recorded, it is of what was.
    """
    timeline, n_channels = shank.timeline, len(shank.channels)
    margin = shank.filter.margin if kind.filtered else 0
    first = starts + (bin_size - part) // 2
    home = timeline.recording_of(first)
    low, high = timeline.starts[home], timeline.stops[home]
    for i in np.flatnonzero((first < low) | (first + part > high)).tolist():
        pieces = list(timeline.pieces(int(starts[i]), int(starts[i]) + bin_size))
        if pieces:
            a, b, low[i], high[i] = max(pieces, key=lambda piece: piece[1] - piece[0])
            first[i] = max(min(first[i], b - part), a)
    inside = (first - margin >= low) & (first + part + margin <= high)
    out = np.full((len(starts), 2, n_channels), np.nan, dtype=np.float32)
    for i in np.flatnonzero(~inside & (first < high)).tolist():
        values = read(shank, int(first[i]), min(int(first[i]) + part, int(high[i])), kind)
        out[i] = values.min(axis=0), values.max(axis=0)
    chosen = np.flatnonzero(inside)
    if len(chosen):
        long = part + 2 * margin
        chunks = np.empty((long, len(chosen), n_channels), dtype=np.float32)
        for j, s in enumerate((first[chosen] - margin).tolist()):
            chunks[:, j] = _stored(shank, s, s + long)
        if kind.filtered:
            # The filter removes the mean, and single precision is happier without it.
            chunks -= chunks.mean(axis=0)
            flat = shank.filter.matrix(part) @ chunks.reshape(long, -1)
            chunks = flat.reshape(part, len(chosen), n_channels)
        offsets, _ = calibration(shank, Kind(kind.filtered))
        chunks = _referenced(chunks - offsets, kind)
        out[chosen, 0] = chunks.min(axis=0)
        out[chosen, 1] = chunks.max(axis=0)
    return out


def _read(shank: ShankData, start: int, stop: int, filtered: bool) -> NDArray[np.float32]:
    """A stretch in microvolts, each recording filtered apart from its neighbours; NaN between."""
    out = np.full((stop - start, len(shank.channels)), np.nan, dtype=np.float32)
    margin = shank.filter.margin if filtered else 0
    for a, b, low, high in shank.timeline.pieces(start, stop):
        first, last = max(a - margin, low), min(b + margin, high)
        values = _stored(shank, first, last)
        if filtered:
            out[a - start : b - start] = shank.filter.stretch(values, a - first, b - a)
        else:
            out[a - start : b - start] = values
    return out


def _stored(shank: ShankData, start: int, stop: int) -> NDArray[np.float32]:
    """A stretch inside one recording of the channels of the group, in microvolts, as recorded."""
    if shank.traces is None:
        raise ValueError("there is no raw data")
    row = int(shank.timeline.to_rows(start))
    values = np.asarray(shank.traces[row : row + stop - start])[:, shank.channels]
    return values.astype(np.float32) * shank.channel_gains.astype(np.float32)


def _referenced(values: NDArray[np.float32], kind: Kind) -> NDArray[np.float32]:
    """Subtract the median over the channels, the last axis, if that is wanted.

    The median of fewer than three channels is the signal itself rather than what they share.
    """
    if not kind.referenced or values.shape[-1] < 3:
        return values
    rows = values.reshape(-1, values.shape[-1])
    return values - medians_of_rows(rows).reshape(*values.shape[:-1], 1)
