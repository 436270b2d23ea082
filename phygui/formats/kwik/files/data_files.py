"""The files that belong to a ``.kwik``: its ``.kwx`` and its raw data, as far as they are there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from phygui.dataset.absent import Absent
from phygui.errors import DatasetError
from phygui.formats.kwik.files import rawdata
from phygui.formats.kwik.files.features import FeatureStore, open_features
from phygui.formats.kwik.files.recorded import (
    RawData,
    Recorded,
    Source,
    close_all,
    compare_rates,
    join,
    open_recording,
)
from phygui.formats.kwik.hdf5.file import open_hdf5
from phygui.formats.kwik.open_shank import OpenShank
from phygui.formats.kwik.reading.metadata import Settings
from phygui.storage.arrays.traces import Traces
from phygui.storage.state import locations
from phygui.storage.unpacked.packed import Preparation


class DataFiles:
    """Features and raw data of a dataset, open or absent.

    Parameters
    ----------
    path : Path
        The ``.kwik`` file.
    settings : Settings
        What the file says of the data.
    recordings : dict of int to dict
        The attributes of each recording.
    n_channels_needed : int
        Channels that the raw data has at least.
    warn : callable
        Told what is unusual, one sentence each.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        recordings: rawdata.Recordings,
        n_channels_needed: int,
        warn: Callable[[str], None],
    ) -> None:
        self._path, self._settings, self._recordings = path, settings, recordings
        self._n_channels_needed, self._warn = n_channels_needed, warn
        #: What is not there or not used: {"features", "traces" or "waveforms": why}.
        self.absent: dict[str, Absent] = {}
        self.features: FeatureStore | None = None
        self.raw: RawData | None = None

    @property
    def traces(self) -> Traces | None:
        """Raw data as stored."""
        return None if self.raw is None else self.raw.traces

    @property
    def preparations(self) -> list[Preparation]:
        """What the files can be prepared by, features first."""
        stores = [] if self.features is None else [self.features.store]
        stores += [] if self.raw is None else self.raw.traces.stores
        return [store.preparation for store in stores if store.preparation is not None]

    def close(self) -> None:
        """Let go of all of them."""
        if self.features is not None:
            self.features.close()
        if self.raw is not None:
            self.raw.traces.close()
        self.features = self.raw = None

    def open_features(self, shank: OpenShank) -> None:
        """Open those of a shank, where the user said they are or beside the ``.kwik``."""
        if self.features is not None:
            self.features.close()
        self.features = None
        self.absent.pop("features", None)
        found = locations.remembered(self._path, "features")
        stem = rawdata.stem_of(self._path)
        path = found[0] if found else self._path.with_name(f"{stem}.kwx")
        if not os.path.exists(path):
            self.absent["features"] = Absent(path.name)
            return
        try:
            self.features = self._open_features_at(path, shank)
        except DatasetError as error:
            self.absent["features"] = Absent(path.name, str(error))
            self._warn(f"{error} Features and masks are left out.")

    def locate_features(self, path: Path, shank: OpenShank) -> None:
        """Take features from another file, if they fit the shank."""
        store = self._open_features_at(path, shank)
        if self.features is not None:
            self.features.close()
        self.features = store

    def _open_features_at(self, path: Path, shank: OpenShank) -> FeatureStore:
        told = self._settings
        with open_hdf5(path) as file:
            return open_features(
                file,
                shank.channel_group,
                len(shank.samples),
                shank.probe.n_channels,
                None if told.n_features_assumed else told.n_features_per_channel,
                self._warn,
            )

    def open_traces(self) -> None:
        """Open the raw data, where the user said it is or where it is looked for."""
        self.raw = None
        self.absent.pop("traces", None)
        remembered = locations.remembered(self._path, "traces")
        looked_for = (remembered or [self._path.with_suffix(".dat")])[0].name
        found: list[Recorded] | Absent
        try:
            if remembered:
                found = self._recordings_at(remembered)
            else:
                found = rawdata.find(self._path, self._recordings, self._open_recording, self._warn)
            if not isinstance(found, Absent):
                looked_for = found[0].source.path.name
                self.raw = self._join(found)
                return
        except DatasetError as error:
            found = Absent(looked_for, str(error))
        self.absent["traces"] = found
        if found.reason:
            self._warn(f"{found.reason} Raw data is left out.")

    def traces_at(self, paths: list[Path]) -> RawData:
        """The raw data in other files, if it fits the dataset; it is not in use yet."""
        return self._join(self._recordings_at(paths))

    def drop_traces(self, reason: str) -> None:
        """Do without raw data that cannot be that of the spikes."""
        if self.raw is None:
            return
        self.raw.traces.close()
        self.absent["traces"] = Absent(self.raw.source.path.name, reason)
        self.raw = None
        self._warn(f"{reason} Raw data is left out.")

    def check_channels(self, shank: OpenShank) -> None:
        """Say what is particular about the raw data of the channels of the open channel group."""
        order, raw = shank.probe.channels, self.raw
        self.absent.pop("waveforms", None)
        if raw is None:
            return
        if order.max() >= raw.traces.shape[1]:
            reason = (
                f"{self._path}: {shank.path}/@channel_order names channel {order.max()}, "
                f"but the raw data has {raw.traces.shape[1]} channels; waveforms are left out."
            )
            self.absent["waveforms"] = Absent(raw.source.path.name, reason)
            self._warn(reason)
        elif raw.gains is not None and not np.allclose(raw.gains[order], raw.gains[order[0]]):
            low, high = raw.gains[order].min(), raw.gains[order].max()
            self._warn(
                f"{raw.source.path}: the gains of the channels of {shank.path} go from "
                f"{low:g} to {high:g} microvolts per unit; each channel has its own."
            )

    def _open_recording(self, source: Source) -> Recorded:
        return open_recording(
            source, self._settings.dtype, self._settings.n_raw_channels, self._warn
        )

    def _recordings_at(self, paths: list[Path]) -> list[Recorded]:
        return rawdata.recordings_at(
            paths, self._path, self._recordings, self._open_recording, self._warn
        )

    def _join(self, recorded: list[Recorded]) -> RawData:
        """The raw data of all recordings; what it says of gain and rate is compared."""
        told = self._settings
        try:
            raw = join(recorded, told.n_raw_channels, self._n_channels_needed, self._warn)
        except DatasetError:
            close_all(recorded)
            raise
        compare_rates(recorded, told.sample_rate, self._path, self._warn)
        if raw.gains is not None and told.gain_is_known:
            first = float(raw.gains[0])
            if not np.isclose(first, told.voltage_gain, rtol=1e-3):
                self._warn(
                    f"{raw.source.path} says {first:g} microvolts per unit and {self._path} says "
                    f"{told.voltage_gain:g}; {first:g} is used."
                )
        return raw
