"""Fixtures for tests of the window: opened on a dataset, driven by keys and mouse, settled."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui import Session
from phygui.gui.app.app import make_application
from phygui.gui.base.delays import DELAYS, Delays
from phygui.gui.base.settings import Settings
from phygui.gui.window.main_window import MainWindow
from tests.copies import copy_files
from tests.gui.known import copy_known, keep_all, make_known
from tests.mouse import turn_wheel

HERE = Path(__file__).parent


class Driver:
    """A user in front of a window."""

    def __init__(self, window: MainWindow, qtbot: Any) -> None:
        self.window = window
        self.session = window.session
        self.qtbot = qtbot

    def settle(self) -> None:
        """Wait until everything that is shown is up to date."""
        self.qtbot.waitUntil(lambda: self.window.is_settled, timeout=30_000)
        self.qtbot.wait(1)

    def press(self, key: Any, modifiers: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key with the keyboard in the cluster table, and let the edit be shown."""
        if not self.window.isActiveWindow():
            # A dialog has just closed, and on a bare screen nothing gives the keyboard back.
            self.window.activateWindow()
            self.qtbot.waitUntil(self.window.isActiveWindow, timeout=5_000)
        self.qtbot.keyClick(self.window.cluster_table.view, key, modifiers)
        self.settle()

    def click_cluster(
        self, cluster_id: int, modifiers: Any = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Click a row of the cluster table."""
        table = self.window.cluster_table
        index = table.model.index(table.model.row_of(cluster_id), 0)
        table.view.scrollTo(index)
        at = table.view.visualRect(index).center()
        self.qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, modifiers, at)
        self.settle()

    def select(self, *cluster_ids: int) -> None:
        """Select clusters with the mouse, in this order."""
        self.click_cluster(cluster_ids[0])
        for cluster_id in cluster_ids[1:]:
            self.click_cluster(cluster_id, Qt.KeyboardModifier.ControlModifier)

    def lasso(self, view: Any, cell: int, corners: Any, *, close: bool = True) -> None:
        """Draw a lasso with Ctrl+click; corners are in the units of the cell's axes."""
        for corner in corners:
            self.ctrl_click(view, view.to_pixels(cell, *corner))
        if close:
            self.ctrl_click(view, view.to_pixels(cell, *corners[-1]), Qt.MouseButton.RightButton)

    def ctrl_click(self, view: Any, at: Any, button: Any = Qt.MouseButton.LeftButton) -> None:
        """Click a place of a view, in logical pixels, with Ctrl held."""
        QTest.mouseClick(
            view.native, button, Qt.KeyboardModifier.ControlModifier, QPoint(*map(round, at))
        )

    def wheel(
        self, view: Any, at: Any, steps: int, held: Any = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Turn the wheel over a place of a view; with Alt it turns sideways, as Qt does."""
        turn_wheel(view.native, at, steps, held)

    def view(self, kind: str) -> Any:
        """The first view of a kind."""
        return next(self.window.views(kind))

    @property
    def message(self) -> str:
        """What the status bar says."""
        return self.window.status["edit"].text()


@pytest.fixture(autouse=True)
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sits out what only spares a user's eye or machine.

    What ends as soon as there is something to paint or to choose stays: with 0 it would be painted
    and chosen twice. So does what follows only once the window is at rest.
    """
    # At 0 the window would ask again and again, and take the processor from what it waits for.
    for name, value in {"burst_ms": 0, "show_progress_ms": 0, "yield_ms": 1}.items():
        monkeypatch.setattr(DELAYS, name, value)
    # A busy machine may take longer than a user's to know the first cluster.
    monkeypatch.setattr(DELAYS, "follow_s", 60.0)


@pytest.fixture
def delays(no_delays: None, monkeypatch: pytest.MonkeyPatch) -> Delays:
    """The delays as users have them, for tests of what they spare; to be asked for first."""
    for field in fields(Delays):
        monkeypatch.setattr(DELAYS, field.name, field.default)
    return DELAYS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings" / "phygui.ini")


@pytest.fixture
def open_window(
    qtbot: Any, qapp: Any, settings: Settings, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Driver]]:
    """Open a window on a dataset: ``open_window(path)`` -> a driver.

    It is smaller than a window is meant to be used, since all is drawn in software; tests of what
    only a larger one has room for are marked as ``roomy``.
    """
    size = SMALL if request.node.get_closest_marker("roomy") is None else ROOMY
    make_application(settings)
    windows = []

    def open_(path: Path, **options: Any) -> Driver:
        window = MainWindow(Session.open(path, **options), settings)
        windows.append(window)
        for view in window.views():
            view.events.ignore_callback_errors = False
        return put_on_screen(window, qtbot, size)

    yield open_
    for window in windows:
        take_away(window)


SMALL, ROOMY = (1024, 600), (1680, 980)
"""Sizes of a window, in pixels."""


@pytest.fixture
def usable_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that the application shows are no larger than those of :func:`open_window`."""
    show = MainWindow.show

    def show_small(window: MainWindow) -> None:
        window.setWindowState(Qt.WindowState.WindowNoState)
        window.resize(*SMALL)
        show(window)

    monkeypatch.setattr(MainWindow, "show", show_small)


def put_on_screen(window: MainWindow, qtbot: Any, size: tuple[int, int]) -> Driver:
    """Show a window, and wait until all is painted."""
    window.resize(*size)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    driver = Driver(window, qtbot)
    driver.settle()
    return driver


WINDOWS_KEPT = 8
"""Closed windows until they are searched for: each that stays makes the next ones slower."""
_closed: list[None] = []


def take_away(window: MainWindow) -> None:
    """Close a window, whatever it holds."""
    window.hide()
    window.dispose()
    window.close()
    window.deleteLater()
    QApplication.processEvents()
    # No event loop comes back to it.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    _closed.append(None)
    if len(_closed) % WINDOWS_KEPT == 0:
        # A window and all that it has made hold one another.
        gc.collect()


@pytest.fixture(scope="session")
def known_dataset(
    dataset_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """The folder of a copy of a large dataset beside which all is kept, worked out once."""

    @cache
    def folder_of(name: str, raw: bool) -> Path:
        folder = tmp_path_factory.mktemp(f"known_{name}")
        keep_all(copy_files(dataset_folder(name), folder, name, raw))
        return folder

    return folder_of


@pytest.fixture
def copy_dataset(known_dataset: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """As elsewhere; but of these copies all is known, as at a second opening."""

    def copy(name: str, *, raw: bool = True) -> Path:
        return copy_known(known_dataset(name, raw), tmp_path, name, raw)

    return copy


@pytest.fixture(scope="session")
def known_small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small genuine dataset with all that is kept of it, worked out once."""
    folder = tmp_path_factory.mktemp("known_small")
    keep_all(copy_files(HERE.parent / "data", folder, "simulated_small"))
    return folder


@pytest.fixture
def small(known_small: Path, tmp_path: Path) -> Path:
    """As elsewhere, but as at a second opening."""
    return copy_known(known_small, tmp_path, "simulated_small")


@pytest.fixture
def new_small(tmp_path: Path) -> Path:
    """A copy of the small genuine dataset that nobody has opened before."""
    return copy_files(HERE.parent / "data", tmp_path, "simulated_small")


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo, built once."""
    folder = tmp_path_factory.mktemp("demo")
    return make_known(folder, n_spikes=6_000, n_clusters=12, n_channels=16, duration=40.0)


@pytest.fixture
def demo(demo_folder: Path, tmp_path: Path) -> Path:
    """A copy of a small demo with known units, of whose clusters all is known that is kept."""
    return copy_known(demo_folder, tmp_path, "demo")


@pytest.fixture
def new_demo(demo_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small demo that nobody has opened before."""
    return copy_files(demo_folder, tmp_path, "demo")


@pytest.fixture
def onlooker(demo: Path, open_window: Callable[..., Driver]) -> Driver:
    """A user in front of a window on the demo."""
    return open_window(demo)
