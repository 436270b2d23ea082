"""The docks of the views: several of a kind may be open, and each remembers its settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QTimer

from phygui.gui.docks import ViewDock
from phygui.gui.parameters import ParameterDialog, params_of, plain_params
from phygui.gui.pictures import export_picture
from phygui.views import TITLES, VIEWS
from phygui.views.base import View

if TYPE_CHECKING:
    from phygui.gui.main_window import MainWindow

N_DATASETS = 50
"""Datasets whose view settings are kept, the last ones opened."""


def kind_of(name: str) -> str:
    """The kind of view in a dock: that of ``features 2`` is ``features``."""
    return name.partition(" ")[0]


class ViewDocks:
    """Makes and removes the docks of a window's views."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def add_one_of_each(self) -> None:
        """Add the docks that every window has."""
        for kind in VIEWS:
            self.add(kind)

    def add(self, kind: str, name: str | None = None) -> ViewDock:
        """Add a dock with one more view of a kind; it is not yet in the window's layout."""
        window = self._window
        if name is None:
            number = 1
            while self._name(kind, number) in window.docks:
                number += 1
            name = self._name(kind, number)
        number = int(name.partition(" ")[2] or 1)
        title = TITLES[kind] if number == 1 else f"{TITLES[kind]} {number}"
        dock = ViewDock(
            name,
            title,
            kind,
            lambda: self._remembered(name),
            lambda params: self._make(kind, params),
            window.session,
            window.pool,
            is_extra=number > 1,
        )
        dock.trouble.connect(window.show_trouble)
        dock.discarded.connect(self._discard_later)
        dock.settings_button.clicked.connect(lambda: self._edit_settings(dock))
        dock.export_button.clicked.connect(lambda: export_picture(window, dock))
        window.view_docks[name] = dock
        window.docks[name] = dock
        return dock

    def _make(self, kind: str, params: Any) -> View:
        window = self._window
        view: View = VIEWS[kind](params, theme=window.theme)
        view.cluster_clicked.connect(window.select_clicked)
        view.pair_clicked.connect(window.select_pair)
        view.channel_clicked.connect(window.commands.set_feature_channel)
        view.lasso_changed.connect(window.update_state)
        window.linking.link(view)
        return view

    def add_beside(self, kind: str) -> ViewDock:
        """Add one more view of a kind, as a tab of the first one, and bring it to the front."""
        window = self._window
        dock, first = self.add(kind), window.docks[kind]
        window.addDockWidget(window.dockWidgetArea(first), dock)
        window.tabifyDockWidget(first, dock)
        if first.isFloating() or not first.isVisible():
            dock.setFloating(True)
            dock.resize(600, 450)
            dock.move(window.geometry().center() - dock.rect().center())
        dock.show()
        dock.raise_()
        return dock

    @property
    def extras(self) -> list[str]:
        """Names of the docks beyond one of each kind."""
        return [name for name, dock in self._window.view_docks.items() if dock.is_extra]

    def set_extras(self, names: Iterable[str]) -> None:
        """Have these docks beyond one of each kind, and no others."""
        wanted = list(dict.fromkeys(names))
        for name in self.extras:
            if name not in wanted:
                self.remove(name)
        for name in wanted:
            kind, _, number = name.partition(" ")
            if kind in VIEWS and number.isdecimal() and int(number) > 1 and name not in self.extras:
                self.add(kind, name)

    def remove(self, name: str) -> None:
        """Close a dock for good."""
        window = self._window
        dock = window.view_docks.pop(name)
        del window.docks[name]
        dock.dispose()
        window.removeDockWidget(dock)
        dock.deleteLater()
        window.update_state()

    def _discard_later(self, name: str) -> None:
        # Not while the dock handles the event that closes it; and if the program ends, never.
        def discard() -> None:
            if not self._window.is_disposed and name in self._window.view_docks:
                self.remove(name)

        QTimer.singleShot(0, discard)

    @staticmethod
    def _name(kind: str, number: int) -> str:
        return kind if number == 1 else f"{kind} {number}"

    # -- settings ----------------------------------------------------------------------------

    def _edit_settings(self, dock: ViewDock) -> None:
        dialogs = dock.findChildren(ParameterDialog)
        dialog = next((d for d in dialogs if d.isVisible()), None)
        if dialog is None:
            dialog = ParameterDialog(dock, dock.view)
            dialog.finished.connect(lambda _: self.remember())
            dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _remembered(self, name: str) -> Any:
        """Parameters as they were left in this dataset, or else in any."""
        settings, kind = self._window.settings, kind_of(name)
        here = self._datasets().get(self._key, {})
        if isinstance(here, dict) and name in here:
            return params_of(VIEWS[kind].Params, here[name])
        return params_of(VIEWS[kind].Params, settings.get(f"views/{kind}"))

    def remember(self) -> None:
        """Keep the settings of all views: for this dataset, and for those never opened before."""
        window = self._window
        datasets = self._datasets()
        here = {name: plain_params(dock.params) for name, dock in window.view_docks.items()}
        datasets.pop(self._key, None)
        datasets[self._key] = here
        window.settings.set("datasets", dict(list(datasets.items())[-N_DATASETS:]))
        for kind in VIEWS:
            plain = plain_params(window.view_docks[kind].params, local=False)
            window.settings.set(f"views/{kind}", plain or None)

    def _datasets(self) -> dict[str, Any]:
        stored = self._window.settings.get("datasets", {})
        return stored if isinstance(stored, dict) else {}

    @property
    def _key(self) -> str:
        return str(self._window.session.path)
