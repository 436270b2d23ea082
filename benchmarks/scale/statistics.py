"""Statistics and metrics of all clusters when nothing is kept of them.

Both what they take and what they are compared with are measured with all files in memory, and
with none of them: a recording that was made, or copied, a while ago is on the drive only.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from window import row

from phygui import Session
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


def forget(path: Path) -> None:
    """Have the system hold nothing of a file in memory."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def learn(path: Path) -> float:
    """Seconds that all statistics and metrics take, piece after piece, without a window."""
    session = Session.open(path, journal=False)
    start = time.perf_counter()
    session.learn_all()
    taken = time.perf_counter() - start
    session.close(discard=True)
    return taken


def bench_learning(datasets: Datasets, name: str) -> list[bool]:
    """All that is computed of all clusters, against reading what it comes from.

    These are all features and masks and all raw data: the clusters have their spikes everywhere,
    and of each of them some channels count.
    """
    results = []
    for where in ("on the drive", "in memory"):
        path = datasets.without_statistics(name)
        files = [path.with_suffix(end) for end in (".kwx", ".dat")]
        if where == "in memory":
            # Those that are not there by now.
            for file in files:
                read_in_order(file)
        else:
            for file in files:
                forget(file)
        floor = sum(map(read_in_order, files))
        if where == "on the drive":
            for file in files:
                forget(file)
        taken = learn(path)
        results.append(
            row(
                f"cold statistics and metrics, {NAMES[name]}, files {where}",
                f"{taken:.1f} s",
                f"reading the .kwx and the .dat {floor:.1f} s",
                taken / floor,
                BARS[name],
            )
        )
    return results


def report(datasets: Datasets, _: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    return [met for name in NAMES for met in bench_learning(datasets, name)]
