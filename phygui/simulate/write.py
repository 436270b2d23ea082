"""Kwik files as their two generations of writers lay them out, for the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from phygui._version import __version__
from phygui.dataset.groups import GOOD, GROUP_TITLES, MUA, NOISE, UNSORTED

from .features import AFTER, BEFORE, FILTER_HIGH_FACTOR, FILTER_LOW, FILTER_ORDER, STRONG, WEAK
from .probe import Shank
from .traces import VOLTAGE_GAIN
from .units import Population, Timing

GENERATIONS = ("klusta", "spikedetekt2")
_GROUP_COLORS = {NOISE: 5, MUA: 8, GOOD: 10, UNSORTED: 9}
_N_COLORS = 10  # colours of clusters run from 1 to this
_CHUNK_BYTES = 1 << 19
_VECTOR_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Description:
    """What the files say about a dataset, beside its spikes."""

    name: str
    shanks: list[Shank]
    timing: Timing
    n_features: int
    raw: str | None  # "dat", "kwd" or None
    raw_files: list[str]

    @property
    def n_channels(self) -> int:
        return sum(shank.n_channels for shank in self.shanks)


class Klusta:
    """klusta 3: contiguous arrays, signed integers, text as arrays of one fixed-length string."""

    generation = "klusta"
    cluster_dtype: type = np.int32
    recording_dtype: type = np.int32

    def root(self, file: h5py.File, name: str) -> None:
        self.attributes(
            file, {"creator_version": f"phygui {__version__} demo", "kwik_version": 2, "name": name}
        )

    def group(self, parent: h5py.Group, path: str, values: Mapping[str, Any] | None = None) -> Any:
        """The group at ``path``, created with all on the way, holding ``values`` as attributes."""
        group = parent.require_group(path)
        self.attributes(group, values or {})
        return group

    def attributes(self, item: Any, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, str | list):
                value = np.array([value] if isinstance(value, str) else value).astype("S")
            item.attrs[key] = value

    def array(self, parent: h5py.Group, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        return parent.create_dataset(name, shape=shape, dtype=dtype)

    def metadata(self, d: Description) -> dict[str, Any]:
        return {
            "chunk_overlap_seconds": 0.015,
            "chunk_size_seconds": 1,
            "connected_component_join_size": 1,
            "detect_spikes": "negative",
            "dtype": "int16",
            "excerpt_size_seconds": 1,
            "experiment_name": f"{d.name}.kwik",
            "extract_s_after": AFTER,
            "extract_s_before": BEFORE,
            "filter_butter_order": FILTER_ORDER,
            "filter_high_factor": FILTER_HIGH_FACTOR,
            "filter_low": FILTER_LOW,
            "n_channels": d.n_channels,
            "n_excerpts": 50,
            "n_features_per_channel": d.n_features,
            "pca_n_waveforms_max": 10000,
            "prb_file": f"{d.name}.prb",
            "raw_data_files": d.raw_files,
            "sample_rate": float(d.timing.sample_rate),
            "threshold_strong_std_factor": STRONG,
            "threshold_weak_std_factor": WEAK,
            "use_single_threshold": 1,
            "voltage_gain": VOLTAGE_GAIN,
            "weight_power": 2,
        }

    def channel_group(self, g: int) -> dict[str, Any]:
        return {}

    def channel(self, channel: int) -> dict[str, Any]:
        return {"name": str(channel)}

    def cluster(self, group: h5py.Group, color: int) -> None:
        self.group(group, "application_data/klustaviewa", {"color": color})

    def cluster_group(self, group: h5py.Group, number: int) -> None:
        color = {"color": _GROUP_COLORS[number]}
        self.group(group, "application_data/klustaviewa", color)

    def clustering(self) -> dict[str, Any]:
        return {"klustakwik2_num_starting_clusters": 100, "klustakwik2_version": "0.2.7"}

    def recording(self) -> dict[str, Any]:
        return {}

    def raw(self, d: Description, r: int) -> dict[str, str]:
        if d.raw == "kwd":
            return {"hdf5_path": d.raw_files[0]}
        return {"dat_path": d.raw_files[r if d.raw else 0]}

    def extras(self, file: h5py.File, d: Description) -> None:
        file.require_group("application_data/klustakwik2").attrs["num_starting_clusters"] = 100


class SpikeDetekt2(Klusta):
    """SpikeDetekt2 with PyTables: extendable chunked arrays, unsigned integers, reprs of bytes."""

    generation = "spikedetekt2"
    cluster_dtype = np.uint32
    recording_dtype = np.uint16

    _group_mark = (("CLASS", "GROUP"), ("TITLE", None), ("VERSION", "1.0"))

    def _mark(self, item: Any, marks: Sequence[tuple[str, str | None]]) -> None:
        for key, value in marks:
            item.attrs[key] = h5py.Empty("S1") if value is None else np.bytes_(value)

    def root(self, file: h5py.File, name: str) -> None:
        self._mark(file, (*self._group_mark, ("PYTABLES_FORMAT_VERSION", "2.1")))
        self.attributes(file, {"kwik_version": 2, "name": name})

    def group(self, parent: h5py.Group, path: str, values: Mapping[str, Any] | None = None) -> Any:
        group = parent
        for part in path.strip("/").split("/"):
            if part not in group:
                self._mark(group.create_group(part), self._group_mark)
            group = group[part]
        self.attributes(group, values or {})
        return group

    def attributes(self, item: Any, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            item.attrs[key] = np.bytes_(value) if isinstance(value, str) else value

    def array(self, parent: h5py.Group, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        row_bytes = np.dtype(dtype).itemsize * int(np.prod(shape[1:], dtype=np.int64))
        rows = max(1, (_VECTOR_CHUNK_BYTES if len(shape) == 1 else _CHUNK_BYTES) // row_bytes)
        array = parent.create_dataset(
            name,
            shape=shape,
            dtype=dtype,
            chunks=(rows, *shape[1:]),
            maxshape=(None, *shape[1:]),
        )
        self._mark(array, (("CLASS", "EARRAY"), ("TITLE", None), ("VERSION", "1.1")))
        array.attrs["EXTDIM"] = np.int32(0)
        return array

    def metadata(self, d: Description) -> dict[str, Any]:
        rate = d.timing.sample_rate
        return {
            "assigntofirstclosestmask": 1,
            "chunk_overlap": 300,
            "chunk_size": 20000,
            "connected_component_join_size": 1,
            "debug": 0,
            "detect_spikes": repr(b"negative"),
            "excerpt_size": 20000,
            "experiment_name": repr(d.name.encode()),
            "extract_s_after": AFTER,
            "extract_s_before": BEFORE,
            "filter_butter_order": FILTER_ORDER,
            "filter_high": FILTER_HIGH_FACTOR * rate,
            "filter_lfp_high": 300,
            "filter_lfp_low": 0,
            "filter_low": FILTER_LOW,
            "fullstepevery": 10,
            "maskstarts": 100,
            "maxiter": 10000,
            "maxpossibleclusters": 500,
            "nbits": 16,
            "nchannels": d.n_channels,
            "nexcerpts": 50,
            "nfeatures_per_channel": d.n_features,
            "pca_nwaveforms_max": 10000,
            "penaltyk": 0,
            "penaltyklogn": 1,
            "prb_file": repr(f"{d.name}.prb".encode()),
            "priorpoint": 1,
            "randomseed": 654,
            "raw_data_files": repr(",".join(d.raw_files).encode()),
            "sample_rate": int(rate) if float(rate).is_integer() else rate,
            "savecovariancemeans": 0,
            "savesorted": 0,
            "splitevery": 100,
            "splitfirst": 20,
            "subset": 1,
            "threshold_strong_std_factor": STRONG,
            "threshold_weak_std_factor": WEAK,
            "usedistributional": 1,
            "usemaskedinitialconditions": 1,
            "voltage_gain": VOLTAGE_GAIN,
            "waveforms_nsamples": BEFORE + AFTER,
        }

    def channel_group(self, g: int) -> dict[str, Any]:
        return {"name": f"channel_group_{g}"}

    def channel(self, channel: int) -> dict[str, Any]:
        return {
            "name": f"channel_{channel}",
            "ignored": np.uint8(0),
            "voltage_gain": VOLTAGE_GAIN,
        }

    def cluster(self, group: h5py.Group, color: int) -> None:
        super().cluster(group, color)
        self.group(group, "quality_measures")
        self.group(group, "user_data")

    def cluster_group(self, group: h5py.Group, number: int) -> None:
        pass

    def clustering(self) -> dict[str, Any]:
        return {}

    def recording(self) -> dict[str, Any]:
        return {"bit_depth": 16}

    def raw(self, d: Description, r: int) -> dict[str, str]:
        if d.raw == "dat":
            return {"dat_path": d.raw_files[r]}
        return {"hdf5_path": f"{{raw.kwd}}/recordings/{r}"}

    def extras(self, file: h5py.File, d: Description) -> None:
        self.group(file, "user_data")
        for g in range(len(d.shanks)):
            self.group(file, f"channel_groups/{g}/application_data")
            self.group(file, f"channel_groups/{g}/user_data")
            values = {"hdf5_path": f"{{kwx}}/channel_groups/{g}/features_masks"}
            self.group(file, f"channel_groups/{g}/spikes/features_masks", values)


def dialect(generation: str) -> Klusta:
    """The writer of a generation, one of ``GENERATIONS``."""
    return {"klusta": Klusta, "spikedetekt2": SpikeDetekt2}[generation]()


def write_kwik(
    file: h5py.File, how: Klusta, d: Description, populations: Sequence[Population], seed: int
) -> None:
    """Everything of the ``.kwik``: metadata, probe, spikes, clusterings, recordings, events."""
    how.root(file, d.name)
    how.group(file, "application_data/spikedetekt", how.metadata(d))
    for g, (shank, population) in enumerate(zip(d.shanks, populations, strict=True)):
        _write_channel_group(file, how, g, d, shank, population, seed)
    bounds, rate = d.timing.bounds, d.timing.sample_rate
    for r, start in enumerate(bounds[:-1]):
        values = {
            "name": f"recording_{r}",
            "sample_rate": float(rate),
            "start_sample": int(start),
            "start_time": float(start / rate),
            **how.recording(),
        }
        how.group(file, f"recordings/{r}", values)
        how.group(file, f"recordings/{r}/raw", how.raw(d, r))
    events = how.group(file, "event_types/stimulus/events")
    _write_times(events, how, (d.timing.stimuli * rate).astype(np.int64), bounds)
    how.extras(file, d)


def _write_times(
    group: h5py.Group, how: Klusta, samples: NDArray[np.int64], bounds: NDArray[np.int64]
) -> None:
    """``time_samples``, from the start of its recording, and ``recording`` of every moment."""
    recording = np.searchsorted(bounds, samples, "right") - 1
    times = how.array(group, "time_samples", samples.shape, np.uint64)
    times[...] = samples - bounds[recording]
    recordings = how.array(group, "recording", samples.shape, how.recording_dtype)
    recordings[...] = recording


def _write_channel_group(
    file: h5py.File,
    how: Klusta,
    g: int,
    d: Description,
    shank: Shank,
    population: Population,
    seed: int,
) -> None:
    values = {"adjacency_graph": shank.adjacency_graph, "channel_order": shank.channels}
    group = how.group(file, f"channel_groups/{g}", {**values, **how.channel_group(g)})
    for channel, position in zip(shank.channels.tolist(), shank.positions, strict=True):
        values = {**how.channel(channel), "position": position.astype(np.float32)}
        how.group(group, f"channels/{channel}", values)

    spikes = population.spikes
    folder = how.group(group, "spikes")
    _write_times(folder, how, spikes.samples, d.timing.bounds)
    fractions = how.array(folder, "time_fractional", spikes.samples.shape, np.uint8)
    fractions[...] = spikes.fractions
    clusters = how.group(folder, "clusters")
    cluster_ids = np.unique(spikes.clusters).tolist()
    colors = np.random.default_rng(seed).integers(1, _N_COLORS + 1, len(cluster_ids)).tolist()
    for clustering in ("main", "original"):
        array = how.array(clusters, clustering, spikes.clusters.shape, how.cluster_dtype)
        array[...] = spikes.clusters
        values = how.clustering() if clustering == "main" else {}
        parent = how.group(group, f"clusters/{clustering}", values)
        for cluster, color in zip(cluster_ids, colors, strict=True):
            how.cluster(how.group(parent, str(cluster), {"cluster_group": UNSORTED}), color)
        for number, name in GROUP_TITLES.items():
            path = f"cluster_groups/{clustering}/{number}"
            how.cluster_group(how.group(group, path, {"name": name}), number)
