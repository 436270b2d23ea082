"""A folder that phylib and phy's template GUI open, from a dataset of any format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ShankData
from phygui.dataset.raw_files import RawFiles, copy_raw, find_raw
from phygui.exports.curation import Curation
from phygui.exports.phy.features import AMPLITUDE, sample_features, write_features
from phygui.exports.phy.spikes import Spikes, collect
from phygui.exports.phy.tables import write_tables
from phygui.exports.phy.templates import write_templates
from phygui.exports.spec import ExportError, ExportOption, ExportSpec
from phygui.exports.work import Work

_CHOICES = ("auto", "copy", "none")
_READ_BY_PHY = (".dat", ".bin", ".raw")
"""What files of raw data are called that phylib reads."""
_PLACE = ("sorter_x", "sorter_depth")
"""The attributes that say where the sorter found each spike."""
_SHANK_DISTANCE = 200.0
"""Micrometres between shanks that would lie on one another."""

RAW = ExportOption(
    "raw",
    "Raw data",
    "Raw data is named where it is if flat files hold it, and copied otherwise (auto), always "
    "copied (copy), or left out (none).",
    "str",
    "auto",
)


def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
    """Write the folder; what has the size of the spikes is written in pieces."""
    choice = options["raw"]
    if choice not in _CHOICES:
        raise ExportError(f"the option raw is {choice!r}, expected {', '.join(_CHOICES)}.")
    path.mkdir()
    work.step(0.0, "spikes")
    spikes = collect(curation.shanks, curation.dataset.clusterings)
    _write_spikes(path, spikes)
    positions = _write_channels(path, spikes)
    sampled = sample_features(spikes, work.part(0.05, 0.15))
    write_features(path, spikes, sampled, work.part(0.15, 0.6))
    largest = write_templates(path, spikes, sampled, work.part(0.6, 0.8))
    write_tables(path, spikes, largest, positions)
    datas = [shank.data for shank in spikes.shanks]
    first = datas[0]
    copies = [
        path / (f"recording_{r}.dat" if first.timeline.n_recordings > 1 else "recording.dat")
        for r in range(first.timeline.n_recordings)
    ]
    raw = find_raw(datas, copies, choice, takes_headers=True, suffixes=_READ_BY_PHY)
    if raw.is_copied and first.traces is not None:
        part = work.part(0.8, 1.0)
        copy_raw(first, first.traces, raw.paths, lambda f: part.step(f, "raw data"))
    (path / "params.py").write_text(_params(raw, path, first), encoding="utf-8")


def _write_spikes(folder: Path, spikes: Spikes) -> None:
    np.save(folder / "spike_times.npy", spikes.samples)
    np.save(folder / "spike_clusters.npy", spikes.clusters)
    np.save(folder / "spike_templates.npy", spikes.templates)
    datas = [shank.data for shank in spikes.shanks]
    names = set.intersection(*(set(data.attributes) for data in datas)) - {AMPLITUDE}
    of = {name: _attribute(spikes, datas, name) for name in sorted(names)}
    if of.keys() >= set(_PLACE):
        np.save(folder / "spike_positions.npy", np.column_stack([of.pop(n) for n in _PLACE]))
    for name, values in of.items():
        np.save(folder / f"spike_{name}.npy", values)


def _attribute(spikes: Spikes, datas: list[ShankData], name: str) -> NDArray[np.float64]:
    found = np.empty(spikes.n)
    for piece in spikes.pieces(0, spikes.n):
        found[piece.rows] = datas[piece.place].attributes[name].read(piece.spike_ids)
    return found


def _write_channels(folder: Path, spikes: Spikes) -> NDArray[np.float64]:
    """The channels of all shanks one after the other; their positions."""
    datas = [shank.data for shank in spikes.shanks]
    channels = np.concatenate([data.channels for data in datas])
    positions = _positions(datas)
    shanks = np.repeat([data.channel_group for data in datas], [data.n_channels for data in datas])
    np.save(folder / "channel_map.npy", channels.astype(np.int32))
    np.save(folder / "channel_positions.npy", positions)
    np.save(folder / "channel_shanks.npy", shanks.astype(np.int32))
    identity = np.eye(len(channels), dtype=np.float32)
    for name in ("whitening_mat", "whitening_mat_inv"):
        np.save(folder / f"{name}.npy", identity)
    return positions


def _positions(datas: list[ShankData]) -> NDArray[np.float64]:
    """Positions of all channels; shanks that would lie on one another are put side by side.

    phylib drops all positions where two channels are at one place.
    """
    found = [data.channel_positions for data in datas]
    joined = np.concatenate(found)
    if len(np.unique(joined, axis=0)) == sum(len(np.unique(of, axis=0)) for of in found):
        return joined
    width = max(float(np.ptp(of[:, 0])) for of in found) + _SHANK_DISTANCE
    return np.concatenate([of + np.array([k * width, 0.0]) for k, of in enumerate(found)])


def _params(raw: RawFiles, folder: Path, shank: ShankData) -> str:
    """The text of `params.py`."""
    names = raw.names(folder)
    value: str | list[str] = names[0] if len(names) == 1 else names
    dtype = raw.dtype.name if raw.dtype.isnative else raw.dtype.str
    lines = [
        f"dat_path = {value!r}",
        f"n_channels_dat = {raw.n_channels}",
        f"dtype = {dtype!r}",
        f"offset = {raw.offset}",
        f"sample_rate = {shank.sample_rate!r}",
        f"hp_filtered = {not shank.filter.order}",
    ]
    return "\n".join(lines) + "\n"


EXPORT = ExportSpec(
    "phy",
    "phy folder",
    "",
    "A folder that phy, phylib, SpikeInterface and this program open.",
    write,
    (RAW,),
    needs_metrics=False,
)
