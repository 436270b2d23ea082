"""Where a cluster is looked for before its waveform is known."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.dataset import ShankData

ALL_CHANNELS = 64
"""With more channels than these, mean waveforms are those near the cluster, and 0 elsewhere."""
NEAR_UM = 200.0
"""How far from the channel of its largest features a cluster is looked for then."""
N_SPIKES_PLACE = 50, 200
"""Spikes whose features tell where that is, and how many do where few of them agree."""
ENOUGH_VOTES = 10.0
"""Spikes that have to agree: most of a small unit's are masked, or collided anywhere."""


def channels_near(shank: ShankData, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Channels on which a cluster may be seen: on a large probe, those near where its features are.

    Elsewhere it would be noise. Each spike has one vote: one large collision outweighed many else.

    Parameters
    ----------
    shank : ShankData
    spike_ids : ndarray of shape (n_spikes,)
        Those of the cluster.

    Returns
    -------
    ndarray of shape (n_channels,)
        Increasing numbers of channels; all of them where nothing tells a place.
    """
    everywhere = np.arange(shank.n_channels)
    if shank.n_channels <= ALL_CHANNELS or shank.features is None:
        return everywhere
    for n_spikes in N_SPIKES_PLACE:
        values, masks = shank.features.read(sample_spikes(spike_ids, n_spikes))
        lengths = np.abs(values if np.isfinite(values).all() else np.nan_to_num(values))
        # One after the other: numpy takes ten times as long over sums of three.
        weighted = reduce(np.add, np.moveaxis(lengths, 2, 0)) * np.nan_to_num(masks)
        sizes = (weighted / np.maximum(weighted.max(axis=1, keepdims=True), 1e-12)).sum(axis=0)
        if len(spike_ids) <= n_spikes or sizes.max(initial=0.0) >= ENOUGH_VOTES:
            break
    if not sizes.max(initial=0.0) > 0:
        return everywhere
    away = np.linalg.norm(shank.channel_positions - shank.channel_positions[sizes.argmax()], axis=1)
    return np.flatnonzero(away <= NEAR_UM)
