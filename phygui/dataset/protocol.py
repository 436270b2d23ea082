"""What a dataset is to everything that works on one: protocols, never a class of one format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.absent import Absent
from phygui.dataset.clock import SpikeClock
from phygui.dataset.state import ClusteringState, Key
from phygui.dataset.timeline import Timeline
from phygui.storage.arrays.bandpass import BandPass
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms
from phygui.storage.unpacked.packed import Preparation

__all__ = [
    "MICROVOLTS",
    "RAW_UNITS",
    "ClusteringStore",
    "Dataset",
    "FeatureSource",
    "Format",
    "Outline",
    "Outlined",
    "Preparation",
    "ShankData",
    "SpikeAttribute",
]

#: What :attr:`ShankData.voltage_unit` is.
MICROVOLTS, RAW_UNITS = "µV", "units"

DataKind = str
"""What may be missing, and located: ``"features"`` or ``"traces"``."""


class FeatureSource(Protocol):
    """Features of the spikes of one shank, and how much each channel took part in each.

    Dense arrays and sparse ones, which hold other channels for each template, look alike: nobody
    outside a format computes columns. Safe to use from several threads.

    A source for which some channels of a spike take as long to read as all, since it holds few of
    them for each, says so by a true ``reads_whole_rows``: then all that is wanted is read at once.

    One whose features lie in plain files names these as ``files``: where many clusters are looked
    at, they are read through ahead.

    One that reads features of several sets of spikes together faster than one after the other has
    a generator ``columns(spikes, channels)``, each a sequence of arrays, the channels ascending and
    as many for all sets. It yields every few milliseconds, and returns for each set what `read`
    gives as values, here (n_channels * n_features, n), in one piece or not.
    """

    @property
    def n_features(self) -> int:
        """Features of each channel."""

    @property
    def has_masks(self) -> bool:
        """Whether masks are stored; where they are not, every channel that is there has 1."""

    def read(
        self, spike_ids: NDArray[np.int64], channels: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features and masks of some spikes on some channels.

        Parameters
        ----------
        spike_ids : (n,) int64
            In any order.
        channels : (n_channels,) int64, optional
            Places of channels in the shank's order, 0 and up; all channels by default.

        Returns
        -------
        values : (n, n_channels, n_features) float32
            In the format's own units; 0 where a channel is absent from a spike.
        masks : (n, n_channels) float32
            In [0, 1]; 0 where a channel is absent from a spike.
        """


