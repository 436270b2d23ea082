"""Merge suggestions of a dataset that was never opened before, and after each that is accepted."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from window import row

from phygui import Session
from scale.datasets import Datasets

FIRST_S = 60.0
"""Seconds in which all pairs should be compared."""
UPDATE_S = 0.2
"""Seconds in which the list should be right again after an accepted merge."""
N_MERGES = 10


def timed(action: Callable[[], object]) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def search(session: Session) -> None:
    """Find out all that suggestions need, as the window does piece by piece in a worker."""
    session.learn_stats()
    while job := session.suggestions.job():
        session.suggestions.add(job(lambda: False))


def report(datasets: Datasets, _: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    path = datasets.without_statistics("big")
    with Session.open(path, journal=False) as session:
        statistics = timed(session.learn_stats)
        pairs = timed(lambda: search(session))
        n_listed = len(session.suggestions.ranked())
        updates = []
        # Where few are listed, neighbours in the table of clusters do as well.
        clusters = session.cluster_ids.tolist()
        for k in range(N_MERGES):
            found = session.suggestions.ranked(limit=1)
            pair = found[0].clusters if found else tuple(clusters[2 * k : 2 * k + 2])
            clusters = [c for c in clusters if c not in pair]

            def accept(pair: tuple[int, ...] = pair) -> None:
                session.merge(pair)
                search(session)

            updates.append(timed(accept))
        session.close(discard=True)
    first = statistics + pairs
    return [
        row(
            f"first suggestions, 1,000,000 x 384 ({n_listed} listed)",
            f"{first:.1f} s, of which statistics {statistics:.1f} s",
            f"{FIRST_S:g} s",
            first / FIRST_S,
            1.0,
        ),
        row(
            f"suggestions after a merge, median of {N_MERGES}",
            f"{1000 * float(np.median(updates)):.0f} ms, worst {1000 * max(updates):.0f} ms",
            f"{1000 * UPDATE_S:g} ms",
            float(np.median(updates)) / UPDATE_S,
            1.0,
        ),
    ]
