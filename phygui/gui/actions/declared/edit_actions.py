"""What changes the clustering: merge, split, move to a group, label, undo."""

from __future__ import annotations

from phygui.curation.edits.labels import COLOR
from phygui.dataset.groups import (
    BEST_FIRST,
    GOOD,
    GROUP_NAMES,
    GROUP_TITLES,
    MUA,
    NOISE,
    UNSORTED,
)
from phygui.gui.actions.context import ActionContext
from phygui.gui.actions.declared.reasons import (
    TOO_FEW,
    first,
    locked,
    no_lasso,
    no_match,
    no_parts,
    none_selected,
    unless,
)
from phygui.gui.actions.spec import ActionSpec, Run


def undo_title(w: ActionContext) -> str:
    """The edit that would be taken back."""
    session = w.session
    if not session.can_undo:
        return "Undo"
    return f"Undo: {session.history[session.history_position - 1].description}"


def redo_title(w: ActionContext) -> str:
    """The edit that would be made again."""
    session = w.session
    if not session.can_redo:
        return "Redo"
    return f"Redo: {session.history[session.history_position].description}"


LETTERS = {GOOD: "G", MUA: "M", NOISE: "N", UNSORTED: "U"}
MOVED = (
    ("best", "Alt+", first(locked, none_selected), "the best clusters"),
    ("match", "Ctrl+", first(locked, no_match), "the matches"),
    ("all", "Ctrl+Alt+", first(locked, none_selected), "all selected clusters"),
)


def mover(which: str, group: str) -> Run:
    """What moves clusters to a group, which is added to a dataset that has it not yet."""
    return lambda w: w.commands.move(which, group)


def no_own_color(w: ActionContext) -> str:
    """No selected cluster has a colour that the user gave it."""
    has_one = any(w.session.labels_of(c).get(COLOR) for c in w.session.selected)
    return "" if has_one else "no selected cluster has a colour of its own"


def _moves() -> list[ActionSpec]:
    return [
        ActionSpec(
            f"move_{which}_to_{GROUP_NAMES[group]}",
            f"Move {which} to {GROUP_TITLES[group]}",
            f"Edit/Move {which} to",
            mover(which, GROUP_NAMES[group]),
            (modifier + LETTERS[group],),
            f"put {words} into the group {GROUP_TITLES[group]}",
            GROUP_NAMES[group],
            hindrance,
            toolbar=which == "best",
        )
        for which, modifier, hindrance, words in MOVED
        for group in BEST_FIRST
    ]


def _escape(w: ActionContext) -> None:
    if w.splitting.is_active:
        w.splitting.drop()
    else:
        w.commands.clear_lasso()


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("undo", "Undo", "Edit", lambda w: w.session.undo(), ("Ctrl+Z",),
        "undo the last edit", "undo",
        first(locked, unless(lambda w: w.session.can_undo, "there is nothing to undo")),
        toolbar=True, title_now=undo_title),
    ActionSpec("redo", "Redo", "Edit", lambda w: w.session.redo(), ("Ctrl+Shift+Z", "Ctrl+Y"),
        "redo the last undone edit", "redo",
        first(locked, unless(lambda w: w.session.can_redo, "there is nothing to redo")),
        toolbar=True, title_now=redo_title),
    ActionSpec("merge", "Merge", "Edit|clusters", lambda w: w.session.merge(), ("G",),
        "make one cluster of all selected ones", "merge",
        first(locked, unless(lambda w: len(w.session.selected) > 1, TOO_FEW)), toolbar=True),
    ActionSpec("split", "Split", "Edit|clusters", lambda w: w.commands.split(), ("K",),
        "make a cluster of the spikes inside the lasso (Ctrl+click draws it)", "split",
        first(locked, no_lasso), toolbar=True),
    ActionSpec("clear_lasso", "Clear the lasso, or drop the proposed parts", "Edit|clusters",
        _escape, ("Escape",),
        hindrance=unless(lambda w: w.splitting.is_active or w.lasso_dock() is not None,
            "there is neither a lasso nor a proposal"),
        title_now=lambda w: "Drop the parts" if w.splitting.is_active else "Clear the lasso"),
    ActionSpec("propose_split", "Propose a split", "Edit|parts",
        lambda w: w.splitting.propose(), ("Shift+K",),
        "show the selected clusters in parts that look like units", hindrance=none_selected),
    ActionSpec("accept_parts", "Split into the proposed parts", "Edit|parts",
        lambda w: w.splitting.accept(), ("Return", "Enter"), "make a cluster of each part",
        hindrance=first(locked, no_parts)),
    ActionSpec("more_parts", "Propose one part more", "Edit|parts",
        lambda w: w.splitting.change(1), ("+", "="), hindrance=no_parts),
    ActionSpec("fewer_parts", "Propose one part fewer", "Edit|parts",
        lambda w: w.splitting.change(-1), ("-",), hindrance=no_parts),
    ActionSpec("set_doubles_aside", "Set doubles aside", "Edit|parts",
        lambda w: w.session.set_doubles_aside(), ("Ctrl+Shift+K",),
        "spikes that a sorter detected twice: the later one becomes noise",
        hindrance=first(locked, none_selected)),
    ActionSpec("label", "Label...", "Edit|labels", lambda w: w.commands.show_snippets("l "), ("L",),
        "set a key=value label of the selected clusters",
        hindrance=first(locked, none_selected)),
    ActionSpec("note", "Note...", "Edit|labels", lambda w: w.marks.write_note(), ("N",),
        "write a note on the selected clusters, in as many lines as it takes",
        hindrance=first(locked, none_selected)),
    ActionSpec("color", "Cluster colour...", "Edit|labels", lambda w: w.marks.choose_color(),
        ("C",), "draw the selected clusters in a colour of their own, in every view",
        hindrance=first(locked, none_selected)),
    ActionSpec("drop_color", "Cluster colour by place", "Edit|labels",
        lambda w: w.marks.drop_color(), ("Shift+C",),
        "draw the selected clusters in the colours of their places again",
        hindrance=first(locked, no_own_color)),
    ActionSpec("new_group", "New group...", "Edit|labels", lambda w: w.marks.new_group(),
        ("Ctrl+Shift+G",), "add a group to noise, MUA, good and unsorted, with a key and a colour",
        hindrance=locked),
    ActionSpec("remove_group", "Remove group...", "Edit|labels", lambda w: w.marks.remove_group(),
        tip="remove a group that you have added, once no cluster is in it",
        hindrance=first(locked,
            unless(lambda w: bool(w.marks.groups), "this dataset has no added group"))),
    *_moves(),
)  # fmt: skip
