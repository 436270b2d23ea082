"""The probe: which channels a group has, where they are, and which are neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File
from phygui.formats.kwik.hdf5.values import UNREADABLE


@dataclass(frozen=True, repr=False)
class Probe:
    """Channels of one group, in the order of the columns of features, masks and waveforms.

    Attributes
    ----------
    channels : (n_channels,) int64 array, the raw data's column of each channel
    positions : (n_channels, 2) float64 array, micrometres, always finite
    names : names of the channels
    adjacency : neighbours of each channel, {channel: (channels)}
    groups : channels of every channel group of the file, {channel group: (channels)}
    positions_assumed : whether some positions were missing and were made up
    """

    channels: np.ndarray
    positions: np.ndarray
    names: tuple[str, ...]
    adjacency: dict[int, tuple[int, ...]]
    groups: dict[int, tuple[int, ...]] = field(default_factory=dict)
    positions_assumed: bool = False

    def __repr__(self) -> str:
        return f"<Probe: {self.n_channels} channels>"

    @property
    def n_channels(self) -> int:
        """Number of channels in the group."""
        return len(self.channels)


def read_channel_groups(file: File, warn: Callable[[str], None]) -> list[int]:
    """Channel groups in the file, ascending; names that are no numbers are left out, and said."""
    groups = []
    for name in file.members("/channel_groups"):
        if name.isascii() and name.isdecimal() and len(name) < 10 and str(int(name)) == name:
            groups.append(int(name))
        else:
            warn(
                f"{file.path}: /channel_groups/{name} is left out; channel groups are named "
                "by a number."
            )
    if not groups:
        raise DatasetError(
            f"{file.path}: /channel_groups is missing or empty, expected at least one "
            "channel group."
        )
    return sorted(groups)


def channel_order(file: File, channel_group: int, warn: Callable[[str], None]) -> np.ndarray:
    """The channels kept in a group, in the order of the columns of features and waveforms."""
    path = f"/channel_groups/{channel_group}"
    group = file.group(path)
    if group is None:
        raise DatasetError(f"{file.path}: {path} is missing, expected a channel group.")
    told = file.attribute(group, "channel_order", path)
    if told is None or told is UNREADABLE or isinstance(told, str | list):
        order = _channel_ids(file, path)
        if not order:
            raise DatasetError(
                f"{file.path}: {path}/@channel_order is missing, and {path}/channels lists no "
                "channel; expected the channels of the group."
            )
        warn(
            f"{file.path}: {path}/@channel_order is missing or unreadable; the channels of "
            f"{path}/channels in ascending order are assumed."
        )
        return np.array(order, dtype=np.int64)
    values = np.atleast_1d(np.asarray(told))
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise DatasetError(
            f"{file.path}: {path}/@channel_order has shape {values.shape} and type "
            f"{values.dtype}, expected a list of channel numbers."
        )
    order64 = values.astype(np.int64)
    if order64.min() < 0 or len(set(order64.tolist())) != len(order64):
        raise DatasetError(
            f"{file.path}: {path}/@channel_order is {_short(order64)}, expected channel numbers "
            "from 0 up, each once."
        )
    return order64


def _short(values: np.ndarray) -> str:
    text = ", ".join(str(value) for value in values[:8].tolist())
    return f"[{text}{', ...' if len(values) > 8 else ''}]"


def _channel_ids(file: File, path: str) -> list[int]:
    names = file.members(f"{path}/channels")
    return sorted(int(name) for name in names if name.isascii() and name.isdecimal())


def read_probe(
    file: File, channel_group: int, channel_groups: list[int], warn: Callable[[str], None]
) -> Probe:
    """Channels, positions and neighbours of one channel group.

    Channels without a position are placed on a vertical line, 20 micrometres apart: all of them
    if fewer than half have one, else only they, below the others.
    """
    order = channel_order(file, channel_group, warn)
    path = f"/channel_groups/{channel_group}"
    listed = set(_channel_ids(file, path))
    absent = [channel for channel in order.tolist() if channel not in listed]
    if absent and listed:
        warn(
            f"{file.path}: {path}/@channel_order names channels {_short(np.array(absent))} "
            f"that {path}/channels does not list; they are kept, without name or position."
        )
    positions = np.full((len(order), 2), np.nan)
    names = []
    parent = file.group(f"{path}/channels")
    for i, channel in enumerate(order.tolist()):
        where = f"{path}/channels/{channel}"
        name = position = None
        if parent is not None and channel in listed:
            group = file.child(parent, str(channel), where)
            name = file.attribute(group, "name", where)
            position = file.attribute(group, "position", where)
        names.append(name if isinstance(name, str) and name else str(channel))
        if isinstance(position, np.ndarray) and position.shape in ((2,), (3,)):
            positions[i] = position[:2]
    unplaced = ~np.all(np.isfinite(positions) & (np.abs(positions) < 1e9), axis=1)
    if len(order) > 1 and not unplaced.any() and np.all(positions == positions[0]):
        unplaced[:] = True
    if unplaced.any():
        positions = _place(positions, unplaced)
        which = "all channels" if unplaced.all() else f"channels {_short(order[unplaced])}"
        warn(
            f"{file.path}: {which} of {path} have no usable position; they are placed on a "
            "vertical line, 20 micrometres apart."
        )
    groups = {}
    for other in channel_groups:
        found = order if other == channel_group else _quiet_order(file, other)
        groups[other] = tuple(found.tolist())
    return Probe(
        channels=order,
        positions=positions,
        names=tuple(names),
        adjacency=_adjacency(file, path, order),
        groups=groups,
        positions_assumed=bool(unplaced.any()),
    )


def _quiet_order(file: File, channel_group: int) -> np.ndarray:
    """The channels of a group that is not open: none if they cannot be told."""
    try:
        return channel_order(file, channel_group, lambda _: None)
    except DatasetError:
        return np.zeros(0, dtype=np.int64)


def n_channels_needed(file: File, channel_groups: list[int]) -> int:
    """How many channels raw data must have for all channel groups: one more than the largest."""
    largest = [_quiet_order(file, group).max(initial=-1) for group in channel_groups]
    return 1 + int(max(largest, default=-1))


def _place(positions: np.ndarray, unplaced: np.ndarray) -> np.ndarray:
    step = 20.0
    placed = positions.copy()
    n_unplaced = int(unplaced.sum())
    if 2 * n_unplaced > len(positions):
        placed[:, 0] = 0.0
        # The first channel of a probe file is its top, as on the probes the field uses.
        placed[:, 1] = step * np.arange(len(positions))[::-1]
        return placed
    known = positions[~unplaced]
    placed[unplaced, 0] = np.median(known[:, 0])
    placed[unplaced, 1] = known[:, 1].min() - step * (1 + np.arange(n_unplaced))
    return placed


def _adjacency(file: File, path: str, order: np.ndarray) -> dict[int, tuple[int, ...]]:
    """Neighbours of each channel from ``@adjacency_graph``, or from the dataset of that name."""
    neighbours: dict[int, set[int]] = {channel: set() for channel in order.tolist()}
    group = file.group(path)
    edges = None if group is None else file.attribute(group, "adjacency_graph", path)
    if isinstance(edges, np.ndarray) and edges.ndim == 2 and edges.shape[1] == 2:
        for a, b in edges.astype(np.int64).tolist():
            if a in neighbours and b in neighbours and a != b:
                neighbours[a].add(b)
                neighbours[b].add(a)
    return {channel: tuple(sorted(near)) for channel, near in neighbours.items()}
