"""A thousand sessions on a hundred workers, simulated: what the driver makes of recorded durations.

    python benchmarks/simulated_cluster.py [--sessions 1000] [--workers 100] [--faster 200]

The driver and the cutting into pieces are the real ones. A worker is a thread that sleeps for as
long as a piece took where it was recorded, divided by ``--faster``; what the driver itself costs
is not divided, so that it counts for more than it would. What is left out: the file system that
a hundred workers share, and what Dask takes for a piece (about a millisecond, as its manual says).
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from phygui.prepare.archive import prepare_all
from phygui.prepare.order import Order, ShankPrepared
from phygui.prepare.tasks import BY_CLUSTER, SPIKES_AT_ONCE, Done, Task

SECONDS_PER_SPIKE = 56.5e-6
"""Of work on one core for a dataset that is one piece: 24 pieces of 200,000 spikes each, as
`bench_prepare.py --record` has noted them, on average."""
N_CLUSTERS = 400
CUT = {"begin": 0.4e-6, "stats": 7.2e-6, "metrics": 16.4e-6, "splits": 11.6e-6, "rest": 7.8e-6}
"""The same of each stage of a dataset that is cut, all its pieces together: noted for 10,000,000
spikes on 384 channels in 400 clusters."""


class Sleepers:
    """Workers that take the time and do nothing."""

    def __init__(self, n_jobs: int, n_spikes: dict[Path, int], faster: float) -> None:
        self.n_jobs = n_jobs
        self._n_spikes = n_spikes
        self._faster = faster
        self._pool = ThreadPoolExecutor(n_jobs)

    def submit(self, _: Callable[..., Any], task: Task) -> Future[Done]:
        return self._pool.submit(self._sleep, task)

    def _sleep(self, task: Task) -> Done:
        n_spikes = self._n_spikes[task.order.path]
        is_cut = n_spikes > SPIKES_AT_ONCE
        part = len(task.cluster_ids) / N_CLUSTERS if task.cluster_ids else 1.0
        seconds = n_spikes * (CUT[task.what] * part if is_cut else SECONDS_PER_SPIKE)
        time.sleep(seconds / self._faster)
        shank = ShankPrepared(0, "main", N_CLUSTERS, n_spikes)
        every = dict.fromkeys(BY_CLUSTER, tuple(range(N_CLUSTERS)))
        left = {(0, "main"): every} if is_cut else {}
        return Done((shank,), seconds, left if task.what == "begin" else {})

    def close(self, *, now: bool = False) -> None:
        self._pool.shutdown(cancel_futures=now)


def run(n_spikes: dict[Path, int], n_workers: int, faster: float, *, largest_first: bool) -> None:
    """Prepare all, and print how long it takes against the shortest time there could be."""
    paths = sorted(n_spikes, key=n_spikes.__getitem__, reverse=True) if largest_first else n_spikes
    executor = Sleepers(n_workers, n_spikes, faster)
    start = time.perf_counter()
    work = sum(
        event.prepared.seconds
        for event in prepare_all([Order(path) for path in paths], executor)
        if event.prepared
    )
    seconds = (time.perf_counter() - start) * faster
    executor.close()
    shortest = work / n_workers
    order = "largest first" if largest_first else "as they are named"
    print(f"{order}: {seconds / 60:.1f} min for {work / 3600:.1f} h of work; "
          f"{shortest / 60:.1f} min at least, {shortest / seconds:.0%} of that")  # fmt: skip


def main() -> None:
    """Simulate both orders."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sessions", type=int, default=1000)
    arguments.add_argument("--workers", type=int, default=100)
    arguments.add_argument("--faster", type=float, default=200.0)
    options = arguments.parse_args()
    random.seed(0)
    sizes = [int(min(2e7, random.lognormvariate(13.8, 1.0))) for _ in range(options.sessions)]
    n_spikes = {Path(f"/archive/{i:04d}.kwik"): size for i, size in enumerate(sizes)}
    n_cut = sum(size > SPIKES_AT_ONCE for size in sizes)
    print(f"{len(sizes)} sessions of {min(sizes):,} to {max(sizes):,} spikes, {n_cut} of them cut")
    for largest_first in (False, True):
        run(n_spikes, options.workers, options.faster, largest_first=largest_first)


if __name__ == "__main__":
    main()
