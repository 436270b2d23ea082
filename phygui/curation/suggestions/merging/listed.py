"""Which of the scored pairs are suggested of some clusters, and what is still to be looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from phygui.analysis import MergeScore
from phygui.curation.suggestions.merging.ahead import Join
from phygui.curation.suggestions.merging.consistent import consistent
from phygui.curation.suggestions.merging.pair_evidence import Pair

LEAST_SCORE = 0.3
"""Pairs with a score below this are not suggested. It is below one half, since the score is that of
a pair alone: a wrong pair mostly contradicts better ones, and does not come into the list."""
N_ROUND = 32
"""Joins that are looked at before the list is made again: of thousands of clusters, that takes
longer than a picture."""
N_KEPT = 8
"""States of which the list is kept: an undo leads back to one, and noise is skipped or not."""


@dataclass(frozen=True)
class Suggestion:
    """Two clusters, the larger one first, and the evidence that they are one unit."""

    clusters: Pair
    evidence: MergeScore
    is_rejected: bool = False


@dataclass(frozen=True)
class State:
    """What a list depends on, besides the evidence."""

    living: frozenset[int]
    passed_over: frozenset[int]
    rejected: frozenset[frozenset[str]]


@dataclass
class Listed:
    """What is suggested of the clusters of one state."""

    pairs: set[Pair]
    turned_down: set[Pair]
    pending: list[Join]
    """Joins that have to be looked at before more is suggested."""
    is_current: bool = True
    """Whether nothing has been found out since that it depends on."""
    n_left: int = 0
    """How many joins a search is still to look at before it makes the list again."""
    is_searched: bool = False
    """Whether there is a search on its way, which makes it again whenever a round is over."""

    def learn(self, joins: Collection[Join]) -> None:
        """There is new evidence about joins of these clusters."""
        if joins:
            self.is_current = False
            self.n_left = max(self.n_left - len(set(joins).intersection(self.pending)), 0)
            self.pending = [join for join in self.pending if join not in joins]

    def best(
        self, order: Iterable[tuple[float, Pair]], *, rejected: bool, limit: int
    ) -> list[Pair]:
        """The best pairs, of some in their order; also those that were turned down, if wanted."""
        shown = self.pairs | (self.turned_down if rejected else set())
        return list(islice((pair for _, pair in order if pair in shown), limit))

    @property
    def holds(self) -> bool:
        """Whether it is what is to be shown."""
        return self.is_current or self.is_searched

    def search(self) -> None:
        """A search goes on from here."""
        self.n_left, self.is_searched = min(N_ROUND, len(self.pending)), True


def in_order_of_scores(scores: Mapping[Pair, MergeScore]) -> list[tuple[float, Pair]]:
    """The pairs that may be suggested, the best first, with their scores below zero."""
    return sorted((-s.score, pair) for pair, s in scores.items() if s.score >= LEAST_SCORE)


def list_pairs(
    order: Iterable[tuple[float, Pair]],
    scores: Mapping[Pair, MergeScore],
    joins: Mapping[Join, MergeScore],
    state: State,
    turned_down: Collection[Pair],
) -> Listed:
    """What is suggested; for any thread.

    Parameters
    ----------
    order : iterable of (float, Pair)
        The pairs that may be suggested, as `in_order_of_scores` gives them.
    scores, joins : mapping
        All that is known of pairs, and of what pairs would join after better ones.
    state : State
    turned_down : collection of Pair
        Those that the user has rejected.
    """
    eligible, rejected = [], set()
    clusters = state.living - state.passed_over
    for minus, pair in order:
        if pair[0] not in clusters or pair[1] not in clusters or scores[pair].costs_isolation:
            continue
        if pair in turned_down:
            rejected.add(pair)
        else:
            eligible.append((-minus, pair))
    told = consistent(eligible, joins, LEAST_SCORE)
    return Listed(told.pairs, rejected, told.pending)


class Lists:
    """The lists of the states of the clusters that were asked for last."""

    def __init__(self) -> None:
        self._of: dict[State, Listed] = {}

    def __getitem__(self, state: State) -> Listed | None:
        return self._of.get(state)

    def keep(self, state: State, listed: Listed) -> Listed:
        """Keep a list, in place of the one that was asked for longest ago."""
        self._of.pop(state, None)
        self._of[state] = listed
        while len(self._of) > N_KEPT:
            del self._of[next(iter(self._of))]
        return listed

    def learn(self, pairs: Collection[Pair], joins: Collection[Join]) -> None:
        """There is new evidence about pairs, and about joins."""
        for state, listed in list(self._of.items()):
            if any(a in state.living and b in state.living for a, b in pairs):
                del self._of[state]
            else:
                listed.learn({j for j in joins if state.living.issuperset(j[0] + j[1])})

    def forget(self) -> None:
        """Nothing holds any more."""
        self._of.clear()
