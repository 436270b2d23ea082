"""What undo takes in memory: a hundred merges in a clustering of 5,000,000 spikes.

    python benchmarks/bench_undo.py

One cluster has nearly all the spikes, and 1,000 more join it with each merge; then all is undone,
and made again. The exit status is 1 if more than 100 MB are in use after any of these steps beyond
what was in use before the first, or if undo does not reach it. Linux only.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui.curation.edits.clustering import Clustering
from phygui.curation.opened import Curation
from phygui.curation.session import Session
from phygui.simulate import make_demo

N_SPIKES = 5_000_000
N_MERGES = 100
N_JOINING = 1_000
MOST_MB = 100


def in_use(what: str = "VmRSS") -> float:
    """Memory of this process in MB; ``VmHWM`` is the most that it ever was."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise OSError(f"the system tells no {what}")


def open_large(folder: Path) -> tuple[Session, np.ndarray]:
    """A session on many spikes, and their clusters; no file has to be that large for it."""
    demo = make_demo(folder, n_spikes=600, n_clusters=12, n_channels=4, duration=20.0, raw=None)
    session = Session.open(demo.kwik_path)
    rng = np.random.default_rng(0)
    clusters = np.zeros(N_SPIKES, np.int32)
    joining = rng.choice(N_SPIKES, N_MERGES * N_JOINING, replace=False)
    clusters[joining] = np.repeat(np.arange(1, N_MERGES + 1), N_JOINING)
    small = session.workspace.active
    key = small.channel_group, small.name
    large = Curation(*key, Clustering(clusters), small.groups, small.labels)
    session.workspace.active = session.workspace.curations[key] = large
    return session, clusters


def main() -> int:
    """Measure, and print a row for each direction."""
    with tempfile.TemporaryDirectory() as folder:
        session, clusters = open_large(Path(folder))
        start, most = in_use(), 0.0
        Path("/proc/self/clear_refs").write_text("5")
        big = 0

        def merge(number: int) -> None:
            nonlocal big
            big = session.merge([big, number]).added[0]

        steps: tuple[tuple[str, Callable[[int], object]], ...] = (
            ("merge", merge),
            ("undo", lambda _: session.undo()),
            ("redo", lambda _: session.redo()),
        )
        reached = True
        for name, step in steps:
            seconds, used = [], 0.0
            for number in range(1, N_MERGES + 1):
                begin = time.perf_counter()
                step(number)
                seconds.append(time.perf_counter() - begin)
                used = max(used, in_use() - start)
            if name == "undo":
                reached = bool((session.spike_clusters == clusters).all())
            peak = in_use("VmHWM") - start
            print(
                f"{name:6s} {N_MERGES} times: +{used:.0f} MB after a step, +{peak:.0f} MB within "
                f"one, {1e3 * statistics.median(seconds):.0f} ms each"
            )
            most = max(most, used)
        session.close()
    print(f"undo {'reaches' if reached else 'DOES NOT REACH'} the first state")
    return 0 if reached and most <= MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())
