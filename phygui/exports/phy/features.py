"""Features as folders of phy hold them: of each spike on the channels of its template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import FeatureSource, ShankData
from phygui.exports.phy.arrays import npy_rows
from phygui.exports.phy.spikes import Spikes
from phygui.exports.work import Work

AMPLITUDE = "sorter_amplitude"
"""What the sorter's own amplitudes are called, where it gave any."""
_AT_ONCE = 1 << 22
"""Numbers of features that are held at once."""
_SAMPLE = 64
"""Spikes of a template whose mean features are taken."""
_LEAST_COMPONENTS = 2
"""Of fewer phylib takes the axis of the channels for that of the components."""


@dataclass
class Sampled:
    """What a sample of the spikes of each template says of its features.

    Attributes
    ----------
    channels : list of (n,) int64
        By template, the channels on which its spikes have features, as places in the shank.
    means : list of (n_channels, n_features) float32
        By template; empty arrays where there are no features.
    """

    channels: list[NDArray[np.int64]]
    means: list[NDArray[np.float32]]


def sample_features(spikes: Spikes, work: Work) -> Sampled:
    """Where the spikes of each template have features, by some of them, and their means."""
    channels = [np.empty(0, np.int64)] * spikes.n_templates
    means = [np.empty((0, 0), np.float32)] * spikes.n_templates
    order = np.argsort(spikes.templates, kind="stable")
    ends = np.searchsorted(spikes.templates[order], np.arange(spikes.n_templates + 1))
    for template in range(spikes.n_templates):
        first, stop = int(ends[template]), int(ends[template + 1])
        if first == stop:
            continue
        work.step(template / spikes.n_templates, "features of the templates")
        place = np.unique(np.linspace(first, stop - 1, min(stop - first, _SAMPLE)).astype(np.int64))
        some = order[place]
        data = spikes.shanks[int(spikes.shank_of[some[0]])].data
        if data.features is None:
            continue
        values, masks = data.features.read(np.sort(spikes.spike_ids[some]))
        channels[template] = np.flatnonzero(_are_there(data.features, values, masks).any(axis=0))
        means[template] = values.mean(axis=0)
    return Sampled(channels, means)


