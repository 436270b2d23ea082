"""A shank of an analyzer as the rest of the program sees one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.absent import Absent
from phygui.dataset.clock import SpikeClock
from phygui.dataset.gain import UsersGain, refuse
from phygui.dataset.joined_shank import JoinedShank, named_paths, usual_filter
from phygui.dataset.protocol import MICROVOLTS, RAW_UNITS, FeatureSource, SpikeAttribute
from phygui.dataset.timeline import Timeline
from phygui.errors import DatasetError, DatasetWarning
from phygui.formats.spikeinterface import recording
from phygui.formats.spikeinterface.analyzer import Analyzer
from phygui.formats.spikeinterface.features import computed_features, stored_features
from phygui.guards import warn_caller
from phygui.storage.arrays.stores import Store
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms
from phygui.storage.state import locations

_WAVEFORM_MS = 1.0, 2.0


class UnitTemplates(Mapping[int, "NDArray[np.float32]"]):
    """Mean waveforms of units, in raw units, by their clusters; read when asked for."""

    def __init__(self, analyzer: Analyzer, store: Store, channels: NDArray[np.int64]) -> None:
        self._store = store
        self._channels = channels
        self._units = {c: i for i, c in enumerate(analyzer.units.clusters)}
        self._gains: NDArray[np.float64] | float = 1.0
        self._offsets: NDArray[np.float64] | float = 0.0
        if analyzer.in_microvolts and analyzer.gains is not None:
            self._gains = analyzer.gains[channels]
            self._offsets = analyzer.offsets[channels]

    def __len__(self) -> int:
        return len(self._units)

    def __iter__(self) -> Iterator[int]:
        return iter(self._units)

    def __getitem__(self, cluster: int) -> NDArray[np.float32]:
        return self.of_unit(self._units[cluster])

    def of_unit(self, unit: int) -> NDArray[np.float32]:
        """That of a unit by its place: (n_samples, n_channels)."""
        axes = [slice(0, n, 1) for n in self._store.shape[1:]]
        stored = self._store.read([slice(unit, unit + 1, 1), *axes])[0][:, self._channels]
        shape = np.nan_to_num(stored.astype(np.float64), posinf=0.0, neginf=0.0)
        # Channels that a sparse analyzer leaves out are 0, whatever the offset.
        is_there = shape.any(axis=0)
        return np.where(is_there, (shape - self._offsets) / self._gains, 0).astype(np.float32)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


class UnitAttribute:
    """A number of every spike of a shank, in memory or read when it is asked for."""

    def __init__(self, title: str, unit: str, store: Store, spikes: NDArray[np.int64] | None):
        self.title, self.unit = title, unit
        self._store, self._spikes = store, spikes

    def read(self, spike_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The numbers of some spikes."""
        rows = spike_ids if self._spikes is None else self._spikes[spike_ids]
        unique, back = np.unique(rows, return_inverse=True)
        return self._store.read([unique])[back].astype(np.float64)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