class SpikeAttribute(Protocol):
    """A number that the format holds of every spike, such as its amplitude or depth."""

    @property
    def title(self) -> str:
        """What axes and menus call it."""

    @property
    def unit(self) -> str:
        """Its unit; empty for a plain number."""

    def read(self, spike_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The numbers of some spikes: (n,) float64."""


class ShankData(Protocol):
    """The numbers of one channel group (shank), read-only; arrays may be read from any thread.

    Arrays given as attributes may not be written to.
    """

    @property
    def path(self) -> Path:
        """The dataset's file or folder."""

    @property
    def channel_group(self) -> int:
        """The number of the shank."""

    @property
    def reader(self) -> Any:
        """The format's own reader, for scripts; the program itself never asks it."""

    # -- recordings and spikes -----------------------------------------------------------------

    @property
    def sample_rate(self) -> float:
        """Sampling rate, hertz."""

    @property
    def duration(self) -> float:
        """Recorded time, seconds."""

    @property
    def span(self) -> float:
        """Time from the start of the first recording to the end of the last, seconds."""

    @property
    def timeline(self) -> Timeline:
        """Where the recordings lie in time, and their samples in the raw data."""

    @property
    def clock(self) -> SpikeClock:
        """The spikes in the order of time."""

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""

    @property
    def spike_samples(self) -> NDArray[np.int64]:
        """Spike times on the clock of the whole experiment: (n_spikes,) int64, samples."""

    @property
    def spike_times(self) -> NDArray[np.float64]:
        """The same in seconds: (n_spikes,) float64."""

    @property
    def spike_recordings(self) -> NDArray[np.integer]:
        """Index of each spike's recording: (n_spikes,) integers."""

    @property
    def events(self) -> Mapping[str, NDArray[np.float64]]:
        """Times of each type of stimulus event, ascending, seconds."""

    @property
    def attributes(self) -> Mapping[str, SpikeAttribute]:
        """Numbers that the format holds of every spike, by name."""

    # -- channels ------------------------------------------------------------------------------

    @property
    def channels(self) -> NDArray[np.int64]:
        """Column in the raw data of each channel: (n_channels,) int64."""

    @property
    def channel_positions(self) -> NDArray[np.float64]:
        """Positions of the channels: (n_channels, 2) float64, micrometres, finite."""

    @property
    def n_channels(self) -> int:
        """Number of channels."""

    @property
    def channel_gains(self) -> NDArray[np.float64]:
        """What raw values are multiplied with: (n_channels,) float64, `voltage_unit` per unit."""

    @property
    def voltage_unit(self) -> str:
        """Unit of raw values times their gain: ``µV``, or ``units`` where no gain is known."""

    @property
    def tells_gain(self) -> bool:
        """Whether the files tell the gain; where they do not, the user may say it."""

    def set_gain(self, microvolts: float | None) -> None:
        """Say how many microvolts a raw unit is, now and at later openings by this user.

        Parameters
        ----------
        microvolts : float or None
            Of every channel; None takes back what was said.

        Raises
        ------
        DatasetError
            If the files tell it, or it makes no sense; nothing has changed then.
        """

    # -- data that may be missing --------------------------------------------------------------

    @property
    def features(self) -> FeatureSource | None:
        """Features and masks."""

    @property
    def traces(self) -> Traces | None:
        """Raw data as stored: lazy (n_samples, n_raw_channels)."""

    @property
    def waveforms(self) -> Waveforms | None:
        """Filtered waveforms: lazy (n_spikes, n_samples_waveforms, n_channels) float32."""

    @property
    def templates(self) -> Mapping[int, NDArray[np.float32]] | None:
        """What the sorter found spikes with: (n_samples, n_channels) float32 each, raw units.

        Their sizes need not be those of waveforms: some sorters scale them.
        """

    @property
    def spike_templates(self) -> NDArray[np.integer] | None:
        """Template of each spike, which curation never changes: (n_spikes,) integers."""

    @property
    def filter(self) -> BandPass:
        """The band-pass filter of waveforms; of order 0 where the raw data is filtered already."""

    @property
    def detection_factor(self) -> float | None:
        """Times the noise of a channel at which spikes were detected; None if not known."""

    @property
    def n_samples_before(self) -> int:
        """Samples of a waveform before the spike's time."""

    @property
    def n_samples_waveforms(self) -> int:
        """Samples of a waveform."""

    @property
    def absent(self) -> Mapping[DataKind, Absent]:
        """The data that is not there, by kind, and why."""

    @property
    def n_located(self) -> int:
        """How often other data was located: what was computed from the data before is void."""

    @property
    def warnings(self) -> Sequence[str]:
        """What is unusual about the files, one sentence each."""

    @property
    def preparations(self) -> Sequence[Preparation]:
        """Long work on the files that all later reading is faster for; the first comes first."""

    def locate(self, what: DataKind, path: str | Path | list[str | Path]) -> None:
        """Say where data is that was not found, now and at later openings by this user.

        Raises
        ------
        DatasetError
            If what is there does not fit the dataset; nothing has changed then.
        """

    def close(self) -> None:
        """Let go of the files."""


@runtime_checkable
class ClusteringStore(Protocol):
    """The clusterings of a dataset as they are stored: the one way to read or write one."""

    @property
    def path(self) -> Path:
        """Where they are stored, for messages."""

    def all_keys(self) -> list[Key]:
        """All clusterings that can be read, of every shank."""

    def names(self, channel_group: int) -> list[str]:
        """Clusterings of a shank, the usual one first."""

    def is_protected(self, key: Key) -> bool:
        """Whether a clustering is never written, like the sorter's own."""

    def read(self, key: Key) -> ClusteringState:
        """A clustering as it is stored now.

        Raises
        ------
        DatasetError
            If there is none of this name, or it cannot be read.
        """

    def write(
        self,
        states: Mapping[Key, ClusteringState],
        *,
        target: Path | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Write clusterings as one transaction: all of them are stored, or nothing is.

        Parameters
        ----------
        states : mapping
            What is written.
        target : Path, optional
            Where a copy of the dataset with these clusterings goes, instead of into it.
        ready : callable
            Called when everything is staged and verified, last of all before it counts. If it
            raises, nothing is written.

        Raises
        ------
        DatasetError
            If that fails; everything is then as it was, unless the sentence says that it was saved:
            then it is stored, but may not outlast a power cut.
        """

    def follow(self) -> None:
        """What was written here is known: the dataset's own readers may go on with it.

        Called in the thread that edits, after :meth:`write` or :meth:`copy` in any.
        """

    def check_name(self, channel_group: int, name: str, existing: list[str]) -> None:
        """Make sure that a new clustering can have a name, beside those that exist.

        Raises
        ------
        DatasetError
            If it cannot.
        """

    def copy(self, key: Key, new_name: str, state: ClusteringState) -> None:
        """Store a state under a new name, with what else belongs to the clustering copied."""

    def stamp(self) -> object:
        """Compares equal as long as nobody has written to what is stored.

        Raises
        ------
        DatasetError
            If it is gone.
        """

    def written_at(self) -> datetime:
        """When what is stored was last written, in local time."""

    def unedited(self) -> ClusteringStore | None:
        """What was stored before the first write, read-only; None if nothing was written yet."""


class Dataset(Protocol):
    """An open dataset."""

    @property
    def path(self) -> Path:
        """Its file or folder."""

    @property
    def format_name(self) -> str:
        """Name of its format."""

    @property
    def channel_groups(self) -> Sequence[int]:
        """Its shanks, ascending."""

    @property
    def incomplete(self) -> Mapping[int, str]:
        """What shanks lack that cannot be curated: ``{0: "no spikes"}``."""

    @property
    def located_by(self) -> Mapping[DataKind, str]:
        """What files of each kind of data are called, for file dialogs: ``{"traces": "*.dat"}``."""

    @property
    def clusterings(self) -> ClusteringStore:
        """Its clusterings."""

    def open(self, channel_group: int | None = None) -> ShankData:
        """The data of a shank; of the first that can be curated by default.

        Raises
        ------
        DatasetError
            If there is no such shank, or it cannot be read.
        """

    def describe(self) -> str:
        """What it holds and lacks, in words, several lines."""


@dataclass(frozen=True)
class Outline:
    """What a list of datasets says of one besides its clusters; None, or "", for what is unknown.

    Durations are in seconds; channels are counted over all shanks.
    """

    duration: float | None = None
    n_channels: int | None = None
    probe: str = ""
    recorded: datetime | None = None


@runtime_checkable
class Outlined(Protocol):
    """A dataset that tells its outline in less time than a shank takes to open."""

    def outline(self) -> Outline: ...


@runtime_checkable
class Format(Protocol):
    """A way in which datasets are stored; registered through the entry points `phygui.formats`."""

    @property
    def name(self) -> str:
        """What it is called in sentences, such as ``Kwik``."""

    @property
    def patterns(self) -> Iterable[str]:
        """What its files, or folders, are called, for dialogs, such as ``*.kwik``."""

    @property
    def is_folder(self) -> bool:
        """Whether a dataset of it is a folder: a dialog chooses files or folders, not both."""

    def supports(self, path: Path) -> bool:
        """Whether a file or folder looks like one of its datasets; cheap, reads a header at most.

        What is damaged is supported too: only the format itself can say what is wrong with it.
        """

    def open(self, path: Path) -> Dataset:
        """Open a dataset.

        Raises
        ------
        DatasetError
            If it cannot be read, in one sentence.
        """
