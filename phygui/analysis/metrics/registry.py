"""Which metrics there are: those of this folder, of plugins, and of a script."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from functools import cache
from importlib import import_module

from phygui.plugins import LIMITS, Guarded, added, remember_forgetting

from .spec import MetricSpec

__all__ = ["find_metric", "metrics", "register_metric", "unregister_metric"]

GROUP = "phygui.metrics"

_registered: dict[str, MetricSpec] = {}


def metrics() -> tuple[MetricSpec, ...]:
    """All metrics, in the order of their columns."""
    known = {spec.name: spec for spec in (*_found(), *_registered.values())}
    return tuple(sorted(known.values(), key=lambda spec: spec.order))


def find_metric(name: str) -> MetricSpec | None:
    """The metric with a name; None if there is none."""
    return next((spec for spec in metrics() if spec.name == name), None)


def register_metric(spec: MetricSpec) -> None:
    """Have a metric of your own, in windows and sessions opened from now on.

    One that is called as another one takes its place.
    """
    if not isinstance(spec, MetricSpec):
        raise TypeError(f"{type(spec).__name__} is no metric, expected a MetricSpec")
    _registered[spec.name] = spec


def unregister_metric(name: str) -> None:
    """Go back to what there was before a metric was registered; fine if none was."""
    _registered.pop(name, None)


@cache
def _found() -> tuple[MetricSpec, ...]:
    """Those of the modules of this folder, which say `METRICS`, and of plugins."""
    package = __name__.rpartition(".")[0]
    names = sorted(module.name for module in pkgutil.iter_modules(import_module(package).__path__))
    found: list[MetricSpec] = []
    for name in names:
        found += getattr(import_module(f"{package}.{name}"), "METRICS", ())
    for spec, plugin in added(GROUP, {spec.name for spec in found}):
        if plugin is not None:
            function = Guarded(plugin, spec.function, limit_s=LIMITS.metric_s)
            spec = replace(spec, function=function)
        found.append(spec)
    return tuple(found)


remember_forgetting(_found.cache_clear)
