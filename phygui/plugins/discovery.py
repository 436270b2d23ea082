"""Which plugins there are: those of installed packages, and the files of the user's folder."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phygui.plugins.guard import LIMITS, Guarded, PluginError
from phygui.plugins.record import API_VERSION, Plugin, SaidInWords
from phygui.plugins.switched import configuration_folder, plugins_are_used, switched_off
from phygui.words import shortened

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

log = logging.getLogger(__name__)

GROUPS = {
    "phygui.metrics": "metric",
    "phygui.views": "view",
    "phygui.rankings": "ranking",
    "phygui.actions": "action",
    "phygui.formats": "format",
    "phygui.exports": "export",
}
"""Groups of entry points, and what each adds."""
_SPECS = {
    "phygui.analysis.metrics.spec.MetricSpec": "metric",
    "phygui.views.spec.ViewSpec": "view",
    "phygui.curation.statistics.ranking_spec.RankingSpec": "ranking",
    "phygui.gui.actions.spec.ActionSpec": "action",
    "phygui.exports.spec.ExportSpec": "export",
}
"""The types of specs, none of which is imported to look for plugins."""
_FORMAT = ("name", "supports", "open")
FOLDER = "PHYGUI_PLUGINS"
"""In the environment: another plugin folder."""
NAME = "PLUGIN"
"""What a file calls its spec, or a list of several."""

_forgetting: list[Callable[[], None]] = []
_owners: dict[tuple[str, str], Plugin] = {}


def plugin_folder() -> Path:
    """The user's folder of plugins; it need not exist."""
    told = os.environ.get(FOLDER)
    return Path(told).expanduser() if told else configuration_folder() / "plugins"


def remember_forgetting(clear: Callable[[], None]) -> None:
    """Have a registry forget what it has found, whenever plugins are looked for anew."""
    _forgetting.append(clear)


def forget() -> None:
    """Look for all plugins anew when they are next asked for."""
    for clear in (_entries.cache_clear, _of_packages.cache_clear, _of_folder.cache_clear):
        clear()
    _owners.clear()
    for clear in _forgetting:
        clear()


def plugins(*, load: bool = True) -> tuple[Plugin, ...]:
    """All plugins, those of packages first; also those that are switched off.

    Parameters
    ----------
    load : bool
        Whether files of the plugin folder are imported to find out what they add.
    """
    every = (*_of_packages().values(), *_of_folder())
    for plugin in every if load else ():
        _load(plugin)
    return every


def owner(kind: str, name: str) -> Plugin | None:
    """The plugin that has added a spec; None for those of the program."""
    return _owners.get((kind, name))


