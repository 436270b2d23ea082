"""Every action, declared once: menus, toolbar, keys, palette and the shortcut list follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phygui.gui.actions.layout_presets import LAYOUTS
from phygui.views import TITLES

if TYPE_CHECKING:
    from phygui.gui.window.main_window import MainWindow

Run = Callable[["MainWindow"], object]
When = Callable[["MainWindow"], bool]
Why = Callable[["MainWindow"], str]
"""Why something is not possible, in one sentence; empty if it is."""


NO_LASSO = "draw a lasso first: Ctrl+click adds a point, Ctrl+right-click ends it"
TOO_FEW = "a merge needs at least two clusters"


def nothing(_: MainWindow) -> str:
    """Nothing stands in the way of an action that is always possible."""
    return ""


def locked(w: MainWindow) -> str:
    """The active clustering may not be edited."""
    return w.session.locked_reason


def none_selected(w: MainWindow) -> str:
    """Nothing is selected."""
    return "" if w.session.selected else "no cluster is selected"


def no_match(w: MainWindow) -> str:
    """No match is selected."""
    return "" if w.session.selection.match else "no match is selected"


def no_lasso(w: MainWindow) -> str:
    """No view holds a lasso."""
    return NO_LASSO if w.lasso_dock() is None else ""


def no_suggestion(w: MainWindow) -> str:
    """No suggestion is chosen."""
    return "no suggestion is chosen" if w.suggestions.current is None else ""


def no_rejection(w: MainWindow) -> str:
    """What is previewed, if anything, has not been suggested."""
    return "" if w.suggestions.is_suggested else "no suggestion is chosen"


def unless(possible: When, reason: str) -> Why:
    """A reason that holds unless something is so."""
    return lambda w: "" if possible(w) else reason


def first(*whys: Why) -> Why:
    """The first of several reasons that holds."""
    return lambda w: next((reason for why in whys if (reason := why(w))), "")


one_shank = unless(
    lambda w: len(w.switching.curatable) > 1, "there is no other channel group with clusters"
)


def no_traces_elsewhere(w: MainWindow) -> str:
    """The file names no raw data outside its folder that is not open yet."""
    absent = w.session.shank.absent.get("traces")
    return "" if absent and absent.elsewhere else "no raw data is named outside the folder"


def cannot_save(w: MainWindow) -> str:
    """Nothing may be written, or there is nothing to write."""
    if w.session.read_only:
        return f"nothing is saved: {w.session.read_only_reason}"
    return "" if w.session.is_modified else "there is nothing to save"


def cannot_copy(w: MainWindow) -> str:
    """Nothing may be written."""
    return f"nothing is copied: {w.session.read_only_reason}" if w.session.read_only else ""


def cannot_unlock(w: MainWindow) -> str:
    """Nothing may be edited, or not this clustering."""
    always = w.session.read_only or w.session.is_protected
    return w.session.locked_reason if always else ""


def is_at_saved(w: MainWindow) -> str:
    """What was saved is in effect, or out of reach."""
    if w.session.saved_position is None:
        return "undo and redo do not lead to what was saved"
    same = w.session.saved_position == w.session.history_position
    return "all is as it was saved" if same else ""


def undo_title(w: MainWindow) -> str:
    """The edit that would be taken back."""
    session = w.session
    if not session.can_undo:
        return "Undo"
    return f"Undo: {session.history[session.history_position - 1].description}"


def redo_title(w: MainWindow) -> str:
    """The edit that would be made again."""
    session = w.session
    if not session.can_redo:
        return "Redo"
    return f"Redo: {session.history[session.history_position].description}"


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
    hindrance: Why = nothing
    """Why it is not possible now, which is said when its key is pressed; empty if it is."""
    checked: When | None = None
    """For an action that can be on or off: whether it is on."""
    toolbar: bool = False
    title_now: Callable[[MainWindow], str] | None = None
    """What the menus call it where that depends on what it would do."""

    @property
    def menu_path(self) -> list[str]:
        """Titles of the menu and its submenus."""
        return self.menu.split("|")[0].split("/")

    def enabled(self, window: MainWindow) -> bool:
        """Whether it is possible now."""
        return not self.hindrance(window)


GROUPS = (
    ("good", "G", "Good"),
    ("mua", "M", "MUA"),
    ("noise", "N", "Noise"),
    ("unsorted", "U", "Unsorted"),
)
MOVED = (
    ("best", "Alt+", first(locked, none_selected), "the best clusters"),
    ("match", "Ctrl+", first(locked, no_match), "the matches"),
    ("all", "Ctrl+Alt+", first(locked, none_selected), "all selected clusters"),
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
            hindrance,
            toolbar=which == "best",
        )
        for which, modifier, hindrance, words in MOVED
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
           cannot_save, toolbar=True),
    Action("save_copy", "Save a copy as...", "File|save", lambda w: w.saving.save_copy(),
           ("Ctrl+Shift+S",), "write the file with all edits in it to another place"),
    Action("restore", "Restore...", "File|save", lambda w: w.saving.show_backups(),
           tip="list the saved states, compare them, bring one back"),
    Action("export_view", "Export a picture of a view...", "File|export",
           lambda w: w.commands.export_view(), ("Ctrl+E",),
           "as PNG at any scale, or as SVG: of the view with the keyboard, or of another"),
    Action("screenshot", "Export a picture of the window...", "File|export",
           lambda w: w.commands.export_window(), ("Ctrl+Shift+E",), "as PNG"),
    Action("close", "Close the window", "File|end", lambda w: w.close(), ("Ctrl+W",)),
    Action("quit", "Quit", "File|end", lambda w: w.commands.quit(), ("Ctrl+Q",)),
    Action("undo", "Undo", "Edit", lambda w: w.session.undo(), ("Ctrl+Z",),
           "take the last edit back", "undo",
           first(locked, unless(lambda w: w.session.can_undo, "there is nothing to undo")),
           toolbar=True, title_now=undo_title),
    Action("redo", "Redo", "Edit", lambda w: w.session.redo(), ("Ctrl+Shift+Z", "Ctrl+Y"),
           "make the last undone edit again", "redo",
           first(locked, unless(lambda w: w.session.can_redo, "there is nothing to redo")),
           toolbar=True, title_now=redo_title),
    Action("merge", "Merge", "Edit|clusters", lambda w: w.session.merge(), ("G",),
           "make one cluster of all selected ones", "merge",
           first(locked, unless(lambda w: len(w.session.selected) > 1, TOO_FEW)), toolbar=True),
    Action("split", "Split", "Edit|clusters", lambda w: w.commands.split(), ("K",),
           "make a cluster of the spikes inside the lasso (Ctrl+click draws it)", "split",
           first(locked, no_lasso), toolbar=True),
    Action("clear_lasso", "Clear the lasso", "Edit|clusters", lambda w: w.commands.clear_lasso(),
           ("Escape",),
           hindrance=unless(lambda w: w.lasso_dock() is not None, "there is no lasso to clear")),
    Action("label", "Label...", "Edit|labels", lambda w: w.commands.show_snippets("l "), ("L",),
           "set a key=value label of the selected clusters",
           hindrance=first(locked, none_selected)),
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
           ("Backspace",), hindrance=no_match),
    Action("skip", "Skip noise and MUA", "Select|skip", lambda w: w.commands.toggle_skip(),
           tip="navigation passes over clusters that are noise or MUA",
           checked=lambda w: w.session.wizard.skip_noise_and_mua),
    Action("copy_rows", "Copy the selected rows", "Select|filter",
           lambda w: w.commands.copy_rows(), ("Ctrl+C",),
           "as text with tabs, with the titles of the columns",
           hindrance=none_selected),
    Action("filter", "Filter the clusters", "Select|filter",
           lambda w: w.cluster_table.filter.setFocus(), ("Ctrl+F",),
           "go to the filter line of the cluster table"),
    Action("next_shank", "Next channel group", "Dataset|shank",
           lambda w: w.switching.step_shank(1), ("Ctrl+PgDown",), "each keeps its own edits",
           hindrance=one_shank),
    Action("previous_shank", "Previous channel group", "Dataset|shank",
           lambda w: w.switching.step_shank(-1), ("Ctrl+PgUp",),
           hindrance=one_shank),
    Action("next_clustering", "Next clustering", "Dataset|shank",
           lambda w: w.switching.step_clustering(1), tip="each keeps its own edits",
           hindrance=unless(lambda w: len(w.session.clusterings) > 1,
                            "there is one clustering only")),
    Action("copy_clustering", "Copy the clustering...", "Dataset|clustering",
           lambda w: w.switching.copy(), tip="as it is now, under another name",
           hindrance=cannot_copy),
    Action("editable", "Editable", "Dataset|clustering",
           lambda w: w.switching.toggle_editable(),
           tip="whether the active clustering may be edited; original never is",
           hindrance=cannot_unlock,
           checked=lambda w: w.session.is_editable and not w.session.read_only),
    Action("compare_clusterings", "Compare clusterings", "Dataset|clustering",
           lambda w: w.comparison.show_comparison(),
           tip="which cluster of one is where in the other, and how well they agree"),
    Action("locate_traces", "Locate the raw data...", "Dataset|data",
           lambda w: w.commands.locate("traces"), tip="where the .raw.kwd or .dat file is"),
    Action("accept_traces", "Open the raw data that the file names", "Dataset|data",
           lambda w: w.commands.accept_traces(),
           tip="where that is outside the folder of the dataset",
           hindrance=no_traces_elsewhere),
    Action("locate_features", "Locate the features...", "Dataset|data",
           lambda w: w.commands.locate("features"), tip="where the .kwx file is"),
    Action("remarks", "Remarks on the file...", "Dataset|data",
           lambda w: w.commands.show_remarks(), tip="what is unusual, and what was assumed",
           hindrance=unless(
               lambda w: bool(w.session.shank.warnings or w.session.measures.problems),
               "there are no remarks on this file")),
    Action("history", "History", "Dataset|history", lambda w: w.show_dock("history"),
           ("Ctrl+H",), "the edits in words; a click goes to any point"),
    Action("to_saved", "Go to what was saved", "Dataset|history",
           lambda w: w.session.jump_to(w.session.saved_position or 0),
           tip="undo or redo until the clustering is as the file has it",
           hindrance=is_at_saved),
    Action("suggestions", "Merge suggestions", "Dataset|suggestions",
           lambda w: w.show_dock("suggestions"), tip="pairs of clusters that may be one unit"),
    Action("next_suggestion", "Next suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.step(1), ("Ctrl+Down",),
           "select the pair, and preview the merged cluster"),
    Action("previous_suggestion", "Previous suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.step(-1), ("Ctrl+Up",)),
    Action("accept_suggestion", "Accept the suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.accept(), ("Ctrl+Return",), "merge the pair, and go on",
           hindrance=first(locked, no_suggestion)),
    Action("reject_suggestion", "Reject the suggestion", "Dataset|suggestions",
           lambda w: w.suggestions.reject(), ("Ctrl+Backspace",),
           "do not suggest this merge any more, and go on",
           hindrance=no_rejection),
    Action("preview_merge", "Preview the merge", "Dataset|suggestions",
           lambda w: w.suggestions.show_selected(), ("Shift+G",),
           "what all selected clusters would look like as one",
           hindrance=unless(lambda w: len(w.session.selected) > 1, TOO_FEW)),
    Action("compute", "Compute statistics", "Dataset|background",
           lambda w: w.background.toggle(),
           tip="statistics and suggestions, in the background",
           checked=lambda w: not w.background.is_stopped),
    Action("automatic_channels", "Automatic feature channels", "View/Features",
           lambda w: w.commands.automatic_feature_channels(), ("A",),
           "the best ones of each selection, instead of those chosen with Ctrl+click"),
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
