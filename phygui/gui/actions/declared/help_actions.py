"""Lists of what can be done."""

from __future__ import annotations

from phygui.gui.actions.spec import ActionSpec

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("first_steps", "First steps", "Help|begin",
        lambda w: w.commands.begin_first_steps(), ("Shift+F1",),
        "six cards over the demo: walk, look, merge, split, undo, save"),
    ActionSpec("manual", "Manual", "Help|begin", lambda w: w.commands.show_manual(), ("Ctrl+F1",),
        "the pages of the documentation, without the internet"),
    ActionSpec("shortcuts", "Keyboard shortcuts", "Help", lambda w: w.commands.show_shortcuts(),
        ("F1", "H"), "a searchable list", "help"),
    ActionSpec("palette", "Command palette", "Help", lambda w: w.commands.show_palette(),
        ("Ctrl+P",), "every action by name"),
    ActionSpec("snippet", "Command line", "Help", lambda w: w.commands.show_snippets(), (":",),
        "a one-line command, such as  g 4 9  to merge"),
    ActionSpec("keys", "Change keys...", "Help|keys", lambda w: w.commands.change_keys(),
        tip="give actions other keys, remembered for you"),
    ActionSpec("about", "About phygui", "Help|about", lambda w: w.commands.about()),
)  # fmt: skip
