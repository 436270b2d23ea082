"""Layouts of the window: the shipped ones, those saved under names, and the one left last."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QByteArray, QRect, Qt
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication, QInputDialog, QMenu, QTabBar

from phygui.curation.edits.update import EditError
from phygui.gui.actions.layout_presets import LAYOUTS, arrange
from phygui.gui.base.placing import well_placed
from phygui.gui.base.screen import keep_on_screen
from phygui.gui.docks.dock import Dock
from phygui.words import no_such

if TYPE_CHECKING:
    from phygui.gui.base.settings import Settings
    from phygui.gui.window.parts import WindowParts

log = logging.getLogger(__name__)

# Raised when a stored state would be misread.
VERSION = 3


class Layout:
    """Arranges the docks of a window and remembers how the user left them."""

    def __init__(self, window: WindowParts, settings: Settings) -> None:
        self._window = window
        self._settings = settings
        self._kept: dict[str, Any] | None = None
        """Where the docks were before one of them was maximised."""
        self._filled: Dock | None = None

    def set_up(self, *, reset: bool = False) -> None:
        """Arrange the docks as the user left them, or by default."""
        self._end_maximised()
        last = self._settings.get("layout/last")
        geometry = self._settings.get_bytes("layout/geometry")
        if reset or not isinstance(last, dict):
            self._settings.forget("layout")
            self._window.extra_views.set_extras(())
            self._arrange("Classic")
        else:
            if geometry is not None:
                self._window.restoreGeometry(geometry)
                keep_on_screen(self._window)
            self._restore(last)

    def remember(self) -> None:
        """Keep the arrangement for the next start, as it is seen.

        Once canvases are gone or the window is hidden, docks are no longer where the user left
        them.
        """
        if self._window.is_disposed or not self._window.isVisible():
            return
        self._end_maximised()
        self._settings.set_bytes("layout/geometry", self._window.saveGeometry())
        self._settings.set("layout/last", self._state())

    # -- one dock alone ----------------------------------------------------------------------

    @property
    def maximised(self) -> str:
        """Name of the dock that has the whole window; empty for none."""
        return "" if self._filled is None else self._filled.objectName()

    def toggle_maximised(self) -> None:
        """Give one dock the whole window, or the others their places again.

        Raises
        ------
        EditError
            If it is not clear which one is meant.
        """
        if self._filled is not None:
            self._end_maximised()
            return
        dock = self._pointed_at()
        if dock is None:
            raise EditError("point at a view with the mouse, or click into it: which is maximised?")
        if dock.isFloating():
            dock.setWindowState(dock.windowState() ^ Qt.WindowState.WindowMaximized)
            return
        self._kept, self._filled = self._state(), dock
        self._window.setUpdatesEnabled(False)
        dock.bring_to_front()
        for other in self._window.docks.values():
            if other is not dock and not other.isFloating() and not other.isHidden():
                other.hide()
        self._window.setUpdatesEnabled(True)
        dock.visibilityChanged.connect(self._closed)
        self._window.say(_alone(dock))

    def _closed(self, visible: bool) -> None:
        """Closed, the dock that has the whole window leaves it to the others."""
        if not visible and self._filled is not None and self._filled.isHidden():
            closed = self._filled
            self._end_maximised()
            closed.hide()

    def _end_maximised(self) -> None:
        dock, kept = self._filled, self._kept
        if dock is None or kept is None:
            return
        self._filled = self._kept = None
        dock.visibilityChanged.disconnect(self._closed)
        window = self._window
        window.setUpdatesEnabled(False)
        shown = [d for d in window.docks.values() if not d.isHidden() and d is not dock]
        window.restoreState(QByteArray.fromBase64(kept["docks"].encode()), VERSION)
        self._scale(kept)
        for other in shown:
            # Brought up meanwhile.
            other.bring_to_front()
        dock.raise_()
        window.setUpdatesEnabled(True)
        window.cluster_table.view.setFocus()
        window.unsay(_alone(dock))

    def _pointed_at(self) -> Dock | None:
        """The dock under the mouse, else the one with the keyboard."""
        for widget in (QApplication.widgetAt(QCursor.pos()), QApplication.focusWidget()):
            while widget is not None:
                if isinstance(widget, Dock) and widget.parent() is self._window:
                    return widget
                widget = widget.parentWidget()
        return None

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
            raise EditError(no_such("layout", repr(name), self.names))
        self._end_maximised()
        if found in LAYOUTS:
            self._arrange(found)
        else:
            self._restore(self._saved()[found])
        self._window.update_state()

    def save(self, name: str) -> None:
        """Keep the arrangement under a name, in place of what was kept under it.

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
        self._end_maximised()
        # As they are shown, letters of either case are the same.
        others = {n: s for n, s in self._saved().items() if n.casefold() != name.casefold()}
        self._store({**others, name: self._state()})
        self._window.say(f"saved the layout {name}")

    def delete(self, name: str) -> None:
        """Forget a layout that the user has saved."""
        self._store({n: state for n, state in self._saved().items() if n != name})
        self._window.say(f"deleted the layout {name}")

    def ask_name(self) -> None:
        """Ask for a name and keep the arrangement under it."""
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        well_placed(dialog)
        dialog.setWindowTitle("Save the layout")
        # As wide as its title at least, which it would else cut.
        dialog.resize(340, dialog.sizeHint().height())
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
        window, places = self._window, self._places()
        area = QRect()
        for place in places.values():
            area = area.united(place)
        return {
            "extras": window.extra_views.extras,
            "docks": bytes(window.saveState(VERSION).toBase64()).decode(),
            "window": [window.width(), window.height()],
            "area": [area.width(), area.height()],
            "sizes": {name: [place.width(), place.height()] for name, place in places.items()},
        }

    def _places(self) -> dict[str, QRect]:
        """Where docks are, tabs included, as far as they are in the window and in front."""
        window, places = self._window, {}
        bars = [
            bar.geometry()
            for bar in window.findChildren(
                QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly
            )
            if bar.isVisible()
        ]
        for name, dock in window.docks.items():
            if dock.is_on_screen and not dock.isFloating():
                place = dock.geometry()
                below = place.translated(0, 2)
                tabs = next((bar for bar in bars if bar.intersects(below)), place)
                places[name] = place.united(tabs)
        return places

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
            self._scale(known)
        # A dock that the state does not know keeps out of sight, but in reach of the View menu.
        for dock in window.docks.values():
            if window.dockWidgetArea(dock) == Qt.DockWidgetArea.NoDockWidgetArea:
                window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
                window.tabifyDockWidget(window.docks["correlograms"], dock)
                dock.hide()

    def _scale(self, state: dict[str, Any]) -> None:
        """Give docks their shares of a window that has another size than when it was kept."""
        window = self._window
        try:
            before, area, sizes = state["window"], state["area"], state["sizes"]
            now = window.width(), window.height()
            if now == tuple(before):
                return
            # What is not for docks, such as the menu bar, keeps its size.
            factors = [1 + (now[k] - before[k]) / area[k] for k in (0, 1)]
            docks = [window.docks[name] for name in sizes if name in window.docks]
            placed = [dock for dock in docks if not dock.isFloating() and not dock.isHidden()]
            for k, orientation in enumerate((Qt.Orientation.Horizontal, Qt.Orientation.Vertical)):
                lengths = [round(sizes[dock.objectName()][k] * factors[k]) for dock in placed]
                window.resizeDocks(placed, lengths, orientation)
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError):
            log.info("the docks do not have their saved sizes")

    def _saved(self) -> dict[str, Any]:
        stored = self._settings.get("layouts", {})
        return stored if isinstance(stored, dict) else {}

    def _store(self, layouts: dict[str, Any]) -> None:
        self._settings.set("layouts", layouts or None)


def _alone(dock: Dock) -> str:
    return f"{dock.title}: alone in the window; the same key brings the others back"
