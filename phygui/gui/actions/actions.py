"""All actions, in the order of the menus; toolbar, keys, palette and documentation follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import overload

from qtpy.QtGui import QKeySequence

from phygui.curation.edits.update import EditError
from phygui.errors import DatasetError
from phygui.gui.actions.declared import (
    dataset_actions,
    edit_actions,
    file_actions,
    help_actions,
    select_actions,
    tool_actions,
    view_actions,
)
from phygui.gui.actions.spec import ActionSpec, Why
from phygui.plugins import Guarded, Plugin, added, owner, remember_forgetting
from phygui.views import SPECS

GROUP = "phygui.actions"
_OWN: tuple[ActionSpec, ...] = (
    *file_actions.ACTIONS,
    *edit_actions.ACTIONS,
    *select_actions.ACTIONS,
    *dataset_actions.ACTIONS,
    *view_actions.ACTIONS,
    *tool_actions.ACTIONS,
    *help_actions.ACTIONS,
)
_MOST_TEXT = 200
"""Characters of what a plugin's action says."""


@cache
def _found() -> tuple[ActionSpec, ...]:
    """Those of the program, and those of plugins, each menu in one piece."""
    found = [*_OWN]
    found += [view_actions.new_view(spec) for spec in SPECS.values() if owner("view", spec.name)]
    for spec, plugin in added(GROUP, {spec.name for spec in found}):
        if plugin is not None:
            found.append(_guarded(spec, plugin, _free_keys(spec, found)))
    # The help stands at the right end.
    menus = [*dict.fromkeys(a.menu_path[0] for a in found if a.menu_path[0] != "Help"), "Help"]
    return tuple(sorted(found, key=lambda action: menus.index(action.menu_path[0])))


def _free_keys(spec: ActionSpec, others: Sequence[ActionSpec]) -> tuple[str, ...]:
    """The keys of an action that no other one has."""
    taken = {QKeySequence(key).toString() for other in others for key in other.keys}
    return tuple(key for key in spec.keys if QKeySequence(key).toString() not in taken)


def _guarded(spec: ActionSpec, plugin: Plugin, keys: tuple[str, ...]) -> ActionSpec:
    """An action of a plugin: once it has raised, it is not possible any more."""
    said = (EditError, DatasetError)
    hinders = Guarded(plugin, spec.hindrance, turn=EditError)
    title = spec.title_now and Guarded(plugin, spec.title_now, turn=EditError)
    checked = spec.checked and Guarded(plugin, spec.checked, turn=EditError)

    def or_remark(function: Guarded) -> Why:
        def ask(w: object) -> str:
            try:
                return str(function(w))[:_MOST_TEXT]
            except EditError:
                return plugin.remark

        return ask

    def is_checked(w: object) -> bool:
        try:
            return checked is not None and bool(checked(w))
        except EditError:
            return False

    return replace(
        spec,
        run=Guarded(plugin, spec.run, passes=said, turn=EditError),
        keys=keys,
        hindrance=or_remark(hinders),
        title_now=None if title is None else lambda w: spec.title if plugin.error else title(w),
        checked=None if checked is None else is_checked,
    )


remember_forgetting(_found.cache_clear)


class _Actions(Sequence[ActionSpec]):
    """All actions, those of plugins looked for when the first is asked for."""

    @overload
    def __getitem__(self, index: int) -> ActionSpec: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ActionSpec, ...]: ...
    def __getitem__(self, index: int | slice) -> ActionSpec | tuple[ActionSpec, ...]:
        return _found()[index]

    def __iter__(self) -> Iterator[ActionSpec]:
        return iter(_found())

    def __len__(self) -> int:
        return len(_found())


class _ByName(Mapping[str, ActionSpec]):
    """All actions by their names."""

    def __getitem__(self, name: str) -> ActionSpec:
        return _by_name()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_by_name())

    def __len__(self) -> int:
        return len(_by_name())


@cache
def _by_name() -> dict[str, ActionSpec]:
    return {action.name: action for action in ACTIONS}


remember_forgetting(_by_name.cache_clear)

ACTIONS: Sequence[ActionSpec] = _Actions()
BY_NAME: Mapping[str, ActionSpec] = _ByName()
