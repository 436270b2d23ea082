"""What is known of a simulated dataset, and how near a clustering comes to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from phygui.analysis import agreement

Pair = frozenset[int]

ENOUGH_SPIKES = 50
"""Spikes of a true unit from which its accuracy counts."""


@dataclass(frozen=True)
class Bars:
    """What a set is held to."""

    precision: float
    recall: float
    share_of_truth: float
    """Accuracy after accepting one by one, as a share of that with the true pairs merged."""


DERIVED, SORTED = Bars(0.95, 0.9, 0.97), Bars(0.8, 0.7, 0.0)


@dataclass(frozen=True)
class Truth:
    """What is known of the clusters of a shank."""

    labels: np.ndarray
    units: np.ndarray
    pairs: frozenset[Pair]
    bars: Bars

    @classmethod
    def read(cls, path: Path) -> Truth:
        with np.load(path) as stored:
            roles = json.loads(str(stored["roles"]))
            pairs = frozenset(frozenset(map(int, key.split(","))) for key in roles)
            # A sorter may have split no unit at all.
            made = bool(roles) and set(roles.values()) != {"real"}
            return cls(stored["labels"], stored["units"], pairs, DERIVED if made else SORTED)

    def is_right(self, pair: Pair) -> bool:
        """Whether two clusters are one unit: also fragments that the known pairs leave out."""
        return pair in self.pairs or len(set(map(self._unit_of, pair))) == 1

    def _unit_of(self, cluster: int) -> int:
        """The unit that half of a cluster's spikes or more are of; for each other one its own."""
        units, counts = np.unique(self.units[self.labels == cluster], return_counts=True)
        most = counts.argmax()
        is_pure = counts[most] >= 0.5 * counts.sum() and units[most] >= 0
        return int(units[most]) if is_pure else -2 - cluster

    def accuracy(self, labels: np.ndarray, aside: np.ndarray | None = None) -> float:
        """Mean accuracy of the units of enough spikes; those set aside, if any, do not count.

        The truth is told of each spike that the sorter found: one that it detected twice is two of
        its unit.
        """
        counted = np.ones(len(labels), bool)
        if aside is not None:
            counted[aside] = False
        # Spikes of no unit are one more unit, which is not matched.
        found = agreement(self.units[counted] + 1, labels[counted])
        table = np.zeros((len(found.ids_a), len(found.ids_b)))
        table[found.rows, found.columns] = found.jaccard
        return mean_of_best(table[(found.ids_a > 0) & (found.sizes_a >= ENOUGH_SPIKES)])


def mean_of_best(table: np.ndarray) -> float:
    """Mean accuracy of units, the rows, by the best one-to-one matching to clusters."""
    return float(table[linear_sum_assignment(-table)].sum() / len(table))


def merged(labels: np.ndarray, pairs: list[tuple[int, ...]]) -> np.ndarray:
    """Labels with all that pairs join made one."""
    root = {int(c): int(c) for c in np.unique(labels)}

    def find(c: int) -> int:
        while root[c] != c:
            c = root[c]
        return c

    for first, *others in pairs:
        for other in others:
            root[find(other)] = find(first)
    table = np.arange(labels.max() + 1)
    for c in root:
        table[c] = find(c)
    return table[labels]
