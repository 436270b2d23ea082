"""All views: whatever module or folder beside this one has a ``SPEC``, and those of plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from phygui.plugins import added, remember_forgetting
from phygui.views.spec import ViewSpec

if TYPE_CHECKING:
    from phygui.views.core.base import View

GROUP = "phygui.views"
_ROOM = __name__.rpartition(".")[0]
_OTHERS = ("core", "data", "registry", "spec")
"""What is here and no view."""


@cache
def _found() -> dict[str, ViewSpec]:
    here = import_module(_ROOM).__path__
    modules = [m.name for m in iter_modules(here) if m.name not in _OTHERS]
    specs = [import_module(f"{_ROOM}.{name}").SPEC for name in modules]
    for spec, plugin in added(GROUP, {spec.name for spec in specs}):
        if plugin is not None and not spec.name.isidentifier():
            plugin.fail(f"a view is named {spec.name!r}; expected one word")
        else:
            specs.append(spec)
    return by_name(specs)


remember_forgetting(_found.cache_clear)


def by_name(specs: list[ViewSpec]) -> dict[str, ViewSpec]:
    """Declarations by name, in the order of the menus.

    Raises
    ------
    ValueError
        If two have the same name, or a name is not one word.
    """
    found: dict[str, ViewSpec] = {}
    for spec in sorted(specs, key=lambda spec: (spec.order, spec.name)):
        if not spec.name.isidentifier():
            raise ValueError(f"a view is named {spec.name!r}; expected one word")
        if spec.name in found:
            raise ValueError(f"two views are named {spec.name!r}")
        found[spec.name] = spec
    return found


class _Specs(Mapping[str, ViewSpec]):
    """The declarations of all views by name, looked for when they are first asked for."""

    def __getitem__(self, name: str) -> ViewSpec:
        return _found()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_found())

    def __len__(self) -> int:
        return len(_found())


class _Views(Mapping[str, "type[View[Any, Any]]"]):
    """The classes of all views by name, each imported when it is first asked for."""

    def __getitem__(self, name: str) -> type[View[Any, Any]]:
        return SPECS[name].cls

    def __iter__(self) -> Iterator[str]:
        return iter(SPECS)

    def __len__(self) -> int:
        return len(SPECS)


SPECS: Mapping[str, ViewSpec] = _Specs()
VIEWS: Mapping[str, type[View[Any, Any]]] = _Views()
