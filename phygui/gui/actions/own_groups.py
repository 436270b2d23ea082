"""Groups that the user has added beyond the four: each with a letter for its keys, and a colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from psygnal import Signal

from phygui.dataset.groups import GROUP_NAMES
from phygui.gui.actions.declared.edit_actions import MOVED, mover
from phygui.gui.actions.keys import KeyConflict, Keys
from phygui.gui.actions.spec import ActionSpec
from phygui.gui.base import theme
from phygui.gui.base.settings import Settings

SETTING = "groups"


@dataclass(frozen=True)
class OwnGroup:
    """A group beyond the four, as the user wants it in whatever dataset."""

    name: str
    letter: str = ""
    """A letter or digit; with Alt, Ctrl and both it moves clusters there. Empty for no keys."""
    color: str = ""
    """Colour of its clusters' text in the tables, as ``#rrggbb``; empty for the usual one."""

    def actions(self) -> list[ActionSpec]:
        """What moves clusters to it."""
        return [
            ActionSpec(
                f"move_{which}_to_{self.name.casefold()}",
                f"Move {which} to {self.name}",
                f"Edit/Move {which} to",
                mover(which, self.name),
                (modifier + self.letter,) if self.letter else (),
                f"put {words} into the group {self.name}",
                hindrance=hindrance,
            )
            for which, modifier, hindrance, words in MOVED
        ]


class OwnGroups:
    """The groups that the user has added; one object serves all windows with these settings.

    Attributes
    ----------
    changed : Signal
        Emitted when one of them is another.
    """

    changed = Signal()
    _of: ClassVar[WeakKeyDictionary[Settings, OwnGroups]] = WeakKeyDictionary()

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys
        stored = settings.get(SETTING, {})
        pairs = stored.items() if isinstance(stored, dict) else ()
        self._known = {name.casefold(): _group(name, told) for name, told in pairs}
        self._take_effect()

    @classmethod
    def of(cls, settings: Settings) -> OwnGroups:
        """The groups that all windows with these settings share."""
        if settings not in cls._of:
            cls._of[settings] = cls(settings, Keys.of(settings))
        return cls._of[settings]

    def __getitem__(self, name: str) -> OwnGroup:
        """A group of this name, with what is known of it."""
        return self._known.get(name.casefold(), OwnGroup(name))

    def among(self, names: Iterable[str]) -> list[OwnGroup]:
        """The groups that a dataset has beyond the four, then those that other datasets have."""
        four = set(GROUP_NAMES.values())
        here = {n.casefold(): n for n in names if n.casefold() not in four}
        return [*map(self.__getitem__, here.values())] + [
            group for key, group in self._known.items() if key not in here
        ]

    def check(self, group: OwnGroup) -> None:
        """Check that a group may have its name and its letter.

        Raises
        ------
        KeyConflict
            If it is called as one of the four, its letter is none, or something else has a key that
            comes of it.
        """
        if group.name.casefold() in GROUP_NAMES.values():
            raise KeyConflict(f"{group.name} is one of the four groups that every dataset has")
        if not group.letter:
            return
        if len(group.letter) != 1 or not (group.letter.isascii() and group.letter.isalnum()):
            raise KeyConflict(f"the keys are made of one letter or digit, not {group.letter!r}")
        for action in group.actions():
            self._keys.check(action, action.keys[0])

    def free_letter(self, name: str) -> str:
        """A letter of a name, or else a digit, that nothing else has; empty if there is none."""
        for letter in dict.fromkeys(f"{name.upper()}123456789"):
            try:
                self.check(OwnGroup(name, letter))
            except KeyConflict:
                continue
            return letter
        return ""

    def put(self, group: OwnGroup) -> None:
        """Remember a group.

        Raises
        ------
        KeyConflict
            If something else has a key of it; nothing changes then.
        """
        self.check(group)
        self._known[group.name.casefold()] = group
        self._store()

    def forget(self, name: str) -> OwnGroup | None:
        """Forget key and colour of a group; returns what was known of it."""
        known = self._known.pop(name.casefold(), None)
        if known is not None:
            self._store()
        return known

    def _store(self) -> None:
        self._settings.set(
            SETTING, {g.name: {"key": g.letter, "color": g.color} for g in self._known.values()}
        )
        self._take_effect()
        self.changed.emit()

    def _take_effect(self) -> None:
        self._keys.own = tuple(a for group in self._known.values() for a in group.actions())
        theme.set_own_group_colors({g.name: g.color for g in self._known.values() if g.color})


def _group(name: str, told: Any) -> OwnGroup:
    """A group as the settings tell of it."""
    of = told if isinstance(told, dict) else {}
    letter, color = (of[k] if isinstance(of.get(k), str) else "" for k in ("key", "color"))
    return OwnGroup(name, letter[:1], color)
