"""What the journal says of each edit: a record made of an update, and the update made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from phygui.curation.update import Kind, Selection, Update
from phygui.io.records import Record, RecordError

Key = tuple[int, str]
"""A channel group and the name of one of its clusterings."""

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
        "selection": [_chosen(update.selection_before), _chosen(update.selection_after)],
        "tally": _pairs(update.tally),
    }
    if not before and not after:
        return Record(text)
    # Both sides hold the same spikes: these once, and for each side which cluster has each.
    spikes, places = _merged([update.before[c] for c in before])
    arrays = {"spikes": spikes, "before": places}
    arrays["after"] = np.zeros(len(spikes), np.int64)
    for place, cluster_id in enumerate(after):
        arrays["after"][np.searchsorted(spikes, update.after[cluster_id])] = place
    return Record(text, arrays)


def step_of(record: Record) -> Step | None:
    """The step that a record tells of, None if it tells of something else.

    Raises
    ------
    RecordError
        If the record makes no sense.
    """
    operation: Any = record.text.get("op")
    if operation not in get_args(Operation):
        return None
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
        return Update(
            kind=text["kind"],
            description=str(text["description"]),
            before=_parts(text["before"], arrays, "before"),
            after=_parts(text["after"], arrays, "after"),
            groups_before={int(c): None if g is None else int(g) for c, g in groups[0]},
            groups_after={int(c): None if g is None else int(g) for c, g in groups[1]},
            labels_before={int(c): dict(of) for c, of in labels[0]},
            labels_after={int(c): dict(of) for c, of in labels[1]},
            selection_before=Selection(*(tuple(map(int, part)) for part in selections[0])),
            selection_after=Selection(*(tuple(map(int, part)) for part in selections[1])),
            time=time_of(record),
            tally={int(g): int(n) for g, n in text.get("tally", [])},
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RecordError(f"an edit makes no sense ({error})") from error


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


def _chosen(selection: Selection) -> list[list[int]]:
    return [[int(c) for c in selection.best], [int(c) for c in selection.match]]


def _merged(parts: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All spikes of some clusters, sorted, and which of the clusters has each."""
    spikes = np.concatenate(parts) if parts else np.empty(0, np.int64)
    places = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.argsort(spikes, kind="stable")
    return spikes[order], places[order]


def _parts(
    ids: list[int], arrays: Mapping[str, NDArray[np.int64]], side: str
) -> dict[int, NDArray[np.int64]]:
    """Spikes of each cluster on one side of an edit."""
    if not ids:
        return {}
    spikes, places = arrays["spikes"], arrays[side]
    if len(spikes) != len(places) or (len(places) and int(places.max()) >= len(ids)):
        raise RecordError("its spikes do not fit its clusters")
    order = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[order], np.arange(len(ids) + 1))
    pieces = [order[a:b] for a, b in pairwise(bounds)]
    return {int(c): spikes[piece] for c, piece in zip(ids, pieces, strict=True)}
