"""Which formats there are, and opening a dataset in the one that knows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from phygui.dataset.protocol import Dataset, Format
from phygui.errors import DatasetError
from phygui.guards import as_path
from phygui.plugins import added, owner, remember_forgetting

GROUP = "phygui.formats"


@cache
def formats() -> tuple[Format, ...]:
    """All formats, those of the program first, each by their names.

    One that cannot be imported is left out, and the log says why.
    """
    return tuple(_loaded())


def _loaded() -> Iterator[Format]:
    # One after the other: what comes after the format of a dataset is not imported to open it.
    for found, _ in added(GROUP):
        yield found


remember_forgetting(formats.cache_clear)


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format of a file or folder.

    Raises
    ------
    DatasetError
        If there is nothing at the path, or no format knows what is there.
    """
    place = as_path(path)
    try:
        place.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DatasetError(f"{place} cannot be opened: {reason}.") from error
    for known in _loaded():
        try:
            if known.supports(place):
                return known
        except OSError:
            continue
        except Exception as error:
            # Of the program's own, nobody else could tell.
            plugin = owner("format", known.name)
            if plugin is None:
                raise
            plugin.fail(error)
    expected = ", ".join(f"{known.name} ({' '.join(known.patterns)})" for known in formats())
    inside = [
        found.name
        for known in formats()
        for pattern in known.patterns
        for found in (sorted(place.glob(pattern)) if place.is_dir() else ())
    ]
    names = f"; it holds {', '.join(inside[:3])}: open that" if inside else ""
    raise DatasetError(
        f"{place} is not a dataset of a known format, expected {expected or 'none'}{names}."
    )


def open_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Open a dataset of whichever format.

    Parameters
    ----------
    path : path
        Its file or folder.

    Raises
    ------
    DatasetError
        If it is of no known format, or cannot be read.
    """
    return format_of(path).open(as_path(path))
