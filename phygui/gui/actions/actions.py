"""All actions, in the order of the menus; toolbar, keys, palette and documentation follow."""

from __future__ import annotations

from phygui.gui.actions.declared import (
    dataset_actions,
    edit_actions,
    file_actions,
    help_actions,
    select_actions,
    view_actions,
)
from phygui.gui.actions.spec import ActionSpec

ACTIONS: tuple[ActionSpec, ...] = (
    *file_actions.ACTIONS,
    *edit_actions.ACTIONS,
    *select_actions.ACTIONS,
    *dataset_actions.ACTIONS,
    *view_actions.ACTIONS,
    *help_actions.ACTIONS,
)
BY_NAME = {action.name: action for action in ACTIONS}
