"""The table of units of an NWB file."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ShankData
from phygui.exports.curation import Curation, ShankCuration
from phygui.exports.nwb.electrodes import Rows, groups_of
from phygui.exports.nwb.session import provenance
from phygui.exports.nwb.waveforms import (
    N_ELECTRODES,
    N_SPIKES,
    is_in_volts,
    mean_waveform,
    nearest,
    sd_waveform,
)
from phygui.exports.spec import ExportError, needed
from phygui.exports.work import Work
from phygui.words import plain

_MODULE = "ecephys"
_FIXED = (
    "id",
    "unit_name",
    "cluster_id",
    "shank",
    "quality",
    "spike_times",
    "obs_intervals",
    "electrodes",
    "electrode_group",
    "waveform_mean",
    "waveform_sd",
    "waveforms",
)
"""Columns that labels and metrics may not be called."""


@dataclass(frozen=True)
class _Unit:
    shank: ShankCuration
    cluster_id: int

    @property
    def data(self) -> ShankData:
        return self.shank.data


def add_units(
    pynwb: Any,
    file: Any,
    curation: Curation,
    rows: Rows,
    name: str,
    offset: float,
    work: Work,
) -> None:
    """Add the units of all shanks, as one table, and the edits in words as another.

    Parameters
    ----------
    rows : mapping
        Rows of the channels of each shank in the file's electrodes.
    name : str
        What the table is called if the file has units already; it is in the processing module
        ``ecephys`` then.
    offset : float
        Seconds from the file's time 0 to the start of the first recording.

    Raises
    ------
    ExportError
        If a table of this name is there as well.
    """
    units = [_Unit(of, c) for of in curation.shanks for c in of.cluster_ids.tolist()]
    is_first = file.units is None
    if not is_first:
        name = _free_name(file, name)
    columns, told = _columns(file, units, rows, offset, work)
    first = curation.shanks[0].data
    table = pynwb.misc.Units(
        name="units" if is_first else name,
        description=" ".join([provenance(curation), *told]),
        columns=columns,
        id=list(range(len(units))),
        resolution=1.0 / first.sample_rate,
        electrode_table=file.electrodes,
        **_waveform_attributes(columns, first),
    )
    if is_first:
        file.units = table
    else:
        _module(file).add(table)
    if curation.history:
        history = "curation_history" if is_first else f"{name}_history"
        _module(file).add(_history(curation, history))


def _free_name(file: Any, name: str) -> str:
    taken = _module(file).data_interfaces
    if not name or "/" in name or ":" in name:
        raise ExportError(f"the option table is {name!r}, expected a name without / and :.")
    if name in taken or f"{name}_history" in taken:
        raise ExportError(
            f"the file has units, and {_MODULE}/{name} too: choose another name for the table "
            "(the option table)."
        )
    return name


def _module(file: Any) -> Any:
    if _MODULE in file.processing:
        return file.processing[_MODULE]
    return file.create_processing_module(_MODULE, "what was computed from extracellular recordings")


def _columns(
    file: Any, units: Sequence[_Unit], rows: Rows, offset: float, work: Work
) -> tuple[list[Any], list[str]]:
    """All columns, and what is to be said of those that are missing."""
    shanks = {unit.data.channel_group for unit in units}
    several = len(shanks) > 1
    groups = groups_of(file, rows)
    names = [
        f"{u.data.channel_group}-{u.cluster_id}" if several else str(u.cluster_id) for u in units
    ]
    times = []
    for i, unit in enumerate(units):
        work.step(0.1 * i / len(units), "spike times")
        times.append(unit.shank.times(unit.cluster_id) + offset)
    intervals = {u.data.channel_group: _intervals(u.data) + offset for u in units}
    columns = [
        _plain("unit_name", "shank and cluster" if several else "cluster, as text", names),
        _plain("cluster_id", "number of the cluster", [u.cluster_id for u in units]),
        _plain("shank", "number of the shank", [u.data.channel_group for u in units]),
        _plain(
            "quality",
            "group that the cluster was put into by hand: good (one neuron), mua (several), noise, "
            "unsorted (not decided), or a group of the lab's own",
            [u.shank.group(u.cluster_id) for u in units],
        ),
        *_ragged("spike_times", "when the unit fired, in seconds", times),
        *_ragged(
            "obs_intervals",
            "when the unit could be seen, in seconds: one interval for each recording",
            [intervals[u.data.channel_group] for u in units],
        ),
    ]
    places, waveforms, told = _waveforms(units, work.part(0.1, 0.9))
    columns += [
        *_region(
            file.electrodes,
            [rows[u.data.channel_group][at] for u, at in zip(units, places, strict=True)],
        ),
        _plain(
            "electrode_group",
            "shank of the unit",
            [groups[u.data.channel_group] for u in units],
        ),
        *waveforms,
    ]
    taken = set(_FIXED)
    for make in (_labels, _metrics):
        columns += make(units, taken)
    return columns, told


def _intervals(shank: ShankData) -> NDArray[np.float64]:
    edges = np.column_stack([shank.timeline.starts, shank.timeline.stops])
    return edges / shank.sample_rate


def _waveforms(
    units: Sequence[_Unit], work: Work
) -> tuple[list[NDArray[np.int64]], list[Any], list[str]]:
    """The channels of each unit, columns of mean and SD, and why there are none."""
    places = [_places(unit) for unit in units]
    shanks = list({id(unit.data): unit.data for unit in units}.values())
    lengths = {(s.n_samples_waveforms, s.n_samples_before) for s in shanks}
    if any(shank.waveforms is None for shank in shanks):
        return places, [], ["There is no raw data: mean waveforms are left out."]
    if not all(map(is_in_volts, shanks)):
        why = "How many volts a unit of the raw data is is not known: mean waveforms are left out."
        return places, [], [why]
    if len(lengths) > 1:
        return places, [], ["Waveforms of shanks differ in length: mean waveforms are left out."]
    (n_samples, _), width = lengths.pop(), max(map(len, places))
    mean = np.full((len(units), n_samples, width), np.nan, np.float32)
    sd = mean.copy()
    for i, (unit, at) in enumerate(zip(units, places, strict=True)):
        work.step(i / len(units), f"waveforms of cluster {unit.cluster_id}")
        mean[i, :, : len(at)] = mean_waveform(unit.shank, unit.cluster_id, at)
        sd[i, :, : len(at)] = sd_waveform(unit.shank, unit.cluster_id, at)
    shape = (
        "filtered waveforms, in volts: units by samples by the electrodes of the unit, in their "
        "order; NaN where another unit has more electrodes"
    )
    return (
        places,
        [
            _plain("waveform_mean", f"mean of {shape}", _packed(mean)),
            _plain("waveform_sd", f"SD, of up to {N_SPIKES} spikes, of {shape}", _packed(sd)),
        ],
        [],
    )


def _places(unit: _Unit) -> NDArray[np.int64]:
    """The channels of a unit: all of a small shank, else those nearest to its largest waveform."""
    shank = unit.data
    stats = unit.shank.stats.get(unit.cluster_id)
    best = None if stats is None else stats.best_channel
    if best is None or shank.n_channels <= N_ELECTRODES:
        return np.arange(shank.n_channels)
    return nearest(shank, int(np.flatnonzero(shank.channels == best)[0]))


def _waveform_attributes(columns: Iterable[Any], shank: ShankData) -> dict[str, float]:
    if not any(column.name == "waveform_mean" for column in columns):
        return {}
    return {
        "waveform_rate": float(shank.sample_rate),
        "waveform_time_before_peak_in_ms": 1e3 * shank.n_samples_before / shank.sample_rate,
    }


def _labels(units: Sequence[_Unit], taken: set[str]) -> list[Any]:
    """A column of each label; numbers where all values are."""
    keys = dict.fromkeys(key for unit in units for key in unit.shank.labels)
    columns = []
    for key in keys:
        texts = [unit.shank.labels.get(key, {}).get(unit.cluster_id) for unit in units]
        if all(text is None for text in texts):
            continue
        columns.append(
            _plain(
                _free(key, taken, "label"), f"label {key}, given by hand", [t or "" for t in texts]
            )
        )
    return columns


def _metrics(units: Sequence[_Unit], taken: set[str]) -> list[Any]:
    """A column of each metric; NaN where it is not defined."""
    specs = {column.name: column for unit in units for column in unit.shank.columns.values()}
    columns = []
    for name, spec in specs.items():
        values = np.full(len(units), np.nan)
        for i, unit in enumerate(units):
            own = unit.shank.columns.get(name)
            values[i] = np.nan if own is None else own.values.get(unit.cluster_id, np.nan)
        if np.isnan(values).all():
            continue
        whole = spec.dtype.kind in "iu" and not np.isnan(values).any()
        unit_of = f", in {spec.unit}" if spec.unit else ""
        columns.append(
            _plain(
                _free(name, taken, "metric"),
                f"{spec.title}: {spec.help}{unit_of}",
                values.astype(np.int64) if whole else values,
            )
        )
    return columns


def _free(name: str, taken: set[str], otherwise: str) -> str:
    """A name that no column has, and that HDF5 takes."""
    plain = stem = re.sub(r"[^\w. -]", "_", name).strip(" .") or otherwise
    if plain in taken:
        plain = stem = f"{otherwise}_{plain}"
    number = 2
    while plain in taken:
        plain, number = f"{stem}_{number}", number + 1
    taken.add(plain)
    return plain


# -- columns of HDMF -------------------------------------------------------------------------------


def _vector(kind: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(needed("hdmf.common", "nwb"), kind)
    return found


def _packed(data: Any) -> Any:
    return needed("hdmf.backends.hdf5.h5_utils", "nwb").H5DataIO(data, compression="gzip")


def _plain(name: str, description: str, data: Any) -> Any:
    return _vector("VectorData")(name=name, description=description, data=data)


def _ragged(name: str, description: str, rows: Collection[NDArray[Any]]) -> list[Any]:
    """A column of arrays, and its index: where each ends."""
    column = _plain(name, description, _packed(np.concatenate(list(rows))))
    return [column, _index(column, rows)]


def _region(table: Any, rows: Collection[NDArray[np.int64]]) -> list[Any]:
    column = _vector("DynamicTableRegion")(
        name="electrodes",
        description="electrodes near the unit, in the order of its waveforms",
        data=np.concatenate(list(rows)),
        table=table,
    )
    return [column, _index(column, rows)]


def _index(column: Any, rows: Collection[NDArray[Any]]) -> Any:
    ends = np.cumsum([len(row) for row in rows], dtype=np.uint64)
    return _vector("VectorIndex")(name=f"{column.name}_index", data=ends, target=column)


def _history(curation: Curation, name: str) -> Any:
    """The edits in words."""
    edits = curation.history
    return _vector("DynamicTable")(
        name=name,
        description="What was done by hand, oldest first.",
        columns=[
            _plain("edit", "what was done", [plain(edit.description) for edit in edits]),
            _plain(
                "edited_at",
                "when, in local time as ISO 8601 has it; empty if not known",
                [edit.time.isoformat(timespec="seconds") if edit.time else "" for edit in edits],
            ),
            _plain("author", "by whom; empty if not known", [edit.author for edit in edits]),
            _plain("shank", "number of the shank", [edit.channel_group for edit in edits]),
            _plain("clustering", "name of the clustering", [edit.clustering for edit in edits]),
        ],
        id=list(range(len(edits))),
    )
