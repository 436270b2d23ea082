"""Layouts of the window: the shipped ones, those saved under names, and the one left last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QByteArray, Qt
from PyQt5.QtWidgets import QInputDialog, QMenu

from phygui.curation.update import EditError
from phygui.gui.arrangements import LAYOUTS, arrange

if TYPE_CHECKING:
    from phygui.gui.main_window import MainWindow
    from phygui.gui.settings import Settings

# Raised when a stored state would be misread.
VERSION = 3


class Layout:
    """Arranges the docks of a window and remembers how the user left them."""

    def __init__(self, window: MainWindow, settings: Settings) -> None:
        self._window = window
        self._settings = settings

    def set_up(self, *, reset: bool = False) -> None:
        """Arrange the docks as the user left them, or by default."""
        last = self._settings.get("layout/last")
        geometry = self._settings.get_bytes("layout/geometry")
        if reset or not isinstance(last, dict):
            self._settings.forget("layout")
            self._window.extra_views.set_extras(())
            self._arrange("Classic")
        else:
            if geometry is not None:
                self._window.restoreGeometry(geometry)
            self._restore(last)

    def remember(self) -> None:
        """Keep the arrangement for the next start."""
        self._settings.set_bytes("layout/geometry", self._window.saveGeometry())
        self._settings.set("layout/last", self._state())

    # -- by name -----------------------------------------------------------------------------

    @property
    def saved_names(self) -> list[str]:
        """Names of the layouts that the user has saved."""
        return sorted(self._saved(), key=str.casefold)

    @property
    def names(self) -> list[str]:
        """Names of all layouts, the shipped ones first."""
        return [*LAYOUTS, *self.saved_names]

    def show(self, name: str) -> None:
        """Arrange the docks as a layout says.

        Raises
        ------
        EditError
            If there is no such layout.
        """
        found = next((n for n in self.names if n.casefold() == name.casefold()), None)
        if found is None:
            raise EditError(f"no layout {name!r}; there are {', '.join(self.names)}")
        if found in LAYOUTS:
            self._arrange(found)
        else:
            self._restore(self._saved()[found])
        self._window.update_state()

    def save(self, name: str) -> None:
        """Keep the arrangement under a name.

        Raises
        ------
        EditError
            If the name is empty, or that of a shipped layout.
        """
        name = " ".join(name.split())
        if not name:
            raise EditError("a layout needs a name")
        if name.casefold() in map(str.casefold, LAYOUTS):
            raise EditError(f"the layout {name} comes with the program: take another name")
        self._store({**self._saved(), name: self._state()})
        self._window.say(f"saved the layout {name}")

    def delete(self, name: str) -> None:
        """Forget a layout that the user has saved."""
        self._store({n: state for n, state in self._saved().items() if n != name})
        self._window.say(f"deleted the layout {name}")

    def ask_name(self) -> None:
        """Ask for a name and keep the arrangement under it."""
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WA_DeleteOnClose)
        dialog.setWindowTitle("Save layout")
        dialog.setLabelText("Name of the layout:")
        window = self._window
        dialog.textValueSelected.connect(lambda name: window.attempt(lambda: self.save(name)))
        dialog.open()

    def add_saved(self, menu: QMenu) -> None:
        """Have the saved layouts in a menu, to be shown and to be deleted."""
        menu.addSeparator()
        saved, delete = menu.addMenu("Saved layouts"), menu.addMenu("Delete a layout")

        def fill() -> None:
            saved.clear()
            delete.clear()
            for name in self.saved_names:
                text = name.replace("&", "&&")
                saved.addAction(text, lambda name=name: self.show(name))
                delete.addAction(text, lambda name=name: self.delete(name))
            for submenu in (saved, delete):
                submenu.menuAction().setEnabled(bool(self.saved_names))

        menu.aboutToShow.connect(fill)

    # -- states ------------------------------------------------------------------------------

    def _arrange(self, name: str) -> None:
        window = self._window
        arrange(window, window.docks, LAYOUTS[name])

    def _state(self) -> dict[str, Any]:
        state = self._window.saveState(VERSION)
        return {
            "extras": self._window.extra_views.extras,
            "docks": bytes(state.toBase64()).decode(),
        }

    def _restore(self, state: object) -> None:
        window = self._window
        known = state if isinstance(state, dict) else {}
        extras, docks = known.get("extras"), known.get("docks")
        if isinstance(extras, list):
            window.extra_views.set_extras(name for name in extras if isinstance(name, str))
        # Only docks that have a place in the window can be given another one.
        self._arrange("Classic")
        if isinstance(docks, str):
            window.restoreState(QByteArray.fromBase64(docks.encode()), VERSION)
        # A dock that the state does not know keeps out of sight, but in reach of the View menu.
        for dock in window.docks.values():
            if window.dockWidgetArea(dock) == Qt.NoDockWidgetArea:
                window.addDockWidget(Qt.LeftDockWidgetArea, dock)
                window.tabifyDockWidget(window.docks["correlograms"], dock)
                dock.hide()

    def _saved(self) -> dict[str, Any]:
        stored = self._settings.get("layouts", {})
        return stored if isinstance(stored, dict) else {}

    def _store(self, layouts: dict[str, Any]) -> None:
        self._settings.set("layouts", layouts or None)
