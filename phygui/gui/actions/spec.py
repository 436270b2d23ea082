"""What an action is: one declaration, from which its menu, key, button and documentation follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phygui.gui.actions.context import ActionContext

Run = Callable[[ActionContext], object]
When = Callable[[ActionContext], bool]
Why = Callable[[ActionContext], str]
"""Why something is not possible, in one clause; empty if it is."""


def nothing(_: ActionContext) -> str:
    """Nothing stands in the way of an action that is always possible."""
    return ""


@dataclass(frozen=True)
class ActionSpec:
    """One thing that the user can do."""

    name: str
    title: str
    menu: str
    """Path of menus, with slashes; a group of actions ends where the text after ``|`` changes."""
    run: Run
    keys: tuple[str, ...] = ()
    tip: str = ""
    icon: str = ""
    hindrance: Why = nothing
    """Why it is not possible now, which is said when its key is pressed; empty if it is."""
    checked: When | None = None
    """For an action that can be on or off: whether it is on."""
    toolbar: bool = False
    title_now: Callable[[ActionContext], str] | None = None
    """What the menus call it where that depends on what it would do."""

    @property
    def menu_path(self) -> list[str]:
        """Titles of the menu and its submenus."""
        return self.menu.split("|")[0].split("/")

    def enabled(self, context: ActionContext) -> bool:
        """Whether it is possible now."""
        return not self.hindrance(context)
