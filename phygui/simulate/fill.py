"""The large files of the demo, written a stretch at a time: raw data, features and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from phygui.formats.kwik.writing.whole import write_features as write_whole

from . import features as detection
from .probe import Shank
from .synthetic import FeatureMaker
from .traces import TraceMaker
from .units import Population, Timing
from .write import Description, KlustaDemo

Progress = Callable[[float], None]

_STRETCH = 1 << 15  # samples of the recording made at once, for 32 channels
_N_PCA_SPIKES = 4000  # for up to 64 channels; fewer for more
_N_NOISE_EXCERPTS = 10
_SPIKES_AT_ONCE = 1 << 13  # spikes whose features are drawn at once, for 96 columns


def _stretches(timing: Timing, n_channels: int) -> Iterator[tuple[int, int, int]]:
    """``(recording, start, stop)`` of the parts of the experiment made at once."""
    size = max(1 << 12, _STRETCH * 32 // n_channels)
    for r, (low, high) in enumerate(zip(timing.bounds[:-1], timing.bounds[1:], strict=True)):
        for start in range(int(low), int(high), size):
            yield r, start, min(start + size, int(high))


def write_raw(
    folder: Path,
    how: KlustaDemo,
    d: Description,
    populations: Sequence[Population],
    seed: int,
    report: Progress,
) -> None:
    """The raw traces of all channel groups."""
    makers = [
        TraceMaker(shank, population.units, population.spikes, d.timing, (seed, 3, g))
        for g, (shank, population) in enumerate(zip(d.shanks, populations, strict=True))
    ]
    bounds = d.timing.bounds
    with ExitStack() as stack:
        targets: list[Any]
        if d.raw == "kwd":
            file = stack.enter_context(h5py.File(folder / d.raw_files[0], "w"))
            how.root(file, d.name)
            targets = [
                how.array(
                    how.group(file, f"recordings/{r}"), "data", (int(n), d.n_channels), np.int16
                )
                for r, n in enumerate(np.diff(bounds))
            ]
        else:
            targets = [stack.enter_context(open(folder / path, "wb")) for path in d.raw_files]
        info = np.iinfo(np.int16)
        for r, start, stop in _stretches(d.timing, d.n_channels):
            block = np.empty((stop - start, d.n_channels), dtype=np.int16)
            for shank, maker in zip(d.shanks, makers, strict=True):
                traces = maker.make(start, stop)
                np.rint(traces, out=traces)
                block[:, shank.channels] = traces.clip(info.min, info.max, out=traces)
            if d.raw == "kwd":
                targets[r][start - bounds[r] : stop - bounds[r]] = block
            else:
                block.tofile(targets[r])
            report(stop / int(bounds[-1]))


class _RawReader:
    """The raw data just written, as float32 columns of one channel group."""

    def __init__(self, folder: Path, d: Description, shank: Shank, stack: ExitStack) -> None:
        self._bounds, self._channels = d.timing.bounds, shank.channels
        self._sources: list[Any]
        if d.raw == "kwd":
            file = stack.enter_context(h5py.File(folder / d.raw_files[0], "r"))
            self._sources = [file[f"recordings/{r}/data"] for r in range(len(self._bounds) - 1)]
        else:
            self._sources = [
                np.memmap(folder / path, dtype=np.int16, mode="r").reshape(-1, d.n_channels)
                for path in d.raw_files
            ]

    def read(self, r: int, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``[start, stop)`` of the experiment within recording ``r``, padded beyond it."""
        low, high = int(self._bounds[r]), int(self._bounds[r + 1])
        first, last = max(start, low), min(stop, high)
        data = self._sources[r][first - low : last - low][:, self._channels].astype(np.float32)
        return np.pad(data, ((first - start, stop - last), (0, 0)), mode="edge")


def write_features(
    folder: Path,
    file: h5py.File,
    how: KlustaDemo,
    d: Description,
    population: Population,
    g: int,
    seed: int,
    report: Progress,
) -> None:
    """The ``features_masks`` of channel group ``g``, from the raw data where there is any."""
    shank, n_spikes = d.shanks[g], len(population.spikes)
    n_columns = shank.n_channels * d.n_features
    parts: Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]
    if d.raw is None:
        maker = FeatureMaker(shank, population, d.timing, d.n_features, (seed, 4, g))
        size = max(1, _SPIKES_AT_ONCE * 96 // n_columns)
        parts = (
            (start, *maker.make(start, min(start + size, n_spikes)))
            for start in range(0, n_spikes, size)
        )
    else:
        parts = _features_of_traces(folder, d, shank, population)

    def told() -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
        for part in parts:
            yield part
            report((part[0] + len(part[1])) / n_spikes)

    write_whole(file, how, g, (n_spikes, n_columns), told())


def _features_of_traces(
    folder: Path, d: Description, shank: Shank, population: Population
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
    """First spike, features and masks of successive spikes, from the raw data."""
    samples, timing = population.spikes.samples, d.timing
    matrix = detection.filter_matrix(timing.sample_rate)
    around = detection.BEFORE + detection.MARGIN
    with ExitStack() as stack:
        reader = _RawReader(folder, d, shank, stack)

        def waveforms(r: int, start: int, stop: int, chosen: NDArray[Any]) -> NDArray[np.float32]:
            traces = reader.read(r, start - around, stop + around)
            return detection.filtered_waveforms(traces, chosen - start + around, matrix)

        stretches = list(_stretches(timing, d.n_channels))
        excerpts = [stretches[i] for i in _spread(len(stretches), _N_NOISE_EXCERPTS)]
        noise = np.median(
            [
                detection.noise_level(reader.read(r, a, min(b, a + 8192)), timing.sample_rate)
                for r, a, b in excerpts
            ],
            axis=0,
        )
        noise = np.full_like(noise, np.median(noise))  # one threshold for all channels

        n_chosen = max(1000, _N_PCA_SPIKES * 64 // max(64, shank.n_channels))
        chosen = samples[_spread(len(samples), n_chosen)]
        each = [chosen[slice(*np.searchsorted(chosen, [a, b]))] for _, a, b in stretches]
        # Not every stretch has one that was chosen.
        sample = np.concatenate(
            [
                waveforms(r, a, b, some)
                for (r, a, b), some in zip(stretches, each, strict=True)
                if len(some)
            ],
            axis=1,
        )
        weights = detection.masks(detection.troughs(sample).T, noise, shank)
        covariances = detection.weighted_covariances(sample, weights)
        components = detection.principal_components(covariances, d.n_features)
        del sample
        for r, a, b in stretches:
            first, last = np.searchsorted(samples, [a, b])
            if first < last:
                found = waveforms(r, a, b, samples[first:last])
                masks = detection.masks(detection.troughs(found).T, noise, shank)
                yield int(first), components.project(found), masks


def _spread(n: int, n_max: int) -> NDArray[np.int64]:
    """At most ``n_max`` indices below ``n``, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, n_max)).astype(np.int64))
