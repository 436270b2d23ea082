"""What the journal says of each edit: a record made of an update, and the update made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from phygui.curation.edits.parts import Parts, SpikeLists
from phygui.curation.edits.update import EditError, Kind, Selection, Update
from phygui.curation.edits.used import Used
from phygui.storage.state.records import Record, RecordError
from phygui.storage.state.scratch import Place

Key = tuple[int, str]
"""A channel group and the name of one of its clusterings."""

_PIECE = 1 << 18
_FEW = 8
"""Clusters up to which it is faster, and takes less memory, to look for each by itself."""

Operation = Literal["edit", "undo", "redo"]


def now() -> str:
    """The present local time with its offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class Step:
    """One edit, undo or redo that the journal tells of."""

    key: Key
    operation: Operation
    time: datetime
    record: Record

    def update(self) -> Update:
        """The edit itself; only an edit has one."""
        return update_of(self.record)


def step_record(key: Key, update: Update) -> Record:
    """The record of an edit, an undo or a redo: only an edit has to tell more than that."""
    time = now()
    if update.time is not None and update.cause == "edit":
        time = update.time.isoformat(timespec="seconds")
    text: dict[str, Any] = {"op": update.cause, "of": list(key), "time": time}
    if update.cause != "edit":
        return Record(text)
    before, after = _ids(update.before), _ids(update.after)
    text |= {
        "kind": update.kind,
        "description": update.description,
        "before": before,
        "after": after,
        "groups": [_pairs(update.groups_before), _pairs(update.groups_after)],
        "labels": [_words(update.labels_before), _words(update.labels_after)],
        "names": [_names(update.names_before), _names(update.names_after)],
        "selection": [_chosen(update.selection_before), _chosen(update.selection_after)],
        "tally": _pairs(update.tally),
    }
    if not before and not after:
        return Record(text)
    # Both sides hold the same spikes: these once, and for each side which cluster has each.
    sides = [list(dict(side).values()) for side in (update.before, update.after)]
    spikes = _all_of(*sides)
    places = [_places(spikes, side) for side in sides]
    return Record(text, {"spikes": spikes, "before": places[0], "after": places[1]})


def step_of(record: Record) -> Step:
    """The step that a record tells of.

    Raises
    ------
    RecordError
        If the record makes no sense, or tells of what only a newer version knows.
    """
    operation: Any = record.text.get("op")
    if operation not in get_args(Operation):
        raise RecordError(f"it holds the operation {operation!r}, which this version does not know")
    return Step(key_of(record.text), operation, time_of(record), record)


def update_of(record: Record) -> Update:
    """The edit that a record tells of.

    Raises
    ------
    RecordError
        If the record makes no sense.
    """
    try:
        text, arrays = record.text, record.arrays
        if text["kind"] not in get_args(Kind):
            raise RecordError(f"an edit of the kind {text['kind']!r} is unknown")
        groups, labels, selections = text["groups"], text["labels"], text["selection"]
        # Edits of earlier versions add no groups.
        names = text.get("names", ([], []))
        return Update(
            kind=text["kind"],
            description=str(text["description"]),
            before=Parts(_parts(text["before"], arrays, "before")),
            after=Parts(_parts(text["after"], arrays, "after")),
            groups_before={int(c): None if g is None else int(g) for c, g in groups[0]},
            groups_after={int(c): None if g is None else int(g) for c, g in groups[1]},
            labels_before={int(c): dict(of) for c, of in labels[0]},
            labels_after={int(c): dict(of) for c, of in labels[1]},
            names_before=_named(names[0]),
            names_after=_named(names[1]),
            selection_before=Selection(*(tuple(map(int, part)) for part in selections[0])),
            selection_after=Selection(*(tuple(map(int, part)) for part in selections[1])),
            time=time_of(record),
            tally={int(g): int(n) for g, n in text.get("tally", [])},
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RecordError(f"an edit is not valid ({error})") from error


def used_by(update: Update) -> Used:
    """The largest numbers that an edit gives."""
    return Used(max(update.after, default=-1), max(update.names_after, default=-1))


def used_in(record: Record) -> Used:
    """The largest numbers that the edit in a record gives; an undo gives none."""
    ids, (_, names) = record.text.get("after", []), record.text.get("names", ([], []))
    return Used(max(map(int, ids), default=-1), max((int(n) for n, _ in names), default=-1))


def key_of(text: Mapping[str, Any]) -> Key:
    """The channel group and clustering that a text names.

    Raises
    ------
    RecordError
        If it names none.
    """
    try:
        group, name = text["of"]
        return int(group), str(name)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"it names no clustering ({error})") from error


