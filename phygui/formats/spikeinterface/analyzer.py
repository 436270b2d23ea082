"""What an analyzer holds of its sorting and its channels, checked once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.formats.spikeinterface.tree import Tree, open_tree
from phygui.formats.spikeinterface.units import UnitNumbers

Warn = Callable[[str], None]
_SITE_UM = 20.0
"""Between channels of which no place is told."""
METRICS = ("quality_metrics", "template_metrics")


@dataclass(frozen=True)
class Analyzer:
    """The spikes, units and channels of an analyzer.

    Attributes
    ----------
    tree : Tree
    sample_rate : float
        Hertz.
    lengths : list of int
        Samples of each segment.
    spike_samples : (n_spikes,) int64
        On one clock: segments follow one another.
    spike_units : (n_spikes,) int64
        Place of the unit of each spike.
    units : UnitNumbers
    channel_ids : list
    positions : (n_channels, 2) float64
        Micrometres.
    shanks : (n_channels,) int64
    gains, offsets : (n_channels,) float64, or None
        Microvolts of a raw unit, and of 0; None where they are not told.
    dtype : str
        Of the raw data.
    sparsity : (n_units, n_channels) bool, or None
    unit_shanks : (n_units,) int64
        Shank of each unit: that of its largest channel.
    told : dict of int to dict of str to str
        By cluster, metrics and properties of the unit that it was.
    measured : frozenset of str
        What of these is told of the spikes that the unit has: its metrics, and which one it is.
    """

    tree: Tree
    sample_rate: float
    lengths: list[int]
    spike_samples: NDArray[np.int64]
    spike_units: NDArray[np.int64]
    units: UnitNumbers
    channel_ids: list[Any]
    positions: NDArray[np.float64]
    shanks: NDArray[np.int64]
    gains: NDArray[np.float64] | None
    offsets: NDArray[np.float64]
    dtype: str
    is_filtered: bool
    sparsity: NDArray[np.bool_] | None
    unit_shanks: NDArray[np.int64]
    told: dict[int, dict[str, str]]
    measured: frozenset[str]

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.tree.path

    @property
    def channel_groups(self) -> list[int]:
        """Numbers of the shanks, ascending."""
        return [int(shank) for shank in np.unique(self.shanks)]

    def spikes_of(self, channel_group: int) -> NDArray[np.int64] | None:
        """The spikes of a shank, ascending; None if it is the only one, and has all."""
        if len(self.channel_groups) == 1:
            return None
        return np.flatnonzero(self.unit_shanks[self.spike_units] == channel_group)

    @property
    def in_microvolts(self) -> bool:
        """Whether what was computed is in microvolts."""
        return bool(self.tree.settings().get("return_in_uV", self.tree.settings().get(
            "return_scaled", True))) and self.gains is not None  # fmt: skip


def read_analyzer(path: Path, warn: Warn) -> Analyzer:
    """Read the spikes, units and channels of an analyzer.

    Raises
    ------
    DatasetError
        If something is missing without which nothing can be shown, or makes no sense.
    """
    tree = open_tree(path)
    attributes = tree.recording_attributes()
    channel_ids = attributes.get("channel_ids")
    if not isinstance(channel_ids, list) or not channel_ids:
        raise DatasetError(f"{path} tells of no channels.")
    rate, lengths = attributes.get("sampling_frequency"), attributes.get("num_samples")
    if not isinstance(rate, int | float) or not (math.isfinite(rate) and 1 <= rate <= 1e7):
        raise DatasetError(f"{path}: the sampling frequency is {rate!r}, expected hertz.")
    if not isinstance(lengths, list) or not all(isinstance(n, int) and n > 0 for n in lengths):
        raise DatasetError(f"{path}: num_samples is {lengths!r}, expected samples of segments.")
    units = _units(tree)
    samples, spike_units = _spikes(tree, lengths, len(units.unit_ids))
    properties = attributes.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    n_channels = len(channel_ids)
    shanks = _shanks(path, properties.get("group"), n_channels, warn)
    sparsity = tree.sparsity()
    if sparsity is not None and sparsity.shape != (len(units.unit_ids), n_channels):
        raise DatasetError(
            f"{path}: the sparsity mask has the shape {sparsity.shape}, expected "
            f"{(len(units.unit_ids), n_channels)}."
        )
    gains = _numbers(properties.get("gain_to_uV"), n_channels)
    if gains is not None and (gains == 0).any():
        gains = None
    offsets = _numbers(properties.get("offset_to_uV"), n_channels)
    return Analyzer(
        tree,
        float(rate),
        lengths,
        samples,
        spike_units,
        units,
        channel_ids,
        _positions(path, tree.probes(), n_channels, warn),
        shanks,
        gains,
        np.zeros(n_channels) if offsets is None else offsets,
        _dtype(path, attributes.get("dtype")),
        attributes.get("is_filtered") is True,
        sparsity,
        _unit_shanks(tree, sparsity, shanks, len(units.unit_ids)),
        *_told(tree, units, warn),
    )


def _units(tree: Tree) -> UnitNumbers:
    unit_ids = tree.unit_ids()
    kinds = {type(unit) for unit in unit_ids}
    if not unit_ids or kinds not in ({int}, {str}) or len(set(unit_ids)) < len(unit_ids):
        raise DatasetError(f"{tree.path}: the unit ids are not different numbers, or texts.")
    return UnitNumbers(unit_ids)


def _spikes(
    tree: Tree, lengths: list[int], n_units: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    samples, units, segments = tree.spikes()
    if not samples.size:
        raise DatasetError(f"{tree.path} holds no spikes.")
    if samples.ndim != 1 or not samples.shape == units.shape == segments.shape:
        raise DatasetError(f"{tree.path}: not every spike has a sample, a unit and a segment.")
    wrong = (samples < 0) | (samples > 1 << 60) | (units < 0) | (units >= n_units)
    wrong |= (segments < 0) | (segments >= len(lengths))
    if wrong.any():
        first = int(wrong.argmax())
        raise DatasetError(
            f"{tree.path}: spike {first} is at sample {samples[first]} of segment "
            f"{segments[first]}, of unit number {units[first]}; there are {len(lengths)} segments "
            f"and {n_units} units."
        )
    starts = np.cumsum([0, *lengths[:-1]])
    return (samples + starts[segments]).astype(np.int64), units


def _numbers(told: Any, n: int) -> NDArray[np.float64] | None:
    """Finite numbers, one a channel; None if these are none."""
    try:
        found = np.asarray(told, np.float64)
    except (TypeError, ValueError):
        return None
    return found if found.shape == (n,) and np.isfinite(found).all() else None


def _dtype(path: Path, told: Any) -> str:
    try:
        found = np.dtype(told) if isinstance(told, str) else None
    except TypeError:
        found = None
    if found is None or found.kind not in "iuf":
        raise DatasetError(f"{path}: the type of the recording is {told!r}, expected numbers.")
    return str(found)


def _shanks(path: Path, told: Any, n_channels: int, warn: Warn) -> NDArray[np.int64]:
    """The groups of the channels by number; groups of other names are counted."""
    if not isinstance(told, list) or len(told) != n_channels:
        return np.zeros(n_channels, np.int64)
    if all(isinstance(group, int) and 0 <= group < 1 << 16 for group in told):
        return np.array(told, np.int64)
    names = sorted({str(group) for group in told})
    warn(f"{path}: groups of channels are called {', '.join(names[:4])}; shanks are counted.")
    return np.array([names.index(str(group)) for group in told], np.int64)


def _positions(
    path: Path, probes: list[dict[str, Any]], n_channels: int, warn: Warn
) -> NDArray[np.float64]:
    positions = np.full((n_channels, 2), np.nan)
    done = 0
    for probe in probes:
        try:
            contacts = np.asarray(probe["contact_positions"], np.float64)[:, :2]
            told = probe.get("device_channel_indices")
            places = np.asarray(range(done, done + len(contacts)) if told is None else told, int)
            positions[places[places >= 0]] = contacts[places >= 0]
            done += len(contacts)
        except (KeyError, TypeError, ValueError, IndexError, OverflowError):
            break
    if not np.isfinite(positions).all():
        warn(f"{path}: not every channel has a place on a probe; channels are shown in one column.")
        return np.stack([np.zeros(n_channels), _SITE_UM * np.arange(n_channels)], axis=1)
    return positions


def _unit_shanks(
    tree: Tree, sparsity: NDArray[np.bool_] | None, shanks: NDArray[np.int64], n_units: int
) -> NDArray[np.int64]:
    if len(np.unique(shanks)) == 1:
        return np.full(n_units, shanks[0])
    if tree.has("templates"):
        store = tree.rows("templates", "average")
        if len(store.shape) == 3 and store.shape[0] == n_units and store.shape[2] == len(shanks):
            axes = [slice(0, n, 1) for n in store.shape[1:]]
            largest = [
                int(np.nan_to_num(np.ptp(store.read([slice(u, u + 1, 1), *axes])[0], axis=0))
                    .argmax())
                for u in range(n_units)
            ]  # fmt: skip
            store.close()
            return shanks[largest]
    if sparsity is not None:
        of_first: NDArray[np.int64] = shanks[sparsity.argmax(axis=1)]
        return of_first
    raise DatasetError(
        f"{tree.path} has several groups of channels, but neither templates nor sparsity tells "
        "which units are on which."
    )


def _told(
    tree: Tree, units: UnitNumbers, warn: Warn
) -> tuple[dict[int, dict[str, str]], frozenset[str]]:
    """What the analyzer tells of each unit, by cluster: texts as they are written.

    And what of this does not hold for a cluster of other spikes.
    """
    by_text = {str(unit): c for unit, c in zip(units.unit_ids, units.clusters, strict=True)}
    found: dict[int, dict[str, str]] = {c: {} for c in units.clusters}
    if not units.are_numbers:
        for unit, cluster in by_text.items():
            found[cluster]["unit_id"] = unit
    measured = {"unit_id"}
    for extension in METRICS:
        if not tree.has(extension):
            continue
        try:
            columns = tree.table(extension)
        except DatasetError as error:
            warn(f"{error} Its metrics are left out.")
            continue
        clusters = [by_text.get(text) for text in columns.pop("index", [])]
        measured.update(columns)
        for name, texts in columns.items():
            for own, text in zip(clusters, texts, strict=False):
                if own is not None and text not in ("", "nan", "None"):
                    found[own][name] = text
    try:
        properties = tree.unit_properties()
    except DatasetError as error:
        warn(f"{error} Properties of the units are left out.")
        properties = {}
    for name, values in properties.items():
        if values.ndim == 1 and len(values) == len(units.clusters) and values.dtype.kind in "biufU":
            for cluster, value in zip(units.clusters, values.tolist(), strict=True):
                if str(value) not in ("", "nan"):
                    found[cluster].setdefault(name, str(value))
    return found, frozenset(measured)
