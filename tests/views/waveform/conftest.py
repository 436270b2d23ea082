"""Two clusters of genuine data, and a view of them."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.views.waveform.data import WaveformParams
from phygui.views.waveform.view import WaveformView


@pytest.fixture
def snapshot(small_model, snapshot_of):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    return snapshot_of(small_model, [int(c) for c in ids[np.argsort(-counts)][:2]])


@pytest.fixture
def view(shown, snapshot):
    data = WaveformView.load(snapshot, WaveformParams(channels="all"), lambda: False)
    return shown(WaveformView(WaveformParams(channels="all")), data, (900, 800))
