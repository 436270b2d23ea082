"""Where on a large probe a cluster is looked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from phygui.analysis import sample_spikes
from phygui.curation.statistics.measuring.place import (
    ALL_CHANNELS,
    N_SPIKES_PLACE,
    NEAR_UM,
    channels_near,
)


def found_at(values: Any, masks: Any) -> Any:
    """Where a cluster is looked for, and the probe's positions, 40 um apart on a line."""
    n_spikes, n_channels = masks.shape
    positions = np.stack([np.zeros(n_channels), 40.0 * np.arange(n_channels)], axis=1)
    shank: Any = SimpleNamespace(
        n_channels=n_channels,
        channel_positions=positions,
        features=SimpleNamespace(read=lambda ids: (values[ids], masks[ids])),
    )
    return channels_near(shank, np.arange(n_spikes)), positions


def test_a_small_unit_is_found_where_most_of_its_spikes_are() -> None:
    """One spike that collided with a large one far away is larger than all others together."""
    values, masks = np.zeros((40, 2 * ALL_CHANNELS, 3)), np.zeros((40, 2 * ALL_CHANNELS))
    values[:, 10], masks[:, 10] = 1.0, 0.8
    values[7, 100], masks[7, 100] = 500.0, 1.0
    found, positions = found_at(values, masks)
    np.testing.assert_array_equal(
        found, np.flatnonzero(np.abs(positions[:, 1] - positions[10, 1]) <= NEAR_UM)
    )


def test_more_spikes_are_asked_where_few_agree() -> None:
    """A unit most of whose spikes are masked: a few of the first sample were seen elsewhere."""
    n_spikes = N_SPIKES_PLACE[1]
    first = sample_spikes(np.arange(n_spikes), N_SPIKES_PLACE[0])
    rest = np.setdiff1d(np.arange(n_spikes), first)
    masks = np.zeros((n_spikes, 2 * ALL_CHANNELS))
    masks[first[:5], 100] = 1.0
    masks[rest[:20], 10] = 1.0
    found, _ = found_at(np.repeat(masks[:, :, None], 3, axis=2), masks)
    assert 10 in found
    assert 100 not in found
