"""A channel group of a Kwik dataset as the rest of the program sees one."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.absent import Absent
from phygui.dataset.clock import SpikeClock
from phygui.dataset.gain import UsersGain, refuse
from phygui.dataset.protocol import MICROVOLTS, FeatureSource, Preparation, SpikeAttribute
from phygui.dataset.timeline import Timeline
from phygui.formats.kwik.model import KwikModel
from phygui.storage.arrays.bandpass import BandPass
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms

_NEAR_CHANNELS = 32
"""Channels that lie within as many are read with all between them: that is read in any case."""


class KwikFeatures:
    """Features and masks of the ``.kwx``: dense, each channel in a block of columns."""

    def __init__(self, model: KwikModel) -> None:
        assert model.features_masks is not None
        self._both = model.features_masks
        self._features = model.features
        self.n_features = model.n_features_per_channel
        self.has_masks = model.has_masks()
        self.reads_whole_rows = self._both.has_short_rows
        self._n_channels = model.n_channels
        self.files = self._both.files

    def read(
        self, spike_ids: NDArray[np.int64], channels: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See :class:`~phygui.dataset.FeatureSource`."""
        n = self.n_features
        if channels is None:
            channels = np.arange(self._n_channels)
        if not len(channels):
            return (
                np.zeros((len(spike_ids), 0, n), np.float32),
                np.zeros((len(spike_ids), 0), np.float32),
            )
        rows = _rows(spike_ids)
        first, last = int(channels.min()), int(channels.max())
        if last - first < max(2 * len(channels), _NEAR_CHANNELS):
            # Features and masks of neighbours lie side by side: they are read as one block.
            block = self._both[rows, first * n : (last + 1) * n, :]
            block = block.reshape(len(spike_ids), last - first + 1, n, 2)
            at = channels - first
            if not np.array_equal(at, np.arange(last - first + 1)):
                block = block[:, at]
            return block[..., 0], block[:, :, 0, 1]
        columns = (channels[:, None] * n + np.arange(n)).ravel()
        block = self._both[np.ix_(spike_ids, columns)].reshape(len(spike_ids), -1, n, 2)
        return block[..., 0], block[:, :, 0, 1]

    def columns(
        self, spikes: Sequence[NDArray[np.int64]], channels: Sequence[NDArray[np.int64]]
    ) -> Generator[None, None, list[NDArray[np.float32]]]:
        """See :class:`~phygui.dataset.FeatureSource`."""
        assert self._features is not None
        each = np.arange(self.n_features)
        columns = [(of[:, None] * self.n_features + each).ravel() for of in channels]
        return self._features.columns(spikes, columns)


