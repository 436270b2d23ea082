"""Keys while all statistics are computed anew, against the same keys when all is quiet."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from window import in_turns, open_window, row, settle, time_keys, timed

from phygui.gui.window.main_window import MainWindow
from scale.datasets import Datasets
from scale.selections import NAMES


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
    """Keys when all is known, and while it is computed as if nothing were."""
    window = open_window(datasets.with_statistics(name), Path(tempfile.mkdtemp()))
    results = []
    keys(window, 1)  # what is loaded at the first use is not what is compared
    quiet = keys(window, repeats)
    knowledge = window.session.knowledge
    knowledge.forget()
    knowledge.is_recalled = True
    window.background.request()
    busy = keys(window, repeats)
    is_busy = window.background.is_busy
    for key, times in busy.items():
        median = statistics.median(quiet[key])
        what = f"{key} while statistics are computed, {NAMES[name]}"
        ours, worst = statistics.median(times), max(times)
        against = f"when all is quiet {median:.0f} ms"
        results.append(row(what, f"{ours:.0f} ms", against, ours / median, 1.5))
        results.append(row(f"{what}, at most", f"{worst:.0f} ms", against, worst / median, 3.0))
    if not is_busy:
        print(f"{NAMES[name]}: all was computed before the last key")
    window.background.stop()
    settle(window)
    window.dispose()
    window.close()
    return results


def report(datasets: Datasets, repeats: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    results = []
    for name in NAMES:
        results += bench_keys(datasets, name, repeats)
    return results
