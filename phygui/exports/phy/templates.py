"""Templates, and how alike they are: the sorter's own, or means of waveforms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ShankData
from phygui.exports.phy.arrays import npy_rows
from phygui.exports.phy.features import Sampled, channel_offsets
from phygui.exports.phy.spikes import Spikes
from phygui.exports.work import Work

_SAMPLE = 100
"""Spikes of a template whose mean waveform is taken."""
_AT_ONCE = 1 << 22
"""Numbers that are compared at once."""


def write_templates(
    folder: Path, spikes: Spikes, sampled: Sampled, work: Work
) -> NDArray[np.int64]:
    """`templates.npy` and `similar_templates.npy`.

    Templates that the sorter gave are written as they are, not whitened; others are means of
    waveforms in raw units. Where there is no raw data either, what remains is how large its mean
    features are on each channel, at the sample of the spike.

    Returns
    -------
    (n_templates,) int64
        Channel on which each template is largest, among those of all shanks.
    """
    datas = [shank.data for shank in spikes.shanks]
    n_samples = max(_n_samples(data) for data in datas)
    n_channels = sum(data.n_channels for data in datas)
    offsets = channel_offsets(datas)
    of_row: dict[int, tuple[int, int]] = {}
    for place, (ids, rows) in enumerate(
        zip(spikes.template_ids, spikes.template_rows, strict=True)
    ):
        of_row |= {
            row: (place, template)
            for row, template in zip(rows.tolist(), ids.tolist(), strict=True)
        }
    own = datas[0].templates if len(datas) == 1 else None
    members = _Members(spikes)
    path = folder / "templates.npy"
    largest = np.zeros(spikes.n_templates, np.int64)
    with npy_rows(path, (spikes.n_templates, n_samples, n_channels), np.float32) as append:
        for row in range(spikes.n_templates):
            work.step(0.8 * row / spikes.n_templates, "templates")
            dense = np.zeros((1, n_samples, n_channels), np.float32)
            # Of one shank the templates without spikes have their places too.
            place, template = of_row.get(row, (0, row))
            if row in of_row or (own is not None and row in own):
                data, first = datas[place], offsets[place]
                shape = _shape(data, template, members.of(row), sampled.means[row])
                dense[0, : len(shape), first : first + data.n_channels] = shape
            largest[row] = np.ptp(dense[0], axis=0).argmax()
            append(dense)
    work.step(0.8, "similarity of templates")
    np.save(folder / "similar_templates.npy", _similarity(path))
    return largest


class _Members:
    """Some spikes of each template, as ids in its shank."""

    def __init__(self, spikes: Spikes) -> None:
        self._spikes = spikes
        self._order = np.argsort(spikes.templates, kind="stable")
        self._ends = np.searchsorted(
            spikes.templates[self._order], np.arange(spikes.n_templates + 1)
        )

    def of(self, row: int) -> NDArray[np.int64]:
        """At most so many, evenly spread in time: (n,) int64, ascending."""
        first, stop = int(self._ends[row]), int(self._ends[row + 1])
        if first == stop:
            return np.empty(0, np.int64)
        place = np.linspace(first, stop - 1, min(stop - first, _SAMPLE)).astype(np.int64)
        return np.unique(self._spikes.spike_ids[self._order[place]])


def _n_samples(data: ShankData) -> int:
    templates = data.templates
    if templates:
        return len(templates[next(iter(templates))])
    return data.n_samples_waveforms


def _shape(
    data: ShankData, template: int, spike_ids: NDArray[np.int64], means: NDArray[np.float32]
) -> NDArray[Any]:
    """A template: (n_samples, n_channels); not 0 throughout, if it has spikes."""
    if data.templates is not None and template in data.templates:
        found: NDArray[Any] = data.templates[template]
        if found.any() or not len(spike_ids):
            return found
    if data.waveforms is not None and len(spike_ids):
        found = data.waveforms[spike_ids].mean(axis=0)
        if np.isfinite(found).all() and found.any():
            return found
    found = np.zeros((_n_samples(data), data.n_channels), np.float32)
    if len(spike_ids):
        sizes = np.sqrt((means.astype(np.float64) ** 2).sum(axis=1))
        # Without features it says no more than which shank it is on.
        sizes = sizes if len(sizes) == data.n_channels and sizes.any() else np.ones(data.n_channels)
        found[min(data.n_samples_before, len(found) - 1)] = -sizes
    return found


def _similarity(path: Path) -> NDArray[np.float32]:
    """Cosines of all pairs of templates, as (n_templates, n_templates)."""
    templates = np.load(path, mmap_mode="r")
    n, n_samples, n_channels = templates.shape
    found = np.zeros((n, n))
    size = max(1, _AT_ONCE // max(1, n * n_channels))
    for start in range(0, n_samples, size):
        part = np.nan_to_num(templates[:, start : start + size]).reshape(n, -1).astype(np.float64)
        found += part @ part.T
    norms = np.sqrt(np.diagonal(found))
    norms = np.where(norms > 0, norms, 1.0)
    return (found / norms[:, None] / norms).astype(np.float32)
