"""Searchable lists of what can be done: the keys, and the command palette."""

from __future__ import annotations

from phygui.gui.actions.actions import ACTIONS
from phygui.gui.actions.gestures import GESTURES
from phygui.gui.actions.keys import ELSEWHERE, Keys
from phygui.gui.actions.line_commands import snippet_rows
from phygui.gui.dialogs.search_list import SearchList
from phygui.gui.window.parts import WindowParts

SHOWN = "it is in sight already"
"""What is told of a dock that is asked for and is there."""


def _menus() -> list[str]:
    """The menus, in their order."""
    return list(dict.fromkeys(action.menu_path[0] for action in ACTIONS))


def show_shortcuts(window: WindowParts) -> None:
    """The searchable list of keys, mouse gestures and snippets."""
    keys = window.keys
    every = (*ACTIONS, *window.marks.actions)
    bound = sorted((a for a in every if keys[a]), key=lambda a: _menus().index(a.menu_path[0]))
    rows = [(keys.text(a), a.title, a.tip) for a in bound]
    sections = [a.menu_path[0] for a in bound]
    for section, more in (("Command line", snippet_rows()), ("Mouse", GESTURES)):
        rows += [(what, section.lower(), tip) for what, tip in more]
        sections += [section] * len(more)
    for other in ELSEWHERE:
        theirs = Keys.of(window.settings, other)
        there = [action for action in other.actions if theirs[action]]
        rows += [(theirs.text(action), action.title, action.tip) for action in there]
        sections += [other.title] * len(there)
    if window.help_list is not None:
        window.help_list.deleteLater()
    window.help_list = SearchList(
        window,
        "Keyboard shortcuts",
        ["key", "action", ""],
        rows,
        size=(1080, 720),
        sections=sections,
    )
    window.help_list.show()


def show_palette(window: WindowParts) -> None:
    """Every action by name; choosing one does it."""
    every = (*ACTIONS, *window.marks.actions)
    actions = [a for a in every if a.enabled(window) and a.name != "palette"]
    rows = [(a.title, window.keys.text(a), a.tip) for a in actions]
    docks = list(window.docks.values())
    # Who does not see what is there asks for it too.
    tips = [SHOWN if dock.is_on_screen else "bring it to the front" for dock in docks]
    rows += [(f"Show {dock.title}", "", tip) for dock, tip in zip(docks, tips, strict=True)]
    palette = SearchList(window, "Command palette", ["action", "key", ""], rows)

    def run() -> None:
        chosen = palette.chosen
        if chosen is None:
            return
        if chosen < len(actions):
            window.run(actions[chosen])
        else:
            dock = docks[chosen - len(actions)]
            if dock.is_on_screen:
                window.say(f"{dock.title}: {SHOWN}")
            dock.bring_to_front()

    palette.accepted.connect(run)
    if window.palette_list is not None:
        window.palette_list.deleteLater()
    window.palette_list = palette
    palette.open()
    palette.search.setFocus()
