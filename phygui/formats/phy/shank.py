"""A shank of a folder as the rest of the program sees one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.absent import Absent
from phygui.dataset.clock import SpikeClock
from phygui.dataset.gain import UsersGain
from phygui.dataset.joined_shank import JoinedShank, named_paths
from phygui.dataset.protocol import MICROVOLTS, RAW_UNITS
from phygui.dataset.sparse_features import SparseFeatures
from phygui.dataset.timeline import Timeline
from phygui.errors import DatasetError, DatasetWarning
from phygui.formats.phy import features as pc_features
from phygui.formats.phy import templates as sorter_templates
from phygui.formats.phy.attributes import open_attributes
from phygui.formats.phy.features import open_features
from phygui.formats.phy.raw import open_traces, traces_at
from phygui.formats.phy.sorting import Sorting
from phygui.formats.phy.templates import Templates
from phygui.guards import warn_caller
from phygui.storage.arrays.npy import exists
from phygui.storage.arrays.traces import Traces

_WAVEFORM_S = 0.001, 0.002
"""Seconds of a waveform before and after the spike, where there are no templates."""


class PhyShank(JoinedShank):
    """The data of one shank of a folder.

    Parameters
    ----------
    sorting : Sorting
    channel_group : int
        The number of the shank.
    remarks : sequence of str
        What was found to be unusual already.

    Raises
    ------
    DatasetError
        If there is no such shank, or it has no spikes.
    """

    tells_gain = False
    """No file of the folder holds it."""

    def __init__(self, sorting: Sorting, channel_group: int, remarks: Sequence[str] = ()) -> None:
        params = sorting.params
        super().__init__(
            sorting.folder, channel_group, params.sample_rate, remarks, params.is_filtered
        )
        self._sorting = sorting
        self._spikes = sorting.spikes_of(channel_group)
        if self._spikes is not None and not len(self._spikes):
            raise DatasetError(f"{self.path}: shank {channel_group} has no spikes.")
        self._of_shank = np.flatnonzero(sorting.shanks == channel_group)
        self.channels = sorting.channels[self._of_shank]
        self.channel_positions = sorting.positions[self._of_shank]
        self._gain = UsersGain(self.path)
        samples = sorting.spike_samples
        self.spike_samples = samples if self._spikes is None else samples[self._spikes]
        for array in (self.channels, self.channel_positions, self.spike_samples):
            array.flags.writeable = False
        self._open_sorters_data()
        self._take_traces(self._find_traces())
        for text in self.warnings:
            warn_caller(text, DatasetWarning)

    def _open_sorters_data(self) -> None:
        """Features, templates and numbers of spikes; what cannot be read is left out."""
        folder = self.path
        self.features: SparseFeatures | None = None
        try:
            self.features = open_features(self._sorting, self._spikes, self._of_shank)
            if self.features is None:
                self.absent["features"] = Absent(pc_features.FILE)
        except DatasetError as error:
            self.absent["features"] = Absent(pc_features.FILE, str(error))
            self._warn(f"{error} Features are left out.")
        of_all = self._sorting.spike_templates
        self.spike_templates = of_all if self._spikes is None else of_all[self._spikes]
        self.templates: Templates | None = None
        try:
            if exists(folder / sorter_templates.FILE):
                self.templates = Templates(self._sorting, self._of_shank)
        except DatasetError as error:
            self._warn(f"{error} Templates are left out.")
        n_spikes = self._sorting.n_spikes
        self.attributes = open_attributes(folder, n_spikes, self._spikes, self._warn)
        if self.templates is not None and len(self.templates) and self.templates.n_samples > 1:
            self.n_samples_before = self.templates.sample_of_spike()
            self.n_samples_waveforms = self.templates.n_samples
        else:
            before, after = (round(s * self.sample_rate) for s in _WAVEFORM_S)
            self.n_samples_before = before
            self.n_samples_waveforms = before + after

    # -- recordings and spikes -----------------------------------------------------------------

    @property
    def reader(self) -> Any:
        """There is none of its own: the arrays are the folder's."""
        return None

    @property
    def channel_gains(self) -> NDArray[np.float64]:
        """What the user has said of all channels, else 1."""
        return self._gain.gains(self.n_channels)

    @property
    def voltage_unit(self) -> str:
        """``µV`` once the user has said the gain."""
        return RAW_UNITS if self._gain.microvolts is None else MICROVOLTS

    def set_gain(self, microvolts: float | None) -> None:
        """See :class:`~phygui.dataset.ShankData`."""
        self._gain.set(microvolts)
        self.n_located += 1

    # -- raw data ------------------------------------------------------------------------------

    def _find_traces(self) -> Traces | None:
        params, least = self._sorting.params, int(self._sorting.channels.max()) + 1
        found = open_traces(self.path, params, least, self._warn)
        if isinstance(found, Absent):
            self.absent["traces"] = found
            return None
        return found

    def _take_traces(self, traces: Traces | None) -> None:
        """Place the spikes on the time line of raw data, and cut waveforms from it."""
        last = int(self._sorting.spike_samples.max()) + 1
        lengths = [last] if traces is None else list(traces.lengths)
        if traces is not None and sum(lengths) < last:
            late = int(np.count_nonzero(self.spike_samples >= sum(lengths)))
            self._warn(
                f"{self.path}: the raw data ends at sample {sum(lengths)}, but {late} spikes are "
                "later; they have no waveforms."
            )
        timeline = Timeline.joined(lengths)
        samples = self.spike_samples
        # One file is the usual case: neither is anything looked up then, nor copied.
        recordings, within = np.zeros(len(samples), np.int32), samples
        if len(lengths) > 1:
            recordings = timeline.recording_of(samples).astype(np.int32)
            within = samples - timeline.starts[recordings]
        self.timeline = timeline
        self.clock = SpikeClock(self.spike_samples, timeline, self.sample_rate)
        self.spike_recordings = recordings
        self.traces = traces
        self.waveforms = self._cut(traces, within, recordings)

    def locate(self, what: str, path: str | Path | list[str | Path]) -> None:
        """See :class:`~phygui.dataset.ShankData`: of raw data, one file for each of `params.py`."""
        if what != "traces":
            raise DatasetError(f"{self.path}: {what} are in the folder, or there are none.")
        paths = named_paths(path)
        params, least = self._sorting.params, int(self._sorting.channels.max()) + 1
        if len(paths) == 1 and paths[0].is_dir():
            names = [Path(name.replace("\\", "/")).name for name in params.dat_paths]
            paths = [paths[0] / name for name in names] or paths
        self._locate_traces(paths, traces_at(paths, params, least, self._warn))

    def close(self) -> None:
        """Let go of the files."""
        for each in (self.features, self.templates, self.traces, *self.attributes.values()):
            if each is not None:
                each.close()
