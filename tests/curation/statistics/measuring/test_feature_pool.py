"""Features that were read already."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from phygui.curation.statistics.measuring import feature_pool
from phygui.curation.statistics.measuring.feature_pool import FeaturePool, features_on

N_SPIKES, N_CHANNELS, N_EACH = 400, 100, 3


class Counted:
    """Features that count how often they are read."""

    n_features = N_EACH

    def __init__(self) -> None:
        shape = N_SPIKES, N_CHANNELS, N_EACH
        self.values = np.random.default_rng(3).normal(size=shape).astype(np.float32)
        self.values[7, 5, 1] = np.nan
        self.n_reads = 0

    def read(self, spike_ids: Any, channels: Any) -> Any:
        self.n_reads += 1
        return self.values[np.ix_(spike_ids, channels)], np.ones((len(spike_ids), len(channels)))


@pytest.fixture
def shank() -> Any:
    return SimpleNamespace(features=Counted(), n_channels=N_CHANNELS)


def test_a_sample_is_read_once_for_channels_near_one_another(shank):
    pool, sample = FeaturePool(shank), np.arange(0, 400, 7)
    for channels in ([4, 5, 6, 9], [0, 5, 12, 15], [9, 4]):
        found = pool.read(3, sample, np.array(channels))
        assert found.flags.f_contiguous
        np.testing.assert_array_equal(found, features_on(shank, sample, np.array(channels)))
    assert shank.features.n_reads == 1 + 3
    # Far from there, and where channels are too far apart to be kept together.
    for channels in ([97, 99], [3, 90]):
        np.testing.assert_array_equal(
            pool.read(3, sample, np.array(channels)), features_on(shank, sample, np.array(channels))
        )


def test_on_a_small_shank_a_sample_is_read_once_whichever_channels_are_looked_at(shank):
    shank.n_channels = feature_pool.WINDOW_CHANNELS
    pool, sample = FeaturePool(shank), np.arange(0, 400, 7)
    for channels in ([0, 3], [14, 17], [30, 31]):
        found = pool.read(3, sample, np.array(channels))
        np.testing.assert_array_equal(found, features_on(shank, sample, np.array(channels)))
    assert shank.features.n_reads == 1 + 3


def test_another_sample_under_the_same_id_is_read_anew(shank):
    pool, channels = FeaturePool(shank), np.array([1, 2])
    for sample in (np.arange(10), np.arange(20, 30)):
        found = pool.read(-1, sample, channels)
        np.testing.assert_array_equal(found, features_on(shank, sample, channels))


def test_memory_is_bounded_and_given_back(shank, monkeypatch):
    sample, channels = np.arange(100), np.array([0, 1])
    n_bytes = 4 * N_EACH * feature_pool.WINDOW_CHANNELS * len(sample)
    monkeypatch.setattr(feature_pool, "POOL_BYTES", 4 * n_bytes)
    pool = FeaturePool(shank)
    for cluster_id in (1, 2, 3, 4, 1, 5, 1):
        pool.read(cluster_id, sample, channels)
    # The one longest not looked at made room.
    assert shank.features.n_reads == 5
    pool.read(2, sample, channels)
    assert shank.features.n_reads == 6
    pool.forget()
    pool.read(2, sample, channels)
    assert shank.features.n_reads == 7
