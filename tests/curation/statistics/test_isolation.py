"""How isolated clusters are, against the plain meaning on all their spikes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from phygui.analysis import Isolation
from phygui.curation.statistics import isolation
from phygui.curation.statistics.isolation import (
    in_order_of_blocks,
    isolation_channels,
)
from phygui.curation.statistics.snapshot import Snapshot

N_PER_CHANNEL = 3


class Features:
    """Features of four channels, without masks."""

    n_features = N_PER_CHANNEL
    has_masks = False

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values = values

    def read(
        self, spike_ids: NDArray[np.int64], channels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        by_channel = self.values[spike_ids].reshape(len(spike_ids), -1, self.n_features)
        return by_channel[:, channels], np.ones((len(spike_ids), len(channels)), np.float32)


def isolations(
    snapshot: Snapshot, channels: Mapping[int, NDArray[np.int64]], cancelled: Callable[[], bool]
) -> dict[int, Isolation] | None:
    """The isolation of some clusters, each on some channels, here and now; None if cancelled."""
    crowd = isolation.Crowd(snapshot.shank)
    neighbourhood = isolation.Neighbourhood(snapshot)
    found = {}
    for cluster_id, of in channels.items():
        steps = isolation.isolation_steps(snapshot, cluster_id, of, crowd, neighbourhood)
        while cluster_id not in found:
            if cancelled():
                return None
            try:
                next(steps)
            except StopIteration as end:
                found[cluster_id] = end.value
    return found


def make_snapshot(n_spikes: int, n_clusters: int, seed: int = 0) -> Snapshot:
    """Normal clouds on four channels, one of them small, and a few spikes that strayed."""
    rng = np.random.default_rng(seed)
    chances = np.r_[0.02, np.full(n_clusters - 1, 0.98 / (n_clusters - 1))]
    clusters = rng.choice(n_clusters, n_spikes, p=chances).astype(np.int32)
    centres = rng.normal(0, 3, (n_clusters, 4 * N_PER_CHANNEL))
    features = rng.normal(size=(n_spikes, 4 * N_PER_CHANNEL)) + centres[clusters]
    strayed = rng.random(n_spikes) < 0.02
    clusters[strayed] = rng.permutation(clusters[strayed])
    values = features.astype(np.float32)
    shank: Any = SimpleNamespace(features=Features(values), n_channels=4, n_spikes=n_spikes)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(n_clusters)}
    stats: Any = {
        c: SimpleNamespace(summary=SimpleNamespace(mean=values[spikes[c]].mean(axis=0)))
        for c in spikes
    }
    return Snapshot(1, shank, (), spikes, clusters, {}, stats)


def plain(snapshot: Snapshot, cluster_id: int) -> tuple[float, float, float]:
    """Isolation distance, L-ratio and d' from all spikes at once."""
    from scipy.spatial.distance import cdist
    from scipy.stats import chi2

    features: NDArray[np.float64] = np.asarray(snapshot.shank.features.values, np.float64)
    own = np.zeros(len(features), bool)
    own[snapshot.spikes(cluster_id)] = True
    inside, outside = features[own], features[~own]
    inverse = np.linalg.inv(np.cov(inside.T))
    squared = np.sort(cdist(inside.mean(axis=0)[None], outside, "mahalanobis", VI=inverse)[0]) ** 2
    tail = chi2.sf(squared, features.shape[1]).sum() / len(inside)
    within = np.cov(inside.T) * len(inside) + np.cov(outside.T) * len(outside)
    line = np.linalg.solve(within, inside.mean(axis=0) - outside.mean(axis=0))
    a, b = inside @ line, outside @ line
    return (
        float(squared[len(inside) - 1]),
        float(tail),
        float(abs(a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2)),
    )


def found(snapshot: Snapshot, ids: tuple[int, ...]) -> dict[int, tuple[float, ...]]:
    channels = dict.fromkeys(ids, np.arange(4))
    answer = isolations(snapshot, channels, lambda: False)
    assert answer is not None
    return {c: tuple(m.value for m in of.metrics().values()) for c, of in answer.items()}


@pytest.mark.parametrize("n_spikes", [15_000, 25_000, 1_000_000])
def test_all_spikes_count_however_many_there_are(n_spikes):
    snapshot = make_snapshot(n_spikes, 12)
    for cluster_id, values in found(snapshot, (0, 5)).items():
        assert values == pytest.approx(plain(snapshot, cluster_id), rel=1e-4)


