"""The groups of clusters that every dataset has, by the numbers that stand for them.

A lab may add others, numbered from 4.
"""

from __future__ import annotations

NOISE, MUA, GOOD, UNSORTED = range(4)

GROUP_TITLES = {NOISE: "Noise", MUA: "MUA", GOOD: "Good", UNSORTED: "Unsorted"}
"""As they are written in menus and in files."""
GROUP_NAMES = {group: title.lower() for group, title in GROUP_TITLES.items()}
"""As they are called in tables, filters and commands."""
BEST_FIRST = (GOOD, MUA, NOISE, UNSORTED)
"""The order in which they are offered and counted."""


class GroupNumber(int):
    """The number of a group that goes by its name as well: ``group == "good"``, ``group.name``.

    Parameters
    ----------
    number : int
    name : str
    """

    name: str

    def __new__(cls, number: int, name: str) -> GroupNumber:
        made = super().__new__(cls, number)
        made.name = name
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return other.casefold() == self.name.casefold()
        return int(self) == other

    __hash__ = int.__hash__

    def __reduce__(self) -> tuple[type, tuple[int, str]]:
        return type(self), (int(self), self.name)
