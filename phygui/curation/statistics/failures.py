"""What went wrong in a function that somebody else has written, in a few words."""

from __future__ import annotations


def in_words(error: BaseException) -> str:
    """An exception as one short line."""
    text = shortened(str(error).partition("\n")[0])
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shortened(text: str) -> str:
    """A text of no more than 80 characters."""
    return text if len(text) <= 80 else text[:77] + "..."
