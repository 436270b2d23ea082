"""Compressed features: the first opening, and all after it as if they were not compressed."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from qtpy.QtWidgets import QApplication
from window import open_window, row, settle, timed

from phygui import Session
from phygui.gui.app.app import make_application
from phygui.gui.base.settings import Settings
from phygui.gui.window.main_window import MainWindow
from phygui.storage.arrays import filebytes
from phygui.storage.arrays.stores import ContiguousStore
from phygui.storage.unpacked import room
from scale.datasets import Datasets

NAMES = {"gzip-auto": "h5py's own chunks", "gzip-large": "chunks of 1.5 MB"}
PLAIN = "gzip-none"
"""The same spikes, not compressed."""
FEATURES = "/channel_groups/0/features_masks"
N_SCATTERED = 5_000


def decompressed(path: Path) -> float:
    """Seconds that h5py takes to decompress the features once, chunk by chunk."""
    start = time.perf_counter()
    with h5py.File(path.with_suffix(".kwx")) as file:
        dataset = file[FEATURES]
        step = dataset.chunks[0]
        for at in range(0, len(dataset), step):
            dataset[at : at + step]
    return time.perf_counter() - start


def opened(path: Path) -> tuple[MainWindow, float, float]:
    """A window, and seconds until it has painted all and until nothing is left to unpack."""
    settings = Settings(Path(tempfile.mkdtemp()) / "settings.ini")
    application = make_application(settings)
    start = time.perf_counter()
    window = MainWindow(Session.open(path, journal=True), settings, reset_layout=True)
    window.resize(1920, 1080)
    window.show()
    application.processEvents()
    settle(window)
    painted = time.perf_counter() - start
    while any(p.job() is not None for p in window.session.shank.preparations):
        QApplication.processEvents()
        time.sleep(0.0005)
    return window, painted, time.perf_counter() - start


def closed(window: MainWindow) -> None:
    """Let go of a window."""
    settle(window, background=True)
    window.dispose()
    window.close()


def opened_again(path: Path, repeats: int) -> float:
    """Seconds until all is painted of a file that was opened before, the median of some."""
    taken = []
    for _ in range(repeats):
        window, painted, _ = opened(path)
        closed(window)
        taken.append(painted)
    return statistics.median(taken)


def learnt(path: Path) -> float:
    """Seconds that the statistics of all clusters take."""
    with Session.open(path, journal=False) as session:
        start = time.perf_counter()
        session.learn_all()
        taken = time.perf_counter() - start
        session.close(discard=True)
    return taken


def keys(path: Path, repeats: int) -> dict[str, float]:
    """Milliseconds of a selection of one and of a *next*."""
    window = open_window(path, Path(tempfile.mkdtemp()))
    session = window.session
    sizes = {c: len(s) for c, s in session.spikes_per_cluster.items()}
    chosen = sorted(sizes, key=lambda c: -sizes[c])[: repeats + 2]
    times: dict[str, list[float]] = {"select one": [], "next": []}
    for n, cluster in enumerate(chosen):
        taken = timed(window, lambda cluster=cluster: session.select([cluster]))
        walked = timed(window, session.next_best)
        if n > 1:
            times["select one"].append(taken)
            times["next"].append(walked)
    closed(window)
    return {key: statistics.median(taken) for key, taken in times.items()}


def cold_rows(path: Path) -> bool:
    """Print scattered rows that are on the disk only, against the kernel not told of them."""
    path = path.with_suffix(".kwx")
    with h5py.File(path) as file:
        dataset = file[FEATURES]
        offset, shape, dtype = dataset.id.get_offset(), dataset.shape, dataset.dtype
    store = ContiguousStore(path, offset, shape, dtype)
    chance = np.random.default_rng(0)
    inner = [slice(0, n, 1) for n in shape[1:]]
    fetch = filebytes._Opened.fetch
    fd = os.open(path, os.O_RDONLY)

    def measure() -> float:
        rows = np.sort(chance.choice(shape[0], N_SCATTERED, replace=False))
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        start = time.perf_counter()
        store.read([rows, *inner])
        return time.perf_counter() - start

    told, untold = [], []
    try:
        for _ in range(3):
            filebytes._Opened.fetch = fetch  # type: ignore[method-assign]
            told.append(measure())
            filebytes._Opened.fetch = lambda *_: None  # type: ignore[method-assign]
            untold.append(measure())
    finally:
        filebytes._Opened.fetch = fetch  # type: ignore[method-assign]
        os.close(fd)
        store.close()
    ours, bare = statistics.median(told), statistics.median(untold)
    what, against = f"{N_SCATTERED:,} cold rows", f"one after the other {1e3 * bare:.0f} ms"
    return row(what, f"{1e3 * ours:.0f} ms", against, ours / bare, 0.5)


def report(datasets: Datasets, repeats: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    results = [cold_rows(datasets.cold("spikes-1000000"))]
    with tempfile.TemporaryDirectory() as cache:
        room.folder = lambda: Path(cache) / "unpacked"
        plain_cold = learnt(datasets.without_statistics(PLAIN))
        plain = datasets.path(PLAIN)
        again = opened_again(plain, repeats)
        plain_keys = keys(plain, repeats)
        for name, what in NAMES.items():
            path = datasets.without_statistics(name)
            once = decompressed(path)
            window, _, taken = opened(path)
            closed(window)
            said = f"first opening, {what}"
            against = f"decompressing once {once:.2f} s"
            results.append(row(said, f"{taken:.2f} s", against, taken / once, 1.5))
            painted = opened_again(path, repeats)
            said, against = f"second opening, {what}", f"not compressed {again:.2f} s"
            results.append(row(said, f"{painted:.2f} s", against, painted / again, 1.2))
            cold = learnt(datasets.without_statistics(name))
            against = f"not compressed {plain_cold:.1f} s"
            said = f"cold statistics, {what}"
            results.append(row(said, f"{cold:.1f} s", against, cold / plain_cold, 1.2))
            for key, taken in keys(path, repeats).items():
                against = f"not compressed {plain_keys[key]:.0f} ms"
                said = f"{key}, {what}"
                results.append(row(said, f"{taken:.0f} ms", against, taken / plain_keys[key], 1.2))
    return results
