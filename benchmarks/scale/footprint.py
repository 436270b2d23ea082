"""What the program takes before anything is done with it, and what it holds after much of that."""

from __future__ import annotations

from window import bench_memory, bench_start

from scale.datasets import Datasets

MEMORY_BARS_MB = {"spikes-1000000": 300, "spikes-10000000": 500, "big": 500}
"""Private memory after 100 selections and 50 edits, by the name of the dataset."""
NAMES = {
    "spikes-1000000": "1,000,000 x 32",
    "spikes-10000000": "10,000,000 x 32",
    "big": "1,000,000 x 384",
}


def report(datasets: Datasets, repeats: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    results = [bench_start(datasets.path("demo"), repeats, 2.0)]
    for name, bar in MEMORY_BARS_MB.items():
        results += bench_memory(datasets.path(name), NAMES[name], bar)
    return results
