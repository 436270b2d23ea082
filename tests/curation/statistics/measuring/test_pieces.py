"""Work in pieces bounded by time: nothing is lost or done twice, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from phygui.curation.statistics.measuring.pieces import RELEASE_S, Work, run
from phygui.curation.statistics.measuring.under_way import AT_ONCE, UnderWay


class Clock:
    """Seconds that pass when somebody says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def steps(clock: Clock, durations: list[float], per_result: int = 3) -> Iterator[int | None]:
    for i, seconds in enumerate(durations):
        clock.now += seconds
        yield i if i % per_result == per_result - 1 else None


@given(
    st.lists(st.floats(0, 0.3), max_size=40),
    st.floats(0, 0.5),
    st.lists(st.booleans(), min_size=1, max_size=50),
)
def test_pieces_find_what_one_go_finds_and_end_after_the_step_in_which_time_is_over(
    durations, budget, interrupted
) -> None:
    whole = run(steps(Clock(), durations))
    clock = Clock()
    work = Work([1], steps(clock, durations), clock)
    found = []
    for i in count():
        if work.is_done:
            break
        begun = clock.now
        found += work.advance(lambda i=i: interrupted[i % len(interrupted)], budget)
        assert clock.now - begun <= budget + max(durations, default=0) + 1e-9
    assert found == whole
    assert work.advance(lambda: False) == []


def test_what_is_interrupted_again_and_again_ends_too() -> None:
    clock = Clock()
    work = Work([1], steps(clock, [1.0] * 5), clock)
    for _ in range(6):
        work.advance(lambda: True)
    assert work.is_done


def test_the_first_result_is_handed_out_at_once_and_the_others_together() -> None:
    clock = Clock()
    work = Work([1], steps(clock, [RELEASE_S / 4] * 12, per_result=1), clock)
    handed_out = [work.advance(lambda: False, 0.0) for _ in range(12)]
    assert handed_out[0] == [0]
    assert max(map(len, handed_out)) == 4
    assert not any(handed_out[1:4])


def begin(ids):
    return Work(ids, iter([None] * 1_000))


def test_selected_clusters_come_first_and_what_they_interrupt_goes_on() -> None:
    under_way = UnderWay()
    everything = list(range(100))

    def following(chosen, missing):
        return under_way.next("stats", chosen, missing, lambda: everything, begin)

    first = following([], everything)
    assert first.cluster_ids == set(everything[:AT_ONCE])
    assert following([], everything) is first
    # One that is being looked at with the others need not wait for them, and they go on after it.
    chosen = following([50, 51], everything)
    assert chosen.cluster_ids == {50, 51}
    assert following([50, 51], everything) is chosen
    assert following([50], everything) is chosen
    assert following([], [c for c in everything if c not in (50, 51)]) is first
    # What is gone, or known by now, is not worked on any more; ever more are worked on at once.
    later = following([], everything[AT_ONCE:])
    assert len(later.cluster_ids) > AT_ONCE


def test_work_of_another_kind_is_given_up() -> None:
    under_way = UnderWay()
    stats = under_way.next("stats", [1], [1, 2], list, begin)
    assert under_way.next("metrics", [1], [1, 2], list, begin) is not stats
    assert under_way.next("stats", [1], [1, 2], list, begin) is not stats


def test_clusters_that_the_work_leaves_out_do_not_begin_it_anew() -> None:
    under_way = UnderWay()

    def some(ids):
        return begin(ids[:1])

    work = under_way.next("metrics", [1, 2], [1, 2, 3], list, some)
    assert under_way.next("metrics", [1, 2], [1, 2, 3], list, some) is work
