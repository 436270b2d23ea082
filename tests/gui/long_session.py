"""A curator at work: random decisions by real keys, after each of which everything is checked.

    xvfb-run -a -s '-screen 0 1920x1080x24' python -m tests.gui.long_session [DECISIONS] [SECONDS]

makes that many decisions (600) in that time at least (600 s) on the demo, and prints how the
memory of the process grows. test_long_session.py does the same for a shorter time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui import Session
from phygui.gui.base.delays import DELAYS
from phygui.gui.tables.table_model import ClusterTableModel
from phygui.gui.window.main_window import MainWindow
from phygui.views.core.colors import cluster_color

CTRL, ALT, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)
STEPS = (
    (Qt.Key.Key_Down, NONE),
    (Qt.Key.Key_Down, NONE),
    (Qt.Key.Key_Up, NONE),
    (Qt.Key.Key_Space, NONE),
    (Qt.Key.Key_Space, NONE),
    (Qt.Key.Key_Space, SHIFT),
    (Qt.Key.Key_Home, NONE),
    (Qt.Key.Key_End, NONE),
    (Qt.Key.Key_Backspace, NONE),
)
FEWEST, MOST = 8, 40
"""Clusters between which the session stays: below it splits more, above it merges more."""


class Curator:
    """Makes decisions in a window, and checks after each that it shows what the session holds."""

    def __init__(self, window: MainWindow, seed: int = 0) -> None:
        self.window = window
        self.session: Session = window.session
        self.rng = np.random.default_rng(seed)
        self.n_decisions = 0
        self.n_updates = 0
        """Edits, undos and redos that the window was told of."""
        self.session.clustered.connect(self._count)
        self.log: list[str] = []

    def _count(self) -> None:
        self.n_updates += 1

    # -- decisions -----------------------------------------------------------------------------

    def decide(self) -> None:
        """Look around, then make one decision."""
        for _ in range(int(self.rng.integers(0, 4))):
            self.press(*STEPS[int(self.rng.integers(len(STEPS)))])
            if self.rng.random() < 0.3:
                self.settle()
        self.settle()
        self.check()
        n = len(self.session.cluster_ids)
        weights = {
            self.merge: 1.0 if n <= FEWEST else 3.0 if n < MOST else 8.0,
            self.split: 6.0 if n <= FEWEST else 2.0 if n < MOST else 0.0,
            self.propose: 3.0 if n <= FEWEST else 2.0 if n < MOST else 0.0,
            self.move: 5.0,
            self.undo: 2.0,
            self.redo: 1.0,
            self.label: 1.0,
            self.click: 1.0,
            self.snippet: 0.5,
        }
        p = np.array(list(weights.values()))
        choice: Callable[[], None] = list(weights)[int(self.rng.choice(len(p), p=p / p.sum()))]
        self.log.append(choice.__name__)
        choice()
        self.settle()
        self.check()
        self.n_decisions += 1

    def merge(self) -> None:
        if len(self.session.selected) < 2:
            self.press(Qt.Key.Key_Space)
            self.settle()
        self.press(Qt.Key.Key_G)

    def split(self) -> None:
        view = next(self.window.views("features"))
        if not view.cells:
            return
        cell = int(self.rng.integers(len(view.cells)))
        (x0, x1), (y0, y1) = view.cells[cell].x.view, view.cells[cell].y.view
        middle = x0 + (x1 - x0) * self.rng.uniform(0.3, 0.7)
        edge = 0.02 * (x1 - x0), 0.02 * (y1 - y0)
        for x, y in (
            (x0 + edge[0], y0 + edge[1]),
            (middle, y0 + edge[1]),
            (middle, y1 - edge[1]),
            (x0 + edge[0], y1 - edge[1]),
        ):
            at = view.to_pixels(cell, x, y)
            QTest.mouseClick(view.native, Qt.MouseButton.LeftButton, CTRL, QPoint(*map(round, at)))
        self.press(Qt.Key.Key_K)
        self.settle()
        if view.lasso is not None:
            self.press(Qt.Key.Key_Escape)

    def propose(self) -> None:
        """Look at parts, patiently or not, and make them, drop them, or go on to something else."""
        self.press(Qt.Key.Key_K, SHIFT)
        for key in (
            Qt.Key.Key_Plus,
            Qt.Key.Key_Plus,
            Qt.Key.Key_Minus,
            Qt.Key.Key_Down,
            Qt.Key.Key_Return,
        ):
            if self.rng.random() < 0.7:
                self.settle()
            if self.window.is_settled:
                self.check()
            if self.rng.random() < 0.4:
                self.press(key)
        if self.rng.random() < 0.5:
            self.press(Qt.Key.Key_Escape)

    def move(self) -> None:
        key = (Qt.Key.Key_G, Qt.Key.Key_M, Qt.Key.Key_N, Qt.Key.Key_U)[int(self.rng.integers(4))]
        self.press(key, (ALT, CTRL, CTRL | ALT)[int(self.rng.integers(3))])

    def undo(self) -> None:
        for _ in range(int(self.rng.integers(1, 4))):
            self.press(Qt.Key.Key_Z, CTRL)

    def redo(self) -> None:
        self.press(Qt.Key.Key_Z, CTRL | SHIFT)

    def label(self) -> None:
        if self.session.selected:
            self.press(Qt.Key.Key_L)
            self.write(f"seen={int(self.rng.integers(5))}")

    def click(self) -> None:
        table = self.window.cluster_table
        index = table.model.index(int(self.rng.integers(table.model.rowCount())), 0)
        table.view.scrollTo(index)
        at = table.view.visualRect(index).center()
        QTest.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, NONE, at)

    def snippet(self) -> None:
        chosen = self.rng.choice(self.session.cluster_ids, 2, replace=False)
        self.press(Qt.Key.Key_Colon)
        self.write("c " + " ".join(map(str, chosen)))

    def press(self, key: Any, modifiers: Any = NONE) -> None:
        """Press a key where the keyboard is."""
        QTest.keyClick(QApplication.focusWidget() or self.window.cluster_table.view, key, modifiers)

    def write(self, text: str) -> None:
        """Write into the command line and press Enter; what is refused is left."""
        line = self.window.snippets.line
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
        if self.window.snippets.isVisible():
            QTest.keyClick(line, Qt.Key.Key_Escape)

    def settle(self, timeout: float = 60.0) -> None:
        """Wait until everything that is shown is up to date."""
        end = time.monotonic() + timeout
        QApplication.processEvents()
        while not self.window.is_settled:
            assert time.monotonic() < end, f"not settled after {self.log[-3:]}"
            QTest.qWait(2)
        QApplication.processEvents()

    # -- checks --------------------------------------------------------------------------------

    def check(self) -> None:
        """No stale row, no wrong colour, no selection of a dead cluster."""
        session, window = self.session, self.window
        living = set(session.cluster_ids.tolist())
        selection = session.selection
        assert set(selection.clusters) <= living, self.log[-3:]
        assert set(window.cluster_table.model.cluster_ids) == living, self.log[-3:]
        ranked = {c for c, _ in session.similar()}
        assert set(window.match_table.model.cluster_ids) == ranked <= living, self.log[-3:]
        for table, chosen in (
            (window.cluster_table, selection.best),
            (window.match_table, selection.match),
        ):
            self._check_table(table, set(chosen))
        for name in ("features", "waveforms", "correlograms"):
            # A view is made when it is first asked for, which no user does of hidden ones.
            if window.view_docks[name].isVisible():
                shown = getattr(window.view_docks[name].view.data, "cluster_ids", None)
                expected = session.snapshot().cluster_ids
                assert tuple(shown or ()) == expected, (name, self.log[-3:])
        if session.shown.proposal is None:
            assert window.splits.figure.preview is None, self.log[-3:]
            assert "Escape drops it" not in window.status["edit"].text(), self.log[-3:]
        decided, total = session.wizard.progress()
        assert window.status["progress"].text().startswith(f"{decided} of {total} ")
        assert window.isWindowModified() == session.is_modified

    def _check_table(self, table: Any, chosen: set[int]) -> None:
        model, clusters = table.model, self.session.selection.clusters
        ids = model.cluster_ids
        assert len(ids) == len(set(ids)) == model.rowCount()
        proposal = self.session.shown.proposal
        in_parts = proposal is not None and proposal.parts.n_parts > 1
        rows = table.view.selectionModel().selectedRows()
        assert {ids[i.row()] for i in rows} == chosen & set(ids), self.log[-3:]
        for row, cluster in enumerate(ids):
            brush = model.index(row, 0).data(Qt.ItemDataRole.BackgroundRole)
            wanted = None
            if cluster in clusters and not in_parts:
                wanted = tuple(cluster_color(clusters.index(cluster), self.window.theme))[:3]
            shown = None if brush is None else brush.color().getRgb()[:3]
            assert shown == wanted, (cluster, self.log[-3:])
        # The order is that of a table made now, so no sort key is left from before.
        fresh = ClusterTableModel(self.session, model.rows, lambda _: None)
        fresh.columns = list(model.columns)
        fresh.set_clusters(ids)
        assert fresh.cluster_ids == ids, self.log[-3:]


def resident_mb(what: str = "VmRSS") -> float:
    """Resident memory of this process, megabytes; RssAnon leaves out mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1000


