"""A selection with every view open and in sight, against one in the default layout."""

from __future__ import annotations

import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QApplication
from window import open_window, row, settle, timed

from phygui.gui.actions.layout_presets import LAYOUTS, TABLES, Split, arrange, column
from phygui.gui.actions.layout_presets import row as beside
from phygui.gui.window.main_window import MainWindow
from phygui.views import SPECS
from phygui.views.core.base import View
from scale.datasets import Datasets
from scale.selections import Clusters

NAMES = {"spikes-1000000": "1,000,000 x 32"}
WORDS = {1: "one", 2: "two", 8: "eight"}
N_COLUMNS = 4


def all_open() -> Split:
    """The tables, and all views and the spike list in a grid beside them: nothing is in a tab."""
    names = [*SPECS, "spikes"]
    columns = [names[k::N_COLUMNS] for k in range(N_COLUMNS)]
    grid = [(0.8 / N_COLUMNS, column(*((1.0, name) for name in of))) for of in columns]
    return beside((0.2, TABLES), *grid)


def lay_out(window: MainWindow, layout: Any) -> None:
    """Put the docks in place, and wait until they are painted."""
    arrange(window, window.docks, layout)
    QApplication.processEvents()
    settle(window, background=True)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often each view is loaded, built and drawn meanwhile."""
    counts: Counter[str] = Counter()
    kept: list[tuple[Any, str, Any]] = []

    def count(cls: type[View[Any, Any]], kind: str, what: str) -> None:
        kept.append((cls, what, vars(cls).get(what)))
        done: Callable[..., Any] = getattr(cls, what)

        def counting(*arguments: Any) -> Any:
            counts[f"{what} {kind}"] += 1
            return done(*arguments)

        setattr(cls, what, staticmethod(counting) if what == "load" else counting)

    for kind, spec in SPECS.items():
        for what in ("load", "build", "on_draw"):
            count(spec.cls, kind, what)
    try:
        yield counts
    finally:
        for cls, what, before in reversed(kept):
            if before is None:
                delattr(cls, what)
            else:
                setattr(cls, what, before)


def selections(window: MainWindow, chosen: list[list[int]]) -> float:
    """Milliseconds until all is painted that is in sight, the median."""
    times = [timed(window, lambda ids=ids: window.session.select(ids)) for ids in chosen]
    return statistics.median(times)


def compare(window: MainWindow, repeats: int, what: str) -> list[bool]:
    """Print the rows of one dataset."""
    results = []
    clusters = Clusters(window)
    # Each layout is timed on clusters of its own, as large, of which no view has read anything.
    chosen: dict[str, dict[int, list[list[int]]]] = {"default": {}, "all": {}}
    for n in WORDS:
        turns = [{name: clusters.take(n) for name in chosen} for _ in range(repeats)]
        for name, of in chosen.items():
            of[n] = [turn[name] for turn in turns]
    taken: dict[str, dict[int, float]] = {}
    for name, layout in (("default", LAYOUTS["Classic"]), ("all", all_open())):
        lay_out(window, layout)
        selections(window, [clusters.take(2) for _ in range(2)])
        taken[name] = {}
        for n in WORDS:
            window.session.select([])
            settle(window)
            with counted() as counts:
                taken[name][n] = selections(window, chosen[name][n])
            hidden = [
                kind
                for kind, dock in window.view_docks.items()
                if not dock.is_on_screen and any(key.endswith(f" {kind}") for key in counts)
            ]
            if name == "default":
                results.append(
                    row(f"hidden views that did anything, {WORDS[n]}, {what}",
                        ", ".join(hidden) or "none", "none", float(len(hidden)), 0.0)
                )  # fmt: skip
            else:
                seen = [dock for dock in window.view_docks.values() if dock.is_on_screen]
                assert len(seen) == len(SPECS), "a view is not in sight"
    for n, word in WORDS.items():
        default, every = taken["default"][n], taken["all"][n]
        results.append(
            row(f"select {word}, all views open, {what}", f"{every:.0f} ms",
                f"default layout {default:.0f} ms", every / default, 2.0)
        )  # fmt: skip
    return results


def report(datasets: Datasets, repeats: int) -> list[bool]:
    """Print the rows; whether each bar is met."""
    results: list[bool] = []
    for name, what in NAMES.items():
        window = open_window(datasets.path(name), Path(tempfile.mkdtemp()))
        results += compare(window, repeats, what)
        window.dispose()
        window.close()
    return results
