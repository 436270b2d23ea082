"""Depth of single spikes: as the format holds it, else from features, else that of templates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import centers_along
from phygui.dataset import ShankData, SpikeAttribute
from phygui.storage.cache import ByteCache
from phygui.views.core.loading import Cancel, check

_AT_ONCE = 2_000_000
"""Features that are read together."""
_NEAR = 0.5
"""Part of a template's largest height that a channel has at least which counts for its place."""

_templates = ByteCache(2**20)


class Depths(NamedTuple):
    """Where some spikes are along the probe."""

    depths: NDArray[np.float64]
    """(n,) micrometres; NaN where it is not known."""
    sizes: NDArray[np.float64]
    """(n,) how large the spikes are, in whatever unit; NaN where it is not known."""


def stored_depth(shank: ShankData) -> SpikeAttribute | None:
    """What the format holds of the depth of every spike."""
    return _stored(shank, "depth")


def _stored(shank: ShankData, word: str) -> SpikeAttribute | None:
    named = (a for name, a in shank.attributes.items() if word in name.lower().split("_"))
    return next(named, None)


def has_depths(shank: ShankData) -> bool:
    """Whether the depth of single spikes can be told."""
    if stored_depth(shank) is not None or shank.features is not None:
        return True
    return shank.templates is not None and shank.spike_templates is not None


def read_depths(shank: ShankData, spike_ids: NDArray[np.int64], cancelled: Cancel) -> Depths:
    """Depths of some spikes, of a shank that has them.

    What the format holds of each spike comes first; else the centre of mass of its features, each
    channel weighted by the square of its masked features; else the place of its template.

    Parameters
    ----------
    shank : ShankData
    spike_ids : array of int64 (n,)
    cancelled : callable
        Asked between stretches of spikes.
    """
    stored = stored_depth(shank)
    if stored is not None:
        amplitude = _stored(shank, "amplitude")
        sizes = None if amplitude is None else np.abs(amplitude.read(spike_ids))
        return _known(stored.read(spike_ids), sizes)
    if shank.features is None:
        assert shank.spike_templates is not None
        return _known(_of_templates(shank, shank.spike_templates, spike_ids), None)
    depths, sizes = np.empty(len(spike_ids)), np.empty(len(spike_ids))
    positions = np.asarray(shank.channel_positions)[:, 1]
    step = max(100, _AT_ONCE // max(1, len(positions) * shank.features.n_features))
    for start in range(0, len(spike_ids), step):
        check(cancelled)
        part = slice(start, start + step)
        values, masks = shank.features.read(spike_ids[part])
        masked = np.nan_to_num(values * masks[:, :, None], posinf=0.0, neginf=0.0)
        energies = np.einsum("ijk,ijk->ij", masked, masked)
        depths[part] = centers_along(energies, positions)
        sizes[part] = np.sqrt(energies.max(axis=1, initial=0.0))
    return Depths(depths, sizes)


def _known(depths: NDArray[np.float64], sizes: NDArray[np.float64] | None) -> Depths:
    finite = np.where(np.isfinite(depths), depths, np.nan)
    return Depths(finite, np.full(len(depths), np.nan) if sizes is None else sizes)


def _of_templates(
    shank: ShankData, spike_templates: NDArray[np.integer], spike_ids: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Depth of the template of each spike, NaN where there is none."""
    known: NDArray[np.float64] | None = _templates.get((shank,), shank.n_located)
    if known is None:
        assert shank.templates is not None
        positions = np.asarray(shank.channel_positions)[:, 1]
        n = max(shank.templates, default=0) + 1
        known = np.full(max(n, int(np.max(spike_templates, initial=0)) + 1), np.nan)
        for number in shank.templates:
            heights = np.ptp(shank.templates[number], axis=0) * shank.channel_gains
            weights = np.where(heights >= _NEAR * heights.max(initial=0.0), heights**2, 0.0)
            if weights.sum() > 0:
                known[number] = weights @ positions / weights.sum()
        _templates.put((shank,), shank.n_located, known, known.nbytes)
    found: NDArray[np.float64] = known[spike_templates[spike_ids]]
    return found