def resting_mb(curator: Curator) -> tuple[float, float]:
    """Resident memory, with and without mapped files, after a pause as a user makes it."""
    curator.settle()
    QTest.qWait(DELAYS.trim_ms + 1000)
    return resident_mb(), resident_mb("RssAnon")


def main() -> None:
    from phygui.analysis import warm_up
    from phygui.gui.app.app import make_application
    from phygui.gui.base.settings import Settings
    from phygui.simulate import make_demo

    n_decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 600.0
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "settings.ini")
        app = make_application(settings)
        warm_up()  # as the application does in the background
        demo = make_demo(Path(folder) / "demo", raw="dat")
        window = MainWindow(Session.open(demo.kwik_path), settings)
        window.show()
        window.activateWindow()
        curator = Curator(window)
        curator.settle()
        before, start = resting_mb(curator), time.monotonic()
        for k in range(n_decisions):
            curator.decide()
            early = start + (k + 1) * seconds / n_decisions - time.monotonic()
            if early > 0:
                QTest.qWait(int(1000 * early))
            if (k + 1) % max(1, n_decisions // 10) == 0:
                print(
                    f"{k + 1} decisions in {time.monotonic() - start:.0f} s: "
                    f"{len(curator.session.cluster_ids)} clusters, "
                    f"{curator.session.n_unsaved} edits, {resident_mb():.0f} MB",
                    flush=True,
                )
        after = resting_mb(curator)
        for what, first, last in zip(("in all", "private"), before, after, strict=True):
            print(f"memory {what}: {first:.0f} MB, then {last:.0f} MB, {last / first:.3f}")
        window.dispose()
        window.close()
        window.deleteLater()
        app.processEvents()


if __name__ == "__main__":
    main()
