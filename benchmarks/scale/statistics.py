"""Statistics and metrics of all clusters when nothing is kept of them."""

from __future__ import annotations

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


def report(datasets: Datasets, _: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    return [bench_learning(datasets, name) for name in NAMES]
