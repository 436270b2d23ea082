"""Work on many clusters: a few are seen soon, and for the others all raw data is read but once."""

from __future__ import annotations

from collections.abc import Sequence

from phygui.curation.statistics.measuring.pieces import Work
from phygui.curation.statistics.measuring.under_way import AT_ONCE, UnderWay


def test_after_a_few_all_others_are_worked_on_together() -> None:
    begun: list[list[int]] = []
    under_way, missing = UnderWay(), list(range(400))

    def begin(ids: Sequence[int]) -> Work[int]:
        begun.append(list(ids))
        return Work(ids, iter(ids))  # type: ignore[arg-type]

    while missing:
        work = under_way.next("stats", [], missing, lambda: missing, begin)
        for cluster_id in work.advance(lambda: False, seconds=10.0):
            missing.remove(cluster_id)
    assert [len(ids) for ids in begun] == [AT_ONCE, 400 - AT_ONCE]
    assert begun[0] + begun[1] == list(range(400))
