"""Calls of what plugins hold: what raises or never returns switches the plugin off."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from phygui.plugins.record import Plugin, SaidInWords


@dataclass
class Limits:
    """Seconds that something of a plugin may take before it is stopped."""

    load_s: float = 30.0
    """The import of its module."""
    view_s: float = 60.0
    """The data of a view."""
    metric_s: float = 30.0
    """A metric of one cluster, or a ranking of some."""


LIMITS = Limits()


class PluginError(Exception):
    """A plugin is switched off; the text is what is said about it."""


class _TooSlow(BaseException):
    """Raised inside a function that does not return; no `except Exception` there catches it."""


class Guarded:
    """A function of a plugin. Once it has raised, the plugin is off, and it is not called again.

    Parameters
    ----------
    plugin : Plugin
    function : callable
    limit_s : float, optional
        Seconds that it may take. Python that loops is then stopped; what waits in a library cannot
        be, but the plugin is off all the same.
    passes : tuple of exception types
        What it may raise: what it has to say to the user.
    turn : callable, optional
        From the remark on the plugin to the exception that is raised instead.
    """

    def __init__(
        self,
        plugin: Plugin,
        function: Callable[..., Any],
        *,
        limit_s: float | None = None,
        passes: tuple[type[BaseException], ...] = (),
        turn: Callable[[str], Exception] = PluginError,
    ) -> None:
        self.plugin = plugin
        self.function = function
        self.limit_s = limit_s
        self.passes = passes
        self.turn = turn

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        plugin = self.plugin
        if plugin.error:
            raise self.turn(plugin.remark)
        try:
            with limited(plugin, self.limit_s):
                return self.function(*args, **kwargs)
        except self.passes:
            raise
        except (Exception, _TooSlow, SystemExit) as error:
            plugin.fail(error)
            raise self.turn(plugin.remark) from error


@dataclass(eq=False)
class _Running:
    plugin: Plugin
    thread: int
    limit_s: float
    ends: float
    is_stopped: bool = False


_lock = threading.Lock()
_running: list[_Running] = []
_begun = threading.Event()
_watchdog: threading.Thread | None = None


@contextmanager
def limited(plugin: Plugin, limit_s: float | None) -> Iterator[None]:
    """Stop what runs in this thread once it has taken too long."""
    if limit_s is None:
        yield
        return
    run = _Running(plugin, threading.get_ident(), limit_s, time.monotonic() + limit_s)
    _watch(run)
    try:
        yield
    finally:
        with _lock:
            _running.remove(run)
        if run.is_stopped:
            _take_late()


def _watch(run: _Running) -> None:
    global _watchdog
    with _lock:
        _running.append(run)
        if _watchdog is None or not _watchdog.is_alive():
            _watchdog = threading.Thread(target=_look, name="phygui-plugins", daemon=True)
            _watchdog.start()
    _begun.set()


def _look() -> None:
    while True:
        with _lock:
            waited = min((run.ends for run in _running if not run.is_stopped), default=None)
        if waited is None:
            _begun.wait()
            _begun.clear()
            continue
        # What begins meanwhile may have to end sooner.
        _begun.wait(max(waited - time.monotonic(), 0.0))
        _begun.clear()
        late = []
        with _lock:
            for run in _running:
                if not run.is_stopped and time.monotonic() >= run.ends:
                    run.is_stopped = True
                    _raise_in(run.thread, _TooSlow)
                    late.append(run)
        for run in late:
            words = f"it has not come to an end within {run.limit_s:g} seconds"
            run.plugin.fail(SaidInWords(words))


def _take_late() -> None:
    """Let what is to be raised in this thread be raised now, if it has not been yet.

    To take it back instead would leave the interpreter looking for it at every step.
    """
    with suppress(_TooSlow):
        for _ in range(1000):
            pass


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Have an exception raised in a thread, as soon as that runs Python again."""
    what = ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)
