"""Two thousand clusters: all views of all of them, long tables, and jumps through the history."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QApplication
from window import composition_ms, make_application, row, settle, timed

from phygui import Session
from phygui.gui.base.settings import Settings
from phygui.gui.window.main_window import MainWindow
from scale.datasets import Datasets

N_EDITS = 200


def report(datasets: Datasets, repeats: int) -> list[bool]:
    """Print the rows, and return whether each bar is met."""
    settings = Settings(Path(tempfile.mkdtemp()) / "settings.ini")
    application = make_application(settings)
    window = _window(datasets.path("many"), settings)
    session = window.session
    ids = session.cluster_ids.tolist()
    results = []

    def selections() -> float:
        _wait_until_whole(window)
        chosen = iter(ids[100:])
        times = [timed(window, lambda: session.select([next(chosen)])) for _ in range(repeats + 2)]
        return statistics.median(times[2:])

    plain = selections()
    window.layout_keeper.show("Overview")
    overview = selections()
    results.append(
        row(
            "select one of 2,000 clusters, Overview layout",
            f"{overview:.0f} ms",
            f"default layout {plain:.0f} ms",
            overview / plain,
            2.0,
        )
    )
    window.layout_keeper.show("Classic")
    settle(window)
    results += _tables(window, repeats)
    results.append(_all_selected(window, ids, repeats))
    results.append(_jumps(window, repeats))
    session.close(discard=True)
    window.dispose()
    application.processEvents()
    return results


def _window(path: Path, settings: Settings) -> MainWindow:
    """A window of the default layout in which nothing is computed in the background."""
    window = MainWindow(Session.open(path, journal=False), settings, reset_layout=True)
    window.session.statistics.recall()
    window.background.stop()
    window.resize(1920, 1080)
    window.show()
    settle(window)
    return window


def _wait_until_whole(window: MainWindow) -> None:
    """Until no view shows a part only: the first matrix takes a while, and nobody waits for it."""
    docks = list(window.view_docks.values())
    while True:
        settle(window)
        if not any(getattr(d.view.data, "is_partial", False) for d in docks if d.is_on_screen):
            return
        time.sleep(0.01)


def _tables(window: MainWindow, repeats: int) -> list[bool]:
    """Sorting, filtering and scrolling of 2,000 rows, painted."""
    table = window.tables.clusters
    bar = table.view.verticalScrollBar()
    names = ["n_spikes", "id", "depth", "amplitude"]
    filters = ["n_spikes > 100", "", "amplitude > 50 and n_spikes > 80", ""]
    actions: dict[str, tuple[float, Callable[[int], object]]] = {
        "sort": (50, lambda n: table.rows.sort_by(names[n % 4], bool(n % 8 < 4))),
        "filter": (50, lambda n: table.filter.setText(filters[n % 4])),
        "scroll": (20, lambda n: bar.setValue((137 * n) % max(bar.maximum(), 1))),
    }
    results = []
    for what, (most_ms, action) in actions.items():
        times = [_turn_ms(lambda n=n, act=action: act(n)) for n in range(4 * repeats)]
        # Without a graphics card, Qt puts the whole window together whatever is painted in it.
        composition = composition_ms(window)
        time_ms = statistics.median(times) - composition
        against = f"{most_ms:g} ms beyond drawing (composition {composition:.0f} ms)"
        name = f"{what} 2,000 rows"
        results.append(row(name, f"{time_ms:.0f} ms", against, time_ms / most_ms, 1.0))
    return results


def _turn_ms(action: Callable[[], object]) -> float:
    """Milliseconds until the action is done and what it changed is painted."""
    QApplication.processEvents()
    start = time.perf_counter()
    action()
    QApplication.processEvents()
    return 1e3 * (time.perf_counter() - start)


def _all_selected(window: MainWindow, ids: list[int], repeats: int) -> bool:
    session, view = window.session, window.tables.clusters.view
    times = []
    for n in range(max(2, repeats // 2)):
        session.select(ids[n : n + 1])
        settle(window)
        times.append(timed(window, view.selectAll))
    session.select(ids[:1])
    settle(window)
    time_ms = statistics.median(times)
    return row("select all of 2,000", f"{time_ms:.0f} ms", "1000 ms", time_ms / 1000, 1.0)


def _jumps(window: MainWindow, repeats: int) -> bool:
    session = window.session
    for n in range(N_EDITS):
        ids = session.cluster_ids[:60].tolist()
        session.merge(ids[:2]) if n % 2 else session.move(ids[2:3], ("good", "mua")[n % 4 // 2])
    settle(window)
    one, many = [], []
    for n in range(repeats):
        back = n % 2 == 0
        # Back, or forth again.
        near, far = (N_EDITS - 1, 0) if back else (1, N_EDITS)
        start = N_EDITS - far
        session.jump_to(start)
        settle(window)
        one.append(timed(window, lambda to=near: session.jump_to(to)))
        session.jump_to(start)
        settle(window)
        many.append(timed(window, lambda to=far: session.jump_to(to)))
    first, all_of = statistics.median(one), statistics.median(many)
    return row(
        f"a jump over {N_EDITS} edits", f"{all_of:.0f} ms", f"over one {first:.0f} ms",
        all_of / first, 3.0,
    )  # fmt: skip
