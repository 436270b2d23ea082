"""Kwik files as their two generations of writers lay them out, for the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from phygui._version import __version__
from phygui.dataset import ClusteringState
from phygui.formats.kwik.writing.klusta import Klusta
from phygui.formats.kwik.writing.whole import ChannelGroup, Experiment, Moments
from phygui.formats.kwik.writing.whole import write_kwik as write_whole

from .features import AFTER, BEFORE, FILTER_HIGH_FACTOR, FILTER_LOW, FILTER_ORDER, STRONG, WEAK
from .probe import Shank
from .traces import VOLTAGE_GAIN
from .units import Population, Timing

GENERATIONS = ("klusta", "spikedetekt2")
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


class KlustaDemo(Klusta):
    """klusta 3, with what it says of a detection."""

    generation = "klusta"

    def __init__(self) -> None:
        super().__init__(f"phygui {__version__} demo")

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

    def clustering(self) -> dict[str, Any]:
        return {"klustakwik2_num_starting_clusters": 100, "klustakwik2_version": "0.2.7"}

    def raw(self, d: Description, r: int) -> dict[str, str]:
        if d.raw == "kwd":
            return {"hdf5_path": d.raw_files[0]}
        return {"dat_path": d.raw_files[r if d.raw else 0]}

    def extras(self, file: h5py.File, d: Description) -> None:
        file.require_group("application_data/klustakwik2").attrs["num_starting_clusters"] = 100


class SpikeDetekt2(KlustaDemo):
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

    def channel_group(self, number: int) -> dict[str, Any]:
        return {"name": f"channel_group_{number}"}

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


def dialect(generation: str) -> KlustaDemo:
    """The writer of a generation, one of ``GENERATIONS``."""
    return {"klusta": KlustaDemo, "spikedetekt2": SpikeDetekt2}[generation]()


def write_kwik(
    file: h5py.File, how: KlustaDemo, d: Description, populations: Sequence[Population], seed: int
) -> None:
    """Everything of the ``.kwik``: metadata, probe, spikes, clusterings, recordings, events."""
    bounds, rate = d.timing.bounds, d.timing.sample_rate
    groups = [
        _channel_group(how, g, shank, population, bounds, seed)
        for g, (shank, population) in enumerate(zip(d.shanks, populations, strict=True))
    ]
    stimuli = _moments((d.timing.stimuli * rate).astype(np.int64), bounds)
    raw = [how.raw(d, r) for r in range(len(bounds) - 1)]
    told = Experiment(
        d.name, rate, bounds[:-1], raw, how.metadata(d), groups, {"stimulus": stimuli}
    )
    write_whole(file, how, told)
    how.extras(file, d)


def _moments(samples: NDArray[np.int64], bounds: NDArray[np.int64]) -> Moments:
    return Moments(samples, np.searchsorted(bounds, samples, "right") - 1)


def _channel_group(
    how: KlustaDemo,
    g: int,
    shank: Shank,
    population: Population,
    bounds: NDArray[np.int64],
    seed: int,
) -> ChannelGroup:
    spikes = population.spikes
    cluster_ids = np.unique(spikes.clusters).tolist()
    colors = np.random.default_rng(seed).integers(1, _N_COLORS + 1, len(cluster_ids)).tolist()
    state = ClusteringState(spikes.clusters, {}, {})
    return ChannelGroup(
        number=g,
        channels=shank.channels,
        positions=shank.positions,
        edges=shank.adjacency_graph,
        spikes=_moments(spikes.samples, bounds),
        clusterings={"main": state, "original": state},
        fractions=spikes.fractions,
        colors=dict(zip(cluster_ids, colors, strict=True)),
        settings={"main": how.clustering()},
    )
