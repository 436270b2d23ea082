"""What one edit changed: the single description that history, journal, tables and views consume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["merge", "split", "assign", "group", "label", "restore"]
Cause = Literal["edit", "undo", "redo"]

_NOTHING: Mapping[int, Any] = MappingProxyType({})


class EditError(ValueError):
    """An edit cannot be made; the text is one sentence for the user."""


@dataclass(frozen=True)
class Selection:
    """The selected clusters: those of the cluster table, then those of the similarity table."""

    best: tuple[int, ...] = ()
    match: tuple[int, ...] = ()

    @property
    def clusters(self) -> tuple[int, ...]:
        """Best then match; the position of a cluster is its colour."""
        return self.best + self.match


@dataclass(frozen=True, repr=False)
class Update:
    """One change of a clustering, with all it takes to take it back.

    Every edit replaces some clusters by others that hold the same spikes
    (``before`` by ``after``), or changes groups and labels, or both, or adds or
    removes a group. Undoing is the same change with the two sides exchanged, so its cost
    follows the spikes concerned and nothing else.
    """

    kind: Kind
    description: str
    before: Mapping[int, NDArray[np.int64]] = field(default_factory=lambda: _NOTHING)
    """Clusters that vanish, each with its sorted spike ids."""
    after: Mapping[int, NDArray[np.int64]] = field(default_factory=lambda: _NOTHING)
    """Clusters that appear, each with its sorted spike ids."""
    groups_before: Mapping[int, int | None] = field(default_factory=lambda: _NOTHING)
    """Group of each cluster whose group changes; None where the cluster had or has none."""
    groups_after: Mapping[int, int | None] = field(default_factory=lambda: _NOTHING)
    labels_before: Mapping[int, Mapping[str, str]] = field(default_factory=lambda: _NOTHING)
    labels_after: Mapping[int, Mapping[str, str]] = field(default_factory=lambda: _NOTHING)
    names_before: Mapping[int, str | None] = field(default_factory=lambda: _NOTHING)
    """Name of each group that comes or goes; None where it was or is not there."""
    names_after: Mapping[int, str | None] = field(default_factory=lambda: _NOTHING)
    selection_before: Selection = Selection()
    selection_after: Selection = Selection()
    cause: Cause = "edit"
    time: datetime | None = None
    """When the edit was made."""
    tally: Mapping[int, int] = field(default_factory=lambda: _NOTHING)
    """Number of clusters in each group once the edit is in effect; empty if unknown."""

    @property
    def added(self) -> tuple[int, ...]:
        """Ids of the clusters that appear, ascending."""
        return tuple(sorted(self.after))

    @property
    def deleted(self) -> tuple[int, ...]:
        """Ids of the clusters that vanish, ascending."""
        return tuple(sorted(self.before))

    @cached_property
    def spike_ids(self) -> NDArray[np.int64]:
        """Spikes whose cluster changes, sorted, int64."""
        if not self.before:
            return np.empty(0, np.int64)
        return np.sort(np.concatenate(list(self.before.values())), kind="stable")

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing, since all was so already; the description says what."""
        touched = self.before or self.after or self.groups_after or self.labels_after
        return not (touched or self.names_after)

    @property
    def changed(self) -> tuple[int, ...]:
        """Ids of the living clusters whose group or labels change, ascending."""
        touched = set(self.groups_after) | set(self.labels_after)
        return tuple(sorted(touched - set(self.before) - set(self.after)))

    def __repr__(self) -> str:
        return f"<Update: {self.description}>"

    def reversed(self, cause: Cause) -> Update:
        """The change that takes this one back."""
        return Update(
            kind=self.kind,
            description=self.description,
            before=self.after,
            after=self.before,
            groups_before=self.groups_after,
            groups_after=self.groups_before,
            labels_before=self.labels_after,
            labels_after=self.labels_before,
            names_before=self.names_after,
            names_after=self.names_before,
            selection_before=self.selection_after,
            selection_after=self.selection_before,
            cause=cause,
            time=self.time,
        )


def joined(steps: Sequence[Update], living: Mapping[int, NDArray[np.int64]]) -> Update:
    """One change that does what several do, one after the other.

    What comes and goes between the first and the last of them is not in it. Spikes that lie on the
    disk are read only for clusters that are there at the end.

    Parameters
    ----------
    steps : sequence of Update
        At least one.
    living : mapping of int to array of int64
        Spikes of the clusters before the first step.

    Raises
    ------
    EditError
        If spikes cannot be read.
    """
    gone: dict[int, None] = {}
    made: dict[int, int] = {}
    for number, step in enumerate(steps):
        for cluster_id in step.before:
            if made.pop(cluster_id, None) is None:
                gone[cluster_id] = None
        made.update(dict.fromkeys(step.after, number))
    sides = {number: dict(steps[number].after.items()) for number in set(made.values())}
    groups_before, groups_after = _ends([(s.groups_before, s.groups_after) for s in steps], None)
    labels_before, labels_after = _ends([(s.labels_before, s.labels_after) for s in steps], {})
    names_before, names_after = _ends([(s.names_before, s.names_after) for s in steps], None)
    verb = f"{len(steps)} edits, back to" if steps[0].cause == "undo" else f"{len(steps)} edits, to"
    return Update(
        "restore",
        f"{verb}: {steps[-1].description}",
        {c: living[c] for c in gone},
        {c: sides[number][c] for c, number in made.items()},
        groups_before=groups_before,
        groups_after=groups_after,
        labels_before=labels_before,
        labels_after=labels_after,
        names_before=names_before,
        names_after=names_after,
        selection_before=steps[0].selection_before,
        selection_after=steps[-1].selection_after,
        cause=steps[-1].cause,
        time=steps[-1].time,
        tally=steps[-1].tally,
    )


def _ends(
    steps: Sequence[tuple[Mapping[int, Any], Mapping[int, Any]]], nothing: object
) -> tuple[dict[int, Any], dict[int, Any]]:
    """What each cluster had before some steps and has after them, where that differs."""
    first: dict[int, Any] = {}
    last: dict[int, Any] = {}
    for before, after in steps:
        for cluster_id in (*before, *after):
            first.setdefault(cluster_id, before.get(cluster_id, nothing))
            last[cluster_id] = after.get(cluster_id, nothing)
    differ = [c for c, value in last.items() if value != first[c]]
    return {c: first[c] for c in differ}, {c: last[c] for c in differ}


def insist(update: Update) -> Update:
    """An edit that has changed something; the program says so where it has not.

    Raises
    ------
    EditError
        If it has changed nothing.
    """
    if update.is_empty:
        raise EditError(update.description)
    return update


def in_words(cluster_ids: Iterable[int], limit: int = 8) -> str:
    """Cluster ids as they are read aloud: ``4``, ``4 and 9``, ``4, 9 and 12``."""
    ids = [str(c) for c in cluster_ids]
    if len(ids) > limit:
        return f"{', '.join(ids[:limit])} ... ({len(ids)})"
    if len(ids) < 2:
        return "".join(ids)
    return f"{', '.join(ids[:-1])} and {ids[-1]}"