class AnalyzerShank(JoinedShank):
    """The data of one group of channels of an analyzer.

    Parameters
    ----------
    analyzer : Analyzer
    channel_group : int
    remarks : sequence of str
        What was found to be unusual already.

    Raises
    ------
    DatasetError
        If it has no spikes.
    """

    def __init__(self, analyzer: Analyzer, channel_group: int, remarks: Sequence[str] = ()) -> None:
        super().__init__(
            analyzer.path, channel_group, analyzer.sample_rate, remarks, analyzer.is_filtered
        )
        self._analyzer = analyzer
        self._spikes = analyzer.spikes_of(channel_group)
        if self._spikes is not None and not len(self._spikes):
            raise DatasetError(f"{self.path}: shank {channel_group} has no spikes.")
        self.channels = np.flatnonzero(analyzer.shanks == channel_group)
        self.channel_positions = analyzer.positions[self.channels]
        self._gain = UsersGain(self.path) if analyzer.gains is None else None
        samples = analyzer.spike_samples
        self.spike_samples = samples if self._spikes is None else samples[self._spikes]
        for array in (self.channels, self.channel_positions, self.spike_samples):
            array.flags.writeable = False
        self.timeline = Timeline.joined(analyzer.lengths)
        self.clock = SpikeClock(self.spike_samples, self.timeline, self.sample_rate)
        self.spike_recordings = self.timeline.recording_of(self.spike_samples).astype(np.int32)
        self._open_templates()
        self.attributes: dict[str, SpikeAttribute] = {}
        self._open_attributes()
        self.features: FeatureSource | None = None
        self.traces: Traces | None = None
        self.waveforms: Waveforms | None = None
        self._take_traces(self._find_traces())
        for text in self.warnings:
            warn_caller(text, DatasetWarning)

    def _open_templates(self) -> None:
        tree, analyzer = self._analyzer.tree, self._analyzer
        before, after = _WAVEFORM_MS
        n_samples = 0
        of_spikes = np.array(analyzer.units.clusters, np.int32)[analyzer.spike_units]
        self.spike_templates = of_spikes if self._spikes is None else of_spikes[self._spikes]
        self.templates: UnitTemplates | None = None
        try:
            if tree.has("templates"):
                params = tree.params("templates")
                store = tree.rows("templates", "average")
                wanted = (len(analyzer.units.unit_ids), len(analyzer.channel_ids))
                if len(store.shape) != 3 or (store.shape[0], store.shape[2]) != wanted:
                    store.close()
                    raise DatasetError(
                        f"{self.path}: templates have the shape {store.shape}, expected those of "
                        f"{wanted[0]} units on {wanted[1]} channels."
                    )
                self.templates = UnitTemplates(analyzer, store, self.channels)
                n_samples = int(store.shape[1])
                told = params.get("ms_before")
                before = float(told) if isinstance(told, int | float) else before
        except DatasetError as error:
            self._warn(f"{error} Templates are left out.")
        self.n_samples_before = max(int(before * self.sample_rate / 1000), 0)
        if n_samples <= self.n_samples_before + 1:
            n_samples = self.n_samples_before + max(round(after * self.sample_rate / 1000), 2)
        self.n_samples_waveforms = n_samples

    def _open_attributes(self) -> None:
        tree, n_spikes = self._analyzer.tree, len(self._analyzer.spike_samples)
        unit = MICROVOLTS if self._analyzer.in_microvolts else ""

        def add(name: str, title: str, unit: str, store: Store) -> None:
            if store.shape != (n_spikes,):
                store.close()
                raise DatasetError(f"{self.path}: {title} is not told of every spike.")
            self.attributes[name] = UnitAttribute(title, unit, store, self._spikes)

        try:
            if tree.has("spike_amplitudes"):
                store = tree.rows("spike_amplitudes", "amplitudes")
                add("sorter_amplitude", "sorter's amplitude", unit, store)
            if tree.has("spike_locations"):
                from phygui.storage.arrays.stores import MemoryStore

                places = tree.records("spike_locations", "spike_locations")
                for name, title, axis in (("sorter_x", "sorter's x", "x"),
                                          ("sorter_depth", "sorter's depth", "y")):  # fmt: skip
                    if axis in (places.dtype.names or ()):
                        add(name, title, "µm", MemoryStore(np.ascontiguousarray(places[axis])))
        except DatasetError as error:
            self._warn(f"{error} It is left out.")

    # -- recordings and spikes -----------------------------------------------------------------

    @property
    def reader(self) -> Any:
        """The analyzer as SpikeInterface loads it, for scripts: read-only use.

        It loads pickles that the analyzer may hold: only of those that you trust.
        """
        from spikeinterface.core import load_sorting_analyzer

        return load_sorting_analyzer(self.path, load_extensions=False)

    @property
    def channel_gains(self) -> NDArray[np.float64]:
        """What the recording tells, else what the user has said of all channels, else 1."""
        if self._gain is not None:
            return self._gain.gains(self.n_channels)
        assert self._analyzer.gains is not None
        return self._analyzer.gains[self.channels]

    @property
    def voltage_unit(self) -> str:
        """``µV`` where the gain is known."""
        is_unknown = self._gain is not None and self._gain.microvolts is None
        return RAW_UNITS if is_unknown else MICROVOLTS

    @property
    def tells_gain(self) -> bool:
        """Whether the recording tells it."""
        return self._gain is None

    def set_gain(self, microvolts: float | None) -> None:
        """See :class:`~phygui.dataset.ShankData`."""
        if self._gain is None:
            refuse(self.path)
        self._gain.set(microvolts)
        self.n_located += 1

    # -- raw data ------------------------------------------------------------------------------

    def _find_traces(self) -> Traces | None:
        analyzer = self._analyzer
        try:
            if places := locations.remembered(self.path, "traces"):
                return self._traces_at(places)
            told = analyzer.tree.recording()
            found = recording.open_recording(
                told, self.path, analyzer.channel_ids, analyzer.lengths
            )
        except DatasetError as error:
            found = Absent(recording.LOOKED_FOR, str(error))
        if isinstance(found, Absent):
            self.absent["traces"] = found
            return None
        return found

    def _traces_at(self, places: Sequence[Path]) -> Traces:
        told = self._analyzer
        found = recording.located(places, self.path, told.channel_ids, told.lengths, told.dtype)
        if not all(place.is_dir() for place in places):
            # Flat files do not say whether they are what the recording was after its filter.
            self.filter = usual_filter(self.sample_rate)
        return found

    def _take_traces(self, traces: Traces | None) -> None:
        """Cut waveforms from raw data, and take features of them if there are no others."""
        within = self.spike_samples - self.timeline.starts[self.spike_recordings]
        self.traces = traces
        self.waveforms = self._cut(traces, within, self.spike_recordings)
        self.features = self._features()
        if self.features is None:
            self.absent.setdefault("features", Absent("principal_components"))
        else:
            self.absent.pop("features", None)

    def _features(self) -> FeatureSource | None:
        analyzer, spikes = self._analyzer, self._spikes
        try:
            whole = self.waveforms is not None
            found = stored_features(analyzer, spikes, self.channels, whole)
            if found is not None:
                return found
        except DatasetError as error:
            self._warn(f"{error} They are left out.")
            self.absent["features"] = Absent("principal_components", str(error))
        if self.waveforms is None:
            return None
        templates = self.templates
        template = (lambda _: None) if templates is None else templates.of_unit
        return computed_features(analyzer, spikes, self.channels, self.waveforms, template)

    def locate(self, what: str, path: str | Path | list[str | Path]) -> None:
        """See :class:`~phygui.dataset.ShankData`: of raw data, one flat file a segment."""
        if what != "traces":
            raise DatasetError(f"{self.path}: {what} are in the analyzer, or there are none.")
        paths = named_paths(path)
        self._locate_traces(paths, self._traces_at(paths))

    def close(self) -> None:
        """Let go of the files."""
        for each in (self.features, self.templates, self.traces, *self.attributes.values()):
            if each is not None and hasattr(each, "close"):
                each.close()
