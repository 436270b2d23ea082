"""Writes docs/shortcuts.md from the declared actions: ``python -m phygui.gui.app.shortcuts``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from phygui.gui.actions.actions import ACTIONS
from phygui.gui.actions.gestures import GESTURES
from phygui.gui.actions.line_commands import SNIPPETS
from phygui.gui.archive import actions as archive

HEAD = """\
# Keys, mouse and command line

<!-- Written by `python -m phygui.gui.app.shortcuts` from the declarations; do not edit. -->

`H` or `F1` shows this list in the program, with the keys as they are bound at the moment;
*Help > Change keys...* binds them anew, per user. `Ctrl+P` finds an action by its name.
"""


def shortcuts_page() -> str:
    """The page as Markdown."""
    lines = [HEAD]
    for menu in dict.fromkeys(a.menu_path[0] for a in ACTIONS):
        lines += [f"## {menu}", "", "| action | key | |", "| --- | --- | --- |"]
        for action in ACTIONS:
            if action.menu_path[0] != menu:
                continue
            place = " > ".join([*action.menu_path[1:], action.title])
            lines.append(_row(place, action.keys, action.tip))
        lines.append("")
    lines += ["## Mouse", "", "| | |", "| --- | --- |"]
    lines += [f"| {_cell(gesture)} | {_cell(tip)} |" for gesture, tip in GESTURES]
    lines += [
        "",
        "## Command line",
        "",
        "`:` opens it; `Tab` completes, `Enter` runs the line, `Escape` leaves it, "
        "`Up` and `Down` bring earlier lines back.",
        "",
        "| | |",
        "| --- | --- |",
    ]
    lines += [f"| `:{_cell(snippet.usage)}` | {_cell(snippet.tip)} |" for snippet in SNIPPETS]
    lines += [
        "",
        "## Window of an archive",
        "",
        "[It](archive-window.md) has keys of its own; its *Help > Change keys...* binds them anew.",
        "",
        "| action | key | |",
        "| --- | --- | --- |",
    ]
    lines += [
        _row(f"{action.menu.partition('|')[0]} > {action.title}", action.keys, action.tip)
        for action in archive.ACTIONS
    ]
    return "\n".join(lines) + "\n"


def _row(place: str, keys: Iterable[str], tip: str) -> str:
    told = ", ".join(f"`{key}`" for key in keys)
    return f"| {_cell(place)} | {told} | {_cell(tip)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    os.environ["PHYGUI_NO_PLUGINS"] = "1"
    default = Path(__file__).parents[3] / "docs" / "shortcuts.md"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    path.write_text(shortcuts_page(), encoding="utf-8")
    print(path)
