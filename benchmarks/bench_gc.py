"""What it gains not to look for garbage while the window opens, nor in what is there by then.

    xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/bench_gc.py [--pairs N] [--folder F]

Starts with and without take turns; processor time is compared, which other programs hardly change.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from window import OUR_START, keep_statistics, open_window

from phygui.simulate import make_demo

SEARCHING = "import gc\ngc.disable = lambda: None\n"
"""The program leaves the collector as it finds it."""


def start_s(code: str, path: Path) -> float:
    """Seconds of processor time until every view has painted."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def search_ms() -> float:
    """Milliseconds of processor time that one search through all objects takes."""
    times = []
    for _ in range(7):
        start = time.thread_time()
        gc.collect()
        times.append(1e3 * (time.thread_time() - start))
    return statistics.median(times)


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where the dataset is built and kept")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="phygui-bench-"))
    path = folder / "start.kwik"
    if not path.exists():
        make_demo(folder, name="start", n_spikes=20_000, n_clusters=24, duration=120.0)
    keep_statistics(path)
    pairs = []
    for n in range(arguments.pairs + 1):
        pair = start_s(OUR_START, path), start_s(SEARCHING + OUR_START, path)
        if n:
            pairs.append(pair)
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"start: {ours:.2f} s of processor time, {theirs:.2f} s searching, ratio {ratio:.2f}")
    window = open_window(path, folder)
    everything = search_ms()
    gc.freeze()
    print(f"a search: {search_ms():.1f} ms, {everything:.1f} ms through what the start made too")
    window.dispose()


if __name__ == "__main__":
    main()
