"""A curated clustering as SpikeInterface's curation format of version 2 tells it.

The format applies labels, removals, merges and splits to the units of a sorting, in this order, and
a unit takes part in one of them only. What needs more is a sequence of such steps. Only what has
come of the units is told, not each edit on the way there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui._version import __version__
from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES, UNSORTED

UnitId = int | str
VERSION = "2"
GROUP_LABEL = "quality"
"""The label that tells the group of a cluster."""
MARK = "label:"
"""Stands before a label of a user that would be taken for the group."""
PROGRAM = "program"
"""Tells, beside what the format knows, who has written a step."""


def curation_json(
    unit_ids: Sequence[UnitId],
    spike_units: ArrayLike,
    spike_clusters: ArrayLike,
    cluster_units: Mapping[int, UnitId],
    groups: Mapping[int, str],
    labels: Mapping[str, Mapping[int, str]],
    *,
    group_names: Iterable[str] = (),
    removed: Collection[int] = (),
) -> dict[str, Any] | list[dict[str, Any]]:
    """What becomes of the units of a sorting, for `spikeinterface.curation.apply_curation`.

    Parameters
    ----------
    unit_ids : sequence of int or str
        Of all units of the sorting, also those without spikes; ints or texts as they are there.
    spike_units : (n_spikes,) integers
        Place in `unit_ids` of the unit of each spike, in the order of the sorting: by segment,
        then by time.
    spike_clusters : (n_spikes,) integers
        Cluster of each spike after curation.
    cluster_units : mapping of int to int or str
        Unit id of each cluster, of the type of `unit_ids`. A cluster with the id of a unit need
        not have the same spikes.
    groups : mapping of int to str
        Name of the group of each cluster, such as ``good``; the unsorted need not be in it.
    labels : mapping of str to mapping of int to str
        By label, its text for each cluster that has it; an empty text tells that a cluster is
        without it.
    group_names : iterable of str
        Further groups that there are, in their order.
    removed : collection of int
        Clusters that are left out.

    Returns
    -------
    dict, or list of dict
        One step, or several that are applied one after the other; `apply_curation` takes both.
    """
    spike_units, spike_clusters = np.asarray(spike_units), np.asarray(spike_clusters)
    plan = _Plan.of(unit_ids, spike_units, spike_clusters, cluster_units)
    told = _told(groups, labels, plan.living)
    definitions = _definitions(told.values(), groups.values(), group_names)
    steps = plan.steps(_Parts(spike_units, spike_clusters, len(unit_ids)))
    last = steps[-1]
    at_once = len(steps) == 1 and not (removed and plan.is_changed)
    of_units = plan.before(told) if at_once else None
    if of_units is None:
        last = _Step([*plan.untouched_empty, *(cluster_units[c] for c in plan.living)])
        steps.append(last)
        of_units = {cluster_units[c]: of for c, of in told.items()}
    last.definitions = definitions
    last.labels = [
        {"unit_id": unit, "labels": dict(of)}
        for unit in last.unit_ids
        if (of := of_units.get(unit))
    ]
    last.removed = [cluster_units[c] for c in plan.living if c in set(removed)]
    found = [step.told() for step in steps]
    return found[0] if len(found) == 1 else found


@dataclass
class _Step:
    """One step of the format."""

    unit_ids: list[UnitId]
    merges: list[dict[str, Any]] = field(default_factory=list)
    splits: list[dict[str, Any]] = field(default_factory=list)
    labels: list[dict[str, Any]] = field(default_factory=list)
    removed: list[UnitId] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The step as it is written."""
        return {
            "format_version": VERSION,
            PROGRAM: f"phygui {__version__}",
            "unit_ids": self.unit_ids,
            "label_definitions": self.definitions,
            "manual_labels": self.labels,
            "removed": self.removed,
            "merges": self.merges,
            "splits": self.splits,
        }


class _Parts:
    """The spikes of a unit that are in a cluster, counted among the unit's own."""

    def __init__(
        self, spike_units: NDArray[Any], spike_clusters: NDArray[Any], n_units: int
    ) -> None:
        # Stable: the spikes of a unit stay in the order of the sorting.
        self._clusters = spike_clusters[np.argsort(spike_units, kind="stable")]
        self._stops = np.cumsum(np.bincount(spike_units, minlength=n_units))

    def of(self, unit: int, cluster: int) -> list[int]:
        """Indices of the spikes of a unit, by its place, that are in a cluster."""
        start = int(self._stops[unit - 1]) if unit else 0
        own = self._clusters[start : int(self._stops[unit])]
        found: list[int] = np.flatnonzero(own == cluster).tolist()
        return found