def _are_there(
    source: FeatureSource, values: NDArray[np.float32], masks: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """On which channels spikes have features: where a stored mask is 0 there may be some too."""
    found: NDArray[np.bool_] = masks > 0
    if source.has_masks:
        found |= values.any(axis=2)
    return found


class _NotCoveredError(Exception):
    """A spike has features on other channels than those of its template that are known."""


def write_features(folder: Path, spikes: Spikes, sampled: Sampled, work: Work) -> None:
    """`pc_features.npy`, `pc_feature_ind.npy` and `amplitudes.npy`, in pieces."""
    while True:
        try:
            _Writer(spikes, sampled).write(folder, work)
            return
        except _NotCoveredError:
            # The sample did not show all channels: they are known now.
            continue


class _Writer:
    def __init__(self, spikes: Spikes, sampled: Sampled) -> None:
        self._spikes, self._sampled = spikes, sampled
        self._datas = [shank.data for shank in spikes.shanks]
        self._sources = [data.features for data in self._datas]
        there = [source.n_features for source in self._sources if source is not None]
        self._n_features = max(*there, _LEAST_COMPONENTS) if there else 0
        self._dense: dict[int, NDArray[np.float32]] = {}
        self._n_local = max(map(len, sampled.channels), default=0)
        n = spikes.n_templates
        # Places in the shank; those of templates that have fewer channels are -1.
        self._local = np.full((n, self._n_local), -1)
        for template, of in enumerate(sampled.channels):
            self._local[template, : len(of)] = of
        self._is_covered = np.zeros((n, max(data.n_channels for data in self._datas)), bool)
        rows = np.repeat(np.arange(n), [len(of) for of in sampled.channels])
        self._is_covered[rows, np.concatenate(sampled.channels)] = True

    def write(self, folder: Path, work: Work) -> None:
        n = self._spikes.n
        width = max(data.n_channels for data in self._datas) * max(1, self._n_features)
        size = max(1, _AT_ONCE // width)
        if not self._n_local:
            with npy_rows(folder / "amplitudes.npy", (n,), np.float64) as append:
                for start in range(0, n, size):
                    append(self._amplitudes(start, min(start + size, n)))
            return
        shape = (n, self._n_features, self._n_local)
        with (
            npy_rows(folder / "pc_features.npy", shape, np.float32) as append,
            npy_rows(folder / "amplitudes.npy", (n,), np.float64) as append_amplitudes,
        ):
            for start in range(0, n, size):
                work.step(start / n, "features")
                stop = min(start + size, n)
                features, amplitudes = self._block(start, stop)
                append(features)
                append_amplitudes(amplitudes)
        np.save(folder / "pc_feature_ind.npy", self._global_channels())

    def _block(self, start: int, stop: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Features (n, n_features, n_local) and amplitudes (n,) of some spikes."""
        features = np.zeros((stop - start, self._n_features, self._n_local), np.float32)
        amplitudes = self._amplitudes(start, stop)
        for piece in self._spikes.pieces(start, stop):
            source = self._sources[piece.place]
            if source is None:
                continue
            values, masks = source.read(piece.spike_ids)
            self._check_covered(piece.templates, _are_there(source, values, masks))
            local = self._local[piece.templates]
            taken = np.take_along_axis(values, np.maximum(local, 0)[:, :, None], axis=1)
            taken[local < 0] = 0
            features[piece.rows, : values.shape[2]] = taken.transpose(0, 2, 1)
            if AMPLITUDE not in self._datas[piece.place].attributes:
                means = self._means(piece.place, values.shape[1:])[piece.templates]
                amplitudes[piece.rows] = _factors(values, means)
        return features, amplitudes

    def _check_covered(self, templates: NDArray[np.int64], is_there: NDArray[np.bool_]) -> None:
        n_channels = is_there.shape[1]
        missed = is_there & ~self._is_covered[templates, :n_channels]
        if missed.any():
            spikes, channels = np.nonzero(missed)
            for template in np.unique(templates[spikes]).tolist():
                more = channels[templates[spikes] == template]
                known = self._sampled.channels
                known[template] = np.union1d(known[template], more)
            raise _NotCoveredError

    def _means(self, place: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Mean features of all templates, 0 for those of other shanks."""
        if place not in self._dense:
            found = np.zeros((self._spikes.n_templates, *shape), np.float32)
            for row in self._spikes.template_rows[place].tolist():
                found[row] = self._sampled.means[row]
            self._dense[place] = found
        return self._dense[place]

    def _amplitudes(self, start: int, stop: int) -> NDArray[np.float64]:
        """The sorter's amplitudes of some spikes, 1 where it gave none."""
        found = np.ones(stop - start)
        for piece in self._spikes.pieces(start, stop):
            attributes = self._datas[piece.place].attributes
            if AMPLITUDE in attributes:
                found[piece.rows] = attributes[AMPLITUDE].read(piece.spike_ids)
        return found

    def _global_channels(self) -> NDArray[np.int32]:
        """Channel of each column of each template, among the channels of all shanks."""
        found = self._local.copy()
        for rows, first in zip(
            self._spikes.template_rows, channel_offsets(self._datas), strict=True
        ):
            own = found[rows]
            found[rows] = np.where(own >= 0, own + first, -1)
        return found.astype(np.int32)


def channel_offsets(datas: list[ShankData]) -> list[int]:
    """Place of the first channel of each shank among those of all."""
    counts = [data.n_channels for data in datas]
    return [sum(counts[:k]) for k in range(len(counts))]


def _factors(values: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.float64]:
    """How many times the mean of its template each spike is, by its features."""
    along = np.einsum("ncf,ncf->n", values, means, dtype=np.float64)
    whole = np.einsum("ncf,ncf->n", means, means, dtype=np.float64)
    factors: NDArray[np.float64] = np.ones_like(along)
    np.divide(along, whole, out=factors, where=whole > 0)
    return factors
