"""What can be done in the window of an archive; its menus, keys, palette and help follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from phygui.gui.actions.keys import ELSEWHERE, RESERVED, Bindables


class ArchiveContext(Protocol):
    """What the actions do it with: the window."""

    def open_selected(self) -> None: ...
    def next_undecided(self) -> None: ...
    def open_dataset(self) -> None: ...
    def open_archive(self) -> None: ...
    def prepare_selected(self) -> None: ...
    def prepare_shown(self) -> None: ...
    def cancel_preparation(self) -> None: ...
    def report(self) -> None: ...
    def look_again(self) -> None: ...
    def go_to_filter(self) -> None: ...
    def show_undecided(self) -> None: ...
    def toggle_theme(self) -> None: ...
    def show_keys(self) -> None: ...
    def change_keys(self) -> None: ...
    def show_palette(self) -> None: ...
    def close(self) -> bool: ...
    def quit(self) -> None: ...
    def none_selected(self) -> str: ...
    def prepares_nothing(self) -> str: ...


def nothing(_: ArchiveContext) -> str:
    """Nothing stands in the way."""
    return ""


@dataclass(frozen=True)
class ArchiveAction:
    """One thing that the user can do.

    Attributes
    ----------
    menu : str
        The menu; a group of actions ends where the text after ``|`` changes.
    hindrance : callable
        Why it is not possible now, in one clause; empty if it is.
    """

    name: str
    title: str
    menu: str
    run: Callable[[ArchiveContext], object]
    keys: tuple[str, ...] = ()
    tip: str = ""
    hindrance: Callable[[ArchiveContext], str] = nothing


ACTIONS: tuple[ArchiveAction, ...] = (
    ArchiveAction("open_selected", "Open the session", "File", lambda w: w.open_selected(),
        ("Return", "Enter"), "each selected session in a window; so does a double click",
        lambda w: w.none_selected()),
    ArchiveAction("next_undecided", "Next undecided session", "File",
        lambda w: w.next_undecided(), ("Ctrl+Shift+PgDown",),
        "open the next one, in the order of the table, with clusters to decide"),
    ArchiveAction("open", "Open a dataset...", "File|open", lambda w: w.open_dataset(),
        ("Ctrl+O",), "one that need not be in the archive"),
    ArchiveAction("open_archive", "Open another archive...", "File|open",
        lambda w: w.open_archive(), ("Ctrl+Shift+O",)),
    ArchiveAction("report", "Report on the archive...", "File|report", lambda w: w.report(),
        ("Ctrl+Shift+X",), "decisions, units and agreement of all sessions, as one HTML page"),
    ArchiveAction("close", "Close the window", "File|end", lambda w: w.close(), ("Ctrl+W",)),
    ArchiveAction("quit", "Quit", "File|end", lambda w: w.quit(), ("Ctrl+Q",)),
    ArchiveAction("prepare", "Prepare the selected sessions", "Sessions",
        lambda w: w.prepare_selected(), ("Ctrl+B",),
        "compute statistics and suggestions now, so that they open with all columns filled",
        lambda w: w.none_selected()),
    ArchiveAction("prepare_shown", "Prepare all that are shown", "Sessions",
        lambda w: w.prepare_shown(), ("Ctrl+Shift+B",),
        "those that are prepared already are passed over"),
    ArchiveAction("cancel", "Cancel the preparation", "Sessions",
        lambda w: w.cancel_preparation(), ("Escape",), "what is done by then is kept",
        lambda w: w.prepares_nothing()),
    ArchiveAction("look", "Look again", "Sessions|look", lambda w: w.look_again(), ("F5",),
        "at once; the folder is watched all the time"),
    ArchiveAction("filter", "Filter", "View", lambda w: w.go_to_filter(), ("Ctrl+F",),
        "go to the filter line"),
    ArchiveAction("undecided", "Undecided sessions only", "View", lambda w: w.show_undecided(),
        ("Ctrl+U",), "fill the filter line so; a second time, empty it"),
    ArchiveAction("theme", "Light or dark", "View", lambda w: w.toggle_theme(), ("Ctrl+T",)),
    ArchiveAction("shortcuts", "Keys", "Help", lambda w: w.show_keys(), ("F1", "H"),
        "a searchable list"),
    ArchiveAction("keys", "Change keys...", "Help", lambda w: w.change_keys(),
        tip="give actions other keys, remembered for you"),
    ArchiveAction("palette", "Command palette", "Help", lambda w: w.show_palette(), ("Ctrl+P",),
        "every action by name"),
)  # fmt: skip
BY_NAME = {action.name: action for action in ACTIONS}
BINDABLES = Bindables(
    "Archive window",
    "archive_keys",
    ACTIONS,
    {key: what for key, what in RESERVED.items() if key not in ("R", "Left", "Right")},
)
"""The views of a dataset are not here, nor the keys that move them."""
ELSEWHERE.append(BINDABLES)
