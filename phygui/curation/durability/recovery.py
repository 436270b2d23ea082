"""What a journal holds that the file does not, and how it is brought back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from phygui.curation.durability.journal_entries import Key, Step, key_of, step_of, used_in
from phygui.curation.edits.history import History
from phygui.curation.edits.update import Selection, Update
from phygui.curation.edits.used import Used
from phygui.curation.opened import Curation
from phygui.errors import DatasetError
from phygui.storage.state.damage import examine
from phygui.storage.state.journal import JournalContent
from phygui.storage.state.records import Record, RecordError, n_values
from phygui.storage.state.scratch import Place, Scratch


@dataclass(frozen=True)
class UnsavedEdit:
    """One edit that is in the journal and not in the file, or the other way round."""

    time: datetime
    description: str
    channel_group: int
    clustering: str

    def __str__(self) -> str:
        where = f"shank {self.channel_group}, {self.clustering}"
        return f"{self.description}, {self.time:%H:%M} ({where})"


@dataclass
class _Track:
    """What the journal says of one clustering."""

    steps: list[Step] = field(default_factory=list)
    # Where the record of each step lies in the journal: offset and size.
    wheres: list[tuple[int, int]] = field(default_factory=list)
    # Number of steps in effect, and fingerprint of the state, wherever the file may have stood.
    states: list[tuple[int, str]] = field(default_factory=list)
    settled: bool = True
    start: int | None = None
    print: str = ""

    @property
    def unsaved(self) -> list[Step]:
        return [] if self.start is None else self.steps[self.start :]


class Leftover:
    """What a journal left by an earlier session holds.

    Parameters
    ----------
    content : JournalContent
        The journal.

    Attributes
    ----------
    problem : str
        Why nothing can be brought back, in one sentence; empty if it can.
    damage : str
        Why the end of the journal is unreadable; what comes before it can be brought back.
    used : dict
        The largest numbers of clusters and groups that were ever used in each clustering.
    """

    def __init__(self, content: JournalContent) -> None:
        self.content = content
        self.size = content.size
        self.problem = ""
        self.damage = content.damage
        self.used: dict[Key, Used] = {}
        self._tracks: dict[Key, _Track] = {}
        for number, record in enumerate(content.records):
            start = content.ends[number - 1] if number else 0
            try:
                self._read(record, (start, content.ends[number] - start))
            except (RecordError, ValueError, KeyError, TypeError) as error:
                self.size = start
                lost = examine(content.data, self.size)
                self.damage = f"record {number + 1} of the journal cannot be used: {error}; {lost}"
                break

    @property
    def keys(self) -> list[Key]:
        """Channel groups and clusterings that the journal tells of."""
        return list(self._tracks)

    @property
    def is_settled(self) -> bool:
        """Whether everything in the journal is known to be in the file."""
        return not (self.problem or self.damage) and all(t.settled for t in self._tracks.values())

    @property
    def has_steps(self) -> bool:
        """Whether the journal tells of any edit."""
        return any(track.steps for track in self._tracks.values())

    def compare(self, fingerprint_of: Callable[[Key], str]) -> None:
        """Find out which steps the file holds already.

        Parameters
        ----------
        fingerprint_of : callable
            The fingerprint of a clustering in the file; raises DatasetError where there is none.
        """
        for key, track in self._tracks.items():
            where = f"shank {key[0]}, clustering '{key[1]}'"
            try:
                found = fingerprint_of(key)
            except DatasetError as error:
                self.problem = self.problem or f"{where} can no longer be read: {error}"
                continue
            # The last one that fits: a state may have come twice.
            fits = [
                n for n, expected in track.states if expected == found and n <= len(track.steps)
            ]
            track.start, track.print = (fits[-1], found) if fits else (None, "")
            if track.start is None and not track.settled:
                self.problem = self.problem or (
                    f"{where} has changed since the edits were made: "
                    "something else has written the file"
                )

    def n_steps(self) -> dict[Key, int]:
        """Number of steps of each clustering since the file was read."""
        return {key: len(track.steps) for key, track in self._tracks.items()}

    def prints(self) -> dict[Key, str]:
        """Fingerprints of the clusterings that are in the file as the journal knows them."""
        return {key: track.print for key, track in self._tracks.items() if track.print}

    @property
    def has_unsaved_steps(self) -> bool:
        """Whether anything was done since the file was written, be it undone again."""
        return not self.problem and any(track.unsaved for track in self._tracks.values())

    @property
    def unsaved(self) -> list[UnsavedEdit]:
        """What differs from the file, oldest first; after :meth:`compare`.

        That are the edits in effect which the file lacks, and those that it holds and that were
        undone; what was made and undone again is none of it.
        """
        if self.problem:
            return []
        found: list[UnsavedEdit] = []
        for track in self._tracks.values():
            if track.unsaved:
                found.extend(_difference(track.steps, track.start or 0))
        return sorted(found, key=lambda edit: edit.time)

    def replay(
        self, fresh: Callable[[Key], Curation], scratch: Scratch | None = None
    ) -> dict[Key, Curation]:
        """The curations with everything in effect that the journal tells of.

        Parameters
        ----------
        fresh : callable
            A clustering as the file holds it, to be changed.
        scratch : Scratch, optional
            Where the journal can be read again: edits that are long past need no memory then.

        Raises
        ------
        DatasetError
            If a step does not fit the state that it is to change.
        """
        done = {}
        for key, track in self._tracks.items():
            if track.start is not None:
                done[key] = fresh(key)
                try:
                    _replay(done[key], track, self.used.get(key, Used()), scratch)
                except (RecordError, ValueError) as error:
                    raise DatasetError(
                        f"the edits of shank {key[0]}, clustering '{key[1]}' "
                        f"cannot be brought back: {error}"
                    ) from error
        return done

    def _read(self, record: Record, where: tuple[int, int]) -> None:
        operation = record.text.get("op")
        if operation == "base":
            track = self._tracks.setdefault(key_of(record.text), _Track())
            # The file has been read anew: what came before belongs to another time.
            track.steps.clear()
            track.wheres.clear()
            track.states[:] = [(0, _text(record, "fingerprint"))]
            used = Used(_integer(record, "largest_id"), int(record.text.get("largest_group", -1)))
            self._add_used(key_of(record.text), used)
            track.settled = True
        elif operation == "ids":
            for entry in _list(record, "largest"):
                self._add_used(key_of(entry), Used(int(entry["id"]), int(entry.get("group", -1))))
        elif operation == "saving":
            for state in _list(record, "states"):
                told = self._tracks.get(key_of(state))
                if told is not None:
                    told.states.append((int(state["steps"]), str(state["fingerprint"])))
                    told.settled = False
        elif operation == "saved":
            for key in _list(record, "keys"):
                told = self._tracks.get(key_of({"of": key}))
                if told is not None:
                    told.settled = told.states[-1][0] == len(told.steps)
        else:
            step = step_of(record)
            track = self._known(step.key)
            track.steps.append(step)
            track.wheres.append(where)
            track.settled = False
            self._add_used(step.key, used_in(record))

    def _add_used(self, key: Key, used: Used) -> None:
        self.used[key] = self.used.get(key, Used()) | used

    def _known(self, key: Key) -> _Track:
        if key not in self._tracks:
            raise RecordError(f"it does not hold the first state of {key}")
        return self._tracks[key]


def _replay(curation: Curation, track: _Track, used: Used, scratch: Scratch | None) -> None:
    """Go through all steps for the history, and make those that the file lacks."""
    history = History()
    selection = Selection()
    for number, step in enumerate(track.steps):
        if number == track.start:
            history.mark_saved(history.state())
        if step.operation == "edit":
            if n_values(step.record) > curation.clustering.n_spikes:
                raise RecordError("an edit names more spikes than there are")
            update = step.update()
            history.record(update)
        else:
            update = history.undo() if step.operation == "undo" else history.redo()
        selection = update.selection_after
        if number >= (track.start or 0):
            _check(curation, update)
            curation.apply(update)
        if scratch is not None and step.operation == "edit":
            history.on_disk(update, Place(scratch, *track.wheres[number]))
    if track.start == len(track.steps):
        history.mark_saved(history.state())
    if track.start:
        # The file held some of these edits already: what was there before them is not known.
        curation.first_tally = {}
    curation.restore(history, selection, used)


def _check(curation: Curation, update: Update) -> None:
    """Make sure that an edit fits the clusters that it is to replace."""
    living = curation.clustering.spikes_per_cluster
    for cluster_id, spike_ids in update.before.items():
        if cluster_id not in living or not np.array_equal(living[cluster_id], spike_ids):
            raise RecordError(f"cluster {cluster_id} has changed: {update.description}")
    for cluster_id in update.after:
        if cluster_id in living and cluster_id not in update.before:
            raise RecordError(f"cluster {cluster_id} already exists: {update.description}")
    n_before, n_after = (sum(map(len, side.values())) for side in (update.before, update.after))
    if n_before != n_after:
        raise RecordError(f"spikes would appear or vanish: {update.description}")


def _difference(steps: list[Step], start: int) -> list[UnsavedEdit]:
    """What the steps from ``start`` on have come to."""
    made: list[Step] = []
    saved: list[Step] = []
    undone: dict[int, datetime] = {}
    position = 0
    for number, step in enumerate(steps):
        if number == start:
            saved = made[:position]
        if step.operation == "edit":
            del made[position:]
            made.append(step)
        position += -1 if step.operation == "undo" else 1
        if not 0 <= position <= len(made):
            # It cannot be replayed, which is said when that is tried.
            return [UnsavedEdit(s.time, s.operation, *s.key) for s in steps[start:]]
        if step.operation == "undo":
            undone[id(made[position])] = step.time
    now = made[:position]
    same = next((i for i, (a, b) in enumerate(zip(saved, now, strict=False)) if a is not b), None)
    if same is None:
        same = min(len(saved), len(now))
    return [
        UnsavedEdit(undone[id(step)], f"undid: {_words(step)}", *step.key)
        for step in reversed(saved[same:])
    ] + [UnsavedEdit(step.time, _words(step), *step.key) for step in now[same:]]


def _words(step: Step) -> str:
    return str(step.record.text.get("description", "edit"))


def _text(record: Record, name: str) -> str:
    return str(record.text.get(name))


def _integer(record: Record, name: str) -> int:
    value = record.text.get(name)
    if not isinstance(value, int):
        raise RecordError(f"its {name} is not an integer")
    return value


def _list(record: Record, name: str) -> list[Any]:
    value = record.text.get(name)
    if not isinstance(value, list):
        raise RecordError(f"its {name} is not a list")
    return value


def base_record(key: Key, fingerprint: str, n_spikes: int, used: Used, time: str) -> Record:
    """What a clustering was like before its first edit in this journal."""
    return Record(
        {
            "op": "base",
            "of": list(key),
            "fingerprint": fingerprint,
            "n_spikes": n_spikes,
            "largest_id": used.cluster,
            "largest_group": used.group,
            "time": time,
        }
    )


def used_record(used: Mapping[Key, Used], time: str) -> Record:
    """The largest numbers that were ever used; none of them is used again."""
    largest = [{"of": list(key), "id": of.cluster, "group": of.group} for key, of in used.items()]
    return Record({"op": "ids", "largest": largest, "time": time})


def saving_record(
    fingerprints: Mapping[Key, str], n_steps: Mapping[Key, int], n_edits: int, time: str
) -> Record:
    """What the file will hold once the save that is about to begin is done, and at which step."""
    states = [
        {"of": list(key), "fingerprint": value, "steps": n_steps[key]}
        for key, value in fingerprints.items()
    ]
    return Record({"op": "saving", "states": states, "n_edits": n_edits, "time": time})


def saved_record(keys: list[Key], time: str) -> Record:
    """The save is done."""
    return Record({"op": "saved", "keys": [list(key) for key in keys], "time": time})