@dataclass
class _Plan:
    """Which units go where.

    Attributes
    ----------
    unit_ids : sequence of int or str
    cluster_units : mapping of int to int or str
    parts : mapping of int to mapping of int to int
        By the place of each unit that has spikes: how many of them are in each cluster.
    units_of : mapping of int to list of int
        Places of the units that each cluster has spikes of.
    """

    unit_ids: Sequence[UnitId]
    cluster_units: Mapping[int, UnitId]
    parts: dict[int, dict[int, int]]
    units_of: dict[int, list[int]]

    @classmethod
    def of(
        cls,
        unit_ids: Sequence[UnitId],
        spike_units: NDArray[Any],
        spike_clusters: NDArray[Any],
        cluster_units: Mapping[int, UnitId],
    ) -> _Plan:
        """The plan that a clustering is."""
        living, places = np.unique(spike_clusters, return_inverse=True)
        keys = spike_units.astype(np.int64) * max(len(living), 1) + places.reshape(-1)
        pairs, counts = np.unique(keys, return_counts=True)
        parts: dict[int, dict[int, int]] = {}
        units_of: dict[int, list[int]] = {int(c): [] for c in living}
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            unit, place = divmod(pair, len(living))
            cluster = int(living[place])
            parts.setdefault(unit, {})[cluster] = count
            units_of[cluster].append(unit)
        return cls(list(unit_ids), cluster_units, parts, units_of)

    @property
    def living(self) -> list[int]:
        """Clusters that have spikes, ascending."""
        return list(self.units_of)

    @property
    def untouched_empty(self) -> list[UnitId]:
        """Units without spikes, which stay."""
        taken = {self.cluster_units[c] for c in self.living}
        return [
            unit
            for place, unit in enumerate(self.unit_ids)
            if place not in self.parts and unit not in taken
        ]

    def _is_whole(self, unit: int) -> bool:
        return len(self.parts[unit]) == 1

    def _is_same(self, cluster: int) -> bool:
        """Whether a cluster is a unit with its own id."""
        units = self.units_of[cluster]
        alone = len(units) == 1 and self._is_whole(units[0])
        return alone and self.unit_ids[units[0]] == self.cluster_units[cluster]

    @property
    def changed(self) -> list[int]:
        """Clusters that are not units as they were."""
        return [c for c in self.living if not self._is_same(c)]

    @property
    def is_changed(self) -> bool:
        """Whether any unit was merged or split."""
        return bool(self.changed)

    def _is_direct(self, cluster: int) -> bool:
        """Whether one merge of whole units, or the split of one, makes a cluster."""
        units, wanted = self.units_of[cluster], self.cluster_units[cluster]
        if all(map(self._is_whole, units)):
            own = {self.unit_ids[unit] for unit in units}
            return len(units) > 1 and (wanted in own or wanted not in self.unit_ids)
        return len(units) == 1 and wanted not in self.unit_ids

    def before(self, told: Mapping[int, Mapping[str, list[str]]]) -> dict[UnitId, Any] | None:
        """Labels of clusters as labels of the units that they are made of; None if they differ."""
        found: dict[UnitId, Any] = {}
        for unit, of in self.parts.items():
            labels = [told.get(cluster) for cluster in of]
            if any(each != labels[0] for each in labels):
                return None
            if labels[0]:
                found[self.unit_ids[unit]] = labels[0]
        return found

    def steps(self, parts: _Parts) -> list[_Step]:
        """The steps that make the clusters of the units; the last one may be given labels."""
        if not all(map(self._is_direct, self.changed)):
            return self._two_steps(parts)
        step = _Step(list(self.unit_ids))
        for cluster in self.changed:
            units = self.units_of[cluster]
            if len(units) > 1:
                step.merges.append(
                    _merge([self.unit_ids[u] for u in units], self.cluster_units[cluster])
                )
        for unit, of in self.parts.items():
            if not self._is_whole(unit):
                names = {c: self.cluster_units[c] for c in of}
                step.splits.append(self._split(parts, unit, names))
        return [step]

    def _split(
        self,
        parts: _Parts,
        unit: int,
        names: Mapping[int, UnitId],
        empty: Sequence[UnitId] = (),
    ) -> dict[str, Any]:
        """A split of a unit into named parts; the largest need not be listed."""
        of = self.parts[unit]
        ordered = sorted(of, key=lambda c: of[c])
        listed = [parts.of(unit, c) for c in ordered[:-1]]
        return {
            "unit_id": self.unit_ids[unit],
            "mode": "indices",
            "indices": [*([] for _ in empty), *listed],
            "new_unit_ids": [*empty, *(names[c] for c in ordered)],
        }

    def _two_steps(self, parts: _Parts) -> list[_Step]:
        """First splits, then merges; what is to have an id that is taken is set aside meanwhile.

        The format has no renaming: a part is split off together with a unit that has no spikes,
        and merged with it.
        """
        wanted = {self.cluster_units[c]: c for c in self.changed}
        fresh = _fresh({*self.unit_ids, *self.cluster_units.values()})
        first, second = _Step(list(self.unit_ids)), _Step([])
        without_spikes = {u for place, u in enumerate(self.unit_ids) if place not in self.parts}
        pieces: dict[int, list[UnitId]] = {
            c: [self.cluster_units[c]] if self.cluster_units[c] in without_spikes else []
            for c in self.changed
        }
        gone: set[UnitId] = set()
        for unit, of in self.parts.items():
            name, whole = self.unit_ids[unit], next(iter(of))
            if self._is_whole(unit) and whole not in pieces:
                continue
            own_name_wanted = wanted.get(name, whole) != whole
            if self._is_whole(unit) and len(self.units_of[whole]) > 1 and not own_name_wanted:
                pieces[whole].append(name)
                continue
            names, empty = {}, []
            for cluster in of:
                alone = len(self.units_of[cluster]) == 1
                at_once = alone and self.cluster_units[cluster] not in self.unit_ids
                names[cluster] = self.cluster_units[cluster] if at_once else next(fresh)
                pieces[cluster].append(names[cluster])
                if (alone and not at_once) or (self._is_whole(unit)):
                    empty.append(next(fresh))
                    pieces[cluster].append(empty[-1])
            first.splits.append(self._split(parts, unit, names, empty))
            gone.add(name)
        made = [name for split in first.splits for name in split["new_unit_ids"]]
        second.unit_ids = [*(name for name in self.unit_ids if name not in gone), *made]
        for cluster, of_cluster in pieces.items():
            if len(of_cluster) > 1:
                second.merges.append(_merge(of_cluster, self.cluster_units[cluster]))
        return [first, second]


