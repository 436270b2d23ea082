"""Opening a Kwik dataset: what is read when, and what happens when something is not there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from phygui.dataset.absent import Absent
from phygui.dataset.incomplete import NO_CLUSTERS, chosen_group, why_incomplete
from phygui.errors import DatasetChanged, DatasetError, DatasetWarning
from phygui.formats.kwik.files import rawdata
from phygui.formats.kwik.files.data_files import DataFiles
from phygui.formats.kwik.hdf5.file import File, open_hdf5
from phygui.formats.kwik.open_shank import OpenShank
from phygui.formats.kwik.reading.clusters import (
    Clustering,
    default_clustering,
    list_clusterings,
    read_clustering,
)
from phygui.formats.kwik.reading.events import read_events
from phygui.formats.kwik.reading.incomplete import incomplete_groups
from phygui.formats.kwik.reading.kinds import check_is_kwik, has_spikes, what_instead
from phygui.formats.kwik.reading.metadata import (
    read_metadata,
    read_settings,
    recording_rate,
    with_both_names,
)
from phygui.formats.kwik.reading.placing import MisfitError, Placed, Sizes, place_spikes
from phygui.formats.kwik.reading.probe import (
    Probe,
    n_channels_needed,
    read_channel_groups,
    read_probe,
)
from phygui.formats.kwik.reading.spikes import StoredSpikes, read_recordings, read_spikes
from phygui.guards import Sealed, as_path, warn_caller
from phygui.storage.arrays.bandpass import BandPass
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms
from phygui.storage.files import check_regular_file
from phygui.storage.state import locations
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.unpacked.packed import Preparation


class OpenDataset(Sealed):
    """The files of a dataset and what was read from them; what ``KwikModel`` presents.

    The ``.kwik`` is read and closed. It is opened again to switch channel groups or clusterings,
    if it is still the same file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        channel_group: int | None = None,
        clustering: str | None = None,
        *,
        kwik_path: str | os.PathLike[str] | None = None,
    ) -> None:
        path = kwik_path if path is None else path
        if path is None:
            raise DatasetError("no file was named, expected the path of a .kwik file.")
        self._path = as_path(path, "the path of a .kwik file")
        check_is_kwik(self._path)
        #: What was found to be unusual, one sentence each.
        self.warnings: list[str] = []
        #: How often other data was located: what was computed from the data before is void.
        self.n_located = 0
        self._placing_remarks: list[str] = []
        self._lock = threading.RLock()
        self._silent = True  # until all is open: a warning may be an error
        self._identity = FileStamp.of_status(check_regular_file(self._path))
        with ExitStack() as on_failure:
            with open_hdf5(self._path) as file:
                self._read_file(file)
                needed = n_channels_needed(file, self._channel_groups)
                self._files = DataFiles(
                    self._path, self._settings, self._recordings, needed, self._warn
                )
                on_failure.callback(self.close)
                self._files.open_traces()
                self._shank = self._read_shank(file, channel_group, clustering)
            self._files.open_features(self._shank)
            self._files.check_channels(self._shank)
            on_failure.pop_all()
        self._silent = False
        self._is_sealed = True
        for text in self.warnings:
            warn_caller(text, DatasetWarning)

    def close(self) -> None:
        """Let go of the features and the raw data; what was read of the ``.kwik`` stays."""
        with self._lock:
            self._files.close()

    @property
    def absent(self) -> dict[str, Absent]:
        """What is not there or not used: {"features", "traces" or "waveforms": why}."""
        return self._files.absent

    @property
    def missing(self) -> dict[str, str]:
        """The data that is not there: {"features" or "traces": the file that was looked for}.

        Of what is there but not used, the sentence that says why; ``waveforms`` is there if they
        cannot be cut from the raw data that there is.
        """
        return {what: str(absent) for what, absent in self.absent.items()}

    @property
    def preparations(self) -> list[Preparation]:
        """What later reading is faster for: compressed features and raw data can be unpacked."""
        return self._files.preparations

    @property
    def _traces(self) -> Traces | None:
        return self._files.traces

    @property
    def opened_clustering(self) -> Clustering:
        """The open clustering as it was read."""
        return self._shank.clustering

    def _warn(self, text: str) -> None:
        if text in self.warnings:
            return
        self.warnings.append(text)
        if not self._silent:
            warn_caller(text, DatasetWarning)

    # -- the .kwik ---------------------------------------------------------------------------

    @contextmanager
    def _reopened(self) -> Iterator[File]:
        """The ``.kwik`` again, if it is still the file that was read."""
        if self.changed_on_disk:
            raise DatasetChanged(
                f"{self._path} was changed by another program since it was opened; open it again."
            )
        with open_hdf5(self._path) as file:
            yield file

    @property
    def changed_on_disk(self) -> bool:
        """Whether the ``.kwik`` is no longer the file that was opened or saved last."""
        try:
            return FileStamp.of_status(check_regular_file(self._path)) != self._identity
        except DatasetError:
            return True

    def follow(self) -> None:
        """Go on with the file as it is now: whoever wrote it knows what was read of it."""
        self._identity = FileStamp.of_status(check_regular_file(self._path))

    def _read_file(self, file: File) -> None:
        """What does not depend on the channel group."""
        root = file.group("/")
        version = file.attribute(root, "kwik_version", "/")
        if not has_spikes(file):
            raise DatasetError(what_instead(file))
        if version is None:
            self._warn(f"{self._path}: /@kwik_version is missing; version 2 is assumed.")
        elif version not in (2, "2", "2.0"):
            raise DatasetError(f"{self._path}: /@kwik_version is {version!r}, expected 2.")
        name = file.attribute(root, "name", "/")
        self._name = name if isinstance(name, str) and name else rawdata.stem_of(self._path)
        self._recordings = read_recordings(file, self._warn)
        metadata = read_metadata(file, self._warn)
        rate = recording_rate(self._recordings, str(self._path), self._warn)
        self._settings = read_settings(metadata, rate, str(self._path), self._warn)
        self._metadata = with_both_names(metadata, self._settings.sample_rate)
        self._channel_groups = read_channel_groups(file, self._warn)
        self._incomplete = incomplete_groups(file, self._channel_groups)
        if self._incomplete and len(self._channel_groups) > 1:
            told = (why_incomplete(group, lack) for group, lack in self._incomplete.items())
            self._warn(f"{self._path}: {'; '.join(told)}.")

    def _read_shank(
        self,
        file: File,
        channel_group: int | None,
        clustering: str | None,
        *,
        insist: bool = True,
    ) -> OpenShank:
        """All of one channel group, without changing anything if it cannot be read.

        Where it has no clustering of the name, and that is not insisted on, its default one opens.
        """
        groups = self._channel_groups
        channel_group = chosen_group(self._path, groups, self._incomplete, channel_group)
        path = f"/channel_groups/{channel_group}"
        self._refuse_incomplete(file, channel_group)
        stored = read_spikes(file, f"{path}/spikes", list(self._recordings), self._warn)
        n_spikes = len(stored.time_samples)
        probe = read_probe(file, channel_group, groups, self._warn)
        try:
            placed = self._place(stored, probe)
        except MisfitError as error:
            self._files.drop_traces(str(error))
            placed = self._place(stored, probe)
        clusterings = list_clusterings(file, path, n_spikes, self._warn)
        name = clustering
        if name is None or not (insist or name in clusterings):
            name = default_clustering(clusterings)
        opened = self._read_clustering(file, path, name, clusterings, n_spikes)
        self._events = read_events(file, placed.clock.timeline.n_recordings, self._warn)
        return OpenShank(
            channel_group=int(channel_group),
            probe=probe,
            stored=stored,
            placed=placed,
            clusterings=clusterings,
            clustering=opened,
        )

    def _refuse_incomplete(self, file: File, channel_group: int) -> None:
        """Say what a channel group lacks; one of no spikes that has all the rest can be read."""
        lack = self._incomplete.get(channel_group)
        places = ("time_samples", "clusters")
        path = f"/channel_groups/{channel_group}/spikes"
        absent = [f"{path}/{place}" for place in places if file.find(f"{path}/{place}") is None]
        absent = absent or [f"{path}/clusters"] * (lack == NO_CLUSTERS)
        if lack is None or not absent:
            return
        others = [str(group) for group in self._channel_groups if group not in self._incomplete]
        instead = f" Open shank {others[0]} instead." if others else ""
        raise DatasetError(
            f"{self._path}: {why_incomplete(channel_group, lack)} ({absent[0]} is missing or "
            f"empty).{instead}"
        )

    def _read_clustering(
        self, file: File, path: str, name: str, clusterings: list[str], n_spikes: int
    ) -> Clustering:
        if name not in clusterings:
            raise DatasetError(
                f"{self._path}: {path} has no clustering {name!r}, expected one of "
                f"{', '.join(clusterings)}."
            )
        return read_clustering(file, path, name, n_spikes, self._warn)

    def _place(self, stored: StoredSpikes, probe: Probe) -> Placed:
        """The spikes of a channel group in their recordings and on one clock."""
        starts = [attributes.get("start_sample") for attributes in self._recordings.values()]
        lengths = None if self._traces is None else self._traces.lengths
        remarks: list[str] = []
        placed = place_spikes(
            stored,
            starts,
            lengths,
            self._waveform_sizes(stored, probe),
            self._settings.sample_rate,
            remarks.append,
        )
        # What was said without this raw data may be said otherwise with it.
        self.warnings[:] = [text for text in self.warnings if text not in self._placing_remarks]
        self._placing_remarks = remarks
        for text in remarks:
            self._warn(text)
        return placed

    def _waveform_sizes(self, stored: StoredSpikes, probe: Probe) -> Sizes | None:
        """Tells how large spikes are at their times, were they in some recordings."""
        traces, told = self._traces, self._settings
        if traces is None or probe.channels.max() >= traces.shape[1]:
            return None
        # Wide enough for times that are a little off.
        reach = max(1, round(0.0002 * told.sample_rate))

        def sizes(spike_ids: np.ndarray, recordings: np.ndarray) -> np.ndarray:
            band = BandPass(told.sample_rate, told.filter_low, told.filter_high, told.filter_order)
            times = stored.time_samples[spike_ids]
            waveforms = Waveforms(
                traces, times, recordings, probe.channels, reach, reach + 1, band, lambda _: None
            )
            peaks: np.ndarray = np.abs(waveforms[:]).max(axis=(1, 2))
            return peaks

        return sizes

    def _switch(self, shank: OpenShank) -> None:
        """Present another channel group or clustering."""
        moved = shank.channel_group != self._shank.channel_group
        self._shank = shank
        if moved:
            self._files.open_features(shank)
            self._files.check_channels(shank)

    # -- other data ------------------------------------------------------------------------

    def locate(
        self, what: str, path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
    ) -> None:
        """Say where data is that was not found, now and whenever this user opens this dataset.

        Parameters
        ----------
        what : ``"traces"`` or ``"features"``
        path : for features, the ``.kwx``. For traces, a ``.kwd``, one flat file for each
            recording (a list where there are several), or the folder that holds them.

        Raises
        ------
        DatasetError
            If what is there does not fit the dataset; nothing has changed then.
        """
        given = [path] if isinstance(path, str | os.PathLike) else path
        paths = [Path(one).expanduser().absolute() for one in given]
        with self._lock:
            if what == "traces":
                self._locate_traces(paths)
            elif what == "features":
                self._files.locate_features(paths[0], self._shank)
            else:
                raise ValueError(f"cannot locate {what!r}, only 'traces' or 'features'")
            self.absent.pop(what, None)
            self.n_located += 1
        try:
            locations.remember(self._path, what, paths)
        except OSError as error:
            self._warn(
                f"{locations.locations_file()} could not be written ({error.strerror}): the place "
                f"of the {what} of {self._path} will not be remembered."
            )

    def _locate_traces(self, paths: list[Path]) -> None:
        files, shank = self._files, self._shank
        before = files.raw
        files.raw = files.traces_at(paths)
        try:
            shank.place(self._place(shank.stored, shank.probe))
        except DatasetError:
            files.raw.traces.close()
            files.raw = before
            raise
        if before is not None:
            before.traces.close()
        files.check_channels(shank)
