"""What a window does about a plugin that has failed: it says so, and shows nothing of it."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QObject, Signal

from phygui.gui.base.context import WindowContext
from phygui.gui.docks.view_dock import ViewDock
from phygui.plugins import Plugin, listen, plugins


class PluginRemarks(QObject):
    """Follows what happens to plugins, in whatever thread, for one window.

    Parameters
    ----------
    window : WindowContext
    view_docks : mapping of str to ViewDock
        The docks of its views.
    """

    _failed = Signal(object)

    def __init__(self, window: WindowContext, view_docks: Mapping[str, ViewDock]) -> None:
        super().__init__(window)
        self._window = window
        self._view_docks = view_docks
        self._failed.connect(self._follow)
        self._end = listen(self._failed.emit)

    def greet(self) -> None:
        """Say which plugins could not be used from the start."""
        failed = [plugin for plugin in plugins(load=False) if plugin.error]
        if len(failed) == 1:
            self._say(failed[0].remark)
        elif failed:
            names = ", ".join(plugin.name for plugin in failed)
            self._say(f"{len(failed)} plugins are switched off: {names}")

    def _follow(self, plugin: Plugin) -> None:
        window = self._window
        if window.is_disposed:
            return
        for dock in tuple(self._view_docks.values()):
            dock.follow(plugin)
        self._say(plugin.remark)
        window.update_state()

    def _say(self, sentence: str) -> None:
        self._window.say(f"{sentence}; see Tools > Plugins", wrong=True)

    def dispose(self) -> None:
        """The window closes."""
        self._end()
