"""Which clusters are selected, and which the tables list."""

from __future__ import annotations

from phygui.gui.actions.declared.reasons import (
    no_match,
    none_selected,
)
from phygui.gui.actions.spec import ActionSpec

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("next_best", "Next best cluster", "Select|best", lambda w: w.session.next_best(),
        ("Down",), "by decreasing quality", "next"),
    ActionSpec("previous_best", "Previous best cluster", "Select|best",
        lambda w: w.session.previous_best(), ("Up",), icon="previous"),
    ActionSpec("first_best", "First best cluster", "Select|best",
        lambda w: w.session.first_best(), ("Home",)),
    ActionSpec("last_best", "Last best cluster", "Select|best",
        lambda w: w.session.last_best(), ("End",)),
    ActionSpec("next_match", "Next match", "Select|match", lambda w: w.session.next_match(),
        ("Space",), "by decreasing similarity to the best cluster"),
    ActionSpec("previous_match", "Previous match", "Select|match",
        lambda w: w.session.previous_match(), ("Shift+Space",)),
    ActionSpec("first_matches", "First similar clusters", "Select|match",
        lambda w: w.batches.select_matches(), ("Ctrl+Space",),
        "as many as last time, 5 at first; :n 8 says how many", hindrance=none_selected),
    ActionSpec("send_row", "Send the row to the other table", "Select|match",
        lambda w: w.batches.send_row(), ("X",),
        "a match becomes one of the best clusters, and the other way", hindrance=none_selected),
    ActionSpec("drop_match", "Drop the matches", "Select|match", lambda w: w.session.drop_match(),
        ("Backspace",), hindrance=no_match),
    ActionSpec("focus", "Only the best cluster in colour", "Select|skip",
        lambda w: w.batches.toggle_focus(), ("F",), "all others are dimmed in every view",
        checked=lambda w: w.batches.is_focused),
    ActionSpec("skip", "Skip noise and MUA", "Select|skip", lambda w: w.commands.toggle_skip(),
        tip="navigation passes over clusters that are noise or MUA",
        checked=lambda w: w.session.wizard.skip_noise_and_mua),
    ActionSpec("rankings", "Rank by...", "Select|skip",
        lambda w: w.commands.show_rankings(),
        tip="what the best clusters and the matches are ranked by"),
    ActionSpec("copy_rows", "Copy the selected rows", "Select|filter",
        lambda w: w.commands.copy_rows(), ("Ctrl+C",),
        "as text with tabs, with the titles of the columns",
        hindrance=none_selected),
    ActionSpec("filter", "Find or filter clusters", "Select|filter",
        lambda w: w.cluster_table.filter.begin(), ("Ctrl+F",),
        "an id and Enter to go to a cluster, or what those shown have in common"),
)  # fmt: skip
