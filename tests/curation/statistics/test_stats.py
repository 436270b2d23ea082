"""Where on a large probe a cluster is looked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from phygui.curation.statistics.stats import ALL_CHANNELS, NEAR_UM, _channels_near


def test_a_small_unit_is_found_where_most_of_its_spikes_are() -> None:
    """One spike that collided with a large one far away is larger than all others together."""
    n_spikes, n_channels = 40, 2 * ALL_CHANNELS
    positions = np.stack([np.zeros(n_channels), 40.0 * np.arange(n_channels)], axis=1)
    values = np.zeros((n_spikes, n_channels, 3))
    masks = np.zeros((n_spikes, n_channels))
    values[:, 10], masks[:, 10] = 1.0, 0.8
    values[7, 100], masks[7, 100] = 500.0, 1.0
    shank: Any = SimpleNamespace(
        n_channels=n_channels,
        channel_positions=positions,
        features=SimpleNamespace(read=lambda ids: (values[ids], masks[ids])),
    )
    found = _channels_near(shank, np.arange(n_spikes))
    np.testing.assert_array_equal(
        found, np.flatnonzero(np.abs(positions[:, 1] - positions[10, 1]) <= NEAR_UM)
    )
