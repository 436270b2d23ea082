"""Colours and notes of clusters, and groups beyond the four, asked for and made edits."""

from __future__ import annotations

from contextlib import suppress

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QColor, QKeySequence
from qtpy.QtWidgets import QColorDialog

from phygui.curation.edits.labels import COLOR, NOTE
from phygui.curation.edits.update import EditError, Update, in_words, insist
from phygui.errors import DatasetError
from phygui.gui.actions.keys import KeyConflict
from phygui.gui.actions.own_groups import OwnGroup, OwnGroups
from phygui.gui.actions.spec import ActionSpec
from phygui.gui.base.placing import well_placed
from phygui.gui.dialogs.note import NoteDialog
from phygui.gui.dialogs.own_group import GroupDialog
from phygui.gui.window.parts import WindowParts
from phygui.views.core.colors import cluster_color


class Marks:
    """What the user of one window says of clusters beyond the four groups."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self.own = OwnGroups.of(window.settings)
        self._items: list[QAction] = []
        self._listed: list[ActionSpec] = []
        self._forgotten: dict[str, OwnGroup] = {}
        self.own.changed.connect(self._groups_changed)
        window.session.clustered.connect(self._follow)
        window.session.switched.connect(self.list_groups)
        self.list_groups()

    # -- groups ----------------------------------------------------------------------------

    @property
    def groups(self) -> list[OwnGroup]:
        """The groups beyond the four, those of this dataset first."""
        return self.own.among(self._window.session.group_names.values())

    @property
    def actions(self) -> list[ActionSpec]:
        """What moves clusters to them."""
        return list(self._listed)

    def list_groups(self) -> None:
        """Have the keys of the groups that there are."""
        window = self._window
        while self._items:
            item = self._items.pop()
            window.removeAction(item)
            item.deleteLater()
        self._listed = [action for group in self.groups for action in group.actions()]
        for action in self._listed:
            if not action.keys:
                continue
            item = QAction(action.title, window)
            item.setShortcuts([QKeySequence(key) for key in action.keys])
            item.triggered.connect(lambda _, action=action: window.run(action))
            window.addAction(item)
            self._items.append(item)

    def _follow(self, update: Update) -> None:
        """An edit may have added a group, removed one, or taken that back."""
        for number, name in update.names_after.items():
            gone = update.names_before.get(number)
            if name is None and gone and update.cause != "undo":
                self._forget(gone)
            elif name and (known := self._forgotten.pop(name.casefold(), None)) is not None:
                # Something else may have its key by now.
                with suppress(KeyConflict):
                    self.own.put(known)
        if update.names_after:
            self.list_groups()

    def _forget(self, name: str) -> None:
        """Else its key would add a removed group again; undo remembers what was known of it."""
        if (known := self.own.forget(name)) is not None:
            self._forgotten[name.casefold()] = known

    def _groups_changed(self) -> None:
        self.list_groups()
        for table in (self._window.cluster_table, self._window.match_table):
            table.view.viewport().update()

    def new_group(self) -> None:
        """Ask for a group, remember its key and colour, and add it to the file."""
        self._ask_group("")

    def remove_group(self) -> None:
        """Ask which group is to be removed."""
        self._ask_group(self.groups[0].name)

    def _ask_group(self, name: str) -> None:
        window = self._window

        def problem_of(name: str, letter: str) -> str:
            try:
                self.own.check(OwnGroup(name, letter))
            except KeyConflict as conflict:
                return str(conflict)
            return ""

        known = [(g.name, g.letter, g.color) for g in self.groups]
        dialog = GroupDialog(window, known, self.own.free_letter, problem_of, self._remove, name)

        def take_over() -> None:
            name, letter, color = dialog.group
            if name.casefold() not in (n.casefold() for n in window.session.group_names.values()):
                insist(window.session.add_group(name))
            try:
                self.own.put(OwnGroup(name, letter, color))
            except KeyConflict as conflict:
                raise EditError(str(conflict)) from None

        dialog.accepted.connect(lambda: window.attempt(take_over))
        dialog.open()

    def _remove(self, name: str) -> str:
        """Remove a group from the dataset, and forget it; returns why it stays, or nothing."""
        window = self._window
        here = {n.casefold() for n in window.session.group_names.values()}
        try:
            if name.casefold() in here:
                window.session.remove_group(name)
            else:
                self._forget(name)
                window.say(f"forgot the key and colour of {name}; this dataset has no such group")
        except (EditError, DatasetError) as error:
            return str(error)
        return ""

    def dispose(self) -> None:
        """The groups outlive the window: other windows share them."""
        self.own.changed.disconnect(self._groups_changed)

    # -- colours ---------------------------------------------------------------------------

    def choose_color(self) -> None:
        """Ask for the colour of the selected clusters."""
        window = self._window
        shown, selected = window.session.shown, tuple(window.session.selected)
        place = QColor(*cluster_color(0, window.theme))
        dialog = QColorDialog(QColor(shown.color_of(selected[0]) or place), window)
        dialog.setWindowTitle(f"Colour of {in_words(selected)}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(
            lambda color: window.attempt(
                lambda: insist(window.session.label(selected, COLOR, color.name()))
            )
        )
        well_placed(dialog)
        dialog.open()

    def drop_color(self) -> None:
        """Let the selected clusters have the colours of their places again."""
        session = self._window.session
        insist(session.label(session.selected, COLOR, None))

    # -- notes -----------------------------------------------------------------------------

    def write_note(self) -> None:
        """Ask for the note of the selected clusters."""
        window = self._window
        selected = tuple(window.session.selected)
        notes = {window.session.labels_of(c).get(NOTE, "") for c in selected}
        differ = len(notes) > 1
        note = "" if differ else notes.pop()
        whose = f"cluster{'s' if len(selected) > 1 else ''} {in_words(selected)}"
        dialog = NoteDialog(window, whose, note, differ=differ)

        def take_over() -> None:
            if dialog.note != note or differ:
                insist(window.session.label(selected, NOTE, dialog.note or None))

        dialog.accepted.connect(lambda: window.attempt(take_over))
        dialog.open()
