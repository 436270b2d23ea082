"""Words that come from files and names, shown so that they do nothing but be read."""

from __future__ import annotations


def plain(text: object) -> str:
    """A text in which all that is not to be printed is escaped.

    Names may hold line breaks and sequences that command a terminal, paths bytes that are no
    text: they are shown as ``\\n``, ``\\x1b`` and ``\\udcff``.
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def hertz(rate: float, separator: str = "") -> str:
    """A sample rate with all its digits, rounded to none: ``24414.0625 Hz``.

    Parameters
    ----------
    separator : what thousands are parted by: nothing, or ","
    """
    return f"{float(rate):{separator}}".removesuffix(".0") + " Hz"


def error_in_words(error: BaseException) -> str:
    """An exception as one short line."""
    text = shortened(str(error).partition("\n")[0])
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shortened(text: str) -> str:
    """A text of no more than 80 characters."""
    return text if len(text) <= 80 else text[:77] + "..."
