"""What others have added to the program."""

from __future__ import annotations

from phygui.gui.actions.spec import ActionSpec

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("plugins", "Plugins...", "Tools", lambda w: w.commands.show_plugins(),
        tip="what others have added: where it is from, whether it is on, what went wrong"),
)  # fmt: skip
