"""What a view is to everybody else: its name, its words, and where its class is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from phygui.views.core.base import View

Need = Literal["features", "traces", "events"]
NEEDS: dict[Need, str] = {"features": "features", "traces": "raw data", "events": "events"}
"""What the user calls what a view draws from."""


FEW = -1
"""Number of spikes per cluster for a first picture: a third of those that are drawn in the end."""


@dataclass(frozen=True)
class ViewSpec:
    """One view, declared once: docks, menus, settings and documentation follow.

    A declaration costs no import of the view, so that menus name views that nobody looks at.

    Attributes
    ----------
    name : str
        What settings files, layouts and actions call it: one word.
    title : str
        What docks and menus call it.
    help : str
        What it shows, as the end of a sentence.
    view : str or type
        The class, or ``module:class`` for one that is imported when it is first used.
    needs : tuple of str
        What it draws from beyond the spikes themselves; of several, one is enough.
    order : int
        Its place among the others in menus; where it is the same, the name decides.
    version : int
        Counts changes after which settings that were kept mean something else: these are
        forgotten then.
    at_first : mapping
        Settings with which a new selection is shown before those that the user has, where they are
        the program's own: a picture that is there soon, and says that it is a part of another.
    """

    name: str
    title: str
    help: str
    view: str | type[View[Any, Any]]
    needs: tuple[Need, ...] = ()
    order: int = 1000
    version: int = 1
    at_first: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cls(self) -> type[View[Any, Any]]:
        """The class of the view, imported now if it was not yet needed."""
        if not isinstance(self.view, str):
            return self.view
        module, _, name = self.view.partition(":")
        return cast("type[View[Any, Any]]", getattr(import_module(module), name))

    @property
    def params(self) -> type[Any]:
        """The dataclass of its settings."""
        return self.cls.Params

    def first(self, params: Any) -> Any:
        """Settings for the first picture of a selection: of these, or these themselves."""
        own = type(params)()
        quick = {k: v for k, v in self.at_first.items() if getattr(params, k) == getattr(own, k)}
        return replace(params, **quick) if quick else params

    @property
    def kept_as(self) -> str:
        """The name under which its settings are kept."""
        return self.name if self.version == 1 else f"{self.name}@{self.version}"
