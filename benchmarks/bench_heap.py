"""What each part of what the program does with the heap of the C library gains.

    xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/bench_heap.py [--runs N] [--folder F]

Private memory at rest after thirty selections and fifteen edits, and the time of a start, of the
program as it is and without the parts, taking turns. Nothing is compared across runs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from window import MEMORY, OUR_START, keep_statistics

from phygui.simulate import make_demo

NOT_APART = "import phygui.heap\nphygui.heap.keep_large_apart = lambda: False\n"
NO_TRIM = "import phygui.heap\nphygui.heap.trim = lambda: False\n"
VARIANTS = {
    "as it is": "",
    "large arrays in the heap": NOT_APART,
    "without trimming": NO_TRIM,
    "neither": NOT_APART + NO_TRIM,
}


def private_mb(prelude: str, path: Path) -> float:
    """Private memory after thirty selections, in a process of its own."""
    code = prelude + MEMORY.replace("range(100)", "range(30)").replace("(9, 99)", "(9, 29)")
    command = [sys.executable, "-c", code, str(path), str(Path(__file__).parent)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(told[-1])


def start_s(prelude: str, path: Path) -> float:
    """Seconds until every view has painted."""
    started = time.perf_counter()
    command = [sys.executable, "-c", prelude + OUR_START, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print a line for each variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where datasets are built and kept")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="phygui-bench-"))
    large, small = folder / "heap.kwik", folder / "start.kwik"
    if not large.exists():
        make_demo(folder, name="heap", n_spikes=100_000, n_clusters=60, duration=300.0)
        make_demo(folder, name="start", n_spikes=20_000, n_clusters=24, duration=120.0)
    keep_statistics(small)
    memory: dict[str, list[float]] = {name: [] for name in VARIANTS}
    starts: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for n in range(arguments.runs + 1):
        for name, prelude in VARIANTS.items():
            for _ in range(3):
                starts[name].append(start_s(prelude, small))
            if n:
                memory[name].append(private_mb(prelude, large))
            else:
                starts[name].clear()
    for name in VARIANTS:
        mb, seconds = statistics.median(memory[name]), statistics.median(starts[name])
        print(f"{name:40s} {mb:4.0f} MB ({memory[name]}), start {seconds:.3f} s")


if __name__ == "__main__":
    main()
