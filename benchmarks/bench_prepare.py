"""How long preparing an archive takes: workers beside one, overhead, a second run, a large one.

    python benchmarks/bench_prepare.py [--datasets 24] [--spikes 200000] [--large FILE]

Datasets are hard links to one demo that is built first, so that they take the room of one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from phygui.prepare.archive import prepare_all
from phygui.prepare.one import order_of
from phygui.prepare.order import Order, Prepared
from phygui.prepare.workers import Workers
from phygui.simulate import make_demo

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def archive(folder: Path, demo: Path, n: int) -> list[Order]:
    """So many datasets that are one."""
    orders = []
    for i in range(n):
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


def run(orders: list[Order], n_jobs: int, memory: int) -> tuple[float, float, int]:
    """Seconds until all are prepared, seconds of work of all workers, most memory of one."""
    executor = Workers(n_jobs, memory)
    # What starts of Python and its libraries take is paid before the clock runs, as overnight.
    for future in [executor.submit(warm_up) for _ in range(4 * n_jobs)]:
        future.result()
    most = [0]
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(0.2):
            for pid in executor.pids:
                most[0] = max(most[0], peak_of(pid))

    watching = threading.Thread(target=watch)
    watching.start()
    start = time.perf_counter()
    results: list[Prepared] = [e.prepared for e in prepare_all(orders, executor) if e.prepared]
    seconds = time.perf_counter() - start
    is_done.set()
    watching.join()
    executor.close()
    failed = [of.problem for of in results if of.problem]
    if failed:
        sys.exit(failed[0])
    return seconds, sum(of.seconds for of in results), most[0]


def warm_up() -> None:
    """Import all, in a worker."""
    import phygui.prepare.tasks  # noqa: F401

    time.sleep(0.1)


def peak_of(pid: int) -> int:
    """Most bytes that a process has had in memory, files that are mapped included."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--datasets", type=int, default=24)
    arguments.add_argument("--spikes", type=int, default=200_000)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--memory", type=float, default=2.0, help="GB of each worker")
    arguments.add_argument("--large", type=Path, help="a dataset that is cut")
    arguments.add_argument("--demo", type=Path, help="a .kwik to take in place of the demo")
    options = arguments.parse_args()
    memory = int(options.memory * 1e9)
    near = None if options.demo is None else options.demo.parent
    with tempfile.TemporaryDirectory(dir=near) as name:
        if options.datasets:
            demo = options.demo
            if demo is None:
                demo = make_demo(name, n_spikes=options.spikes).kwik_path
            measure_many(archive(Path(name) / "archive", demo, options.datasets), options, memory)
    if options.large is not None:
        orders = [order_of(options.large)]
        for what in ("first", "second"):
            seconds, work, most = run(orders, options.jobs, memory)
            print(f"{options.large.name}, {what} run: {seconds:.1f} s, {work:.1f} s of work, "
                  f"at most {most / 1e9:.2f} GB a worker")  # fmt: skip


def measure_many(orders: list[Order], options: argparse.Namespace, memory: int) -> None:
    """Many datasets by one worker and by several, and again."""
    one, _, most = run(orders, 1, memory)
    print(f"{len(orders)} datasets, 1 worker: {one:.1f} s, at most {most / 1e9:.2f} GB")
    again, _, _ = run(orders, 1, memory)
    print(f"the same again: {again:.2f} s, {again / one:.1%} of it")
    forget(orders)
    several, work, most = run(orders, options.jobs, memory)
    overhead = 1 - work / (several * options.jobs)
    print(f"{options.jobs} workers: {several:.1f} s, {one / several:.2f} times as fast, "
          f"{overhead:.1%} of their time not at work, at most {most / 1e9:.2f} GB")  # fmt: skip


if __name__ == "__main__":
    main()
