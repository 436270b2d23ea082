"""Two threads that share work: nothing is lost, and nothing goes on while nobody asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import pytest

from phygui.curation.statistics.measuring import side_by_side as module
from phygui.curation.statistics.measuring.pieces import Turn, Work
from phygui.curation.statistics.measuring.side_by_side import Divided, side_by_side


@pytest.mark.parametrize("n_processors", [1, 2])
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_each_cluster_is_found_once_with_what_is_given_of_it(monkeypatch, n_processors, n) -> None:
    monkeypatch.setattr(module, "n_processors", lambda: n_processors)
    threads = set()

    def steps(clusters: Mapping[int, str]) -> Iterator[tuple[int, str] | None]:
        for cluster, of in clusters.items():
            threads.add(threading.current_thread())
            yield None
            yield cluster, of

    given = {c: f"of {c}" for c in range(n)}
    found = [step for step in side_by_side(given, steps, Turn()) if step is not None]
    assert dict(found) == given
    assert len(found) == n
    assert len(threads) == min(n, n_processors)


def test_nothing_goes_on_between_two_values(monkeypatch) -> None:
    monkeypatch.setattr(module, "n_processors", lambda: 2)
    monkeypatch.setattr(module, "ROUND_S", 0.0)
    n_steps = [0]

    def steps(clusters: Mapping[int, None]) -> Iterator[None]:
        while True:
            n_steps[0] += 1
            time.sleep(0.002)
            yield

    work = side_by_side(dict.fromkeys(range(2)), steps, Turn())
    next(work)
    n = n_steps[0]
    time.sleep(0.05)
    assert n_steps[0] == n == 2
    work.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("beside")]


def test_both_stop_at_their_next_step_once_the_turn_is_over(monkeypatch) -> None:
    monkeypatch.setattr(module, "n_processors", lambda: 2)
    monkeypatch.setattr(module, "ROUND_S", 60.0)
    n_steps = [0]

    def steps(clusters: Mapping[int, None]) -> Iterator[None]:
        while True:
            n_steps[0] += 1
            time.sleep(0.002)
            yield

    turn = Turn()
    work = Work([0, 1], side_by_side(dict.fromkeys(range(2)), steps, turn), turn=turn)
    start = time.perf_counter()
    work.advance(lambda: n_steps[0] >= 20)
    assert 20 <= n_steps[0] <= 22
    work.advance(lambda: True)
    assert n_steps[0] <= 24
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("failing", [0, 1])
def test_what_fails_in_either_thread_is_raised(monkeypatch, failing) -> None:
    monkeypatch.setattr(module, "n_processors", lambda: 2)

    def steps(clusters: Mapping[int, None]) -> Iterator[None]:
        yield
        if failing in clusters:
            raise ValueError("no")
        yield from [None] * 1_000

    with pytest.raises(ValueError, match="no"):
        list(side_by_side(dict.fromkeys(range(2)), steps, Turn()))


def test_what_is_divided_is_done_by_whoever_comes_first() -> None:
    divided = Divided(range(6))
    one, other = iter(divided), iter(divided)
    assert [next(one), next(other), next(one), next(other)] == [0, 1, 2, 3]
    # This one gives up while it is at 2: the other does it too.
    one.close()
    assert list(other) == [4, 5, 2]
    assert list(divided) == []
