"""Which exports there are: those of the program and those of plugins."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from phygui.errors import Cancelled, DatasetError
from phygui.exports.spec import ExportError, ExportSpec
from phygui.plugins import Guarded, added, remember_forgetting
from phygui.words import no_such

GROUP = "phygui.exports"


@cache
def exports() -> tuple[ExportSpec, ...]:
    """All exports, those of the program first, each by their names.

    One that cannot be imported is left out, and the log says why.
    """
    found = {}
    for spec, plugin in added(GROUP):
        if plugin is not None:
            write = Guarded(
                plugin,
                spec.write,
                passes=(DatasetError, Cancelled, OSError, MemoryError, UnicodeError),
                turn=ExportError,
            )
            spec = replace(spec, write=write)
        found[spec.name] = spec
    return tuple(found.values())


remember_forgetting(exports.cache_clear)


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