def _rows(spike_ids: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Spikes that follow one another as a slice: these are read in one go."""
    n = len(spike_ids)
    if n > 1 and spike_ids[-1] - spike_ids[0] == n - 1 and np.all(np.diff(spike_ids) == 1):
        return slice(int(spike_ids[0]), int(spike_ids[0]) + n)
    return spike_ids


class KwikShank:
    """The data of one channel group, from a model that has it open."""

    templates = spike_templates = None
    """Kwik files hold none."""

    def __init__(self, model: KwikModel) -> None:
        self._model = model
        self._channel_group = model.channel_group
        self._source: tuple[int, KwikFeatures] | None = None
        self._gain = UsersGain(model.path)
        self._n_said = 0

    @property
    def reader(self) -> KwikModel:
        """The model."""
        return self._model

    @property
    def path(self) -> Path:
        """The ``.kwik`` file."""
        return self._model.path

    @property
    def channel_group(self) -> int:
        """The number of the channel group."""
        return self._channel_group

    # -- recordings and spikes -----------------------------------------------------------------

    @property
    def sample_rate(self) -> float:
        """Sampling rate, hertz."""
        return self._model.sample_rate

    @property
    def duration(self) -> float:
        """Recorded time, seconds."""
        return self._model.duration

    @property
    def span(self) -> float:
        """Time from the start of the first recording to the end of the last, seconds."""
        return self._model.span

    @property
    def timeline(self) -> Timeline:
        """Where the recordings lie in time, and their samples in the raw data."""
        return self._model.timeline

    @property
    def clock(self) -> SpikeClock:
        """The spikes in the order of time."""
        return self._model.clock

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return self._model.n_spikes

    @property
    def spike_samples(self) -> NDArray[np.int64]:
        """Spike times: (n_spikes,) int64, samples."""
        return self._model.spike_samples

    @property
    def spike_times(self) -> NDArray[np.float64]:
        """Spike times: (n_spikes,) float64, seconds."""
        return self._model.spike_times

    @property
    def spike_recordings(self) -> NDArray[np.integer]:
        """Index of each spike's recording: (n_spikes,) integers."""
        return self._model.spike_recordings

    @property
    def events(self) -> Mapping[str, NDArray[np.float64]]:
        """Times of each type of stimulus event, seconds."""
        return self._model.events

    @property
    def attributes(self) -> Mapping[str, SpikeAttribute]:
        """None: a Kwik file holds times, features and masks of its spikes."""
        return {}

    # -- channels ------------------------------------------------------------------------------

    @property
    def channels(self) -> NDArray[np.int64]:
        """Column in the raw data of each channel: (n_channels,) int64."""
        return self._model.channel_order

    @property
    def channel_positions(self) -> NDArray[np.float64]:
        """Positions of the channels: (n_channels, 2) float64, micrometres."""
        return self._model.channel_positions

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self._model.n_channels

    @property
    def channel_gains(self) -> NDArray[np.float64]:
        """Microvolts per raw unit of each channel: (n_channels,) float64; 1 if not known."""
        if self._model.gain_is_known:
            return self._model.channel_gains
        return self._gain.gains(self.n_channels)

    @property
    def voltage_unit(self) -> str:
        """``µV``, or ``units`` where no gain is known."""
        is_said = self._gain.microvolts is not None
        return MICROVOLTS if is_said and not self.tells_gain else self._model.voltage_unit

    @property
    def tells_gain(self) -> bool:
        """Whether the ``.kwik`` or the raw data tells it."""
        return self._model.gain_is_known

    def set_gain(self, microvolts: float | None) -> None:
        """See :class:`~phygui.dataset.ShankData`."""
        if self._model.gain_is_known:
            refuse(self.path)
        self._gain.set(microvolts)
        self._n_said += 1

    # -- data that may be missing --------------------------------------------------------------

    @property
    def features(self) -> FeatureSource | None:
        """Features and masks of the ``.kwx``."""
        if not self._model.has_kwx():
            return None
        if self._source is None or self._source[0] != self._model.n_located:
            self._source = (self._model.n_located, KwikFeatures(self._model))
        return self._source[1]

    @property
    def traces(self) -> Traces | None:
        """Raw data as stored: lazy (n_samples, n_raw_channels)."""
        return self._model.traces

    @property
    def waveforms(self) -> Waveforms | None:
        """Filtered waveforms: lazy (n_spikes, n_samples_waveforms, n_channels) float32."""
        return self._model.waveforms

    @property
    def filter(self) -> BandPass:
        """The band-pass filter of spike detection."""
        return self._model.filter

    @property
    def detection_factor(self) -> float | None:
        """The strong threshold of spike detection, in standard deviations of the noise."""
        return self._model.detection_factor

    @property
    def n_samples_before(self) -> int:
        """Samples of a waveform before the spike's time."""
        return self._model.n_samples_before

    @property
    def n_samples_waveforms(self) -> int:
        """Samples of a waveform."""
        return self._model.n_samples_waveforms

    @property
    def absent(self) -> Mapping[str, Absent]:
        """The data that is not there, by kind, and why."""
        return self._model.absent

    @property
    def n_located(self) -> int:
        """How often other data was located."""
        return self._model.n_located + self._n_said

    @property
    def warnings(self) -> Sequence[str]:
        """What is unusual about the files, one sentence each."""
        return self._model.warnings

    @property
    def preparations(self) -> Sequence[Preparation]:
        """Features, then raw data, where they are compressed."""
        return self._model.preparations

    def locate(self, what: str, path: str | Path | list[str | Path]) -> None:
        """See :class:`~phygui.dataset.ShankData`."""
        self._model.locate(what, path)

    def close(self) -> None:
        """Let go of features and raw data."""
        self._model.close()
