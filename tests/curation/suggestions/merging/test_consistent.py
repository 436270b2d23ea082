"""Pairs that go together: what better ones would make of two clusters is weighed."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import merge_score
from phygui.curation.suggestions.merging.ahead import Join
from phygui.curation.suggestions.merging.consistent import Units, consistent

LEAST = 0.5


def evidence(score: float):
    return merge_score(0.5, 0.5, 0.5)._replace(score=score)


def joined(pairs: list[tuple[int, int]], known: dict[Join, float]) -> tuple[list, list]:
    """The pairs that go together, best first, and what is still to be looked at."""
    units = Units({join: evidence(score) for join, score in known.items()}, LEAST)
    return [pair for pair in pairs if units.join(*pair, 0.9)], units.pending


def chosen(
    scored: list[tuple[float, tuple[int, int]]], known: dict[Join, float]
) -> tuple[set, list]:
    """The same of those that go together best."""
    found = consistent(scored, {join: evidence(score) for join, score in known.items()}, LEAST)
    return found.pairs, found.pending


def test_pairs_of_other_clusters_go_together() -> None:
    pairs = [(1, 2), (3, 4)]
    assert joined(pairs, {}) == (pairs, [])


def test_a_second_pair_waits_until_what_the_first_makes_has_been_looked_at() -> None:
    pairs = [(2, 1), (2, 3)]
    join = ((1, 2), (3,))
    assert joined(pairs, {}) == ([(2, 1)], [join])
    assert joined(pairs, {join: 0.4}) == ([(2, 1)], [])
    assert joined(pairs, {join: 0.6}) == (pairs, [])


def test_a_third_pair_of_three_clusters_goes_with_them() -> None:
    pairs = [(1, 2), (2, 3), (1, 3)]
    assert joined(pairs, {((1, 2), (3,)): 0.9}) == (pairs, [])
    # As long as the second is not known, the third one waits for the same.
    assert joined(pairs, {})[1] == [((1, 2), (3,))] * 2


def test_a_weak_pair_does_not_join_two_units() -> None:
    pairs = [(1, 2), (3, 4), (2, 3), (1, 4)]
    assert joined(pairs, {((1, 2), (3, 4)): 0.1}) == ([(1, 2), (3, 4)], [])


# The best pair lies between two units, and is wrong; the two others are right.
BETWEEN = [(0.95, (2, 3)), (0.9, (1, 2)), (0.9, (3, 4))]


def test_one_pair_does_not_stand_against_two_that_are_nearly_as_good() -> None:
    apart = {((1,), (2, 3)): 0.1, ((2, 3), (4,)): 0.1}
    assert chosen(BETWEEN, apart) == ({(1, 2), (3, 4)}, [])
    # One that is nearly as good does not.
    assert chosen(BETWEEN[:2], apart) == ({(2, 3)}, [])
    # And two do not where they are far from as good.
    weak = [BETWEEN[0], (0.6, (1, 2)), (0.6, (3, 4))]
    assert chosen(weak, apart) == ({(2, 3)}, [])


def test_all_go_together_where_the_chain_holds() -> None:
    holds = {((1,), (2, 3)): 0.8, ((1, 2, 3), (4,)): 0.8}
    assert chosen(BETWEEN, holds) == ({(1, 2), (2, 3), (3, 4)}, [])


def test_what_could_change_the_list_has_to_be_looked_at() -> None:
    # With five clusters in a row, leaving out a pair leads to joins that are not known yet.
    row = [(0.95, (2, 3)), (0.9, (1, 2)), (0.9, (3, 4)), (0.7, (4, 5))]
    apart = {((1,), (2, 3)): 0.1, ((2, 3), (4,)): 0.1}
    pairs, pending = chosen(row, apart)
    assert pairs == {(2, 3), (4, 5)}
    assert pending == [((3, 4), (5,))]
    assert chosen(row, {**apart, ((3, 4), (5,)): 0.7})[0] == {(1, 2), (3, 4), (4, 5)}
    assert chosen(row, {**apart, ((3, 4), (5,)): 0.2})[0] == {(1, 2), (3, 4)}


@st.composite
def graphs(draw: st.DrawFn):
    """Scores of pairs of a few clusters, and what is known of all their joins."""
    n = draw(st.integers(2, 5))
    pairs = list(itertools.combinations(range(n), 2))
    scores = draw(st.lists(st.floats(0.51, 0.99), min_size=len(pairs), max_size=len(pairs)))
    some = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    scored = sorted(zip(scores, pairs, strict=True), reverse=True)
    kept = [of for of, is_there in zip(scored, some, strict=True) if is_there]
    known = {}
    subsets = [s for k in range(1, n) for s in itertools.combinations(range(n), k)]
    for a, b in itertools.product(subsets, subsets):
        if a < b and not set(a) & set(b) and len(a) + len(b) > 2:
            known[a, b] = draw(st.sampled_from((0.1, 0.6, 0.9)))
    return kept, known


@given(graphs())
def test_never_worse_than_the_best_first_and_never_what_contradicts(graph) -> None:
    scored, known = graph
    told = {join: evidence(score) for join, score in known.items()}

    def walked(left_out):
        units = Units(told, LEAST)
        return {p for s, p in scored if p not in left_out and units.join(*p, s)}, units

    found, pending = chosen(scored, known)
    assert not pending
    all_pairs = [pair for _, pair in scored]
    ways = [
        walked(set(some))
        for k in range(len(all_pairs) + 1)
        for some in itertools.combinations(all_pairs, k)
    ]
    gains = [sum(gain for gain, _ in units.links) for pairs, units in ways if pairs == found]
    # It is one of the ways to leave pairs out, no worse than leaving out none.
    assert gains
    assert max(gains) >= walked(set())[1].gain - 1e-9
