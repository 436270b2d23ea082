"""A complete second format, for tests: a folder of ``.npy`` files, sparse features, no masks.

The package knows nothing of it: it comes in by the entry point that an installed distribution
would have. A dataset is a folder ``NAME.npys`` with

=====================  ================================================================
``info.json``          ``sample_rate``, ``n_before``, ``n_after``, ``gain``
``samples.npy``        (n_spikes,) int64, ascending
``templates.npy``      (n_spikes,) int64, the template of each spike
``pc.npy``             (n_spikes, n_local, n_features) float32
``pc_channels.npy``    (n_templates, n_local) int64, -1 where there are fewer
``positions.npy``      (n_channels, 2) float64, micrometres
``sizes.npy``          (n_spikes,) float64, an amplitude that the sorter gave each spike
``traces.npy``         (n_samples, n_channels) int16
``stimulus.npy``       (n_events,) float64, ascending, seconds
``clusters/NAME.npy``  (n_spikes,) int32, with ``NAME.json`` for groups and labels
=====================  ================================================================
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np

from phygui.dataset import Absent, ClusteringState, DatasetError, SpikeClock, Timeline
from phygui.storage.arrays.bandpass import BandPass
from phygui.storage.arrays.stores import MemoryStore
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms

NAMES = {0: "Noise", 1: "MUA", 2: "Good", 3: "Unsorted"}


def write(folder: Path, *, n_spikes: int = 900, n_channels: int = 12, seed: int = 0) -> Path:
    """Make a dataset of six units; returns its folder, ``folder/NAME.npys``."""
    rng = np.random.default_rng(seed)
    place = folder / "tiny.npys"
    (place / "clusters").mkdir(parents=True)
    n_samples, n_units = 60_000, 6
    samples = np.sort(rng.choice(np.arange(200, n_samples - 200, 40), n_spikes, replace=False))
    units = rng.integers(0, n_units, n_spikes)
    local = np.stack([np.arange(2 * u, 2 * u + 4) for u in range(n_units)])
    local[local >= n_channels] = -1
    pc = rng.normal(0, 1, (n_spikes, 4, 2)).astype(np.float32)
    pc[:, 1] += (3 + units[:, None]).astype(np.float32)
    traces = rng.normal(0, 10, (n_samples, n_channels))
    shape = -np.exp(-0.5 * (np.arange(-10, 11) / 3.0) ** 2)
    for sample, unit in zip(samples, units, strict=True):
        traces[sample - 10 : sample + 11, 2 * unit + 1] += (150 + 30 * unit) * shape
    arrays = {
        "samples": samples,
        "templates": units,
        "pc": pc,
        "pc_channels": local,
        "positions": np.stack([np.zeros(n_channels), 25.0 * np.arange(n_channels)], axis=1),
        "sizes": 150.0 + 30 * units + rng.normal(0, 5, n_spikes),
        "traces": np.round(traces).astype(np.int16),
        "stimulus": np.arange(0.2, 2.9, 0.3),
        # The sixth unit was cut in two.
        "clusters/main": np.where((units == 5) & (rng.random(n_spikes) < 0.5), 6, units),
    }
    for name, array in arrays.items():
        if name == "clusters/main":
            array = array.astype(np.int32)
        np.save(place / f"{name}.npy", array)
    told = {"sample_rate": 20_000.0, "n_before": 16, "n_after": 24, "gain": 0.5}
    (place / "info.json").write_text(json.dumps(told))
    return place


def _load(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    return array


class SparseFeatures:
    """Features on the channels of each spike's template."""

    has_masks = False

    def __init__(self, folder: Path, n_channels: int) -> None:
        self._pc = _load(folder / "pc.npy")
        self._templates = np.array(_load(folder / "templates.npy"))
        self._local = np.array(_load(folder / "pc_channels.npy"))
        self._n_channels = n_channels
        self.n_features = self._pc.shape[2]

    def read(self, spike_ids, channels=None):
        n_channels = self._n_channels
        local = self._local[self._templates[spike_ids]]
        values = np.zeros((len(spike_ids), n_channels + 1, self.n_features), np.float32)
        masks = np.zeros((len(spike_ids), n_channels + 1), np.float32)
        rows = np.arange(len(spike_ids))[:, None]
        # Absent channels are written beyond the last one, and cut off.
        values[rows, local] = self._pc[spike_ids]
        masks[rows, local] = 1
        chosen = slice(0, n_channels) if channels is None else channels
        return values[:, :n_channels][:, chosen], masks[:, :n_channels][:, chosen]


class Sizes:
    """The sorter's amplitude of each spike."""

    title = "sorter's amplitude"
    unit = ""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def read(self, spike_ids):
        return self._values[spike_ids]


