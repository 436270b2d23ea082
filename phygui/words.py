"""Words that come from files and names, shown so that they do nothing but be read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from html import escape

MOST_NAMED = 60
"""Names that are listed where one does not exist."""


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


def in_bytes(n_bytes: float) -> str:
    """A size in three digits: ``1.54 GB``."""
    for unit in ("bytes", "kB", "MB"):
        if n_bytes < 999.5:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.3g} GB" if n_bytes < 999.5 else f"{n_bytes:,.0f} GB"


def counted(n: int, what: str) -> str:
    """A number of things: ``1 edit``, ``1,200 edits``."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def error_in_words(error: BaseException) -> str:
    """An exception as one short line."""
    text = shortened(str(error).partition("\n")[0])
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shortened(text: str) -> str:
    """A text of no more than 80 characters."""
    return text if len(text) <= 80 else text[:77] + "..."


def html_rows(rows: Iterable[Iterable[str]], headings: Iterable[str] = ()) -> str:
    """A table for a notebook; what names and files hold in it is only read."""
    head = "".join(f"<th>{escape(plain(text))}</th>" for text in headings)
    lines = [f"<thead><tr>{head}</tr></thead>"] if head else []
    for row in rows:
        cells = "".join(f"<td>{escape(plain(text))}</td>" for text in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def no_such(what: str, name: str, names: Iterable[str], others: Iterable[str] = ()) -> str:
    """What is said of a name that does not exist: the nearest that does, else which there are.

    Parameters
    ----------
    what : str
        What it would be the name of.
    name : str
        The name, as it is to be shown.
    names : iterable of str
        Those that exist.
    others : iterable of str
        Other ways to write them.
    """
    some = list(names)
    written = {each.casefold(): each for each in (*others, *reversed(some))}
    near = difflib.get_close_matches(name.casefold().strip("'"), sorted(written), n=1)
    if near:
        return f"no {what} {name}; did you mean {written[near[0]]}?"
    more = " ..." if len(some) > MOST_NAMED else ""
    return f"no {what} {name}; there are {', '.join(some[:MOST_NAMED])}{more}"
