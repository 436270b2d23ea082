"""Which exports there are: those of the program and those of installed packages."""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from phygui.exports.spec import ExportError, ExportSpec
from phygui.words import no_such

log = logging.getLogger(__name__)

GROUP = "phygui.exports"


@cache
def exports() -> tuple[ExportSpec, ...]:
    """All exports, by their names.

    One that cannot be imported is left out, and the log says why.
    """
    found = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        loaded = _load(entry)
        if loaded is not None:
            found[loaded.name] = loaded
    return tuple(found.values())


def find_export(name: str) -> ExportSpec:
    """The export with a name.

    Raises
    ------
    ExportError
        If there is none.
    """
    known = {spec.name: spec for spec in exports()}
    if name not in known:
        raise ExportError(no_such("format", repr(name), known))
    return known[name]


def _load(entry: EntryPoint) -> ExportSpec | None:
    try:
        loaded = entry.load()
    except Exception as error:
        log.warning("the export %r cannot be used: %s", entry.name, error, exc_info=error)
        return None
    if not isinstance(loaded, ExportSpec):
        log.warning("the export %r (%s) is no ExportSpec", entry.name, entry.value)
        return None
    return loaded
