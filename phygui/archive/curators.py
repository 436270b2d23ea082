"""Where two people have curated the same session: how far they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from phygui.analysis import agreement
from phygui.archive.overview import group_names, usual_keys
from phygui.dataset import ClusteringState, open_dataset
from phygui.dataset.groups import GOOD, GROUP_NAMES, UNSORTED

SAME = 0.5
"""Jaccard index above which two clusters are the same unit: no cluster has two such partners."""
_GOOD, _UNSORTED = GROUP_NAMES[GOOD], GROUP_NAMES[UNSORTED]


@dataclass(frozen=True)
class Agreed:
    """What two clusterings of the same spikes have in common, of all shanks.

    Attributes
    ----------
    names : (str, str)
        The clusterings.
    n_clusters, n_good : (int, int)
        Clusters of each, and those in the group Good.
    n_same : int
        Clusters that are the same unit in both.
    n_both_good : int
        Those of them that are good in both.
    groups : Counter of (str, str)
        Groups of those of them that are decided in both.
    """

    names: tuple[str, str]
    n_clusters: tuple[int, int]
    n_good: tuple[int, int]
    n_same: int
    n_both_good: int
    groups: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def n_decided(self) -> int:
        """Same units that are decided in both."""
        return sum(self.groups.values())

    @property
    def n_same_group(self) -> int:
        """Those of them that are in the same group."""
        return sum(n for (a, b), n in self.groups.items() if a == b)

    @property
    def kappa(self) -> float | None:
        """Agreement on the groups beyond that of chance, at most 1; None where it has no meaning.

        Cohen, Educ. Psychol. Meas. 20 (1960) 37.
        """
        n = self.n_decided
        if not n:
            return None
        of_a, of_b = Counter[str](), Counter[str]()
        for (a, b), k in self.groups.items():
            of_a[a] += k
            of_b[b] += k
        by_chance = sum(of_a[group] * of_b[group] for group in of_a) / n**2
        return None if by_chance == 1 else (self.n_same_group / n - by_chance) / (1 - by_chance)

    def __add__(self, other: Agreed) -> Agreed:
        return Agreed(
            self.names,
            (self.n_clusters[0] + other.n_clusters[0], self.n_clusters[1] + other.n_clusters[1]),
            (self.n_good[0] + other.n_good[0], self.n_good[1] + other.n_good[1]),
            self.n_same + other.n_same,
            self.n_both_good + other.n_both_good,
            self.groups + other.groups,
        )


def agreed(names: tuple[str, str], state_a: ClusteringState, state_b: ClusteringState) -> Agreed:
    """How far two clusterings of the same spikes agree.

    Raises
    ------
    ValueError
        If they are not of the same spikes.
    """
    found = agreement(state_a.spike_clusters, state_b.spike_clusters)
    groups_a, groups_b = group_names(state_a), group_names(state_b)
    same = [
        (groups_a[int(found.ids_a[row])], groups_b[int(found.ids_b[column])])
        for row, column, share in zip(found.rows, found.columns, found.jaccard, strict=True)
        if share > SAME
    ]
    return Agreed(
        names,
        (len(groups_a), len(groups_b)),
        (_n_good(groups_a.values()), _n_good(groups_b.values())),
        len(same),
        sum(a == b == _GOOD for a, b in same),
        Counter(pair for pair in same if _UNSORTED not in pair),
    )


def _n_good(groups: Iterable[str]) -> int:
    return sum(group == _GOOD for group in groups)


def agreements(path: Path) -> list[Agreed]:
    """How far any two clusterings of a dataset agree that may be edited, all shanks together.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    store = (dataset := open_dataset(path)).clusterings
    found: dict[tuple[str, str], Agreed] = {}
    for shank, names in usual_keys(dataset).items():
        states = {name: store.read((shank, name)) for name in names} if len(names) > 1 else {}
        for pair in combinations(states, 2):
            of_shank = agreed(pair, states[pair[0]], states[pair[1]])
            found[pair] = found[pair] + of_shank if pair in found else of_shank
    return list(found.values())
