"""What the tables and the wizard cost: an edit, a step of the selection, sorting, filtering.

    xvfb-run -a python benchmarks/bench_gui.py [--clusters 1000] [--cpu]

Both tables are on screen, without plots. The time of an edit with tables and wizard is compared
with that of the same kind of edit without them, in the same run; the difference is to be under
10 ms at 1,000 clusters. Painting, which Qt does once for all that has changed, is given apart.
Edits go to no journal, whose time is measured by bench_safety.py. With --cpu the time of the
processor is taken instead of that of the clock, for a machine that is busy with other things.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_API", "pyqt5")

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QSplitter

from phygui import Session
from phygui.curation.edits.clustering import Clustering
from phygui.gui.app.app import make_application
from phygui.gui.app.preload import compile_all
from phygui.gui.base.settings import Settings
from phygui.gui.docks.cluster_tables import Tables
from phygui.simulate import make_demo

BAR_MS = 10.0
clock: Callable[[], float] = time.perf_counter


def over_split(folder: Path, n_clusters: int) -> Session:
    """A session of so many clusters: the units of a demo, cut into pieces of equal size."""
    n_spikes = max(40_000, 20 * n_clusters)
    demo = make_demo(folder, n_spikes=n_spikes, n_clusters=40, n_channels=32, duration=120.0)
    session = Session.open(demo.kwik_path, journal=False)
    order = np.argsort(session.spike_clusters, kind="stable")
    pieces = np.empty(len(order), np.int64)
    pieces[order] = np.arange(len(order)) * n_clusters // len(order)
    session.assign(np.arange(len(order)), pieces)
    return session


def learn(session: Session) -> None:
    """Compute what similarity and quality come from; one cluster's metrics stand for all."""
    knowledge = session.knowledge
    while not knowledge.metrics:
        session.statistics.add(session.statistics.job()(lambda: False))
    metrics = next(iter(knowledge.metrics.values()))
    knowledge.metrics.update(dict.fromkeys(session.cluster_ids.tolist(), metrics))


def median_ms(work: Callable[[], object], after: Callable[[], object], n: int = 15) -> float:
    """Time of some work, without what comes after it."""
    times = []
    for _ in range(n):
        start = clock()
        work()
        times.append(1000 * (clock() - start))
        after()
    return statistics.median(times)


def main() -> None:
    global clock
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--cpu", action="store_true")
    args = parser.parse_args()
    if args.cpu:
        clock = time.thread_time
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "settings.ini")
        app = make_application(settings)
        compile_all()
        session = over_split(Path(folder), args.clusters)
        learn(session)
        run(app, session)
        session.close(discard=True)


def run(app: QApplication, session: Session) -> None:
    tables = Tables(session, lambda work: work())
    splitter = QSplitter(Qt.Orientation.Vertical)
    splitter.addWidget(tables.clusters)
    splitter.addWidget(tables.matches)
    splitter.resize(500, 900)
    splitter.show()
    session.clustered.connect(tables.update)
    session.selection_changed.connect(lambda _: tables.select())
    session.stats_changed.connect(tables.learn)
    tables.reload()
    session.first_best()
    app.processEvents()
    print(f"{len(session.cluster_ids)} clusters, {len(session.spike_clusters)} spikes")
    bare = Clustering(session.spike_clusters.copy(), int(session.cluster_ids.max()))

    def bare_merge() -> None:
        bare.apply(bare.merge(bare.cluster_ids[:2].tolist()))

    def bare_split() -> None:
        spikes = max(bare.spikes_per_cluster.values(), key=len)
        bare.apply(bare.split(spikes[: len(spikes) // 2]))

    def split() -> None:
        spikes = max(session.spikes_per_cluster.values(), key=len)
        session.split(spikes[: len(spikes) // 2])

    def move() -> None:
        session.move(session.selection.best, "good")

    painted: list[float] = []

    def paint() -> None:
        start = clock()
        app.processEvents()
        painted.append(1000 * (clock() - start))

    floor = {
        name: median_ms(work, lambda: None)
        for name, work in (("merge", bare_merge), ("split", bare_split))
    }
    worst = 0.0
    for name, work, alone in (
        ("merge", session.merge, floor["merge"]),
        ("undo", session.undo, floor["merge"]),
        ("split", split, floor["split"]),
        ("move best", move, 0.0),
    ):
        taken = median_ms(work, paint)
        worst = max(worst, taken - alone)
        print(f"{name:14}{taken:8.2f} ms, beyond the edit alone {taken - alone:8.2f} ms")
        session.first_best()
    print(f"{'worst':14}{worst:8.2f} ms beyond the edit, bar {BAR_MS:.0f} ms: {worst / BAR_MS:.2f}")
    turn = iter(range(1000))
    for name, work in (
        ("next best", session.next_best),
        ("next match", session.next_match),
        ("sort", lambda: tables.clusters.rows.sort_by("depth", next(turn) % 2 == 0)),
        ("filter", lambda: tables.clusters.filter.setText(f"n_spikes > {next(turn) % 20}")),
    ):
        print(f"{name:14}{median_ms(work, paint):8.2f} ms")
    print(f"{'painting':14}{statistics.median(painted):8.2f} ms")
    splitter.close()


if __name__ == "__main__":
    main()
