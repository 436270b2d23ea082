"""Small trains for the correlogram view, and their correlograms counted pair by pair."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline

RATE = 20_000.0
DURATION = 30.0


def never() -> bool:
    return False


def make_snapshot(
    n_clusters: int = 3, n_spikes: int = 600, seed: int = 0, selected: tuple[int, ...] | None = None
) -> Snapshot:
    rng = np.random.default_rng(seed)
    samples = np.sort(rng.integers(0, int(DURATION * RATE), n_spikes)).astype(np.uint64)
    # Some spikes close to one another, and some in the very same sample.
    samples[1::7] = samples[:-1:7]
    samples[2::9] = samples[1:-1:9] + np.uint64(15)
    samples = np.sort(samples)
    clusters = rng.integers(0, n_clusters, n_spikes).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(n_clusters)}
    model = model_of(samples)
    ids = tuple(range(n_clusters)) if selected is None else selected
    return Snapshot(1, model, ids, spikes, clusters, dict.fromkeys(ids, 3))  # type: ignore[arg-type]


def model_of(samples: np.ndarray) -> Any:
    clock = SpikeClock(samples, Timeline.joined([int(DURATION * RATE)]), RATE)
    return SimpleNamespace(sample_rate=RATE, duration=DURATION, spike_samples=samples, clock=clock)


def naive(snapshot: Snapshot, a: int, b: int, bin_size: int, n_half: int) -> list[int]:
    """Lags of every pair of spikes, one by one."""
    samples = snapshot.shank.spike_samples.astype(int)
    after, before = [0] * n_half, [0] * n_half
    for i in snapshot.spikes(a):
        for j in snapshot.spikes(b):
            k = abs(samples[j] - samples[i]) // bin_size
            if k < n_half and j > i:
                after[k] += 1
            elif k < n_half and j < i:
                before[k] += 1
    return [*before[::-1], *after]
