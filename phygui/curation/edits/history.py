"""One undo stack over every kind of edit; undo and redo apply a stored change."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from phygui.curation.durability.journal_entries import parts_at
from phygui.curation.edits.parts import Parts
from phygui.curation.edits.update import EditError, Update
from phygui.storage.state.scratch import Place

SavedState = tuple[int, Update | None]
Memento = tuple[tuple[Update, ...], int]

IN_MEMORY = 32 << 20
"""Bytes of spikes of the latest edits that are held in memory; those of older ones are on disk."""


class History:
    """A list of edits and a position in it: the edits before it are in effect."""

    def __init__(self) -> None:
        self._updates: list[Update] = []
        self._position = 0
        # Position that the file on disk holds; None once that state cannot be reached by undo.
        self._saved: int | None = 0
        self._last_saved: SavedState = (0, None)
        # Edits whose spikes are in memory and on the disk, their bytes, and what lets go of them.
        self._held: deque[tuple[Update, int, list[Callable[[], None]]]] = deque()
        self._n_held = 0

    @property
    def updates(self) -> tuple[Update, ...]:
        """All edits, oldest first; those from ``position`` on have been undone."""
        return tuple(self._updates)

    @property
    def position(self) -> int:
        """Number of edits in effect."""
        return self._position

    @property
    def in_effect(self) -> tuple[Update, ...]:
        """The edits in effect, oldest first."""
        return tuple(self._updates[: self._position])

    @property
    def saved_position(self) -> int | None:
        """Number of edits in effect in the file; None once undo and redo cannot lead there."""
        return self._saved

    @property
    def can_undo(self) -> bool:
        """Whether an edit is in effect."""
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        """Whether an edit has been undone."""
        return self._position < len(self._updates)

    @property
    def is_modified(self) -> bool:
        """Whether what is in effect differs from what was last saved."""
        return self._position != self._saved

    @property
    def n_unsaved(self) -> int:
        """Number of undo or redo steps between the saved state and this one.

        Where these cannot lead there, number of edits in effect, and 1 if there are none: that
        what was saved has been undone is not saved either.
        """
        if self._saved is None:
            return max(self._position, 1)
        return abs(self._position - self._saved)

    def unsaved(self) -> list[tuple[Update, bool]]:
        """The edits that :attr:`n_unsaved` counts, and whether each was undone.

        Those that the file holds and that were undone are not among them once other edits have
        taken their place.
        """
        if self._saved is not None and self._saved > self._position:
            return [(u, True) for u in reversed(self._updates[self._position : self._saved])]
        return [(u, False) for u in self._updates[self._saved or 0 : self._position]]

    def record(self, update: Update) -> None:
        """Add an edit that has just been made; edits that were undone are forgotten."""
        if self._saved is not None and self._saved > self._position:
            self._saved = None
        self._forget(self._updates[self._position :])
        del self._updates[self._position :]
        self._updates.append(update)
        self._position += 1

    def _forget(self, updates: list[Update]) -> None:
        """The memory of edits that nothing leads back to is nobody's."""
        ids = set(map(id, updates))
        if ids:
            self._held = deque(entry for entry in self._held if id(entry[0]) not in ids)
            self._n_held = sum(n_bytes for _, n_bytes, _ in self._held)

    def on_disk(self, update: Update, place: Place) -> None:
        """The spikes of an edit can be read at a place: memory is only for the latest edits."""
        releases: list[Callable[[], None]] = []
        n_bytes = 0
        if isinstance(update.before, Parts):
            n_bytes += update.before.n_bytes
            releases.append(partial(update.before.release, parts_at(place, "before")))
        if isinstance(update.after, Parts):
            n_bytes += update.after.n_bytes
            releases.append(partial(update.after.release, parts_at(place, "after")))
        # It may have been undone and forgotten before it was on the disk.
        if not n_bytes or not any(of is update for of in reversed(self._updates)):
            return
        self._held.append((update, n_bytes, releases))
        self._n_held += n_bytes
        while self._n_held > IN_MEMORY:
            _, n_bytes, releases = self._held.popleft()
            self._n_held -= n_bytes
            for release in releases:
                release()

    def undo(self) -> Update:
        """Step back; returns the change to apply.

        Raises
        ------
        EditError
            If nothing is left to undo.
        """
        if not self.can_undo:
            raise EditError("nothing to undo")
        self._position -= 1
        return self._updates[self._position].reversed("undo")

    def redo(self) -> Update:
        """Step forward; returns the change to apply.

        Raises
        ------
        EditError
            If nothing is left to redo.
        """
        if not self.can_redo:
            raise EditError("nothing to redo")
        update = self._updates[self._position]
        self._position += 1
        return replace(update, cause="redo")

    def go(self, position: int) -> list[Update]:
        """Step back or forth to a position; returns the changes to apply, in order.

        Raises
        ------
        EditError
            If the history does not go there.
        """
        n = len(self._updates)
        if not 0 <= position <= n:
            raise EditError(f"the history has {n} edits, not {position}")
        steps = []
        while self._position != position:
            steps.append(self.undo() if self._position > position else self.redo())
        return steps

    def memento(self) -> Memento:
        """All there is, for :meth:`take_back`."""
        return tuple(self._updates), self._position

    def take_back(self, memento: Memento) -> None:
        """Have the edits again as when the memento was taken, as if none had been made since."""
        updates, self._position = memento
        self._updates = list(updates)
        # A save may have ended since.
        self.mark_saved(self._last_saved)

    def state(self) -> SavedState:
        """A token of what is in effect now, for :meth:`mark_saved` once it is on disk."""
        return self._position, self._updates[self._position - 1] if self._position else None

    def mark_saved(self, state: SavedState) -> None:
        """What was in effect when ``state`` was taken is now on disk."""
        position, last = self._last_saved = state
        reachable = position <= len(self._updates) and (
            position == 0 or self._updates[position - 1] is last
        )
        self._saved = position if reachable else None
