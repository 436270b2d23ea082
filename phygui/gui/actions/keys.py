"""The keys of all actions: as declared, or as the user has bound them anew."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol
from weakref import WeakKeyDictionary

from psygnal import Signal
from qtpy.QtGui import QKeySequence

from phygui.gui.actions.actions import ACTIONS
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


class Bindable(Protocol):
    """What may have keys: an action of any window."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def menu(self) -> str: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def tip(self) -> str: ...


@dataclass(frozen=True)
class Bindables:
    """The actions of one kind of window, of which no two have the same key.

    Attributes
    ----------
    title : str
        What lists of keys call that window.
    setting : str
        Under which what the user has bound is kept.
    actions : sequence of Bindable
    reserved : mapping of str to str
        Keys that are taken otherwise, with what they do.
    """

    title: str
    setting: str
    actions: Sequence[Bindable]
    reserved: Mapping[str, str]


CURATING = Bindables("Dataset window", "keys", ACTIONS, RESERVED)
"""Those of the window of a dataset."""
ELSEWHERE: list[Bindables] = []
"""Those of other windows, which add them; lists of keys have them too."""


class KeyConflict(ValueError):
    """A key cannot be bound; the text is one sentence for the user."""


def normal(key: str) -> str:
    """A key as it is compared and stored; empty if it is none."""
    return QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText).toString(
        QKeySequence.SequenceFormat.PortableText
    )


class Keys:
    """The keys in effect; one object serves all windows of a kind.

    Parameters
    ----------
    settings : Settings
    of : Bindables
        The actions.

    Attributes
    ----------
    actions : sequence of Bindable
    changed : Signal
        Emitted when an action has got other keys.
    """

    changed = Signal()
    _of: ClassVar[WeakKeyDictionary[Settings, dict[str, Keys]]] = WeakKeyDictionary()

    def __init__(self, settings: Settings, of: Bindables = CURATING) -> None:
        self._settings = settings
        self._setting, self.actions, self._reserved = of.setting, of.actions, of.reserved
        self._bound: dict[str, tuple[str, ...]] = {}
        self.own: tuple[Bindable, ...] = ()
        """What moves clusters to groups that the user has added, with keys of their own."""
        by_name = {action.name: action for action in self.actions}
        stored = settings.get(self._setting, {})
        for name, keys in stored.items() if isinstance(stored, dict) else ():
            if name in by_name and isinstance(keys, list) and all(isinstance(k, str) for k in keys):
                self._bound[name] = tuple(filter(None, map(normal, keys)))
        for name in list(self._bound):
            try:
                for key in self._bound[name]:
                    self.check(by_name[name], key)
            except KeyConflict as conflict:
                # A later version may have given the key to another action.
                log.warning("the keys of %s are back to the default: %s", name, conflict)
                del self._bound[name]

    @classmethod
    def of(cls, settings: Settings, of: Bindables = CURATING) -> Keys:
        """The keys that all windows of a kind with these settings share."""
        shared = cls._of.setdefault(settings, {})
        if of.setting not in shared:
            shared[of.setting] = cls(settings, of)
        return shared[of.setting]

    def menu_keys(self) -> dict[str, str]:
        """The keys that open the menus of the menu bar: Alt and the first letter of each."""
        menus = [action.menu.partition("|")[0].partition("/")[0] for action in self.actions]
        return {f"Alt+{menu[0]}": menu for menu in dict.fromkeys(menus)}

    def __getitem__(self, action: Bindable) -> tuple[str, ...]:
        """The keys of an action, in portable text."""
        if action.name in self._bound:
            return self._bound[action.name]
        return tuple(normal(key) for key in action.keys)

    def text(self, action: Bindable) -> str:
        """The keys of an action as they are read."""
        native = QKeySequence.SequenceFormat.NativeText
        return ", ".join(QKeySequence(key).toString(native) for key in self[action])

    def is_declared(self, action: Bindable) -> bool:
        """Whether an action has the keys that it has by default."""
        return action.name not in self._bound

    def check(self, action: Bindable, key: str) -> None:
        """Check that an action may have a key.

        Raises
        ------
        KeyConflict
            If something else has it.
        """
        wanted = normal(key)
        if not wanted:
            raise KeyConflict(f"{key!r} is not a key")
        if wanted in self._reserved and wanted not in map(normal, action.keys):
            raise KeyConflict(f"{wanted} {self._reserved[wanted]}")
        if menu := self.menu_keys().get(wanted):
            raise KeyConflict(f"{wanted} opens the menu {menu}")
        for other in (*self.actions, *self.own):
            if other.name != action.name and wanted in self[other]:
                raise KeyConflict(f"{wanted} is the key of '{other.title}'")

    def bind(self, action: Bindable, keys: Iterable[str]) -> None:
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

    def reset(self, action: Bindable | None = None) -> None:
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
        self._settings.set(self._setting, kept or None)
        self.changed.emit()
