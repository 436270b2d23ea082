"""Selections of 1, 2, 10 and 24 clusters until all is painted, and the keys that end in one."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from window import (
    N_SPIKES_SELECTED,
    PAIR,
    STALLS,
    floor_ms,
    open_window,
    row,
    settle,
    stall_row,
    time_keys,
    timed,
)

from phygui.gui.window.main_window import MainWindow
from scale.datasets import Datasets

MANY = 24
"""Clusters, as whoever looks for what belongs together selects them."""
NAMES = {
    "spikes-1000000": "1,000,000 x 32",
    "spikes-10000000": "10,000,000 x 32",
    "big": "1,000,000 x 384",
}
WORDS = {1: "one", 2: "two", 10: "ten"}


class Clusters:
    """The clusters of a session by how near their size is to a usual one; each is new for a while.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window: MainWindow) -> None:
        sizes = {c: len(s) for c, s in window.session.spikes_per_cluster.items()}
        self._ordered = sorted(sizes, key=lambda c: abs(sizes[c] - N_SPIKES_SELECTED))
        self._at = 0

    def take(self, n: int) -> list[int]:
        """So many, the next ones."""
        if self._at + n > len(self._ordered):
            self._at = 0
        self._at += n
        return self._ordered[self._at - n : self._at]


def selections(
    window: MainWindow, clusters: Clusters, n: int, repeats: int, *, floor: bool = False
) -> tuple[float, float]:
    """Milliseconds that selections of so many clusters take, and their floor, in turns."""
    times, floors = [], []
    for _ in range(repeats):
        chosen = clusters.take(n)
        times.append(timed(window, lambda chosen=chosen: window.session.select(chosen)))
        if floor:
            floors.append(floor_ms(window, 3))
    return statistics.median(times), statistics.median(floors) if floors else float("nan")


def stalls(window: MainWindow, clusters: Clusters, n: int, repeats: int, what: str) -> bool:
    """Print the longest stall of the GUI thread while so many clusters are selected."""
    with STALLS.measured():
        selections(window, clusters, n, repeats)
    return stall_row(what, window)


def keys(window: MainWindow, clusters: Clusters, repeats: int, what: str) -> list[bool]:
    """Print edits and walks against selections of two clusters that are as new as theirs."""
    window.session.wizard.skip_noise_and_mua = False
    times = time_keys(window, lambda: clusters.take(2), repeats)
    pair = statistics.median(times.pop(PAIR))
    results = []
    for key, taken in times.items():
        each = statistics.median(taken)
        name, against = f"{key}, {what}", f"selection of two {pair:.0f} ms"
        results.append(row(name, f"{each:.0f} ms", against, each / pair, 1.2))
    return results


def report(datasets: Datasets, repeats: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    results: list[bool] = []
    lines: dict[int, float] = {}
    for name, what in NAMES.items():
        window = open_window(datasets.path(name), Path(tempfile.mkdtemp()))
        clusters = Clusters(window)
        for n in (1, 2):
            selections(window, clusters, n, 2)
        taken = {}
        for n in (1, 2, 10):
            taken[n], floor = selections(window, clusters, n, repeats, floor=not lines)
            against, least = f"floor {floor:.0f} ms", floor
            if lines:
                against, least = f"of 1,000,000 x 32: {lines[n]:.0f} ms", lines[n]
            said = f"select {WORDS[n]}, {what}", f"{taken[n]:.0f} ms"
            results.append(row(*said, against, taken[n] / least, 1.3))
        if not lines:
            lines = taken
            results += keys(window, clusters, repeats, what)
        if name == "big":
            many, _ = selections(window, clusters, MANY, repeats)
            said, against = f"select {MANY}, {what}", f"one of them {taken[1]:.0f} ms"
            results.append(row(said, f"{many:.0f} ms", against, many / taken[1], 6.0))
            results.append(stalls(window, clusters, MANY, repeats, said))
        settle(window)
        window.dispose()
        window.close()
    return results
