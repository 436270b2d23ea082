"""The electrodes of an NWB file: those of each shank, found in it or added to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ShankData
from phygui.exports.curation import Curation
from phygui.exports.spec import ExportError

Rows = Mapping[int, NDArray[np.int64]]
"""Of each shank, the rows of its channels in the table of electrodes."""
_POSITIONS = {
    "rel_x": "position across the shank, in micrometres",
    "rel_y": "position along the shank, in micrometres",
}
_CHANNEL = "channel"


def add_groups(file: Any, curation: Curation, location: str, device_name: str) -> dict[int, str]:
    """The names of the groups of electrodes that are made for shanks the file does not know.

    A shank whose positions are those of one group of electrodes in the file is that group. A file
    that is there has to be written before electrodes can be added that refer to new groups.
    """
    names: dict[int, str] = {}
    for shank in curation.shanks:
        if _find(file, shank.data) is not None:
            continue
        if device_name in file.devices:
            device = file.devices[device_name]
        else:
            device = file.create_device(name=device_name, description="what the electrodes are on")
        name = f"shank{shank.channel_group}"
        while name in file.electrode_groups:
            name += "_curated"
        file.create_electrode_group(
            name=name,
            description=f"channels of shank {shank.channel_group}",
            location=location,
            device=device,
        )
        names[shank.channel_group] = name
    return names


def add_electrodes(file: Any, curation: Curation, names: Mapping[int, str]) -> Rows:
    """The rows of all channels in the file's table of electrodes, those in new groups added.

    Raises
    ------
    ExportError
        If the file has other electrodes, and its table cannot grow.
    """
    rows: dict[int, NDArray[np.int64]] = {}
    for shank in curation.shanks:
        group, data = shank.channel_group, shank.data
        found = None if group in names else _find(file, data)
        rows[group] = _add(file, data, names[group]) if found is None else found
    return rows


def groups_of(file: Any, rows: Rows) -> dict[int, Any]:
    """The group of electrodes of each shank."""
    return {shank: file.electrodes["group"][int(of[0])] for shank, of in rows.items()}


def _find(file: Any, shank: ShankData) -> NDArray[np.int64] | None:
    table = file.electrodes
    if table is None or any(name not in table.colnames for name in (*_POSITIONS, "group_name")):
        return None
    places = np.column_stack([np.asarray(table[name][:], float) for name in _POSITIONS])
    names = np.asarray(table["group_name"][:]).astype(str)
    wanted = [tuple(place) for place in np.round(shank.channel_positions, 2).tolist()]
    # Two channels at one place could not be told apart.
    if len(set(wanted)) < len(wanted):
        return None
    found = []
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        by_place = {tuple(p): r for p, r in zip(places[rows].round(2).tolist(), rows, strict=True)}
        if len(by_place) == len(rows) and set(wanted) == by_place.keys():
            found.append(np.array([by_place[place] for place in wanted], np.int64))
    return found[0] if len(found) == 1 else None


def _add(file: Any, shank: ShankData, name: str) -> NDArray[np.int64]:
    """Rows that are added at the end of the table."""
    group = file.electrode_groups[name]
    if file.electrodes is None:
        file.add_electrode_column(_CHANNEL, "column of the channel in the raw data, from 0")
    first = len(file.electrodes)
    known = {"group": group, "group_name": name, "location": group.location}
    others = [c for c in file.electrodes.colnames if c not in (*known, *_POSITIONS, _CHANNEL)]
    try:
        for channel, (x, y) in zip(
            shank.channels.tolist(), shank.channel_positions.tolist(), strict=True
        ):
            row = {**known, "rel_x": x, "rel_y": y}
            if _CHANNEL in file.electrodes.colnames:
                row[_CHANNEL] = channel
            row |= {c: _nothing(file.electrodes[c]) for c in others}
            file.add_electrode(**row)
    except (TypeError, ValueError, OSError) as error:
        raise ExportError(
            f"the file has electrodes, none of them at the positions of shank "
            f"{shank.channel_group}, and its table of electrodes cannot grow ({error}); write a "
            "new file."
        ) from error
    return np.arange(first, first + shank.n_channels)


def _nothing(column: Any) -> Any:
    """What stands in a column of somebody else's for that nothing is known."""
    kind = np.asarray(column[:1]).dtype.kind
    return {"f": float("nan"), "b": False, "i": -1, "u": 0}.get(kind, "")
