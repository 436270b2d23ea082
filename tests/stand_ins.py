"""Simulated datasets that stand in for the large ones where those are absent.

They are like them in what tests of the program need: names, sizes, ids and groups of clusters,
which files there are, who wrote them and what is odd about them. What tests say of the figures of a
large dataset itself is marked ``genuine``, and left out where that is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from phygui.simulate import make_demo

GROUP = "channel_groups/0"
NAMED_BY_PYTABLES = np.bytes_(b"N.")
"""None, as PyTables pickles it."""


def hybrid(folder: Path, name: str) -> None:
    """A klusta dataset of 17 clusters, 0 and 2 to 17, without raw data."""
    make_demo(folder, name=name, n_spikes=1_653, n_clusters=17, duration=10.0, raw=None)
    with h5py.File(folder / f"{name}.kwik", "r+") as file:
        _rename_cluster(file, 18, 0)
        detection = file["application_data/spikedetekt"].attrs
        _replace(detection, "voltage_gain", 10.0)
        detection["sample_rate"] = 20_000
        detection["prb_file"] = "1x32_buzsaki"


def simulated(folder: Path, name: str) -> None:
    """A klusta dataset of 22 clusters with its raw data."""
    make_demo(folder, name=name, n_spikes=3_166, n_clusters=22, duration=20.0)
    with h5py.File(folder / f"{name}.kwik", "r+") as file:
        _rename_cluster(file, 23, 0)


def spikedetekt2(folder: Path, name: str) -> None:
    """Files of the first generation with two recordings, all cluster groups, and pickled values."""
    make_demo(
        folder,
        name=name,
        n_spikes=646,
        n_clusters=22,
        duration=4.0,
        n_recordings=2,
        raw="kwd",
        generation="spikedetekt2",
    )
    with (
        h5py.File(folder / f"{name}.kwik", "r+") as file,
        h5py.File(folder / f"{name}.raw.kwd", "r+") as raw,
    ):
        _rename_cluster(file, 23, 0)
        _cut_recordings(file, raw, 40_037)
        for clustering in _clusterings(file):
            groups = file[GROUP]["cluster_groups"][clustering]
            groups.copy("3", "4")
            groups["4"].attrs["name"] = np.bytes_(b"Interneurons")
            for number, cluster in file[GROUP]["clusters"][clustering].items():
                _replace(cluster, "cluster_group", int(number) % 4)
        events = file["event_types/stimulus/events"]
        for key, values in {"time_samples": [20000, 34000, 7963], "recording": [0, 0, 1]}.items():
            events[key].resize((3,))
            events[key][:] = values
        detection = file["application_data/spikedetekt"].attrs
        detection["prm_extra"] = NAMED_BY_PYTABLES
        detection["raw_data_files"] = np.bytes_(b"(lp0\nV%b.raw.kwd\np1\na." % name.encode())
        detection["voltage_gain"] = 10.0
        for channel in file[GROUP]["channels"].values():
            channel.attrs["voltage_gain"] = 10.0
        file[GROUP]["channels/0"].attrs["position"] = NAMED_BY_PYTABLES
        for recording in file["recordings"].values():
            recording.attrs["band_high"] = NAMED_BY_PYTABLES


def _clusterings(file: h5py.File) -> Iterator[str]:
    yield from file[GROUP]["spikes/clusters"]


def _rename_cluster(file: h5py.File, old: int, new: int) -> None:
    for clustering in _clusterings(file):
        clusters = file[GROUP]["spikes/clusters"][clustering]
        values = clusters[()]
        clusters[...] = np.where(values == old, new, values)
        file[GROUP]["clusters"][clustering].move(str(old), str(new))


def _cut_recordings(file: h5py.File, raw: h5py.File, cut: int) -> None:
    """Let the second recording start elsewhere."""
    samples = np.concatenate([raw[f"recordings/{i}/data"][()] for i in range(2)])
    for i, part in enumerate((samples[:cut], samples[cut:])):
        raw[f"recordings/{i}/data"].resize(part.shape)
        raw[f"recordings/{i}/data"][...] = part
    second = file["recordings/1"].attrs
    spikes = file[GROUP]["spikes"]
    start = int(second["start_sample"]) * (spikes["recording"][()] == 1)
    times = spikes["time_samples"][()].astype(np.int64) + start
    is_late = times >= cut
    spikes["time_samples"][...] = times - cut * is_late
    spikes["recording"][...] = is_late
    rate = float(second["sample_rate"])
    _replace(second, "start_sample", cut)
    _replace(second, "start_time", cut / rate)


def _replace(place: h5py.Group | h5py.AttributeManager, name: str, value: float) -> None:
    """Give an attribute another value of the same type."""
    attributes = place.attrs if isinstance(place, h5py.Group) else place
    attributes.modify(name, np.asarray(value, attributes[name].dtype))


MAKERS: dict[str, Callable[[Path, str], None]] = {
    "hybrid_10sec": hybrid,
    "simulated_20sec": simulated,
    "spikedetekt2_4sec": spikedetekt2,
}
