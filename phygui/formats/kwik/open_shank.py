"""What was read of the open channel group of a Kwik dataset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phygui.formats.kwik.reading.clusters import Clustering
from phygui.formats.kwik.reading.placing import Placed
from phygui.formats.kwik.reading.probe import Probe
from phygui.formats.kwik.reading.spikes import StoredSpikes


@dataclass
class OpenShank:
    """What was read of the open channel group, and of its open clustering."""

    channel_group: int
    probe: Probe
    stored: StoredSpikes
    placed: Placed
    clusterings: list[str]
    clustering: Clustering
    _times: np.ndarray | None = None

    def __post_init__(self) -> None:
        _freeze(self.probe.channels, self.probe.positions)
        self.place(self.placed)

    def place(self, placed: Placed) -> None:
        """Put spikes into other recordings or at other times."""
        _freeze(placed.time_samples, placed.recordings, placed.clock.samples)
        self.placed, self._times = placed, None

    @property
    def samples(self) -> np.ndarray:
        """Absolute spike times, in the order of the file: (n_spikes,) int64."""
        return self.placed.clock.samples

    def times(self, sample_rate: float) -> np.ndarray:
        """Spike times in seconds, computed when they are first asked for."""
        if self._times is None:
            times = self.samples / sample_rate
            _freeze(times)
            self._times = times
        return self._times

    @property
    def path(self) -> str:
        """Where the channel group is in the file."""
        return f"/channel_groups/{self.channel_group}"


def _freeze(*arrays: np.ndarray) -> None:
    """Make arrays read-only: they are given out as they are."""
    for array in arrays:
        array.flags.writeable = False
