"""On which rows of the trace view each spike is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from phygui.storage.cache import ByteCache
from phygui.views.trace.signal import Envelope

if TYPE_CHECKING:
    from phygui.dataset import ShankData

MOST_DISTINCT = 32
"""Samples in a bin of the envelope up to which a spike is told from what else is in the bin."""

_cache = ByteCache(8 * 2**20)


class Found(NamedTuple):
    """The spikes in a stretch."""

    ids: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    """First and last point of the envelope that each spike covers."""


def rows_of(
    shank: ShankData,
    spikes: Found,
    rows: NDArray[np.int64],
    drawn: Envelope,
) -> NDArray[np.bool_]:
    """Where to draw each spike: where it is unmasked.

    Without masks, and where a spike is one of many things in a bin of the envelope, only where
    the signal is at least half as large as where it is largest. Where not all samples were
    looked at, only in the middle of its channels, since the signal says nothing about it.

    Parameters
    ----------
    shank : ShankData
    spikes : Found
    rows : array of int64 (n_channels,)
        Place in ``channel_order`` of the channel of each row.
    drawn : Envelope
        Its values are in the order of the rows. Of the same spikes in the same one, as another
        selection has them, masks are read once.

    Returns
    -------
    array of bool (n_spikes, n_channels)
        Not to be written into.
    """
    owners, key = (shank, drawn), (spikes.ids.tobytes(), shank.n_located)
    known: NDArray[np.bool_] | None = _cache.get(owners, key)
    if known is None:
        known = _look_up(shank, spikes, rows, drawn)
        _cache.put(owners, key, known, known.nbytes)
    return known


def _look_up(
    shank: ShankData, spikes: Found, rows: NDArray[np.int64], drawn: Envelope
) -> NDArray[np.bool_]:
    shape = (len(spikes.ids), len(rows))
    masks = np.ones(shape, dtype=np.float32)
    if shank.features is not None and len(spikes.ids):
        _, masks = shank.features.read(spikes.ids, rows)
        masks = np.array(masks)
        masks[~(masks > 0).any(axis=1)] = 1
    unmasked = masks > 0
    if shank.features is not None and drawn.sampled < 1:
        middle = masks @ np.arange(len(rows)) / masks.sum(axis=1)
        distance = np.abs(np.arange(len(rows)) - middle[:, None])
        nearest = np.argmin(np.where(unmasked, distance, np.inf), axis=1)
        is_nearest: NDArray[np.bool_] = np.arange(len(rows)) == nearest[:, None]
        return is_nearest
    vague = np.full(len(spikes.ids), shank.features is None or drawn.bin_size > MOST_DISTINCT)
    vague |= unmasked.all(axis=1)
    if vague.any():
        extent = np.where(
            unmasked[vague], _extent(drawn.values, spikes.first[vague], spikes.last[vague]), 0
        )
        unmasked[vague] &= extent >= 0.5 * extent.max(axis=1, keepdims=True)
    return unmasked


def _extent(
    values: NDArray[np.float32], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Largest less smallest value of each channel in stretches of points: (n, n_channels)."""
    low = high = values[:, first].T
    for k in range(1, int((last - first).max(initial=0)) + 1):
        point = values[:, np.minimum(first + k, last)].T
        low, high = np.fmin(low, point), np.fmax(high, point)
    return high - low