class Shank:
    """All of a dataset's numbers: it has one shank."""

    channel_group = 0
    templates = spike_templates = None
    reader = None
    n_located = 0
    preparations = ()
    tells_gain = True
    detection_factor = None

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "info.json").read_text())
        self.path = folder
        self.absent: dict[str, Absent] = {}
        self.warnings: list[str] = []
        self.sample_rate = float(told["sample_rate"])
        self.n_samples_before = int(told["n_before"])
        self.n_samples_waveforms = self.n_samples_before + int(told["n_after"])
        self.voltage_unit = "µV"
        self.filter = BandPass(self.sample_rate, 300.0, 6000.0)
        self.channel_positions = np.array(_load(folder / "positions.npy"))
        self.n_channels = len(self.channel_positions)
        self.channels = np.arange(self.n_channels)
        self.channel_gains = np.full(self.n_channels, float(told["gain"]))
        self.spike_samples = np.array(_load(folder / "samples.npy")).astype(np.uint64)
        self.n_spikes = len(self.spike_samples)
        self.spike_times = self.spike_samples / self.sample_rate
        self.spike_recordings = np.zeros(self.n_spikes, np.int32)
        self.traces = Traces([MemoryStore(np.array(_load(folder / "traces.npy")))])
        n_samples = self.traces.shape[0]
        self.timeline = Timeline.joined([n_samples])
        self.clock = SpikeClock(self.spike_samples, self.timeline, self.sample_rate)
        self.duration = self.span = n_samples / self.sample_rate
        self.features = SparseFeatures(folder, self.n_channels)
        self.attributes = {"size": Sizes(np.array(_load(folder / "sizes.npy")))}
        self.events = {"stimulus": np.array(_load(folder / "stimulus.npy"))}
        self.waveforms = Waveforms(
            self.traces,
            self.spike_samples,
            self.spike_recordings,
            self.channels,
            self.n_samples_before,
            self.n_samples_waveforms - self.n_samples_before,
            self.filter,
            self.warnings.append,
        )

    def locate(self, what, path):
        raise DatasetError(f"{self.path}: all data is in the folder.")

    def close(self):
        self.traces.close()


class Clusterings:
    """One ``.npy`` and one ``.json`` a clustering; a new folder replaces the old at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.folder = folder / "clusters"

    def all_keys(self):
        return [(0, name) for name in self.names(0)]

    def names(self, channel_group):
        return sorted(path.stem for path in self.folder.glob("*.npy"))

    def is_protected(self, key):
        return False

    def read(self, key):
        spike_clusters = np.array(_load(self.folder / f"{key[1]}.npy")).astype(np.int32)
        told = {"groups": {}, "labels": {}, "names": {}, "largest": -1}
        path = self.folder / f"{key[1]}.json"
        if path.exists():
            told |= json.loads(path.read_text())
        living = np.unique(spike_clusters).tolist()
        return ClusteringState(
            spike_clusters,
            {c: int(told["groups"].get(str(c), 3)) for c in living},
            {c: of for c in living if (of := told["labels"].get(str(c)))},
            NAMES | {int(g): name for g, name in told["names"].items()},
            max([told["largest"], *living]),
        )

    def write(self, states, *, target=None, ready=lambda: None):
        folder = self.folder if target is None else target / "clusters"
        if target is not None:
            shutil.copytree(self.folder.parent, target)
        staged = folder.with_name("clusters.new")
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(folder, staged)
        for (_, name), state in states.items():
            self._write_one(staged, name, state)
        ready()
        old = folder.with_name("clusters.old")
        shutil.rmtree(old, ignore_errors=True)
        os.rename(folder, old)
        os.rename(staged, folder)

    def _write_one(self, folder, name, state):
        np.save(folder / f"{name}.npy", np.asarray(state.spike_clusters, np.int32))
        told = {
            "groups": {str(c): int(g) for c, g in state.cluster_groups.items()},
            "labels": {str(c): dict(of) for c, of in state.labels.items()},
            "names": {str(g): text for g, text in state.group_names.items()},
            "largest": int(state.largest_cluster_id),
        }
        (folder / f"{name}.json").write_text(json.dumps(told))

    def follow(self):
        pass

    def check_name(self, channel_group, name, existing):
        if not name.isidentifier() or name in existing:
            raise DatasetError(f"{self.folder}: {name!r} is no name for a new clustering.")

    def copy(self, key, new_name, state):
        self.check_name(key[0], new_name, self.names(key[0]))
        self._write_one(self.folder, new_name, state)

    def stamp(self):
        return [
            (path.name, path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_ino)
            for path in sorted(self.folder.iterdir())
        ]

    def written_at(self):
        return datetime.fromtimestamp(self.folder.stat().st_mtime).astimezone()

    def unedited(self):
        return None


class Dataset:
    """An open folder."""

    format_name = "folder of arrays"
    channel_groups = (0,)
    incomplete: dict[int, str] = {}  # noqa: RUF012
    located_by: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clusterings = Clusterings(path)

    def open(self, channel_group=None):
        if channel_group not in (None, 0):
            raise DatasetError(f"{self.path} has no shank {channel_group}, expected 0.")
        return Shank(self.path)

    def describe(self):
        return f"{self.path}: a folder of arrays"


class NpyFolder:
    """The format, as the entry point names it."""

    name = "folder of arrays"
    patterns = ("*.npys",)
    is_folder = True

    def supports(self, path):
        return path.is_dir() and path.suffix == ".npys"

    def open(self, path):
        return Dataset(path)


FORMAT = NpyFolder()
