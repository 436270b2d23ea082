"""Compressed features: the first opening, and all after it as if they were not compressed."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from functools import partial
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


def opened_again(paths: list[Path], repeats: int) -> list[float]:
    """Seconds until all is painted of files that were opened before, in turns; medians."""
    taken: list[list[float]] = [[] for _ in paths]
    for _ in range(repeats):
        for times, path in zip(taken, paths, strict=True):
            window, painted, _ = opened(path)
            closed(window)
            times.append(painted)
    return [statistics.median(times) for times in taken]


def learnt(path: Path) -> float:
    """Seconds that the statistics of all clusters take."""
    with Session.open(path, journal=False) as session:
        start = time.perf_counter()
        session.learn_all()
        taken = time.perf_counter() - start
        session.close(discard=True)
    return taken


def keys(paths: list[Path], repeats: int) -> dict[str, list[float]]:
    """Milliseconds of a selection of one and of a *next* in windows that take turns; medians."""
    windows = [open_window(path, Path(tempfile.mkdtemp())) for path in paths]
    times: dict[str, list[list[float]]] = {
        "select one": [[] for _ in paths],
        "next": [[] for _ in paths],
    }
    sizes = {c: len(s) for c, s in windows[0].session.spikes_per_cluster.items()}
    chosen = sorted(sizes, key=lambda c: -sizes[c])[: repeats + 2]
    for n, cluster in enumerate(chosen):
        for i, window in enumerate(windows):
            taken = timed(window, partial(window.session.select, [cluster]))
            walked = timed(window, window.session.next_best)
            if n > 1:
                times["select one"][i].append(taken)
                times["next"][i].append(walked)
    for window in windows:
        closed(window)
    return {key: [statistics.median(of) for of in taken] for key, taken in times.items()}


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
        compressed = [datasets.without_statistics(name) for name in NAMES]
        for path, what in zip(compressed, NAMES.values(), strict=True):
            once = decompressed(path)
            window, _, taken = opened(path)
            closed(window)
            said = f"first opening, {what}"
            against = f"decompressing once {once:.2f} s"
            results.append(row(said, f"{taken:.2f} s", against, taken / once, 1.5))
        # They take turns: how fast a machine is differs more from minute to minute than they do.
        paths = [datasets.path(PLAIN), *compressed]
        plain, *others = opened_again(paths, repeats)
        for painted, what in zip(others, NAMES.values(), strict=True):
            said, against = f"second opening, {what}", f"not compressed {plain:.2f} s"
            results.append(row(said, f"{painted:.2f} s", against, painted / plain, 1.2))
        for key, (plain, *others) in keys(paths, repeats).items():
            for taken, what in zip(others, NAMES.values(), strict=True):
                said, against = f"{key}, {what}", f"not compressed {plain:.0f} ms"
                results.append(row(said, f"{taken:.0f} ms", against, taken / plain, 1.2))
        plain = learnt(datasets.without_statistics(PLAIN))
        for name, what in NAMES.items():
            said, against = f"cold statistics, {what}", f"not compressed {plain:.1f} s"
            cold = learnt(datasets.without_statistics(name))
            results.append(row(said, f"{cold:.1f} s", against, cold / plain, 1.2))
    return results
