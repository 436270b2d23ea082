"""Python beside the window, and what others have added to the program."""

from __future__ import annotations

from phygui.gui.actions.spec import ActionSpec

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("console", "Go to the console", "Tools", lambda w: w.show_dock("console"),
        ("F12",), "Python with the session at hand; View > Show > Console closes it"),
    ActionSpec("plugins", "Plugins...", "Tools", lambda w: w.commands.show_plugins(),
        tip="what others have added, from where, and what went wrong"),
)  # fmt: skip
