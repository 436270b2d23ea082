"""The docks of the views: several of a kind may be open, and each remembers its settings.

They follow the session before the tables do: views load in workers, while the tables are brought
up to date in the thread of the window.

A setting that the user changes is kept twice: for the dataset, and for the user, which is to say
for all datasets in which it has not been changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qtpy.QtCore import QTimer

from phygui.gui.dialogs.export_picture import export_picture
from phygui.gui.dialogs.view_settings import (
    ParameterDialog,
    local_names,
    params_of,
    plain_changes,
)
from phygui.gui.docks.view_dock import ViewDock, kind_of
from phygui.gui.window.parts import WindowParts
from phygui.views import SPECS
from phygui.views.core.base import View


def kept_as(name: str) -> str:
    """The name under which the settings of the view in a dock are kept."""
    kind = kind_of(name)
    return SPECS[kind].kept_as + name.removeprefix(kind)


class ViewDocks:
    """Makes and removes the docks of a window's views."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self._generation = window.session.shown.generation
        """That of the session when views were last asked to show it; they begin by themselves."""
        self._kept: dict[str, Any] = {}
        """Parameters of each view that is made, when what was changed was last kept."""

    # -- following the session ---------------------------------------------------------------

    def follow(self, *, anew: bool = False) -> bool:
        """Let views show the session as it is now, which is told of more than once.

        Parameters
        ----------
        anew : bool
            Also where they were asked to show the same.

        Returns
        -------
        bool
            Whether they were asked only now.
        """
        generation = self._window.session.shown.generation
        if generation == self._generation and not anew:
            return False
        self._generation = generation
        for dock in self._window.view_docks.values():
            dock.refresh()
        self._window.trimmer.touch()
        return True

    def learn(self) -> None:
        """Let views show what has become known of clusters.

        What an edit makes known is told before the edit itself: they then follow it already.
        """
        if not self.follow():
            for dock in self._window.view_docks.values():
                dock.learn()

    # -- docks -------------------------------------------------------------------------------

    def add_one_of_each(self) -> None:
        """Add the docks that every window has."""
        for kind in SPECS:
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
        spec = SPECS[kind]
        title = spec.title if number == 1 else f"{spec.title} {number}"
        dock = ViewDock(
            name,
            title,
            spec,
            lambda: self._remembered(name),
            lambda params: self._make(dock, params),
            window.session,
            window.pool,
            is_extra=number > 1,
        )
        dock.trouble.connect(window.show_trouble)
        dock.shown_data.connect(window.views_came)
        dock.discarded.connect(self._discard_later)
        dock.settings_wanted.connect(lambda: self._edit_settings(dock))
        dock.elsewhere_wanted.connect(window.commands.open_elsewhere)
        dock.export_wanted.connect(lambda: export_picture(window, window.view_docks.values(), dock))
        window.view_docks[name] = dock
        window.docks[name] = dock
        return dock

    def _make(self, dock: ViewDock, params: Any) -> View[Any, Any]:
        window, name = self._window, dock.objectName()
        view: View[Any, Any] = SPECS[kind_of(name)].cls(params, theme=window.theme)
        self._kept[name] = params
        view.cluster_clicked.connect(window.select_clicked)
        view.pair_clicked.connect(window.select_pair)
        view.channel_clicked.connect(window.commands.set_feature_channel)
        view.lasso_changed.connect(window.update_state)
        window.linking.link(view, dock)
        window.batches.follow(view)
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
        dock.bring_to_front()
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
            if kind in SPECS and number.isdecimal() and int(number) > 1 and name not in self.extras:
                self.add(kind, name)

    def remove(self, name: str) -> None:
        """Close a dock for good."""
        window = self._window
        dock = window.view_docks.pop(name)
        del window.docks[name]
        if dock.is_made:
            # What it holds is no longer pointed at in the others.
            dock.view.clear_lasso()
        window.linking.forget(dock)
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
            dialog = ParameterDialog(dock, dock.view, self._window.session.shank)
            dialog.finished.connect(lambda _: self.remember())
            dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _remembered(self, name: str) -> Any:
        """Parameters of a view: as changed in this dataset, else by the user, else the defaults."""
        cls = SPECS[kind_of(name)].params
        of_user, local = self._of_user(name), local_names(cls)
        stored = {key: value for key, value in of_user.items() if key not in local}
        stored.update(self._of_dataset().get(kept_as(name), {}))
        return params_of(cls, stored, self._window.session.shank)

    def remember(self) -> None:
        """Keep what has been changed since the last time, for this dataset and for the user."""
        window = self._window
        of_dataset = self._of_dataset()
        for name, dock in window.view_docks.items():
            if not dock.is_made:
                continue
            before, after = self._kept[name], dock.params
            self._kept[name] = after
            changed = plain_changes(before, after)
            if changed:
                key = kept_as(name)
                of_dataset[key] = {**of_dataset.get(key, {}), **changed}
            for_all = plain_changes(before, after, local=False)
            if for_all and not dock.is_extra:
                cls = type(after)
                stored = {**self._of_user(name), **for_all}
                of_user = params_of(cls, stored, self._window.session.shank)
                window.settings.set(f"views/{kept_as(name)}", plain_changes(cls(), of_user) or None)
        known = set(map(kept_as, window.view_docks))
        of_dataset = {key: of for key, of in of_dataset.items() if key in known}
        window.settings.set_of_dataset("datasets", window.session.path, of_dataset)

    def _of_user(self, name: str) -> dict[str, Any]:
        """What the user has changed in views of a kind, in whatever dataset."""
        stored = self._window.settings.get(f"views/{kept_as(kind_of(name))}")
        return stored if isinstance(stored, dict) else {}

    def _of_dataset(self) -> dict[str, dict[str, Any]]:
        """What has been changed in this dataset, by the names of the docks."""
        return self._window.settings.of_dataset("datasets", self._window.session.path)
