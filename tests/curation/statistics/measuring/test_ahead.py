"""Which files are read ahead of statistics, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phygui import Session
from phygui.curation.statistics.measuring import ahead
from phygui.curation.statistics.measuring.ahead import with_files_read_ahead


class Through:
    """What is asked of one that reads files through."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda: self.asked.append(name)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Through]:
    found: list[Through] = []

    def make(paths: list[Path]) -> Through:
        found.append(Through(paths))
        return found[-1]

    monkeypatch.setattr(ahead, "ReadThrough", make)
    monkeypatch.setattr(ahead, "LEAST_BYTES", 0)
    return found


def steps() -> Iterator[int | None]:
    yield from (1, None, 2)


def test_files_are_read_during_the_steps_and_not_between_them(
    small: Path, made: list[Through]
) -> None:
    with Session.open(small, read_only=True) as session:
        snapshot = session.snapshot()
        taken = with_files_read_ahead(snapshot, list(session.cluster_ids), steps())
        assert next(taken) == 1
        (through,) = made
        assert [p.suffix for p in through.paths] == [".dat", ".kwx"]
        assert through.asked == ["go_on", "pause"]
        assert list(taken) == [None, 2]
        assert through.asked == [*["go_on", "pause"] * 4, "end"]


def test_work_that_is_given_up_reads_nothing_any_more(small: Path, made: list[Through]) -> None:
    with Session.open(small, read_only=True) as session:
        taken = with_files_read_ahead(session.snapshot(), list(session.cluster_ids), steps())
        next(taken)
        taken.close()
        assert made[0].asked[-1] == "end"


def test_few_spikes_or_small_files_are_not_worth_it(
    small: Path, made: list[Through], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(small, read_only=True) as session:
        snapshot = session.snapshot()
        ids = list(session.cluster_ids)
        sizes = {c: len(snapshot.spikes(c)) for c in ids}
        least = min(ids, key=lambda c: sizes[c])
        monkeypatch.setattr(ahead, "LEAST_SHARE", 2 * sizes[least] / sum(sizes.values()))
        assert list(with_files_read_ahead(snapshot, [least], steps())) == [1, None, 2]
        monkeypatch.setattr(ahead, "LEAST_BYTES", 2**40)
        assert list(with_files_read_ahead(snapshot, ids, steps())) == [1, None, 2]
        assert [through.paths for through in made] == [[], []]


def test_what_is_computed_is_the_same(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for least in (2**40, 0):
        monkeypatch.setattr(ahead, "LEAST_BYTES", least)
        with Session.open(small, read_only=True) as session:
            session.learn_all()
            found.append({c: dict(of) for c, of in session.metrics.items()})
    assert repr(found[0]) == repr(found[1])
