"""What a script should know although nothing has failed."""

from __future__ import annotations

import sys
import warnings

from phygui.errors import UnsavedEditsWarning
from phygui.words import plain


def warn_caller(text: str) -> None:
    """Warn of unsaved edits, at the line outside of this package that has led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("phygui."):
        level, frame = level + 1, frame.f_back
    warnings.warn(plain(text), UnsavedEditsWarning, stacklevel=level)