@pytest.mark.parametrize("n_bytes", [2**26, 20_000 * 4 * 6])
def test_channels_of_two_blocks_are_as_those_of_one(monkeypatch, n_bytes):
    snapshot = make_snapshot(60_000, 12)
    monkeypatch.setattr(isolation, "BLOCK_BYTES", n_bytes * 2)
    whole = found(snapshot, (0, 5))
    monkeypatch.setattr(isolation, "BLOCK_BYTES", n_bytes)
    monkeypatch.setattr(isolation, "BLOCK_CHANNELS", 2)
    for cluster_id, values in found(snapshot, (0, 5)).items():
        assert values == pytest.approx(whole[cluster_id], rel=1e-9)


def test_beyond_what_is_affordable_the_others_are_a_sample(monkeypatch):
    snapshot = make_snapshot(60_000, 12)
    monkeypatch.setattr(isolation, "BLOCK_BYTES", 20_000 * 4 * 12)
    monkeypatch.setattr(isolation, "_ROWS", 7_001)
    for cluster_id, values in found(snapshot, (0, 5)).items():
        distance, tail, apart = plain(snapshot, cluster_id)
        assert values[0] == pytest.approx(distance, rel=0.05)
        # A few spikes that strayed make all of it: a sample of them tells no more.
        assert values[1] == pytest.approx(tail, rel=0.5)
        assert values[2] == pytest.approx(apart, rel=0.03)


def test_no_more_is_read_than_the_bounds_say(monkeypatch):
    snapshot = make_snapshot(30_000, 12)
    n_read: list[int] = []
    read = snapshot.shank.features.read

    def counting(spike_ids: Any, channels: Any) -> Any:
        n_read.append(len(spike_ids))
        return read(spike_ids, channels)

    monkeypatch.setattr(snapshot.shank.features, "read", counting, raising=False)
    monkeypatch.setattr(isolation, "BLOCK_BYTES", 10_000 * 4 * 12)
    monkeypatch.setattr(isolation, "N_OWN", 500)
    monkeypatch.setattr(isolation, "N_NEAR", 2_000)
    found(snapshot, (3, 4, 5))
    # The sample once for all of them, and for each its own spikes and those of its neighbours.
    assert sum(n_read) <= 10_000 + 3 * 2_500


@pytest.mark.parametrize("n_bytes", [10_000 * 4 * 12, 2**26])
def test_parts_of_a_cluster_that_is_not_there_yet_are_not_beside_it(monkeypatch, n_bytes):
    monkeypatch.setattr(isolation, "BLOCK_BYTES", n_bytes)
    snapshot = make_snapshot(30_000, 12)
    spikes = dict(snapshot.spikes_per_cluster)
    merged = spikes | {-1: np.sort(np.concatenate([spikes[2], spikes[3]]))}
    apart = {c: s for c, s in merged.items() if c not in (2, 3)}
    answers = [
        found(dataclasses.replace(snapshot, spikes_per_cluster=of), (-1,)) for of in (merged, apart)
    ]
    assert answers[0][-1] == pytest.approx(answers[1][-1], rel=1e-9)


def test_a_block_of_channels_is_read_once_for_clusters_in_its_order(monkeypatch):
    monkeypatch.setattr(isolation, "BLOCK_CHANNELS", 2)
    monkeypatch.setattr(isolation, "N_BLOCKS", 1)
    snapshot = make_snapshot(20_000, 4)
    read = snapshot.shank.features.read
    blocks: list[int] = []

    def counting(spike_ids: Any, channels: Any) -> Any:
        blocks.append(len(spike_ids))
        return read(spike_ids, channels)

    channels = {0: np.array([2, 3]), 1: np.array([0, 1]), 2: np.array([2, 3]), 3: np.array([0, 1])}
    assert in_order_of_blocks(channels) == [1, 3, 0, 2]
    monkeypatch.setattr(snapshot.shank.features, "read", counting, raising=False)
    crowd, near = isolation.Crowd(snapshot.shank), isolation.Neighbourhood(snapshot)
    for c in in_order_of_blocks(channels):
        list(isolation.isolation_steps(snapshot, c, channels[c], crowd, near))
    assert sum(blocks) == 2 * 20_000 + 20_000


def test_cancelled_between_pieces():
    calls: list[int] = []

    def cancelled() -> bool:
        calls.append(1)
        return len(calls) > 2

    assert isolations(make_snapshot(80_000, 4), {1: np.arange(4)}, cancelled) is None


def test_channels_are_the_largest_in_the_order_of_the_file():
    assert isolation_channels(np.array([1.0, 9, 2, 7, 8, 3])).tolist() == [1, 3, 4, 5]