def time_of(record: Record) -> datetime:
    """When a record was written, in local time."""
    try:
        return datetime.fromisoformat(str(record.text["time"]))
    except (KeyError, ValueError) as error:
        raise RecordError(f"it has no time ({error})") from error


def _ids(clusters: Mapping[int, Any]) -> list[int]:
    return [int(c) for c in clusters]


def _pairs(groups: Mapping[int, Any]) -> list[list[int | None]]:
    return [[int(c), None if g is None else int(g)] for c, g in groups.items()]


def _words(labels: Mapping[int, Mapping[str, str]]) -> list[list[Any]]:
    return [[int(c), dict(of)] for c, of in labels.items()]


def _names(groups: Mapping[int, str | None]) -> list[list[Any]]:
    return [[int(group), name] for group, name in groups.items()]


def _named(pairs: Iterable[tuple[Any, Any]]) -> dict[int, str | None]:
    return {int(group): None if name is None else str(name) for group, name in pairs}


def _chosen(selection: Selection) -> list[list[int]]:
    return [[int(c) for c in selection.best], [int(c) for c in selection.match]]


def _all_of(*sides: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The spikes of all clusters on either side, sorted."""
    for side in sides:
        if len(side) == 1:
            return side[0]
    spikes = np.concatenate(sides[0])
    spikes.sort(kind="stable")
    return spikes


def _places(spikes: NDArray[np.int64], clusters: list[NDArray[np.int64]]) -> NDArray[Any]:
    """For each spike the position of its cluster, in the narrowest type."""
    dtype = np.min_scalar_type(len(clusters) - 1)
    if len(clusters) > _FEW:
        places = np.repeat(np.arange(len(clusters), dtype=dtype), [len(c) for c in clusters])
        return places[np.argsort(np.concatenate(clusters), kind="stable")]
    largest = max(range(len(clusters)), key=lambda i: len(clusters[i]))
    places = np.zeros(len(spikes), dtype)
    if largest:
        places += dtype.type(largest)
    # One cluster may be most of the recording: its spikes are those that no other one has.
    for place, cluster in enumerate(clusters):
        if place != largest:
            places[np.searchsorted(spikes, cluster)] = place
    return places


def _parts(
    ids: list[int],
    arrays: Mapping[str, NDArray[np.int64]],
    side: str,
    *,
    is_owned: bool = False,
) -> dict[int, NDArray[np.int64]]:
    """Spikes of each cluster on one side of an edit.

    Where the arrays are nobody else's, their memory is used again.
    """
    if not ids:
        return {}
    spikes, places = arrays["spikes"], arrays[side]
    if len(spikes) != len(places) or (len(places) and int(places.max()) >= len(ids)):
        raise RecordError("its spikes do not fit its clusters")
    if len(ids) == 1:
        return {int(ids[0]): spikes}
    if len(ids) <= _FEW:
        sizes = [np.count_nonzero(places == place) for place in range(len(ids))]
        # The largest one comes last, where its spikes may take the place of all.
        found: dict[int, NDArray[np.int64]] = {}
        for place in np.argsort(sizes).tolist():
            last = is_owned and len(found) == len(ids) - 1
            found[place] = (_kept if last else _chosen_spikes)(spikes, places == place)
        return {int(c): found[place] for place, c in enumerate(ids)}
    order = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[order], np.arange(len(ids) + 1))
    pieces = [order[a:b] for a, b in pairwise(bounds)]
    return {int(c): spikes[piece] for c, piece in zip(ids, pieces, strict=True)}


def _chosen_spikes(values: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    return values[mask]


def _kept(values: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The values that a mask chooses, in the memory of the values themselves."""
    n = 0
    for start in range(0, len(values), _PIECE):
        piece = values[start : start + _PIECE][mask[start : start + _PIECE]]
        values[n : n + len(piece)] = piece
        n += len(piece)
    return values[:n]


def parts_at(place: Place, side: Literal["before", "after"]) -> Callable[[], SpikeLists]:
    """What reads the spikes on one side of an edit again."""

    def read() -> SpikeLists:
        try:
            record = place.record()
            return _parts(record.text[side], record.arrays, side, is_owned=True)
        except (OSError, RecordError) as error:
            raise EditError(f"the edit can no longer be read: {error}") from error

    return read
