"""Every action, declared once: menus, toolbar, keys, palette and the shortcut list follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phygui.gui.arrangements import LAYOUTS
from phygui.views import TITLES

if TYPE_CHECKING:
    from phygui.gui.main_window import MainWindow

Run = Callable[["MainWindow"], object]
When = Callable[["MainWindow"], bool]


def always(_: MainWindow) -> bool:
    """An action that is always possible."""
    return True


def editable(w: MainWindow) -> bool:
    """The active clustering may be edited."""
    return w.session.is_editable


def any_selected(w: MainWindow) -> bool:
    """Something is selected, and may be edited."""
    return editable(w) and bool(w.session.selected)


def match_selected(w: MainWindow) -> bool:
    """A match is selected, and may be edited."""
    return editable(w) and bool(w.session.selection.match)


@dataclass(frozen=True)
class Action:
    """One thing that the user can do."""

    name: str
    title: str
    menu: str
    """Path of menus, with slashes; a group of actions ends where the text after ``|`` changes."""
    run: Run
    keys: tuple[str, ...] = ()
    tip: str = ""
    icon: str = ""
    enabled: When = always
    checked: When | None = None
    """For an action that can be on or off: whether it is on."""
    toolbar: bool = False

    @property
    def menu_path(self) -> list[str]:
        """Titles of the menu and its submenus."""
        return self.menu.split("|")[0].split("/")


GROUPS = (
    ("good", "G", "Good"),
    ("mua", "M", "MUA"),
    ("noise", "N", "Noise"),
    ("unsorted", "U", "Unsorted"),
)
MOVED = (
    ("best", "Alt+", any_selected, "the best clusters"),
    ("match", "Ctrl+", match_selected, "the matches"),
    ("all", "Ctrl+Alt+", any_selected, "all selected clusters"),
)


def _mover(which: str, group: str) -> Run:
    return lambda w: w.commands.move(which, group)


def _moves() -> list[Action]:
    return [
        Action(
            f"move_{which}_to_{group}",
            f"Move {which} to {title}",
            f"Edit/Move {which} to",
            _mover(which, group),
            (modifier + letter,),
            f"put {words} into the group {title}",
            group,
            enabled,
            toolbar=which == "best",
        )
        for which, modifier, enabled, words in MOVED
        for group, letter, title in GROUPS
    ]


def _adder(kind: str) -> Run:
    return lambda w: w.extra_views.add_beside(kind)


def _arranger(layout: str) -> Run:
    return lambda w: w.layout_keeper.show(layout)


def _views() -> list[Action]:
    return [
        Action(
            f"new_{kind}",
            f"New {title.lower()} view",
            "View/New view",
            _adder(kind),
            tip="one more of its kind, with settings of its own",
        )
        for kind, title in TITLES.items()
    ]


def _layouts() -> list[Action]:
    return [
        Action(
            f"layout_{name.lower()}",
            f"{name} layout",
            "View/Layout",
            _arranger(name),
        )
        for name in LAYOUTS
    ]


ACTIONS: tuple[Action, ...] = (
    Action("open", "Open...", "File", lambda w: w.commands.open(), ("Ctrl+O",),
           "open a .kwik file", "open"),
    Action("open_demo", "Open the demo", "File", lambda w: w.commands.open_demo(),
           tip="a simulated recording with known units"),
    Action("save", "Save", "File|save", lambda w: w.saving.save(), ("Ctrl+S",),
           "write the curation into the .kwik", "save",
           lambda w: w.session.is_modified and not w.session.read_only, toolbar=True),
    Action("save_copy", "Save a copy as...", "File|save", lambda w: w.saving.save_copy(),
           ("Ctrl+Shift+S",), "write the file with all edits in it to another place"),
    Action("restore", "Restore...", "File|save", lambda w: w.saving.show_backups(),
           tip="list the saved states, compare them, bring one back"),
    Action("screenshot", "Export a picture of the window...", "File|export",
           lambda w: w.commands.export_window(), ("Ctrl+Shift+E",), "as PNG"),
    Action("close", "Close the window", "File|end", lambda w: w.close(), ("Ctrl+W",)),
    Action("quit", "Quit", "File|end", lambda w: w.commands.quit(), ("Ctrl+Q",)),
    Action("undo", "Undo", "Edit", lambda w: w.session.undo(), ("Ctrl+Z",),
           "take the last edit back", "undo", lambda w: w.session.can_undo, toolbar=True),
    Action("redo", "Redo", "Edit", lambda w: w.session.redo(), ("Ctrl+Shift+Z", "Ctrl+Y"),
           "make the last undone edit again", "redo", lambda w: w.session.can_redo, toolbar=True),
    Action("merge", "Merge", "Edit|clusters", lambda w: w.session.merge(), ("G",),
           "make one cluster of all selected ones", "merge",
           lambda w: editable(w) and len(w.session.selected) > 1, toolbar=True),
    Action("split", "Split", "Edit|clusters", lambda w: w.commands.split(), ("K",),
           "make a cluster of the spikes inside the lasso (Ctrl+click draws it)", "split",
           lambda w: editable(w) and w.lasso_view() is not None, toolbar=True),
    Action("clear_lasso", "Clear the lasso", "Edit|clusters", lambda w: w.commands.clear_lasso(),
           ("Escape",), enabled=lambda w: w.lasso_view() is not None),
    Action("label", "Label...", "Edit|labels", lambda w: w.commands.show_snippets("l "), ("L",),
           "set a key=value label of the selected clusters", enabled=any_selected),
    *_moves(),
    Action("next_best", "Next best cluster", "Select|best", lambda w: w.session.next_best(),
           ("Down",), "by decreasing quality", "next"),
    Action("previous_best", "Previous best cluster", "Select|best",
           lambda w: w.session.previous_best(), ("Up",), icon="previous"),
    Action("first_best", "First best cluster", "Select|best",
           lambda w: w.session.first_best(), ("Home",)),
    Action("last_best", "Last best cluster", "Select|best",
           lambda w: w.session.last_best(), ("End",)),
    Action("next_match", "Next match", "Select|match", lambda w: w.session.next_match(),
           ("Space",), "by decreasing similarity to the best cluster"),
    Action("previous_match", "Previous match", "Select|match",
           lambda w: w.session.previous_match(), ("Shift+Space",)),
    Action("drop_match", "Drop the matches", "Select|match", lambda w: w.session.drop_match(),
           ("Backspace",), enabled=lambda w: bool(w.session.selection.match)),
    Action("skip", "Skip noise and MUA", "Select|skip", lambda w: w.commands.toggle_skip(),
           tip="navigation passes over clusters that are noise or MUA",
           checked=lambda w: w.session.wizard.skip_noise_and_mua),
    Action("copy_rows", "Copy the selected rows", "Select|filter",
           lambda w: w.commands.copy_rows(), ("Ctrl+C",),
           "as text with tabs, with the titles of the columns",
           enabled=lambda w: bool(w.session.selected)),
    Action("filter", "Filter the clusters", "Select|filter",
           lambda w: w.cluster_table.filter.setFocus(), ("Ctrl+F",),
           "go to the filter line of the cluster table"),
    Action("next_shank", "Next channel group", "Dataset|shank",
           lambda w: w.switching.step_shank(1), ("Ctrl+PgDown",), "each keeps its own edits",
           enabled=lambda w: len(w.session.model.channel_groups) > 1),
    Action("previous_shank", "Previous channel group", "Dataset|shank",
           lambda w: w.switching.step_shank(-1), ("Ctrl+PgUp",),
           enabled=lambda w: len(w.session.model.channel_groups) > 1),
    Action("next_clustering", "Next clustering", "Dataset|shank",
           lambda w: w.switching.step_clustering(1), tip="each keeps its own edits",
           enabled=lambda w: len(w.session.model.clusterings) > 1),
    Action("copy_clustering", "Copy the clustering...", "Dataset|clustering",
           lambda w: w.switching.copy(), tip="as it is now, under another name",
           enabled=lambda w: not w.session.read_only),
    Action("editable", "Editable", "Dataset|clustering",
           lambda w: w.switching.toggle_editable(),
           tip="whether the active clustering may be edited; original never is",
           enabled=lambda w: not w.session.read_only and w.session.clustering != "original",
           checked=lambda w: w.session.is_editable and not w.session.read_only),
    Action("compare_clusterings", "Compare clusterings", "Dataset|clustering",
           lambda w: w.comparison.show_comparison(),
           tip="which cluster of one is where in the other, and how well they agree"),
    Action("locate_traces", "Locate the raw data...", "Dataset|data",
           lambda w: w.commands.locate("traces"), tip="where the .raw.kwd or .dat file is"),
    Action("locate_features", "Locate the features...", "Dataset|data",
           lambda w: w.commands.locate("features"), tip="where the .kwx file is"),
    Action("remarks", "Remarks on the file...", "Dataset|data",
           lambda w: w.commands.show_remarks(), tip="what is unusual, and what was assumed",
           enabled=lambda w: bool(w.session.model.warnings or w.session.measures.problems)),
    Action("history", "History", "Dataset|history", lambda w: w.show_dock("history"),
           ("Ctrl+H",), "the edits in words; a click goes to any point"),
    Action("to_saved", "Go to what was saved", "Dataset|history",
           lambda w: w.session.jump_to(w.session.saved_position or 0),
           tip="undo or redo until the clustering is as the file has it",
           enabled=lambda w: w.session.saved_position not in (None, w.session.history_position)),
    Action("suggestions", "Merge suggestions", "Dataset|suggestions",
           lambda w: w.show_dock("suggestions"), tip="pairs of clusters that may be one unit"),
    Action("next_suggestion", "Next suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.step(1), ("Ctrl+Down",),
           "select the pair, and preview the merged cluster"),
    Action("previous_suggestion", "Previous suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.step(-1), ("Ctrl+Up",)),
    Action("accept_suggestion", "Accept the suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.accept(), ("Ctrl+Return",), "merge the pair, and go on",
           enabled=lambda w: editable(w) and w.suggestions.current is not None),
    Action("reject_suggestion", "Reject the suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.reject(), ("Ctrl+Backspace",),
           "do not suggest this merge any more, and go on",
           enabled=lambda w: w.suggestions.current is not None),
    Action("preview_merge", "Preview the merge", "Dataset|suggestions",
           lambda w: w.suggestions.show_selected(), ("Shift+G",),
           "what the two selected clusters would look like as one",
           enabled=lambda w: len(w.session.selected) > 1),
    Action("compute", "Compute statistics", "Dataset|background",
           lambda w: w.background.toggle(),
           tip="statistics and suggestions, in the background",
           checked=lambda w: not w.background.is_stopped),
    Action("overlap", "Waveforms overlapped or side by side", "View/Waveforms",
           lambda w: w.commands.toggle_overlap(), ("O",)),
    Action("mean", "Waveforms as mean and deviation", "View/Waveforms",
           lambda w: w.commands.toggle_mean(), ("M",)),
    Action("go_to", "Go to time...", "View/Traces", lambda w: w.commands.show_snippets("t "),
           ("Ctrl+T",), "move the traces to a time in seconds"),
    Action("next_spike", "Next spike of the selection", "View/Traces",
           lambda w: w.commands.trace("next_spike"), ("Alt+Right",)),
    Action("previous_spike", "Previous spike of the selection", "View/Traces",
           lambda w: w.commands.trace("previous_spike"), ("Alt+Left",)),
    Action("next_violation", "Next refractory violation", "View/Traces",
           lambda w: w.commands.trace("next_violation"), ("V", "Alt+Shift+Right")),
    Action("previous_violation", "Previous refractory violation", "View/Traces",
           lambda w: w.commands.trace("previous_violation"),
           ("Shift+V", "Alt+Shift+Left")),
    Action("reset_views", "Reset all views", "View|look", lambda w: w.commands.reset_views(),
           ("Shift+R",), "show all of what each view holds"),
    *_views(),
    *_layouts(),
    Action("save_layout", "Save the layout as...", "View/Layout|save",
           lambda w: w.layout_keeper.ask_name(), tip="under a name of yours"),
    Action("reset_layout", "Reset the layout", "View/Layout|save", lambda w: w.reset_layout(),
           tip="Classic, with one view of each kind"),
    Action("theme", "Light theme", "View|look", lambda w: w.commands.toggle_theme(),
           tip="for print and projectors", checked=lambda w: w.theme == "light"),
    Action("full_screen", "Full screen", "View|look", lambda w: w.commands.toggle_full_screen(),
           ("F11",), checked=lambda w: w.isFullScreen()),
    Action("shortcuts", "Keyboard shortcuts", "Help", lambda w: w.commands.show_shortcuts(),
           ("F1", "H"), "a searchable list", "help"),
    Action("palette", "Command palette", "Help", lambda w: w.commands.show_palette(),
           ("Ctrl+P",), "every action by name"),
    Action("snippet", "Command line", "Help", lambda w: w.commands.show_snippets(), (":",),
           "a one-line command, such as  g 4 9  to merge"),
    Action("keys", "Change keys...", "Help|keys", lambda w: w.commands.change_keys(),
           tip="give actions other keys, remembered for you"),
    Action("about", "About phygui", "Help|about", lambda w: w.commands.about()),
)  # fmt: skip
BY_NAME = {action.name: action for action in ACTIONS}
