"""Where the docks are: the default layout, and the one that each user left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt

if TYPE_CHECKING:
    from phygui.gui.main_window import MainWindow
    from phygui.gui.settings import Settings

# Raised when docks are added or renamed: a state from before would hide the new ones.
VERSION = 2


class Layout:
    """Arranges the docks of a window and remembers how the user left them."""

    def __init__(self, window: MainWindow, settings: Settings) -> None:
        self._window = window
        self._settings = settings

    def set_up(self, *, reset: bool = False) -> None:
        """Arrange the docks as the user left them, or by default."""
        self._arrange_classic()
        if reset:
            self._settings.forget("layout")
            return
        geometry = self._settings.get_bytes("layout/geometry")
        state = self._settings.get_bytes("layout/state")
        if geometry is not None:
            self._window.restoreGeometry(geometry)
        if state is not None:
            self._window.restoreState(state, VERSION)

    def remember(self) -> None:
        """Keep the arrangement for the next start."""
        self._settings.set_bytes("layout/geometry", self._window.saveGeometry())
        self._settings.set_bytes("layout/state", self._window.saveState(VERSION))

    def _arrange_classic(self) -> None:
        """Tables left; waveforms, features and correlograms; traces below."""
        window, docks = self._window, self._window.docks
        for dock in docks.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        window.addDockWidget(Qt.LeftDockWidgetArea, docks["clusters"])
        window.splitDockWidget(docks["clusters"], docks["waveforms"], Qt.Horizontal)
        window.splitDockWidget(docks["waveforms"], docks["traces"], Qt.Vertical)
        window.splitDockWidget(docks["waveforms"], docks["features"], Qt.Horizontal)
        window.splitDockWidget(docks["features"], docks["correlograms"], Qt.Vertical)
        window.splitDockWidget(docks["clusters"], docks["similarity"], Qt.Vertical)
        classic = ("clusters", "similarity", "waveforms", "features", "correlograms", "traces")
        for name, dock in docks.items():
            if name not in classic:
                window.addDockWidget(Qt.LeftDockWidgetArea, dock)
                anchor = "similarity" if name == "history" else "correlograms"
                window.tabifyDockWidget(docks[anchor], dock)
            dock.setVisible(name in classic)
        width, height = window.width(), window.height()
        self._resize(
            Qt.Horizontal,
            {"clusters": 0.27 * width, "waveforms": 0.23 * width, "features": 0.5 * width},
        )
        self._resize(Qt.Vertical, {"clusters": 0.6 * height, "similarity": 0.4 * height})
        self._resize(Qt.Vertical, {"waveforms": 0.72 * height, "traces": 0.28 * height})
        self._resize(Qt.Vertical, {"features": 0.42 * height, "correlograms": 0.3 * height})

    def _resize(self, orientation: Qt.Orientation, sizes: dict[str, float]) -> None:
        docks = [self._window.docks[name] for name in sizes]
        self._window.resizeDocks(docks, [int(size) for size in sizes.values()], orientation)
