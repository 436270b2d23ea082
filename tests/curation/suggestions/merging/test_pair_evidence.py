"""What pairs are judged by."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import ClusterSummary
from phygui.curation.suggestions.merging.pair_evidence import (
    N_NEAREST,
    Features,
    _nearest_to,
    in_order,
    pair_evidence,
    size_ratio,
)
from tests.copies import detect_twice, detected_twice

N_CHANNELS = 384
SAMPLE = np.arange(0, 60, 2)


def shank_of(masks: np.ndarray, **others: Any) -> Any:
    """A shank whose features are told by spike, and how often they were read."""

    def read(sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shank.n_reads += 1
        return values[sample], masks[sample]

    values = np.random.default_rng(5).normal(size=(*masks.shape, 3)).astype(np.float32)
    shank: Any = SimpleNamespace(
        features=SimpleNamespace(read=read), waveforms=None, values=values, n_reads=0
    )
    vars(shank).update(others)
    return shank


def test_masked_features_come_back_as_they_are_and_are_read_once() -> None:
    masks = np.zeros((60, N_CHANNELS), np.float32)
    masks[:, 100:110] = np.linspace(0, 1, 600, dtype=np.float32).reshape(60, 10)
    shank = shank_of(masks)
    shank.values[4, 105] = np.nan
    features, owner = Features(shank), np.arange(60)
    expected = np.nan_to_num(shank.values[SAMPLE]) * masks[SAMPLE][:, :, None]
    for _ in range(2):
        found = features.of(owner, SAMPLE)
        assert found is not None
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected.reshape(len(SAMPLE), -1))
    assert shank.n_reads == 1


def test_a_large_probe_takes_the_memory_of_the_channels_where_a_cluster_is() -> None:
    """Four hundred clusters of 384 channels fit beside one another."""
    masks = np.zeros((60, N_CHANNELS), np.float32)
    masks[:, 100:110] = 1
    room = 2 * len(SAMPLE) * 10 * 3 * 4
    features, owner = Features(shank := shank_of(masks), max_bytes=room), np.arange(60)
    features.of(owner, SAMPLE)
    features.of(owner, SAMPLE)
    assert shank.n_reads == 1


@pytest.mark.parametrize("waveforms", [None, np.ones((60, 5, 2), np.float32)])
def test_waveforms_serve_where_there_are_no_features(waveforms: np.ndarray | None) -> None:
    shank: Any = SimpleNamespace(features=None, waveforms=waveforms)
    found = Features(shank).of(np.arange(60), SAMPLE)
    if waveforms is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, np.ones((len(SAMPLE), 10)))


def test_how_many_times_as_large_one_cluster_is() -> None:
    small, large = (np.full((8, 3), size, np.float32) for size in (-20, 30))
    waveforms = [ClusterSummary(5, mean_waveform=shape) for shape in (small, large)]
    assert size_ratio(*waveforms) == size_ratio(*waveforms[::-1]) == pytest.approx(1.5)
    features = [ClusterSummary(5, mean=shape[0]) for shape in (large, small)]
    assert size_ratio(*features) == pytest.approx(1.5)
    nothing = ClusterSummary(5)
    assert size_ratio(nothing, nothing) == size_ratio(nothing, waveforms[0]) == 1.0
    silent = ClusterSummary(5, mean_waveform=np.zeros((8, 3), np.float32))
    assert size_ratio(silent, waveforms[0]) == 1.0


def test_a_pair_tells_of_spikes_detected_twice_and_of_sizes(small: Path) -> None:
    pair = in_order(*detect_twice(small))
    with Session.open(small, read_only=True) as session:
        session.learn_stats()
        snapshot = session.snapshot()
        both = session.stats[pair[0]].summary, session.stats[pair[1]].summary
        evidence = pair_evidence(snapshot, pair, both, 0.5, Features(session.shank))
        assert evidence.n_doubles >= 20
        assert evidence.coincidences.found < 20
        assert evidence.overlap == 1.0
        merged = np.concatenate([snapshot.spikes(c) for c in pair])
        again = detected_twice(session, *pair)
        times = np.sort(session.shank.spike_samples[np.setdiff1d(merged, again)])
        rate = np.mean(np.diff(times) < 0.002 * session.shank.sample_rate)
        assert evidence.violations is not None
        assert evidence.violations[1] == pytest.approx(rate, rel=0.01)
        assert evidence.size_ratio == size_ratio(*both) > 1.0


def test_the_spikes_nearest_to_those_of_another_cluster() -> None:
    rng = np.random.default_rng(0)
    samples = np.sort(rng.integers(0, 100_000, 3_000))
    spikes, others = np.arange(0, 1_500), np.arange(1_400, 3_000, 7)
    found = _nearest_to(spikes, others, cast(Any, SimpleNamespace(spike_samples=samples)))
    away = np.abs(samples[spikes][:, None] - samples[others]).min(axis=1)
    assert len(found) == N_NEAREST
    assert np.all(np.diff(found) > 0)
    assert away[found].max() <= np.sort(away)[N_NEAREST - 1]
    few = spikes[:N_NEAREST]
    assert _nearest_to(few, others, cast(Any, SimpleNamespace(spike_samples=samples))) is few