def _merge(units: list[UnitId], new: UnitId) -> dict[str, Any]:
    return {"unit_ids": units, "new_unit_id": new}


class _fresh:
    """Ids that are nowhere yet, of the type of the others."""

    def __init__(self, taken: set[UnitId]) -> None:
        self._is_text = any(isinstance(each, str) for each in taken)
        numbers = (int(each) for each in taken if str(each).isdecimal())
        self._next = max(numbers, default=-1) + 1

    def __next__(self) -> UnitId:
        self._next += 1
        return str(self._next - 1) if self._is_text else self._next - 1


def _told(
    groups: Mapping[int, str], labels: Mapping[str, Mapping[int, str]], living: Iterable[int]
) -> dict[int, dict[str, list[str]]]:
    """By cluster, its labels as the format tells them: a list of none or one option each."""
    found: dict[int, dict[str, list[str]]] = {}
    for cluster in living:
        of = {
            marked(name): [text] if (text := texts[cluster]) else []
            for name, texts in labels.items()
            if cluster in texts
        }
        group = groups.get(cluster, GROUP_NAMES[UNSORTED])
        if group != GROUP_NAMES[UNSORTED]:
            of = {GROUP_LABEL: [group], **of}
        if of:
            found[cluster] = of
    return found


def marked(label: str) -> str:
    """A user's label as it is written."""
    return MARK + label if label == GROUP_LABEL or label.startswith(MARK) else label


def _definitions(
    told: Iterable[Mapping[str, list[str]]], groups: Iterable[str], group_names: Iterable[str]
) -> dict[str, Any]:
    usual = [GROUP_NAMES[group] for group in BEST_FIRST]
    own = [name for name in (*group_names, *sorted(groups)) if name not in usual]
    options: dict[str, dict[str, None]] = {
        GROUP_LABEL: dict.fromkeys([*usual[:-1], *own]),
    }
    for of in told:
        for name, texts in of.items():
            options.setdefault(name, {}).update(dict.fromkeys(texts))
    return {
        name: {"label_options": _at_least_two(list(of)), "exclusive": True}
        for name, of in options.items()
    }


def _at_least_two(options: list[str]) -> list[str]:
    """Options as the format wants them: an empty one is none."""
    return options + [""] * (2 - len(options))
