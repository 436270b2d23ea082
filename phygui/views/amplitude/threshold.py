"""The threshold of spike detection, in the unit of amplitudes, from the noise that there is."""

from __future__ import annotations

import numpy as np

from phygui.analysis.metrics.snr import noise_levels
from phygui.curation.statistics.measuring.noise import noise_pieces
from phygui.dataset import ShankData
from phygui.storage.cache import ByteCache
from phygui.views.core.base import Cancel, check

_NOISE_S, _PIECE_S = 2.0, 0.2
"""Seconds that noise is measured in, altogether and in each piece."""

_cache = ByteCache(1 << 18)


def threshold_of(shank: ShankData, channel: int, cancelled: Cancel) -> float | None:
    """How large a spike had to be on a channel to be detected, in ``voltage_unit``.

    So many times its noise as the detection was told; None where that, or raw data, is not there.

    Parameters
    ----------
    shank : ShankData
    channel : int
        Index into the channel order.
    cancelled : callable

    Raises
    ------
    Cancelled
        When the result is no longer wanted.
    """
    factor = shank.detection_factor
    if factor is None or shank.traces is None:
        return None
    key = channel, shank.n_located
    noise: float | None = _cache.get((shank,), key)
    if noise is None:
        noise = _noise(shank, channel, cancelled)
        _cache.put((shank,), key, noise, 100)
    return factor * noise * float(abs(shank.channel_gains[channel]))


def _noise(shank: ShankData, channel: int, cancelled: Cancel) -> float:
    """Noise of a channel in raw units: the mean of that of pieces of the recordings."""
    traces, margin = shank.traces, shank.filter.margin
    assert traces is not None
    rate, column = shank.sample_rate, int(shank.channels[channel])
    levels, lengths = [], []
    pieces = noise_pieces(traces.lengths, _NOISE_S * rate, _PIECE_S * rate, margin)
    for recording, start, stop in pieces:
        check(cancelled)
        offset, length = int(traces.offsets[recording]), traces.lengths[recording]
        first, last = max(0, start - margin), min(length, stop + margin)
        raw = traces[offset + first : offset + last][:, [column]]
        filtered = shank.filter.stretch(raw, start - first, stop - start)
        levels.append(float(noise_levels(filtered)[0]))
        lengths.append(stop - start)
    return float(np.average(levels, weights=lengths)) if lengths else 0.0
