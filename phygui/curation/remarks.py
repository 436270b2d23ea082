"""What a script should know although nothing has failed."""

from __future__ import annotations

from phygui import guards
from phygui.errors import UnsavedEditsWarning


def warn_caller(text: str) -> None:
    """Warn of unsaved edits, at the line outside of this package that has led here."""
    guards.warn_caller(text, UnsavedEditsWarning)
