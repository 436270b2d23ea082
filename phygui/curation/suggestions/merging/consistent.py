"""Which pairs of clusters may all be merged, one after another, and what is still to be known."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from phygui.analysis import MergeScore
from phygui.curation.suggestions.merging.ahead import Join, Members
from phygui.curation.suggestions.merging.pair_evidence import Pair

Scored = Sequence[tuple[float, Pair]]
"""Pairs with their scores, the best first."""

MOST_NEAR = 12
"""Clusters among which it is looked for a better list, at most."""


@dataclass
class Units:
    """What would be one unit, were the pairs merged that are suggested, best ones first.

    Parameters
    ----------
    evidence : mapping of Join to MergeScore
        What is known of joins of more than two clusters.
    least : float
        The least score for which clusters are joined.
    is_hopeful : bool
        Whether joins of which nothing is known yet are taken for granted.
    """

    evidence: Mapping[Join, MergeScore]
    least: float
    is_hopeful: bool = False

    def __post_init__(self) -> None:
        self._members: dict[int, Members] = {}
        self.pending: list[Join] = []
        """Joins that have to be looked at before it is known whether a pair goes with the rest."""
        self.gain = 0.0
        """All the evidence for what was joined: log odds beyond those of the least score."""
        self.links: list[tuple[float, Pair]] = []
        """The pairs that joined clusters, each with what it gained."""
        self.blocked: set[Pair] = set()
        """The pairs that contradict better ones."""

    def of(self, cluster: int) -> Members:
        """All that would be one unit with a cluster."""
        return self._members.get(cluster, (cluster,))

    def join(self, a: int, b: int, score: float) -> bool:
        """Take two clusters for one unit, unless what better pairs make of them is not one."""
        one, other = sorted((self.of(a), self.of(b)))
        if one == other:
            return True
        if len(one) + len(other) > 2:
            found = self.evidence.get((one, other))
            if found is None:
                self.pending.append((one, other))
            known = self.is_hopeful if found is None else found.score >= self.least
            if not known:
                self.blocked.add((a, b))
                return False
            score = score if found is None else found.score
        together = tuple(sorted(one + other))
        self._members |= dict.fromkeys(together, together)
        self.links.append((_gain(score, self.least), (a, b)))
        self.gain += self.links[-1][0]
        return True


def _gain(score: float, least: float) -> float:
    """Log odds of a score beyond those of the least one."""
    odds = [min(max(share, 1e-9), 1 - 1e-9) for share in (score, least)]
    of_score, of_least = (math.log(share / (1 - share)) for share in odds)
    return of_score - of_least


@dataclass
class Consistent:
    """The pairs that may all be merged, of those with the best evidence taken together."""

    pairs: set[Pair] = field(default_factory=set)
    pending: list[Join] = field(default_factory=list)
    """Joins that have to be looked at before it is known whether this is all, and the best."""


def consistent(scored: Scored, evidence: Mapping[Join, MergeScore], least: float) -> Consistent:
    """Of pairs that may be one unit, those that go together.

    The best pair comes first, and what contradicts it is left out. Where that costs more than it
    gains, the pair itself is left out: of a cluster between two units that fits either of them, one
    good pair may stand against two that are nearly as good.

    Parameters
    ----------
    scored : sequence of (float, Pair)
        Scores and pairs, the best pair first.
    evidence : mapping of Join to MergeScore
        What is known of joins of more than two clusters.
    least : float
        The least score for which clusters are joined.
    """
    found = Consistent()
    of_cluster: dict[int, list[int]] = {}
    for place, (_, pair) in enumerate(scored):
        for c in pair:
            of_cluster.setdefault(c, []).append(place)
    for part in _connected(scored):
        left_out: set[Pair] = set()
        units, pairs = _walked(part, evidence, least, left_out)
        found.pending += units.pending
        # As long as something is to be looked at for the first list, there is no second one.
        for _, link in [] if units.pending else sorted(units.links):
            near = [scored[place] for place in _near(scored, of_cluster, units, link)]
            if not near:
                continue
            other = left_out | {link}
            here = _walked(near, evidence, least, left_out)[0]
            if _walked(near, evidence, least, other, is_hopeful=True)[0].gain <= here.gain:
                continue
            tried = _walked(near, evidence, least, other)[0]
            found.pending += tried.pending
            if tried.gain > here.gain and not tried.pending:
                left_out = other
                units, pairs = _walked(part, evidence, least, left_out)
        found.pairs |= pairs
    found.pending = list(dict.fromkeys(found.pending))
    return found


def _near(
    scored: Scored, of_cluster: Mapping[int, list[int]], units: Units, link: Pair
) -> list[int]:
    """Places of the pairs of what a link is part of, and of all that contradicts it.

    None where nothing does, and of what is more than anybody would take for a few units.
    """
    unit = units.of(link[0])
    clusters = set(unit)
    for place in {place for c in unit for place in of_cluster[c]}:
        pair = scored[place][1]
        if pair in units.blocked:
            clusters.update(*(units.of(c) for c in pair))
        if len(clusters) > MOST_NEAR:
            return []
    if len(clusters) == len(unit):
        return []
    places = {place for c in clusters for place in of_cluster[c]}
    return sorted(place for place in places if clusters.issuperset(scored[place][1]))


def _walked(
    scored: Scored,
    evidence: Mapping[Join, MergeScore],
    least: float,
    left_out: Collection[Pair],
    *,
    is_hopeful: bool = False,
) -> tuple[Units, set[Pair]]:
    """What becomes of clusters when pairs are merged, but for some; and the pairs that are."""
    units = Units(evidence, least, is_hopeful)
    joined = {p for s, p in scored if p not in left_out and units.join(*p, s)}
    return units, joined


def _connected(scored: Scored) -> list[list[tuple[float, Pair]]]:
    """The pairs in sets that share no cluster, each in the order in which they came."""
    root: dict[int, int] = {}

    def find(c: int) -> int:
        while root.setdefault(c, c) != c:
            root[c] = c = root[root[c]]
        return c

    for _, (a, b) in scored:
        root[find(a)] = find(b)
    parts: dict[int, list[tuple[float, Pair]]] = {}
    for score, pair in scored:
        parts.setdefault(find(pair[0]), []).append((score, pair))
    return list(parts.values())