def blame(error: BaseException) -> Plugin | None:
    """The plugin in whose code an exception was raised, or passed through; None if in none's."""
    names = set()
    trace = error.__traceback__
    while trace is not None:
        names.add(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    for plugin in plugins(load=False):
        if any(name == plugin.module or name.startswith(f"{plugin.module}.") for name in names):
            return plugin
    return None


def added(
    group: str, taken: Iterable[str] = (), name_of: Callable[[Any], str] = lambda spec: spec.name
) -> Iterator[tuple[Any, Plugin | None]]:
    """What entry points and the plugin folder add to a registry, one after the other.

    Parameters
    ----------
    group : str
        One of :data:`GROUPS`.
    taken : iterable of str
        Names that a plugin may not have, besides those of others before it.
    name_of : callable
        The name of a spec.

    Yields
    ------
    spec : object
    plugin : Plugin or None
        Where it is from; None for those of the program itself.
    """
    kind, names = GROUPS[group], set(taken)
    for entry in _entries().get(group, ()):
        if _is_own(entry):
            for spec in _own(entry, kind):
                names.add(name_of(spec))
                yield spec, None
        else:
            yield from _checked(_of_packages()[_key(entry)], kind, names, name_of)
    if plugins_are_used():
        for plugin in _of_folder():
            yield from _checked(plugin, kind, names, name_of)


def _checked(
    plugin: Plugin, kind: str, names: set[str], name_of: Callable[[Any], str]
) -> Iterator[tuple[Any, Plugin]]:
    """What a plugin adds of a kind, each under a name of its own."""
    _load(plugin)
    for spec in plugin.specs if plugin.is_on else ():
        if kind_of(spec) != kind:
            continue
        name = name_of(spec)
        if name in names:
            plugin.fail(f"there is already another {kind} that is called {name}")
            return
        names.add(name)
        _owners[kind, name] = plugin
        yield spec, plugin


def kind_of(spec: object) -> str:
    """What a spec declares; empty if it is none."""
    for cls in type(spec).__mro__:
        if found := _SPECS.get(f"{cls.__module__}.{cls.__qualname__}"):
            return found
    return "format" if all(hasattr(spec, name) for name in _FORMAT) else ""


# -- those of packages -----------------------------------------------------------------------


@cache
def _entries() -> dict[str, tuple[EntryPoint, ...]]:
    """All entry points, looked for once: that reads a file of every installed package.

    Those of the program come first, so that no package takes the place of one.
    """
    # Imported here: it takes as long as all the rest of this package.
    from importlib.metadata import entry_points

    every = entry_points()
    is_used = plugins_are_used()
    found = {}
    for group in GROUPS:
        # The same package may be found twice, as in a folder that is on the path twice.
        of = {(e.name, e.value): e for e in every.select(group=group) if is_used or _is_own(e)}
        found[group] = tuple(sorted(of.values(), key=lambda e: (not _is_own(e), e.name, e.value)))
    return found


def _is_own(entry: EntryPoint) -> bool:
    return entry.value.startswith("phygui.")


def _key(entry: EntryPoint) -> str:
    return f"{entry.group}:{entry.name}={entry.value}"


def _own(entry: EntryPoint, kind: str) -> tuple[Any, ...]:
    """What the program itself adds; what cannot be imported is left out, and the log says why."""
    try:
        return _specs_in(entry.load(), kind)
    except Exception as error:
        log.warning("the %s %r cannot be used: %s", kind, entry.name, error, exc_info=error)
        return ()


@cache
def _of_packages() -> dict[str, Plugin]:
    off = switched_off()
    found = {}
    for group, entries in _entries().items():
        for entry in entries:
            if not _is_own(entry):
                key, dist = _key(entry), entry.dist
                found[key] = Plugin(
                    entry.name,
                    dist.name if dist is not None else "a package",
                    key,
                    entry.value.partition(":")[0].partition(".")[0],
                    (GROUPS[group],),
                    dist.version if dist is not None else "",
                    is_wanted=key not in off,
                )
                _loaders[key] = entry
    return found


_loaders: dict[str, EntryPoint] = {}


# -- those of the folder ---------------------------------------------------------------------


@cache
def _of_folder() -> tuple[Plugin, ...]:
    """The files ``*.py`` of the plugin folder, less tests and those that begin with ``_``."""
    if not plugins_are_used():
        return ()
    folder = plugin_folder()
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError as error:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            log.warning("no plugins of %s are used: %s", folder, error)
        return ()
    names = [n for n in names if n.endswith(".py") and not n.startswith(("_", "test_"))]
    off = switched_off() if names else frozenset()
    return tuple(
        Plugin(
            name.removesuffix(".py"),
            str(folder / name),
            f"file:{name}",
            f"phygui_plugin_{name.removesuffix('.py')}",
            is_wanted=f"file:{name}" not in off,
        )
        for name in names
    )


def _load(plugin: Plugin) -> None:
    """Import a plugin, once; what goes wrong switches it off."""
    if plugin.is_loaded or not plugin.is_wanted:
        return
    plugin.is_loaded = True
    try:
        Guarded(plugin, _import, limit_s=LIMITS.load_s)(plugin)
    except PluginError:
        plugin.specs = ()


def _import(plugin: Plugin) -> None:
    entry = _loaders.get(plugin.key)
    if entry is not None:
        loaded = entry.load()
        _check_version(sys.modules.get(entry.module))
        plugin.specs = _specs_in(loaded, plugin.kinds[0])
        return
    spec = spec_from_file_location(plugin.module, plugin.source)
    if spec is None or spec.loader is None:
        raise SaidInWords("it cannot be imported")
    module = module_from_spec(spec)
    # Dataclasses and pickles look their module up.
    sys.modules[plugin.module] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(plugin.module, None)
        raise
    _check_version(module)
    plugin.version = str(getattr(module, "__version__", ""))[:40]
    if not hasattr(module, NAME):
        raise SaidInWords(f"it has no {NAME}, which is to be a spec or a list of some")
    plugin.specs = _specs_in(getattr(module, NAME))
    plugin.kinds = tuple(dict.fromkeys(kind_of(each) for each in plugin.specs))


def load_file(path: str | os.PathLike[str]) -> tuple[Any, ...]:
    """The specs of a plugin file, as the program would take them; for its tests.

    Raises
    ------
    Exception
        Whatever is wrong with it.
    """
    place = Path(path)
    stem = place.name.removesuffix(".py")
    plugin = Plugin(stem, str(place), f"file:{place.name}", f"phygui_plugin_{stem}")
    _import(plugin)
    return plugin.specs


def _check_version(module: object) -> None:
    """Refuse what is written for another version of what plugins may rely upon."""
    written_for = getattr(module, "PHYGUI_API", API_VERSION)
    if written_for != API_VERSION:
        raise SaidInWords(
            f"it is written for version {shortened(repr(written_for))} of the plugin interface, "
            f"and this program has version {API_VERSION}"
        )


def _specs_in(loaded: Any, kind: str = "") -> tuple[Any, ...]:
    """The specs of a module or an entry point, of one kind if that is given."""
    specs = tuple(loaded) if isinstance(loaded, list | tuple | set | frozenset) else (loaded,)
    for spec in specs:
        found = kind_of(spec)
        if not found:
            raise TypeError(f"it holds {type(spec).__name__}, expected {_expected(kind)}")
        if kind and found != kind:
            raise TypeError(f"it holds a {found}, expected {_expected(kind)}")
    return specs


def _expected(kind: str) -> str:
    names = {of: path.rpartition(".")[2] for path, of in _SPECS.items()} | {"format": "a Format"}
    return names[kind] if kind else ", ".join(names.values())
