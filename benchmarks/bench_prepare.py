"""How long preparing an archive takes: workers beside one, overhead, a second run, a large one.

    python benchmarks/bench_prepare.py [--datasets 24] [--spikes 200000] [--dask] [--large FILE]

Datasets are hard links to three demos that are built first, so that they take the room of three;
each is prepared for itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phygui.prepare.archive import Executor, prepare_all, workers
from phygui.prepare.one import order_of
from phygui.prepare.order import Order
from phygui.prepare.starting import Starting
from phygui.prepare.tasks import SPIKES_AT_ONCE, Done
from phygui.prepare.workers import Workers
from phygui.simulate import make_demo

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


N_DEMOS = 3


def archive(folder: Path, demos: list[Path], n: int) -> list[Order]:
    """So many datasets that are a few."""
    orders = []
    for i in range(n):
        demo = demos[i % len(demos)]
        place = folder / f"{i:03d}"
        place.mkdir(parents=True)
        for source in demo.parent.glob(f"{demo.stem}.*"):
            if source.is_file():
                os.link(source, place / source.name)
        orders.append(order_of(place / demo.name))
    return orders


def forget(orders: Iterable[Order]) -> None:
    """Remove all that is prepared."""
    for order in orders:
        for state in order.path.parent.glob("*.phygui*"):
            shutil.rmtree(state)


@dataclass(frozen=True)
class Run:
    """What preparing all took.

    Attributes
    ----------
    seconds : float
        From the start to the end.
    work : float
        Seconds that all workers were at work.
    private : dict of int to int
        Most bytes that each process had for itself, at any of the samples.
    resident : int
        Most bytes that any process had in memory, files that are mapped included.
    pieces : list
        Of each piece: what, its number of clusters, the spikes of its dataset, its seconds.
    """

    seconds: float
    work: float
    private: dict[int, int]
    resident: int
    pieces: list[tuple[str, int, int, float]]

    def memory(self) -> str:
        """Most memory of each process, in words."""
        each = ", ".join(f"{n / 1e9:.2f}" for n in sorted(self.private.values(), reverse=True))
        return f"private memory of each worker at most {each} GB, " \
               f"with mapped files {self.resident / 1e9:.2f} GB"  # fmt: skip


def run(
    orders: list[Order], options: argparse.Namespace, n_jobs: int, *, from_nothing: bool = False
) -> Run:
    """Prepare all, and watch; the clock runs from nothing, or once the workers are there."""
    memory, before = int(options.memory * 1e9), time.perf_counter()
    executor: Executor = workers(n_jobs, memory, dask=options.dask)
    assert isinstance(executor, Workers | Starting)
    # What starts of Python and its libraries take is paid before the clock runs, as overnight.
    for future in [executor.submit(warm_up) for _ in range(0 if from_nothing else 4 * n_jobs)]:
        future.result()
    private: dict[int, int] = {}
    resident = [0]
    is_done = threading.Event()

    def watch() -> None:
        # Dask is not asked for its processes while it works.
        pids = executor.pids
        while not is_done.wait(0.5):
            for pid in pids if options.dask else executor.pids:
                now, most = memory_of(pid)
                private[pid] = max(private.get(pid, 0), now)
                resident[0] = max(resident[0], most)

    pieces: list[tuple[str, int, int, float]] = []
    watching = threading.Thread(target=watch)
    watching.start()
    start = before if from_nothing else time.perf_counter()
    results = []
    for event in prepare_all(orders, Recording(executor, pieces, start)):
        if event.prepared is not None:
            results.append(event.prepared)
    seconds = time.perf_counter() - start
    is_done.set()
    watching.join()
    executor.close()
    if from_nothing:
        seconds = time.perf_counter() - start
    failed = [of.problem for of in results if of.problem]
    if failed:
        sys.exit(failed[0])
    return Run(seconds, sum(of.seconds for of in results), private, resident[0], pieces)


class Recording:
    """Workers whose pieces are noted as they are done."""

    def __init__(
        self, executor: Executor, pieces: list[tuple[str, int, int, float]], start: float
    ) -> None:
        self._executor, self._pieces, self._start = executor, pieces, start

    @property
    def n_jobs(self) -> int:
        """As of the workers."""
        return self._executor.n_jobs

    @property
    def looks_first(self) -> bool:
        """As of the workers."""
        return self._executor.looks_first

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Done]:
        """Have a piece done."""
        future: Future[Done] = self._executor.submit(function, *args)
        (task,) = args

        def note(done: Future[Done]) -> None:
            if done.exception() is None:
                of = done.result()
                n_spikes = sum(shank.n_spikes for shank in of.shanks)
                n = len(task.cluster_ids) or sum(shank.n_clusters for shank in of.shanks)
                self._pieces.append((task.what, n, n_spikes, round(of.seconds, 3)))
                if n_spikes > SPIKES_AT_ONCE:
                    print(f"  after {time.perf_counter() - self._start:.0f} s: {task.what} of {n} "
                          f"clusters, {of.seconds:.1f} s", flush=True)  # fmt: skip

        future.add_done_callback(note)
        return future

    def close(self, *, now: bool = False) -> None:
        """End them."""
        self._executor.close(now=now)


def warm_up() -> None:
    """Import all, in a worker."""
    import phygui.prepare.tasks  # noqa: F401

    time.sleep(0.1)


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes that a process has for itself now, and the most that it has had in memory."""
    private = most = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_"):
                private += int(line.split()[1]) * 1024
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                most = int(line.split()[1]) * 1024
    except OSError:
        pass
    return private, most


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--datasets", type=int, default=24)
    arguments.add_argument("--spikes", type=int, default=200_000)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--memory", type=float, default=2.0, help="GB of each worker")
    arguments.add_argument("--dask", action="store_true", help="workers of Dask")
    arguments.add_argument("--one", type=int, help="datasets that one worker prepares (all)")
    arguments.add_argument("--large", type=Path, help="a dataset that is cut")
    arguments.add_argument("--demo", type=Path, nargs="+", help="some .kwik in place of demos")
    arguments.add_argument("--record", type=Path, help="a file for how long each piece took")
    options = arguments.parse_args()
    near = options.demo[0].parent if options.demo else None
    pieces: list[tuple[str, int, int, float]] = []
    with tempfile.TemporaryDirectory(dir=near) as name:
        if options.datasets:
            demos = options.demo or [
                make_demo(Path(name) / f"{seed}", n_spikes=options.spikes, seed=seed).kwik_path
                for seed in range(N_DEMOS)
            ]
            orders = archive(Path(name) / "archive", demos, options.datasets)
            pieces += measure_many(orders, options)
    if options.large is not None:
        for what in ("first", "second"):
            again = what == "second"
            of = run([order_of(options.large)], options, options.jobs, from_nothing=again)
            print(f"{options.large.name}, {what} run: {of.seconds:.1f} s, {of.work:.1f} s of work; "
                  f"{of.memory()}", flush=True)  # fmt: skip
            pieces += of.pieces if what == "first" else []
    if options.record is not None:
        options.record.write_text(json.dumps(pieces))


def measure_many(
    orders: list[Order], options: argparse.Namespace
) -> list[tuple[str, int, int, float]]:
    """Many datasets by several workers, again, and some or all of them by one worker."""
    of = run(orders, options, options.jobs)
    overhead = 1 - of.work / (of.seconds * options.jobs)
    print(f"{len(orders)} datasets, {options.jobs} workers: {of.seconds:.1f} s, "
          f"{overhead:.1%} of their time not at work; {of.memory()}", flush=True)  # fmt: skip
    again = run(orders, options, options.jobs, from_nothing=True)
    print(f"the same again, with start and end of the workers: {again.seconds:.2f} s, "
          f"{again.seconds / of.seconds:.1%} of it", flush=True)  # fmt: skip
    some = orders[: options.one]
    forget(some)
    one = run(some, options, 1)
    share = (one.seconds / len(some)) / (of.seconds / len(orders))
    print(f"{len(some)} datasets, 1 worker: {one.seconds:.1f} s: {options.jobs} workers are "
          f"{share:.2f} times as fast; {one.memory()}", flush=True)  # fmt: skip
    return of.pieces


if __name__ == "__main__":
    main()
