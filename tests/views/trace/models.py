"""Models and snapshots that the trace view is shown, without a file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.storage.arrays.bandpass import BandPass

RATE = 20_000.0
GAIN = 0.5


def never() -> bool:
    return False


class Model(SimpleNamespace):
    """What the trace view asks of a model, without a file."""

    n_located = 0

    @property
    def clock(self) -> SpikeClock:
        return SpikeClock(self.spike_samples, self.timeline, RATE)

    @property
    def features(self) -> Masks | None:
        return None if self.masks is None else Masks(self.masks)


class Masks:
    """Masks of spikes, as features come with them; the features do not matter here."""

    n_features = 1
    has_masks = True

    def __init__(self, masks: np.ndarray) -> None:
        self.masks = masks

    def read(self, spike_ids: Any, channels: Any) -> tuple[np.ndarray, np.ndarray]:
        masks = self.masks[np.ix_(spike_ids, channels)]
        return np.zeros((*masks.shape, 1), np.float32), masks


class CountingTraces:
    """An array that remembers how much of it was read."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.shape = values.shape
        self.n_read = 0

    def __getitem__(self, item: Any) -> np.ndarray:
        found = self.values[item]
        self.n_read += len(found)
        return found


def make_model(n_samples: int = 40_000, n_channels: int = 4, bounds=None, seed: int = 0) -> Model:
    rng = np.random.default_rng(seed)
    traces = rng.normal(0, 30, (n_samples, n_channels + 1)).astype(np.int16) + 200
    samples = np.sort(rng.integers(0, n_samples, n_samples // 200)).astype(np.uint64)
    masks = (rng.random((len(samples), n_channels)) < 0.5).astype(np.float32)
    masks[:, n_channels // 4] = 1
    timeline = Timeline.joined(np.diff([0, n_samples] if bounds is None else bounds))
    return Model(
        sample_rate=RATE,
        traces=CountingTraces(traces),
        channels=np.arange(n_channels)[::-1] + 1,
        channel_positions=np.column_stack([np.zeros(n_channels), [30.0, 10.0, 20.0, 0.0]])
        if n_channels == 4
        else np.zeros((n_channels, 2)),
        channel_gains=np.full(n_channels, GAIN),
        voltage_unit="µV",
        filter=BandPass(RATE, 500, 9500),
        timeline=timeline,
        spike_samples=samples,
        masks=masks,
        n_samples_before=10,
        n_samples_waveforms=30,
        events={"stimulus": np.array([0.3, 1.1])},
        absent={},
        path=Path("myexperiment.kwik"),
    )


def make_snapshot(model: Model, selected: tuple[int, ...] = (2, 0), seed: int = 1) -> Snapshot:
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, 5, len(model.spike_samples)).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(5)}
    return Snapshot(1, model, selected, spikes, clusters, {})  # type: ignore[arg-type]


def plain(model: Model) -> np.ndarray:
    """All the samples of the channels of the group, in microvolts."""
    return model.traces.values[:, model.channels].astype(np.float32) * GAIN


def make_model_with_a_gap() -> tuple[Model, np.ndarray]:
    """Recordings of 15,000 and 25,000 samples, 30,000 apart; all samples, filtered, NaN between."""
    model = make_model()
    model.timeline = Timeline(np.array([0, 45_000]), np.array([15_000, 25_000]))
    rows = model.spike_samples.astype(np.int64)
    model.spike_samples = model.timeline.from_rows(rows).astype(np.uint64)
    parts = [
        BandPass(RATE, 500, 9500).apply(plain(model)[a:b])
        for a, b in [(0, 15_000), (15_000, 40_000)]
    ]
    nothing = np.full((30_000, 4), np.nan)
    return model, np.concatenate([parts[0], nothing, parts[1]])
