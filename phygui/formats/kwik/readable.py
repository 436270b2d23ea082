"""What a Kwik dataset tells of its spikes and data: attributes of ``KwikModel`` to be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from phygui.dataset import MICROVOLTS, RAW_UNITS
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.formats.kwik.dataset import OpenDataset
from phygui.formats.kwik.files.features import Features, FeaturesByChannel, FeaturesMasks, Masks
from phygui.formats.kwik.reading.probe import Probe
from phygui.storage.arrays.bandpass import BandPass
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms


class _Made(NamedTuple):
    """Waveforms, and what they were made for: one object, so that it warns once."""

    traces: Traces
    probe: Probe
    waveforms: Waveforms


class ReadableDataset(OpenDataset):
    """An open dataset, to be read: all that is known of one channel group and its spikes."""

    # -- the experiment ----------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The ``.kwik`` file."""
        return self._path

    kwik_path = path

    @property
    def name(self) -> str:
        """The name in the file, else the file's own."""
        return self._name

    @property
    def metadata(self) -> dict[str, Any]:
        """Detection parameters as plain values, under the names of both generations of writers."""
        return dict(self._metadata)

    @property
    def sample_rate(self) -> float:
        """Sampling rate, hertz."""
        return self._settings.sample_rate

    @property
    def duration(self) -> float:
        """Recorded time, seconds: the lengths of all recordings, without the gaps between them.

        Without raw data, up to the last spike.
        """
        return self.timeline.n_recorded / self.sample_rate

    @property
    def span(self) -> float:
        """Seconds from the start of the first recording to the end of the last, gaps included."""
        return self.timeline.n_samples / self.sample_rate

    @property
    def timeline(self) -> Timeline:
        """Starts and lengths of the recordings, and how raw data and time go together."""
        return self.clock.timeline

    @property
    def clock(self) -> SpikeClock:
        """The spikes in the order of time, which need not be that of their ids."""
        return self._shank.placed.clock

    @property
    def voltage_gain(self) -> float:
        """Microvolts per raw unit; where channels differ, the middle one of `channel_gains`.

        1 where it is not known, see `voltage_unit`.
        """
        gains = np.sort(self.channel_gains)
        return float(gains[(len(gains) - 1) // 2])

    @property
    def channel_gains(self) -> np.ndarray:
        """Microvolts per raw unit of each channel: (n_channels,) float64, in ``channel_order``.

        As the raw data says (``channel_bit_volts`` of Open Ephys), else as the ``.kwik`` does;
        1 where neither does, see `gain_is_known`.
        """
        order, gains = self.channel_order, self._raw_gains
        if gains is None:
            return np.full(len(order), self._settings.voltage_gain)
        of_group: np.ndarray = gains[order]
        return of_group

    @property
    def gain_is_known(self) -> bool:
        """Whether raw units can be told in microvolts."""
        return self._settings.gain_is_known or self._raw_gains is not None

    @property
    def voltage_unit(self) -> str:
        """What raw data times its gain is in: ``µV``, or ``units`` where no gain is known."""
        return MICROVOLTS if self.gain_is_known else RAW_UNITS

    @property
    def _raw_gains(self) -> np.ndarray | None:
        gains = None if self._files.raw is None else self._files.raw.gains
        fits = gains is not None and self.channel_order.max() < len(gains)
        return gains if fits else None

    @property
    def filter(self) -> BandPass:
        """The band-pass filter of spike detection."""
        if self._filter is None:
            told = self._settings
            self._filter = BandPass(
                told.sample_rate, told.filter_low, told.filter_high, told.filter_order
            )
        return self._filter

    _filter: BandPass | None = None

    @property
    def detection_factor(self) -> float | None:
        """The strong threshold of spike detection, in standard deviations of the noise."""
        return self._settings.detection_factor

    # -- sizes -------------------------------------------------------------------------------

    @property
    def n_spikes(self) -> int:
        """Number of spikes of the channel group."""
        return len(self._shank.samples)

    @property
    def n_clusters(self) -> int:
        """Number of clusters with spikes."""
        return len(self._shank.clustering.cluster_ids)

    @property
    def n_channels(self) -> int:
        """Number of channels of the channel group."""
        return self._shank.probe.n_channels

    @property
    def n_raw_channels(self) -> int:
        """Number of channels of the raw data."""
        if self._files.traces is not None:
            return self._files.traces.shape[1]
        return self._settings.n_raw_channels or int(self.channel_order.max()) + 1

    @property
    def n_recordings(self) -> int:
        """Number of recordings."""
        return self.timeline.n_recordings

    @property
    def n_samples_before(self) -> int:
        """Samples of a waveform before the spike's time."""
        return self._settings.samples_before

    @property
    def n_samples_waveforms(self) -> int:
        """Samples of a waveform."""
        return self._settings.samples_before + self._settings.samples_after

    @property
    def n_features_per_channel(self) -> int:
        """Features of each channel."""
        if self._files.features is not None:
            return self._files.features.n_features_per_channel
        return self._settings.n_features_per_channel

    # -- channel groups and clusterings ------------------------------------------------------

    @property
    def channel_groups(self) -> list[int]:
        """Channel groups (shanks) of the file, ascending."""
        return list(self._channel_groups)

    @property
    def incomplete_channel_groups(self) -> dict[int, str]:
        """What channel groups lack that cannot be curated: ``{0: "no spikes"}``."""
        return dict(self._incomplete)

    @property
    def channel_group(self) -> int:
        """The open channel group; setting it opens another, with the same clustering if it can."""
        return self._shank.channel_group

    @channel_group.setter
    def channel_group(self, channel_group: int) -> None:
        with self._reopened() as file:
            shank = self._read_shank(file, channel_group, self.clustering, insist=False)
        self._switch(shank)

    @property
    def clusterings(self) -> list[str]:
        """Clusterings of the channel group, ``main`` first."""
        return list(self._shank.clusterings)

    @property
    def clustering(self) -> str:
        """The open clustering; setting it opens another."""
        return self._shank.clustering.name

    @clustering.setter
    def clustering(self, clustering: str) -> None:
        shank = self._shank
        with self._reopened() as file:
            opened = self._read_clustering(
                file, shank.path, clustering, shank.clusterings, self.n_spikes
            )
        self._switch(replace(shank, clustering=opened))

    # -- probe and recordings ----------------------------------------------------------------

    @property
    def channels(self) -> np.ndarray:
        """Channels of the channel group: (n_channels,) int64, ascending."""
        return np.sort(self.channel_order)

    @property
    def channel_order(self) -> np.ndarray:
        """Raw data column of each channel: (n_channels,) int64; all columns follow this order."""
        return self._shank.probe.channels

    @property
    def probe(self) -> Probe:
        """Positions, names and neighbours of the channels."""
        return self._shank.probe

    @property
    def channel_positions(self) -> np.ndarray:
        """Positions in ``channel_order``: (n_channels, 2) float64, micrometres, finite."""
        return self._shank.probe.positions

    @property
    def positions_assumed(self) -> bool:
        """Whether positions were missing and were made up."""
        return self._shank.probe.positions_assumed

    @property
    def recordings(self) -> dict[int, dict[str, Any]]:
        """Attributes of each recording, ``{recording: {name: value}}``."""
        return {number: dict(found) for number, found in self._recordings.items()}

    @property
    def recording_offsets(self) -> np.ndarray:
        """Where recordings start and the last ends: (n_recordings + 1,) int64, samples."""
        timeline = self.timeline
        offsets = np.append(timeline.starts, timeline.n_samples)
        offsets.flags.writeable = False
        return offsets

    @property
    def events(self) -> dict[str, np.ndarray]:
        """Times of each type of stimulus event: ``{name: (n_events,) float64}``, seconds."""
        return {
            name: events.times(self.timeline, self.sample_rate)
            for name, events in self._events.items()
        }

    # -- spikes ------------------------------------------------------------------------------

    @property
    def spike_ids(self) -> np.ndarray:
        """All spikes: (n_spikes,) int64, 0 and up."""
        return np.arange(self.n_spikes, dtype=np.int64)

    @property
    def spike_samples(self) -> np.ndarray:
        """Spike times from the start of the first recording: (n_spikes,) int64, samples.

        Ascending, if the file's are; ``clock`` has them in the order of time.
        """
        return self._shank.samples

    @property
    def spike_times(self) -> np.ndarray:
        """Spike times from the start of the first recording: (n_spikes,) float64, seconds."""
        return self._shank.times(self.sample_rate)

    @property
    def spike_recordings(self) -> np.ndarray:
        """Index of each spike's recording: (n_spikes,) integers."""
        return self._shank.placed.recordings

    @property
    def spike_clusters(self) -> np.ndarray:
        """Cluster of each spike: (n_spikes,) integers, in the file's type."""
        return self._shank.clustering.spike_clusters

    # -- data on disk ------------------------------------------------------------------------

    @property
    def features(self) -> Features | None:
        """Features: lazy (n_spikes, n_channels * n_features_per_channel) float32, or None.

        Column ``i * n_features_per_channel + j`` is feature ``j`` of ``channel_order[i]``.
        """
        return None if self._files.features is None else Features(self._files.features)

    @property
    def all_features(self) -> FeaturesByChannel | None:
        """`features`, lazy (n_spikes, n_channels, n_features_per_channel) float32, or None."""
        return None if self._files.features is None else FeaturesByChannel(self._files.features)

    @property
    def masks(self) -> Masks | None:
        """Masks: lazy (n_spikes, n_channels) float32 in [0, 1], or None."""
        return None if self._files.features is None else Masks(self._files.features)

    all_masks = masks

    @property
    def features_masks(self) -> FeaturesMasks | None:
        """Features and masks: lazy (n_spikes, n_columns, 2) float32, or None."""
        return None if self._files.features is None else FeaturesMasks(self._files.features)

    all_features_masks = features_masks

    @property
    def traces(self) -> Traces | None:
        """Raw data as stored: lazy (n_samples, n_raw_channels), or None."""
        return self._files.traces

    all_traces = traces

    @property
    def waveforms(self) -> Waveforms | None:
        """Filtered waveforms: lazy (n_spikes, n_samples_waveforms, n_channels) float32, or None."""
        if self._files.traces is None or self.channel_order.max() >= self._files.traces.shape[1]:
            return None
        shank, told, made = self._shank, self._settings, self._waveforms
        if made is None or made.traces is not self._files.traces or made.probe is not shank.probe:
            waveforms = Waveforms(
                self._files.traces,
                shank.placed.time_samples,
                shank.placed.recordings,
                self.channel_order,
                told.samples_before,
                told.samples_after,
                self.filter,
                self._warn,
            )
            made = self._waveforms = _Made(self._files.traces, shank.probe, waveforms)
        return made.waveforms

    all_waveforms = waveforms

    _waveforms: _Made | None = None

    def has_kwx(self) -> bool:
        """Whether features and masks are there."""
        return self._files.features is not None

    def has_masks(self) -> bool:
        """Whether masks are stored; where they are not, every mask is 1."""
        return self._files.features is not None and self._files.features.has_masks

    def has_traces(self) -> bool:
        """Whether the raw data is there."""
        return self._files.traces is not None

    has_kwd = has_traces
