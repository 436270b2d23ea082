"""The keys of all actions: as declared, or as the user has bound them anew."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import ClassVar
from weakref import WeakKeyDictionary

from psygnal import Signal
from qtpy.QtGui import QKeySequence

from phygui.gui.actions.actions import ACTIONS, BY_NAME
from phygui.gui.actions.spec import ActionSpec
from phygui.gui.base.settings import Settings

log = logging.getLogger(__name__)

RESERVED = {
    "R": "resets the view that has the keyboard",
    "Left": "moves the traces",
    "Right": "moves the traces",
    "Shift+Up": "extends the selection in a table",
    "Shift+Down": "extends the selection in a table",
    "Ctrl+A": "selects all rows of a table",
    "Tab": "moves the keyboard on, or completes",
    "Shift+Tab": "moves the keyboard back",
    "Return": "accepts a line, or the proposed parts",
    "Enter": "accepts a line, or the proposed parts",
    "F10": "opens the menu bar",
    "Shift+F10": "opens the context menu",
    "Menu": "opens the context menu",
}
"""Keys that tables, views and Qt itself use, with what they do."""


class KeyConflict(ValueError):
    """A key cannot be bound; the text is one sentence for the user."""


def normal(key: str) -> str:
    """A key as it is compared and stored; empty if it is none."""
    return QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText).toString(
        QKeySequence.SequenceFormat.PortableText
    )


def menu_keys() -> dict[str, str]:
    """The keys that open the menus of the menu bar: Alt and the first letter of each."""
    return {f"Alt+{path[0]}": path for path in dict.fromkeys(a.menu_path[0] for a in ACTIONS)}


class Keys:
    """The keys in effect; one object serves all windows.

    Attributes
    ----------
    changed : Signal
        Emitted when an action has got other keys.
    """

    changed = Signal()
    _of: ClassVar[WeakKeyDictionary[Settings, Keys]] = WeakKeyDictionary()

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bound: dict[str, tuple[str, ...]] = {}
        self.own: tuple[ActionSpec, ...] = ()
        """What moves clusters to groups that the user has added, with keys of their own."""
        stored = settings.get("keys", {})
        for name, keys in stored.items() if isinstance(stored, dict) else ():
            if name in BY_NAME and isinstance(keys, list) and all(isinstance(k, str) for k in keys):
                self._bound[name] = tuple(filter(None, map(normal, keys)))
        for name in list(self._bound):
            try:
                for key in self._bound[name]:
                    self.check(BY_NAME[name], key)
            except KeyConflict as conflict:
                # A later version may have given the key to another action.
                log.warning("the keys of %s are back to the default: %s", name, conflict)
                del self._bound[name]

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        """The keys that all windows with these settings share."""
        if settings not in cls._of:
            cls._of[settings] = cls(settings)
        return cls._of[settings]

    def __getitem__(self, action: ActionSpec) -> tuple[str, ...]:
        """The keys of an action, in portable text."""
        if action.name in self._bound:
            return self._bound[action.name]
        return tuple(normal(key) for key in action.keys)

    def text(self, action: ActionSpec) -> str:
        """The keys of an action as they are read."""
        native = QKeySequence.SequenceFormat.NativeText
        return ", ".join(QKeySequence(key).toString(native) for key in self[action])

    def is_declared(self, action: ActionSpec) -> bool:
        """Whether an action has the keys that it has by default."""
        return action.name not in self._bound

    def check(self, action: ActionSpec, key: str) -> None:
        """Check that an action may have a key.

        Raises
        ------
        KeyConflict
            If something else has it.
        """
        wanted = normal(key)
        if not wanted:
            raise KeyConflict(f"{key!r} is not a key")
        if wanted in RESERVED and wanted not in map(normal, action.keys):
            raise KeyConflict(f"{wanted} {RESERVED[wanted]}")
        if wanted in menu_keys():
            raise KeyConflict(f"{wanted} opens the menu {menu_keys()[wanted]}")
        for other in (*ACTIONS, *self.own):
            if other.name != action.name and wanted in self[other]:
                raise KeyConflict(f"{wanted} is the key of '{other.title}'")

    def bind(self, action: ActionSpec, keys: Iterable[str]) -> None:
        """Give an action other keys, or none.

        Raises
        ------
        KeyConflict
            If something else has one of them; nothing changes then.
        """
        listed = list(keys)
        for key in listed:
            self.check(action, key)
        self._bound[action.name] = wanted = tuple(dict.fromkeys(map(normal, listed)))
        if wanted == tuple(normal(key) for key in action.keys):
            del self._bound[action.name]
        self._store()

    def reset(self, action: ActionSpec | None = None) -> None:
        """Give one action, or all, the declared keys again.

        Raises
        ------
        KeyConflict
            If another action has got one of them meanwhile; nothing changes then.
        """
        if action is None:
            self._bound.clear()
            self._store()
        else:
            self.bind(action, action.keys)

    def _store(self) -> None:
        kept = {name: list(keys) for name, keys in self._bound.items()}
        self._settings.set("keys", kept or None)
        self.changed.emit()
