"""Statistics and metrics of all clusters when nothing is kept of them, and keys meanwhile."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from window import in_turns, open_window, row, settle, time_keys, timed

from phygui import Session
from phygui.gui.window.main_window import MainWindow
from scale.datasets import Datasets
from scale.selections import NAMES

BARS = {"spikes-1000000": None, "spikes-10000000": 3.0, "big": 3.0}
PIECE = 2**24
"""Bytes of a file that are looked at together."""


def read_in_order(path: Path) -> float:
    """Seconds that a memory map takes to give all bytes of a file, once, in their order."""
    mapped = np.memmap(path, np.uint8, "r")
    start = time.perf_counter()
    for at in range(0, len(mapped), PIECE):
        np.array(mapped[at : at + PIECE])
    return time.perf_counter() - start


def learn(path: Path) -> float:
    """Seconds that all statistics and metrics take, piece after piece, without a window."""
    session = Session.open(path, journal=False)
    start = time.perf_counter()
    session.learn_all()
    taken = time.perf_counter() - start
    session.close(discard=True)
    return taken


def bench_learning(datasets: Datasets, name: str) -> bool:
    """All that is computed of all clusters, against reading what it comes from.

    These are all features and masks and all raw data: the clusters have their spikes everywhere,
    and of each of them some channels count.
    """
    path = datasets.without_statistics(name)
    floor = sum(read_in_order(path.with_suffix(end)) for end in (".kwx", ".dat"))
    taken = learn(path)
    return row(
        f"cold statistics and metrics, {NAMES[name]}",
        f"{taken:.1f} s",
        f"reading the .kwx and the .dat {floor:.1f} s",
        taken / floor,
        BARS[name],
    )


def keys(window: MainWindow, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of the keys that are pressed most, and of a selection."""
    session = window.session
    session.wizard.skip_noise_and_mua = False
    sizes = {c: len(s) for c, s in session.spikes_per_cluster.items()}
    middle = sorted(sizes, key=sizes.__getitem__)[len(sizes) // 2 :]
    times = time_keys(window, in_turns(middle), repeats)
    times["select"] = [timed(window, lambda c=c: session.select([c])) for c in middle[4:][:repeats]]
    return times


def bench_keys(datasets: Datasets, name: str, repeats: int) -> list[bool]:
    """Keys while statistics are computed, against the same keys when all is quiet."""
    path, results = datasets.without_statistics(name), []
    window = open_window(path, Path(tempfile.mkdtemp()))
    quiet = keys(window, repeats)
    knowledge = window.session.knowledge
    knowledge.forget()
    knowledge.is_recalled = True
    window.background.request()
    busy = keys(window, repeats)
    for key, times in busy.items():
        median = statistics.median(quiet[key])
        what = f"{key} while statistics are computed, {NAMES[name]}"
        ours, worst = statistics.median(times), max(times)
        against = f"when all is quiet {median:.0f} ms"
        results.append(row(what, f"{ours:.0f} ms", against, ours / median, 1.5))
        results.append(row(f"{what}, at most", f"{worst:.0f} ms", against, worst / median, 3.0))
    window.background.stop()
    settle(window)
    window.dispose()
    window.close()
    return results


def report(datasets: Datasets, repeats: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    results = [bench_learning(datasets, name) for name in NAMES]
    for name in NAMES:
        results += bench_keys(datasets, name, repeats)
    return results
