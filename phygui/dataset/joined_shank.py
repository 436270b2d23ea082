"""What shanks have in common whose files of raw data follow one another without a gap."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.absent import Absent
from phygui.dataset.timeline import Timeline
from phygui.storage.arrays.bandpass import BandPass, FilteredBefore
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms
from phygui.storage.state import locations

LOW, HIGH = 300.0, 6000.0
"""Edges of the pass band of waveforms, hertz: the files do not say what the sorter used."""
_HIGHEST = 0.45
"""Of the sample rate, the most that the upper edge may be."""


def usual_filter(sample_rate: float) -> BandPass:
    """The band-pass filter of waveforms where the files tell of none; `sample_rate` in hertz."""
    high = min(HIGH, _HIGHEST * sample_rate)
    return BandPass(sample_rate, min(LOW, high / 4), high)


class JoinedShank:
    """The part of :class:`~phygui.dataset.ShankData` that follows from a few arrays.

    Parameters
    ----------
    path : Path
        The dataset.
    channel_group : int
        The number of the shank.
    sample_rate : float
        Hertz.
    remarks : sequence of str
        What was found to be unusual already.
    is_filtered : bool
        Whether the raw data was filtered before it was stored: it is not filtered again.
    """

    preparations = ()
    """Nothing is unpacked ahead."""
    detection_factor: float | None = None
    """Nothing says how spikes were detected."""
    channels: NDArray[np.int64]
    spike_samples: NDArray[np.int64]
    timeline: Timeline
    traces: Traces | None
    n_samples_before: int
    n_samples_waveforms: int

    def __init__(
        self,
        path: Path,
        channel_group: int,
        sample_rate: float,
        remarks: Sequence[str],
        is_filtered: bool,
    ) -> None:
        self.path = path
        self.channel_group = channel_group
        self.sample_rate = sample_rate
        self.n_located = 0
        self.warnings: list[str] = list(remarks)
        self.absent: dict[str, Absent] = {}
        self.events: Mapping[str, NDArray[np.float64]] = {}
        self.filter = FilteredBefore(sample_rate) if is_filtered else usual_filter(sample_rate)
        self._lock = threading.Lock()

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    @property
    def duration(self) -> float:
        """Recorded time, seconds."""
        return self.timeline.n_recorded / self.sample_rate

    @property
    def span(self) -> float:
        """The same: nothing lies between what was recorded."""
        return self.duration

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return len(self.spike_samples)

    @property
    def spike_times(self) -> NDArray[np.float64]:
        """Spike times: (n_spikes,) float64, seconds."""
        return self.spike_samples / self.sample_rate

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.channels)

    def _take_traces(self, traces: Traces | None) -> None:
        """Have other raw data from now on, or none."""
        raise NotImplementedError

    def _cut(
        self, traces: Traces | None, within: NDArray[np.int64], recordings: NDArray[np.int32]
    ) -> Waveforms | None:
        """Waveforms of spikes at samples `within` their `recordings` of raw data."""
        if traces is None:
            return None
        after = self.n_samples_waveforms - self.n_samples_before
        return Waveforms(
            traces,
            within,
            recordings,
            self.channels,
            self.n_samples_before,
            after,
            self.filter,
            lambda _: None,
        )

    def _locate_traces(self, paths: list[Path], traces: Traces) -> None:
        """Go over to raw data that the user has named, and remember where it is."""
        with self._lock:
            before = self.traces
            self._take_traces(traces)
            self.absent.pop("traces", None)
            self.n_located += 1
        if before is not None:
            before.close()
        try:
            locations.remember(self.path, "traces", paths)
        except OSError as error:
            self._warn(
                f"{locations.locations_file()} could not be written ({error.strerror}): the place "
                f"of the raw data of {self.path} will not be remembered."
            )


def named_paths(path: str | Path | list[str | Path]) -> list[Path]:
    """The absolute paths of files that somebody names, one or several."""
    given = path if isinstance(path, list) else [path]
    return [Path(one).expanduser().absolute() for one in given]
