"""Many matches by one key, a row sent to the other table, and the best cluster in focus."""

from __future__ import annotations

from typing import Any

from phygui.curation.edits.update import EditError
from phygui.gui.window.parts import WindowParts
from phygui.views.core.base import View

SETTING = "n_matches"
USUAL = 5
MOST = 100


class Batches:
    """What a window does with several clusters at once."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self.is_focused = False

    @property
    def n_matches(self) -> int:
        """How many similar clusters one key selects."""
        kept = self._window.settings.get(SETTING)
        return int(kept) if str(kept).isdecimal() and 1 <= int(kept) <= MOST else USUAL

    def select_matches(self, n: int | None = None) -> None:
        """Select the first similar clusters: as many as the last time, or so many from now on.

        Raises
        ------
        EditError
            If there is no such number, or nothing to select.
        """
        if n is not None and not 1 <= n <= MOST:
            raise EditError(f"1 to {MOST} similar clusters can be selected, not {n}")
        if n is not None:
            self._window.settings.set(SETTING, n)
        wanted = self.n_matches
        found = self._window.session.navigation.first_matches(wanted)
        if not found:
            raise EditError("no similar cluster is known that is not passed over")
        best = self._window.session.selection.best[0]
        self._window.say(f"the {found} most similar to {best}; :n {wanted} selects as many")

    def send_row(self) -> None:
        """Send the current row to the other table: a match becomes best, and the other way."""
        tables = self._window.tables
        table = tables.matches if tables.matches.view.hasFocus() else tables.clusters
        index = table.view.currentIndex()
        session = self._window.session
        ids = table.model.cluster_ids
        in_row = ids[index.row()] if index.isValid() and index.row() < len(ids) else None
        if table is tables.clusters and in_row not in session.selection.clusters:
            in_row = session.selection.best[-1] if session.selection.best else None
        if in_row is None:
            raise EditError("no cluster is selected")
        session.navigation.send(in_row)
        is_best = in_row in session.selection.best
        self._window.say(f"{in_row} is now {'one of the best clusters' if is_best else 'a match'}")

    def toggle_focus(self) -> None:
        """Dim all selected clusters but the best one in every view, or none again."""
        self.is_focused = not self.is_focused
        for view in self._window.views():
            self.follow(view)
            view.refresh()
        best = self._window.session.selection.best[:1]
        of = f"cluster {best[0]}" if best else "the best cluster"
        self._window.say(f"only {of} is in colour" if self.is_focused else "all are in colour")

    def follow(self, view: View[Any, Any]) -> None:
        """Let a view dim what is not in focus, or nothing."""
        view.palette.is_focused = self.is_focused
