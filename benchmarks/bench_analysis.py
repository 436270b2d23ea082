"""Speed and memory of the numerics, as ratios to phylib and SpikeInterface in one run.

    python -m venv bench && bench/bin/pip install -e . -r benchmarks/requirements.txt
    bench/bin/python benchmarks/bench_analysis.py

Without phylib or SpikeInterface the rows that compare with them are left out, and it says so.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import phygui.analysis

RATE = 20_000.0
BIN, WINDOW = 0.001, 0.05


def median_ms(function: Callable[[], Any], repeats: int) -> float:
    """Median duration in milliseconds, after one call that does not count."""
    function()
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        durations.append(time.perf_counter() - start)
    return 1e3 * statistics.median(durations)


def trains(n_clusters: int, n_each: int, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Poisson-like spike samples, sorted, and their clusters."""
    rng = np.random.default_rng(1)
    n_spikes = n_clusters * n_each
    samples = np.sort(rng.integers(0, int(duration * RATE), n_spikes))
    return samples, rng.permutation(np.repeat(np.arange(n_clusters, dtype=np.int32), n_each))


def others() -> dict[str, Any]:
    """phylib's and SpikeInterface's functions, where they are installed."""
    found: dict[str, Any] = {}
    try:
        from phylib.stats.ccg import correlograms

        found["phylib"] = correlograms
    except ImportError:
        print("phylib is not installed: pip install -r benchmarks/requirements.txt")
    try:
        import spikeinterface
        from spikeinterface.postprocessing.correlograms import (
            _compute_correlograms_on_sorting as on_sorting,
        )

        def of_spikeinterface(samples: np.ndarray, clusters: np.ndarray) -> Callable[[], Any]:
            sorting = spikeinterface.NumpySorting.from_samples_and_labels(
                [samples], [clusters], RATE
            )
            return lambda: on_sorting(
                sorting, window_ms=1e3 * WINDOW, bin_ms=1e3 * BIN, method="numba", fast_mode=False
            )

        found["spikeinterface"] = of_spikeinterface
    except ImportError:
        print("SpikeInterface is not installed: pip install -r benchmarks/requirements.txt")
    return found


def compare_correlograms(repeats: int) -> None:
    """The same work done by each: milliseconds, ratios, and whether the counts agree."""
    installed = others()
    print(f"\ncorrelograms, {1e3 * BIN:g} ms bins, {1e3 * WINDOW:g} ms window, medians")
    print(f"{'work':34s} {'phygui':>9s} {'phylib':>16s} {'SpikeInterface':>18s}  counts")
    for n_clusters, n_each in ((10, 10_000), (2, 20_000)):
        for duration in (3600.0, 600.0):
            samples, clusters = trains(n_clusters, n_each, duration)
            times = samples / RATE
            sizes = {"sample_rate": RATE, "bin_size": BIN, "window_size": WINDOW}

            def ours(t=times, c=clusters, sizes=sizes):
                return phygui.analysis.correlograms(t, c, **sizes)

            own = median_ms(ours, repeats)
            name = f"{n_clusters} x {n_each:,} over {duration / 60:g} min"
            line = f"{name:34s} {own:6.2f} ms"
            agree = ""
            if "phylib" in installed:

                def theirs(t=times, c=clusters, sizes=sizes):
                    return installed["phylib"](t, c, **sizes)

                their = median_ms(theirs, max(3, repeats // 4))
                line += f" {their:7.2f} ({their / own:4.1f}x)"
                agree = "equal" if np.array_equal(ours(), theirs()) else "DIFFER"
            else:
                line += f" {'-':>16s}"
            if "spikeinterface" in installed:
                their = median_ms(installed["spikeinterface"](samples, clusters), repeats)
                line += f" {their:9.2f} ({their / own:4.1f}x)"
            else:
                line += f" {'-':>18s}"
            print(f"{line}  {agree}")


def memory(field: str) -> int:
    """A figure of this process's memory from Linux, in kB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0])


def large() -> None:
    """Two clusters of a million spikes: seconds, and the peak above what the input takes."""
    phygui.analysis.warm_up()
    samples, clusters = trains(2, 1_000_000, 3600.0)
    times = samples / RATE
    del samples
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
    before = memory("VmRSS")
    start = time.perf_counter()
    counts = phygui.analysis.correlograms(
        times, clusters, sample_rate=RATE, bin_size=BIN, window_size=WINDOW
    )
    duration = time.perf_counter() - start
    peak = memory("VmHWM") - before
    print(
        f"\ncorrelograms of 2 x 1,000,000 spikes over 60 min: {duration:.2f} s, "
        f"a peak of {peak / 1024:.1f} MB above the input, {counts.sum():,} counts"
    )


def rest(repeats: int) -> None:
    """The other functions that a view waits for."""
    rng = np.random.default_rng(2)
    points = rng.normal(size=(1_000_000, 2))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    polygon = np.column_stack([np.cos(angles), np.sin(angles)])
    traces = rng.integers(-500, 500, (1_200_000, 64)).astype(np.int16)
    samples, _ = trains(2, 50_000, 3600.0)
    a, b = samples[::2], samples[1::2]
    ids = np.arange(1_000_000)
    edges = phygui.analysis.log_lag_edges(0.001, 10.0, 60)
    summaries = [
        phygui.analysis.summarize(
            rng.normal(size=(100, 96)), waveforms=rng.normal(size=(2, 32, 32))
        )
        for _ in range(1000)
    ]
    rows: list[tuple[str, Callable[[], Any]]] = [
        (
            "1,000,000 points in a polygon of 24",
            lambda: phygui.analysis.points_in_polygon(points, polygon),
        ),
        (
            "60 s of 64 channels to 2,000 bins",
            lambda: phygui.analysis.decimate_min_max(traces, 2000),
        ),
        (
            "one pair of 50,000, 1 ms bins",
            lambda: phygui.analysis.cross_correlogram(a, b, bin_size=20, window_size=1000),
        ),
        (
            "one pair of 50,000, log bins to 10 s",
            lambda: phygui.analysis.lag_correlogram(a, b, edges, RATE),
        ),
        (
            "intervals of 100,000 spikes",
            lambda: phygui.analysis.isi_histogram(samples, edges, RATE),
        ),
        (
            "similarity of one cluster to 1,000",
            lambda: phygui.analysis.similarity(summaries[:1], summaries),
        ),
        ("500 of 1,000,000 spikes", lambda: phygui.analysis.sample_spikes(ids, 500)),
    ]
    print("\nother functions, medians")
    for name, function in rows:
        print(f"{name:40s} {median_ms(function, repeats):9.3f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--only-large", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only_large:
        large()
        return
    phygui.analysis.warm_up()
    compare_correlograms(arguments.repeats)
    # In a process of its own: the peak of memory is the process's.
    sys.stdout.flush()
    subprocess.run([sys.executable, __file__, "--only-large"], check=True)
    rest(max(3, arguments.repeats // 4))


if __name__ == "__main__":
    main()
